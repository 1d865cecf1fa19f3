package io.flagcast.report;

import io.flagcast.delivery.Note;
import io.flagcast.delivery.Notes;
import io.flagcast.lake.Lake;
import io.flagcast.report.page.Format;
import io.flagcast.report.page.ReportData.Column;
import io.flagcast.report.page.ReportData.Figure;
import io.flagcast.report.page.ReportData.Group;
import io.flagcast.report.page.ReportData.Section;
import io.flagcast.report.page.ReportData.Table;
import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.alerts.Labels;
import io.flagcast.rules.alerts.Watch;
import io.flagcast.rules.checks.Finding;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;

/**
 * Alerts as they stood at an as-of, and what people have said of them.
 *
 * @param changes newest state of every alert that has fired or may
 * @param notes of people
 * @param deliveries attempts to tell somebody, oldest first
 * @param asOf when a silence has to last still
 */
record Alerts(List<AlertChange> changes, Notes notes, List<Row> deliveries, Instant asOf) {

    private static final List<AlertChange.State> ORDER =
            List.of(AlertChange.State.FIRING, AlertChange.State.PENDING, AlertChange.State.RESOLVED);
    private static final List<String> SEVERITIES = List.of("critical", "warning", "info");

    Alerts {
        changes = changes.stream()
                .filter(change -> ORDER.contains(change.state()))
                .sorted(Comparator.<AlertChange>comparingInt(change -> ORDER.indexOf(change.state()))
                        .thenComparingInt(change -> SEVERITIES.indexOf(severity(change)))
                        .thenComparing(change -> change.labels().title()))
                .toList();
    }

    List<AlertChange> firing() {
        return changes.stream().filter(AlertChange::isFiring).toList();
    }

    static String severity(AlertChange change) {
        return change.labels().value(Labels.SEVERITY).orElse("");
    }

    /** What was found with its numbers, and what it follows from. */
    static String finding(AlertChange change) {
        var said = change.annotations();
        return said.getOrDefault(Watch.REASON, said.getOrDefault(Watch.SUMMARY, ""))
                + (said.containsKey(Watch.CONSEQUENCE_OF)
                        ? "; probably a consequence of " + said.get(Watch.CONSEQUENCE_OF)
                        : "");
    }

    /** What a feed that stopped touches, and how much fails because of it. */
    static List<String> beneath(AlertChange change) {
        List<String> lines = new ArrayList<>();
        change.listed(Watch.TOUCHES).forEach(line -> lines.add("touches " + line));
        int inhibited = change.listed(Watch.INHIBITS).size();
        if (inhibited > 0) {
            lines.add(
                    inhibited == 1
                            ? "1 more check fails because of it"
                            : "%,d more checks fail because of it".formatted(inhibited));
        }
        return lines;
    }

    /** Whether the alert of a feed tells of a failed check. */
    boolean tellOf(Row finding) {
        String heading = Finding.heading(
                finding.getAs("experiment_id"),
                finding.getAs("check"),
                finding.getAs("subject"),
                finding.getAs("segment"));
        return firing().stream().anyMatch(alert -> alert.listed(Watch.INHIBITS).contains(heading));
    }

    /** Who looks after a firing, or who wants to hear nothing of it for now. */
    Optional<String> note(AlertChange change) {
        return notes.acknowledgement(change)
                .map(note -> "acknowledged by " + by(note))
                .or(() -> notes.silence(change.labels(), asOf).map(note -> "silenced by " + by(note)));
    }

    private static String by(Note note) {
        return note.person() + note.comment().map(comment -> ": " + comment).orElse("");
    }

    /** The last attempt at every receiver. */
    private String told(AlertChange change) {
        return String.join(
                ", ",
                deliveries.stream()
                        .filter(row ->
                                row.getAs("fingerprint").equals(change.labels().fingerprint())
                                        && change.startsAt().equals(Optional.of(Lake.instant(row, "starts_at"))))
                        .collect(Collectors.toMap(
                                row -> row.<String>getAs("receiver"),
                                row -> row.<String>getAs("receiver") + " " + row.<String>getAs("outcome"),
                                (earlier, later) -> later,
                                TreeMap::new))
                        .values());
    }

    Section section() {
        return new Section(
                "alerts",
                "Alerts",
                changes.isEmpty()
                        ? "No alert has fired so far."
                        : "%,d firing. An alert is told once when it fires and once when it is resolved."
                                .formatted(firing().size()),
                changes.isEmpty()
                        ? List.of()
                        : List.of(new Group(
                                "Every alert, firing first",
                                "",
                                Stream.concat(Stream.of(table()), beneath().stream())
                                        .toList())));
    }

    /** What stands beneath the alerts of feeds: experiments with their metrics, and checks that have no alert. */
    private Optional<Figure> beneath() {
        List<List<?>> rows = new ArrayList<>();
        for (AlertChange alert : firing()) {
            String title = alert.labels().title();
            alert.listed(Watch.TOUCHES).forEach(line -> rows.add(List.of(title, "touches", line)));
            alert.listed(Watch.INHIBITS).forEach(line -> rows.add(List.of(title, "fails because of it", line)));
        }
        return rows.isEmpty()
                ? Optional.empty()
                : Optional.of(Figure.table(
                        "Beneath them",
                        new Table(
                                "What needs a feed that stopped; a check that fails because of it has no alert until the feed"
                                        + " is back",
                                List.of(
                                        Column.text("alert", "alert"),
                                        Column.text("how", ""),
                                        Column.text("what", "experiment")),
                                rows)));
    }

    private Figure table() {
        return Figure.table(
                "%,d alerts".formatted(changes.size()),
                new Table(
                        "As they stood at the as-of; since: when it fired, or was first seen while it is pending",
                        List.of(
                                Column.text("alert", "alert"),
                                Column.text("state", "state"),
                                Column.text("severity", "severity"),
                                Column.text("experiment", "experiment"),
                                new Column("since", "since", Format.INSTANT),
                                new Column("until", "resolved", Format.INSTANT),
                                Column.text("finding", "finding"),
                                Column.text("runbook", "what to do"),
                                Column.text("note", "people"),
                                Column.text("told", "told")),
                        changes.stream()
                                .<List<?>>map(change -> List.of(
                                        change.labels().title(),
                                        change.state().label(),
                                        severity(change),
                                        change.labels().experimentId(),
                                        change.startsAt().orElse(change.activeAt()),
                                        change.endsAt(),
                                        finding(change),
                                        change.annotations().getOrDefault(Watch.RUNBOOK, ""),
                                        note(change).orElse(""),
                                        told(change)))
                                .toList()));
    }
}
