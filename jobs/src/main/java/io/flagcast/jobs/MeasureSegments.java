package io.flagcast.jobs;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Segments;
import io.flagcast.experiments.Experiment;
import io.flagcast.monitoring.MeasuredExperiment;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.tables.Tables;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Stage measure: exposures and outcomes to metrics per segment. */
final class MeasureSegments {

    private MeasureSegments() {}

    static StageResult run(Run run) {
        List<MeasuredExperiment> experiments = run.experiments().stream()
                .map(experiment -> new MeasuredExperiment(
                        experiment.experimentId(), experiment.metrics(), evidenceVersions(experiment, run)))
                .toList();

        Dataset<Row> exposures = BanditContext.join(
                run.inputs().exposures(),
                run.lake().slice(Tables.USER_PROFILES, run.id().toString()),
                run.lake().slice(Tables.ENROLMENTS, run.id().toString()),
                run.lake().history(Tables.RESPONSIVENESS_SCORES),
                run.experiments());

        // States are few: one partition spares the shuffles of what only interprets them.
        Dataset<Row> states = SegmentMetrics.states(
                        run.asOf(), exposures, run.inputs().valid(Tables.OUTCOMES), experiments)
                .coalesce(1);

        long rows =
                run.lake().replaceSlice(Tables.SEGMENT_METRICS, run.id(), SegmentMetrics.interpret(run.asOf(), states));
        return StageResult.wrote(
                run.inputs().exposures().count(), Map.of(Tables.SEGMENT_METRICS, rows), "%,d metrics".formatted(rows));
    }

    private static Map<String, Long> evidenceVersions(Experiment experiment, Run run) {
        AllocationParameters parameters = run.parameters(experiment);
        Map<String, Long> versions = new TreeMap<>();
        for (String segment : experiment.segments().names()) {
            versions.put(segment, parameters.evidenceOf(segment).shareVersion());
        }
        versions.put(SegmentMetrics.ALL, parameters.evidenceOf(Segments.ALL).shareVersion());
        return versions;
    }
}
