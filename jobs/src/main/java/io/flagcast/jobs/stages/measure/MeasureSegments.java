package io.flagcast.jobs.stages.measure;

import static org.apache.spark.sql.functions.array_max;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count_distinct;
import static org.apache.spark.sql.functions.filter;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.transform;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Segments;
import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.Experiment.Stickiness;
import io.flagcast.jobs.checks.HealthChecks;
import io.flagcast.jobs.records.FindingTable;
import io.flagcast.jobs.run.Run;
import io.flagcast.jobs.run.StageResult;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.inputs.Inputs.Further;
import io.flagcast.monitoring.Caps;
import io.flagcast.monitoring.FirstExposures;
import io.flagcast.monitoring.HoldoutWorth;
import io.flagcast.monitoring.MeasuredExperiment;
import io.flagcast.monitoring.MeasuredExperiment.Scores;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.monitoring.SegmentMetrics.Measurement;
import io.flagcast.rules.checks.Finding;
import io.flagcast.statistics.Arrivals;
import io.flagcast.tables.ContentHash;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.storage.StorageLevel;

/**
 * Stage measure: exposures and outcomes to metrics per segment. It goes on where the run before it stopped: only files
 * that are new, windows that were open and what late rows touch are counted again. A change of what is measured, or an
 * input file that is gone or another one, makes it start anew.
 */
public final class MeasureSegments {

    private static final String DEFINITION = "definition";
    /** First exposures that are summed up anew. */
    private static final long FEW = 1_000_000;
    /** Days since a user came before that are told apart at most: more would make more states than they are worth. */
    private static final long LONGEST = 28;

    private MeasureSegments() {}

    public static StageResult run(Run run) {
        Optional<Earlier> earlier = run.earlier()
                .map(Publication::tables)
                .map(tables -> tables.get(Tables.FIRST_EXPOSURES.name()))
                .map(live -> Earlier.of(run.lake(), live.runId()));
        try (Measured measured = measure(run, measured(run), earlier)) {
            String runId = run.id().toString();
            long exposures = run.lake().replaceSlice(Tables.FIRST_EXPOSURES, run.id(), measured.firstExposures());
            run.lake().replaceSlice(Tables.MEASURED_INPUTS, run.id(), rows(measured.inputs()));
            Dataset<Row> firstExposures = run.lake().slice(Tables.FIRST_EXPOSURES, runId);
            long days = run.lake()
                    .replaceSlice(
                            Tables.SEGMENT_DAYS,
                            run.id(),
                            measured.states(firstExposures, exposures).coalesce(1));
            Dataset<Row> states = run.lake().slice(Tables.SEGMENT_DAYS, runId);
            long rows =
                    run.lake().replaceSlice(Tables.SEGMENT_METRICS, run.id(), measured.metrics(firstExposures, states));
            List<Finding> findings = HealthChecks.of(run, firstExposures).findings();
            HealthChecks.notices(findings).forEach(run.progress()::notice);
            long checks = run.lake().replaceSlice(Tables.HEALTH_CHECKS, run.id(), FindingTable.rows(findings));
            return StageResult.wrote(
                    measured.counted().count(),
                    Map.of(
                            Tables.FIRST_EXPOSURES,
                            exposures,
                            Tables.SEGMENT_DAYS,
                            days,
                            Tables.SEGMENT_METRICS,
                            rows,
                            Tables.HEALTH_CHECKS,
                            checks),
                    "%,d metrics%s, %s%s"
                            .formatted(
                                    rows,
                                    measured.how(),
                                    HealthChecks.summary(findings),
                                    waiting(firstExposures, run.asOf())));
        }
    }

    public static List<MeasuredExperiment> measured(Run run) {
        return run.experiments().stream()
                .map(experiment -> new MeasuredExperiment(
                        experiment.experimentId(),
                        experiment.metrics(),
                        experiment.prePeriod(),
                        experiment.stickiness() == Stickiness.NONE ? Scores.MOVE : Scores.STAY,
                        toldApart(experiment),
                        evidenceVersions(experiment, run)))
                .toList();
    }

