package io.flagcast.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SharedSpark.class)
class LeaseTest {

    private static final Duration EXPIRY = Duration.ofSeconds(1);

    @TempDir
    private Path root;

    private SparkSession spark;

    @BeforeEach
    void session(SparkSession session) {
        spark = session;
    }

    private Lake lake() {
        return new Lake(spark, root.toString());
    }

    private List<String> tokens() throws IOException {
        try (Stream<Path> files = Files.list(root.resolve("_lease"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".json"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void oneHasItAndTheNextIsToldWho() throws IOException {
        lake().leased(
                        "run of Monday",
                        EXPIRY,
                        () -> assertThatThrownBy(() -> lake().leased("run of Tuesday", EXPIRY, () -> "both"))
                                .isInstanceOfSatisfying(
                                        Refusal.class,
                                        refusal ->
                                                assertThat(refusal.exitCode()).isEqualTo(ExitCode.TRY_AGAIN))
                                .hasMessageContainingAll(
                                        "run of Monday is going on (process "
                                                + ProcessHandle.current().pid() + " on ",
                                        ", begun 20"));
        assertThat(lake().<String>leased("run of Tuesday", EXPIRY, () -> "the next"))
                .isEqualTo("the next");
        assertThat(tokens()).containsExactly("000000000002.json");
    }

    private void replace() {
        try {
            Files.writeString(root.resolve("_lease/000000000002.json"), "{}");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** However it came to that: nothing that it writes can be mixed up with what the other writes. */
    @Test
    void whoWasReplacedWritesNothingMore() {
        Lake replaced = lake();
        RunId run = new RunId(Instant.parse("2026-03-10T00:00:00Z"), 1);
        replaced.leased("run of Monday", EXPIRY, () -> {
            replace();
            assertThatThrownBy(() -> replaced.replaceSlice(Tables.RULE_DECISIONS, run, List.of()))
                    .hasMessageContaining("another has taken its place (lease 2, its own was 1)");
            return assertThatThrownBy(() -> replaced.append(Tables.RUNS, List.of(RowFactory.create())))
                    .hasMessageContaining("another has taken its place");
        });
        assertThat(root.resolve("rule_decisions")).doesNotExist();
    }
}
