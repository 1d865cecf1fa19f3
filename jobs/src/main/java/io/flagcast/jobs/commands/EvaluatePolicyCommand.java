package io.flagcast.jobs.commands;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.changes.PromoteFile;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.FormatOption;
import io.flagcast.jobs.commands.options.PastConverter;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.questions.evaluation.ComparePolicies;
import io.flagcast.jobs.questions.evaluation.ComparePolicies.Users;
import io.flagcast.jobs.questions.evaluation.PolicyComparison;
import io.flagcast.jobs.questions.evaluation.PolicySheets;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.Settings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "evaluate-policy",
        mixinStandardHelpOptions = true,
        description = {
            "What an experiment file would have earned, from logged exposures and their propensities, beside the file in"
                    + " force, everybody and nobody. Reads the sources and the live publication and writes nothing, unless"
                    + " told to --promote.",
            "Exit code 65 where the log cannot tell (nobody was ever given what the file would give, or fewer than 50"
                    + " effective users were), 1 where --promote finds it not superior."
        })
final class EvaluatePolicyCommand implements Callable<Integer> {

    private final Surroundings surroundings;
    private final Clock clock;

    @Parameters(
            paramLabel = "FILE",
            arity = "0..1",
            description =
                    "The edited experiment file, outside the configured folder; its experiment_id says whose log is"
                            + " asked. Without it: the file in force.")
    private Path file;

    @Option(names = "--experiment", paramLabel = "ID", description = "Without a FILE: the experiment in force.")
    private String experimentId;

    @Option(
            names = "--metric",
            paramLabel = "NAME",
            description =
                    "The reward, a metric of the file in force. Default: the net value, where FILE or the file in force"
                            + " declares one, else the bandit's reward, else the first metric.")
    private String metricName;

    @Option(
            names = "--as-of",
            paramLabel = "INSTANT",
            converter = PastConverter.class,
            description = "Count outcome windows that closed at or before this instant. Default: now.")
    private Instant asOf;

    @Option(
            names = "--withheld",
            description = "Judge only the users of flagcast.training.withhold, from whom no model has learned, by their"
                    + " scores in the live publication: for logs from before there were scores.")
    private boolean withheld;

    @Option(
            names = "--promote",
            description = "Put FILE in the place of the file in force (which is kept beside it, renamed) if with 95 %%"
                    + " confidence it earns more than that and more than everybody and nobody, from at least 200 effective"
                    + " users under each of them and where two differ.")
    private boolean promote;

    @Option(names = "--dry-run", description = "With --promote: only say whether FILE would be put there.")
    private boolean isDry;

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private ConfigurationOptions configuration;

    private final Progress progress;

    EvaluatePolicyCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
        this.clock = surroundings.clock();
        this.progress = surroundings.progress();
    }

    @Override
    public Integer call() {
        Settings settings = configuration.settings();
        List<Experiment> experiments = configuration.experiments(settings);
        Optional<Experiment> candidate = Optional.ofNullable(file).map(path -> candidate(settings, experiments, path));
        Experiment incumbent = incumbent(experiments, candidate);
        ComparePolicies question = ComparePolicies.of(
                settings,
                incumbent,
                candidate,
                Optional.ofNullable(metricName),
                withheld ? Users.WITHHELD : Users.LOGGED);
        Instant until = asOf == null ? clock.instant() : asOf;
        PolicyComparison comparison;
        try (Session session = surroundings.session()) {
            comparison =
                    question.answer(new Lake(session.spark(), settings.lake().root()), until, progress);
        }
        print(comparison, format.printer());
        comparison.refusal().ifPresent(why -> {
            throw new Refusal(
                    ExitCode.DATA_REFUSED,
                    "the log of %s cannot tell what %s earns: %s"
                            .formatted(
                                    incumbent.experimentId(),
                                    candidate.orElse(incumbent).file(),
                                    why));
        });
        return promote ? promote(candidate.orElseThrow(), comparison) : ExitCode.DONE.code();
    }

    private static Experiment candidate(Settings settings, List<Experiment> experiments, Path path) {
        List<Experiment> edited = ConfiguredExperiments.read(settings, List.of(path));
        Experiment candidate = edited.get(edited.size() - 1);
        if (experiments.stream().anyMatch(experiment -> isSameFile(experiment.file(), path))) {
            throw new Refusal(
                    ExitCode.USAGE,
                    "%s is the file in force: name an edited copy outside %s".formatted(path, settings.experiments()));
        }
        return candidate;
    }

    private static boolean isSameFile(Path one, Path other) {
        try {
            return Files.isSameFile(one, other);
        } catch (IOException e) {
            throw new UncheckedIOException("%s and %s cannot be compared".formatted(one, other), e);
        }
    }

    private Experiment incumbent(List<Experiment> experiments, Optional<Experiment> candidate) {
        if (candidate.isEmpty() && (experimentId == null || promote)) {
            throw new Refusal(
                    ExitCode.USAGE,
                    promote
                            ? "--promote needs a FILE"
                            : "name a FILE, or the --experiment whose file in force to evaluate");
        }
        String id = candidate.map(Experiment::experimentId).orElse(experimentId);
        return ConfiguredExperiments.named(experiments, candidate.isPresent() ? file + ":" : "--experiment", id);
    }

    private static void print(PolicyComparison comparison, Printer printer) {
        printer.say(comparison.title());
        printer.say("");
        printer.print(PolicySheets.policies(comparison), comparison.values().keySet());
        comparison.caveats().forEach(printer::say);
        printer.say("");
        if (printer.isForPeople()) {
            printer.print(PolicySheets.estimates(), comparison.estimates());
        }
    }

    private int promote(Experiment candidate, PolicyComparison comparison) {
        Path inForce = comparison.incumbent().file();
        List<String> objections = comparison.objections(candidate);
        if (!objections.isEmpty()) {
            progress.say("not promoted: %s stays. %s".formatted(inForce, candidate.file()) + "\n  "
                    + String.join("\n  ", objections));
            return ExitCode.CHECK_FAILED.code();
        }
        if (isDry) {
            progress.say("dry run: %s would be put in the place of %s, which would be kept beside it"
                    .formatted(candidate.file(), inForce));
            return ExitCode.DONE.code();
        }
        Path kept = PromoteFile.promote(comparison.incumbent(), candidate);
        progress.say("promoted: %s is now what %s was; before: %s".formatted(inForce, candidate.file(), kept));
        return ExitCode.DONE.code();
    }
}
