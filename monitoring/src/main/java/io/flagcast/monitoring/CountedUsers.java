package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** The users that health checks count: each once per segment and once in all, by the first exposure there. */
public final class CountedUsers {

    private CountedUsers() {}

    /**
     * One row per experiment, segment (or {@link SegmentMetrics#ALL}) and user.
     *
     * @param firstExposures rows of {@code first_exposures}, see {@link FirstExposures#ofBaseline}
     * @return {@code experiment_id}, {@code segment}, {@code user_id} and what {@code first_exposures} says of the first
     *     exposure there: {@code exposed_at}, {@code enabled}, {@code propensity}, {@code response_if_enabled}, {@code
     *     response_if_not}, {@code counted}
     */
    public static Dataset<Row> of(Dataset<Row> firstExposures) {
        return firstExposures
                .withColumn("in", explode(array(lit(SegmentMetrics.ALL), col("segment"))))
                .groupBy(col("experiment_id"), col("in").as("segment"), col("user_id"))
                .agg(min(struct(
                                "exposed_at",
                                "enabled",
                                "propensity",
                                "response_if_enabled",
                                "response_if_not",
                                "counted"))
                        .as("first"))
                .select("experiment_id", "segment", "user_id", "first.*");
    }
}
