package io.flagcast.jobs.questions;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;

import io.flagcast.experiments.Experiment;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.RunId;
import io.flagcast.monitoring.HoldoutWorth;
import io.flagcast.monitoring.MeasuredExperiment;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.statistics.HoldoutEffect;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import io.flagcast.tables.Tables;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;

/**
 * What all experiments together are worth: everybody else against the users whom the lake holds out of every experiment, and
 * what that costs. Where nobody is held out, what a holdout would cost and show.
 *
 * @param asOf instant up to which was measured
 * @param holdout what the live publication holds out, in [0, 1)
 * @param worth by experiment and metric; empty where nobody is held out, or no outcome window of such a user has closed
 * @param plans what {@link #PROPOSED} would give; empty where somebody is held out
 * @param warnings why what is shown is not to be believed
 */
public record WorthOfWhole(Instant asOf, double holdout, List<Worth> worth, List<Plan> plans, List<String> warnings) {

    /** A holdout to begin with. */
    public static final double PROPOSED = 0.02;

    /** Days after which a plan says what could be told. */
    public static final int PLANNED_DAYS = 30;

    /**
     * A metric of an experiment, or of all together.
     *
     * @param experiment its id, or "all experiments"
     * @param from first instant at which an outcome window closed
     * @param heldOut users who are held out
     * @param everybodyElse users who are not
     * @param difference everybody else minus held out
     * @param bounds of it, always valid
     * @param perDay what the held-out users of a day go without
     * @param perDayBounds of it, always valid
     */
    public record Worth(
            String experiment,
            String metric,
            Instant from,
            long heldOut,
            double ofHeldOut,
            long everybodyElse,
            double ofEverybodyElse,
            Optional<Double> difference,
            Optional<Interval> bounds,
            Optional<Double> perDay,
            Optional<Interval> perDayBounds) {

        private static Worth of(HoldoutWorth known) {
            Moments heldOut = known.effect().heldOut();
            Moments others = known.effect().everybodyElse();
            return new Worth(
                    known.named(),
                    known.metricName(),
                    known.from(),
                    heldOut.n(),
                    heldOut.mean(),
                    others.n(),
                    others.mean(),
                    known.effect().estimate(),
                    known.effect().bounds(),
                    known.forgonePerDay(),
                    known.forgoneBounds());
        }
    }

    /**
     * What a holdout of {@link #PROPOSED} would be for a metric, with as many users as there were.
     *
     * @param usersPerDay who first met the experiment
     * @param heldOutPerDay those of them whom it would hold out
     * @param now the metric of all users
     * @param tellsApart least difference that it would tell from none after {@link #PLANNED_DAYS} days; absent where too few
     *     users would be held out by then
     */
    public record Plan(
            String experiment,
            String metric,
            double usersPerDay,
            double heldOutPerDay,
            double now,
            Optional<Double> tellsApart) {

        private static Plan of(Row total, Metric metric) {
            double days = Math.max(
                    1,
                    Duration.between(Lake.instant(total, "window_start"), Lake.instant(total, "window_end"))
                                    .toSeconds()
                            / (double) Duration.ofDays(1).toSeconds());
            long n = total.<Long>getAs("n");
            double mean = total.<Double>getAs("metric_value");
            double spread = total.<Double>getAs("m2") / n;
            double planned = n / days * PLANNED_DAYS;
            return new Plan(
                    total.getAs("experiment_id"),
                    metric.name(),
                    n / days,
                    PROPOSED * n / days,
                    mean,
                    HoldoutEffect.of(
                                    group((1 - PROPOSED) * planned, mean, spread),
                                    group(PROPOSED * planned, mean, spread),
                                    metric.kind())
                            .bounds()
                            .map(bounds -> bounds.width() / 2));
        }

        private static Moments group(double users, double mean, double spread) {
            long n = Math.round(users);
            return n == 0 ? Moments.EMPTY : new Moments(n, mean, n * spread);
        }
    }

    public WorthOfWhole {
        worth = List.copyOf(worth);
        plans = List.copyOf(plans);
        warnings = List.copyOf(warnings);
    }

