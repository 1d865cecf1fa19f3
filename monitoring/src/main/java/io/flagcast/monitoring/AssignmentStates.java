package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.bool_or;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.log1p;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.sum;

import io.flagcast.statistics.assignment.Assignment;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** How users came to their arms, and whether they stayed. */
public final class AssignmentStates {

    private AssignmentStates() {}

    /**
     * The {@link Assignment} of each experiment and segment, over users who could have got either answer.
     *
     * @param counted see {@link CountedUsers}
     * @return {@code experiment_id}, {@code segment} and the components of the assignment
     */
    public static Dataset<Row> assignments(Dataset<Row> counted) {
        Column p = col("propensity");
        Column[] tilted = Assignment.TILTS.stream()
                .map(tilt -> sum(log1p(p.multiply(Math.expm1(tilt)))))
                .toArray(Column[]::new);
        return counted.where(States.isDrawn())
                .groupBy("experiment_id", "segment")
                .agg(
                        count(lit(1)).as("n"),
                        count_if(col("enabled")).as("enabled"),
                        sum(p).as("expected"),
                        sum(p.multiply(lit(1.0).minus(p))).as("variance"),
                        array(tilted).as("log_tilted"));
    }

    /** The state that a row of {@link #assignments} holds. */
    public static Assignment assignment(Row row) {
        return new Assignment(
                row.<Long>getAs("n"),
                row.<Long>getAs("enabled"),
                row.<Double>getAs("expected"),
                row.<Double>getAs("variance"),
                row.getList(row.fieldIndex("log_tilted")));
    }

    /**
     * Users who got two answers under one version of the parameters, in one run: in one segment or in two. Exposures that
     * log neither are of one version and run, as far as anybody can tell; and where such an answer is not what was decided at the
     * time, nobody can tell what any other answer to this user was decided by.
     *
     * @param firstExposures rows of {@code first_exposures}
     * @param elsewhere the reason of answers that were not decided here
     * @return per {@code experiment_id} its {@code users}, how many of them are {@code contradictory}, and how many {@code
     *     unlogged}: contradictory by exposures that log neither
     */
    public static Dataset<Row> contradictions(Dataset<Row> firstExposures, String elsewhere) {
        Column differ = min("least").notEqual(max("greatest"));
        Column bare = col("parameters_version").equalTo(0).and(col("decided_by").equalTo(""));
        return firstExposures
                .groupBy("experiment_id", "user_id", "parameters_version", "decided_by")
                .agg(
                        min("enabled").as("least"),
                        max("enabled").as("greatest"),
                        bool_or(col("contradictory"))
                                .or(min("enabled").notEqual(max("enabled")))
                                .as("both"),
                        coalesce(bool_or(col("reason").equalTo(elsewhere)), lit(false))
                                .as("elsewhere"))
                .groupBy("experiment_id", "user_id")
                .agg(
                        bool_or(col("both")).as("both"),
                        bool_or(col("both").and(bare)).as("bare"),
                        bool_or(col("elsewhere")).and(differ).as("elsewhere"))
                .withColumn("both", col("both").or(col("elsewhere")))
                .withColumn("unlogged", col("bare").or(col("elsewhere")))
                .groupBy("experiment_id")
                .agg(
                        count(lit(1)).as("users"),
                        count_if(col("both")).as("contradictory"),
                        count_if(col("unlogged")).as("unlogged"));
    }
}
