package io.flagcast.jobs;

import static java.util.stream.Collectors.toMap;

import io.flagcast.experiments.ExperimentFilesException;
import io.flagcast.jobs.commands.Commands;
import io.flagcast.jobs.commands.options.ChangeOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.printing.ResultLine;
import io.flagcast.jobs.run.CodeVersion;
import io.flagcast.jobs.run.Progress;
import io.flagcast.jobs.run.SparkLog;
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
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TimeZone;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.Model.OptionSpec;
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
                    + " 75 try again later, 78 configuration, 129, 130 and 143 interrupted, 141 its output unread.",
            "FLAGCAST_LOG=json in the environment, or -Dflagcast.log=json: standard error in lines of JSON, with run, as-of and"
                    + " stage, those of Spark too."
        })
public final class Main {

    private static final String LOG = "FLAGCAST_LOG";

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
        // A driver of a database takes a time without a zone for one of the machine's.
        TimeZone.setDefault(TimeZone.getTimeZone(ZoneOffset.UTC));
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
    private static Surroundings surroundings(
            Clock clock, Progress progress, Interruption interruption, ResultLine result) {
        return new Surroundings(
                clock,
                new Variables(System.getenv(), properties()),
                System.getProperty("os.name"),
                System.getProperty("user.name"),
                Path.of(System.getProperty("flagcast.home", ".")),
                Path.of(System.getProperty("java.io.tmpdir")),
                new SparkLog(Stream.of("log4j2", "log4j").anyMatch(Main::configuresLogging), progress),
                interruption,
                result);
    }

    private static boolean configuresLogging(String version) {
        return System.getProperty(version + ".configurationFile") != null;
    }

    /**
     * Standard error, as it is asked for.
     *
     * @throws Refusal where it is asked for in a way that there is not
     */
    private static Progress progress(Clock clock) {
        String log = System.getProperty("flagcast.log", System.getenv().getOrDefault(LOG, "text"));
        return switch (log.toLowerCase(Locale.ROOT)) {
            case "json" -> Progress.inLines(System.err, clock);
            case "text" ->
                Boolean.getBoolean("flagcast.terminal") ? Progress.onTerminal(System.err) : Progress.on(System.err);
            default ->
                throw new Refusal(
                        ExitCode.CONFIGURATION,
                        "%s (or -Dflagcast.log) is '%s': it must be text or json".formatted(LOG, log));
        };
    }

    /** Those of ours, which are the launcher's and settings, and what spark-submit handed out. */
    private static Map<String, String> properties() {
        return System.getProperties().stringPropertyNames().stream()
                .filter(name -> name.startsWith("flagcast.") || name.equals(Variables.SUBMITTED))
                .collect(toMap(name -> name, System::getProperty));
    }

    /** Runs a command. */
    static int execute(Clock clock, Interruption interruption, String... arguments) {
        ResultLine result = new ResultLine();
        Progress progress;
        try {
            progress = progress(clock);
        } catch (Refusal e) {
            return explain(e, Progress.on(System.err));
        }
        return execute(
                Commands.of(new Main(), surroundings(clock, progress, interruption, result)),
                progress,
                interruption,
                result,
                arguments);
    }

    /** Runs a command, and explains what it throws. */
    static int execute(
            CommandLine commands,
            Progress progress,
            Interruption interruption,
            ResultLine result,
            String... arguments) {
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        commands.setOut(out)
                .setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(true)
                .setParameterExceptionHandler((error, all) -> {
                    result.of(name(error.getCommandLine()));
                    if (asksForResult(error.getCommandLine(), all)) {
                        result.ask();
                    }
                    result.because(Secrets.hidden(error.getMessage()));
                    return usage(error, progress);
                })
                .setExecutionStrategy(parsed -> {
                    List<CommandLine> line = parsed.asCommandLineList();
                    CommandLine last = line.get(line.size() - 1);
                    result.of(name(last));
                    try {
                        return new CommandLine.RunLast().execute(parsed);
                    } catch (Refusal | UncheckedIOException e) {
                        // Of a help page that nobody reads to its end: picocli would take it for a bug of its own.
                        throw new ExecutionException(last, e.getMessage(), e);
                    }
                })
                .setExecutionExceptionHandler((error, command, parsed) -> {
                    Throwable told = interruption.told(error, name(command));
                    result.because(Refusal.sentence(told));
                    int code = explain(told, progress);
                    if (lacksConfiguration(command, code)) {
                        progress.fail("flagcast: no --conf was given, so all settings have their defaults");
                    }
                    return code;
                });
        int code;
        try {
            code = ended(interruption, commands.execute(arguments));
            result.print(out, code);
            System.out.flush();
        } catch (Refusal | UncheckedIOException | Error e) {
            // Of standard output, where a help page or the last lines of a result are written; and no error is handed
            // on.
            code = explain(e, progress);
        }
        return ended(interruption, code);
    }

    private static String name(CommandLine command) {
        return command.getCommandSpec().qualifiedName().replaceFirst("^flagcast ", "");
    }

    /** Whether a line that could not be read to its end asks for a result in JSON. */
    private static boolean asksForResult(CommandLine command, String... arguments) {
        OptionSpec format = command.getCommandSpec().findOption("--format");
        return format != null
                && ChangeOptions.isFormat(format)
                && String.join(" ", arguments).toLowerCase(Locale.ROOT).matches(".*--format[ =]json.*");
    }

    /** Whether a command may have failed because it was told of no configuration. */
    private static boolean lacksConfiguration(CommandLine command, int code) {
        OptionSpec conf = command.getCommandSpec().findOption("--conf");
        return conf != null
                && command.getParseResult().matchedOption("--conf") == null
                && (code == ExitCode.NO_INPUT.code() || code == ExitCode.CONFIGURATION.code());
    }

    private static int ended(Interruption interruption, int code) {
        return interruption.asked().map(signal -> signal.exitCode().code()).orElse(code);
    }

    private static int usage(ParameterException error, Progress progress) {
        StringWriter said = new StringWriter();
        PrintWriter lines = new PrintWriter(said);
        lines.println("flagcast: " + Secrets.hidden(error.getMessage()));
        CommandLine.UnmatchedArgumentException.printSuggestions(error, lines);
        lines.print("See '" + error.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
        progress.fail(said.toString());
        return ExitCode.USAGE.code();
    }

    /** One message for what the user can mend, a stack trace for a bug. */
    private static int explain(Throwable error, Progress progress) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof ExperimentFilesException problems) {
                progress.fail(problems.getMessage());
                return ExitCode.CONFIGURATION.code();
            }
            Optional<Refusal> refusal = Refusal.of(cause);
            if (refusal.isPresent()) {
                if (refusal.get().exitCode() == ExitCode.UNREAD) {
                    return ExitCode.UNREAD.code();
                }
                progress.fail("flagcast: " + Secrets.hidden(refusal.get().getMessage()));
                Refusal.besides(error)
                        .forEach(second -> progress.fail("flagcast: " + Secrets.hidden(second.getMessage())));
                return refusal.get().exitCode().code();
            }
        }
        StringWriter trace = new StringWriter();
        error.printStackTrace(new PrintWriter(trace));
        progress.fail(
                "flagcast: this is a bug, please report it with what follows\n" + Secrets.hidden(trace.toString()));
        return ExitCode.BUG.code();
    }
}
