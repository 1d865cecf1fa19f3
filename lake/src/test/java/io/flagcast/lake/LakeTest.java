package io.flagcast.lake;

import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.features.InputException;
import io.flagcast.fixtures.SharedSpark;
import io.flagcast.lake.Audit.Expected;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaLog;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What the lake refuses, on Delta tables on disk. */
@ExtendWith(SharedSpark.class)
class LakeTest {

    private static final RunId RUN = new RunId(Instant.parse("2026-03-10T00:00:00Z"), 1);

    @TempDir
    private Path folder;

    private SparkSession spark;
    private Lake lake;

    @BeforeEach
    void open(SparkSession session) {
        spark = session;
        lake = new Lake(session, folder.toString());
    }

    private Dataset<Row> profiles(String... users) {
        return spark.sql("SELECT explode(array('" + String.join("', '", users)
                + "')) AS user_id, CAST(map() AS MAP<STRING, DOUBLE>) AS usage");
    }

    /** Scores as {@code ('u', 50D), …}. */
    private Dataset<Row> scores(String rows) {
        return spark.sql(
                "SELECT user_id, 'checkout' AS feature_id, NULL AS family, score, NULL AS uplift, NULL AS uplift_bound, NULL AS uplift_shown, NULL AS response_if_enabled,"
                        + " NULL AS response_if_not, NULL AS affinity, false AS no_benefit, 'model' AS source, 'm' AS model_id FROM VALUES "
                        + rows + " AS t(user_id, score)");
    }

