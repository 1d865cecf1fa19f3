package io.flagcast.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.flagcast.features.FirstSentence;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.fs.PathPermissionException;
import org.apache.spark.SparkException;
import org.apache.spark.SparkIllegalArgumentException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Which errors are their user's to mend. */
class RefusalTest {

    @Test
    void aFileThatCannotBeWrittenIsNoBug(@TempDir Path folder) throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        Path below = file.resolve("views.sql");

        assertThat(Refusal.of(catchThrowable(() -> Files.writeString(below, ""))))
                .get()
                .satisfies(refusal -> {
                    assertThat(refusal.exitCode()).isEqualTo(ExitCode.TRY_AGAIN);
                    assertThat(refusal)
                            .hasMessage(
                                    "%s cannot be read or written (Not a directory): correct the path or its rights, or make room, and run it again",
                                    below);
                });
    }

    /** As Hadoop says it where hadoop-aws is not on the class path. */
    @Test
    void aStoreWhoseJarsAreMissingIsNoBug() {
        Throwable missing = new ClassNotFoundException("Class org.apache.hadoop.fs.s3a.S3AFileSystem not found");
        assertThat(Refusal.among(new RuntimeException(missing))).get().satisfies(refusal -> {
            assertThat(refusal.exitCode()).isEqualTo(ExitCode.CONFIGURATION);
            assertThat(refusal).hasMessageContaining("--packages org.apache.hadoop:hadoop-aws:3.4.2");
        });
        assertThat(Refusal.among(new ClassNotFoundException("com.example.Own"))).isEmpty();
    }

    /** As it came from a run whose disk for shuffles was full, on a cluster: the cause is text. */
    private static final String TASK = """
            Job aborted due to stage failure: Task 0 in stage 4.0 failed 1 times, most recent failure: Lost task 0.0 in stage 4.0 (TID 3) (host executor 1): java.io.IOException: No space left on device
            \tat java.base/java.io.FileOutputStream.writeBytes(Native Method)
            \tat org.apache.spark.storage.TimeTrackingOutputStream.write(TimeTrackingOutputStream.java:59)
            """;

    static Stream<Arguments> failures() {
        IOException full = new IOException("No space left on device");
        return Stream.of(
                Arguments.of(full, "a file cannot be read or written (No space left on device): correct the path"),
                Arguments.of(
                        new UncheckedIOException("/lake/models/m.json cannot be written", full),
                        "/lake/models/m.json cannot be read or written (No space left on device): correct the path"),
                Arguments.of(
                        new FileNotFoundException("/lake/runs/part-0.parquet (Read-only file system)"),
                        "/lake/runs/part-0.parquet cannot be read or written (Read-only file system): correct"),
                Arguments.of(
                        new IOException("Mkdirs failed to create file:/lake/models (exists=false, cwd=file:/)"),
                        "file:/lake/models cannot be read or written (no folder can be made there): correct"),
                Arguments.of(
                        new PathPermissionException("/lake/runs"),
                        "/lake/runs cannot be read or written (`/lake/runs': Operation not permitted): correct"),
                Arguments.of(
                        new SparkException(TASK, null),
                        "the folder of Spark's temporary files (spark.local.dir, by default java.io.tmpdir) cannot be read"),
                Arguments.of(
                        new ConnectException(
                                "getFileStatus on s3a://b/lake/runs: software.amazon.awssdk.core.exception.SdkClientException:"
                                        + " Unable to execute HTTP request: Connect to 10.0.0.1:80 failed: Connection refused"),
                        "s3a://b/lake/runs cannot be read or written (Unable to execute HTTP request: Connect to 10.0.0.1:80"
                                + " failed: Connection refused): see that it is reached, and run it again"),
                Arguments.of(
                        new UnknownHostException("getFileStatus on s3a://b/lake: no such service")
                                .initCause(new UnknownHostException("store.example")),
                        "s3a://b/lake cannot be read or written (unknown host store.example): see that it is reached"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void aDiskOrAStoreThatFailsIsNoBug(Throwable error, String begins) {
        assertThat(Refusal.of(error)).get().satisfies(refusal -> {
            assertThat(refusal.exitCode()).isEqualTo(ExitCode.TRY_AGAIN);
            assertThat(refusal.getMessage()).startsWith(begins);
        });
    }

    @Test
    void theFirstThatIsOneCountsAndWhatFailedBesidesIsKept() {
        IOException full = new IOException("No space left on device");
        RuntimeException failed =
                new IllegalStateException("Spark's words", new IllegalArgumentException("more", full));
        failed.addSuppressed(new Refusal(ExitCode.TRY_AGAIN, "runs cannot be written"));
        failed.addSuppressed(new IOException("a stream that was open"));

        assertThat(Refusal.among(failed))
                .get()
                .satisfies(refusal -> assertThat(refusal)
                        .hasMessageStartingWith("a file cannot be read or written (No space left on device)"));
        assertThat(Refusal.besides(new IllegalStateException(failed)))
                .extracting(Throwable::getMessage)
                .containsExactly("runs cannot be written");
    }

    @Test
    void aReasonIsOneLineWithoutAPlan() {
        assertThat(Refusal.sentence(new IllegalStateException("no such column; line 1\n'Project [x]\n+- Relation")))
                .isEqualTo("no such column; line 1");
        assertThat(FirstSentence.of(
                        new IllegalStateException("[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column `x` cannot be"
                                + " resolved. Did you mean `y`? SQLSTATE: 42703; line 1 pos 7;\n'Project ['x]")))
                .isEqualTo("A column `x` cannot be resolved. Did you mean `y`?");
        assertThat(Refusal.sentence(new IllegalStateException())).isEqualTo("IllegalStateException");
    }

    @Test
    void whereMemoryIsOutItSaysHowToGiveMore() {
        for (Throwable error : List.of(
                new OutOfMemoryError("Java heap space"),
                new SparkIllegalArgumentException(
                        "INVALID_DRIVER_MEMORY", Map.of("systemMemory", "1", "minSystemMemory", "2", "config", "x")))) {
            assertThat(Refusal.of(error)).get().satisfies(refusal -> {
                assertThat(refusal.exitCode()).isEqualTo(ExitCode.CONFIGURATION);
                assertThat(refusal)
                        .hasMessageContaining(" MB of memory are too few (")
                        .hasMessageContaining("FLAGCAST_OPTS=-Xmx4g or a line -Xmx4g in conf/jvm.options")
                        .hasMessageContaining("spark.driver.memory");
            });
        }
    }

    @Test
    void whatNobodyForesawIsNone() {
        assertThat(Refusal.of(new UncheckedIOException(new IOException("the store is down"))))
                .isEmpty();
        assertThat(Refusal.of(new IllegalStateException())).isEmpty();
    }
}
