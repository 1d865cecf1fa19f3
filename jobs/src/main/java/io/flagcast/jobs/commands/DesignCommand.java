package io.flagcast.jobs.commands;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.commands.options.AmountConverter;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.FormatOption;
import io.flagcast.jobs.commands.options.MetricValueConverter;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.printing.Sheet;
import io.flagcast.jobs.printing.Shown;
import io.flagcast.jobs.questions.DesignRules;
import io.flagcast.jobs.questions.DesignRules.Designed;
import io.flagcast.jobs.questions.DesignRules.Question;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.rules.Amount;
import io.flagcast.rules.Assumption;
import io.flagcast.rules.RuleDesign;
import io.flagcast.rules.RuleDesign.Part;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.Settings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "design",
        mixinStandardHelpOptions = true,
        description = {
            "In how many days, and with how many users, each rule of the experiment files could speak, and which effect it"
                    + " could find: with the bounds that rules use, and the users, means and propensities that the live"
                    + " publication knows. Writes nothing.",
            "What is taken for the truth stands beside it. Where you say nothing, a metric lies beyond a level by a fifth"
                    + " of it, and beyond the margin of a comparison by a tenth of control or of the baseline."
        })
final class DesignCommand implements Callable<Integer> {

    private static final String MORE = "> " + RuleDesign.MOST_DAYS;

    @Parameters(
            paramLabel = "FILE",
            arity = "0..*",
            description = "Experiment files outside the configured folder, new or edited: only these are designed."
                    + " Without any: the configured files.")
    private List<Path> files = new ArrayList<>();

    @Option(names = "--experiment", paramLabel = "ID", description = "Only this experiment.")
    private String experimentId;

    @Option(
            names = "--effect",
            paramLabel = "AMOUNT",
            converter = AmountConverter.class,
            description =
                    "How far the enabled really differ from control, or recent users from the baseline, to the side"
                            + " that a rule looks for: 10%% of it, or 2pp.")
    private Amount effect;

    @Option(
            names = "--true-level",
            paramLabel = "VALUE",
            converter = MetricValueConverter.class,
            description = "What a metric that is compared with a level really is: 4%%, or 12.5 for a mean.")
    private Double trueLevel;

    @Option(
            names = "--days",
            paramLabel = "N",
            defaultValue = "28",
            description = "Days within which an effect has to be found; ${DEFAULT-VALUE} where you say nothing.")
    private int days;

    @Option(
            names = "--like",
            paramLabel = "ID",
            description = "A measured experiment whose users and means stand for those of one that has not run yet.")
    private String like;

    @Option(
            names = "--users-per-day",
            paramLabel = "N",
            description = "Users who meet the experiment for the first time on a day, in all segments together."
                    + " Default: as measured.")
    private Double usersPerDay;

    @Option(
            names = "--baseline",
            paramLabel = "VALUE",
            converter = MetricValueConverter.class,
            description = "What every metric is without the effect: 8%%, or 12.5 for a mean. Default: as measured.")
    private Double baseline;

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private ConfigurationOptions configuration;

    @Override
    public Integer call() {
        if (days < 1 || days > RuleDesign.MOST_DAYS) {
            throw new Refusal(
                    ExitCode.USAGE, "--days %d: it must be from 1 to %d".formatted(days, RuleDesign.MOST_DAYS));
        }
        if (usersPerDay != null && !(usersPerDay > 0)) {
            throw new Refusal(ExitCode.USAGE, "--users-per-day %s: it must be above 0".formatted(usersPerDay));
        }
        Settings settings = configuration.settings();
        List<Experiment> measured = ConfiguredExperiments.read(settings);
        List<Experiment> asked = asked(files.isEmpty() ? measured : ConfiguredExperiments.read(settings, files));
        Question question = new Question(
                new Assumption(
                        trueLevel == null ? OptionalDouble.empty() : OptionalDouble.of(trueLevel),
                        Optional.ofNullable(effect)),
                days,
                Optional.ofNullable(like).map(id -> ConfiguredExperiments.named(measured, "--like", id)),
                Optional.ofNullable(usersPerDay),
                Optional.ofNullable(baseline));
        Printer printer = format.printer();
        return configuration.onLake(lake -> {
            DesignRules designed = DesignRules.of(lake, settings, asked, measured, question);
            print(designed, asked, printer);
            return ExitCode.DONE;
        });
    }

