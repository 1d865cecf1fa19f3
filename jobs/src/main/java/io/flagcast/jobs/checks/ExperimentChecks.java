package io.flagcast.jobs.checks;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;
import static org.apache.spark.sql.functions.col;

import io.flagcast.experiments.Experiment;
import io.flagcast.features.ExposureAttribution;
import io.flagcast.jobs.records.MeasuredDay;
import io.flagcast.jobs.run.Run;
import io.flagcast.monitoring.AssignmentStates;
import io.flagcast.monitoring.BiasStates;
import io.flagcast.monitoring.CountedUsers;
import io.flagcast.monitoring.FirstExposures;
import io.flagcast.monitoring.NoveltyStates;
import io.flagcast.monitoring.PredictionStates;
import io.flagcast.monitoring.PredictionStates.Cuts;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.monitoring.States;
import io.flagcast.monitoring.WindowEdgeStates;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Observation;
import io.flagcast.rules.checks.BiasCheck;
import io.flagcast.rules.checks.CalibrationCheck;
import io.flagcast.rules.checks.CalibrationCheck.Decile;
import io.flagcast.rules.checks.ContradictionCheck;
import io.flagcast.rules.checks.Finding;
import io.flagcast.rules.checks.NoveltyCheck;
import io.flagcast.rules.checks.SampleRatioCheck;
import io.flagcast.rules.checks.SimpsonCheck;
import io.flagcast.rules.checks.UnexpectedOutcomeCheck;
import io.flagcast.rules.checks.UnexpectedOutcomeCheck.Residual;
import io.flagcast.rules.checks.UnmatchedCheck;
import io.flagcast.rules.checks.WindowEdgeCheck;
import io.flagcast.settings.Settings;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import io.flagcast.statistics.assignment.Assignment;
import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;

/** Whether assignment, predictions, groups and effects of experiments are as they should be. */
final class ExperimentChecks implements AutoCloseable {

    /** Smaller groups are not even collected: an attribute with a value per user has no groups. */
    private static final long LEAST_COLLECTED = 10;
    /** Fewer days since the first exposure show no change. */
    private static final int LEAST_DAYS = 2;

    private static final String CONTRADICTIONS = "contradictions";
    private static final String ASSIGNMENTS = "assignments";
    private static final String RESIDUALS = "residuals";
    private static final String DECILES = "deciles";
    private static final String ENABLED_BY_GROUP = "enabled_by_group";
    private static final String OUTCOMES_BY_GROUP = "outcomes_by_group";
    private static final String USERS_BY_DAYS = "users_by_days";
    private static final String OUTCOMES_BY_DAY = "outcomes_by_day";
    private static final String WINDOW_EDGES = "window_edges";

    private final Run run;
    private final Dataset<Row> firstExposures;
    private final Dataset<Row> counted;
    private final Map<String, Metric> responses = new TreeMap<>();

    /** @param firstExposures rows of {@code first_exposures}, of these experiments */
    ExperimentChecks(Run run, List<Experiment> experiments, Dataset<Row> firstExposures) {
        this.run = run;
        this.firstExposures = firstExposures;
        this.counted = CountedUsers.of(FirstExposures.ofBaseline(firstExposures, moving(experiments)))
                .persist(StorageLevel.MEMORY_AND_DISK());
        experiments.forEach(experiment ->
                response(experiment).ifPresent(metric -> responses.put(experiment.experimentId(), metric)));
    }

    private static Set<String> moving(List<Experiment> experiments) {
        return experiments.stream()
                .filter(experiment -> experiment.stickiness() == Experiment.Stickiness.NONE)
                .map(Experiment::experimentId)
                .collect(toSet());
    }

    /** The metric that counts what the model of an experiment predicts, as a probability. */
    private Optional<Metric> response(Experiment experiment) {
        return Optional.ofNullable(run.settings().features().get(experiment.featureId()))
                .flatMap(Settings.Feature::response)
                .stream()
                .flatMap(response -> experiment.metrics().stream()
                        .filter(metric -> metric.kind() == Metric.Kind.PROPORTION
                                && metric.kind() == response.kind()
                                && metric.outcome().equals(response.outcome())
                                && metric.after().isZero()
                                && metric.within().equals(response.within())))
                .findFirst();
    }

