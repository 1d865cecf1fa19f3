package io.flagcast.jobs.commands.rules;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.FormatOption;
import io.flagcast.jobs.commands.options.PastConverter;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.printing.Sheet;
import io.flagcast.jobs.questions.RuleReplay;
import io.flagcast.jobs.records.DecisionTable;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.rules.Rule;
import io.flagcast.rules.RuleDecision;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.Settings;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "replay",
        mixinStandardHelpOptions = true,
        description = {
            "When rules would have fired on the days that were measured, evaluated at the end of each, and what they"
                    + " would have changed. Writes nothing.",
            "A user counts once, with the first exposure ever, and the days are those of the allocation that really"
                    + " was: after a change fewer users would have been enabled."
        })
final class ReplayRulesCommand implements Callable<Integer> {

    @Option(names = "--experiment", required = true, paramLabel = "ID", description = "The experiment.")
    private String experimentId;

    @Option(
            names = "--from",
            paramLabel = "INSTANT",
            converter = PastConverter.class,
            description = "First evaluation. Default: after the first measured day.")
    private Instant from;

    @Option(
            names = "--to",
            paramLabel = "INSTANT",
            converter = PastConverter.class,
            description = "Last evaluation. Default: the live publication's as-of.")
    private Instant to;

    @Option(names = "--all", description = "Every evaluation, not only those that changed something.")
    private boolean all;

    @Parameters(
            paramLabel = "FILES",
            arity = "0..*",
            description = "Edited experiment files: each stands for the one with its experiment_id."
                    + " Default: the configured ones.")
    private List<Path> files = new ArrayList<>();

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private ConfigurationOptions configuration;

    @Override
    public Integer call() {
        if (from != null && to != null && from.isAfter(to)) {
            throw new Refusal(ExitCode.USAGE, "--from %s is after --to %s".formatted(from, to));
        }
        Settings settings = configuration.settings();
        List<Experiment> experiments = ConfiguredExperiments.read(settings, files);
        Experiment experiment = ConfiguredExperiments.named(experiments, "--experiment", experimentId);
        return configuration.onLake(lake -> {
            RuleReplay replay = RuleReplay.of(lake, experiment, Optional.ofNullable(from), Optional.ofNullable(to));
            print(replay, format.printer());
            return ExitCode.DONE;
        });
    }

    private void print(RuleReplay replay, Printer printer) {
        List<RuleDecision> shown = all ? replay.replay().decisions() : replay.notable();
        if (!shown.isEmpty() || !printer.isForPeople()) {
            printer.print(sheet(), shown);
            printer.say("");
        }
        for (Rule rule : replay.experiment().rules()) {
            printer.say("%s: %s"
                    .formatted(
                            rule.ruleId(),
                            replay.outcomes(rule).entrySet().stream()
                                    .map(entry ->
                                            "%s %d".formatted(entry.getKey().label(), entry.getValue()))
                                    .collect(Collectors.joining(", "))));
        }
        AllocationParameters end = replay.end();
        printer.say("shares at the end: %s%s"
                .formatted(
                        replay.experiment().segments().names().stream()
                                .map(segment -> "%s %.0f %%".formatted(segment, 100 * end.share(segment)))
                                .collect(Collectors.joining(", ")),
                        end.activity() == Activity.ACTIVE ? "" : "; paused"));
    }

    /** Programs see the whole decision. */
    private static Sheet<RuleDecision> sheet() {
        Sheet<RuleDecision> sheet = Sheet.<RuleDecision>unnamed()
                .text("as of", decision -> decision.asOf().toString())
                .text("rule", decision -> decision.rule().ruleId())
                .text("outcome", ReplayRulesCommand::outcome)
                .text("change", RuleDecision::effect)
                .text("why", RuleDecision::reason);
        for (Map.Entry<String, Function<RuleDecision, Object>> field : DecisionTable.FIELDS.entrySet()) {
            sheet = sheet.value(field.getKey(), field.getValue());
        }
        return sheet;
    }

    private static String outcome(RuleDecision decision) {
        String outcome = decision.outcome().label();
        return decision.changesAllocation() || decision.effect().isEmpty()
                ? outcome
                : outcome + " (" + decision.rule().mode().label() + ")";
    }
}
