package io.flagcast.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.flagcast.fixtures.FaultyDisk;
import io.flagcast.fixtures.FaultyDisk.Fault;
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
import org.apache.spark.sql.delta.DeltaLog;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A disk that fails at every place where a run writes: nothing is published half, and the next run goes on. */
@ExtendWith(SharedSpark.class)
class FaultyDiskTest {

    private static final RunId FIRST = new RunId(Instant.parse("2026-03-10T00:00:00Z"), 1);
    private static final Instant SECOND = Instant.parse("2026-03-11T00:00:00Z");

    @TempDir
    private Path folder;

    private SparkSession spark;
    private String root;

    @BeforeEach
    void mount(SparkSession session) {
        spark = session;
        root = FaultyDisk.mount(spark.sparkContext(), folder);
    }

    @AfterEach
    void makeRoom() {
        FaultyDisk.isSound();
    }

    private Lake lake() {
        return new Lake(spark, root);
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

    /** Fails one write after the other, until a run has come to its end before the one that fails. */
    private List<String> refusals(Fault fault) {
        run(FIRST, "first");
        List<String> refused = new ArrayList<>();
        List<String> before = List.of("first");
        boolean failed = true;
        for (int writes = 0; failed; writes++) {
            int publications = lake().publications().size();
            String user = "after" + writes;
            int attempt = writes + 1;
            FaultyDisk.failsAfter(writes, fault);
            Throwable error = catchThrowable(() -> run(new RunId(SECOND, 1, attempt), user));
            failed = FaultyDisk.hasFailed();
            FaultyDisk.isSound();
            // Whoever looks next is another process.
            DeltaLog.clearCache();

            boolean isPublished = lake().publications().size() > publications;
            assertThat(live()).as("with %d writes", writes).isEqualTo(isPublished ? List.of(user) : before);
            if (error == null) {
                assertThat(isPublished).isTrue();
            } else {
                assertThat(isPublished && fault != Fault.UNANSWERED)
                        .as("%s", error)
                        .isFalse();
                assertThat(Refusal.among(error)).as("%s", error).get().satisfies(refusal -> {
                    assertThat(refusal.exitCode()).isEqualTo(ExitCode.TRY_AGAIN);
                    refused.add(refusal.getMessage());
                });
            }
            before = live();
        }
        assertThat(refused)
                .as("data and commit of the slice, the model, data and commit of the publication")
                .hasSizeGreaterThanOrEqualTo(5)
                .allSatisfy(message -> assertThat(message).contains(fault.words()))
                .anySatisfy(message -> assertThat(message).contains("models/2026"))
                .anySatisfy(message -> assertThat(message).contains("user_profiles"));
        return refused;
    }

    @Test
    void aDiskThatIsFullLeavesThePublicationLiveAndTheNextRunGoesOn() {
        assertThat(refusals(Fault.FULL))
                .allSatisfy(message -> assertThat(message).contains("make room"));
    }

    @Test
    @Tag("proof")
    void aWriteThatIsRefusedLeavesThePublicationLiveAndTheNextRunGoesOn() {
        refusals(Fault.REFUSED);
    }

    @Test
    void aWriteWhoseAnswerIsLostShowsAWholePublicationAndTheNextRunGoesOn() {
        refusals(Fault.UNANSWERED);
    }
}
