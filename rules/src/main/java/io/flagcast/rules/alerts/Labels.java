package io.flagcast.rules.alerts;

import io.flagcast.allocation.Segments;
import io.flagcast.tables.ContentHash;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The identity of an alert: two are one exactly where all their labels are equal. No measured value and no run is a label, so
 * that an alert stays the same while it lasts. The severity is one, as receivers route by labels: an alert that gets another
 * severity is another alert.
 *
 * @param values by name, in the order of the names; a name is of letters, digits and underscores, as Prometheus has it, and a
 *     value is never blank
 */
public record Labels(SortedMap<String, String> values) {

    public static final String ALERT_NAME = "alertname";
    public static final String EXPERIMENT_ID = "experiment_id";
    public static final String SEGMENT = "segment";
    public static final String CHECK = "check";
    public static final String METRIC = "metric";
    public static final String SUBJECT = "subject";
    public static final String SEVERITY = "severity";

    /** Names that an alert has of itself, which nobody may declare. */
    public static final List<String> RESERVED =
            List.of(ALERT_NAME, EXPERIMENT_ID, SEGMENT, CHECK, METRIC, SUBJECT, SEVERITY);

    public Labels {
        values = Collections.unmodifiableSortedMap(new TreeMap<>(values));
        values.forEach(Labels::require);
    }

    public static Labels of(Map<String, String> values) {
        return new Labels(new TreeMap<>(values));
    }

    static void require(String name, String value) {
        if (!name.matches("[a-zA-Z_][a-zA-Z0-9_]*") || name.startsWith("__")) {
            throw new IllegalArgumentException(
                    "label '%s' is no name for Prometheus: write letters, digits and _, and no digit or __ first"
                            .formatted(name));
        }
        if (value.isBlank()) {
            throw new IllegalArgumentException("label '%s' is blank: write a value or remove it".formatted(name));
        }
    }

    public Optional<String> value(String name) {
        return Optional.ofNullable(values.get(name));
    }

    public String experimentId() {
        return value(EXPERIMENT_ID).orElse("");
    }

    /** Whether these have all of some labels. */
    public boolean haveAll(Map<String, String> some) {
        return values.entrySet().containsAll(some.entrySet());
    }

    /** The alert in a few words: its name, and where it looks. */
    public String title() {
        return values.get(ALERT_NAME)
                + value(SUBJECT).map(subject -> " of " + subject).orElse("")
                + value(SEGMENT)
                        .filter(segment -> !segment.equals(Segments.ALL))
                        .map(segment -> " in " + segment)
                        .orElse("");
    }

    /** 16 hexadecimal digits of the SHA-256 of the labels. */
    public String fingerprint() {
        // Lengths before the texts: no two label sets give the same bytes.
        String text = values.entrySet().stream()
                .map(label -> "%d:%s%d:%s"
                        .formatted(
                                label.getKey().length(),
                                label.getKey(),
                                label.getValue().length(),
                                label.getValue()))
                .collect(Collectors.joining());
        return ContentHash.sha256(text, 16);
    }
}