    private List<Experiment> asked(List<Experiment> experiments) {
        List<Experiment> named = experimentId == null
                ? experiments
                : List.of(ConfiguredExperiments.named(experiments, "--experiment", experimentId));
        return files.isEmpty()
                ? named
                : named.stream()
                        .filter(experiment -> files.stream()
                                .anyMatch(file -> file.toAbsolutePath()
                                        .normalize()
                                        .equals(experiment
                                                .file()
                                                .toAbsolutePath()
                                                .normalize())))
                        .toList();
    }

    private void print(DesignRules designed, List<Experiment> asked, Printer printer) {
        printer.say("as if evidence began at %s, with the users of publication %d"
                .formatted(designed.live().asOf(), designed.live().sequence()));
        printer.say("");
        if (!designed.designs().isEmpty() || !printer.isForPeople()) {
            printer.print(sheet(), designed.designs());
            printer.say("");
        }
        asked.stream()
                .filter(experiment -> experiment.rules().isEmpty())
                .forEach(experiment ->
                        printer.say(experiment.experimentId() + " declares no rule: nothing is there to design"));
        designed.designs().stream()
                .filter(each -> !each.note().isEmpty())
                .forEach(each -> printer.say("%s: %s".formatted(each.rule().ruleId(), each.note())));
        if (designed.designs().stream().anyMatch(each -> each.design().isPresent())) {
            printer.say(
                    "days, users: until half of all such experiments have spoken; 80 % by: until four fifths have.");
            printer.say("finds in %d d: what the truth has to be so that four fifths speak by then.".formatted(days));
            printer.say("one look: users whom a test needs that looks once, at a time fixed beforehand, to find it in"
                    + " four fifths.");
        }
    }

    private Sheet<Designed> sheet() {
        return Sheet.<Designed>unnamed()
                .column("experiment", "experiment_id", each -> each.experiment().experimentId())
                .column("rule", "rule_id", each -> each.rule().ruleId())
                .column("segment", "segment", each -> each.rule().segment())
                .column("speaks when", "condition", each -> each.rule().when().describe())
                .text("if the truth is", each -> texts(each, part -> Optional.of(part.truth())))
                .column(
                        "users a day",
                        "users_per_day",
                        of(RuleDesign::usersPerDay),
                        Shown.number("%,.0f").absentAs("-"))
                .column("users", "users", of(RuleDesign::medianUsers), Shown.COUNT.absentAs("-"))
                .text("days", each -> days(each, RuleDesign::medianDays))
                .value("days", of(RuleDesign::medianDays))
                .text("80 % by", each -> days(each, RuleDesign::powerDays))
                .value("days_for_power", of(RuleDesign::powerDays))
                .text("finds in %d d".formatted(days), each -> texts(each, part -> boxed(part.detectable())))
                .column("one look", "fixed_horizon_users", of(RuleDesign::fixedHorizonUsers), Shown.COUNT.absentAs("-"))
                .value("within_days", each -> days)
                .value("comparisons", DesignCommand::comparisons)
                .value("note", each -> each.note().isEmpty() ? Optional.empty() : Optional.of(each.note()));
    }

    /** Of a rule that has a design. */
    private static Function<Designed, Object> of(Function<RuleDesign, Object> value) {
        return each -> each.design().isPresent() ? value.apply(each.design().get()) : Optional.empty();
    }

    private static String days(Designed each, Function<RuleDesign, OptionalInt> days) {
        return each.design()
                .map(days)
                .map(known -> known.isPresent() ? String.valueOf(known.getAsInt()) : MORE)
                .orElse("-");
    }

    private static String texts(Designed each, Function<Part, Optional<Double>> mean) {
        return each.design().stream()
                .flatMap(design -> design.parts().stream())
                .map(part -> mean.apply(part)
                        .map(value -> part.text(value)
                                + (part.reference().isPresent()
                                        ? " against "
                                                + part.text(part.reference().getAsDouble())
                                        : ""))
                        .orElse("nothing"))
                .collect(Collectors.joining(", "));
    }

    private static Optional<List<Map<String, Object>>> comparisons(Designed each) {
        return each.design()
                .map(design -> design.parts().stream()
                        .map(part -> {
                            Map<String, Object> comparison = new LinkedHashMap<>();
                            comparison.put("metric", part.metric().name());
                            comparison.put("limit", part.limit());
                            comparison.put("truth", part.truth());
                            part.reference().ifPresent(reference -> comparison.put("reference", reference));
                            part.detectable().ifPresent(detectable -> comparison.put("detectable", detectable));
                            return comparison;
                        })
                        .toList());
    }

    private static Optional<Double> boxed(OptionalDouble value) {
        return value.isPresent() ? Optional.of(value.getAsDouble()) : Optional.empty();
    }
}
