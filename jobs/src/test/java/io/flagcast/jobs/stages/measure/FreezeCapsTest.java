package io.flagcast.jobs.stages.measure;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.monitoring.MeasuredExperiment;
import io.flagcast.statistics.Cap;
import io.flagcast.statistics.Metric;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class FreezeCapsTest {

    private final SparkSession spark;

    FreezeCapsTest(SparkSession spark) {
        this.spark = spark;
    }

    private static List<MeasuredExperiment> declared(double quantile) {
        return List.of(new MeasuredExperiment(
                "e",
                List.of(new Metric(
                        "revenue",
                        Metric.Kind.MEAN,
                        "buy",
                        Duration.ofDays(1),
                        Metric.Direction.HIGHER_IS_BETTER,
                        Optional.of(new Cap.Quantile(quantile)),
                        Metric.HeavyTails.NOT_ACCEPTED)),
                Map.of()));
    }

    /** The values 1 to {@code users}, less {@code shift} each. */
    private Dataset<Row> rows(int users, int shift) {
        return spark.range(1, users + 1L)
                .selectExpr(
                        "'e' AS experiment_id",
                        ("array(named_struct('metric', 'revenue', 'closes_at', timestamp'2026-01-01 00:00:00',"
                                        + " 'settled', true, 'y',"
                                        + " CAST(id - %d AS DOUBLE), 'before', CAST(NULL AS DOUBLE),"
                                        + " 'd', CAST(NULL AS DOUBLE), 'd_before', CAST(NULL AS DOUBLE))) AS counted")
                                .formatted(shift));
    }

    private OptionalDouble frozen(double quantile, int users, int shift) {
        return FreezeCaps.frozen(rows(users, shift), declared(quantile))
                .get(0)
                .metrics()
                .get(0)
                .limit();
    }

    @Test
    void aQuantileIsTheLargestValueThatNoMoreThanItsRestLieAbove() {
        assertThat(frozen(0.999, 1_000, 0)).hasValue(999);
        assertThat(frozen(0.9, 1_000, 0)).hasValue(900);
        assertThat(frozen(0.9, 1_009, 0)).hasValue(909);
    }

    @Test
    void itIsNotKnownOfFewerUsersThanOneInItsRestOrWhereItIsNothing() {
        assertThat(frozen(0.999, 999, 0)).isEmpty();
        assertThat(frozen(0.9, 1_000, 900)).isEmpty();
        assertThat(frozen(0.9, 1_000, 899)).hasValue(1);
    }

    @Test
    void whatWasLookedUpIsCarriedForward() {
        Dataset<Row> metrics =
                spark.sql("SELECT * FROM VALUES ('e', 'revenue', 'high', 7D), ('e', 'revenue', 'low', 7D),"
                        + " ('e', 'conversion', 'low', NULL) AS t(experiment_id, metric, segment, cap)");

        List<MeasuredExperiment> carried = FreezeCaps.carried(declared(0.9), metrics);

        assertThat(carried.get(0).metrics().get(0).limit()).hasValue(7);
        assertThat(FreezeCaps.frozen(rows(1_000, 0), carried)).isEqualTo(carried);
        assertThat(FreezeCaps.carried(declared(0.9), metrics.where("false"))).isEqualTo(declared(0.9));
    }
}
