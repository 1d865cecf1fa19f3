package io.flagcast.jobs.commands;

import static org.apache.spark.sql.functions.col;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Cell;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.ExperimentFiles;
import io.flagcast.jobs.changes.PersonChange;
import io.flagcast.jobs.changes.PersonChange.DryRun;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.InstantConverter;
import io.flagcast.jobs.printing.Format;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.printing.RowSheet;
import io.flagcast.jobs.printing.TextTable;
import io.flagcast.jobs.questions.RuleTests;
import io.flagcast.jobs.records.DecisionTable;
import io.flagcast.jobs.records.MeasuredSegment;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.jobs.run.Progress;
import io.flagcast.jobs.settings.ConfiguredExperiments;
import io.flagcast.jobs.settings.Settings;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.rules.Health;
import io.flagcast.rules.Observation;
import io.flagcast.rules.Replay;
import io.flagcast.rules.Rule;
import io.flagcast.rules.RuleDecision;
import io.flagcast.tables.Tables;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Tests rules, tries them on what was measured, and looks at what they decided. */
@Command(
        name = "rules",
        mixinStandardHelpOptions = true,
        description = "Rules: test them, replay them over measured days, see what they decided and take it back.")
final class RulesCommand implements Runnable {

    private final Clock clock;

    @Spec
    private CommandSpec spec;

    RulesCommand(Clock clock) {
        this.clock = Objects.requireNonNull(clock, "clock");
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say what: rules test, replay, history, show or revert");
    }

    private static PrintStream out() {
        return new PrintStream(System.out, true, StandardCharsets.UTF_8);
    }

    private static void json(Row row, PrintStream out) {
        Printer.of(Format.JSON, out).print(RowSheet.of(row.schema()), List.of(row));
    }

    private static int on(ConfigurationOptions configuration, ToIntFunction<Lake> work) {
        try (Session session = Session.open()) {
            return work.applyAsInt(
                    new Lake(session.spark(), configuration.lake().root()));
        }
    }

    /**
     * A decision by its id.
     *
     * @throws Refusal where no publication has it
     */
    static Row named(DecisionTable history, String decisionId) {
        return history.decision(decisionId)
                .orElseThrow(() -> new Refusal(
                        ExitCode.USAGE, "there is no decision %s: see flagcast rules history".formatted(decisionId)));
    }

    @Command(
            name = "test",
            mixinStandardHelpOptions = true,
            description = "Runs the tests of experiment files, without Spark or a lake. Exit code 1 where one fails.")
    int test(
            @Mixin ConfigurationOptions configuration,
            @Parameters(
                            paramLabel = "FILES",
                            arity = "0..*",
                            description = "Experiment files or folders of them. Default: the configured ones.")
                    List<Path> files,
            @Option(names = "--junit", paramLabel = "FILE", description = "Write the results as JUnit XML too.")
                    Path junit) {
        List<Experiment> experiments = files == null || files.isEmpty()
                ? ExperimentFiles.read(Path.of(configuration.settings().experiments()))
                : ExperimentFiles.read(files);
        RuleTests tests = RuleTests.run(experiments);
        PrintStream out = out();
        for (Experiment experiment : experiments) {
            out.printf(
                    "%s: %d rules, %d tests%n",
                    experiment.file(),
                    experiment.rules().size(),
                    experiment.tests().size());
            tests.results().stream()
                    .filter(result -> result.experiment().equals(experiment))
                    .forEach(result -> out.printf(
                            "  %-4s  %s%s%n",
                            result.failure().isEmpty() ? "ok" : "FAIL",
                            result.test().name(),
                            result.failure()
                                    .map(why -> " (line %d): %s"
                                            .formatted(result.test().line(), why))
                                    .orElse("")));
        }
        out.printf(
                "%d tests, %d failed%n", tests.results().size(), tests.failed().size());
        if (junit != null) {
            tests.writeJunit(junit);
        }
        return tests.exitCode().code();
    }