    @Test
    void aPredictorThatIsOfAnotherTypeThanInEarlierRunsIsRefusedWithWhatToDo() {
        lake.replaceSlice(Tables.USER_PROFILES, RUN, profiles("u").withColumn("age", lit("unknown")));
        RunId next = new RunId(Instant.parse("2026-03-11T00:00:00Z"), 1);
        assertThatThrownBy(() -> lake.replaceSlice(
                        Tables.USER_PROFILES, next, profiles("u").withColumn("age", lit(40.0))))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "user_profiles: age is DOUBLE in this run, and STRING since earlier ones: declare what it is, as"
                                + " flagcast.sources.users.schema = \"age STRING\", or give it another name, as columns { age_2 = age }");
        assertThat(lake.slice(Tables.USER_PROFILES, RUN.toString()).count()).isEqualTo(1);
    }

    @Test
    void ofTwoRunsThatPublishNextOneWinsAndTheOtherIsToldToTryAgain() {
        Map<String, Long> rows = Map.of(Tables.ALLOCATIONS.name(), 0L);
        Publication won = new Publications(lake).publish(Optional.empty(), RUN, rows, "hash", Instant.EPOCH);
        RunId other = new RunId(Instant.parse("2026-03-11T00:00:00Z"), 1);

        assertThatThrownBy(() -> new Publications(lake).publish(Optional.empty(), other, rows, "hash", Instant.EPOCH))
                .isInstanceOfSatisfying(
                        Refusal.class, refusal -> assertThat(refusal.exitCode()).isEqualTo(ExitCode.TRY_AGAIN))
                .hasMessageContaining("publication 1 of " + folder + " was taken by another run");
        assertThat(lake.publications()).containsExactly(won);
    }

    private static final Row NOTE =
            RowFactory.create("n", "silence", Map.of("a", "b"), null, null, "ann", null, Timestamp.from(Instant.EPOCH));

    /** Whose commits a process has not made it does not hear of. */
    @Test
    void aTableThatAnotherProcessHasCreatedMeanwhileIsThere(@TempDir Path other) throws IOException {
        Path log = folder.resolve("alert_notes/_delta_log");
        Files.createDirectories(log);
        assertThat(lake.exists(Tables.ALERT_NOTES)).isFalse();

        new Lake(spark, other.toString()).append(Tables.ALERT_NOTES, List.of(NOTE));
        String first = "00000000000000000000.json";
        Files.copy(other.resolve("alert_notes/_delta_log").resolve(first), log.resolve(first));

        assertThat(lake.existsByNow(Tables.ALERT_NOTES)).isTrue();
    }

    /** Delta refuses one of two in one of fifteen times. */
    @Test
    @Tag("proof")
    void whoeverCreatesATableAtTheSameInstantAppendsToIt() {
        for (int i = 0; i < 60; i++) {
            String root = folder.resolve("race" + i).toString();
            Stream.of(spark.newSession(), spark.newSession())
                    .map(session -> CompletableFuture.runAsync(
                            () -> new Lake(session, root).append(Tables.ALERT_NOTES, List.of(NOTE))))
                    .toList()
                    .forEach(CompletableFuture::join);
            assertThat(new Lake(spark, root).history(Tables.ALERT_NOTES).collectAsList())
                    .as(root)
                    .hasSize(2);
        }
    }

    @Test
    void aNaNOrAScoreOutsideItsRangeIsRefused() {
        for (String score : List.of("double('NaN')", "-0.01D", "100.01D")) {
            assertThatThrownBy(() -> lake.replaceSlice(
                            Tables.RESPONSIVENESS_SCORES, RUN, scores("('u', 50D), ('v', " + score + ")")))
                    .as(score)
                    .isInstanceOf(InputException.class)
                    .hasMessage("responsiveness_scores of run " + RUN
                            + ": 1 rows have a NaN or a score outside [0, 100]: nothing is published");
        }
    }

    @Test
    void aSliceThatIsWrittenAgainReplacesTheFirst() {
        lake.replaceSlice(Tables.USER_PROFILES, RUN, profiles("a", "b"));
        assertThat(lake.replaceSlice(Tables.USER_PROFILES, RUN, profiles("c"))).isEqualTo(1);
        assertThat(users()).containsExactly("c");
    }

    /** In a file each. */
    private Dataset<Row> sixtyUsers() {
        return spark.range(0, 60, 1, 60)
                .selectExpr("CAST(id AS STRING) AS user_id", "CAST(map() AS MAP<STRING, DOUBLE>) AS usage");
    }

    private List<String> users() {
        return lake
                .slice(Tables.USER_PROFILES, RUN.toString())
                .select("user_id")
                .orderBy("user_id")
                .collectAsList()
                .stream()
                .map(row -> row.getString(0))
                .toList();
    }

    /** As of tables with more than 50 files, and of those that other tools have written. */
    @Test
    void slicesAreReadReplacedAndRemovedWhereNoChecksumListsTheFiles() throws IOException {
        lake.replaceSlice(Tables.USER_PROFILES, RUN, profiles("a", "b"));
        lake.replaceSlice(Tables.USER_PROFILES, new RunId(RUN.asOf(), 2), profiles("c"));
        try (Stream<Path> log = Files.list(
                Path.of(URI.create(lake.location(Tables.USER_PROFILES))).resolve("_delta_log"))) {
            for (Path checksum :
                    log.filter(file -> file.toString().endsWith(".crc")).toList()) {
                Files.delete(checksum);
            }
        }
        DeltaLog.clearCache();
        assertThat(users()).containsExactly("a", "b");
        lake.replaceSlice(Tables.USER_PROFILES, RUN, sixtyUsers());
        assertThat(TableFiles.of(spark, lake.location(Tables.USER_PROFILES)).listed())
                .isEmpty();
        assertThat(users()).hasSize(60).contains("0", "59");
        lake.removeSlices(List.of(RUN.toString()));
        assertThat(users()).isEmpty();
        assertThat(lake.history(Tables.USER_PROFILES).count()).isEqualTo(1);
    }

    @Test
    void theAuditFindsRepeatedKeysAndUsersWithoutARow() {
        lake.replaceSlice(Tables.USER_PROFILES, RUN, profiles("a", "b"));
        lake.replaceSlice(Tables.RESPONSIVENESS_SCORES, RUN, scores("('a', 1D), ('b', 2D)"));
        Audit sound = Audit.of(lake, RUN, Map.of());
        sound.require(List.of(Expected.only(Tables.RESPONSIVENESS_SCORES, List.of("checkout"))));
        assertThat(sound.rows()).containsEntry("user_profiles", 2L).containsEntry("allocations", 0L);
        assertThatThrownBy(() -> sound.require(
                        List.of(Expected.only(Tables.RESPONSIVENESS_SCORES, List.of("checkout", "search")))))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("the users of search are not those of user_profiles");

        lake.replaceSlice(Tables.RESPONSIVENESS_SCORES, RUN, scores("('a', 1D), ('c', 2D)"));
        assertThatThrownBy(() -> Audit.of(lake, RUN, Map.of())
                        .require(List.of(Expected.only(Tables.RESPONSIVENESS_SCORES, List.of("checkout")))))
                .hasMessageContaining("the users of checkout are not those of user_profiles");
        assertThatThrownBy(() -> Audit.of(lake, RUN, Map.of())
                        .require(List.of(Expected.only(Tables.RESPONSIVENESS_SCORES, List.of()))))
                .hasMessageContaining("there are rows of checkout, expected only ");
        lake.replaceSlice(Tables.RESPONSIVENESS_SCORES, RUN, scores("('a', 1D), ('b', 2D), ('b', 2D)"));
        assertThatThrownBy(() -> Audit.of(lake, RUN, Map.of()).require(List.of()))
                .hasMessage("responsiveness_scores of run " + RUN + ": 1 keys repeat: nothing is published");
    }

    /** As of thousands of features, of which keys are not compared one by one. */
    @Test
    void fingerprintsAloneTellThatEveryUserHasOneRow() {
        Map<Table, Column> complete = Map.of(Tables.RESPONSIVENESS_SCORES, lit(true));
        Expected checkout = new Expected(Tables.RESPONSIVENESS_SCORES, Set.of(), "checkout"::equals, other -> false);
        lake.replaceSlice(Tables.USER_PROFILES, RUN, profiles("a", "b"));
        lake.replaceSlice(Tables.RESPONSIVENESS_SCORES, RUN, scores("('a', 1D), ('b', 2D)"));
        Audit sound = Audit.of(lake, RUN, complete);
        sound.require(List.of(checkout));
        assertThat(sound.rows()).containsEntry("responsiveness_scores", 2L);
        for (String rows : List.of(
                "('a', 1D)",
                "('a', 1D), ('c', 2D)",
                "('a', 1D), ('b', 2D), ('b', 2D)",
                "('a', 1D), ('b', 2D), ('b', 2D), ('b', 2D)",
                "('a', 1D), ('a', 2D)")) {
            lake.replaceSlice(Tables.RESPONSIVENESS_SCORES, RUN, scores(rows));
            assertThatThrownBy(() -> Audit.of(lake, RUN, complete).require(List.of(checkout)))
                    .as(rows)
                    .hasMessageContaining("the users of checkout are not those of user_profiles, each once");
        }
    }
}
