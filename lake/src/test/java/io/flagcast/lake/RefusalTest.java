package io.flagcast.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

    @Test
    void whatNobodyForesawIsNone() {
        assertThat(Refusal.of(new UncheckedIOException(new IOException("the store is down"))))
                .isEmpty();
        assertThat(Refusal.of(new IllegalStateException())).isEmpty();
    }
}