    @Command(
            name = "history",
            mixinStandardHelpOptions = true,
            description = "What every rule decided at every published evaluation, oldest first.")
    int history(
            @Mixin ConfigurationOptions configuration,
            @Option(names = "--experiment", paramLabel = "ID", description = "Only of this experiment.")
                    String experimentId,
            @Option(names = "--rule", paramLabel = "ID", description = "Only of this rule.") String ruleId,
            @Option(names = "--outcome", paramLabel = "OUTCOME", description = "Only these: ${COMPLETION-CANDIDATES}.")
                    RuleDecision.Outcome outcome,
            @Option(
                            names = "--format",
                            paramLabel = "FORMAT",
                            defaultValue = "TABLE",
                            description = "table or json (an object a row).")
                    EvaluateCommand.Format format) {
        return on(configuration, lake -> {
            lake.requireLive();
            List<Row> rows = DecisionTable.history(lake).rows().stream()
                    .filter(row -> experimentId == null || experimentId.equals(row.getAs("experiment_id")))
                    .filter(row -> ruleId == null || ruleId.equals(row.getAs("rule_id")))
                    .filter(row -> outcome == null || outcome.label().equals(row.getAs("outcome")))
                    .toList();
            PrintStream out = out();
            if (format == EvaluateCommand.Format.JSON) {
                rows.forEach(row -> json(row, out));
                return ExitCode.DONE.code();
            }
            if (rows.isEmpty()) {
                Progress.on(System.err).say("no rule has decided anything like that yet");
                return ExitCode.DONE.code();
            }
            ParameterLog log = ParameterTable.read(lake);
            TextTable table = new TextTable(List.of(
                    "as of", "experiment", "rule", "outcome", "observed", "bound", "limit", "n", "change", "decision"));
            rows.forEach(row -> table.add(List.of(
                    Lake.instant(row, "as_of").toString(),
                    row.getAs("experiment_id"),
                    row.getAs("rule_id"),
                    row.getAs("outcome"),
                    number(row.getAs("observed")),
                    number(row.getAs("bound")),
                    number(row.getAs("threshold")),
                    "%,d".formatted(row.<Long>getAs("n")),
                    change(row, log),
                    row.getAs("decision_id"))));
            out.print(table);
            return ExitCode.DONE.code();
        });
    }

    private static String number(Double value) {
        return value == null ? "" : "%.4f".formatted(value);
    }

    /** What a decision has changed, or asks for. */
    private static String change(Row row, ParameterLog log) {
        String asked = asked(row);
        if (asked.isEmpty()) {
            return "";
        }
        Optional<ParameterChange> made =
                log.ofDecision(row.getAs("decision_id")).stream().findFirst();
        if (made.isPresent()) {
            return "%s (version %d)".formatted(asked, made.get().version());
        }
        return row.getAs("mode").equals(Rule.Mode.PROPOSE.label())
                ? asked + " (proposed)"
                : asked + " (" + row.getAs("mode") + ")";
    }

    private static String asked(Row row) {
        Adjustment adjustment = DecisionTable.adjustment(row);
        return Stream.of(
                        new TreeMap<>(adjustment.shares())
                                .entrySet().stream()
                                        .map(share ->
                                                "%s -> %.0f %%".formatted(share.getKey(), 100 * share.getValue())),
                        adjustment.activeTier().stream()
                                .map(tier -> "tier -> " + (tier.isPresent() ? "" + tier.getAsInt() : "the file's")),
                        adjustment.activity().stream()
                                .map(activity -> activity == Activity.ACTIVE ? "resumed" : "paused"),
                        adjustment.restores().stream().mapToObj(version -> "as version " + version))
                .flatMap(parts -> parts)
                .collect(Collectors.joining(", "));
    }

    @Command(name = "show", mixinStandardHelpOptions = true, description = "All about a decision.")
    int show(
            @Mixin ConfigurationOptions configuration,
            @Parameters(paramLabel = "DECISION", description = "As in rules history.") String decisionId,
            @Option(names = "--json", description = "As one JSON object.") boolean json) {
        return on(configuration, lake -> {
            Row decision = named(DecisionTable.history(lake), decisionId);
            PrintStream out = out();
            if (json) {
                json(decision, out);
                return ExitCode.DONE.code();
            }
            for (String name : decision.schema().fieldNames()) {
                Object value = decision.getAs(name);
                if (value != null && !name.equals("comparisons")) {
                    out.printf("%-20s %s%n", name, RowSheet.text(value));
                }
            }
            TextTable comparisons = new TextTable(
                    List.of("comparison", "shows", "observed", "bound", "limit", "n", "alpha", "window", "from"));
            decision.<Row>getList(decision.fieldIndex("comparisons"))
                    .forEach(row -> comparisons.add(List.of(
                            row.getAs("comparison"),
                            row.getAs("state"),
                            number(row.getAs("observed")),
                            number(row.getAs("bound")),
                            number(row.getAs("threshold")),
                            "%,d".formatted(row.<Long>getAs("n")),
                            "%.4g".formatted(row.<Double>getAs("alpha")),
                            String.valueOf(row.<Integer>getAs("window")),
                            row.getAs("window_start") == null
                                    ? ""
                                    : Lake.instant(row, "window_start").toString())));
            out.printf("%n%s%n", comparisons.toString().stripTrailing());
            ParameterLog log = ParameterTable.read(lake);
            List<ParameterChange> made = log.ofDecision(decisionId);
            out.println(
                    made.isEmpty()
                            ? "it has changed nothing"
                            : "it made parameters version %d of %s"
                                    .formatted(
                                            made.get(0).version(), made.get(0).experimentId()));
            log.ofDecision(reverted(decisionId)).stream()
                    .findFirst()
                    .ifPresent(back -> out.printf("taken back with version %d%n", back.version()));
            return ExitCode.DONE.code();
        });
    }

