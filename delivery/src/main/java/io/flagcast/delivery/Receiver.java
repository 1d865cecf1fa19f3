package io.flagcast.delivery;

import io.flagcast.lake.Json;
import io.flagcast.rules.Action.Alert.Severity;
import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.alerts.Watch;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/** Who is told of alerts. */
public sealed interface Receiver {

    /** Name under {@code flagcast.alerts.receivers}. */
    String name();

    /** Severities of the alerts that it is told of. */
    Set<Severity> severities();

    /** A receiver that is told by an HTTP request. */
    sealed interface Posted extends Receiver {

        /** Where the request goes. */
        Address endpoint();

        /** The JSON that it takes. */
        String body(Message message, Instant now);

        /** Headers beside the content type. */
        default Map<String, String> headers(Message message) {
            return Map.of();
        }
    }

    /**
     * Prometheus Alertmanager by its API v2. It is told at every run for as long as an alert fires, and groups, routes and repeats
     * as it is configured to. An alert that it is not told of any longer ends for it by itself.
     *
     * @param name of the receiver
     * @param severities of alerts that it is told of
     * @param address of Alertmanager, without {@code /api}
     * @param holdFor how long a firing that it is not told of again stays one; longer than the time between two runs
     */
    record Alertmanager(String name, Set<Severity> severities, Address address, Duration holdFor) implements Posted {

        public Alertmanager {
            Objects.requireNonNull(name, "name");
            severities = Set.copyOf(severities);
            Objects.requireNonNull(address, "address");
            Objects.requireNonNull(holdFor, "holdFor");
        }

        @Override
        public Address endpoint() {
            return address.below("/api/v2/alerts");
        }

        @Override
        public String body(Message message, Instant now) {
            return Json.write(
                    message.news().stream().map(change -> fields(change, now)).toList());
        }

        private Map<String, Object> fields(AlertChange change, Instant now) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("labels", change.labels().values());
            fields.put("annotations", new TreeMap<>(change.annotations()));
            fields.put("startsAt", change.startsAt().orElseThrow().toString());
            fields.put(
                    "endsAt", change.endsAt().orElseGet(() -> now.plus(holdFor)).toString());
            return fields;
        }
    }

    /**
     * A Slack incoming webhook: one message per experiment.
     *
     * @param name of the receiver
     * @param severities of alerts that it is told of
     * @param endpoint the webhook, which is a secret
     */
    record Slack(String name, Set<Severity> severities, Address endpoint) implements Posted {

        /** More alerts than these in one message are counted and not listed. */
        private static final int MOST_ITEMS = 20;

        private static final int LONGEST_REASON = 500;

        public Slack {
            Objects.requireNonNull(name, "name");
            severities = Set.copyOf(severities);
            Objects.requireNonNull(endpoint, "endpoint");
        }

        @Override
        public String body(Message message, Instant now) {
            List<String> lines = new ArrayList<>(List.of("*" + escaped(message.headline()) + "*"));
            List<Message.Item> items = message.items();
            items.stream().limit(MOST_ITEMS).forEach(item -> {
                lines.add(line(item.change()));
                Message.beneath(item.change()).forEach(line -> lines.add("      ↳ " + escaped(line)));
                item.consequences()
                        .forEach(consequence -> lines.add("      ↳ probably its consequence: "
                                + escaped(consequence.labels().title())));
            });
            if (items.size() > MOST_ITEMS) {
                lines.add("… and %d more: flagcast alerts list".formatted(items.size() - MOST_ITEMS));
            }
            return Json.write(Map.of("text", String.join("\n", lines)));
        }

        private static String line(AlertChange change) {
            String reason = change.annotations().getOrDefault(Watch.REASON, "");
            String runbook = change.annotations().get(Watch.RUNBOOK);
            return "%s *%s* (%s, since %s): %s%s"
                    .formatted(
                            change.isFiring() ? ":red_circle:" : ":white_check_mark:",
                            escaped(change.labels().title()),
                            change.isFiring() ? Message.severity(change).label() : "resolved",
                            change.startsAt().orElseThrow(),
                            escaped(
                                    reason.length() > LONGEST_REASON
                                            ? reason.substring(0, LONGEST_REASON) + "…"
                                            : reason),
                            runbook == null ? "" : " <%s|runbook>".formatted(escaped(runbook)));
        }

        /** What Slack asks to be escaped: https://docs.slack.dev/messaging/formatting-message-text. */
        private static String escaped(String text) {
            return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
        }
    }

    /**
     * Any HTTP server that takes the JSON of {@code docs/monitoring.md}, one request per experiment.
     *
     * @param name of the receiver
     * @param severities of alerts that it is told of
     * @param endpoint where it listens
     */
    record Webhook(String name, Set<Severity> severities, Address endpoint) implements Posted {

        public Webhook {
            Objects.requireNonNull(name, "name");
            severities = Set.copyOf(severities);
            Objects.requireNonNull(endpoint, "endpoint");
        }

        @Override
        public Map<String, String> headers(Message message) {
            return Map.of("Idempotency-Key", message.idempotencyKey(name));
        }

        @Override
        public String body(Message message, Instant now) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("version", 1);
            fields.put("experiment_id", message.experimentId());
            fields.put("as_of", message.asOf().toString());
            fields.put("headline", message.headline());
            fields.put("alerts", message.changes().stream().map(Webhook::fields).toList());
            return Json.write(fields);
        }

        private static Map<String, Object> fields(AlertChange change) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("fingerprint", change.labels().fingerprint());
            fields.put("state", change.state().label());
            fields.put("labels", change.labels().values());
            fields.put("annotations", new TreeMap<>(change.annotations()));
            fields.put("starts_at", change.startsAt().orElseThrow().toString());
            fields.put("ends_at", change.endsAt().map(Instant::toString).orElse(null));
            return fields;
        }
    }

    /**
     * Standard error of the command.
     *
     * @param name of the receiver
     * @param severities of alerts that it is told of
     */
    record Log(String name, Set<Severity> severities) implements Receiver {

        public Log {
            Objects.requireNonNull(name, "name");
            severities = Set.copyOf(severities);
        }

        static List<String> lines(Message message) {
            List<String> lines = new ArrayList<>(List.of("alert: " + message.headline()));
            message.items().forEach(item -> {
                lines.add("  " + line(item.change()));
                Message.beneath(item.change()).forEach(line -> lines.add("    " + line));
                item.consequences()
                        .forEach(consequence -> lines.add("    probably its consequence: " + line(consequence)));
            });
            return lines;
        }

        private static String line(AlertChange change) {
            return "%s (%s, since %s): %s"
                    .formatted(
                            change.labels().title(),
                            change.isFiring() ? Message.severity(change).label() : "resolved",
                            change.startsAt().orElseThrow(),
                            change.annotations().getOrDefault(Watch.REASON, ""));
        }
    }

    /**
     * A file for the textfile collector of Prometheus' node exporter: how things stand, not what has changed.
     *
     * @param name of the receiver
     * @param severities of alerts that are in it
     * @param path the file, whose name ends with {@code .prom}
     */
    record Textfile(String name, Set<Severity> severities, Path path) implements Receiver {

        public Textfile {
            Objects.requireNonNull(name, "name");
            severities = Set.copyOf(severities);
            if (!path.toString().endsWith(".prom")) {
                throw new IllegalArgumentException("path '" + path + "': node exporter reads files *.prom only");
            }
        }
    }
}
