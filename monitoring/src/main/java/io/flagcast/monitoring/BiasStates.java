package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;

import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * How protected groups fare within a score band. Attributes are joined from the users table when a check looks, and
 * never stored with scores, decisions or exposures.
 */
public final class BiasStates {

    /** The group of users of whom an attribute is not known. */
    public static final String UNKNOWN = "unknown";

    /** Lines of the decision that look at the user's score; others treat every group alike, or are no choice of ours. */
    private static final Object[] PERSONAL = {"exploration", "no_benefit", "policy"};

    private BiasStates() {}

    /**
     * Users by protected attribute.
     *
     * @param users valid users
     * @param names of the attributes' columns, at least one
     * @return per attribute a row of {@code user_id}, its name and value (as text) in columns {@code attribute} and {@code protected_group}
     */
    public static Dataset<Row> groups(Dataset<Row> users, List<String> names) {
        Column each = array(names.stream()
                .map(name -> struct(
                        lit(name).as("attribute"),
                        coalesce(col(name).cast("string"), lit(UNKNOWN)).as("protected_group")))
                .toArray(Column[]::new));
        return users.select(col("user_id"), explode(each).as("in")).select("user_id", "in.*");
    }

    /**
     * How many users of a group have the feature, among those whose score decides.
     *
     * @param allocations decisions of one run
     * @param groups see {@link #groups}
     * @param leastUsers smaller groups are left out
     * @return {@code experiment_id}, {@code segment}, {@code attribute}, {@code protected_group}, {@code users} and how many
     *     of them are {@code enabled}
     */
    public static Dataset<Row> enabled(Dataset<Row> allocations, Dataset<Row> groups, long leastUsers) {
        return allocations
                .where(col("segment").isNotNull().and(col("reason").isin(PERSONAL)))
                .select("experiment_id", "user_id", "segment", "enabled")
                .join(groups, "user_id")
                .groupBy("experiment_id", "segment", "attribute", "protected_group")
                .agg(count(lit(1)).as("users"), count_if(col("enabled")).as("enabled"))
                .where(col("users").geq(leastUsers));
    }

    /**
     * What enabled users of a group did, per metric, where the outcomes are in.
     *
     * @param counted see {@link CountedUsers}
     * @param groups see {@link #groups}
     * @param leastUsers smaller groups are left out
     * @return {@code experiment_id}, {@code segment}, {@code metric}, {@code attribute}, {@code protected_group} and the
     *     moments of the metric, {@code observed}
     */
    public static Dataset<Row> outcomes(Dataset<Row> counted, Dataset<Row> groups, long leastUsers) {
        return counted.where(col("enabled")
                        .and(col("segment").notEqual(SegmentMetrics.ALL))
                        .and(col("segment").notEqual(SegmentMetrics.UNSCORED)))
                .select(
                        col("experiment_id"),
                        col("segment"),
                        col("user_id"),
                        explode(col("counted")).as("measured"))
                .where(col("measured.settled"))
                .join(groups, "user_id")
                .groupBy(
                        col("experiment_id"),
                        col("segment"),
                        col("measured.metric"),
                        col("attribute"),
                        col("protected_group"))
                .agg(States.moments(col("measured.y")).as("observed"))
                .where(col("observed.n").geq(leastUsers));
    }
}
