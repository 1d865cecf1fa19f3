package io.flagcast.report;

import io.flagcast.report.page.Format;
import io.flagcast.report.page.ReportData.Item;
import io.flagcast.report.page.ReportData.Tone;
import io.flagcast.report.page.ReportData.Topic;
import io.flagcast.rules.RuleDecision.Outcome;
import io.flagcast.rules.alerts.AlertChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Row;

/** What fired: rules and alerts. */
final class FiredTopic {

    private static final List<String> FIRED = List.of(Outcome.FIRED.label(), Outcome.RECOVERED.label());

    private FiredTopic() {}

    /** Whether a rule fired, or gave back what its firing took. */
    static boolean isFiring(Row decision) {
        return FIRED.contains(decision.<String>getAs("outcome"));
    }

    static Topic of(Snapshot snapshot, SectionIds sections) {
        List<Item> items = new ArrayList<>();
        for (Row row : snapshot.newDecisions()) {
            if (isFiring(row)) {
                items.add(new Item(
                        Tone.NOTABLE,
                        row.<String>getAs("experiment_id"),
                        "rule %s %s%s: %s"
                                .formatted(
                                        row.<String>getAs("rule_id"),
                                        row.<String>getAs("outcome"),
                                        mode(row),
                                        row.<String>getAs("reason")),
                        sections.of(row)));
            }
        }
        Alerts alerts = snapshot.alerts();
        for (AlertChange alert : alerts.firing()) {
            // What nobody looks after needs a person, and stands there.
            if (alerts.note(alert).isEmpty()) {
                continue;
            }
            items.add(new Item(
                    Tone.NOTABLE,
                    alert.labels().title(),
                    "since %s: %s%s"
                            .formatted(
                                    Format.INSTANT.text(alert.startsAt().orElseThrow()),
                                    Alerts.finding(alert),
                                    alerts.note(alert)
                                            .map(note -> " (" + note + ")")
                                            .orElse("")),
                    Optional.of("alerts")));
        }
        return new Topic(
                "Fired", items, "No rule has fired in this publication, and nobody has to look after an alert.");
    }

    /** What is missing from a firing to a change. */
    private static String mode(Row decision) {
        return switch (decision.<String>getAs("mode")) {
            case "dry_run" -> " on trial";
            case "propose" -> " as a proposal";
            default -> "";
        };
    }
}
