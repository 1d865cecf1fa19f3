package io.flagcast.rules.checks;

import io.flagcast.rules.checks.CalibrationCheck.Decile;
import io.flagcast.rules.checks.NoveltyCheck.Day;
import io.flagcast.rules.checks.SimpsonCheck.Arms;
import io.flagcast.rules.checks.UnexpectedOutcomeCheck.Residual;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import io.flagcast.statistics.assignment.Assignment;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * A simulated experiment and what its health checks are given: every day some users meet it, at random of any score.
 * Half of an exploration slice of 5 % is enabled whatever the score, of the others 10 % in the segment low, half in mid
 * and all in high. Who scores s responds with a probability of 5 to 25 %, rising with s, and the model predicts just
 * that. Being enabled changes nothing, unless a fault says so. Two metrics: who converts, and the revenue of those who
 * do.
 */
final class World {

    /** What is wrong with it, the check that is there to find it, and how many users a day that takes. */
    enum Fault {
        NONE(Optional.empty(), 400),
        PIPELINE_STOPS(Optional.of(Check.PIPELINE), 400),
        EXPOSURES_STOP(Optional.of(Check.FRESHNESS), 400),
        EXPOSURES_DROP(Optional.of(Check.VOLUME), 400),
        TWO_ANSWERS(Optional.of(Check.CONTRADICTION), 400),
        /** 55/45 where a fair coin is logged, at 100,000 users. */
        SPLIT(Optional.of(Check.SAMPLE_RATIO), 7_143),
        PREDICTOR_MOVES(Optional.of(Check.PREDICTOR_DRIFT), 400),
        SCORES_MOVE(Optional.of(Check.SCORE_DRIFT), 400),
        /** The model promises half as much again. */
        PREDICTIONS_TOO_HIGH(Optional.of(Check.CALIBRATION), 3_000),
        /** Half of the conversions in both arms of the segment high, from the eighth day on. */
        DROP_IN_HIGH(Optional.of(Check.UNEXPECTED_OUTCOME), 2_000),
        /** Group B is enabled half as often in the segment mid, and the propensities say so. */
        ENABLES_B_LESS(Optional.of(Check.ENABLE_BIAS), 400),
        /** Group B responds half as often, and the model knows. */
        B_RESPONDS_LESS(Optional.of(Check.OUTCOME_BIAS), 1_500),
        /**
         * Being enabled costs a quarter of the conversions; as high scores are enabled more often, it looks like a
         * gain.
         */
        HARMS_WHOM_IT_PREFERS(Optional.of(Check.SIMPSON), 5_000),
        /** Doubles the visits on the first day, and ever less after it. */
        WEARS_OFF(Optional.of(Check.NOVELTY), 2_000);

        final Optional<Check> foundBy;
        final int usersPerDay;

        Fault(Optional<Check> foundBy, int usersPerDay) {
            this.foundBy = foundBy;
            this.usersPerDay = usersPerDay;
        }
    }

    static final int DAYS = 14;

    /** For so long a user's visits are followed. */
    private static final int FOLLOWED = 7;

    private static final String ID = "checkout";
    private static final List<String> SEGMENTS = List.of("low", "mid", "high");
    private static final List<String> COUNTRIES = List.of("DE", "FR", "IT", "ES", "PT");
    private static final Instant START = Instant.parse("2026-11-01T00:00:00Z");
    private static final Duration STALE_AFTER = Duration.ofDays(1);
    private static final int REFERENCE_ROWS = 10_000;

    private final Fault fault;
    private final SplittableRandom random;
    private final long[] referenceScores;
    private final long[] referenceCountries;

    /** Enabled and other users by segment and propensity. */
    private final Map<String, Map<Double, long[]>> assigned = new TreeMap<>();

    private final Map<String, Map<String, Residual>> residuals = new TreeMap<>();
    private final Map<String, Map<String, Moments>> enabledByGroup = new TreeMap<>();
    private final Map<String, Measured> metrics =
            new TreeMap<>(Map.of("conversion", new Measured(), "revenue", new Measured()));
    private final Sums[][] deciles = new Sums[10][2];
    private final Moments[] decileObserved = new Moments[10];
    private final Moments[] decilePredicted = new Moments[10];
    /** By day of arrival, days since and arm. */
    private final Sums[][][] visits = new Sums[DAYS][FOLLOWED][2];

    private final List<Long> dailyRows = new ArrayList<>();
    private long[] scores = new long[10];
    private long[] countries = new long[COUNTRIES.size()];
    private Instant newestExposure = START;
    private long users;
    private int day;

    /** Weighted sums that grow, as there are millions of rows to simulate. */
    private static final class Sums {
        private long n;
        private final double[] sums = new double[6];

