package io.flagcast.report;

import static java.util.stream.Collectors.partitioningBy;

import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.report.page.Chart;
import io.flagcast.report.page.Chart.Kind;
import io.flagcast.report.page.Estimate;
import io.flagcast.report.page.Format;
import io.flagcast.report.page.ReportData.Column;
import io.flagcast.report.page.ReportData.Figure;
import io.flagcast.report.page.ReportData.Group;
import io.flagcast.report.page.ReportData.Table;
import io.flagcast.rules.checks.Check;
import io.flagcast.rules.checks.Finding.State;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.spark.sql.Row;

/** What the health checks found. */
final class CheckGroups {

    private static final List<String> CHECKS =
            Arrays.stream(Check.values()).map(Check::label).toList();
    private static final List<String> STATES =
            List.of(State.FAILED.label(), State.UNKNOWN.label(), State.PASSED.label());
    private static final List<String> BIAS = List.of(Check.ENABLE_BIAS.label(), Check.OUTCOME_BIAS.label());

    private CheckGroups() {}

    /** Failures first, then in the order in which a person should look. */
    static final Comparator<Row> MOST_URGENT_FIRST = Comparator.<Row>comparingInt(
                    row -> STATES.indexOf(row.<String>getAs("state")))
            .thenComparingInt(row -> CHECKS.indexOf(row.<String>getAs("check")))
            .thenComparing(row -> row.<String>getAs("segment"))
            .thenComparing(row -> row.<String>getAs("subject"));

    /**
     * The groups of an experiment.
     *
     * @param findings all of them
     * @param formats of its metrics
     */
    static List<Group> of(List<Row> findings, Function<String, Format> formats) {
        if (findings.isEmpty()) {
            return List.of(
                    Group.absent("Health checks", "No health check has run for this publication."),
                    Group.absent("Bias", "No bias check has run for this publication."));
        }
        List<Figure> figures = new ArrayList<>();
        List<Row> others = findings.stream()
                .filter(row -> !BIAS.contains(row.<String>getAs("check")))
                .toList();
        figures.addAll(tables(others));
        findings.stream()
                .filter(row -> Check.NOVELTY.label().equals(row.getAs("check")))
                .map(row -> novelty(row, formats.apply(row.getAs("subject")).ofDifference()))
                .flatMap(Optional::stream)
                .forEach(figures::add);
        for (Row row : others) {
            if (Check.PREDICTOR_DRIFT.label().equals(row.getAs("check"))
                    && STATES.get(0).equals(row.getAs("state"))) {
                String predictor = row.getAs("subject");
                figures.addAll(ModelGroups.bins(
                        List.of(row), Check.PREDICTOR_DRIFT, predictor + " now and in training", predictor));
            }
        }
        return List.of(new Group("Health checks", "", figures), bias(findings));
    }

    /** All findings: what did not pass at once, and what passed folded away. */
    static List<Figure> tables(List<Row> findings) {
        Map<Boolean, List<Row>> passed =
                findings.stream().collect(partitioningBy(row -> STATES.get(2).equals(row.getAs("state"))));
        List<Figure> figures = new ArrayList<>();
        if (!passed.get(false).isEmpty()) {
            figures.add(Figure.table(counts(passed.get(false)), table(passed.get(false))));
        }
        if (!passed.get(true).isEmpty()) {
            figures.add(Figure.folded(counts(passed.get(true)), table(passed.get(true))));
        }
        return figures;
    }

    private static Table table(List<Row> findings) {
        return new Table(
                "Failed first; p: of the textbook test, for one look",
                List.of(
                        Column.text("check", "check"),
                        Column.text("state", "state"),
                        Column.text("of", "of"),
                        Column.text("reason", "finding"),
                        Column.count("n", "n"),
                        new Column("observed", "observed", Format.NUMBER),
                        new Column("threshold", "limit", Format.NUMBER),
                        new Column("p", "p", Format.NUMBER)),
                findings.stream()
                        .sorted(MOST_URGENT_FIRST)
                        .<List<?>>map(row -> List.of(
                                row.<String>getAs("check"),
                                row.<String>getAs("state"),
                                of(row),
                                row.<String>getAs("reason"),
                                row.<Long>getAs("n"),
                                Estimate.of(row, "observed", "lower", "upper"),
                                Estimate.number(row, "threshold"),
                                Estimate.number(row, "p_value")))
                        .toList());
    }

