package io.flagcast.jobs.report;

import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.floor;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;

import io.flagcast.allocation.Cell;
import io.flagcast.jobs.Json;
import io.flagcast.jobs.lake.Lake;
import io.flagcast.jobs.lake.Publication;
import io.flagcast.jobs.simulation.Worth;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** One self-contained page about the live publication: no script, no network. */
public final class HtmlReport {

    private static final String STYLE = """
            :root{color-scheme:light dark;--ink:#1a2330;--soft:#5b6776;--line:#d7dde5;--page:#fff;--panel:#f5f7fa;--a:#1f6feb;--b:#b4560b;--c:#1a7f4b;--d:#8250df}
            @media(prefers-color-scheme:dark){:root{--ink:#e8edf3;--soft:#9fabba;--line:#36414f;--page:#11161d;--panel:#1a212b;--a:#6cb0ff;--b:#f0a35e;--c:#5fd08f;--d:#c39bff}}
            *{box-sizing:border-box}body{margin:0 auto;max-width:68rem;padding:1.5rem 1rem 4rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page)}
            h1{font-size:1.6rem;margin:.2rem 0}h2{margin:2.2rem 0 .4rem;font-size:1.25rem;border-top:1px solid var(--line);padding-top:1.2rem}h3{margin:1.3rem 0 .3rem;font-size:1rem}
            p{margin:.3rem 0}.soft{color:var(--soft)}.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.92rem}caption{text-align:left;color:var(--soft);padding:.3rem 0}
            th,td{padding:.35rem .7rem;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
            ul.key{list-style:none;padding:.8rem 1rem;background:var(--panel);border-radius:.5rem;margin:.6rem 0}ul.key li{margin:.25rem 0}
            svg{width:100%;height:auto;max-width:44rem;display:block}svg text{fill:var(--soft);font:12px system-ui,sans-serif}.grid{stroke:var(--line)}
            .s0{stroke:var(--a);fill:var(--a)}.s1{stroke:var(--b);fill:var(--b)}.s2{stroke:var(--c);fill:var(--c)}.s3{stroke:var(--d);fill:var(--d)}polyline{fill:none!important;stroke-width:2}.band{opacity:.16;stroke:none}
            """;

    private HtmlReport() {}

