package io.flagcast.delivery;

import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Refusal;
import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.alerts.AlertLog;
import io.flagcast.rules.alerts.Labels;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The table {@code alerts} as an {@link AlertLog}. What a run that was never published has written, nobody has seen. */
public final class AlertTable {

    private AlertTable() {}

    /** The changes that some runs have seen. */
    public static AlertLog read(Lake lake, Collection<String> runIds) {
        Set<String> known = Set.copyOf(runIds);
        return new AlertLog(lake.history(Tables.ALERTS).collectAsList().stream()
                .filter(row -> known.contains(row.<String>getAs("run_id")))
                .map(AlertTable::change)
                .toList());
    }

    static AlertLog published(Lake lake, List<Publication> publications) {
        return read(lake, publications.stream().map(Publication::runId).toList());
    }

    /**
     * Appends what a run has seen change, all in one commit.
     *
     * @throws Refusal with exit code 75 where another process did the same run at the same time
     */
    public static void append(Lake lake, String runId, List<AlertChange> changes) {
        if (changes.isEmpty()) {
            return;
        }
        long written =
                lake.history(Tables.ALERTS).where("run_id = '" + runId + "'").count();
        List<Row> rows = changes.stream().map(change -> row(change, runId)).toList();
        if (!lake.appendOnce(Tables.ALERTS, rows, "flagcast-alerts-" + runId, written + 1)) {
            throw new Refusal(
                    ExitCode.TRY_AGAIN,
                    "alerts: another process wrote those of run %s meanwhile: run it again".formatted(runId));
        }
    }

    private static Row row(AlertChange change, String runId) {
        return RowFactory.create(
                change.labels().fingerprint(),
                new HashMap<>(change.labels().values()),
                new HashMap<>(change.annotations()),
                change.state().label(),
                change.activeAt(),
                change.startsAt().orElse(null),
                change.quietAt().orElse(null),
                change.endsAt().orElse(null),
                change.asOf(),
                runId);
    }

    private static AlertChange change(Row row) {
        return new AlertChange(
                Labels.of(map(row, "labels")),
                map(row, "annotations"),
                AlertChange.State.valueOf(row.<String>getAs("state").toUpperCase(Locale.ROOT)),
                Lake.instant(row, "active_at"),
                instant(row, "starts_at"),
                instant(row, "quiet_at"),
                instant(row, "ends_at"),
                Lake.instant(row, "as_of"));
    }

    static Map<String, String> map(Row row, String column) {
        return row.getJavaMap(row.fieldIndex(column));
    }

    static Optional<Instant> instant(Row row, String column) {
        return row.isNullAt(row.fieldIndex(column)) ? Optional.empty() : Optional.of(Lake.instant(row, column));
    }
}
