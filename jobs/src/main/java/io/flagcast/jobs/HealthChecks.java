package io.flagcast.jobs;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static org.apache.spark.sql.functions.col;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.lake.Publication;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.rules.Finding;
import io.flagcast.rules.Health;
import io.flagcast.rules.PipelineCheck;
import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What may be wrong with the pipeline, its inputs, and the active experiments. Spark counts, in two jobs, of which the
 * second needs the numbers of the first; the checks of module {@code rules} judge.
 */
final class HealthChecks {

    private final Run run;
    private final Dataset<Row> firstExposures;

    private HealthChecks(Run run, Dataset<Row> firstExposures) {
        this.run = Objects.requireNonNull(run, "run");
        this.firstExposures = Objects.requireNonNull(firstExposures, "firstExposures");
    }

    /**
     * The checks of a run.
     *
     * @param firstExposures rows of {@code first_exposures} of this run, whose {@code segment_metrics} are written
     */
    static HealthChecks of(Run run, Dataset<Row> firstExposures) {
        return new HealthChecks(run, firstExposures);
    }

    /** One finding per check, experiment, segment and subject. */
    List<Finding> findings() {
        List<Experiment> active = run.experiments().stream()
                .filter(experiment -> experiment.status() == Experiment.Status.ACTIVE)
                .toList();
        Dataset<Row> own = firstExposures.where(col("experiment_id")
                .isin(active.stream().map(Experiment::experimentId).toArray()));
        InputChecks inputs = new InputChecks(run);
        DriftChecks drift = new DriftChecks(run, active);
        try (ExperimentChecks checks = new ExperimentChecks(run, active, own)) {
            Map<String, Dataset<Row>> aggregates = new HashMap<>(inputs.aggregates());
            aggregates.putAll(drift.aggregates());
            aggregates.putAll(checks.aggregates());
            HealthStates first = HealthStates.collect(aggregates);
            HealthStates states = first.with(HealthStates.collect(checks.aggregates(first, active)));
            List<MeasuredSegment> totals = MeasuredSegment.read(run.lake()
                    .slice(Tables.SEGMENT_METRICS, run.id().toString())
                    .where(col("cell").equalTo("").and(col("window").equalTo(SegmentMetrics.TOTAL))));

            List<Finding> findings = new ArrayList<>();
            findings.add(pipeline(run));
            findings.addAll(inputs.findings(states));
            for (Experiment experiment : active) {
                findings.addAll(inputs.findings(experiment, states));
                findings.addAll(drift.findings(experiment, states));
                findings.addAll(checks.findings(experiment, states, totals));
            }
            return findings;
        }
    }

    /** Whether the run before this one is as recent as it should be. Metrics between runs decide nothing. */
    static Finding pipeline(Run run) {
        return PipelineCheck.of(
                run.publications().stream()
                        .filter(publication -> publication.kind() != Publication.Kind.METRICS)
                        .map(Publication::asOf)
                        .filter(asOf -> asOf.isBefore(run.asOf()))
                        .max(Comparator.naturalOrder()),
                run.asOf(),
                run.settings().publishEvery());
    }

    /** How many checks failed, and which. */
    static String summary(List<Finding> findings) {
        Map<String, Long> failed = findings.stream()
                .filter(Finding::failed)
                .collect(groupingBy(finding -> finding.check().label(), TreeMap::new, counting()));
        return "%,d checks, %s"
                .formatted(
                        findings.size(),
                        failed.isEmpty()
                                ? "none failed"
                                : failed.entrySet().stream()
                                        .map(entry -> "%s failed %d times".formatted(entry.getKey(), entry.getValue()))
                                        .collect(joining(", ")));
    }

    /** What failed of an experiment, of all that must be sound before somebody else is given a feature. */
    static Health health(Experiment experiment, List<Finding> findings) {
        return new Health(findings.stream()
                .filter(finding -> finding.experimentId().equals(experiment.experimentId()))
                .filter(finding -> finding.failed() && finding.check().blocksIncreases())
                .map(Finding::reason)
                .toList());
    }
}
