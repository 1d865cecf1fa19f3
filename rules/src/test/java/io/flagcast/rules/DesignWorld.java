package io.flagcast.rules;

import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.Policy;
import io.flagcast.rules.Condition.Level;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Quality;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Condition.VersusBaseline;
import io.flagcast.rules.Condition.VersusControl;
import io.flagcast.rules.Forecast.Arm;
import io.flagcast.rules.Forecast.Outcomes;
import io.flagcast.rules.Given.RuleOf;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.rules.Rule.Mode;
import io.flagcast.rules.RuleDecision.Outcome;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.HeavyTails;
import io.flagcast.statistics.Metric.Kind;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.ValueLaw;
import io.flagcast.statistics.WeightedMoments;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * A world whose users are drawn one by one and counted by the rule engine itself, as a run would.
 *
 * @param condition of its rule
 * @param metric of it
 * @param values what a user of an arm counts, by the true mean
 * @param base mean of control and of the time before
 * @param truth mean of those whom the rule looks at
 * @param rules that share the error
 * @param minUsers of the evidence
 * @param window of the evidence in days; 0 for none
 * @param people who are there; 0 for new ones every day
 * @param visits a day: users where all are new, otherwise the part of the people
 * @param propensity to be enabled
 */
record DesignWorld(
        Condition condition,
        Metric metric,
        Values values,
        double base,
        double truth,
        int rules,
        long minUsers,
        int window,
        int people,
        double visits,
        double propensity) {

    static final int DAYS = 90;
    private static final int HISTORY = 28;
    private static final int TOLD_APART = 28;

    /** What a user counts. */
    enum Values {
        /** 1 with the mean as probability. */
        SHARE,
        /** A lognormal purchase, which as many more or fewer users make as the mean is another, at most {@value #CAP} of it. */
        PURCHASES,
        /** Nearly normal around the mean with a tenth as standard deviation. */
        SPEED;

        double draw(SplittableRandom random, double mean) {
            return switch (this) {
                case SHARE -> random.nextDouble() < mean ? 1 : 0;
                case PURCHASES ->
                    random.nextDouble() < mean / PRICE
                            ? Math.min(CAP, PRICE * Math.exp(0.8 * random.nextGaussian() - 0.32))
                            : 0;
                case SPEED -> mean * (1 + 0.1 * (random.nextDouble() + random.nextDouble() - 1) * Math.sqrt(6));
            };
        }
    }

    private static final double CAP = 1_000;

    /** Mean of a purchase. */
    private static final double PRICE = 100;

    RuleEngine engine() {
        List<Rule> all = IntStream.range(0, rules)
                .mapToObj(i -> RuleOf.id("r" + i)
                        .evidence(new Evidence(
                                minUsers,
                                Evidence.Method.CONFIDENCE_SEQUENCE,
                                0.95,
                                10 * minUsers,
                                window == 0 ? Optional.empty() : Optional.of(Duration.ofDays(window)),
                                1))
                        .when(condition)
                        .mode(Mode.DRY_RUN)
                        .rule())
                .toList();
        return new RuleEngine(
                Given.EXPERIMENT,
                "a hash",
                all,
                List.of(metric),
                Given.SEGMENTS,
                Policy.Tiered.upTo(2, List.of(80.0, 50.0, 20.0)));
    }

    /** What the lake would know: the moments of many users at the means as they were. */
    Forecast forecast() {
        SplittableRandom random = new SplittableRandom(1);
        double[] before = new double[200_000];
        Arrays.setAll(before, i -> values.draw(random, base));
        Moments moments = Moments.of(before);
        ValueLaw law = ValueLaw.of(base, moments.variance(), metric.kind());
        List<Double> arrivals = IntStream.range(0, 14)
                .mapToObj(age -> people == 0 ? visits : people * visits * Math.pow(1 - visits, age))
                .toList();
        return new Forecast(
                arrivals,
                Arm.ofPropensity(propensity),
                Arm.ofPropensity(1 - propensity),
                Map.of(metric.name(), new Outcomes(law, law, law, 0)),
                HISTORY);
    }

    RuleDesign design() {
        RuleEngine engine = engine();
        Assumption assumption = new Assumption(
                OptionalDouble.of(truth), Optional.of(new Amount(Math.abs(truth / base - 1), Amount.Unit.RELATIVE)));
        return RuleDesign.of(engine, engine.rules().get(0), forecast(), assumption, 28);
    }

    /** The day after which the rule has fired, in each seed; sorted. */
    int[] fired(int seeds) {
        return IntStream.range(0, seeds).map(this::fires).sorted().toArray();
    }

    private int fires(int seed) {
        RuleEngine engine = engine();
        SplittableRandom random = new SplittableRandom(1_000_003L * seed + 17);
        int[] ever = never();
        List<Observation> history = new ArrayList<>();
        if (condition instanceof VersusBaseline) {
            for (int day = -HISTORY; day < 0; day++) {
                history.addAll(observed(random, day, ever, never()).get(0));
            }
        }
        int[] inEvidence = never();
        List<Observation> evidence = new ArrayList<>();
        for (int day = 0; day < DAYS; day++) {
            List<List<Observation>> both = observed(random, day, ever, inEvidence);
            history.addAll(both.get(0));
            evidence.addAll(both.get(1));
            RuleDecision decision = engine.evaluate(
                            new Measurements(evidence, history),
                            ParameterLog.EMPTY,
                            Map.of(),
                            Health.SOUND,
                            Given.day(day + 1))
                    .get(0);
            if (decision.outcome() == Outcome.FIRED) {
                return day + 1;
            }
        }
        return Integer.MAX_VALUE;
    }

    private int[] never() {
        int[] seen = new int[people];
        Arrays.fill(seen, Integer.MIN_VALUE);
        return seen;
    }

    /** The users of a day by when they had come before: ever, and in the evidence. */
    private List<List<Observation>> observed(SplittableRandom random, int day, int[] ever, int[] inEvidence) {
        double[][][][] sums = new double[2][2][TOLD_APART + 1][3];
        int users = people == 0 ? (int) visits : people;
        for (int user = 0; user < users; user++) {
            if (people > 0 && random.nextDouble() >= visits) {
                continue;
            }
            boolean enabled =
                    people == 0 ? random.nextDouble() < propensity : (user * 0.6180339887498949) % 1 < propensity;
            double mean = day >= 0 && (enabled || !(condition instanceof VersusControl)) ? truth : base;
            double value = values.draw(random, mean);
            for (int known = 0; known < 2; known++) {
                double[] sum = sums[known][enabled ? 1 : 0][after(known == 0 ? ever : inEvidence, user, day)];
                sum[0]++;
                sum[1] += value;
                sum[2] += value * value;
            }
        }
        return Arrays.stream(sums).map(known -> observations(day, known)).toList();
    }

    private int after(int[] seen, int user, int day) {
        if (people == 0) {
            return 0;
        }
        int after = seen[user] == Integer.MIN_VALUE ? 0 : Math.min(TOLD_APART, day - seen[user]);
        seen[user] = day;
        return after;
    }

    private List<Observation> observations(int day, double[][][] sums) {
        List<Observation> observations = new ArrayList<>();
        for (Population arm : List.of(Population.ENABLED, Population.CONTROL)) {
            double weight = 1 / (arm == Population.ENABLED ? propensity : 1 - propensity);
            for (int after = 0; after <= TOLD_APART; after++) {
                double[] sum = sums[arm == Population.ENABLED ? 1 : 0][after];
                if (sum[0] > 0) {
                    observations.add(new Observation(
                            "high",
                            arm,
                            metric.name(),
                            Given.day(day),
                            after,
                            Moments.ofSums((long) sum[0], sum[1], sum[2]),
                            new WeightedMoments(
                                    (long) sum[0],
                                    weight * sum[0],
                                    weight * weight * sum[0],
                                    weight * sum[1],
                                    weight * sum[2],
                                    weight * weight * sum[1],
                                    weight * weight * sum[2]),
                            Optional.empty()));
                }
            }
        }
        return observations;
    }
    /** Conversion of the enabled, half of so many new users a day, below a level. */
    static DesignWorld level(double level, double truth, int rules, int users) {
        return new DesignWorld(
                new Level(Population.ENABLED, Given.CONVERSION.name(), Side.BELOW, level),
                Given.CONVERSION,
                Values.SHARE,
                level,
                truth,
                rules,
                500,
                0,
                0,
                users,
                0.5);
    }

    /** A world of a kind, its numbers from a seed. */
    static DesignWorld drawn(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int kind = (int) (seed % 8);
        double base = 0.01 * Math.exp(random.nextDouble() * Math.log(30));
        double distance = 0.1 + 0.25 * random.nextDouble() + (kind == 4 || kind == 6 ? 0.1 : 0);
        // Comparisons with something else than a level, and windows, need more users for the same effect.
        int users = (int) ((kind < 2 || kind == 3 ? 30 : 150) * Math.exp(random.nextDouble() * Math.log(50)));
        double propensity = random.nextBoolean() ? 0.5 : 0.1 + 0.8 * random.nextDouble();
        int rules = 1 + random.nextInt(4);
        long minUsers = 100L * (1 + random.nextInt(10));
        boolean returning = random.nextBoolean();
        int people = returning ? 20 * users : 0;
        double visits = returning ? 0.05 + 0.1 * random.nextDouble() : users;
        Metric share = Given.CONVERSION;
        Metric capped = Given.REVENUE.frozenAt(CAP);
        Metric open = new Metric(
                Given.REVENUE.name(),
                Kind.MEAN,
                "purchase",
                Duration.ofDays(1),
                Given.REVENUE.direction(),
                Optional.empty(),
                HeavyTails.ACCEPTED);
        double money = 5 + 20 * random.nextDouble();
        int window = random.nextBoolean() ? 14 : 28;
        return switch (kind) {
            case 0 ->
                new DesignWorld(
                        new Level(Population.ENABLED, share.name(), Side.BELOW, base),
                        share,
                        Values.SHARE,
                        base,
                        base * (1 - distance),
                        rules,
                        minUsers,
                        0,
                        people,
                        visits,
                        propensity);
            case 1 ->
                new DesignWorld(
                        new Level(Population.EVERYONE, share.name(), Side.ABOVE, base),
                        share,
                        Values.SHARE,
                        base,
                        base * (1 + distance),
                        rules,
                        minUsers,
                        0,
                        people,
                        visits,
                        propensity);
            case 2 ->
                new DesignWorld(
                        new VersusControl(share.name(), Quality.WORSE, new Amount(0.05, Amount.Unit.RELATIVE)),
                        share,
                        Values.SHARE,
                        base,
                        base * (0.95 - distance),
                        rules,
                        minUsers,
                        0,
                        people,
                        visits,
                        propensity);
            case 3 ->
                new DesignWorld(
                        new Level(Population.ENABLED, capped.name(), Side.BELOW, money),
                        capped,
                        Values.PURCHASES,
                        money,
                        money * (1 - distance),
                        rules,
                        minUsers,
                        0,
                        people,
                        visits,
                        propensity);
            case 4 ->
                new DesignWorld(
                        new Level(Population.ENABLED, share.name(), Side.BELOW, base),
                        share,
                        Values.SHARE,
                        base,
                        base * (1 - distance),
                        rules,
                        minUsers,
                        window,
                        people,
                        visits,
                        propensity);
            case 5 ->
                new DesignWorld(
                        new VersusControl(capped.name(), Quality.BETTER, new Amount(0, Amount.Unit.RELATIVE)),
                        capped,
                        Values.PURCHASES,
                        money,
                        money * (1 + distance),
                        rules,
                        minUsers,
                        0,
                        people,
                        visits,
                        propensity);
            case 6 ->
                new DesignWorld(
                        new VersusBaseline(Population.EVERYONE, share.name(), Side.BELOW, 0.05, Duration.ofDays(28)),
                        share,
                        Values.SHARE,
                        base,
                        base * (0.95 - distance),
                        rules,
                        minUsers,
                        window,
                        people,
                        visits,
                        propensity);
            default ->
                new DesignWorld(
                        new VersusControl(open.name(), Quality.WORSE, new Amount(0, Amount.Unit.RELATIVE)),
                        open,
                        random.nextBoolean() ? Values.SPEED : Values.PURCHASES,
                        money,
                        money * (1 - distance),
                        rules,
                        minUsers,
                        random.nextBoolean() ? 14 : 0,
                        people,
                        visits,
                        propensity);
        };
    }
}
