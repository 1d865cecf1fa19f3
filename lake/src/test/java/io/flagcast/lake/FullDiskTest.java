package io.flagcast.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.tables.Tables;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A disk that is full at every place where a run writes: nothing is published half, and the next run goes on. */
@ExtendWith(SharedSpark.class)
class FullDiskTest {

    private static final RunId FIRST = new RunId(Instant.parse("2026-03-10T00:00:00Z"), 1);
    private static final RunId SECOND = new RunId(Instant.parse("2026-03-11T00:00:00Z"), 1);

    @TempDir
    private Path folder;

    private SparkSession spark;

    @BeforeEach
    void mount(SparkSession session) {
        spark = session;
        spark.sparkContext().hadoopConfiguration().set("fs." + FullDisk.SCHEME + ".impl", FullDisk.class.getName());
        // One that writes commits through the file system: ours of local disk has its own way.
        spark.sparkContext()
                .conf()
                .set("spark.delta.logStore." + FullDisk.SCHEME + ".impl", "io.delta.storage.AzureLogStore");
    }

    @AfterEach
    void makeRoom() {
        FullDisk.hasRoomFor(Integer.MAX_VALUE);
    }

    private Lake lake() {
        return new Lake(spark, FullDisk.SCHEME + "://" + folder);
    }

    /** What a run writes: a slice, a model beside the tables, what becomes visible by a publication. */
    private void run(RunId id, String... users) {
        Lake lake = lake();
        Optional<Publication> before = lake.live();
        List<Row> profiles = new ArrayList<>();
        for (String user : users) {
            profiles.add(RowFactory.create(user, Map.of()));
        }
        long rows = lake.replaceSlice(Tables.USER_PROFILES, id, profiles);
        lake.files().write("models/" + id, "a model");
        new Publications(lake).publish(before, id, Map.of(Tables.USER_PROFILES.name(), rows), "hash", Instant.EPOCH);
    }

    private List<String> live() {
        return lake()
                .published(Tables.USER_PROFILES, lake().live())
                .select("user_id")
                .orderBy("user_id")
                .collectAsList()
                .stream()
                .map(row -> row.getString(0))
                .toList();
    }

    @Test
    void aDiskThatIsFullAtAnyPlaceLeavesThePublicationLiveAndTheNextRunGoesOn() {
        run(FIRST, "a", "b");
        List<String> refused = new ArrayList<>();
        int room = 0;
        while (lake().publications().size() == 1) {
            assertThat(live()).as("with room for %d files", room).containsExactly("a", "b");
            FullDisk.hasRoomFor(room++);
            Throwable error = catchThrowable(() -> run(SECOND, "c"));
            FullDisk.hasRoomFor(Integer.MAX_VALUE);
            if (error != null) {
                assertThat(Refusal.among(error)).as("%s", error).get().satisfies(refusal -> {
                    assertThat(refusal.exitCode()).isEqualTo(ExitCode.TRY_AGAIN);
                    refused.add(refusal.getMessage());
                });
            }
        }

        assertThat(live()).containsExactly("c");
        assertThat(lake().publications()).hasSize(2);
        assertThat(refused)
                .as("data and commit of the slice, the model, data and commit of the publication")
                .hasSizeGreaterThanOrEqualTo(5)
                .allSatisfy(message -> assertThat(message).contains("No space left on device", "make room"));
        assertThat(refused)
                .anySatisfy(message -> assertThat(message).contains("models/" + SECOND))
                .anySatisfy(message -> assertThat(message).contains("user_profiles"));
    }
}
