package io.flagcast.jobs.questions;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.max_by;
import static org.apache.spark.sql.functions.struct;

import io.flagcast.jobs.records.FindingTable;
import io.flagcast.jobs.run.Attempts;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Refusal;
import io.flagcast.rules.alerts.Labels;
import io.flagcast.rules.alerts.Watch;
import io.flagcast.rules.checks.Finding;
import io.flagcast.rules.checks.PipelineCheck;
import io.flagcast.tables.Tables;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.sql.Row;

/**
 * How a lake stands.
 *
 * @param live the live publication
 * @param newestRun as-of of the newest run that was published; metrics may be newer: they decide nothing
 * @param stages what each stage did last
 * @param unfinished attempts of which nothing has come, begun since the live publication: going on, failed or killed
 * @param findings of the health checks of the live publication
 * @param firing alerts that fire, those that began first first
 */
public record LakeStatus(
        Publication live,
        Optional<Instant> newestRun,
        List<StageRun> stages,
        List<Attempts.Started> unfinished,
        List<Finding> findings,
        List<FiringAlert> firing) {

    /**
     * What a stage did last.
     *
     * @param seconds how long it took
     * @param why what was said of it, as why it failed
     */
    public record StageRun(
            String stage,
            Instant asOf,
            String state,
            Instant startedAt,
            double seconds,
            long rowsOut,
            Optional<String> why) {

        private static StageRun of(Row row) {
            return new StageRun(
                    row.getAs("stage"),
                    Lake.instant(row, "as_of"),
                    row.getAs("state"),
                    Lake.instant(row, "started_at"),
                    row.<Double>getAs("seconds"),
                    row.<Long>getAs("rows_out"),
                    Optional.ofNullable(row.getAs("exit_reason")));
        }
    }

    /**
     * An alert that fires.
     *
     * @param since as-of at which it began to
     * @param touches experiments and metrics that need its feed, a text per experiment
     * @param inhibits failed checks that it tells of, by {@link Finding#heading}
     */
    public record FiringAlert(Instant since, Map<String, String> labels, List<String> touches, List<String> inhibits) {

        private static FiringAlert of(Row row) {
            Map<String, String> annotations = row.getJavaMap(row.fieldIndex("annotations"));
            return new FiringAlert(
                    Lake.instant(row, "starts_at"),
                    new TreeMap<>(row.getJavaMap(row.fieldIndex("labels"))),
                    annotations.getOrDefault(Watch.TOUCHES, "").lines().toList(),
                    annotations.getOrDefault(Watch.INHIBITS, "").lines().toList());
        }
    }

    public LakeStatus {
        stages = List.copyOf(stages);
        unfinished = List.copyOf(unfinished);
        findings = List.copyOf(findings);
        firing = List.copyOf(firing);
    }

    /**
     * The status of a lake.
     *
     * @param order the stages of a run in their order
     * @throws Refusal with exit code 66 where nothing is published
     */
    public static LakeStatus of(Lake lake, List<String> order) {
        Publication live = lake.live().orElseThrow(() -> nothing(lake, stages(lake, order)));
        return new LakeStatus(
                live,
                Publication.ofRuns(lake.publications()).stream()
                        .map(Publication::asOf)
                        .max(Comparator.naturalOrder()),
                stages(lake, order),
                Attempts.read(lake).unfinished(lake.publications(), live.publishedAt()),
                FindingTable.read(lake.published(Tables.HEALTH_CHECKS, Optional.of(live))),
                firing(lake));
    }

    private static Refusal nothing(Lake lake, List<StageRun> stages) {
        String last = stages.stream()
                .max(Comparator.comparing(StageRun::startedAt))
                .map(run -> "; the last that was done is %s as of %s, which is %s%s"
                        .formatted(
                                run.stage(),
                                run.asOf(),
                                run.state(),
                                run.why().map(" (%s)"::formatted).orElse("")))
                .orElse("");
        return new Refusal(
                ExitCode.NO_INPUT,
                "%s has no publication yet: run flagcast run first%s"
                        .formatted(lake.files().root(), last));
    }

    private static List<StageRun> stages(Lake lake, List<String> order) {
        return lake
                .history(Tables.RUNS)
                .where(col("stage").isin(order.toArray()))
                .groupBy("stage")
                .agg(max_by(struct(col("*")), struct("started_at", "as_of")).as("last"))
                .select("last.*")
                .collectAsList()
                .stream()
                .map(StageRun::of)
                .sorted(Comparator.comparingInt(run -> order.indexOf(run.stage())))
                .toList();
    }

    private static List<FiringAlert> firing(Lake lake) {
        return lake
                .history(Tables.ALERTS)
                .groupBy("fingerprint")
                .agg(max_by(struct("state", "starts_at", "labels", "annotations"), col("as_of"))
                        .as("last"))
                .where(col("last.state").equalTo("firing"))
                .select("last.*")
                .orderBy("starts_at")
                .collectAsList()
                .stream()
                .map(FiringAlert::of)
                .toList();
    }

    /** Checks that failed, in the order in which a person should look: a failure may explain those after it. */
    public List<Finding> failed() {
        return findings.stream()
                .filter(Finding::failed)
                .sorted(Comparator.comparing(Finding::check)
                        .thenComparing(Finding::experimentId)
                        .thenComparing(Finding::segment)
                        .thenComparing(Finding::subject))
                .toList();
    }

    /** The alert that tells of a failure, where it has none of its own, by its title. */
    public Optional<String> toldBy(Finding finding) {
        return firing.stream()
                .filter(alert -> alert.inhibits().contains(finding.heading()))
                .map(alert -> Labels.of(alert.labels()).title())
                .findFirst();
    }

    /** Whether the newest run is older than it may be. */
    public Finding freshness(Instant now, Duration maxAge) {
        return PipelineCheck.of(newestRun, now, maxAge);
    }
}
