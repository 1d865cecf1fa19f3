package io.flagcast.jobs.commands;

import io.flagcast.allocation.OffPolicyEvaluation.Difference;
import io.flagcast.allocation.OffPolicyEvaluation.Estimate;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.FormatOption;
import io.flagcast.jobs.commands.options.InstantConverter;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.printing.Sheet;
import io.flagcast.jobs.printing.Shown;
import io.flagcast.jobs.questions.preview.ExpectedOutcomes;
import io.flagcast.jobs.questions.preview.ExpectedOutcomes.Outcome;
import io.flagcast.jobs.questions.preview.Preview;
import io.flagcast.jobs.questions.preview.Shift;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Publication;
import io.flagcast.lake.inputs.Inputs;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.Settings;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "preview",
        mixinStandardHelpOptions = true,
        description = {
            "What the experiment files, as they are now, would change of the live publication: how many users of each"
                    + " segment would gain the feature, lose it or stay, and what their outcomes are expected to be."
                    + " Writes nothing.",
            "Profiles, scores and parameters are those of the publication, so that what differs comes from the files.",
            "As JSON every row says its table: users or outcomes. CSV is the users."
        })
final class PreviewCommand implements Callable<Integer> {

    private static final Sheet<Shift> USERS = Sheet.<Shift>named("users")
            .column("experiment", "experiment_id", Shift::experimentId)
            .column("segment", "segment", Shift::segment)
            .column("users", "users", Shift::users, Shown.COUNT)
            .column("enabled now", "enabled_now", Shift::enabledBefore, Shown.COUNT)
            .column("then", "enabled_then", Shift::enabledAfter, Shown.COUNT)
            .column("gain", "gain", Shift::gain, Shown.COUNT)
            .column("lose", "lose", Shift::lose, Shown.COUNT)
            .column("stay", "stay", Shift::stay, Shown.COUNT);

    private static final Sheet<Outcome> OUTCOMES = outcomes();

    private final Surroundings surroundings;

    @Parameters(
            paramLabel = "FILE",
            arity = "0..*",
            description = "Edited experiment files outside the configured folder: each stands for the one with its"
                    + " experiment_id. Without any: the configured files.")
    private List<Path> files = new ArrayList<>();

    @Option(
            names = "--as-of",
            paramLabel = "INSTANT",
            converter = InstantConverter.class,
            description =
                    "Decide as a run of this instant would: with the steps that a ramp has taken and the parameters"
                            + " that are set by then. Default: the publication's own.")
    private Instant asOf;

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private ConfigurationOptions configuration;

    PreviewCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        Settings settings = configuration.settings();
        List<Experiment> experiments = ConfiguredExperiments.read(settings, files);
        Progress progress = surroundings.progress();
        Printer printer = format.printer();
        return configuration.onLake(lake -> {
            List<Publication> publications = lake.publications();
            Preview preview = Preview.of(lake, settings, experiments, Optional.ofNullable(asOf));
            printer.say("publication %d of %s, and the files as of %s"
                    .formatted(preview.live().sequence(), preview.live().asOf(), preview.at()));
            printer.say("");
            printer.print(
                    USERS,
                    preview.shifts().values().stream().flatMap(List::stream).iterator());
            printer.say("");
            preview.notices().forEach(progress::notice);
            try (Inputs inputs = new Inputs(lake, settings.sources(), preview.at(), publications)) {
                ExpectedOutcomes expected = ExpectedOutcomes.of(preview, lake, inputs, settings, progress);
                if (!preview.changed().isEmpty()) {
                    printer.say("expected outcomes of the users who have met it (doubly robust; see evaluate-policy)");
                    printer.print(OUTCOMES, expected.outcomes());
                }
                expected.notes().forEach(progress::notice);
            }
            return ExitCode.DONE;
        });
    }

    private static Sheet<Outcome> outcomes() {
        Sheet<Outcome> sheet = Sheet.<Outcome>named("outcomes")
                .column("experiment", "experiment_id", Outcome::experimentId)
                .column("metric", "metric", outcome -> outcome.part().metric())
                .column("segment", "segment", outcome -> outcome.part().segment());
        sheet = estimate(sheet, "now", "95 %", "%.4f", outcome -> outcome.now().doublyRobust());
        sheet = estimate(
                sheet, "then", "95 % ", "%.4f", outcome -> outcome.then().doublyRobust());
        sheet = estimate(
                sheet,
                "change",
                "95 %  ",
                "%+.4f",
                outcome -> outcome.then().overFirst().map(Difference::estimate));
        return sheet.column(
                "effective users",
                "effective_users",
                outcome -> outcome.then().effectiveSampleSize(),
                Shown.number("%,.0f"));
    }

    /** A value and its interval; nothing where it cannot be told. */
    private static Sheet<Outcome> estimate(
            Sheet<Outcome> sheet,
            String name,
            String interval,
            String number,
            Function<Outcome, Optional<Estimate>> of) {
        return sheet.column(
                        name,
                        name,
                        outcome -> of.apply(outcome).map(Estimate::value),
                        Shown.number(number).absentAs("-"))
                .text(
                        interval,
                        outcome -> of.apply(outcome)
                                .map(known -> (number + " to " + number)
                                        .formatted(
                                                known.interval().lower(),
                                                known.interval().upper()))
                                .orElse("-"))
                .value(
                        name + "_lower",
                        outcome ->
                                of.apply(outcome).map(known -> known.interval().lower()))
                .value(
                        name + "_upper",
                        outcome ->
                                of.apply(outcome).map(known -> known.interval().upper()));
    }
}
