package io.flagcast.monitoring;

import static java.util.stream.Collectors.collectingAndThen;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;
import static org.apache.spark.sql.functions.col;

import io.flagcast.statistics.HoldoutEffect;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.assignment.Assignment;
import io.flagcast.statistics.assignment.SampleRatio;
import io.flagcast.tables.Tables;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;

/**
 * What a metric gains from everything together: everybody else against the users who are held out of every experiment, in
 * one experiment or in all. Two rows of {@code segment_metrics} in the window {@link #WINDOW}: the groups are its populations,
 * and everybody else has the effect, whose bounds there are always valid.
 *
 * @param experimentId whose exposures count; {@link #ALL_EXPERIMENTS} for those to any of the experiments that share a metric,
 *     where the first to any counts
 * @param metricName of the experiment, or what the experiments count alike, in words
 * @param from first instant at which an outcome window closed
 * @param until first instant after the last one
 * @param of of what the difference is
 * @param effect the two groups and their difference
 */
public record HoldoutWorth(
        String experimentId, String metricName, Instant from, Instant until, Of of, HoldoutEffect effect) {

    /** Of what a difference is. */
    public enum Of {
        /** Of a user: users who come add up to what the holdout costs. */
        USER,
        /** Of a ratio, which does not add up over users. */
        RATIO
    }

    /** The window of {@code segment_metrics} that begins with the holdout. */
    public static final String WINDOW = "holdout";
    /** Population of the users who are not held out, enabled or not. */
    public static final String EVERYBODY_ELSE = "everybody_else";
    /** Population of the users who are. */
    public static final String HELD_OUT = "held_out";
    /** Stands for an experiment. */
    public static final String ALL_EXPERIMENTS = "";

    private static final double ALPHA = 0.001;
    private static final StructType COLUMNS = columns();

    public HoldoutWorth {
        Objects.requireNonNull(experimentId, "experimentId");
        Objects.requireNonNull(metricName, "metricName");
        Objects.requireNonNull(from, "from");
        Objects.requireNonNull(until, "until");
        Objects.requireNonNull(of, "of");
        Objects.requireNonNull(effect, "effect");
    }

    /** The days in which the users came; a day where it was less. */
    public double days() {
        return Math.max(
                1,
                Duration.between(from, until).toSeconds()
                        / (double) Duration.ofDays(1).toSeconds());
    }

    /** What the held-out users go without a day, in the unit of the metric; absent of a ratio. */
    public Optional<Double> forgonePerDay() {
        return of == Of.USER ? effect.forgonePerDay(days()) : Optional.empty();
    }

    /** The always-valid bounds of {@link #forgonePerDay}. */
    public Optional<Interval> forgoneBounds() {
        return of == Of.USER ? effect.forgoneBounds(days()) : Optional.empty();
    }

    /**
     * What is wrong where another share of the users is held out than the lake holds out, by a tenth of it and more: exposures
     * of one of the groups are lost, or the holdout has been another one, and the difference cannot be believed. A false one
     * comes with a probability of at most 0.1 %, however often one looks.
     *
     * @param holdout what the lake holds out, in (0, 1)
     */
    public Optional<String> mismatch(double holdout) {
        long heldOut = effect.heldOut().n();
        long others = effect.everybodyElse().n();
        SampleRatio ratio = SampleRatio.of(Assignment.of(heldOut, others, holdout), ALPHA, holdout / 10);
        return ratio.mismatch()
                ? Optional.of(
                        ("%s, %s: %.2f %% of the users are held out where it should be %.2f %%: exposures of held-out"
                                        + " users are logged otherwise than those of everybody else, or the holdout was another one"
                                        + " before. The difference is not to be believed.")
                                .formatted(named(), metricName, 100.0 * heldOut / (heldOut + others), 100 * holdout))
                : Optional.empty();
    }

    /** The experiment, for people. */
    public String named() {
        return experimentId.equals(ALL_EXPERIMENTS) ? "all experiments" : experimentId;
    }

    /**
     * Measures every experiment, and all together by what several of them count alike. Sums up at once: a few rows are left.
     *
     * @param asOf instant up to which {@code first_exposures} was counted
     * @param firstExposures rows of {@code first_exposures}
     * @param since exposures before it do not count; absent for all since the holdout began
     * @return the columns of {@code segment_metrics} without run and as-of; no rows where nobody is held out, nor of a metric
     *     whose sums have more than 23 digits before the point
     */
    public static Dataset<Row> measure(
            Instant asOf, Dataset<Row> firstExposures, List<MeasuredExperiment> experiments, Optional<Instant> since) {
        Map<String, Metric> metrics = new HashMap<>();
        Map<String, String> shared = shared(experiments);
        for (MeasuredExperiment experiment : experiments) {
            for (Metric metric : experiment.metrics()) {
                String key = HoldoutStates.key(experiment.experimentId(), metric.name());
                metrics.put(key, metric);
                if (shared.containsKey(key)) {
                    metrics.put(HoldoutStates.key(ALL_EXPERIMENTS, shared.get(key)), metric);
                }
            }
        }
        List<Row> rows = new ArrayList<>();
        HoldoutStates.of(firstExposures, shared, since).collectAsList().stream()
                .filter(state -> metrics.containsKey(key(state)) && isComplete(state))
                .collect(groupingBy(HoldoutWorth::key, TreeMap::new, toList()))
                .forEach((key, groups) -> rows.addAll(rows(groups, metrics.get(key), asOf)));
        return firstExposures.sparkSession().createDataFrame(rows, COLUMNS);
    }

    /** The metrics that more than one experiment has, whatever they call them: the same outcomes in the same time. */
    private static Map<String, String> shared(List<MeasuredExperiment> experiments) {
        Map<String, List<String>> alike = new TreeMap<>();
        experiments.forEach(experiment -> experiment
                .metrics()
                .forEach(metric -> alike.computeIfAbsent(inWords(metric), words -> new ArrayList<>())
                        .add(HoldoutStates.key(experiment.experimentId(), metric.name()))));
        Map<String, String> shared = new HashMap<>();
        alike.forEach((words, keys) -> {
            long experimentsOfIt = keys.stream()
                    .map(key -> key.substring(0, key.indexOf('\n')))
                    .distinct()
                    .count();
            if (experimentsOfIt > 1) {
                keys.forEach(key -> shared.put(key, words));
            }
        });
        return shared;
    }

    /** What a metric counts, whatever an experiment calls it. */
    public static String inWords(Metric metric) {
        String window = metric.after().isZero()
                ? "within " + length(metric.within())
                : "within %s after %s".formatted(length(metric.within()), length(metric.after()));
        return switch (metric.kind()) {
            case PROPORTION -> "users with %s %s".formatted(metric.outcome(), window);
            case MEAN -> "%s per user %s".formatted(metric.outcome(), window);
            case RATIO -> {
                Metric.Denominator per = metric.per().orElseThrow();
                yield switch (per.counted()) {
                    case ROWS -> "%s per %s %s".formatted(metric.outcome(), per.outcome(), window);
                    case VALUES -> "%s per sum of %s %s".formatted(metric.outcome(), per.outcome(), window);
                };
            }
        };
    }

    private static String length(Duration duration) {
        return duration.toSeconds() % Duration.ofDays(1).toSeconds() == 0
                ? duration.toDays() + "d"
                : duration.toString().substring(2).toLowerCase(Locale.ROOT);
    }

    /** Whether no sum has more digits than a table can hold, and a ratio something to divide by. */
    private static boolean isComplete(Row state) {
        return Interpretation.hasValues(state);
    }

    private static String key(Row state) {
        return HoldoutStates.key(state.getAs("experiment_id"), state.getAs("metric"));
    }

    /** The rows of a metric: a group without anybody has none. */
    private static List<Row> rows(List<Row> groups, Metric metric, Instant asOf) {
        Map<String, Moments> moments = new HashMap<>();
        groups.forEach(group -> moments.put(group.getAs("population"), Interpretation.values(group)));
        HoldoutEffect effect = HoldoutEffect.of(
                moments.getOrDefault(EVERYBODY_ELSE, Moments.EMPTY),
                moments.getOrDefault(HELD_OUT, Moments.EMPTY),
                metric.kind());
        return groups.stream()
                .map(group -> row(group, moments.get(group.<String>getAs("population")), metric, asOf, effect))
                .toList();
    }

    private static Row row(Row group, Moments moments, Metric metric, Instant asOf, HoldoutEffect effect) {
        boolean isElse = group.getAs("population").equals(EVERYBODY_ELSE);
        Optional<Interval> interval = Interpretation.interval(metric, moments, group.getAs("sum"));
        Optional<Interval> bounds = effect.bounds().filter(known -> isElse);
        Map<String, Object> values = new HashMap<>();
        for (String same : List.of(
                "experiment_id",
                "metric",
                "population",
                "n",
                "sum",
                "sum_squares",
                "weighted",
                "covariate",
                "denominator",
                "ratio_covariate")) {
            values.put(same, group.getAs(same));
        }
        values.put("segment", SegmentMetrics.ALL);
        values.put("cell", "");
        values.put("better", Interpretation.better(metric));
        values.put("window", WINDOW);
        values.put("window_start", Timestamp.from(instant(group, "begins").plus(metric.closesAfter())));
        values.put("window_end", Timestamp.from(asOf));
        values.put("since_version", 0L);
        values.put("metric_value", moments.mean());
        values.put("m2", moments.m2());
        values.put("lower", interval.map(Interval::lower).orElse(null));
        values.put("upper", interval.map(Interval::upper).orElse(null));
        values.put("cap", metric.limit().isPresent() ? metric.limit().getAsDouble() : null);
        values.put("effect", effect.estimate().filter(known -> isElse).orElse(null));
        values.put("effect_lower", bounds.map(Interval::lower).orElse(null));
        values.put("effect_upper", bounds.map(Interval::upper).orElse(null));
        return RowFactory.create(
                Arrays.stream(COLUMNS.fieldNames()).map(values::get).toArray());
    }

    /** An instant of a row, whichever of the two classes Spark is set to. */
    static Instant instant(Row row, String column) {
        Object value = row.getAs(column);
        return value instanceof Timestamp timestamp ? timestamp.toInstant() : (Instant) value;
    }

    private static StructType columns() {
        StructType columns = new StructType();
        for (var field : StructType.fromDDL(Tables.SEGMENT_METRICS.schema()).fields()) {
            columns = List.of("run_id", "as_of").contains(field.name()) ? columns : columns.add(field);
        }
        return columns;
    }

    /**
     * What rows of {@code segment_metrics} say: all experiments together first, then one after the other.
     *
     * @param metrics rows of any window
     */
    public static List<HoldoutWorth> read(Dataset<Row> metrics) {
        return metrics.where(col("window").equalTo(WINDOW)).collectAsList().stream()
                .collect(groupingBy(HoldoutWorth::key, TreeMap::new, collectingAndThen(toList(), HoldoutWorth::worth)))
                .values()
                .stream()
                .sorted(Comparator.comparing(HoldoutWorth::experimentId).thenComparing(HoldoutWorth::metricName))
                .toList();
    }

    private static HoldoutWorth worth(List<Row> groups) {
        Row any = groups.get(0);
        Optional<Row> others = groups.stream()
                .filter(group -> group.getAs("population").equals(EVERYBODY_ELSE))
                .findFirst();
        HoldoutEffect effect = new HoldoutEffect(
                known(others),
                known(groups.stream()
                        .filter(group -> group.getAs("population").equals(HELD_OUT))
                        .findFirst()),
                others.flatMap(group -> Optional.ofNullable(group.<Double>getAs("effect"))),
                others.filter(group -> group.getAs("effect_lower") != null)
                        .map(group -> new Interval(
                                group.<Double>getAs("effect_lower"), group.<Double>getAs("effect_upper"))));
        return new HoldoutWorth(
                any.getAs("experiment_id"),
                any.getAs("metric"),
                instant(any, "window_start"),
                instant(any, "window_end"),
                any.getAs("denominator") == null ? Of.USER : Of.RATIO,
                effect);
    }

    private static Moments known(Optional<Row> group) {
        return group.map(row ->
                        new Moments(row.<Long>getAs("n"), row.<Double>getAs("metric_value"), row.<Double>getAs("m2")))
                .orElse(Moments.EMPTY);
    }
}
