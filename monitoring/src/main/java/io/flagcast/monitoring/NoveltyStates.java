package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.floor;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.unix_micros;

import io.flagcast.statistics.WeightedMoments;
import java.time.Instant;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What users do in each day since their first exposure, over users who could have got either answer. A day of a user
 * counts when it is over, so days differ in their users: later ones have fewer.
 */
public final class NoveltyStates {

    /** Days since the first exposure that are looked at. */
    public static final int DAYS = 14;

    private static final double MICROS_PER_DAY = 86_400e6;

    private NoveltyStates() {}

    /**
     * How many users have lived how many days with their answer.
     *
     * @param counted see {@link CountedUsers}
     * @return {@code experiment_id}, {@code enabled}, {@code days} that are over, from 1 to {@link #DAYS}, and the
     *     weighted {@code state} of those users, of the value 0
     */
    public static Dataset<Row> users(Dataset<Row> counted, Instant asOf) {
        return drawn(counted, asOf)
                .where(col("days").geq(1))
                .groupBy("experiment_id", "enabled", "days")
                .agg(States.weighted(col("weight"), lit(0.0)).as("state"));
    }

    /**
     * What they did: sums over the users who did something.
     *
     * @param counted see {@link CountedUsers}
     * @param actions valid outcomes before the as-of
     * @param names outcomes that are metrics
     * @return {@code experiment_id}, {@code enabled}, {@code outcome}, {@code day} (0 is the first), and the weighted sums
     *     of two values of a user and day: 1 ({@code did}) and the summed amount ({@code amount})
     */
    public static Dataset<Row> outcomes(Dataset<Row> counted, Dataset<Row> actions, List<String> names, Instant asOf) {
        Dataset<Row> happened = actions.where(col("outcome").isin(names.toArray()))
                .select(
                        col("user_id"),
                        col("outcome"),
                        col("occurred_at"),
                        coalesce(col("value"), lit(1.0)).as("value"));
        return drawn(counted, asOf)
                .where(col("days").geq(1))
                .join(happened, "user_id")
                .withColumn("day", daysBetween(col("exposed_at"), col("occurred_at")))
                .where(col("day").geq(0).and(col("day").lt(col("days"))))
                .groupBy("experiment_id", "enabled", "user_id", "weight", "outcome", "day")
                .agg(sum("value").as("value"))
                .groupBy("experiment_id", "enabled", "outcome", "day")
                .agg(
                        States.weighted(col("weight"), lit(1.0)).as("did"),
                        States.weighted(col("weight"), col("value")).as("amount"));
    }

    /**
     * The sums of a day over all users who have lived it: those who did something, and the others with the value 0.
     *
     * @param lived sums of the weights of all of them, of any value
     * @param did sums over those who did something
     */
    public static WeightedMoments day(WeightedMoments lived, WeightedMoments did) {
        return new WeightedMoments(lived.n(), lived.w(), lived.w2(), did.wy(), did.wy2(), did.w2y(), did.w2y2());
    }

    private static Dataset<Row> drawn(Dataset<Row> counted, Instant asOf) {
        return counted.where(col("segment").equalTo(SegmentMetrics.ALL).and(States.isDrawn()))
                .select(
                        col("experiment_id"),
                        col("user_id"),
                        col("exposed_at"),
                        col("enabled"),
                        States.weight().as("weight"),
                        least(daysBetween(col("exposed_at"), lit(asOf)), lit((long) DAYS))
                                .as("days"));
    }

    private static Column daysBetween(Column from, Column to) {
        return floor(unix_micros(to).minus(unix_micros(from)).divide(MICROS_PER_DAY));
    }
}
