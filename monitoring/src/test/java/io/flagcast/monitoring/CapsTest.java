package io.flagcast.monitoring;

import static io.flagcast.monitoring.Exposed.START;
import static io.flagcast.monitoring.Exposed.user;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.statistics.Arrivals;
import io.flagcast.statistics.Cap;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Values 0 to 9 of ten users, of whom the last's window is still open; and one below 0. */
@ExtendWith(SharedSpark.class)
class CapsTest {

    private static final Instant CLOSED = START.plus(Duration.ofDays(1));
    private static final Instant OPEN = START.plus(Duration.ofDays(4));
    private static final Instant AS_OF = START.plus(Duration.ofDays(2));
    /** Named as the metric of {@link Exposed}. */
    private static final Metric METRIC = new Metric(
            "conversion",
            Metric.Kind.MEAN,
            "buy",
            Duration.ofDays(1),
            Metric.Direction.HIGHER_IS_BETTER,
            Optional.of(new Cap.Quantile(0.75)),
            Metric.HeavyTails.NOT_ACCEPTED);

    private static final MeasuredExperiment DECLARED = new MeasuredExperiment("e", List.of(METRIC), Map.of());

    private final SparkSession spark;

    CapsTest(SparkSession spark) {
        this.spark = spark;
    }

    private Dataset<Row> rows() {
        List<Exposed> rows = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            rows.add(user("u" + i, i % 2 == 0).counted(i < 9 ? CLOSED : OPEN, i));
        }
        rows.add(user("refunded", true).counted(CLOSED, -3));
        return Exposed.table(spark, rows.toArray(Exposed[]::new));
    }

    private static List<Double> values(Dataset<Row> rows) {
        return rows.selectExpr("user_id", "counted[0].y AS y").orderBy("user_id").collectAsList().stream()
                .map(row -> row.getDouble(1))
                .toList();
    }

    @Test
    void aCappedValueLiesBetweenZeroAndTheCap() {
        List<MeasuredExperiment> capped = List.of(DECLARED.withCaps(Map.of("conversion", 4.5)));

        Dataset<Row> applied = Caps.applied(rows(), capped);

        assertThat(values(applied)).containsExactly(0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 4.5, 4.5, 4.5, 4.5, 4.5);
        assertThat(values(Caps.applied(applied, capped))).isEqualTo(values(applied));
        assertThat(applied.columns()).containsExactly(rows().columns());
    }

    @Test
    void withoutACapAndBeforeItIsLookedUpAllCounts() {
        assertThat(values(Caps.applied(rows(), List.of(DECLARED)))).isEqualTo(values(rows()));
        assertThat(values(Caps.applied(
                        rows(), List.of(new MeasuredExperiment("other", List.of(METRIC.frozenAt(1)), Map.of())))))
                .isEqualTo(values(rows()));
    }

    @Test
    void aQuantileIsOpenUntilItHasAValue() {
        assertThat(DECLARED.openCaps()).containsExactly(Map.entry("conversion", 0.75));
        assertThat(DECLARED.withCaps(Map.of("conversion", 4.5)).openCaps()).isEmpty();
        assertThat(DECLARED.withCaps(Map.of("another", 4.5))).isEqualTo(DECLARED);
    }

    @Test
    void onlyValuesWhoseOutcomesAreInAreLookedAt() {
        assertThat(Caps.values(rows(), "e", "conversion").orderBy("y").collectAsList().stream()
                        .map(row -> row.getDouble(0)))
                .containsExactly(-3.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0);
        assertThat(Caps.values(rows(), "e", "another").collectAsList()).isEmpty();
    }

    @Test
    void theMetricsOfCappedValuesNameTheCapAndHaveTheirInterval() {
        List<MeasuredExperiment> capped = List.of(DECLARED.withCaps(Map.of("conversion", 4.5)));
        Dataset<Row> counted = Caps.applied(rows(), capped)
                .withColumn("cells", array().cast("array<string>"))
                .withColumn("score", col("propensity"))
                .withColumn("reason", col("segment"));

        Row enabled = SegmentMetrics.measure(AS_OF, counted, capped)
                .where("segment = 'high' AND cell = '' AND population = 'enabled' AND `window` = 'total'")
                .collectAsList()
                .get(0);

        // u0, u2, u4, u6 and u8 at 0, 2, 4 and twice 4.5, and the one below 0.
        Moments values = Moments.of(0, 2, 4, 4.5, 4.5, 0);
        Interval interval = Interval.limited(values, METRIC.frozenAt(4.5), 0.95);
        assertThat(enabled.<Double>getAs("cap")).isEqualTo(4.5);
        assertThat(enabled.<Double>getAs("metric_value")).isCloseTo(values.mean(), within(1e-12));
        assertThat(enabled.<Double>getAs("lower")).isCloseTo(interval.lower(), within(1e-9));
        assertThat(enabled.<Double>getAs("upper")).isCloseTo(interval.upper(), within(1e-9));
    }

    /** a spent 3 and 4, b a refund of 2, c nothing: what is logged of policies is capped as what is measured. */
    @Test
    void aRewardCountsUpToTheCapToo() {
        Dataset<Row> met = spark.sql("SELECT 'e' AS experiment_id, user_id, true AS enabled,"
                + " TIMESTAMP '2026-01-01 00:00:00' AS exposed_at, 0.5D AS propensity, 50D AS score, 'policy' AS reason,"
                + " 'r' AS run_id FROM VALUES ('a'), ('b'), ('c') AS t(user_id)");
        Dataset<Row> spent = spark.sql("SELECT user_id, 'buy' AS outcome, CAST(value AS DOUBLE) AS value,"
                + " TIMESTAMP '2026-01-01 01:00:00' AS occurred_at FROM VALUES ('a', 3), ('a', 4), ('b', -2) AS t(user_id,"
                + " value)");

        assertThat(SegmentMetrics.rewards(
                                Arrivals.complete(AS_OF),
                                met,
                                spent,
                                List.of(DECLARED.withCaps(Map.of("conversion", 4.5))))
                        .orderBy("user_id")
                        .collectAsList())
                .extracting(row -> row.<Double>getAs("reward"))
                .containsExactly(4.5, 0.0, 0.0);
    }
}