    private static String reverted(String decisionId) {
        return "revert-" + decisionId;
    }

    @Command(
            name = "revert",
            mixinStandardHelpOptions = true,
            description = {
                "Takes back what a decision has changed: the next run has what was before it. Refused where something else"
                        + " has changed it since.",
                "The rule looks at new evidence then and may fire again; mode: dry_run in the experiment file keeps it from"
                        + " changing anything."
            })
    int revert(
            @Mixin ConfigurationOptions configuration,
            @Parameters(paramLabel = "DECISION", description = "As in rules history.") String decisionId,
            @Option(names = "--dry-run", description = "Only show what would change.") boolean dryRun) {
        return on(configuration, lake -> {
            ParameterLog log = ParameterTable.read(lake);
            List<ParameterChange> made = log.ofDecision(decisionId);
            if (made.isEmpty()) {
                named(DecisionTable.history(lake), decisionId);
                throw new Refusal(
                        ExitCode.USAGE, "%s has changed nothing: there is nothing to take back".formatted(decisionId));
            }
            if (log.has(reverted(decisionId))) {
                Progress.on(System.err).say("%s is taken back already: nothing to do".formatted(decisionId));
                return ExitCode.DONE.code();
            }
            String experimentId = made.get(0).experimentId();
            return new PersonChange(lake, log, experimentId)
                    .make(
                            before(log, made),
                            PersonChange.person(
                                    reverted(decisionId),
                                    "decision %s is taken back".formatted(decisionId),
                                    clock.instant().truncatedTo(ChronoUnit.SECONDS)),
                            DryRun.of(dryRun),
                            Progress.on(System.err),
                            "what was before %s is in force: nothing to do".formatted(decisionId))
                    .code();
        });
    }

    /**
     * What was before the changes of one decision.
     *
     * @throws Refusal where one of them was changed again
     */
    private static Adjustment before(ParameterLog log, List<ParameterChange> made) {
        String experimentId = made.get(0).experimentId();
        long version = made.get(0).version();
        AllocationParameters before = log.at(experimentId, version - 1);
        AllocationParameters now = log.newest(experimentId);
        Map<String, Double> shares = new HashMap<>();
        Map<Cell, Double> learned = new HashMap<>();
        Optional<OptionalInt> tier = Optional.empty();
        Optional<Activity> activity = Optional.empty();
        Adjustment back = log.backTo(experimentId, version - 1);
        for (ParameterChange change : made) {
            String segment = change.cell().segment();
            boolean stands = change.isOfExperiment()
                    ? change.activeTier().map(now.activeTier()::equals).orElse(true)
                            && change.activity()
                                    .map(set -> set == now.activity())
                                    .orElse(true)
                    : change.share() == now.share(segment)
                            && (change.baseProbability().isEmpty()
                                    || Objects.equals(
                                            change.baseProbability().getAsDouble(),
                                            now.learned().get(change.cell())));
            if (!stands) {
                throw new Refusal(
                        ExitCode.CHECK_FAILED,
                        "%s of %s was changed again after version %d: return to a version with flagcast rollback --experiment %s --to-version N"
                                .formatted(change.cell(), experimentId, version, experimentId));
            }
            if (change.isOfExperiment()) {
                tier = change.activeTier().map(set -> before.activeTier());
                activity = change.activity().map(set -> before.activity());
            } else {
                shares.put(segment, before.share(segment));
                Optional.ofNullable(back.learned().get(change.cell()))
                        .ifPresent(probability -> learned.put(change.cell(), probability));
            }
        }
        return new Adjustment(shares, learned, tier, activity, OptionalLong.empty());
    }

