package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Standard output that cannot be written. */
class StandardOutputTest {

    private static PrintStream on(OutputStream out) {
        return new PrintStream(new PrintStream(new StandardOutput(out)), true, StandardCharsets.UTF_8);
    }

    private static OutputStream failing(String why) {
        return new OutputStream() {
            @Override
            public void write(int value) throws IOException {
                throw new IOException(why);
            }
        };
    }

    @Test
    void whatIsWrittenArrives() {
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        on(seen).println("é");
        assertThat(seen.toString(StandardCharsets.UTF_8)).isEqualTo("é\n");
    }

    @Test
    void aFullDiskEndsTheCommandOnce() {
        PrintStream out = on(failing("No space left on device"));

        assertThatThrownBy(() -> out.println("row"))
                .satisfies(error -> assertThat(Refusal.of(error)).get().satisfies(refusal -> {
                    assertThat(refusal.exitCode()).isEqualTo(ExitCode.TRY_AGAIN);
                    assertThat(refusal)
                            .hasMessageStartingWith(
                                    "standard output cannot be read or written (No space left on device)");
                }));
        assertThatCode(() -> out.println("what was on its way")).doesNotThrowAnyException();
    }

    @Test
    void aReaderThatHasSeenEnoughIsNoFailure() {
        assertThatThrownBy(() -> on(failing("Broken pipe")).println("row"))
                .isInstanceOfSatisfying(
                        Refusal.class, refusal -> assertThat(refusal.exitCode()).isEqualTo(ExitCode.UNREAD));
    }
}
