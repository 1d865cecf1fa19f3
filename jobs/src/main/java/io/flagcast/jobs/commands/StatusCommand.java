package io.flagcast.jobs.commands;

import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.DurationConverter;
import io.flagcast.jobs.commands.options.FormatOption;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.pipeline.Stage;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.printing.Sheet;
import io.flagcast.jobs.printing.Shown;
import io.flagcast.jobs.questions.LakeStatus;
import io.flagcast.jobs.questions.LakeStatus.FiringAlert;
import io.flagcast.jobs.questions.LakeStatus.StageRun;
import io.flagcast.jobs.run.Attempts;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Publication;
import io.flagcast.rules.checks.Finding;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "status",
        mixinStandardHelpOptions = true,
        description = {
            "What is live and how old it is, what each stage did last, which health checks fail and which alerts"
                    + " fire. With --max-age for a scheduler of its own: it ends with 1 where the pipeline did not run.",
            "As JSON every row says its table: stages, unfinished_runs, failed_checks, firing_alerts or publication. CSV is the stages."
        })
final class StatusCommand implements Callable<Integer> {

    private static final Sheet<StageRun> STAGES = Sheet.<StageRun>named("stages")
            .column("stage", "stage", StageRun::stage)
            .column("as of", "as_of", StageRun::asOf)
            .column("state", "state", StageRun::state)
            .text(
                    "started",
                    run -> run.startedAt().truncatedTo(ChronoUnit.SECONDS).toString())
            .value("started_at", StageRun::startedAt)
            .column("seconds", "seconds", StageRun::seconds, Shown.number("%.1f"))
            .column("rows out", "rows_out", StageRun::rowsOut, Shown.COUNT)
            .column("why", "why", run -> run.why().orElse(null));

    private static final Sheet<Attempts.Started> UNFINISHED = Sheet.<Attempts.Started>named("unfinished_runs")
            .column("run", "run_id", Attempts.Started::id)
            .column("begun", "begun_at", Attempts.Started::at);

    private static final Sheet<FiringAlert> FIRING = Sheet.<FiringAlert>named("firing_alerts")
            .column("since", "since", FiringAlert::since)
            .column("labels", "labels", FiringAlert::labels)
            .text("touches", alert -> String.join("; ", alert.touches()))
            .value("touches", FiringAlert::touches);

    private static final Sheet<Publication> PUBLICATION = Sheet.<Publication>named("publication")
            .value("publish_seq", Publication::sequence)
            .value("kind", publication -> publication.kind().label())
            .value("run_id", Publication::runId)
            .value("as_of", Publication::asOf)
            .value("published_at", Publication::publishedAt);

    private final Surroundings surroundings;

    @Option(
            names = "--max-age",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description =
                    "How old the as-of of the newest run may be, as 26h or 2d. One that is older is said on standard"
                            + " error, and the command ends with 1.")
    private Duration maxAge;

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private ConfigurationOptions configuration;

    StatusCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        Instant now = surroundings.clock().instant();
        return configuration.onLake(lake -> {
            LakeStatus status =
                    LakeStatus.of(lake, Stage.ORDER.stream().map(Stage::label).toList());
            print(status, now, format.printer());
            return verdict(status, now);
        });
    }

    private static void print(LakeStatus status, Instant now, Printer printer) {
        Publication live = status.live();
        printer.say("publication %d (%s) of %s, as of %s: %d h old, published %s"
                .formatted(
                        live.sequence(),
                        live.kind().label(),
                        live.runId(),
                        live.asOf(),
                        Duration.between(live.asOf(), now).toHours(),
                        live.publishedAt().truncatedTo(ChronoUnit.SECONDS)));
        section("what each stage did last", STAGES, status.stages(), printer);
        section("runs that were begun since and are not finished", UNFINISHED, status.unfinished(), printer);
        failed(status, printer);
        section("firing alerts", FIRING, status.firing(), printer);
        if (!printer.isForPeople()) {
            printer.print(PUBLICATION, List.of(live));
        }
    }

    /** People see the causes; what an alert of a feed tells of is counted. */
    private static void failed(LakeStatus status, Printer printer) {
        List<Finding> failed = status.failed();
        List<Finding> shown = failed.stream()
                .filter(finding ->
                        !printer.isForPeople() || status.toldBy(finding).isEmpty())
                .toList();
        int told = failed.size() - shown.size();
        section(
                "%,d of %,d health checks failed%s"
                        .formatted(
                                failed.size(),
                                status.findings().size(),
                                told == 0 ? "" : ", %,d of them by feeds that stopped, see the alerts".formatted(told)),
                Sheet.<Finding>named("failed_checks")
                        .column("check", "check", finding -> finding.check().label())
                        .column("experiment", "experiment_id", Finding::experimentId)
                        .column("segment", "segment", Finding::segment)
                        .value("subject", Finding::subject)
                        .value("observed", Finding::observed)
                        .value("threshold", Finding::threshold)
                        .value("p_value", Finding::pValue)
                        .value("n", Finding::n)
                        .value("told_by", status::toldBy)
                        .column("finding", "finding", Finding::reason),
                shown,
                printer);
    }

    private static <T> void section(String title, Sheet<T> sheet, List<T> rows, Printer printer) {
        printer.say("");
        printer.say(title + (rows.isEmpty() ? ": none" : ""));
        if (!rows.isEmpty() || !printer.isForPeople()) {
            printer.print(sheet, rows);
        }
    }

    private ExitCode verdict(LakeStatus status, Instant now) {
        if (maxAge == null) {
            return ExitCode.DONE;
        }
        Finding finding = status.freshness(now, maxAge);
        if (finding.failed()) {
            surroundings.progress().say("flagcast: " + finding.reason());
        }
        return finding.failed() ? ExitCode.CHECK_FAILED : ExitCode.DONE;
    }
}
