package io.flagcast.jobs.commands;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.max_by;
import static org.apache.spark.sql.functions.struct;

import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.pipeline.Stage;
import io.flagcast.jobs.printing.TextTable;
import io.flagcast.jobs.records.FindingTable;
import io.flagcast.jobs.settings.Times;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Session;
import io.flagcast.rules.checks.Finding;
import io.flagcast.rules.checks.PipelineCheck;
import io.flagcast.tables.Tables;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

@Command(
        name = "status",
        mixinStandardHelpOptions = true,
        description =
                "What is live and how old it is, what each stage did last, which health checks fail and which alerts"
                        + " fire. With --max-age for a scheduler of its own: it ends with 1 where the pipeline did not run.")
final class StatusCommand implements Callable<Integer> {

    private final Surroundings surroundings;
    private final Clock clock;

    @Option(
            names = "--max-age",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description =
                    "How old the as-of of the newest run may be, as 26h or 2d. One that is older is said on standard"
                            + " error, and the command ends with 1.")
    private Duration maxAge;

    @Mixin
    private ConfigurationOptions configuration;

    StatusCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
        this.clock = surroundings.clock();
    }

    @Override
    public Integer call() {
        Instant now = clock.instant();
        try (Session session = surroundings.session()) {
            Lake lake = new Lake(session.spark(), configuration.lake().root());
            Publication live = lake.requireLive();
            print(lake, live, now, new PrintStream(System.out, true, StandardCharsets.UTF_8));
            return verdict(lake.publications(), now).code();
        }
    }

    private static void print(Lake lake, Publication live, Instant now, PrintStream out) {
        out.println("publication %d (%s) of %s, as of %s: %d h old, published %s"
                .formatted(
                        live.sequence(),
                        live.kind().label(),
                        live.runId(),
                        live.asOf(),
                        Duration.between(live.asOf(), now).toHours(),
                        live.publishedAt().truncatedTo(ChronoUnit.SECONDS)));
        section(out, "what each stage did last", stages(lake.history(Tables.RUNS)));
        List<Finding> findings = FindingTable.read(lake.published(Tables.HEALTH_CHECKS, Optional.of(live)));
        section(
                out,
                "%,d of %,d health checks failed"
                        .formatted(findings.stream().filter(Finding::failed).count(), findings.size()),
                failed(findings));
        section(out, "firing alerts", firing(lake.history(Tables.ALERTS)));
    }

    private static void section(PrintStream out, String title, TextTable table) {
        out.println();
        out.println(title + (table.isEmpty() ? ": none" : ""));
        if (!table.isEmpty()) {
            out.print(table);
        }
    }

    /** The newest row of every stage, in the order in which a run takes them. */
    private static TextTable stages(Dataset<Row> runs) {
        Map<String, Row> newest = new TreeMap<>(Comparator.comparingInt(StatusCommand::place));
        runs.groupBy("stage")
                .agg(max_by(struct(col("*")), col("started_at")).as("last"))
                .select("last.*")
                .collectAsList()
                .forEach(row -> newest.put(row.getAs("stage"), row));
        TextTable table = new TextTable(List.of("stage", "as of", "state", "started", "seconds", "rows out", "why"));
        newest.values()
                .forEach(row -> table.add(List.of(
                        row.getAs("stage"),
                        Lake.instant(row, "as_of").toString(),
                        row.getAs("state"),
                        Lake.instant(row, "started_at")
                                .truncatedTo(ChronoUnit.SECONDS)
                                .toString(),
                        "%.1f".formatted(row.<Double>getAs("seconds")),
                        "%,d".formatted(row.<Long>getAs("rows_out")),
                        Objects.requireNonNullElse(row.getAs("exit_reason"), ""))));
        return table;
    }

    private static int place(String stage) {
        List<String> order = Stage.ORDER.stream().map(Stage::label).toList();
        return order.contains(stage) ? order.indexOf(stage) : order.size();
    }

    /** In the order in which a person should look: a failure may explain those after it. */
    private static TextTable failed(List<Finding> findings) {
        TextTable table = new TextTable(List.of("check", "experiment", "segment", "finding"));
        findings.stream()
                .filter(Finding::failed)
                .sorted(Comparator.comparing(Finding::check)
                        .thenComparing(Finding::experimentId)
                        .thenComparing(Finding::segment)
                        .thenComparing(Finding::subject))
                .forEach(finding -> table.add(
                        List.of(finding.check().label(), finding.experimentId(), finding.segment(), finding.reason())));
        return table;
    }

    private static TextTable firing(Dataset<Row> alerts) {
        TextTable table = new TextTable(List.of("since", "labels"));
        alerts.groupBy("fingerprint")
                .agg(max_by(struct("state", "starts_at", "labels"), col("as_of"))
                        .as("last"))
                .where(col("last.state").equalTo("firing"))
                .select("last.*")
                .orderBy("starts_at")
                .collectAsList()
                .forEach(row -> table.add(List.of(
                        Lake.instant(row, "starts_at").toString(),
                        new TreeMap<>(row.<String, String>getJavaMap(row.fieldIndex("labels"))).toString())));
        return table;
    }

    /** Metrics may be newer than the newest run: they decide nothing. */
    private ExitCode verdict(List<Publication> publications, Instant now) {
        if (maxAge == null) {
            return ExitCode.DONE;
        }
        Stream<Instant> runs = publications.stream()
                .filter(publication -> publication.kind() != Publication.Kind.METRICS)
                .map(Publication::asOf);
        Finding finding = PipelineCheck.of(runs.max(Comparator.naturalOrder()), now, maxAge);
        if (finding.failed()) {
            surroundings.progress().say("flagcast: " + finding.reason());
        }
        return finding.failed() ? ExitCode.CHECK_FAILED : ExitCode.DONE;
    }

    /** Reads a duration as configuration has them. */
    static final class DurationConverter implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            try {
                return Times.duration(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException("'" + text + "' is no duration above 0: write 26h, 2d or 90m");
            }
        }
    }
}
