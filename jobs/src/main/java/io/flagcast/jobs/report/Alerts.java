package io.flagcast.jobs.report;

import io.flagcast.jobs.lake.Lake;
import io.flagcast.jobs.report.ReportData.Column;
import io.flagcast.jobs.report.ReportData.Figure;
import io.flagcast.jobs.report.ReportData.Group;
import io.flagcast.jobs.report.ReportData.Section;
import io.flagcast.jobs.report.ReportData.Table;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;

/** Alerts as they stood at the as-of, and what people have said of them. */
record Alerts(List<Row> rows, List<Row> notes, List<Row> deliveries, Instant asOf) {

    private static final List<String> SEVERITIES = List.of("critical", "warning", "info");

    static Alerts of(Snapshot snapshot) {
        return new Alerts(
                snapshot.alerts().stream()
                        .filter(row -> List.of("firing", "pending", "resolved").contains(row.<String>getAs("state")))
                        .sorted(Comparator.<Row>comparingInt(row ->
                                        List.of("firing", "pending", "resolved").indexOf(row.<String>getAs("state")))
                                .thenComparingInt(row -> SEVERITIES.indexOf(label(row, "severity")))
                                .thenComparing(Alerts::title))
                        .toList(),
                snapshot.notes(),
                snapshot.deliveries(),
                snapshot.asOf());
    }

    List<Row> firing() {
        return rows.stream().filter(row -> row.getAs("state").equals("firing")).toList();
    }

    static String label(Row alert, String name) {
        return alert.<String, String>getJavaMap(alert.fieldIndex("labels")).getOrDefault(name, "");
    }

    static String annotation(Row alert, String name) {
        return alert.<String, String>getJavaMap(alert.fieldIndex("annotations")).getOrDefault(name, "");
    }

    /** The alert in a few words: its name, and where it looks. */
    static String title(Row alert) {
        String subject = label(alert, "subject");
        String segment = label(alert, "segment");
        return label(alert, "alertname")
                + (subject.isEmpty() ? "" : " of " + subject)
                + (segment.isEmpty() ? "" : " in " + segment);
    }

    /** What was found with its numbers, and what it follows from. */
    static String finding(Row alert) {
        String reason = annotation(alert, "reason");
        String cause = annotation(alert, "consequence_of");
        return (reason.isEmpty() ? annotation(alert, "summary") : reason)
                + (cause.isEmpty() ? "" : "; probably a consequence of " + cause);
    }

    /** The newest note on a firing alert that holds still: acknowledged since it fired, or silenced. */
    Optional<String> note(Row alert) {
        Map<String, String> labels = alert.getJavaMap(alert.fieldIndex("labels"));
        return notes.stream()
                .filter(note -> labels.entrySet()
                        .containsAll(note.<String, String>getJavaMap(note.fieldIndex("labels"))
                                .entrySet()))
                .filter(note -> holds(note, alert))
                .map(note -> "%s by %s%s"
                        .formatted(
                                note.getAs("kind").equals("silence") ? "silenced" : note.<String>getAs("kind"),
                                note.<String>getAs("person"),
                                note.getAs("comment") == null ? "" : ": " + note.<String>getAs("comment")))
                .reduce((earlier, later) -> later);
    }

    private boolean holds(Row note, Row alert) {
        return switch (note.<String>getAs("kind")) {
            case "silence" ->
                note.getAs("until") != null && Lake.instant(note, "until").isAfter(asOf);
            case "acknowledged" ->
                alert.getAs("starts_at") != null
                        && !Lake.instant(note, "noted_at").isBefore(Lake.instant(alert, "starts_at"));
            default -> false;
        };
    }

    private String told(Row alert) {
        return deliveries.stream()
                .filter(delivery -> delivery.getAs("fingerprint").equals(alert.getAs("fingerprint"))
                        && alert.getAs("starts_at") != null
                        && Lake.instant(delivery, "starts_at").equals(Lake.instant(alert, "starts_at")))
                .collect(Collectors.toMap(
                        delivery -> delivery.<String>getAs("receiver"),
                        delivery -> delivery.<String>getAs("receiver") + " " + delivery.getAs("outcome"),
                        (earlier, later) -> later))
                .values()
                .stream()
                .sorted()
                .collect(Collectors.joining(", "));
    }

    Section section() {
        return new Section(
                "alerts",
                "Alerts",
                rows.isEmpty()
                        ? "No alert has fired so far."
                        : "%,d firing. An alert is told once when it fires and once when it is resolved."
                                .formatted(firing().size()),
                rows.isEmpty() ? List.of() : List.of(new Group("Every alert, firing first", "", List.of(table()))));
    }

    private Figure table() {
        return Figure.table(
                "Alerts",
                new Table(
                        "As they stood at the as-of",
                        List.of(
                                Column.text("alert", "alert"),
                                Column.text("state", "state"),
                                Column.text("severity", "severity"),
                                Column.text("experiment", "experiment"),
                                new Column("since", "since", Format.INSTANT),
                                new Column("until", "resolved", Format.INSTANT),
                                Column.text("finding", "finding"),
                                Column.text("runbook", "runbook"),
                                Column.text("note", "people"),
                                Column.text("told", "told")),
                        rows.stream()
                                .<List<?>>map(row -> List.of(
                                        title(row),
                                        row.<String>getAs("state"),
                                        label(row, "severity"),
                                        label(row, "experiment_id"),
                                        instant(row, "starts_at").or(() -> instant(row, "active_at")),
                                        instant(row, "ends_at"),
                                        finding(row),
                                        annotation(row, "runbook_url"),
                                        note(row).orElse(""),
                                        told(row)))
                                .toList()));
    }

    private static Optional<Instant> instant(Row row, String column) {
        return row.getAs(column) == null ? Optional.empty() : Optional.of(Lake.instant(row, column));
    }
}
