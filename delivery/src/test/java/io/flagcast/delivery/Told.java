package io.flagcast.delivery;

import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.alerts.AlertChange.State;
import io.flagcast.rules.alerts.Labels;
import io.flagcast.rules.alerts.Watch;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What the tests of deliveries start from: an alert that began on a day, and its end. */
final class Told {

    static final Instant START = Instant.parse("2026-03-07T00:00:00Z");

    private Told() {}

    static Labels labels(String experimentId, String name, String severity) {
        return Labels.of(Map.of(
                "alertname", name,
                "experiment_id", experimentId,
                "segment", "high",
                "severity", severity,
                "team", "growth"));
    }

    static AlertChange firing(Labels labels) {
        return firing(labels, START, Map.of());
    }

    static AlertChange firing(Labels labels, Instant start, Map<String, String> further) {
        Map<String, String> annotations = new TreeMap<>(further);
        annotations.putIfAbsent(Watch.REASON, "3 % is below 5 %");
        return new AlertChange(
                labels,
                annotations,
                State.FIRING,
                start,
                Optional.of(start),
                Optional.empty(),
                Optional.empty(),
                start);
    }

    static AlertChange resolved(AlertChange firing, Instant end) {
        return new AlertChange(
                firing.labels(),
                Map.of(Watch.REASON, "6 % is not below 5 %"),
                State.RESOLVED,
                firing.activeAt(),
                firing.startsAt(),
                Optional.empty(),
                Optional.of(end),
                end);
    }
}
