package io.flagcast.report;

import com.fasterxml.jackson.databind.JsonNode;
import io.flagcast.lake.Json;
import io.flagcast.report.page.Estimate;
import io.flagcast.statistics.Interval;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.apache.spark.sql.Row;

/**
 * A bin, decile, day or group behind a finding, as its column {@code detail} has it.
 *
 * @param name its name
 * @param n users or rows in it
 * @param expected what was predicted, or the others have
 * @param observed what was measured
 * @param interval as the check defines it, mostly of what was measured
 */
record Part(String name, long n, Optional<Double> expected, Optional<Double> observed, Optional<Interval> interval) {

    /** All parts of a finding, in its order; none where it has no detail. */
    static List<Part> of(Row finding) {
        String detail = finding.getAs("detail");
        JsonNode parts = Json.tree(detail == null ? "[]" : detail, "health_checks.detail");
        return StreamSupport.stream(parts.spliterator(), false).map(Part::of).toList();
    }

    private static Part of(JsonNode part) {
        return new Part(
                part.path("name").asText(),
                part.path("n").asLong(),
                number(part, "expected"),
                number(part, "observed"),
                number(part, "lower").flatMap(lower -> number(part, "upper").map(upper -> new Interval(lower, upper))));
    }

    private static Optional<Double> number(JsonNode part, String field) {
        return Optional.of(part.path(field)).filter(JsonNode::isNumber).map(JsonNode::asDouble);
    }

    /** What was measured with its interval. */
    Optional<Estimate> estimate() {
        return observed.map(value -> new Estimate(value, interval));
    }
}
