package io.flagcast.training.usage;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;

import io.flagcast.statistics.EmpiricalBayes;
import io.flagcast.statistics.Moments;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Factors of the users of an attribute's levels. An affinity is linear in the factors of a user, so that these few sums give, of every
 * feature, the mean affinity of a level and how much affinities vary within levels.
 *
 * @param attribute a categorical predictor
 * @param levels its most frequent ones
 * @param within sum over the users of u uᵀ, u their distance from the mean of their level: its lower triangle, row by row
 */
public record GroupFactors(String attribute, Map<String, Level> levels, List<Float> within) {

    /** Levels of an attribute that stand for their users: the most frequent, of so many users. */
    public static final int MOST_LEVELS = 100;

    public static final int LEAST_USERS_OF_A_LEVEL = 20;

    /**
     * The users of a level.
     *
     * @param users how many
     * @param mean of their factors
     */
    public record Level(long users, List<Float> mean) implements Serializable {

        public Level {
            mean = List.copyOf(mean);
        }
    }

    public GroupFactors {
        levels = Map.copyOf(levels);
        within = List.copyOf(within);
    }

    /**
     * The factors by level.
     *
     * @param users {@code factors} and the attribute
     * @return absent where no level is of enough users
     */
    public static Optional<GroupFactors> of(Dataset<Row> users, int rank, String attribute) {
        Map<String, Integer> places = new TreeMap<>();
        users.where(col(attribute).isNotNull())
                .groupBy(col(attribute))
                .agg(count(lit(1)).as("n"))
                .where(col("n").geq(LEAST_USERS_OF_A_LEVEL))
                .orderBy(col("n").desc(), col(attribute))
                .limit(MOST_LEVELS)
                .collectAsList()
                .forEach(row -> places.put(row.getString(0), places.size()));
        if (places.isEmpty()) {
            return Optional.empty();
        }
        FlatMapFunction<Iterator<Row>, Sums> sum = rows -> {
            Sums sums = new Sums(places.size(), rank);
            rows.forEachRemaining(row -> sums.add(places.get(row.getString(1)), row.getList(0)));
            return List.of(sums).iterator();
        };
        Sums all = new Sums(places.size(), rank);
        users.where(col(attribute).isin(places.keySet().toArray()))
                .select(col("factors"), col(attribute))
                .javaRDD()
                .mapPartitions(sum)
                .collect()
                .forEach(all::add);
        return Optional.of(all.byLevel(attribute, places));
    }

    /** What is expected of the levels' users, of a feature with these factors; absent where levels differ no more than noise does. */
    public Optional<EmpiricalBayes> expected(double[] item) {
        long users = levels.values().stream().mapToLong(Level::users).sum();
        double squares = Math.max(0, quadratic(item));
        Map<String, Moments> moments = new TreeMap<>();
        // Only the sum of the squares counts: every level has its part.
        levels.forEach((level, of) ->
                moments.put(level, new Moments(of.users(), product(of.mean(), item), squares * of.users() / users)));
        return EmpiricalBayes.of(moments).filter(found -> found.betweenVariance() > 0);
    }

    private double quadratic(double[] item) {
        double sum = 0;
        int at = 0;
        for (int i = 0; i < item.length; i++) {
            for (int j = 0; j <= i; j++) {
                sum += (i == j ? 1 : 2) * within.get(at++) * item[i] * item[j];
            }
        }
        return sum;
    }

    private static double product(List<Float> mean, double[] item) {
        double product = 0;
        for (int i = 0; i < item.length; i++) {
            product += mean.get(i) * item[i];
        }
        return product;
    }

    /** Sums over users: they merge by adding up. */
    private static final class Sums implements Serializable {

        private static final long serialVersionUID = 1L;

        private final int rank;
        /** Per level the number of users, then the sums of their factors. */
        private final double[][] levels;

        private final double[] squares;

        Sums(int levels, int rank) {
            this.rank = rank;
            this.levels = new double[levels][1 + rank];
            this.squares = new double[rank * (rank + 1) / 2];
        }

        void add(int level, List<Double> user) {
            double[] own = levels[level];
            own[0]++;
            int at = 0;
            for (int i = 0; i < rank; i++) {
                own[1 + i] += user.get(i);
                for (int j = 0; j <= i; j++) {
                    squares[at++] += user.get(i) * user.get(j);
                }
            }
        }

        void add(Sums other) {
            for (int level = 0; level < levels.length; level++) {
                plus(levels[level], other.levels[level]);
            }
            plus(squares, other.squares);
        }

        private static void plus(double[] sums, double[] others) {
            for (int i = 0; i < sums.length; i++) {
                sums[i] += others[i];
            }
        }

        GroupFactors byLevel(String attribute, Map<String, Integer> places) {
            double[] within = squares.clone();
            Map<String, Level> named = new TreeMap<>();
            places.forEach((level, place) -> {
                double[] own = levels[place];
                List<Float> mean = new ArrayList<>();
                int at = 0;
                for (int i = 0; i < rank; i++) {
                    mean.add((float) (own[1 + i] / own[0]));
                    for (int j = 0; j <= i; j++) {
                        within[at++] -= own[1 + i] * own[1 + j] / own[0];
                    }
                }
                named.put(level, new Level((long) own[0], mean));
            });
            List<Float> rounded = new ArrayList<>();
            for (double sum : within) {
                rounded.add((float) sum);
            }
            return new GroupFactors(attribute, named, rounded);
        }
    }
}
