package io.flagcast.jobs.commands.alerts;

import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.FormatOption;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.printing.Sheet;
import io.flagcast.jobs.questions.RaisedAlerts;
import io.flagcast.lake.ExitCode;
import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.alerts.Labels;
import io.flagcast.rules.alerts.Watch;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "list",
        mixinStandardHelpOptions = true,
        description =
                "Alerts that fire or are pending, the latest first. Below one of a feed that stopped stand the experiments and metrics"
                        + " that it touches, and the checks that fail because of it and have no alert of their own.")
final class ListAlertsCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Option(names = "--all", description = "Those that are over, too.")
    private boolean all;

    @Option(names = "--experiment", paramLabel = "ID", description = "Only of this experiment.")
    private String experimentId;

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private ConfigurationOptions configuration;

    ListAlertsCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        return configuration.onLake(lake -> {
            RaisedAlerts raised = RaisedAlerts.of(lake);
            RaisedAlerts asked = all ? raised : raised.open();
            RaisedAlerts shown = experimentId == null ? asked : asked.of(experimentId);
            Printer printer = format.printer();
            if (shown.alerts().isEmpty() && printer.isForPeople()) {
                surroundings.progress().say(all ? "there has been no alert" : "no alert fires");
            } else {
                printer.print(sheet(shown, surroundings.clock().instant()), shown.alerts());
                shown.open().alerts().forEach(change -> beneath(change).forEach(printer::say));
            }
            return ExitCode.DONE;
        });
    }

    /** What a feed that stopped touches, and what fails because of it. */
    private static List<String> beneath(AlertChange change) {
        List<String> lines = new ArrayList<>();
        List<String> touched = change.listed(Watch.TOUCHES);
        if (!touched.isEmpty()) {
            lines.addAll(List.of("", change.labels().title() + " touches"));
            touched.forEach(line -> lines.add("  " + line));
        }
        List<String> inhibited = change.listed(Watch.INHIBITS);
        if (!inhibited.isEmpty()) {
            lines.add("and tells of what has no alert until it is over");
            inhibited.forEach(line -> lines.add("  " + line));
        }
        return lines;
    }

    private static Sheet<AlertChange> sheet(RaisedAlerts raised, Instant now) {
        return Sheet.<AlertChange>unnamed()
                .column("fingerprint", "fingerprint", change -> change.labels().fingerprint())
                .text("state", ListAlertsCommand::state)
                .value("state", change -> change.state().label())
                .text(
                        "severity",
                        change -> change.labels().value(Labels.SEVERITY).orElse(""))
                .text("experiment", change -> change.labels().experimentId())
                .text("alert", change -> change.labels().title())
                .text(
                        "since",
                        change -> change.startsAt().orElse(change.activeAt()).toString())
                .value("labels", change -> change.labels().values())
                .value("annotations", AlertChange::annotations)
                .value("active_at", AlertChange::activeAt)
                .value("starts_at", change -> change.startsAt().orElse(null))
                .value("quiet_at", change -> change.quietAt().orElse(null))
                .value("ends_at", change -> change.endsAt().orElse(null))
                .column("note", "note", change -> raised.note(change, now).orElse(null))
                .value("touches", change -> change.listed(Watch.TOUCHES))
                .value("inhibits", change -> change.listed(Watch.INHIBITS))
                .text("reason", change -> change.annotations().getOrDefault(Watch.REASON, ""));
    }

    private static String state(AlertChange change) {
        return change.quietAt().isPresent() ? "firing (quiet)" : change.state().label();
    }
}