    /**
     * The worth, as the live publication shows it.
     *
     * @param experiments configured ones
     * @param since exposures before it do not count; absent for all since the holdout began
     * @param metric only this one, and what all experiments together have of the same; absent for all
     * @throws Refusal with exit code 66 where nothing is published, and 64 for a metric that no experiment has or a time that
     *     is not measured yet
     */
    public static WorthOfWhole of(
            Lake lake, List<Experiment> experiments, Optional<Instant> since, Optional<String> metric) {
        Optional<Publication> live = Optional.of(lake.requireLive());
        Instant asOf = live.map(Publication::tables)
                .map(tables -> tables.get(Tables.FIRST_EXPOSURES.name()))
                .map(slice -> RunId.parse(slice.runId()).asOf())
                .orElseThrow(() -> new Refusal(
                        ExitCode.NO_INPUT, "the live publication has no first_exposures: run flagcast run first"));
        since.filter(from -> !from.isBefore(asOf)).ifPresent(from -> {
            throw new Refusal(
                    ExitCode.USAGE, "--since %s: the live publication knows what was before %s".formatted(from, asOf));
        });
        Predicate<String> asked = asked(experiments, metric);
        Row published = lake.published(Tables.EXPERIMENTS, live)
                .agg(coalesce(max("holdout"), lit(0.0)))
                .head();
        double holdout = published.getDouble(0);
        if (holdout == 0) {
            return new WorthOfWhole(asOf, holdout, List.of(), plans(lake, live, experiments, asked), List.of());
        }
        List<MeasuredExperiment> measured = experiments.stream()
                .map(experiment -> new MeasuredExperiment(experiment.experimentId(), experiment.metrics(), Map.of()))
                .toList();
        List<HoldoutWorth> worth = HoldoutWorth.read(
                        HoldoutWorth.measure(asOf, lake.published(Tables.FIRST_EXPOSURES, live), measured, since))
                .stream()
                .filter(known -> asked.test(known.metricName()))
                .toList();
        return new WorthOfWhole(
                asOf,
                holdout,
                worth.stream().map(Worth::of).toList(),
                List.of(),
                worth.stream()
                        .flatMap(known -> known.mismatch(holdout).stream())
                        .toList());
    }

    private static Predicate<String> asked(List<Experiment> experiments, Optional<String> metric) {
        if (metric.isEmpty()) {
            return name -> true;
        }
        List<Metric> all = experiments.stream()
                .flatMap(experiment -> experiment.metrics().stream())
                .toList();
        Set<String> names = all.stream()
                .filter(known -> known.name().equals(metric.get()))
                .flatMap(known -> Stream.of(known.name(), HoldoutWorth.inWords(known)))
                .collect(Collectors.toSet());
        if (names.isEmpty()) {
            throw new Refusal(
                    ExitCode.USAGE,
                    "--metric %s: no experiment has it, there are %s"
                            .formatted(
                                    metric.get(),
                                    String.join(
                                            ", ",
                                            all.stream()
                                                    .map(Metric::name)
                                                    .collect(Collectors.toCollection(TreeSet::new)))));
        }
        return names::contains;
    }

    private static List<Plan> plans(
            Lake lake, Optional<Publication> live, List<Experiment> experiments, Predicate<String> asked) {
        List<Row> totals = lake.published(Tables.SEGMENT_METRICS, live)
                .where(col("segment")
                        .equalTo(SegmentMetrics.ALL)
                        .and(col("cell").equalTo(""))
                        .and(col("population").equalTo("everyone"))
                        .and(col("window").equalTo(SegmentMetrics.TOTAL))
                        .and(col("m2").isNotNull()))
                .orderBy("experiment_id", "metric")
                .collectAsList();
        return totals.stream()
                .flatMap(total -> experiments.stream()
                        .filter(experiment -> experiment.experimentId().equals(total.getAs("experiment_id")))
                        .flatMap(experiment -> experiment.metrics().stream())
                        .filter(metric -> metric.name().equals(total.getAs("metric")) && asked.test(metric.name()))
                        .map(metric -> Plan.of(total, metric)))
                .toList();
    }
}
