package io.flagcast.jobs.records;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Cell;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.allocation.ParameterChange.Origin;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.ramp.Level;
import io.flagcast.allocation.ramp.Level.Unit;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Refusal;
import io.flagcast.tables.Tables;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The table {@code allocation_parameters} as a {@link ParameterLog}. */
public final class ParameterTable {

    /** What the table calls the active tier of the experiment file. */
    private static final int TIER_OF_FILE = -1;

    /** What it says of a ramp that has not begun. */
    private static final String NO_RAMP = "none";

    private ParameterTable() {}

    public static ParameterLog read(Lake lake) {
        return new ParameterLog(lake.history(Tables.ALLOCATION_PARAMETERS).collectAsList().stream()
                .map(ParameterTable::change)
                .toList());
    }

    /**
     * Appends changes of one experiment, all in one commit.
     *
     * @throws Refusal with exit code 75 where another process changed the experiment meanwhile
     */
    public static void append(Lake lake, String experimentId, List<ParameterChange> changes, String runId) {
        if (changes.isEmpty()) {
            return;
        }
        List<Row> rows = changes.stream().map(change -> row(change, runId)).toList();
        boolean ours = lake.appendOnce(
                Tables.ALLOCATION_PARAMETERS,
                rows,
                "flagcast-parameters-" + experimentId,
                changes.get(0).version());
        if (!ours) {
            throw new Refusal(
                    ExitCode.TRY_AGAIN,
                    "allocation_parameters: another process changed experiment %s meanwhile: run it again"
                            .formatted(experimentId));
        }
    }

    private static Row row(ParameterChange change, String runId) {
        return RowFactory.create(
                change.experimentId(),
                change.version(),
                change.cell().segment(),
                change.cell().context(),
                change.share(),
                change.baseProbability().isPresent() ? change.baseProbability().getAsDouble() : null,
                change.activeTier().map(tier -> tier.orElse(TIER_OF_FILE)).orElse(null),
                change.activity().map(ParameterTable::label).orElse(null),
                change.ramp()
                        .map(level ->
                                level.map(reached -> reached.unit().label()).orElse(NO_RAMP))
                        .orElse(null),
                change.ramp().flatMap(level -> level).map(Level::value).orElse(null),
                change.restores().isPresent() ? change.restores().getAsLong() : null,
                change.state().orElse(null),
                change.effectiveAsOf(),
                change.origin().cause().label(),
                change.origin().ruleId().orElse(null),
                change.origin().decisionId(),
                change.origin().decision(),
                runId);
    }

    private static String label(Activity activity) {
        return activity.name().toLowerCase(Locale.ROOT);
    }

    private static ParameterChange change(Row row) {
        Double base = row.getAs("base_probability");
        Integer tier = row.getAs("active_tier");
        String activity = row.getAs("activity");
        String ramp = row.getAs("ramp_of");
        Long restores = row.getAs("restores");
        return new ParameterChange(
                row.getAs("experiment_id"),
                row.<Long>getAs("version"),
                new Cell(row.getAs("segment"), row.getAs("cell")),
                row.<Double>getAs("share"),
                base == null ? OptionalDouble.empty() : OptionalDouble.of(base),
                Optional.ofNullable(tier)
                        .map(known -> known == TIER_OF_FILE ? OptionalInt.empty() : OptionalInt.of(known)),
                Optional.ofNullable(activity).map(label -> Activity.valueOf(label.toUpperCase(Locale.ROOT))),
                ramp == null ? Optional.empty() : Optional.of(level(ramp, row)),
                restores == null ? OptionalLong.empty() : OptionalLong.of(restores),
                Optional.ofNullable(row.getAs("state")),
                Lake.instant(row, "effective_as_of"),
                new Origin(
                        Cause.valueOf(row.<String>getAs("cause").toUpperCase(Locale.ROOT)),
                        Optional.ofNullable(row.getAs("rule_id")),
                        row.getAs("decision_id"),
                        row.getAs("decision")));
    }

    private static Optional<Level> level(String ramp, Row row) {
        return ramp.equals(NO_RAMP)
                ? Optional.empty()
                : Optional.of(new Level(Unit.valueOf(ramp.toUpperCase(Locale.ROOT)), row.<Double>getAs("ramp_to")));
    }
}
