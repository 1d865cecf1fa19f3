package io.flagcast.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.lake.Interruption.Signal;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How a command hears that it should end. */
class InterruptionTest {

    /** A command that waits, in a process of its own; one that is deaf waits on. */
    static final class Waiting {

        public static void main(String[] arguments) {
            Interruption interruption =
                    new Interruption(new Interruption.Exit(System.out::println, Runtime.getRuntime()::halt));
            interruption.listen();
            System.out.println("waits");
            do {
                try {
                    Thread.sleep(60_000);
                } catch (InterruptedException e) {
                    System.out.println("heard " + interruption.asked().orElseThrow());
                }
            } while (arguments[0].equals("deaf"));
            System.exit(interruption.asked().orElseThrow().exitCode().code());
        }
    }

    private static Process start(String how) throws IOException {
        // Tests that a shell has started in the background ignore signals, and so would what they start.
        return new ProcessBuilder(
                        "env",
                        "--default-signal=HUP,INT",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Waiting.class.getName(),
                        how)
                .redirectErrorStream(true)
                .start();
    }

    private static void send(String signal, Process to) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(to.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    private static void await(String line, BufferedReader said) throws IOException {
        String read = said.readLine();
        while (read != null && !read.equals(line)) {
            read = said.readLine();
        }
        assertThat(read).isEqualTo(line);
    }

    @ParameterizedTest
    @CsvSource({"HUP, 129", "INT, 130", "TERM, 143"})
    void aSignalEndsTheCommandWithTheCodeOfTheSignal(String signal, int code) throws Exception {
        Process process = start("hears");
        try (BufferedReader said = process.inputReader(StandardCharsets.UTF_8)) {
            await("waits", said);
            send(signal, process);
            await("heard SIG" + signal, said);
            assertThat(process.waitFor()).isEqualTo(code);
        }
    }

    @Test
    void theSecondSignalEndsTheProcessAtOnce() throws Exception {
        Process process = start("deaf");
        try (BufferedReader said = process.inputReader(StandardCharsets.UTF_8)) {
            await("waits", said);
            send("TERM", process);
            await("heard SIGTERM", said);
            send("INT", process);
            assertThat(process.waitFor(5, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(130);
            assertThat(said.readLine()).isNull();
        }
    }

    @Test
    void whatMustBeFinishedIsLeftUndisturbedAndHearsOfItAfterwards() {
        Interruption interruption = new Interruption();
        List<Boolean> during = new ArrayList<>();

        interruption.undisturbed(() -> {
            assertThat(interruption.ask(Signal.TERM)).isTrue();
            during.add(Thread.currentThread().isInterrupted());
        });

        assertThat(during).containsExactly(false);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(interruption.ask(Signal.INT)).as("the first counts").isFalse();
        assertThat(interruption.asked()).contains(Signal.TERM);
        assertThatThrownBy(interruption::check).isInstanceOf(CancellationException.class);
    }

    @Test
    void whoWasAskedBeforeFinishesUndisturbed() {
        Interruption interruption = new Interruption();
        interruption.ask(Signal.TERM);

        interruption.undisturbed(
                () -> assertThat(Thread.currentThread().isInterrupted()).isFalse());

        assertThat(Thread.interrupted()).isFalse();
    }

    @Test
    void anErrorAfterwardsIsToldAsTheInterruption() {
        Interruption interruption = new Interruption();
        Exception cancelled = new IllegalStateException("Job 3 cancelled");
        assertThat(interruption.told(cancelled, "sql")).isSameAs(cancelled);
        interruption.ask(Signal.INT);
        Thread.interrupted();

        assertThat(interruption.told(cancelled, "sql"))
                .hasMessage("sql was interrupted by SIGINT: nothing is published half, and what was live is live still;"
                        + " give the same command again to go on")
                .hasCause(cancelled)
                .isInstanceOfSatisfying(
                        Refusal.class,
                        refusal -> assertThat(refusal.exitCode().code()).isEqualTo(130));
        Refusal own = new Refusal(ExitCode.INTERRUPTED, "the run says more");
        assertThat(interruption.told(own, "run")).isSameAs(own);
    }
}