    /**
     * Writes the page.
     *
     * @param worth of a simulated world's experiments; empty where the truth is unknown
     */
    public static void write(Lake lake, List<Worth> worth, Path file) throws IOException {
        Publication live = lake.live().orElseThrow();
        Optional<Publication> shown = Optional.of(live);
        StringBuilder page = new StringBuilder();
        page.append("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">")
                .append("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">")
                .append("<title>Flagcast ")
                .append(escape(live.runId()))
                .append("</title><style>")
                .append(STYLE)
                .append("</style></head><body><main>");
        List<Row> changes = lake.history(Tables.ALLOCATION_PARAMETERS)
                .orderBy("effective_as_of", "experiment_id", "segment")
                .collectAsList();
        head(page, lake, live, changes);
        if (!worth.isEmpty()) {
            worth(page, worth);
        }
        scores(page, lake.published(Tables.RESPONSIVENESS_SCORES, shown));
        List<Row> allocations = lake.published(Tables.ALLOCATIONS, shown)
                .groupBy("experiment_id", "segment")
                .agg(
                        count(lit(1)).as("users"),
                        avg(col("enabled").cast("int")).as("enabled"),
                        max("share").as("share"))
                .orderBy("experiment_id", "segment")
                .collectAsList();
        List<Row> metrics = lake.published(Tables.SEGMENT_METRICS, shown)
                .where("cell = ''")
                .orderBy("experiment_id", "metric_name", "user_segment", "population", "window_start")
                .collectAsList();
        for (String experimentId :
                allocations.stream().map(row -> row.getString(0)).distinct().toList()) {
            experiment(page, experimentId, allocations, metrics, changes);
        }
        page.append("</main></body></html>\n");
        if (file.toAbsolutePath().getParent() != null) {
            Files.createDirectories(file.toAbsolutePath().getParent());
        }
        Files.writeString(file, page);
    }

    private static void head(StringBuilder page, Lake lake, Publication live, List<Row> changes) {
        page.append("<h1>Flagcast</h1><p class=\"soft\">Publication ")
                .append(live.sequence())
                .append(", as of ")
                .append(live.asOf())
                .append(", run ")
                .append(escape(live.runId()))
                .append("</p><ul class=\"key\">");
        for (Row row : lake.published(Tables.RULE_DECISIONS, Optional.of(live))
                .orderBy("experiment_id", "rule_id")
                .collectAsList()) {
            item(
                    page,
                    "%s: rule %s %s. %s"
                            .formatted(
                                    row.getAs("experiment_id"),
                                    row.getAs("rule_id"),
                                    row.getAs("outcome"),
                                    row.getAs("reason")));
        }
        long rules = changes.stream()
                .filter(row -> "rule".equals(row.getAs("cause")))
                .count();
        item(page, "%d changes of allocation so far, %d of them by rules".formatted(changes.size(), rules));
        long quarantined = live.tables().containsKey(Tables.QUARANTINE.name())
                ? live.tables().get(Tables.QUARANTINE.name()).rows()
                : 0;
        item(page, "%,d input rows quarantined".formatted(quarantined));
        page.append("</ul>");
    }

    private static void item(StringBuilder page, String text) {
        page.append("<li>").append(escape(text)).append("</li>");
    }

    private static void worth(StringBuilder page, List<Worth> worth) {
        page.append("<h2>What it was worth</h2>");
        List<List<String>> rows = new ArrayList<>();
        for (Worth each : worth) {
            rows.add(List.of(
                    each.experimentId(),
                    "%,d".formatted(each.exposures()),
                    "%.0f %%".formatted(100 * each.enabled()),
                    text(each.flagcast()),
                    text(each.uniform()),
                    text(each.oracle()),
                    text(each.gain())));
        }
        table(
                page,
                "Conversions per 1,000 exposures with 95 % intervals over users; every policy on the same users and luck",
                List.of(
                        "experiment",
                        "exposures",
                        "enabled",
                        "Flagcast",
                        "uniform A/B",
                        "oracle",
                        "Flagcast − uniform"),
                1,
                rows);
    }

    private static void scores(StringBuilder page, Dataset<Row> scores) {
        page.append("<h2>Scores</h2>");
        Map<String, List<Row>> byFeature = new TreeMap<>();
        scores.groupBy(
                        col("feature_id"),
                        col("source"),
                        least(floor(col("score").divide(5)), lit(19)).as("bin"))
                .agg(count(lit(1)).as("users"), avg("uplift").as("uplift"))
                .orderBy("feature_id", "bin")
                .collectAsList()
                .forEach(row -> byFeature
                        .computeIfAbsent(row.getString(0), id -> new ArrayList<>())
                        .add(row));
        byFeature.forEach((featureId, rows) -> {
            String sources = rows.stream()
                    .collect(Collectors.groupingBy(
                            row -> row.getString(1), TreeMap::new, Collectors.summingLong(row -> row.getLong(3))))
                    .entrySet()
                    .stream()
                    .map(entry -> "%,d from %s".formatted(entry.getValue(), entry.getKey()))
                    .collect(Collectors.joining(", "));
            page.append("<h3>")
                    .append(escape(featureId))
                    .append("</h3><p class=\"soft\">")
                    .append(escape(sources))
                    .append("</p>");
            long[] bins = new long[20];
            rows.forEach(row -> bins[(int) row.getLong(2)] += row.getLong(3));
            histogram(page, "Distribution of the responsiveness scores of " + featureId, bins);
        });
    }

    private static void experiment(
            StringBuilder page, String experimentId, List<Row> allocations, List<Row> metrics, List<Row> changes) {
        page.append("<h2>").append(escape(experimentId)).append("</h2>");
        List<List<String>> rows = new ArrayList<>();
        for (Row row : allocations) {
            if (row.getString(0).equals(experimentId)) {
                rows.add(List.of(
                        row.isNullAt(1) ? "unscored" : row.getString(1),
                        "%,d".formatted(row.getLong(2)),
                        "%.1f %%".formatted(100 * row.getDouble(3)),
                        "%.0f %%".formatted(100 * row.getDouble(4))));
            }
        }
        table(page, "Who is enabled now", List.of("segment", "users", "enabled", "share"), 1, rows);
        List<Row> own = metrics.stream()
                .filter(row -> row.getAs("experiment_id").equals(experimentId))
                .toList();
        for (String metric : own.stream()
                .map(row -> row.<String>getAs("metric_name"))
                .distinct()
                .toList()) {
            metric(
                    page,
                    metric,
                    own.stream()
                            .filter(row -> row.getAs("metric_name").equals(metric))
                            .toList());
        }
        List<List<String>> timeline = new ArrayList<>();
        for (Row row : changes) {
            if (row.getAs("experiment_id").equals(experimentId)) {
                Double base = row.getAs("base_probability");
                timeline.add(List.of(
                        Lake.instant(row, "effective_as_of").toString(),
                        new Cell(row.getAs("segment"), row.getAs("cell")).toString(),
                        row.getAs("cause"),
                        "%.0f %%".formatted(100 * row.<Double>getAs("share")),
                        base == null ? "" : "%.0f %%".formatted(100 * base),
                        why(row)));
            }
        }
        if (!timeline.isEmpty()) {
            table(page, "Changes", List.of("as of", "segment", "cause", "share", "probability", "why"), 9, timeline);
        }
    }

    private static void metric(StringBuilder page, String metric, List<Row> rows) {
        page.append("<h3>").append(escape(metric)).append("</h3>");
        List<List<String>> table = new ArrayList<>();
        for (Row row : rows) {
            if (row.getAs("window").equals("total") && !row.getAs("population").equals("everyone")) {
                table.add(List.of(
                        row.getAs("user_segment"),
                        row.getAs("population"),
                        "%,d".formatted(row.<Long>getAs("n")),
                        number(row, "metric_value"),
                        number(row, "lower") + " to " + number(row, "upper"),
                        row.getAs("effect") == null
                                ? ""
                                : "%s (%s to %s), ess %,.0f"
                                        .formatted(
                                                number(row, "effect"),
                                                number(row, "effect_lower"),
                                                number(row, "effect_upper"),
                                                row.<Double>getAs("effective_sample_size"))));
            }
        }
        table(
                page,
                "All exposures whose outcome window has closed; effect = enabled − control, weighted by inverse propensity",
                List.of("segment", "population", "n", "value", "95 % interval", "effect"),
                2,
                table);
        lines(page, "Enabled users per day and segment: " + metric, rows);
    }

    private static String number(Row row, String column) {
        Double value = row.getAs(column);
        return value == null ? "" : "%.4f".formatted(value);
    }

    private static void table(
            StringBuilder page, String caption, List<String> columns, int firstNumber, List<List<String>> rows) {
        page.append("<div class=\"wide\"><table><caption>")
                .append(escape(caption))
                .append("</caption><thead><tr>");
        for (int i = 0; i < columns.size(); i++) {
            cell(page, "th scope=\"col\"", "th", columns.get(i), i >= firstNumber);
        }
        page.append("</tr></thead><tbody>");
        for (List<String> row : rows) {
            page.append("<tr>");
            for (int i = 0; i < row.size(); i++) {
                cell(page, "td", "td", row.get(i), i >= firstNumber);
            }
            page.append("</tr>");
        }
        page.append("</tbody></table></div>");
    }

    private static void cell(StringBuilder page, String open, String close, String text, boolean number) {
        page.append('<')
                .append(open)
                .append(number ? " class=\"n\">" : ">")
                .append(escape(text))
                .append("</")
                .append(close)
                .append('>');
    }

    private static void histogram(StringBuilder page, String label, long[] bins) {
        long most = 1;
        for (long bin : bins) {
            most = Math.max(most, bin);
        }
        page.append("<svg viewBox=\"0 0 640 150\" role=\"img\" aria-label=\"")
                .append(escape(label))
                .append("\">");
        for (int i = 0; i < bins.length; i++) {
            double height = 110.0 * bins[i] / most;
            page.append(
                    "<rect class=\"s0\" x=\"%d\" y=\"%.1f\" width=\"28\" height=\"%.1f\"><title>%d to %d: %,d users</title></rect>"
                            .formatted(10 + 31 * i, 120 - height, height, 5 * i, 5 * i + 5, bins[i]));
        }
        page.append(
                "<text x=\"10\" y=\"140\">score 0</text><text x=\"630\" y=\"140\" text-anchor=\"end\">100</text></svg>");
    }

    /** Daily values of the enabled users per segment, with their intervals as bands. */
    private static void lines(StringBuilder page, String label, List<Row> rows) {
        Map<String, List<Row>> series = new TreeMap<>();
        for (Row row : rows) {
            if (row.getAs("window").equals("day")
                    && row.getAs("population").equals("enabled")
                    && !row.getAs("user_segment").equals("all")
                    && row.getAs("upper") != null) {
                series.computeIfAbsent(row.getAs("user_segment"), id -> new ArrayList<>())
                        .add(row);
            }
        }
        List<Instant> days = series.values().stream()
                .flatMap(List::stream)
                .map(row -> Lake.instant(row, "window_start"))
                .distinct()
                .sorted()
                .toList();
        if (days.size() < 2) {
            return;
        }
        double top = series.values().stream()
                .flatMap(List::stream)
                .mapToDouble(row -> row.<Double>getAs("upper"))
                .max()
                .orElse(1);
        page.append("<svg viewBox=\"0 0 640 230\" role=\"img\" aria-label=\"")
                .append(escape(label))
                .append("\">");
        for (int i = 0; i <= 4; i++) {
            double y = 190 - 45.0 * i;
            page.append(
                    "<line class=\"grid\" x1=\"50\" x2=\"630\" y1=\"%.0f\" y2=\"%.0f\"/><text x=\"44\" y=\"%.0f\" text-anchor=\"end\">%s</text>"
                            .formatted(y, y, y + 4, axis(top * i / 4)));
        }
        page.append("<text x=\"50\" y=\"208\">%s</text><text x=\"630\" y=\"208\" text-anchor=\"end\">%s</text>"
                .formatted(
                        days.get(0).atOffset(ZoneOffset.UTC).toLocalDate(),
                        days.get(days.size() - 1).atOffset(ZoneOffset.UTC).toLocalDate()));
        int index = 0;
        for (Map.Entry<String, List<Row>> entry : series.entrySet()) {
            StringBuilder line = new StringBuilder();
            StringBuilder upper = new StringBuilder();
            StringBuilder lower = new StringBuilder();
            for (Row row : entry.getValue()) {
                double x = 50 + 580.0 * days.indexOf(Lake.instant(row, "window_start")) / (days.size() - 1);
                line.append("%.1f,%.1f ".formatted(x, height(row.getAs("metric_value"), top)));
                upper.append("%.1f,%.1f ".formatted(x, height(row.getAs("upper"), top)));
                lower.insert(0, "%.1f,%.1f ".formatted(x, height(Math.max(0, row.<Double>getAs("lower")), top)));
            }
            page.append("<polygon class=\"band s%d\" points=\"%s\"/>".formatted(index % 4, upper.toString() + lower))
                    .append("<polyline class=\"s%d\" points=\"%s\"/>".formatted(index % 4, line))
                    .append("<text class=\"s%d\" x=\"%d\" y=\"226\" style=\"stroke:none\">%s</text>"
                            .formatted(index % 4, 50 + 110 * index, escape(entry.getKey())));
            index++;
        }
        page.append("</svg>");
    }

    private static double height(double value, double top) {
        return 190 - 180 * value / top;
    }

    private static String axis(double value) {
        return value < 1 ? "%.1f %%".formatted(100 * value) : "%.1f".formatted(value);
    }

    /** A rate with its interval. */
    public static String text(Worth.Estimate estimate) {
        return "%.1f (%.1f to %.1f)"
                .formatted(
                        estimate.value(),
                        estimate.interval().lower(),
                        estimate.interval().upper());
    }

    /** Why a row of {@code allocation_parameters} is there, in a sentence. */
    public static String why(Row change) {
        String rule = change.getAs("rule_id");
        String state = change.getAs("state");
        String json = state == null ? change.getAs("decision") : state;
        String reason =
                Json.tree(json, "allocation_parameters.decision").path("reason").asText();
        return (rule == null ? "" : rule + ": ") + reason;
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
