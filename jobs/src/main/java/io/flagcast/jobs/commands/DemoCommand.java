package io.flagcast.jobs.commands;

import static org.apache.spark.sql.functions.col;

import io.flagcast.allocation.Cell;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.pipeline.Pipeline;
import io.flagcast.jobs.printing.TextTable;
import io.flagcast.jobs.questions.RunSummary;
import io.flagcast.jobs.run.Progress;
import io.flagcast.jobs.settings.ConfiguredExperiments;
import io.flagcast.jobs.settings.Settings;
import io.flagcast.jobs.settings.SettingsReader;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import io.flagcast.report.Report;
import io.flagcast.rules.RuleDecision;
import io.flagcast.simulation.Simulation;
import io.flagcast.simulation.Worth;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description =
                "Simulates a week in closed loop through the real jobs: scores, allocation, metrics, a drop and the"
                        + " rule that answers it. Needs no input; writes below target/demo.")
final class DemoCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Overrides one setting of conf/examples/demo.conf.")
    private List<String> overrides = new ArrayList<>();

    DemoCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() throws IOException {
        Path file = surroundings.home().resolve("conf/examples/demo.conf");
        Settings settings = SettingsReader.read(Optional.of(file), overrides, surroundings.environment());
        List<Experiment> experiments = ConfiguredExperiments.read(settings);
        Progress progress = surroundings.progress();
        startAnew("flagcast.lake.root", settings.lake().root());
        startAnew("flagcast.simulation.root", settings.simulation().root());
        progress.say("demo: %,d simulated users, %d experiments, %d days; seed %d"
                .formatted(
                        settings.simulation().users(),
                        experiments.size(),
                        settings.simulation().days(),
                        settings.simulation().seed()));
        try (Session session = surroundings.session()) {
            Lake lake = new Lake(session.spark(), settings.lake().root());
            Simulation simulation = new Simulation(session.spark(), settings.simulation());
            Publication last = live(settings, experiments, lake, simulation, progress);
            List<Worth> worth = Worth.of(simulation.truth());
            Path report = Path.of(settings.lake().root()).resolveSibling("report.html");
            Report.write(lake, last, worth, report);
            summary(settings, lake, last, worth, report, new PrintStream(System.out, true, StandardCharsets.UTF_8));
        }
        return ExitCode.DONE.code();
    }

    /** Empties a folder that an earlier demo wrote, and no other. */
    private static void startAnew(String key, String root) throws IOException {
        if (root.contains("://")) {
            throw new Refusal(
                    ExitCode.CONFIGURATION, "%s is %s: the demo writes to local disk only".formatted(key, root));
        }
        Path folder = Path.of(root).normalize();
        Path mark = folder.resolve(".flagcast-demo");
        if (Files.exists(folder) && !Files.exists(mark)) {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    "%s is %s, which exists and is no earlier demo's: the demo would remove it; name a new folder"
                            .formatted(key, folder));
        }
        if (Files.exists(folder)) {
            try (Stream<Path> content = Files.walk(folder)) {
                // The mark goes last, so that an interrupted removal can be taken up again.
                for (Path path : content.sorted(Comparator.reverseOrder()).toList()) {
                    if (!path.equals(mark) && !path.equals(folder)) {
                        Files.delete(path);
                    }
                }
            }
        }
        Files.createDirectories(folder);
        Files.writeString(mark, "This folder belongs to `flagcast demo`, which removes it when it starts anew.\n");
    }

    /** Every day: run on what is known in the morning, then live the day under what was published. */
    private static Publication live(
            Settings settings, List<Experiment> experiments, Lake lake, Simulation simulation, Progress progress) {
        simulation.create(experiments);
        Publication last = null;
        int days = settings.simulation().days();
        for (int day = 0; day <= days; day++) {
            Instant morning = simulation.day(day);
            progress.say("%nday %d of %d, %s"
                    .formatted(day, days, morning.atOffset(ZoneOffset.UTC).toLocalDate()));
            last = new Pipeline(settings, experiments, lake, Clock.fixed(morning, ZoneOffset.UTC), progress)
                    .run(morning, Pipeline.Repeat.SKIP)
                    .orElseThrow();
            if (day < days) {
                Simulation.Day lived = simulation.live(day, lake, experiments).orElseThrow();
                boolean drops = day == settings.simulation().dropOnDay();
                progress.say("  the day brings %,d exposures and %,d outcomes%s"
                        .formatted(
                                lived.exposures(),
                                lived.outcomes(),
                                drops ? "; from today on checkout_v2 is broken for those whom it helped" : ""));
            }
        }
        return last;
    }

    private static void summary(
            Settings settings, Lake lake, Publication last, List<Worth> worth, Path report, PrintStream out) {
        out.println();
        out.println("What was decided on the last day, and why");
        RunSummary.of(lake, last).lines().forEach(out::println);
        out.println();
        out.println("What rules and bandit changed");
        TextTable changes =
                new TextTable(List.of("as of", "experiment", "segment", "cause", "share", "probability", "why"));
        for (Row row : lake.history(Tables.ALLOCATION_PARAMETERS)
                .orderBy("effective_as_of", "experiment_id", "segment", "cell")
                .collectAsList()) {
            Double base = row.getAs("base_probability");
            changes.add(List.of(
                    Lake.instant(row, "effective_as_of")
                            .atOffset(ZoneOffset.UTC)
                            .toLocalDate()
                            .toString(),
                    row.getAs("experiment_id"),
                    new Cell(row.getAs("segment"), row.getAs("cell")).toString(),
                    row.getAs("cause"),
                    "%.0f %%".formatted(100 * row.<Double>getAs("share")),
                    base == null ? "" : "%.0f %%".formatted(100 * base),
                    Report.why(row)));
        }
        out.print(changes);
        out.println();
        out.println("Conversions per 1,000 exposures over all %d days, with 95 %% intervals (the same users and luck)"
                .formatted(settings.simulation().days()));
        TextTable table = new TextTable(List.of(
                "experiment", "exposures", "enabled", "Flagcast", "uniform A/B", "oracle", "Flagcast - uniform"));
        for (Worth each : worth) {
            table.add(List.of(
                    each.experimentId(),
                    "%,d".formatted(each.exposures()),
                    "%.0f %%".formatted(100 * each.enabled()),
                    Report.text(each.flagcast()),
                    Report.text(each.uniform()),
                    Report.text(each.oracle()),
                    Report.text(each.gain())));
        }
        out.print(table);
        out.println();
        long fired = lake.history(Tables.ALLOCATION_PARAMETERS)
                .where(col("cause").equalTo(ParameterChange.Cause.RULE.label()))
                .count();
        out.println("%d publications; rules %s %d time%s."
                .formatted(last.sequence(), RuleDecision.Outcome.FIRED.label(), fired, fired == 1 ? "" : "s"));
        out.println("report: " + report.toAbsolutePath().normalize());
        out.println(
                "try:    ./flagcast sql \"SELECT reason, count(*) FROM allocations GROUP BY 1\" --conf conf/examples/demo.conf");
    }
}
