package io.flagcast.jobs.records;

import com.fasterxml.jackson.databind.JsonNode;
import io.flagcast.lake.Json;
import io.flagcast.rules.checks.Check;
import io.flagcast.rules.checks.Finding;
import io.flagcast.rules.checks.Finding.Part;
import io.flagcast.statistics.Interval;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The table {@code health_checks} as {@link Finding}s. */
public final class FindingTable {

    private FindingTable() {}

    /** Findings as rows without run and as-of. */
    public static List<Row> rows(List<Finding> findings) {
        return findings.stream().map(FindingTable::row).toList();
    }

    /** The findings of a slice. */
    public static List<Finding> read(Dataset<Row> slice) {
        return slice.collectAsList().stream().map(FindingTable::finding).toList();
    }

    private static Row row(Finding finding) {
        return RowFactory.create(
                finding.experimentId(),
                finding.check().label(),
                finding.segment(),
                finding.subject(),
                finding.state().label(),
                value(finding.observed()),
                finding.interval().map(Interval::lower).orElse(null),
                finding.interval().map(Interval::upper).orElse(null),
                value(finding.threshold()),
                value(finding.pValue()),
                finding.n(),
                finding.reason(),
                finding.detail().isEmpty()
                        ? null
                        : Json.write(finding.detail().stream()
                                .map(FindingTable::json)
                                .toList()));
    }

    private static Double value(OptionalDouble number) {
        return number.isPresent() ? number.getAsDouble() : null;
    }

    private static Finding finding(Row row) {
        Double lower = row.getAs("lower");
        Double upper = row.getAs("upper");
        return new Finding(
                row.getAs("experiment_id"),
                Check.valueOf(row.<String>getAs("check").toUpperCase(Locale.ROOT)),
                row.getAs("segment"),
                row.getAs("subject"),
                Finding.State.valueOf(row.<String>getAs("state").toUpperCase(Locale.ROOT)),
                number(row, "observed"),
                lower == null || upper == null ? Optional.empty() : Optional.of(new Interval(lower, upper)),
                number(row, "threshold"),
                number(row, "p_value"),
                row.<Long>getAs("n"),
                row.getAs("reason"),
                row.isNullAt(row.fieldIndex("detail")) ? List.of() : parts(row.getAs("detail")));
    }

    private static Map<String, Object> json(Part part) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", part.name());
        json.put("n", part.n());
        part.expected().ifPresent(expected -> json.put("expected", expected));
        part.observed().ifPresent(observed -> json.put("observed", observed));
        part.interval().ifPresent(interval -> {
            json.put("lower", interval.lower());
            json.put("upper", interval.upper());
        });
        return json;
    }

    private static List<Part> parts(String json) {
        List<Part> parts = new ArrayList<>();
        for (JsonNode part : Json.tree(json, "detail of health_checks")) {
            parts.add(new Part(
                    part.get("name").asText(),
                    part.get("n").asLong(),
                    number(part, "expected"),
                    number(part, "observed"),
                    part.has("lower")
                            ? Optional.of(new Interval(
                                    part.get("lower").asDouble(),
                                    part.get("upper").asDouble()))
                            : Optional.empty()));
        }
        return parts;
    }

    private static OptionalDouble number(JsonNode part, String name) {
        return part.has(name) ? OptionalDouble.of(part.get(name).asDouble()) : OptionalDouble.empty();
    }

    private static OptionalDouble number(Row row, String column) {
        Double value = row.getAs(column);
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
    }
}
