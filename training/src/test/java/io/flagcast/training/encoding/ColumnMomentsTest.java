package io.flagcast.training.encoding;

import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.flagcast.fixtures.SharedSpark;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class ColumnMomentsTest {

    private static List<ColumnMoments> moments(Dataset<Row> rows) {
        return ColumnMoments.of(
                rows, Stream.of(rows.columns()).map(functions::col).toList());
    }

    @Test
    void areThoseOfSparksOwnAggregates(SparkSession spark) {
        Dataset<Row> rows = spark.range(0, 2_000, 1, 3)
                .selectExpr(
                        "randn(1) * 3 + 1e6 AS far",
                        "exp(randn(2)) AS skewed",
                        "IF(id % 3 = 0, NULL, IF(id % 5 = 0, DOUBLE('NaN'), rand(3) - 0.5)) AS gaps")
                .persist();
        List<ColumnMoments> all = moments(rows);
        for (int i = 0; i < all.size(); i++) {
            Column value = functions.nanvl(col(rows.columns()[i]), functions.lit(null));
            // Spark's greatest takes no notice of NULL.
            Column logarithm =
                    functions.when(value.isNotNull(), functions.log1p(functions.greatest(value, functions.lit(0.0))));
            Row expected = rows.select(
                            functions.count(value).cast("double"),
                            functions.min(value),
                            functions.max(value),
                            functions.avg(value),
                            functions.stddev_pop(value),
                            functions.skewness(value),
                            functions.avg(logarithm),
                            functions.stddev_pop(logarithm))
                    .head();
            ColumnMoments own = all.get(i);
            double[] found = {
                own.n(),
                own.low(),
                own.high(),
                own.mean(),
                own.deviation(),
                own.skewness(),
                own.logMean(),
                own.logDeviation()
            };
            for (int k = 0; k < found.length; k++) {
                assertThat(found[k])
                        .as("%s, %d", rows.columns()[i], k)
                        .isCloseTo(expected.getDouble(k), withinPercentage(1e-6));
            }
        }
        rows.unpersist();
    }

    @Test
    void whatIsNotFiniteIsMissingAndWhatDoesNotDifferHasNoSkewness(SparkSession spark) {
        List<ColumnMoments> all = moments(spark.range(0, 4, 1, 2)
                .selectExpr(
                        "IF(id = 0, DOUBLE('Infinity'), IF(id = 1, DOUBLE('-Infinity'), 7D)) AS constant",
                        "CAST(NULL AS DOUBLE) AS nothing"));
        assertThat(all.get(0)).isEqualTo(new ColumnMoments(2, 7, 7, 7, 0, 0, Math.log(8), 0));
        assertThat(all.get(0).skewness()).isZero();
        assertThat(all.get(1).n()).isZero();
    }
}
