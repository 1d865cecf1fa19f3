package io.flagcast.features;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.tables.Tables;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class ExposureAttributionTest {

    private final SparkSession spark;

    ExposureAttributionTest(SparkSession spark) {
        this.spark = spark;
    }

    private Dataset<Row> completed(String exposures) {
        return ExposureAttribution.complete(
                spark.sql("SELECT 'e' AS experiment_id, user_id, true AS enabled, CAST(at AS TIMESTAMP) AS exposed_at,"
                        + " CAST(propensity AS DOUBLE) AS propensity, user_id AS exposure_id, CAST(NULL AS DOUBLE) AS score,"
                        + " CAST(NULL AS STRING) AS segment, CAST(NULL AS STRING) AS reason,"
                        + " CAST(NULL AS BIGINT) AS parameters_version, CAST(run_id AS STRING) AS run_id"
                        + " FROM VALUES " + exposures + " AS t(user_id, at, propensity, run_id)"),
                // The third publication is a rollback to the first run.
                spark.sql(
                        "SELECT CAST(at AS TIMESTAMP) AS published_at, publish_seq, run AS allocations_run_id FROM VALUES"
                                + " ('2026-01-02 00:00:00', 1L, 'r1'), ('2026-01-03 00:00:00', 2L, 'r2'),"
                                + " ('2026-01-04 00:00:00', 3L, 'r1') AS t(at, publish_seq, run)"),
                spark.sql(
                        "SELECT run_id, 'e' AS experiment_id, user_id, user_id = 'u' AS enabled, 60D AS score, 'mid' AS segment,"
                                + " propensity, reason, version AS parameters_version FROM VALUES"
                                + " ('r1', 'u', 0.1D, 'policy', 1L), ('r2', 'u', 0.2D, 'policy', 2L),"
                                + " ('r2', 'control', 0.2D, 'policy', 2L), ('r2', 'held', 0D, 'holdout', 2L)"
                                + " AS t(run_id, user_id, propensity, reason, version)"));
    }

    private static String decision(Row row) {
        return row.getAs("propensity") + " " + row.getAs("score") + " " + row.getAs("segment") + " "
                + row.getAs("reason") + " " + row.getAs("parameters_version") + " " + row.getAs("run_id");
    }

    private static Map<Object, String> byInstant(Dataset<Row> exposures) {
        return exposures.collectAsList().stream()
                .collect(Collectors.toMap(row -> row.getTimestamp(3).toInstant().toString(), decision()));
    }

    private static Function<Row, String> decision() {
        return ExposureAttributionTest::decision;
    }

    @Test
    void aBareExposureIsCompletedFromThePublicationLiveWhenItHappened() {
        assertThat(
                        byInstant(
                                completed(
                                        "('u', '2026-01-02 00:00:00', NULL, NULL), ('u', '2026-01-02 23:59:59', NULL, NULL),"
                                                + "('u', '2026-01-03 12:00:00', NULL, NULL), ('u', '2026-01-05 00:00:00', NULL, NULL)")))
                .containsOnly(
                        Map.entry("2026-01-02T00:00:00Z", "0.1 60.0 mid policy 1 r1"),
                        Map.entry("2026-01-02T23:59:59Z", "0.1 60.0 mid policy 1 r1"),
                        Map.entry("2026-01-03T12:00:00Z", "0.2 60.0 mid policy 2 r2"),
                        Map.entry("2026-01-05T00:00:00Z", "0.1 60.0 mid policy 1 r1"));
    }

    @Test
    void whatWasLoggedIsKept() {
        assertThat(byInstant(
                        completed("('u', '2026-01-03 12:00:00', 0.7, 'r0'), ('u', '2026-01-03 13:00:00', 0.8, NULL),"
                                + "('u', '2026-01-03 14:00:00', NULL, 'r0')")))
                .containsOnly(
                        Map.entry("2026-01-03T12:00:00Z", "0.7 null null null null r0"),
                        Map.entry("2026-01-03T13:00:00Z", "0.8 null null null null null"),
                        Map.entry("2026-01-03T14:00:00Z", "null null null null null r0"));
    }

    @Test
    void theDecisionStaysAbsentBeforeTheFirstPublicationAndForAUserWhoWasNotAllocated() {
        assertThat(byInstant(completed(
                        "('u', '2026-01-01 23:59:59', NULL, NULL), ('v', '2026-01-03 12:00:00', NULL, NULL)")))
                .containsOnly(
                        Map.entry("2026-01-01T23:59:59Z", "null null null null null null"),
                        Map.entry("2026-01-03T12:00:00Z", "null null null null null null"));
    }

    /** All exposures are enabled. */
    @Test
    void anAnswerThatIsNotTheLiveDecisionCameFromElsewhereAndKeepsWhatIsKnownOfTheUser() {
        assertThat(byInstant(completed("('control', '2026-01-03 12:00:00', NULL, NULL),"
                        + "('held', '2026-01-03 13:00:00', NULL, NULL)")))
                .containsOnly(
                        Map.entry("2026-01-03T12:00:00Z", "null 60.0 mid elsewhere null null"),
                        Map.entry("2026-01-03T13:00:00Z", "null 60.0 mid holdout null null"));
    }

    @Test
    void everyExposureStaysOnceWithTheColumnsOfTheTable() {
        Dataset<Row> completed =
                completed("('u', '2026-01-03 12:00:00', NULL, NULL), ('u', '2026-01-03 12:00:00', NULL, NULL),"
                        + "('v', '2026-01-03 12:00:00', 0.5, 'r2')");
        assertThat(completed.columns()).containsExactlyElementsOf(Tables.EXPOSURES.columnNames());
        assertThat(completed.collectAsList())
                .extracting(row -> row.getString(1))
                .containsExactlyInAnyOrder("u", "u", "v");
    }
}
