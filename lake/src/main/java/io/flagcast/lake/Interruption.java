package io.flagcast.lake;

import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import org.apache.hadoop.service.launcher.IrqHandler;

/**
 * Whether somebody wants the command to end: by a signal, of which the thread that works hears as of an interrupt while Spark's
 * jobs are cancelled. What has to be finished all the same, as the record of a run, is left undisturbed.
 */
public final class Interruption {

    /** How long a command may take to end by itself: less than the ten seconds after which most supervisors kill. */
    private static final Duration PATIENCE = Duration.ofSeconds(8);

    /** A signal that asks a process to end. */
    public enum Signal {
        /** Its terminal is gone. */
        HUP(ExitCode.HUNG_UP),
        /** Ctrl-C. */
        INT(ExitCode.INTERRUPTED),
        /** A supervisor's, or kill's. */
        TERM(ExitCode.TERMINATED);

        private final ExitCode exitCode;

        Signal(ExitCode exitCode) {
            this.exitCode = exitCode;
        }

        public ExitCode exitCode() {
            return exitCode;
        }

        /** As the system calls it. */
        @Override
        public String toString() {
            return "SIG" + name();
        }
    }

    /**
     * How a process is left where it does not end by itself.
     *
     * @param say takes the line that a person should see
     * @param leave ends the process at once with an exit code
     */
    public record Exit(Consumer<String> say, IntConsumer leave) {

        public Exit {
            Objects.requireNonNull(say, "say");
            Objects.requireNonNull(leave, "leave");
        }
    }

    private final Thread worker;
    private final Optional<Exit> exit;
    private Optional<Signal> asked = Optional.empty();
    private boolean isUndisturbed;
    /** Whether the thread has still to hear of it. */
    private boolean isDue;

    /** Of the thread that makes it, in a process that is not ours to end. */
    public Interruption() {
        this(Optional.empty());
    }

    /** Of the thread that makes it, and of its process. */
    public Interruption(Exit exit) {
        this(Optional.of(exit));
    }

    private Interruption(Optional<Exit> exit) {
        this.worker = Thread.currentThread();
        this.exit = exit;
    }

    /**
     * From now on signals ask the command to end. After the second, or where the command does not end by itself, the process ends at
     * once. Before, they end it as any other.
     */
    public void listen() {
        exit.ifPresent(this::listen);
    }

    private void listen(Exit left) {
        for (Signal signal : Signal.values()) {
            try {
                new IrqHandler(signal.name(), data -> hear(signal, left)).bind();
            } catch (IllegalArgumentException e) {
                // A system that has no such signal, or a JVM that was told (-Xrs) to leave it alone: it ends as the
                // system says.
            }
        }
    }

    /** Signals come in threads of their own. */
    private void hear(Signal signal, Exit left) {
        if (ask(signal)) {
            try {
                Thread.sleep(PATIENCE.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            left.say()
                    .accept(
                            ("flagcast: interrupted by %s, and not done with ending after %d s: left as it was; nothing is published half,"
                                            + " and what was live is live still; give the same command again to go on")
                                    .formatted(signal, PATIENCE.toSeconds()));
        }
        left.leave().accept(signal.exitCode().code());
    }

    /**
     * Asks the command to end.
     *
     * @return whether nobody had asked before
     */
    public synchronized boolean ask(Signal signal) {
        if (asked.isPresent()) {
            return false;
        }
        asked = Optional.of(signal);
        isDue = isUndisturbed;
        if (!isUndisturbed) {
            disturb();
        }
        return true;
    }

    private void disturb() {
        // First the thread: a cancelled job alone would look like one that failed.
        worker.interrupt();
        Session.cancelJobs();
    }

    /** Whether an error is that the thread was interrupted, or has it among its causes. */
    static boolean isAmong(Throwable error) {
        return Stream.iterate(error, Objects::nonNull, Throwable::getCause)
                .anyMatch(cause -> cause instanceof InterruptedException || cause instanceof InterruptedIOException);
    }

    /** By what the command was asked to end, where it was. */
    public synchronized Optional<Signal> asked() {
        return asked;
    }

    /**
     * What a person is told of the error that ended a command.
     *
     * @param command its name
     * @return that it was interrupted, where it was asked to end and the error says something else
     */
    public Exception told(Exception error, String command) {
        return asked().filter(signal -> Refusal.among(error)
                        .filter(refusal -> refusal.exitCode() == signal.exitCode())
                        .isEmpty())
                .<Exception>map(signal -> new Refusal(
                        signal.exitCode(),
                        ("%s was interrupted by %s: nothing is published half, and what was live is live still;"
                                        + " give the same command again to go on")
                                .formatted(command, signal),
                        error))
                .orElse(error);
    }

    /**
     * Ends what the thread does where it was asked to end.
     *
     * @throws CancellationException where it was
     */
    public void check() {
        asked().ifPresent(signal -> {
            throw new CancellationException("interrupted by " + signal);
        });
    }

    /** Does something to its end, also after the command was asked to end; who asks meanwhile is heard afterwards. */
    public void undisturbed(Runnable work) {
        shield();
        try {
            work.run();
        } finally {
            expose();
        }
    }

    private synchronized void shield() {
        isUndisturbed = true;
        // Whoever goes on to work knows what was asked.
        Thread.interrupted();
    }

    private synchronized void expose() {
        isUndisturbed = false;
        if (isDue) {
            isDue = false;
            disturb();
        }
    }
}