    private Dataset<Row> predicted() {
        return PredictionStates.predicted(
                counted,
                responses.entrySet().stream()
                        .collect(toMap(
                                Map.Entry::getKey, entry -> entry.getValue().name())));
    }

    /** What first exposures alone tell. */
    Map<String, Dataset<Row>> ownAggregates() {
        Map<String, Dataset<Row>> aggregates = new HashMap<>();
        aggregates.put(CONTRADICTIONS, AssignmentStates.contradictions(firstExposures, ExposureAttribution.ELSEWHERE));
        aggregates.put(ASSIGNMENTS, AssignmentStates.assignments(counted));
        if (!responses.isEmpty()) {
            aggregates.put(RESIDUALS, PredictionStates.residuals(predicted(), run.asOf()));
        }
        return aggregates;
    }

    Map<String, Dataset<Row>> aggregates(List<Experiment> experiments) {
        Map<String, Dataset<Row>> aggregates = new HashMap<>(ownAggregates());
        if (experiments.stream().anyMatch(experiment -> !experiment.metrics().isEmpty())) {
            aggregates.put(
                    WINDOW_EDGES,
                    WindowEdgeStates.of(
                            counted,
                            run.inputs().valid(Tables.OUTCOMES),
                            experiments.stream().collect(toMap(Experiment::experimentId, Experiment::metrics))));
        }
        aggregates.put(USERS_BY_DAYS, NoveltyStates.users(counted, run.asOf()));
        List<String> attributes = run.settings().predictors().protectedAttributes();
        if (!attributes.isEmpty() && run.settings().sources().containsKey(Tables.USERS)) {
            Dataset<Row> groups = BiasStates.groups(run.inputs().valid(Tables.USERS), attributes);
            Dataset<Row> allocations = run.slice(Tables.ALLOCATIONS);
            aggregates.put(ENABLED_BY_GROUP, BiasStates.enabled(allocations, groups, LEAST_COLLECTED));
            aggregates.put(OUTCOMES_BY_GROUP, BiasStates.outcomes(counted, groups, LEAST_COLLECTED));
        }
        return aggregates;
    }

    /** What can be counted when the first aggregates are known. */
    Map<String, Dataset<Row>> aggregates(HealthStates known, List<Experiment> experiments) {
        Map<String, Dataset<Row>> aggregates = new HashMap<>();
        Map<String, Cuts> cuts = known.of(RESIDUALS).stream()
                .filter(row -> row.getAs("segment").equals(SegmentMetrics.ALL)
                        && row.getAs("part").equals(UnexpectedOutcomeCheck.WHOLE))
                .collect(toMap(row -> row.getAs("experiment_id"), Cuts::of));
        if (!cuts.isEmpty()) {
            aggregates.put(DECILES, PredictionStates.deciles(predicted(), cuts));
        }
        List<Experiment> old = experiments.stream()
                .filter(experiment -> known.of(USERS_BY_DAYS, experiment.experimentId())
                        .anyMatch(row -> row.<Long>getAs("days") >= LEAST_DAYS))
                .toList();
        if (!old.isEmpty()) {
            aggregates.put(
                    OUTCOMES_BY_DAY,
                    NoveltyStates.outcomes(
                            counted.where(col("experiment_id")
                                    .isin(old.stream()
                                            .map(Experiment::experimentId)
                                            .toArray())),
                            run.inputs().valid(Tables.OUTCOMES),
                            old.stream()
                                    .flatMap(experiment -> experiment.metrics().stream())
                                    .flatMap(metric -> metric.outcomes().stream())
                                    .distinct()
                                    .toList(),
                            run.asOf()));
        }
        return aggregates;
    }