    /** Days of absence that are told apart: those of the longest window, from a week to {@link #LONGEST}. */
    private static int toldApart(Experiment experiment) {
        return (int) Math.max(MeasuredExperiment.WEEK, Math.min(LONGEST, experiment.longestWindowDays()));
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

    /** What must be the same for a measurement to go on: everything that a row of first_exposures is made of. */
    private static Set<String> definitions(Run run, ScoredExposures scored) {
        Map<String, String> mappings = run.settings().mappings();
        Stream<String> inputs = Stream.of(Tables.EXPOSURES, Tables.OUTCOMES)
                .map(table -> table.name() + " " + ContentHash.sha256(mappings.getOrDefault(table.name(), "")));
        Stream<String> experiments = run.experiments().stream().map(MeasureSegments::definition);
        return Stream.of(inputs, experiments, scored.bases())
                .flatMap(each -> each)
                .collect(Collectors.toSet());
    }

    private static String definition(Experiment experiment) {
        return experiment.experimentId() + " "
                + ContentHash.sha256(List.of(
                                experiment.featureId(),
                                experiment.metrics(),
                                experiment.prePeriod(),
                                toldApart(experiment),
                                experiment.dimensions(),
                                experiment.allocation() instanceof Policy.Bandit bandit ? bandit.context() : List.of(),
                                experiment.segmentsFrom())
                        .toString());
    }

    /** With the caps that were looked up before, of experiments that are still measured in the same way. */
    private static List<MeasuredExperiment> capped(
            Run run, List<MeasuredExperiment> declared, Optional<Earlier> before) {
        Set<String> same = run.experiments().stream()
                .filter(experiment -> before.stream()
                        .anyMatch(known -> known.known(DEFINITION).contains(definition(experiment))))
                .map(Experiment::experimentId)
                .collect(Collectors.toSet());
        return before.map(known -> FreezeCaps.carried(
                        declared,
                        known.measurement().states().where(col("experiment_id").isin(same.toArray()))))
                .orElse(declared);
    }

    /**
     * What an earlier run has measured.
     *
     * @param known per input what it has read
     */
    public record Earlier(Measurement measurement, Map<String, Set<String>> known) {

        /** What is in the slices of a run. */
        public static Earlier of(Lake lake, String runId) {
            Map<String, Set<String>> known = lake.slice(Tables.MEASURED_INPUTS, runId).collectAsList().stream()
                    .collect(Collectors.groupingBy(
                            row -> row.getAs("input"),
                            Collectors.mapping(row -> row.<String>getAs("identity"), Collectors.toSet())));
            return new Earlier(
                    new Measurement(lake.slice(Tables.FIRST_EXPOSURES, runId), lake.slice(Tables.SEGMENT_DAYS, runId)),
                    known);
        }

        Set<String> known(String input) {
            return known.getOrDefault(input, Set.of());
        }

        /** Only the experiments that are still configured. */
        public Earlier of(List<MeasuredExperiment> experiments) {
            Column configured = col("experiment_id")
                    .isin(experiments.stream()
                            .map(MeasuredExperiment::experimentId)
                            .toArray());
            return new Earlier(
                    new Measurement(
                            measurement.firstExposures().where(configured),
                            measurement.states().where(configured)),
                    known);
        }
    }

    /**
     * A measurement.
     *
     * @param firstExposures all of them, counted
     * @param counted those that were counted anew
     * @param inputs per input what was read by now
     * @param exposures what was new
     * @param outcomes what was new
     */
    public record Measured(
            Run run,
            List<MeasuredExperiment> experiments,
            Optional<Earlier> earlier,
            Dataset<Row> firstExposures,
            Dataset<Row> counted,
            Map<String, Set<String>> inputs,
            Further exposures,
            Further outcomes,
            List<Dataset<Row>> persisted)
            implements AutoCloseable {

        /**
         * The sums of all users. Of few, summing all up takes less time than working out what has changed.
         *
         * @param firstExposures as they were written
         * @param rows how many
         */
        public Dataset<Row> states(Dataset<Row> firstExposures, long rows) {
            return earlier.isEmpty() || rows <= FEW
                    ? SegmentMetrics.states(firstExposures, experiments)
                    : SegmentMetrics.goOn(earlier.get().measurement(), firstExposures, counted, experiments);
        }

        /**
         * The rows of {@code segment_metrics}, with the worth of everything where the lake has a holdout.
         *
         * @param states rows of {@code segment_days}
         */
        public Dataset<Row> metrics(Dataset<Row> firstExposures, Dataset<Row> states) {
            Dataset<Row> segments = SegmentMetrics.interpret(run.asOf(), states, experiments);
            return run.settings().lake().holdout() > 0
                    ? segments.unionByName(
                                    HoldoutWorth.measure(run.asOf(), firstExposures, experiments, Optional.empty()))
                            .coalesce(1)
                    : segments;
        }

        String how() {
            return earlier.isPresent() ? " on top of those before" : "";
        }

        @Override
        public void close() {
            persisted.forEach(Dataset::unpersist);
        }
    }

    /**
     * Measures.
     *
     * @param declared what is measured; the measurement has its quantiles as values
     * @param before what it may go on from
     */
    public static Measured measure(Run run, List<MeasuredExperiment> declared, Optional<Earlier> before) {
        ScoredExposures scored = new ScoredExposures(run);
        List<MeasuredExperiment> experiments = capped(run, declared, before);
        Set<String> definitions = definitions(run, scored);
        Optional<Earlier> earlier = before.filter(
                        known -> known.known(DEFINITION).containsAll(definitions))
                .map(known -> known.of(experiments));
        Further exposures = further(run, Tables.EXPOSURES, earlier);
        Further outcomes = further(run, Tables.OUTCOMES, earlier);
        if (earlier.isPresent() && !(exposures.continues() && outcomes.continues())) {
            earlier = Optional.empty();
            exposures = further(run, Tables.EXPOSURES, earlier);
            outcomes = further(run, Tables.OUTCOMES, earlier);
        }
        Dataset<Row> first = DescribeExposures.describe(
                FirstExposures.of(scored.complete(run.inputs().attributed(exposures.rows())), experiments), run);
        List<Dataset<Row>> persisted = new ArrayList<>();
        Arrivals arrivals = run.settings().arrivals(run.inputs());
        Dataset<Row> counted;
        Dataset<Row> all;
        if (earlier.isPresent()) {
            Dataset<Row> merged =
                    persist(FirstExposures.merge(earlier.get().measurement().firstExposures(), first), persisted);
            Dataset<Row> touched = persist(FirstExposures.touched(merged, outcomes.rows(), experiments), persisted);
            counted = persist(
                    FirstExposures.counted(touched, happened(run, touched, experiments), arrivals, experiments),
                    persisted);
            all = FirstExposures.with(merged, counted);
        } else {
            counted = persist(
                    FirstExposures.counted(
                            first, run.inputs().since(Tables.OUTCOMES, Instant.EPOCH), arrivals, experiments),
                    persisted);
            all = counted;
        }
        Map<String, Set<String>> inputs = Map.of(
                DEFINITION,
                definitions,
                Tables.EXPOSURES.name(),
                exposures.read(),
                Tables.OUTCOMES.name(),
                outcomes.read());
        List<MeasuredExperiment> frozen = FreezeCaps.frozen(all, experiments);
        return frozen.equals(experiments)
                ? new Measured(run, experiments, earlier, all, counted, inputs, exposures, outcomes, persisted)
                // What was summed before knew no cap.
                : new Measured(
                        run,
                        frozen,
                        Optional.empty(),
                        Caps.applied(all, frozen),
                        Caps.applied(counted, frozen),
                        inputs,
                        exposures,
                        outcomes,
                        persisted);
    }

    /** How many users would count if outcomes were in, and up to when they are not. */
    private static String waiting(Dataset<Row> firstExposures, Instant asOf) {
        Column closed = filter(
                col("counted"),
                metric -> not(metric.getField("settled"))
                        .and(metric.getField("closes_at").leq(lit(asOf))));
        Row waiting = firstExposures
                .withColumn("waits", closed)
                .where(size(col("waits")).gt(0))
                .agg(
                        count_distinct(col("user_id")).as("users"),
                        max(array_max(transform(col("waits"), metric -> metric.getField("closes_at"))))
                                .as("last"))
                .head();
        long users = waiting.getAs("users");
        return users == 0
                ? ""
                : "; %,d users wait for outcomes up to %s".formatted(users, Lake.instant(waiting, "last"));
    }

    private static Further further(Run run, Table table, Optional<Earlier> earlier) {
        return run.inputs()
                .further(
                        table, earlier.map(before -> before.known(table.name())).orElse(Set.of()));
    }

    private static Dataset<Row> persist(Dataset<Row> rows, List<Dataset<Row>> persisted) {
        Dataset<Row> kept = rows.persist(StorageLevel.MEMORY_AND_DISK());
        persisted.add(kept);
        return kept;
    }

    /** The outcomes from the oldest window or pre-period on. */
    private static Dataset<Row> happened(Run run, Dataset<Row> touched, List<MeasuredExperiment> experiments) {
        Row oldest = touched.agg(min("exposed_at").as("oldest")).head();
        Duration longest = experiments.stream()
                .map(experiment -> experiment.prePeriod().orElse(Duration.ZERO))
                .max(Duration::compareTo)
                .orElse(Duration.ZERO);
        Instant from =
                oldest.isNullAt(0) ? run.asOf() : Lake.instant(oldest, "oldest").minus(longest);
        return run.inputs().since(Tables.OUTCOMES, from);
    }

    private static List<Row> rows(Map<String, Set<String>> inputs) {
        return inputs.entrySet().stream()
                .flatMap(
                        entry -> entry.getValue().stream().map(identity -> RowFactory.create(entry.getKey(), identity)))
                .toList();
    }
}
