package io.flagcast.report.page;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flagcast.report.page.ReportData.Figure;
import io.flagcast.report.page.ReportData.Table;
import io.flagcast.statistics.Interval;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What the charts are drawn from, as JSON that can stand within a script element: no text of a table can end it.
 *
 * @see <a href="https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements">
 *     HTML, restrictions for contents of script elements</a>
 */
final class ChartJson {

    private static final ObjectMapper JSON = new ObjectMapper();

    private ChartJson() {}

    static String of(ReportData data) {
        Stream<Map<String, Object>> figures = drawn(data).stream().map(figure -> {
            Chart chart = figure.chart().orElseThrow();
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("kind", chart.kind().label());
            fields.put("columns", chart.columns());
            fields.put("format", chart.format().name().toLowerCase(Locale.ROOT));
            fields.put("series", chart.series());
            fields.put("axis", chart.axis());
            fields.put("reference", chart.reference().orElse(null));
            fields.put("scale", chart.scale().name().toLowerCase(Locale.ROOT));
            fields.put("rows", records(figure.table()));
            return fields;
        });
        try {
            return JSON.writeValueAsString(figures.toList())
                    .replace("<", "\\u003c")
                    .replace(">", "\\u003e")
                    .replace("&", "\\u0026");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("figures are not writable as JSON", e);
        }
    }

    /** All figures that are drawn, in the order of the page. */
    private static List<Figure> drawn(ReportData data) {
        return data.sections().stream()
                .flatMap(section -> section.groups().stream())
                .flatMap(group -> group.figures().stream())
                .filter(figure -> figure.chart().isPresent())
                .toList();
    }

    /** Rows by column name, absent values as null. */
    private static List<Map<String, Object>> records(Table table) {
        List<Map<String, Object>> records = new ArrayList<>();
        for (List<?> row : table.rows()) {
            Map<String, Object> fields = new LinkedHashMap<>();
            for (int i = 0; i < table.columns().size(); i++) {
                fields.put(table.columns().get(i).name(), plain(row.get(i)));
            }
            records.add(fields);
        }
        return records;
    }

    private static Object plain(Object value) {
        if (value instanceof Optional<?> optional) {
            return optional.map(ChartJson::plain).orElse(null);
        }
        if (value instanceof Estimate estimate) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("value", estimate.value());
            fields.put("lower", estimate.interval().map(Interval::lower).orElse(null));
            fields.put("upper", estimate.interval().map(Interval::upper).orElse(null));
            return fields;
        }
        return value instanceof Instant instant ? instant.toString() : value;
    }
}