    /**
     * What was found of an experiment.
     *
     * @param days whole segments of {@code segment_days}
     */
    List<Finding> findings(Experiment experiment, HealthStates states, List<MeasuredDay> days) {
        String id = experiment.experimentId();
        List<Finding> findings = new ArrayList<>();
        states.of(CONTRADICTIONS, id)
                .map(row -> ContradictionCheck.of(
                        id, row.getAs("users"), row.getAs("contradictory"), row.getAs("unlogged")))
                .forEach(findings::add);
        Map<String, Assignment> assignments =
                states.of(ASSIGNMENTS, id).collect(toMap(row -> row.getAs("segment"), AssignmentStates::assignment));
        findings.addAll(SampleRatioCheck.of(id, assignments));
        Map<String, Long> scored = new HashMap<>();
        assignments.forEach((segment, users) -> scored.put(segment, users.n()));
        scored.keySet().removeAll(Set.of(SegmentMetrics.ALL, SegmentMetrics.UNSCORED));
        UnmatchedCheck.segments(id, scored, experiment.segments().names()).ifPresent(findings::add);
        Optional.ofNullable(responses.get(id)).ifPresent(metric -> findings.addAll(predictions(id, metric, states)));
        findings.addAll(bias(id, states));
        for (Metric metric : experiment.metrics()) {
            simpson(id, metric, days).ifPresent(findings::add);
            findings.addAll(novelty(id, metric, states));
            states.of(WINDOW_EDGES, id)
                    .filter(row -> row.getAs("metric").equals(metric.name()))
                    .map(row -> WindowEdgeCheck.of(
                            id,
                            metric,
                            row.getAs("users"),
                            row.getAs("inside"),
                            row.getAs("on_edge"),
                            row.getAs("before")))
                    .forEach(findings::add);
        }
        return findings;
    }

    private static List<Finding> predictions(String id, Metric metric, HealthStates states) {
        Map<String, Map<String, Residual>> residuals = states.of(RESIDUALS, id)
                .collect(groupingBy(
                        row -> row.getAs("segment"),
                        toMap(
                                row -> row.getAs("part"),
                                row -> new Residual(
                                        States.moments(row.<Row>getAs("residual")), row.<Double>getAs("predicted")))));
        if (residuals.isEmpty()) {
            return List.of();
        }
        List<Finding> findings = new ArrayList<>(UnexpectedOutcomeCheck.of(id, metric.name(), residuals));
        Map<String, Map<Integer, Row>> deciles = states.of(DECILES, id)
                .collect(groupingBy(
                        row -> row.getAs("prediction"), toMap(row -> row.<Integer>getAs("decile"), row -> row)));
        Map<Integer, Row> response = deciles.getOrDefault(PredictionStates.RESPONSE, Map.of());
        Map<Integer, Row> uplift = deciles.getOrDefault(PredictionStates.UPLIFT, Map.of());
        findings.addAll(CalibrationCheck.of(
                id,
                metric.name(),
                IntStream.range(0, PredictionStates.DECILES)
                        .mapToObj(i -> decile(Optional.ofNullable(response.get(i)), Optional.ofNullable(uplift.get(i))))
                        .toList()));
        return findings;
    }

    private static Decile decile(Optional<Row> response, Optional<Row> uplift) {
        return new Decile(
                response.map(row -> row.<Double>getAs("predicted")).orElse(0.0),
                response.map(row -> States.moments(row.<Row>getAs("observed"))).orElse(Moments.EMPTY),
                uplift.map(row -> row.<Double>getAs("predicted")).orElse(0.0),
                uplift.map(row -> States.weighted(row.<Row>getAs("enabled"))).orElse(WeightedMoments.EMPTY),
                uplift.map(row -> States.weighted(row.<Row>getAs("control"))).orElse(WeightedMoments.EMPTY));
    }

    private static List<Finding> bias(String id, HealthStates states) {
        Stream<Finding> enabled = groups(
                        states.of(ENABLED_BY_GROUP, id),
                        row -> List.of(row.getAs("segment"), row.getAs("attribute")),
                        row -> Moments.ofProportion(row.getAs("enabled"), row.getAs("users")))
                .entrySet()
                .stream()
                .map(of -> BiasCheck.enabled(id, of.getKey().get(0), of.getKey().get(1), of.getValue()));
        Stream<Finding> outcomes = groups(
                        states.of(OUTCOMES_BY_GROUP, id).filter(row -> States.isFinite(row.getAs("observed"))),
                        row -> List.of(row.getAs("segment"), row.getAs("attribute"), row.getAs("metric")),
                        row -> States.moments(row.<Row>getAs("observed")))
                .entrySet()
                .stream()
                .map(of -> BiasCheck.outcomes(
                        id, of.getKey().get(0), of.getKey().get(1), of.getKey().get(2), of.getValue()));
        return Stream.concat(enabled, outcomes).toList();
    }

