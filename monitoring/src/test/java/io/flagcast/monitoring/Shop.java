package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;

import io.flagcast.statistics.Arrivals;
import io.flagcast.statistics.Metric;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Who met experiment e and bought, in one lake that several tests measure. */
final class Shop {

    static final Instant AS_OF = Instant.parse("2026-01-10T00:00:00Z");
    static final Metric CONVERSION = new Metric(
            "conversion", Metric.Kind.PROPORTION, "buy", Duration.ofDays(1), Metric.Direction.HIGHER_IS_BETTER);
    static final Metric REVENUE =
            new Metric("revenue", Metric.Kind.MEAN, "buy", Duration.ofDays(2), Metric.Direction.HIGHER_IS_BETTER);

    /** What a purchase is worth within two days. */
    static final Metric ORDER_VALUE = new Metric(
            "order_value",
            Metric.Kind.RATIO,
            "buy",
            Optional.of(new Metric.Denominator("buy", Metric.Denominator.Counted.ROWS)),
            Duration.ZERO,
            Duration.ofDays(2),
            Metric.Direction.HIGHER_IS_BETTER,
            Optional.empty(),
            Metric.HeavyTails.NOT_ACCEPTED,
            Optional.empty());
    /** Who buys on the second day. */
    static final Metric RETURN = new Metric(
            "return",
            Metric.Kind.PROPORTION,
            "buy",
            Optional.empty(),
            Duration.ofDays(1),
            Duration.ofDays(1),
            Metric.Direction.HIGHER_IS_BETTER,
            Optional.empty(),
            Metric.HeavyTails.NOT_ACCEPTED,
            Optional.empty());

    /** Four users of segment high; a is met twice, in another arm the second time. */
    static final String EXPOSURES = "('a', true, '2026-01-01 10:00:00', 0.5, 'high', 1L),"
            + "('a', false, '2026-01-02 09:00:00', 0.5, 'high', 1L),"
            + "('b', true, '2026-01-01 12:00:00', 0.25, 'high', 1L),"
            + "('c', false, '2026-01-01 13:00:00', 0.5, 'high', 2L),"
            + "('d', false, '2026-01-02 08:00:00', 0.75, 'high', 2L)";
    /** Within a day a buys for 15, within two for 22; c for 1, which is no value; b not; d only before. */
    static final String OUTCOMES = "('a', 'buy', 10, '2026-01-01 10:00:00'), ('a', 'buy', 5, '2026-01-02 09:59:59'),"
            + "('a', 'buy', 7, '2026-01-02 10:00:00'), ('a', 'buy', 99, '2026-01-03 10:00:00'),"
            + "('a', 'click', 99, '2026-01-01 11:00:00'), ('c', 'buy', NULL, '2026-01-01 14:00:00'),"
            + "('d', 'buy', 4, '2026-01-02 07:59:59'), ('stranger', 'buy', 4, '2026-01-02 09:00:00')";

    private Shop() {}

    /** Exposures as {@code (user_id, enabled, at, propensity, segment, version), …}. */
    static Dataset<Row> exposures(SparkSession spark, String rows) {
        return spark.sql("SELECT 'e' AS experiment_id, user_id, enabled, CAST(at AS TIMESTAMP) AS exposed_at,"
                + " CAST(propensity AS DOUBLE) AS propensity, CAST(segment AS STRING) AS segment,"
                + " CAST(version AS BIGINT) AS parameters_version, 0D AS score, 'policy' AS reason, 'r' AS run_id FROM VALUES "
                + rows + " AS t(user_id, enabled, at, propensity, segment, version)");
    }

    /** Outcomes as {@code (user_id, outcome, value, at), …}. */
    static Dataset<Row> outcomes(SparkSession spark, String rows) {
        return spark.sql("SELECT user_id, outcome, CAST(value AS DOUBLE) AS value, CAST(at AS TIMESTAMP) AS occurred_at"
                + " FROM VALUES " + rows + " AS t(user_id, outcome, value, at)");
    }

    static Dataset<Row> counted(Dataset<Row> exposures, Dataset<Row> outcomes, List<MeasuredExperiment> experiments) {
        return counted(exposures, outcomes, Arrivals.complete(AS_OF), experiments);
    }

    static Dataset<Row> counted(
            Dataset<Row> exposures, Dataset<Row> outcomes, Arrivals arrivals, List<MeasuredExperiment> experiments) {
        return FirstExposures.counted(
                described(FirstExposures.of(exposures, experiments)), outcomes, arrivals, experiments);
    }

    /** User b is in a cell that a bandit learns of where there is a score, and every second letter is in Germany. */
    static Dataset<Row> described(Dataset<Row> first) {
        return first.withColumn("response_if_enabled", lit(0.5))
                .withColumn("response_if_not", lit(0.25))
                .withColumn(
                        "cells",
                        expr(
                                "array_compact(array(IF(user_id = 'b' AND segment != 'unscored', '{\"plan\":\"pro\"}', NULL),"
                                        + " IF(user_id IN ('b', 'd'), 'country=DE', NULL)))"));
    }
}
