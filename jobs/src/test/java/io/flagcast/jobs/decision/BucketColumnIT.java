package io.flagcast.jobs.decision;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.Bucketing.Purpose;
import io.flagcast.lake.Session;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;

/** The bucket as a column of a plan, on the vectors that the Java path is tested with. */
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
                Purpose purpose = Purpose.valueOf(row.getString(1).toUpperCase(Locale.ROOT));
                List<Row> computed = vectors.limit(1)
                        .select(org.apache
                                .spark
                                .sql
                                .functions
                                .lit(row.getString(2))
                                .as("user_id"))
                        .select(DecideUsers.bucket(row.getString(0), purpose))
                        .collectAsList();
                assertThat(computed.get(0).getDouble(0)).as(row.toString()).isEqualTo(row.getDouble(3));
            });
        }
    }
}