        private void add(double weight, double value) {
            n++;
            double weighted = weight * value;
            sums[0] += weight;
            sums[1] += weight * weight;
            sums[2] += weighted;
            sums[3] += weighted * value;
            sums[4] += weight * weighted;
            sums[5] += weighted * weighted;
        }

        private WeightedMoments moments() {
            return new WeightedMoments(n, sums[0], sums[1], sums[2], sums[3], sums[4], sums[5]);
        }
    }

    /** Sums of a metric, by segment and group and of all. */
    private static final class Measured {
        private Moments enabled = Moments.EMPTY;
        private Moments control = Moments.EMPTY;
        private final Map<String, Sums[]> bands = new TreeMap<>();
        private final Map<String, Map<String, Moments>> byGroup = new TreeMap<>();

        private void add(String segment, String group, boolean isEnabled, double weight, double value) {
            enabled = isEnabled ? enabled.plus(value) : enabled;
            control = isEnabled ? control : control.plus(value);
            bands.computeIfAbsent(segment, any -> new Sums[] {new Sums(), new Sums()})[isEnabled ? 0 : 1].add(
                    weight, value);
            byGroup.computeIfAbsent(segment, any -> new TreeMap<>()).merge(group, Moments.of(value), Moments::merge);
        }

        private Map<String, Arms> arms() {
            Map<String, Arms> arms = new TreeMap<>();
            bands.forEach((segment, sums) -> arms.put(segment, new Arms(sums[0].moments(), sums[1].moments())));
            return arms;
        }
    }

    World(Fault fault, long seed) {
        this.fault = fault;
        this.random = new SplittableRandom(seed);
        this.referenceScores = new long[10];
        this.referenceCountries = new long[COUNTRIES.size()];
        for (int row = 0; row < REFERENCE_ROWS; row++) {
            referenceScores[random.nextInt(10)]++;
            referenceCountries[random.nextInt(COUNTRIES.size())]++;
        }
        for (Sums[] arms : deciles) {
            Arrays.setAll(arms, arm -> new Sums());
        }
        for (Sums[][] arrival : visits) {
            for (Sums[] arms : arrival) {
                Arrays.setAll(arms, arm -> new Sums());
            }
        }
        Arrays.fill(decileObserved, Moments.EMPTY);
        Arrays.fill(decilePredicted, Moments.EMPTY);
    }

    /** One more day: its users come, and all checks look at everything so far. */
    List<Finding> nextDay() {
        boolean faulty = day >= DAYS / 2;
        scores = new long[10];
        countries = new long[COUNTRIES.size()];
        int arriving = fault.usersPerDay;
        if (faulty && fault == Fault.EXPOSURES_STOP) {
            arriving = 0;
        } else if (faulty && fault == Fault.EXPOSURES_DROP) {
            arriving /= 4;
        }
        for (int user = 0; user < arriving; user++) {
            arrive(faulty);
        }
        // As many as come vary by chance.
        dailyRows.add((long) arriving + (arriving == 0 ? 0 : random.nextInt(-40, 41)));
        newestExposure = arriving == 0
                ? newestExposure
                : START.plus(Duration.ofDays(day + 1)).minusSeconds(60);
        day++;
        return check();
    }

    private void arrive(boolean faulty) {
        double uniform = random.nextDouble();
        double place = faulty && fault == Fault.PREDICTOR_MOVES ? uniform * uniform : uniform;
        double score = 100 * (faulty && fault == Fault.SCORES_MOVE ? Math.pow(uniform, 3) : uniform);
        String segment = SEGMENTS.get(score <= 30 ? 0 : score <= 70 ? 1 : 2);
        double draw = random.nextDouble();
        String group = draw < 0.6 ? "A" : draw < 0.98 ? "B" : "C";
        scores[(int) Math.min(9, score / 10)]++;
        countries[(int) (place * COUNTRIES.size())]++;

        double base = List.of(0.1, 0.5, 1.0).get(SEGMENTS.indexOf(segment));
        if (fault == Fault.ENABLES_B_LESS && segment.equals("mid") && group.equals("B")) {
            base /= 2;
        }
        double propensity = fault == Fault.SPLIT ? 0.5 : 0.05 * 0.5 + 0.95 * base;
        boolean isEnabled = random.nextDouble() < (fault == Fault.SPLIT ? 0.55 : propensity);
        double weight = isEnabled ? 1 / propensity : 1 / (1 - propensity);

        double rate = 0.05 + 0.002 * score;
        if (fault == Fault.B_RESPONDS_LESS && group.equals("B")) {
            rate /= 2;
        }
        if (fault == Fault.HARMS_WHOM_IT_PREFERS && isEnabled) {
            rate *= 0.75;
        }
        double predicted = fault == Fault.PREDICTIONS_TOO_HIGH ? 1.5 * rate : rate;
        if (fault == Fault.DROP_IN_HIGH && faulty && segment.equals("high")) {
            rate /= 2;
        }
        double response = random.nextDouble() < rate ? 1 : 0;
        double revenue = response == 0 ? 0 : -50 * Math.log(1 - random.nextDouble());

        users++;
        assigned.computeIfAbsent(segment, any -> new TreeMap<>())
                .computeIfAbsent(propensity, any -> new long[2])[isEnabled ? 0 : 1]++;
        residuals
                .computeIfAbsent(segment, any -> new TreeMap<>())
                .merge(
                        UnexpectedOutcomeCheck.WHOLE,
                        new Residual(Moments.of(response - predicted), predicted),
                        World::merge);
        enabledByGroup
                .computeIfAbsent(segment, any -> new TreeMap<>())
                .merge(group, Moments.of(isEnabled ? 1 : 0), Moments::merge);
        metrics.get("conversion").add(segment, group, isEnabled, weight, response);
        metrics.get("revenue").add(segment, group, isEnabled, weight, revenue);
        int decile = (int) Math.min(9, score / 10);
        int arm = isEnabled ? 0 : 1;
        deciles[decile][arm].add(weight, response);
        decileObserved[decile] = decileObserved[decile].plus(response);
        decilePredicted[decile] = decilePredicted[decile].plus(predicted);
        for (int since = 0; since < Math.min(FOLLOWED, DAYS - day); since++) {
            double lift = fault == Fault.WEARS_OFF && isEnabled ? Math.max(0, 1 - since / 10.0) : 0;
            visits[day][since][arm].add(weight, random.nextDouble() < 0.2 * (1 + lift) ? 1 : 0);
        }
    }

