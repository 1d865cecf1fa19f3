package io.flagcast.training;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import io.flagcast.statistics.Metric;
import io.flagcast.training.learners.TrainingSettings;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What the examples of a feature are, and whether they are enough to learn from.
 *
 * @param arms users of each arm who could have been in the other
 * @param unknown users whose propensity is not logged
 * @param certain users with propensity 0 or 1
 * @param clipped users whose propensity is clipped
 * @param fresh users per arm whose outcomes the live model does not know
 */
record ExampleCounts(Map<Boolean, Arm> arms, long unknown, long certain, long clipped, Map<Boolean, Long> fresh) {

    /**
     * Counts of one arm.
     *
     * @param users how many
     * @param responses their sum
     */
    record Arm(long users, double responses) {

        double rate() {
            return responses / users;
        }

        /**
         * Why nothing can be learned from such users, if so.
         *
         * @param what they are, in words
         */
        Optional<String> tooLittle(String what, Metric.Kind kind, TrainingSettings settings) {
            if (users < settings.minUsersPerArm()) {
                return Optional.of("%s: %,d users, needs flagcast.training.min-users-per-arm %,d"
                        .formatted(what, users, settings.minUsersPerArm()));
            }
            if (kind == Metric.Kind.MEAN) {
                return responses == 0
                        ? Optional.of("%s: the values of %,d users add up to 0, needs outcomes".formatted(what, users))
                        : Optional.empty();
            }
            return responses == 0 || responses == users
                    ? Optional.of(
                            "%s: %,.0f of %,d users responded, needs both kinds".formatted(what, responses, users))
                    : Optional.empty();
        }
    }

    /**
     * Counts.
     *
     * @param examples {@code enabled}, {@code propensity}, {@code response} and {@code fresh}
     */
    static ExampleCounts of(Dataset<Row> examples, Propensities propensities) {
        Column usable = Propensities.usable();
        Map<Boolean, Arm> arms = new TreeMap<>(Map.of(true, new Arm(0, 0), false, new Arm(0, 0)));
        Map<Boolean, Long> fresh = new HashMap<>(Map.of(true, 0L, false, 0L));
        long unknown = 0;
        long certain = 0;
        long clipped = 0;
        for (Row row : examples.groupBy("enabled")
                .agg(
                        count(when(usable, 1)),
                        coalesce(sum(when(usable, col("response"))), lit(0.0)),
                        count(when(col("propensity").isNull(), 1)),
                        count(when(not(usable), 1)),
                        count(when(
                                usable.and(
                                        propensities.clipped(col("propensity")).notEqual(col("propensity"))),
                                1)),
                        count(when(usable.and(col("fresh")), 1)))
                .collectAsList()) {
            arms.put(row.getBoolean(0), new Arm(row.getLong(1), row.getDouble(2)));
            unknown += row.getLong(3);
            certain += row.getLong(4);
            clipped += row.getLong(5);
            fresh.put(row.getBoolean(0), row.getLong(6));
        }
        return new ExampleCounts(arms, unknown, certain, clipped, fresh);
    }

    /** Users of both arms. */
    long users() {
        return arms.values().stream().mapToLong(Arm::users).sum();
    }

    /** Why nothing can be learned yet, if so. */
    Optional<String> tooLittle(Metric.Kind kind, TrainingSettings settings) {
        return arms.entrySet().stream()
                .sorted(Map.Entry.<Boolean, Arm>comparingByKey().reversed())
                .map(arm ->
                        arm.getValue().tooLittle(arm.getKey() ? "the enabled arm" : "the control arm", kind, settings))
                .flatMap(Optional::stream)
                .findFirst()
                .map(reason -> certain == 0
                        ? reason
                        : "%s; %,d users with propensity 0 or 1 cannot be compared: give the experiment an exploration slice"
                                .formatted(reason, certain));
    }
}
