package io.flagcast.report;

import io.flagcast.allocation.Cell;
import io.flagcast.lake.Lake;
import io.flagcast.report.ReportData.Item;
import io.flagcast.report.ReportData.Summary;
import io.flagcast.report.ReportData.Tone;
import io.flagcast.report.ReportData.Topic;
import io.flagcast.rules.Rule.Mode;
import io.flagcast.rules.RuleDecision.Outcome;
import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.checks.Finding.State;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;

/** What a reader has to know first: what changed, what fired, what needs a person. */
final class Summaries {

    private static final List<String> FIRED = List.of(Outcome.FIRED.label(), Outcome.RECOVERED.label());

    private final Snapshot snapshot;
    private final Alerts alerts;
    private final Map<String, String> sections;

    private Summaries(Snapshot snapshot, Map<String, String> sections) {
        this.snapshot = snapshot;
        this.alerts = snapshot.alerts();
        this.sections = sections;
    }

    /** @param sections id of the section of each experiment */
    static Summary of(Snapshot snapshot, Map<String, String> sections) {
        return new Summaries(snapshot, sections).summary();
    }

    private Summary summary() {
        List<Item> needs = needsAPerson();
        List<Item> fired = fired();
        List<Item> changed = changed();
        String headline = needs.isEmpty()
                ? "Nothing needs a person"
                : needs.size() == 1 ? "One thing needs a person" : "%,d things need a person".formatted(needs.size());
        return new Summary(
                headline,
                List.of(
                        new Topic("Needs a person", needs, "No proposal, no failed check, no refused row."),
                        new Topic("Fired", fired, "No rule has fired in this publication, and no alert is firing."),
                        new Topic(
                                "Changed",
                                changed,
                                "No rule, bandit or person has changed an allocation since the publication before.")));
    }

    private Optional<String> section(Row row) {
        return Optional.ofNullable(sections.get(row.<String>getAs("experiment_id")));
    }

    private List<Item> needsAPerson() {
        List<Item> items = new ArrayList<>();
        Set<String> approved = snapshot.changes().stream()
                .map(row -> row.<String>getAs("decision_id"))
                .collect(Collectors.toSet());
        for (Row row : snapshot.newDecisions()) {
            if (row.getAs("mode").equals(Mode.PROPOSE.label())
                    && FIRED.contains(row.<String>getAs("outcome"))
                    && row.getAs("adjustment") != null
                    && !approved.contains(row.<String>getAs("decision_id"))) {
                items.add(new Item(
                        Tone.URGENT,
                        row.<String>getAs("experiment_id"),
                        "rule %s proposes to %s:".formatted(row.<String>getAs("rule_id"), row.<String>getAs("action")),
                        section(row),
                        Optional.of("flagcast approve " + row.<String>getAs("decision_id"))));
            }
        }
        for (AlertChange alert : alerts.firing()) {
            if (alerts.note(alert).isEmpty()) {
                items.add(new Item(
                        Alerts.severity(alert).equals("info") ? Tone.NOTABLE : Tone.URGENT,
                        alert.labels().title(),
                        "is firing, and nobody has acknowledged it:",
                        Optional.of("alerts"),
                        Optional.of("flagcast alerts ack " + alert.labels().fingerprint())));
            }
        }
        failedChecks().forEach(items::add);
        for (Row row : snapshot.newDecisions()) {
            String reason = row.getAs("reason");
            if (row.getAs("outcome").equals(Outcome.HELD.label()) && reason.contains("max_firings")) {
                items.add(new Item(
                        Tone.URGENT,
                        row.<String>getAs("experiment_id"),
                        "rule %s does nothing more: %s".formatted(row.<String>getAs("rule_id"), reason),
                        section(row)));
            }
        }
        long refused = snapshot.quarantine().stream()
                .mapToLong(row -> row.<Long>getAs("rows"))
                .sum();
        if (refused > 0) {
            Row most = snapshot.quarantine().get(0);
            items.add(new Item(
                    Tone.NOTABLE,
                    "%,d input row%s refused".formatted(refused, refused == 1 ? "" : "s"),
                    "the most frequent reason, of %s: %s"
                            .formatted(most.<String>getAs("source_table"), most.<String>getAs("reason")),
                    Optional.of("inputs")));
        }
        return items;
    }