    /** States by protected group, for each band and attribute. */
    private static Map<List<String>, Map<String, Moments>> groups(
            Stream<Row> rows, Function<Row, List<String>> key, Function<Row, Moments> state) {
        return rows.collect(groupingBy(key, toMap(row -> row.getAs("protected_group"), state)));
    }

    private static Optional<Finding> simpson(String id, Metric metric, List<MeasuredDay> days) {
        Map<String, Map<Population, List<MeasuredDay>>> bySegment = days.stream()
                .filter(day -> day.experimentId().equals(id)
                        && day.metric().equals(metric.name())
                        && day.sinceVersion() == 0
                        && day.returnedAfter() == 0)
                .collect(groupingBy(day -> day.cell().segment(), groupingBy(MeasuredDay::population)));
        Map<Population, List<MeasuredDay>> all =
                Optional.ofNullable(bySegment.remove(SegmentMetrics.ALL)).orElse(Map.of());
        Map<String, SimpsonCheck.Arms> bands = bySegment.entrySet().stream()
                .collect(toMap(
                        Map.Entry::getKey,
                        band -> new SimpsonCheck.Arms(
                                weighted(band.getValue(), Population.ENABLED),
                                weighted(band.getValue(), Population.CONTROL))));
        return bands.size() < 2
                ? Optional.empty()
                : Optional.of(SimpsonCheck.of(
                        id, metric.name(), values(all, Population.ENABLED), values(all, Population.CONTROL), bands));
    }

    private static Moments values(Map<Population, List<MeasuredDay>> arms, Population arm) {
        return Observation.values(arms.getOrDefault(arm, List.of()).stream()
                .map(MeasuredDay::observation)
                .toList());
    }

    private static WeightedMoments weighted(Map<Population, List<MeasuredDay>> arms, Population arm) {
        return arms.getOrDefault(arm, List.of()).stream()
                .map(MeasuredDay::weighted)
                .reduce(WeightedMoments.EMPTY, WeightedMoments::merge);
    }

    private static List<Finding> novelty(String id, Metric metric, HealthStates states) {
        if (metric.kind() == Metric.Kind.RATIO) {
            // Whose numerator alone may fade, or grow, with the denominator.
            return List.of();
        }
        String value = metric.kind() == Metric.Kind.PROPORTION ? "did" : "amount";
        List<Row> outcomes = states.of(OUTCOMES_BY_DAY, id)
                .filter(row -> row.getAs("outcome").equals(metric.outcome()))
                .toList();
        List<Row> lived = states.of(USERS_BY_DAYS, id).toList();
        if (!outcomes.stream().allMatch(row -> States.isFinite(row.getAs(value)))) {
            return List.of();
        }
        List<NoveltyCheck.Day> days = IntStream.range(0, NoveltyStates.DAYS)
                .mapToObj(day -> new NoveltyCheck.Day(
                        day,
                        day(day, Population.ENABLED, lived, outcomes, value),
                        day(day, Population.CONTROL, lived, outcomes, value)))
                .takeWhile(day -> day.enabled().n() + day.control().n() > 0)
                .toList();
        return days.size() < LEAST_DAYS ? List.of() : List.of(NoveltyCheck.of(id, metric.name(), days));
    }

    private static WeightedMoments day(int day, Population arm, List<Row> lived, List<Row> outcomes, String value) {
        boolean enabled = arm == Population.ENABLED;
        return NoveltyStates.day(
                sum(lived, row -> row.<Boolean>getAs("enabled") == enabled && row.<Long>getAs("days") > day, "state"),
                sum(outcomes, row -> row.<Boolean>getAs("enabled") == enabled && row.<Long>getAs("day") == day, value));
    }

    private static WeightedMoments sum(List<Row> rows, Predicate<Row> counts, String state) {
        return rows.stream()
                .filter(counts)
                .map(row -> States.weighted(row.<Row>getAs(state)))
                .reduce(WeightedMoments.EMPTY, WeightedMoments::merge);
    }

    @Override
    public void close() {
        counted.unpersist();
    }
}
