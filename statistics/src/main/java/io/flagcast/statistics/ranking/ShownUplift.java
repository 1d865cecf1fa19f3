package io.flagcast.statistics.ranking;

import io.flagcast.statistics.Interval;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.DoublePredicate;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What users of each score gained when enabled, out of fold, and so from which score on it pays to enable them.
 *
 * <p>Enabling a user pays where the uplift is above a break-even: cost per user over value per unit of the response. The
 * scores from which on the sum of (Γ − break-even) is greatest are, for every break-even at once, those where the isotonic
 * regression of Γ on the score is above it (R. E. Barlow, D. J. Bartholomew, J. M. Bremner, H. D. Brunk, "Statistical
 * Inference under Order Restrictions", 1972, section 1.2: it is the slope of the greatest convex minorant of the cumulative
 * sums). Γ is a doubly robust pseudo-outcome, so that the sum is what the policy would have gained (S. Athey, S. Wager,
 * "Policy Learning with Observational Data", Econometrica 89, 2021, section 2).
 *
 * <p>The greatest of many sums flatters itself. Therefore what a policy is worth is taken from users who did not choose it: the
 * scores of each fold are chosen by the other folds. Each fold is ordered by what was learned without it, so folds share the
 * noise of their pairs, and variances count twice (as in {@link RankWeightedEffect#crossFitted}).
 *
 * @param folds per fold its users by score, to half a point. With one fold there are no others to choose for it, and nothing is
 *     shown
 */
public record ShownUplift(List<List<TargetingCurve.Cell>> folds) implements Serializable {

    private static final int CELLS_PER_POINT = 2;
    private static final int CELLS = 100 * CELLS_PER_POINT + 1;

    /** One-sided confidence of what is shown. */
    private static final double SHOWN = 0.95;

    private static final int BISECTIONS = 50;

    /** The level where nobody is known: no break-even is below it. */
    private static final double NOTHING = -Double.MAX_VALUE;

    /** Standard errors of the mean beyond which everybody pays, or nobody. */
    private static final double FAR = 10;

    /** Whom it pays to enable, as far as is shown. */
    public enum Choice {
        NOBODY,
        EVERYBODY,
        /** Those from a score on. */
        BY_SCORE
    }

    /**
     * By how much one policy gains more than another.
     *
     * @param perUser in the unit of the response, per user whether enabled or not
     * @param error its standard error, at least 0
     */
    public record Gain(double perUser, double error) {

        /** The same in units of which one of the response has so many. */
        public Gain times(double value) {
            return new Gain(value * perUser, value * error);
        }

        /** The two-sided normal interval, for one look. */
        public Interval interval(double confidence) {
            return Interval.normal(perUser, error, confidence);
        }

        /** One-sided lower bound by the normal law, for one look. */
        public double lower(double confidence) {
            return perUser - Interval.STANDARD_NORMAL.inverseCumulativeProbability(confidence) * error;
        }

        /**
         * The mean of what was gained by users of a cross-fitted training, whose folds share the noise of their pairs.
         *
         * @param users at least 1
         * @param sum of what each gained
         * @param squares sum of the squares
         */
        public static Gain crossFitted(long users, double sum, double squares) {
            return of(users, sum, squares, RankWeightedEffect.FOLDS_SHARE_THEIR_PAIRS);
        }

        private static Gain of(long users, double sum, double squares, double variances) {
            double mean = sum / users;
            return new Gain(mean, Math.sqrt(variances * Math.max(0, squares / users - mean * mean) / users));
        }
    }

    /**
     * What is best at a break-even.
     *
     * @param choice whom to enable
     * @param from lowest score that is enabled, 0 for everybody; absent for nobody
     * @param share of users who are enabled, in [0, 1]
     * @param overNobody what the scores chosen by the data gain over nobody, less the break-even for each user enabled
     * @param overEverybody and over everybody
     * @param everybody what everybody gains over nobody
     */
    public record Best(
            Choice choice, OptionalDouble from, double share, Gain overNobody, Gain overEverybody, Gain everybody) {}

    public ShownUplift {
        folds = folds.stream().map(List::copyOf).toList();
        if (folds.stream().allMatch(List::isEmpty)) {
            throw new IllegalArgumentException("ShownUplift: no users; evidence needs some");
        }
    }

    /**
     * From the curves of the folds of a cross-fitted training.
     *
     * @param folds one per fold, scores 0 to 100
     */
    public static ShownUplift of(List<TargetingCurve> folds) {
        return new ShownUplift(folds.stream()
                .map(fold -> List.copyOf(fold.cells().stream()
                        .map(cell -> new TargetingCurve.Cell(
                                cell(cell.score()) / (double) CELLS_PER_POINT,
                                cell.users(),
                                cell.sum(),
                                cell.squares()))
                        .collect(Collectors.toMap(
                                TargetingCurve.Cell::score, cell -> cell, TargetingCurve.Cell::plus, TreeMap::new))
                        .values()))
                .toList());
    }

    /** The place of a score in what {@link #supported} returns. */
    public static int cell(double score) {
        return Math.max(0, Math.min(CELLS - 1, (int) (score * CELLS_PER_POINT)));
    }

    /** Sums by cell of scores. */
    @SuppressWarnings("ArrayRecordComponent") // Never leaves this file.
    private record Sums(long[] users, double[] effects, double[] squares) {

        static Sums none() {
            return new Sums(new long[CELLS], new double[CELLS], new double[CELLS]);
        }

        static Sums of(List<TargetingCurve.Cell> cells) {
            Sums sums = none();
            cells.forEach(own -> {
                int at = cell(own.score());
                sums.users[at] += own.users();
                sums.effects[at] += own.sum();
                sums.squares[at] += own.squares();
            });
            return sums;
        }

        Sums plus(Sums other, int sign) {
            return new Sums(
                    IntStream.range(0, CELLS)
                            .mapToLong(i -> users[i] + sign * other.users[i])
                            .toArray(),
                    added(effects, other.effects, sign),
                    added(squares, other.squares, sign));
        }

        private static double[] added(double[] one, double[] other, int sign) {
            double[] sum = new double[CELLS];
            Arrays.setAll(sum, i -> one[i] + sign * other[i]);
            return sum;
        }

        long total() {
            return Arrays.stream(users).sum();
        }

        /**
         * The isotonic regression of the effect on the score, by pooling neighbours that violate the order; a cell that nobody
         * is in has what the next lower one has.
         */
        double[] isotonic() {
            List<double[]> pools = new ArrayList<>();
            for (int i = 0; i < CELLS; i++) {
                if (users[i] > 0) {
                    double[] pool = {i, (double) users[i], effects[i]};
                    while (!pools.isEmpty() && mean(pools.get(pools.size() - 1)) >= mean(pool)) {
                        double[] lower = pools.remove(pools.size() - 1);
                        pool = new double[] {lower[0], lower[1] + pool[1], lower[2] + pool[2]};
                    }
                    pools.add(pool);
                }
            }
            double[] levels = new double[CELLS];
            if (pools.isEmpty()) {
                Arrays.fill(levels, NOTHING);
                return levels;
            }
            for (int i = 0, at = 0; i < CELLS; i++) {
                while (at + 1 < pools.size() && pools.get(at + 1)[0] <= i) {
                    at++;
                }
                levels[i] = mean(pools.get(at));
            }
            return levels;
        }

        private static double mean(double[] pool) {
            return pool[2] / pool[1];
        }
    }

    /** The sums of all folds, and per fold its own with the levels that the others have shown. */
    @SuppressWarnings("ArrayRecordComponent") // Never leaves this file.
    private record Evidence(Sums all, List<Sums> own, List<double[]> others) {

        static Evidence of(List<List<TargetingCurve.Cell>> folds) {
            List<Sums> own = folds.stream().map(Sums::of).toList();
            Sums all = own.stream().reduce(Sums.none(), (one, other) -> one.plus(other, 1));
            return new Evidence(
                    all,
                    own,
                    own.stream().map(fold -> all.plus(fold, -1).isotonic()).toList());
        }

        /** What enabling those gains whose level is above the break-even (sign 1), or not enabling the others (sign −1). */
        private Gain gain(double breakEven, int sign) {
            double sum = 0;
            double squares = 0;
            for (int fold = 0; fold < own.size(); fold++) {
                Sums cells = own.get(fold);
                for (int i = 0; i < CELLS; i++) {
                    boolean pays = others.get(fold)[i] > breakEven;
                    if (pays == (sign > 0)) {
                        sum += sign * (cells.effects[i] - breakEven * cells.users[i]);
                        squares += cells.squares[i]
                                - 2 * breakEven * cells.effects[i]
                                + breakEven * breakEven * cells.users[i];
                    }
                }
            }
            return Gain.crossFitted(all.total(), sum, squares);
        }

        Gain overNobody(double breakEven) {
            return gain(breakEven, 1);
        }

        Gain overEverybody(double breakEven) {
            return gain(breakEven, -1);
        }

        Gain everybody(double breakEven) {
            long n = all.total();
            double effects = Arrays.stream(all.effects).sum();
            double squares = Arrays.stream(all.squares).sum() - 2 * breakEven * effects + breakEven * breakEven * n;
            return Gain.of(n, effects - breakEven * n, squares, 1);
        }

        double[] supported() {
            double[] levels = all.isotonic();
            // Below it everybody is shown to pay, and no choice of scores to pay more.
            double everybody = Math.min(
                    everybody(0).lower(SHOWN),
                    last(breakEven -> overEverybody(breakEven).lower(SHOWN) <= 0));
            // From it on no choice of scores is shown to pay.
            double nobody = last(breakEven -> overNobody(breakEven).lower(SHOWN) > 0);
            DoubleUnaryOperator kept = level -> Math.max(everybody, Math.min(nobody, level));
            return Arrays.stream(levels).map(kept).toArray();
        }

        /** The greatest break-even up to which something holds that holds for low ones and not for high ones. */
        private double last(DoublePredicate holds) {
            Gain mean = everybody(0);
            double low = mean.perUser() - FAR * mean.error();
            double high = mean.perUser() + FAR * mean.error();
            for (double[] levels : others) {
                low = Math.min(low, levels[0] == NOTHING ? low : levels[0]);
                high = Math.max(high, levels[CELLS - 1]);
            }
            for (int i = 0; i < BISECTIONS; i++) {
                double middle = (low + high) / 2;
                if (holds.test(middle)) {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            return low;
        }
    }

    /**
     * The uplift that users of each score have shown, as far as evidence goes: it pays to enable them where it is above the
     * break-even. It is the isotonic regression, no higher than the greatest break-even at which the scores that it chooses are
     * shown (one-sided 95 %) to gain more than nobody does, and no lower than the one up to which everybody is shown to gain more
     * than nobody, and no choice of scores more than everybody.
     *
     * @return by {@link #cell} of the score, never falling, in the unit of the response
     */
    public List<Double> supported() {
        return Arrays.stream(Evidence.of(folds).supported()).boxed().toList();
    }

    /** The uplift that the average user is shown to have, whatever the scores: its one-sided 95 % bound. */
    public double ofEverybody() {
        return Evidence.of(folds).everybody(0).lower(SHOWN);
    }

    /**
     * Whom it pays to enable, and what that is worth.
     *
     * @param breakEven uplift from which on enabling a user pays, in the unit of the response
     */
    public Best best(double breakEven) {
        Evidence evidence = Evidence.of(folds);
        double[] supported = evidence.supported();
        long[] users = evidence.all.users;
        OptionalDouble first = IntStream.range(0, CELLS)
                .filter(i -> users[i] > 0 && supported[i] > breakEven)
                .mapToDouble(i -> (double) i / CELLS_PER_POINT)
                .findFirst();
        long enabled = IntStream.range(0, CELLS)
                .filter(i -> supported[i] > breakEven)
                .mapToLong(i -> users[i])
                .sum();
        double share = (double) enabled / evidence.all.total();
        return new Best(
                share == 0 ? Choice.NOBODY : share == 1 ? Choice.EVERYBODY : Choice.BY_SCORE,
                share == 1 ? OptionalDouble.of(0) : first,
                share,
                evidence.overNobody(breakEven),
                evidence.overEverybody(breakEven),
                evidence.everybody(breakEven));
    }

    /** Whether a user of a fold would be enabled by what the other folds say, per fold by {@link #cell} of the score. */
    public List<boolean[]> chosenByOthers(double breakEven) {
        return Evidence.of(folds).others.stream()
                .map(levels -> {
                    boolean[] chosen = new boolean[CELLS];
                    IntStream.range(0, CELLS).forEach(i -> chosen[i] = levels[i] > breakEven);
                    return chosen;
                })
                .toList();
    }
}