    /** One line per experiment and check: what failed in many segments is one thing. */
    private List<Item> failedChecks() {
        Map<List<String>, List<Row>> failed = snapshot.findings().stream()
                .filter(row -> State.FAILED.label().equals(row.getAs("state")))
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
                            experimentId.isEmpty() ? Optional.of("inputs") : section(first));
                })
                .toList();
    }

    private List<Item> fired() {
        List<Item> items = new ArrayList<>();
        for (Row row : snapshot.newDecisions()) {
            if (FIRED.contains(row.<String>getAs("outcome"))) {
                items.add(new Item(
                        Tone.NOTABLE,
                        row.<String>getAs("experiment_id"),
                        "rule %s %s%s: %s"
                                .formatted(
                                        row.<String>getAs("rule_id"),
                                        row.<String>getAs("outcome"),
                                        mode(row),
                                        row.<String>getAs("reason")),
                        section(row)));
            }
        }
        for (AlertChange alert : alerts.firing()) {
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
        return items;
    }

    /** What is missing from a firing to a change. */
    private static String mode(Row decision) {
        return switch (decision.<String>getAs("mode")) {
            case "dry_run" -> " on trial";
            case "propose" -> " as a proposal";
            default -> "";
        };
    }

    private List<Item> changed() {
        List<Item> items = new ArrayList<>();
        Instant since = snapshot.before().map(before -> before.asOf()).orElse(Instant.MIN);
        Map<String, List<String>> moves = new LinkedHashMap<>();
        Map<String, Row> decisions = new LinkedHashMap<>();
        snapshot.changesWithWhatWasBefore().forEach((change, before) -> {
            if (Lake.instant(change, "effective_as_of").isAfter(since)) {
                String decision = change.getAs("experiment_id") + " " + change.getAs("decision_id");
                decisions.putIfAbsent(decision, change);
                moves.computeIfAbsent(decision, id -> new ArrayList<>()).add(move(change, before));
            }
        });
        decisions.forEach((decision, change) -> {
            List<String> all = moves.get(decision);
            String shown = all.stream().limit(4).collect(Collectors.joining(", "));
            items.add(new Item(
                    Tone.PLAIN,
                    change.getAs("experiment_id"),
                    "%s, by %s%s"
                            .formatted(
                                    shown + (all.size() > 4 ? " and %,d more".formatted(all.size() - 4) : ""),
                                    change.<String>getAs("cause"),
                                    change.getAs("rule_id") == null ? "" : " " + change.<String>getAs("rule_id")),
                    section(change)));
        });
        enabledUsers().forEach(items::add);
        for (Row model : snapshot.models()) {
            Instant from = Lake.instant(model, "effective_as_of");
            if (model.getAs("status").equals("champion") && from.isAfter(since)) {
                items.add(new Item(
                        Tone.PLAIN,
                        model.getAs("feature_id"),
                        "has a new model, %s (%s), from %s examples"
                                .formatted(
                                        model.<String>getAs("model_id"),
                                        model.<String>getAs("learner"),
                                        Format.COUNT.text(model.<Long>getAs("examples"))),
                        Optional.empty()));
            }
        }
        return items;
    }

    private static String move(Row change, Optional<Row> before) {
        Cell cell = new Cell(change.getAs("segment"), change.getAs("cell"));
        Double probability = change.getAs("base_probability");
        Integer tier = change.getAs("active_tier");
        String activity = change.getAs("activity");
        if (activity != null) {
            return cell + " is " + activity;
        }
        if (tier != null) {
            return "active tier of %s is %s".formatted(cell, tier < 0 ? "the file's" : tier.toString());
        }
        return probability == null
                ? "share of %s %s → %s"
                        .formatted(
                                cell,
                                Format.PERCENT.text(before.map(row -> row.<Double>getAs("share"))
                                        .orElse(1.0)),
                                Format.PERCENT.text(change.<Double>getAs("share")))
                : "%s %s→ %s"
                        .formatted(
                                cell,
                                before.map(row -> row.<Double>getAs("base_probability"))
                                        .map(value -> Format.PERCENT.text(value) + " ")
                                        .orElse(""),
                                Format.PERCENT.text(probability));
    }

    /** How many users gained and lost on balance, where the slices of both publications are kept. */
    private List<Item> enabledUsers() {
        Map<String, Long> now = enabled(snapshot.allocations());
        Map<String, Long> before = enabled(snapshot.allocationsBefore());
        List<Item> items = new ArrayList<>();
        now.forEach((experimentId, users) -> {
            Optional<Long> was = Optional.ofNullable(before.get(experimentId));
            if (was.isPresent() && !was.get().equals(users)) {
                items.add(new Item(
                        Tone.PLAIN,
                        experimentId,
                        "enables %s users, %s than before"
                                .formatted(
                                        Format.COUNT.text(users),
                                        users > was.get()
                                                ? Format.COUNT.text(users - was.get()) + " more"
                                                : Format.COUNT.text(was.get() - users) + " fewer"),
                        Optional.ofNullable(sections.get(experimentId))));
            }
        });
        return items;
    }

    private static Map<String, Long> enabled(List<Row> allocations) {
        Map<String, Long> enabled = new TreeMap<>();
        allocations.forEach(row -> enabled.merge(
                row.<String>getAs("experiment_id"),
                Math.round(row.<Long>getAs("users") * row.<Double>getAs("enabled")),
                Long::sum));
        return enabled;
    }

    /** Facts about a publication, for the head of the page. */
    static List<String> facts(Snapshot snapshot) {
        return List.of(
                "as of " + Format.INSTANT.text(snapshot.asOf()) + " UTC",
                "run " + snapshot.publication().runId(),
                "published " + Format.INSTANT.text(snapshot.publication().publishedAt()) + " UTC",
                rows(snapshot, "users", Tables.USER_PROFILES.name()),
                "%,d experiments".formatted(snapshot.experiments().size()));
    }

    private static String rows(Snapshot snapshot, String of, String table) {
        return Optional.ofNullable(snapshot.publication().tables().get(table))
                .map(slice -> "%,d %s".formatted(slice.rows(), of))
                .orElse("no " + of);
    }
}