    /** Subject and segment of a finding; all is said where there is no other. */
    private static String of(Row finding) {
        String subject = finding.getAs("subject");
        String segment = finding.getAs("segment");
        return subject.isEmpty() ? segment : segment.equals(SegmentMetrics.ALL) ? subject : subject + ", " + segment;
    }

    private static String counts(List<Row> findings) {
        List<String> parts = new ArrayList<>();
        for (String state : STATES) {
            long n = findings.stream()
                    .filter(row -> state.equals(row.getAs("state")))
                    .count();
            if (n > 0) {
                parts.add("%,d %s".formatted(n, state));
            }
        }
        return String.join(", ", parts);
    }

    private static Optional<Figure> novelty(Row finding, Format format) {
        List<List<?>> rows = new ArrayList<>();
        for (Part day : Part.of(finding)) {
            day.estimate()
                    .ifPresent(effect ->
                            rows.add(List.of(Long.valueOf(day.name()), finding.getAs("segment"), day.n(), effect)));
        }
        return rows.isEmpty()
                ? Optional.empty()
                : Optional.of(Figure.drawn(
                        "Effect on %s by days since the first exposure".formatted(finding.<String>getAs("subject")),
                        Chart.of(
                                        Kind.TREND,
                                        Map.of("x", "day", "y", "effect", "series", "segment"),
                                        format,
                                        List.of(),
                                        "days since the first exposure")
                                .at(0),
                        new Table(
                                "Enabled minus control; 95 % intervals",
                                List.of(
                                        Column.count("day", "days"),
                                        Column.text("segment", "segment"),
                                        Column.count("n", "n"),
                                        new Column("effect", "effect", format)),
                                rows)));
    }

    private static Group bias(List<Row> findings) {
        List<Row> own = findings.stream()
                .filter(row -> BIAS.contains(row.<String>getAs("check")))
                .sorted(MOST_URGENT_FIRST)
                .toList();
        if (own.isEmpty()) {
            return Group.absent("Bias", "No attribute is declared as protected, so no bias was looked for.");
        }
        List<List<?>> rows = new ArrayList<>();
        for (Row row : own) {
            for (Part group : Part.of(row)) {
                Optional<Estimate> ratio = group.observed()
                        .flatMap(rate -> group.expected()
                                .filter(others -> others != 0)
                                .map(others -> new Estimate(rate / others, group.interval())));
                rows.add(List.of(
                        "%s, %s".formatted(what(row), row.<String>getAs("segment")),
                        group.name(),
                        row.<String>getAs("state"),
                        group.n(),
                        ratio,
                        group.observed(),
                        group.expected()));
            }
        }
        List<Figure> figures = new ArrayList<>();
        if (!rows.isEmpty()) {
            figures.add(Figure.drawn(
                    "Ratio to the others of the same segment",
                    Chart.of(
                                    Kind.INTERVALS,
                                    Map.of("group", "of", "label", "group", "value", "ratio", "n", "n"),
                                    Format.NUMBER,
                                    List.of(),
                                    "ratio")
                            .at(1)
                            .ofRatios(),
                    new Table(
                            "Each group against all others of its segment; confidence sequences of the ratio; groups below"
                                    + " the least size are not shown",
                            List.of(
                                    Column.text("of", "of"),
                                    Column.text("group", "group"),
                                    Column.text("state", "state"),
                                    Column.count("n", "n"),
                                    new Column("ratio", "ratio", Format.NUMBER),
                                    new Column("own", "group's", Format.NUMBER),
                                    new Column("others", "others'", Format.NUMBER)),
                            rows)));
        }
        figures.addAll(tables(own));
        return new Group(
                "Bias",
                "Groups by protected attribute within one segment. Between four fifths and five fourths counts as alike;"
                        + " a gap is where to look, no proof of its cause.",
                figures);
    }

    private static String what(Row finding) {
        return Check.ENABLE_BIAS.label().equals(finding.getAs("check"))
                ? "enabled by " + finding.getAs("subject")
                : finding.<String>getAs("subject");
    }
}
