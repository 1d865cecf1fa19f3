package io.flagcast.report;

import io.flagcast.report.page.Format;
import io.flagcast.report.page.ReportData.Item;
import io.flagcast.report.page.ReportData.Tone;
import io.flagcast.report.page.ReportData.Topic;
import io.flagcast.rules.Rule.Mode;
import io.flagcast.rules.RuleDecision.Outcome;
import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.alerts.Labels;
import io.flagcast.rules.alerts.Watch;
import io.flagcast.rules.checks.Finding.State;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;

/** What needs a person. */
final class PersonTopic {

    private PersonTopic() {}

    static Topic of(Snapshot snapshot, SectionIds sections) {
        List<Item> items = new ArrayList<>();
        items.addAll(proposals(snapshot, sections));
        items.addAll(unacknowledged(snapshot.alerts()));
        items.addAll(failedChecks(snapshot, sections));
        items.addAll(exhausted(snapshot, sections));
        refused(snapshot).ifPresent(items::add);
        return new Topic("Needs a person", items, "No proposal, no failed check, no refused row.");
    }

    private static List<Item> proposals(Snapshot snapshot, SectionIds sections) {
        List<Item> items = new ArrayList<>();
        Set<String> approved = snapshot.changes().stream()
                .map(row -> row.<String>getAs("decision_id"))
                .collect(Collectors.toSet());
        for (Row row : snapshot.newDecisions()) {
            if (row.getAs("mode").equals(Mode.PROPOSE.label())
                    && FiredTopic.isFiring(row)
                    && row.getAs("adjustment") != null
                    && !approved.contains(row.<String>getAs("decision_id"))) {
                items.add(new Item(
                        Tone.URGENT,
                        row.<String>getAs("experiment_id"),
                        "rule %s proposes to %s:".formatted(row.<String>getAs("rule_id"), row.<String>getAs("action")),
                        sections.of(row),
                        Optional.of("flagcast approve " + row.<String>getAs("decision_id"))));
            }
        }
        return items;
    }

    /** One line per experiment and alert, whatever it fires in; what follows from others stands in one line. */
    private static List<Item> unacknowledged(Alerts alerts) {
        List<Item> items = new ArrayList<>();
        Map<List<String>, List<AlertChange>> causes = new LinkedHashMap<>();
        int consequences = 0;
        for (AlertChange alert : alerts.firing()) {
            if (alerts.note(alert).isPresent()) {
                continue;
            }
            if (alert.annotations().containsKey(Watch.CONSEQUENCE_OF)) {
                consequences++;
            } else {
                // A feed is mended by itself: each has a line.
                String feed = alert.listed(Watch.TOUCHES).isEmpty()
                        ? ""
                        : alert.labels().title();
                causes.computeIfAbsent(
                                List.of(
                                        alert.labels().experimentId(),
                                        alert.labels().value(Labels.ALERT_NAME).orElse(""),
                                        feed),
                                name -> new ArrayList<>())
                        .add(alert);
            }
        }
        causes.values().forEach(parts -> items.add(unacknowledged(parts)));
        if (consequences > 0) {
            items.add(new Item(
                    Tone.NOTABLE,
                    consequences == 1 ? "1 more alert" : "%,d more alerts".formatted(consequences),
                    consequences == 1 ? "is probably a consequence of another" : "are probably consequences of others",
                    Optional.of("alerts")));
        }
        return items;
    }

    private static Item unacknowledged(List<AlertChange> parts) {
        AlertChange first = parts.get(0);
        String others = parts.size() == 1 ? "" : " (and %,d like it)".formatted(parts.size() - 1);
        return new Item(
                Alerts.severity(first).equals("info") ? Tone.NOTABLE : Tone.URGENT,
                first.labels().experimentId().isEmpty()
                        ? first.labels().title()
                        : first.labels().experimentId() + ": " + first.labels().title(),
                "since %s: %s%s"
                        .formatted(Format.INSTANT.text(first.startsAt().orElseThrow()), Alerts.finding(first), others),
                Alerts.beneath(first),
                Optional.of("alerts"),
                Optional.of("flagcast alerts ack " + first.labels().fingerprint()));
    }

    /** One line per experiment and check: what failed in many segments is one thing. An alert about it says it already. */
    private static List<Item> failedChecks(Snapshot snapshot, SectionIds sections) {
        Set<List<String>> told = snapshot.alerts().firing().stream()
                .map(alert -> List.of(
                        alert.labels().experimentId(),
                        alert.labels().value(Labels.CHECK).orElse("")))
                .collect(Collectors.toSet());
        Map<List<String>, List<Row>> failed = snapshot.findings().stream()
                .filter(row -> State.FAILED.label().equals(row.getAs("state")))
                .filter(row -> !told.contains(List.of(row.<String>getAs("experiment_id"), row.<String>getAs("check")))
                        && !snapshot.alerts().tellOf(row))
                .sorted(CheckGroups.MOST_URGENT_FIRST)
                .collect(Collectors.groupingBy(
                        row -> List.of(row.<String>getAs("experiment_id"), row.<String>getAs("check")),
                        LinkedHashMap::new,
                        Collectors.toList()));
        return failed.values().stream()
                .map(rows -> {
                    Row first = rows.get(0);
                    String experimentId = first.getAs("experiment_id");
                    return new Item(
                            Tone.URGENT,
                            experimentId.isEmpty() ? "inputs" : experimentId,
                            "check %s failed%s: %s"
                                    .formatted(
                                            first.<String>getAs("check"),
                                            rows.size() == 1 ? "" : " %,d times".formatted(rows.size()),
                                            first.<String>getAs("reason")),
                            experimentId.isEmpty() ? Optional.of("inputs") : sections.of(first));
                })
                .toList();
    }

    /** Rules that have fired as often as they may. */
    private static List<Item> exhausted(Snapshot snapshot, SectionIds sections) {
        List<Item> items = new ArrayList<>();
        for (Row row : snapshot.newDecisions()) {
            String reason = row.getAs("reason");
            if (row.getAs("outcome").equals(Outcome.HELD.label()) && reason.contains("max_firings")) {
                items.add(new Item(
                        Tone.URGENT,
                        row.<String>getAs("experiment_id"),
                        "rule %s does nothing more: %s".formatted(row.<String>getAs("rule_id"), reason),
                        sections.of(row)));
            }
        }
        return items;
    }

    private static Optional<Item> refused(Snapshot snapshot) {
        long refused = snapshot.quarantine().stream()
                .mapToLong(row -> row.<Long>getAs("rows"))
                .sum();
        if (refused == 0) {
            return Optional.empty();
        }
        Row most = snapshot.quarantine().get(0);
        return Optional.of(new Item(
                Tone.NOTABLE,
                "%,d input row%s refused".formatted(refused, refused == 1 ? "" : "s"),
                "the most frequent reason, of %s: %s"
                        .formatted(most.<String>getAs("source_table"), most.<String>getAs("reason")),
                Optional.of("inputs")));
    }
}
