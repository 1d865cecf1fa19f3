package io.flagcast.jobs.questions;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.rules.alerts.Labels;
import io.flagcast.rules.checks.Finding;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.sql.Row;

/** What has come of a command that runs stages, by what it left in the lake: for a program that started it. */
public final class RunResult {

    private RunResult() {}

    /**
     * Asks the lake.
     *
     * @param began when the command did
     * @param order the stages of a run in their order
     * @param published by the command
     * @return by name: {@code as_of}, {@code state} ({@code published}, {@code done} or {@code nothing_to_do}), {@code run_id} and
     *     {@code publication} (also of an earlier command, where there was nothing to do), {@code rows} by table, {@code seconds}
     *     by stage, {@code failed_checks} and {@code firing_alerts}; without what there is not
     */
    public static Map<String, Object> of(
            Lake lake, Instant asOf, Instant began, List<String> order, Optional<Publication> published) {
        List<Row> stages = lake.history(Tables.RUNS)
                .where(col("as_of").equalTo(lit(asOf)).and(col("started_at").geq(lit(began))))
                .where(col("stage").isin(order.toArray()))
                .orderBy("started_at")
                .collectAsList();
        Optional<Publication> shown =
                published.or(() -> Publication.newest(Publication.ofRuns(lake.publications()).stream()
                        .filter(known -> known.asOf().equals(asOf))
                        .toList()));
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("as_of", asOf.toString());
        result.put("state", published.isPresent() ? "published" : stages.isEmpty() ? "nothing_to_do" : "done");
        stages.stream()
                .map(row -> row.<String>getAs("run_id"))
                .reduce((earlier, later) -> later)
                .or(() -> shown.map(Publication::runId))
                .ifPresent(runId -> result.put("run_id", runId));
        Map<String, Double> seconds = new LinkedHashMap<>();
        stages.forEach(row -> seconds.merge(row.getAs("stage"), row.getAs("seconds"), Double::sum));
        result.put("seconds", seconds);
        shown.ifPresent(publication -> {
            Map<String, Long> rows = new TreeMap<>();
            publication.tables().forEach((table, slice) -> rows.put(table, slice.rows()));
            LakeStatus status = LakeStatus.of(lake, order);
            result.put("publication", publication.sequence());
            result.put("rows", rows);
            result.put(
                    "failed_checks",
                    status.failed().stream().map(Finding::heading).toList());
            result.put(
                    "firing_alerts",
                    status.firing().stream()
                            .map(alert -> Labels.of(alert.labels()).title())
                            .toList());
        });
        return result;
    }
}
