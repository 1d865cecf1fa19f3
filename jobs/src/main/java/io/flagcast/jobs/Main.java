package io.flagcast.jobs;

import static java.util.stream.Collectors.toMap;

import io.flagcast.experiments.ExperimentFilesException;
import io.flagcast.jobs.commands.Commands;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.printing.ResultLine;
import io.flagcast.jobs.run.CodeVersion;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Interruption;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Secrets;
import io.flagcast.settings.hocon.Variables;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;

/** The command line: the only place that knows arguments, clock, environment and exit code. */
@Command(
        name = "flagcast",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        description = "Decides who gets a product feature, from how users respond.",
        footer = {
            "",
            "Exit codes: 0 done or nothing to do, 1 a check failed, 64 usage, 65 data refused, 66 no input, 70 bug,"
                    + " 75 try again later, 78 configuration, 129, 130 and 143 interrupted, 141 its output unread."
        })
public final class Main {

    private Main() {}

    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"flagcast " + CodeVersion.current()};
        }
    }

    public static void main(String[] arguments) {
        // Messages and records read the same wherever the machine stands.
        Locale.setDefault(Locale.ROOT);
        System.setOut(new PrintStream(
                new BufferedOutputStream(new StandardOutput(new FileOutputStream(FileDescriptor.out))),
                false,
                StandardCharsets.UTF_8));
        Interruption interruption =
                new Interruption(new Interruption.Exit(System.err::println, Runtime.getRuntime()::halt));
        int code = execute(Clock.systemUTC(), interruption, arguments);
        // Under spark-submit in cluster mode System.exit(0) would look like a lost driver.
        if (code != 0) {
            System.exit(code);
        }
    }

    /** What the machine, the launcher and who called it say. */
    private static Surroundings surroundings(Clock clock, Interruption interruption, ResultLine result) {
        return new Surroundings(
                clock,
                new Variables(System.getenv(), properties()),
                System.getProperty("os.name"),
                System.getProperty("user.name"),
                Path.of(System.getProperty("flagcast.home", ".")),
                Path.of(System.getProperty("java.io.tmpdir")),
                Boolean.getBoolean("flagcast.terminal") ? Surroundings.Screen.TERMINAL : Surroundings.Screen.FILE,
                interruption,
                result);
    }

    /** Those of ours: the launcher's, and settings. */
    private static Map<String, String> properties() {
        return System.getProperties().stringPropertyNames().stream()
                .filter(name -> name.startsWith("flagcast."))
                .collect(toMap(name -> name, System::getProperty));
    }

    /** Runs a command. */
    static int execute(Clock clock, Interruption interruption, String... arguments) {
        ResultLine result = new ResultLine();
        return execute(
                Commands.of(new Main(), surroundings(clock, interruption, result)), interruption, result, arguments);
    }

    /** Runs a command, and explains what it throws. */
    static int execute(CommandLine commands, Interruption interruption, ResultLine result, String... arguments) {
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        commands.setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(true)
                .setParameterExceptionHandler(Main::usage)
                .setExecutionExceptionHandler((error, command, parsed) -> {
                    Throwable told = interruption.told(
                            error, command.getCommandSpec().qualifiedName().replaceFirst("^flagcast ", ""));
                    result.because(Refusal.sentence(told));
                    return explain(told, command.getErr());
                });
        int code;
        try {
            code = ended(interruption, commands.execute(arguments));
            result.print(out, code);
            System.out.flush();
        } catch (Refusal | UncheckedIOException | Error e) {
            // Of standard output, where a help page or the last lines of a result are written; and no error is handed
            // on.
            code = explain(e, err);
        }
        return ended(interruption, code);
    }

    private static int ended(Interruption interruption, int code) {
        return interruption.asked().map(signal -> signal.exitCode().code()).orElse(code);
    }

    private static int usage(ParameterException error, String[] arguments) {
        PrintWriter err = error.getCommandLine().getErr();
        err.println("flagcast: " + Secrets.hidden(error.getMessage()));
        CommandLine.UnmatchedArgumentException.printSuggestions(error, err);
        err.println("See '" + error.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
        return ExitCode.USAGE.code();
    }

    /** One message for what the user can mend, a stack trace for a bug. */
    private static int explain(Throwable error, PrintWriter err) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof ExperimentFilesException problems) {
                err.println(problems.getMessage());
                return ExitCode.CONFIGURATION.code();
            }
            Optional<Refusal> refusal = Refusal.of(cause);
            if (refusal.isPresent()) {
                if (refusal.get().exitCode() == ExitCode.UNREAD) {
                    return ExitCode.UNREAD.code();
                }
                err.println("flagcast: " + Secrets.hidden(refusal.get().getMessage()));
                Refusal.besides(error)
                        .forEach(second -> err.println("flagcast: " + Secrets.hidden(second.getMessage())));
                return refusal.get().exitCode().code();
            }
        }
        err.println("flagcast: this is a bug, please report it with what follows");
        StringWriter trace = new StringWriter();
        error.printStackTrace(new PrintWriter(trace));
        err.println(Secrets.hidden(trace.toString()));
        return ExitCode.BUG.code();
    }
}