    @Command(
            name = "replay",
            mixinStandardHelpOptions = true,
            description = {
                "When rules would have fired on the days that were measured, evaluated at the end of each, and what they"
                        + " would have changed. Writes nothing.",
                "A user counts once, with the first exposure ever, and the days are those of the allocation that really"
                        + " was: after a change fewer users would have been enabled."
            })
    int replay(
            @Mixin ConfigurationOptions configuration,
            @Option(names = "--experiment", required = true, paramLabel = "ID", description = "The experiment.")
                    String experimentId,
            @Option(
                            names = "--from",
                            paramLabel = "INSTANT",
                            converter = InstantConverter.class,
                            description = "First evaluation. Default: after the first measured day.")
                    Instant from,
            @Option(
                            names = "--to",
                            paramLabel = "INSTANT",
                            converter = InstantConverter.class,
                            description = "Last evaluation. Default: the live publication's as-of.")
                    Instant to,
            @Option(names = "--all", description = "Every evaluation, not only those that changed something.")
                    boolean all,
            @Option(
                            names = "--format",
                            paramLabel = "FORMAT",
                            defaultValue = "TABLE",
                            description = "table or json (an object a row).")
                    EvaluateCommand.Format format,
            @Parameters(
                            paramLabel = "FILES",
                            arity = "0..*",
                            description = "Edited experiment files: each stands for the one with its experiment_id."
                                    + " Default: the configured ones.")
                    List<Path> files) {
        Settings settings = configuration.settings();
        List<Experiment> experiments = ConfiguredExperiments.read(settings, files == null ? List.of() : files);
        Experiment experiment = ConfiguredExperiments.named(experiments, "--experiment", experimentId);
        return on(configuration, lake -> {
            Publication live = lake.requireLive();
            List<Observation> days = MeasuredSegment.observations(
                    experiment,
                    MeasuredSegment.read(lake.published(Tables.SEGMENT_METRICS, Optional.of(live))
                            .where(col("window")
                                    .equalTo(SegmentMetrics.DAY)
                                    .and(col("cell").equalTo("")))),
                    SegmentMetrics.DAY);
            Instant firstDay = days.stream()
                    .map(Observation::day)
                    .min(Comparator.naturalOrder())
                    .orElseThrow(() -> new Refusal(
                            ExitCode.NO_INPUT,
                            "publication %d has no measured day of %s: no outcome window has closed yet"
                                    .formatted(live.sequence(), experimentId)));
            Instant first = from == null ? firstDay.plus(Duration.ofDays(1)) : from;
            Instant last = to == null ? live.asOf() : to;
            if (first.isAfter(last) || last.isAfter(live.asOf())) {
                throw new Refusal(
                        ExitCode.USAGE,
                        "--from %s --to %s: from must not be after to, nor to after the live publication's %s"
                                .formatted(first, last, live.asOf()));
            }
            Replay replay =
                    Replay.of(experiment.ruleEngine(), days, ParameterTable.read(lake), Health.SOUND, first, last);
            print(replay, experiment, all, format);
            return ExitCode.DONE.code();
        });
    }

    private static void print(Replay replay, Experiment experiment, boolean all, EvaluateCommand.Format format) {
        PrintStream out = out();
        List<RuleDecision> shown = replay.decisions().stream()
                .filter(decision -> all || !decision.effect().isEmpty() || isTold(decision))
                .toList();
        if (format == EvaluateCommand.Format.JSON) {
            shown.forEach(decision -> out.println(DecisionTable.json(decision)));
            return;
        }
        if (!shown.isEmpty()) {
            TextTable table = new TextTable(List.of("as of", "rule", "outcome", "change", "why"));
            shown.forEach(decision -> table.add(List.of(
                    decision.asOf().toString(),
                    decision.rule().ruleId(),
                    decision.outcome().label()
                            + (decision.changesAllocation() || decision.effect().isEmpty()
                                    ? ""
                                    : " (" + decision.rule().mode().label() + ")"),
                    decision.effect(),
                    decision.reason())));
            out.println(table);
        }
        for (Rule rule : experiment.rules()) {
            Map<String, Long> outcomes = replay.decisions().stream()
                    .filter(decision -> decision.rule().equals(rule))
                    .collect(Collectors.groupingBy(
                            decision -> decision.outcome().label(), LinkedHashMap::new, Collectors.counting()));
            out.printf(
                    "%s: %s%n",
                    rule.ruleId(),
                    outcomes.entrySet().stream()
                            .map(entry -> "%s %d".formatted(entry.getKey(), entry.getValue()))
                            .collect(Collectors.joining(", ")));
        }
        AllocationParameters end = replay.log().newest(experiment.experimentId());
        out.printf(
                "shares at the end: %s%s%n",
                experiment.segments().names().stream()
                        .map(segment -> "%s %.0f %%".formatted(segment, 100 * end.share(segment)))
                        .collect(Collectors.joining(", ")),
                end.activity() == Activity.ACTIVE ? "" : "; paused");
    }

    private static boolean isTold(RuleDecision decision) {
        return decision.outcome() != RuleDecision.Outcome.HELD
                && decision.outcome() != RuleDecision.Outcome.INCONCLUSIVE;
    }
}
