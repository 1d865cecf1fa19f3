package io.flagcast.statistics.heterogeneity;

import io.flagcast.statistics.heterogeneity.BestLinearPrediction.Sums;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.CholeskyDecomposition;

/**
 * A feature that is trained every week: users with normal predictors are enabled by a coin, respond or do not, and a linear
 * T-learner in five folds predicts their uplift, as {@code t_linear} does but by least squares.
 *
 * @param predictors how many, at least 2
 * @param usersAWeek new users of a week, of both arms
 * @param difference by which a deviation of the second predictor raises the uplift; 0 for the same uplift for everybody
 * @param lastsWeeks weeks whose users differ so; those of later weeks do not
 * @param window weeks that a training sees; as many as there are where examples accumulate
 */
record WeeklyTrainings(int predictors, int usersAWeek, double difference, int lastsWeeks, int window) {

    static final int WEEKS = 26;

    private static final int FOLDS = 5;

    static WeeklyTrainings accumulating(int predictors, int usersAWeek, double difference) {
        return new WeeklyTrainings(predictors, usersAWeek, difference, WEEKS, WEEKS);
    }

    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    private record User(double[] x, boolean enabled, double response, int fold) {

        int arm() {
            return enabled ? 1 : 0;
        }
    }

    /**
     * The users of a week.
     *
     * @param equations by arm and fold: normal equations, Σ x xᵀ with Σ x y in the last column
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    private record Week(List<User> users, double[][][][] equations) {}

    /** The sums of each week's training. */
    List<Sums> trainings(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Week> weeks = new ArrayList<>();
        List<Sums> trainings = new ArrayList<>();
        for (int week = 0; week < WEEKS; week++) {
            Week next = new Week(
                    users(random, week < lastsWeeks ? difference : 0),
                    new double[2][FOLDS][predictors + 1][predictors + 2]);
            next.users().forEach(user -> add(next.equations()[user.arm()][user.fold()], user));
            weeks.add(next);
            trainings.add(trained(weeks.subList(Math.max(0, week + 1 - window), week + 1)));
        }
        return trainings;
    }

    private List<User> users(RandomGenerator random, double effect) {
        List<User> users = new ArrayList<>();
        for (int i = 0; i < usersAWeek; i++) {
            double[] x = new double[predictors + 1];
            x[0] = 1;
            for (int j = 1; j <= predictors; j++) {
                x[j] = random.nextGaussian();
            }
            boolean enabled = random.nextBoolean();
            double rate = 0.3 + 0.04 * x[1] + (enabled ? 0.02 + effect * x[2] : 0);
            users.add(new User(x, enabled, random.nextDouble() < rate ? 1 : 0, random.nextInt(FOLDS)));
        }
        return users;
    }

    private Sums trained(List<Week> weeks) {
        double[][][] fitted = new double[2][FOLDS][];
        for (int arm = 0; arm < 2; arm++) {
            for (int fold = 0; fold < FOLDS; fold++) {
                fitted[arm][fold] = solved(weeks, arm, fold);
            }
        }
        double[] sums = new double[Sums.EXPONENTS.size()];
        weeks.forEach(week -> week.users().forEach(user -> {
            double ifNot = product(fitted[0][user.fold()], user.x());
            double ifEnabled = product(fitted[1][user.fold()], user.x());
            double x = ifEnabled - ifNot;
            // Kennedy's pseudo-outcome with a propensity of ½.
            double y = x + 2 * (user.enabled() ? user.response() - ifEnabled : ifNot - user.response());
            double[] powers = {
                1,
                x,
                x * x,
                x * x * x,
                x * x * x * x,
                y,
                x * y,
                x * x * y,
                x * x * x * y,
                y * y,
                x * y * y,
                x * x * y * y
            };
            for (int i = 0; i < sums.length; i++) {
                sums[i] += powers[i];
            }
        }));
        return Sums.of(sums);
    }

    private static void add(double[][] equations, User user) {
        double[] x = user.x();
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < x.length; j++) {
                equations[i][j] += x[i] * x[j];
            }
            equations[i][x.length] += x[i] * user.response();
        }
    }

    /** Least squares over the users of an arm without those of a fold. */
    private double[] solved(List<Week> weeks, int arm, int without) {
        int size = predictors + 1;
        double[][] left = new double[size][size];
        double[] right = new double[size];
        for (Week week : weeks) {
            for (int fold = 0; fold < FOLDS; fold++) {
                for (int i = 0; i < size && fold != without; i++) {
                    double[] row = week.equations()[arm][fold][i];
                    for (int j = 0; j < size; j++) {
                        left[i][j] += row[j];
                    }
                    right[i] += row[size];
                }
            }
        }
        return new CholeskyDecomposition(new Array2DRowRealMatrix(left, false))
                .getSolver()
                .solve(new ArrayRealVector(right, false))
                .toArray();
    }

    private static double product(double[] weights, double[] x) {
        double product = 0;
        for (int i = 0; i < x.length; i++) {
            product += weights[i] * x[i];
        }
        return product;
    }

    /**
     * What half a year of verdicts was like.
     *
     * @param inForce whether "heterogeneous" was in force, week by week
     */
    record Course(List<Boolean> inForce) {

        Course {
            inForce = List.copyOf(inForce);
        }

        boolean claimed() {
            return inForce.contains(true);
        }

        /** Changes from a week to the next; a first claim is one, too. */
        int flips() {
            int flips = 0;
            for (int week = 1; week < inForce.size(); week++) {
                flips += inForce.get(week).equals(inForce.get(week - 1)) ? 0 : 1;
            }
            return flips;
        }

        /** Weeks until the first claim, from 1 on; one more than there are where none is made. */
        int firstClaim() {
            return claimed() ? inForce.indexOf(true) + 1 : inForce.size() + 1;
        }

        /** Weeks with a claim from a week on. */
        long weeksInForce(int from) {
            return inForce.subList(from, inForce.size()).stream()
                    .filter(is -> is)
                    .count();
        }
    }

    /** Every training judged alone, at one level. */
    static Course eachAlone(List<Sums> trainings, double level) {
        return new Course(trainings.stream()
                .map(sums -> sums.interpret().orElseThrow().p() < level)
                .toList());
    }

    /** Trainings judged together, a claim in force until it is refuted. */
    Course together(List<Sums> trainings, double level) {
        // As of t_linear: the coefficients of both arms.
        CrossFitting made = new CrossFitting(FOLDS, OptionalInt.of(2 * (predictors + 1)));
        OptionalDouble claimed = OptionalDouble.empty();
        List<Boolean> inForce = new ArrayList<>();
        for (Sums sums : trainings) {
            RepeatedVerdict.Verdict verdict = new RepeatedVerdict(level, inForce.size() + 1, claimed)
                    .judge(sums.interpret().orElseThrow(), sums.deviation(), made);
            claimed = switch (verdict.outcome()) {
                case SHOWN, KEPT -> OptionalDouble.of(verdict.claimed());
                case REFUTED -> OptionalDouble.empty();
                // The model in use stays, with its claim.
                case NOT_SHOWN -> claimed;
            };
            inForce.add(claimed.isPresent());
        }
        return new Course(inForce);
    }
}
