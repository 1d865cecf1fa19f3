package io.flagcast.jobs.decision;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.lake.Session;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;

/** The bucket as people write it in Spark SQL, on the vectors that the Java path is tested with. */
class BucketColumnIT {

    private static final Path VECTORS = Path.of(
            System.getProperty("flagcast.home"),
            "allocation/src/test/resources/io/flagcast/allocation/bucket-vectors.csv");

    @Test
    void bucketsEqualTheVectorsOfAnIndependentHash() {
        try (Session session = Session.open(Path.of("target"))) {
            Dataset<Row> vectors = session.spark()
                    .read()
                    .option("header", true)
                    .option("ignoreLeadingWhiteSpace", false)
                    .option("ignoreTrailingWhiteSpace", false)
                    .schema("salt STRING, purpose STRING, user_id STRING, bucket DOUBLE")
                    .csv(VECTORS.toString());
            List<Row> rows = vectors.collectAsList();
            assertThat(rows).hasSizeGreaterThan(40).allSatisfy(row -> {
                List<Row> computed = vectors.where(col("salt")
                                .equalTo(row.getString(0))
                                .and(col("purpose").equalTo(row.getString(1)))
                                .and(col("user_id").equalTo(row.getString(2))))
                        .select(
                                expr(
                                        "shiftrightunsigned(xxhash64(concat(salt, ':', purpose), user_id), 11) / 9007199254740992"))
                        .collectAsList();
                assertThat(computed.get(0).getDouble(0)).as(row.toString()).isEqualTo(row.getDouble(3));
            });
        }
    }
}
