package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.jobs.printing.ResultLine;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Interruption;
import io.flagcast.lake.Refusal;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** What a command throws becomes an exit code and a message, whatever it is. */
class MainTest {

    @Command(name = "fails")
    private record Fails(Throwable with) implements Callable<Integer> {
        @Override
        public Integer call() throws Exception {
            if (with instanceof Error error) {
                throw error;
            }
            throw (Exception) with;
        }
    }

    private record Ended(int code, String err) {}

    private static Ended with(Throwable thrown) {
        PrintStream err = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        try {
            System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
            int code = Main.execute(
                    new CommandLine(new Fails(thrown)), Progress.on(System.err), new Interruption(), new ResultLine());
            return new Ended(code, said.toString(StandardCharsets.UTF_8));
        } finally {
            System.setErr(err);
        }
    }

    @Test
    void anErrorIsABugAsAnExceptionIs() {
        for (Throwable thrown : new Throwable[] {
            new StackOverflowError(),
            new NoClassDefFoundError("a/B"),
            new AssertionError("no"),
            new IllegalStateException()
        }) {
            Ended ended = with(thrown);
            assertThat(ended.code()).isEqualTo(70);
            assertThat(ended.err())
                    .startsWith("flagcast: this is a bug, please report it with what follows\n" + thrown)
                    .contains("\tat io.flagcast.jobs.MainTest.");
        }
    }

    @Test
    void whereMemoryIsOutItSaysHowToGiveMore() {
        Throwable out = new OutOfMemoryError("Java heap space");
        for (Throwable thrown : new Throwable[] {out, new IllegalStateException("job aborted", out)}) {
            Ended ended = with(thrown);
            assertThat(ended.code()).isEqualTo(78);
            assertThat(ended.err())
                    .startsWith("flagcast: ")
                    .contains("MB of memory are too few (Java heap space): give more by FLAGCAST_OPTS=-Xmx4g")
                    .hasLineCount(1);
        }
    }

    @Test
    void noMessageAndNoTraceShowsTheSecretOfAnAddress() {
        String address = "jdbc:x://h?user=a&password=hunter2";

        assertThat(with(new Refusal(ExitCode.NO_INPUT, address + " is down")))
                .isEqualTo(new Ended(66, "flagcast: jdbc:x://h?user=a&password=… is down\n"));
        assertThat(with(new IllegalStateException(address)).err())
                .contains("IllegalStateException: jdbc:x://h?user=a&password=…")
                .doesNotContain("hunter2");
    }
}