    private static Residual merge(Residual one, Residual other) {
        Moments difference = one.difference().merge(other.difference());
        return new Residual(
                difference,
                (one.predictedMean() * one.difference().n()
                                + other.predictedMean() * other.difference().n())
                        / difference.n());
    }

    /** All checks, in the order of {@link Check}. */
    private List<Finding> check() {
        Instant asOf = START.plus(Duration.ofDays(day));
        List<Finding> findings = new ArrayList<>();
        findings.add(
                PipelineCheck.of(Optional.of(fault == Fault.PIPELINE_STOPS ? START : asOf), asOf, Duration.ofDays(7)));
        findings.add(InputCheck.freshness(ID, "exposure of " + ID, Optional.of(newestExposure), asOf, STALE_AFTER));
        findings.add(InputCheck.volume("", "exposures", dailyRows));
        findings.add(ContradictionCheck.of(ID, users, fault == Fault.TWO_ANSWERS ? 3 : 0, 0));
        findings.addAll(SampleRatioCheck.of(ID, assignments()));
        findings.add(DriftCheck.of(Check.PREDICTOR_DRIFT, ID, "country", COUNTRIES, referenceCountries, countries));
        findings.add(DriftCheck.of(
                Check.SCORE_DRIFT,
                ID,
                "",
                IntStream.range(0, 10)
                        .mapToObj(bin -> 10 * bin + " to " + (10 * bin + 10))
                        .toList(),
                referenceScores,
                scores));
        findings.addAll(CalibrationCheck.of(
                ID,
                "conversion",
                IntStream.range(0, 10)
                        .mapToObj(i -> new Decile(
                                decilePredicted[i].mean(),
                                decileObserved[i],
                                0,
                                deciles[i][0].moments(),
                                deciles[i][1].moments()))
                        .toList()));
        findings.addAll(UnexpectedOutcomeCheck.of(ID, "conversion", residuals));
        enabledByGroup.forEach((segment, groups) -> findings.add(BiasCheck.enabled(ID, segment, "plan", groups)));
        metrics.forEach((metric, measured) -> measured.byGroup.forEach(
                (segment, groups) -> findings.add(BiasCheck.outcomes(ID, segment, "plan", metric, groups))));
        metrics.forEach((metric, measured) ->
                findings.add(SimpsonCheck.of(ID, metric, measured.enabled, measured.control, measured.arms())));
        findings.add(NoveltyCheck.of(
                ID,
                "visits",
                IntStream.range(0, FOLLOWED)
                        .mapToObj(since -> new Day(since, visited(since, 0), visited(since, 1)))
                        .toList()));
        return findings;
    }

    /** Visits so many days after the first exposure, as far as these days have passed. */
    private WeightedMoments visited(int since, int arm) {
        return IntStream.range(0, Math.max(0, day - since))
                .mapToObj(arrival -> visits[arrival][since][arm].moments())
                .reduce(WeightedMoments.EMPTY, WeightedMoments::merge);
    }

    private Map<String, Assignment> assignments() {
        Map<String, Assignment> assignments = new TreeMap<>();
        assigned.forEach((segment, propensities) -> propensities.forEach((propensity, arms) ->
                assignments.merge(segment, Assignment.of(arms[0], arms[1], propensity), Assignment::merge)));
        return assignments;
    }
}
