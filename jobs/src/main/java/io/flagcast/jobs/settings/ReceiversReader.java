package io.flagcast.jobs.settings;

import io.flagcast.delivery.Address;
import io.flagcast.delivery.Receiver;
import io.flagcast.experiments.document.Nearest;
import io.flagcast.rules.Action.Alert.Severity;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Reads {@code flagcast.alerts.receivers}. */
final class ReceiversReader {

    /** What may be said of a receiver, by its type. */
    static final Map<String, List<String>> KEYS = Map.of(
            "alertmanager", List.of("type", "severities", "url", "hold-for"),
            "slack", List.of("type", "severities", "url"),
            "webhook", List.of("type", "severities", "url"),
            "textfile", List.of("type", "severities", "path"),
            "log", List.of("type", "severities"));

    private static final String TYPES = KEYS.keySet().stream().sorted().collect(Collectors.joining(", "));

    private ReceiversReader() {}

    static List<Receiver> read(Block receivers) {
        List<Receiver> read = new ArrayList<>();
        for (String name : receivers.names()) {
            if (receivers.has(Block.key(name))) {
                receiver(name, receivers.inner(name)).ifPresent(read::add);
            }
        }
        return read;
    }

    private static Optional<Receiver> receiver(String name, Block receiver) {
        if (!receiver.has("type")) {
            receiver.problem("%s needs a type, one of %s".formatted(receiver.path(), TYPES));
            return Optional.empty();
        }
        String type = receiver.string("type");
        if (!KEYS.containsKey(type)) {
            String hint = Nearest.to(type, KEYS.keySet())
                    .map(near -> "; did you mean '" + near + "'?")
                    .orElse("");
            receiver.problem("type", type, "it must be one of " + TYPES + hint);
            return Optional.empty();
        }
        String target = type.equals("textfile") ? "path" : "url";
        if (!type.equals("log") && !receiver.has(target)) {
            receiver.problem("%s of type %s needs a %s".formatted(receiver.path(), type, target));
            return Optional.empty();
        }
        Set<Severity> severities = severities(receiver);
        return switch (type) {
            case "log" -> Optional.of(new Receiver.Log(name, severities));
            case "textfile" -> textfile(name, severities, receiver);
            case "alertmanager" ->
                address(receiver).map(url -> new Receiver.Alertmanager(name, severities, url, holdFor(receiver)));
            case "slack" -> address(receiver).map(url -> new Receiver.Slack(name, severities, url));
            default -> address(receiver).map(url -> new Receiver.Webhook(name, severities, url));
        };
    }

    private static Optional<Receiver> textfile(String name, Set<Severity> severities, Block receiver) {
        try {
            return Optional.of(new Receiver.Textfile(name, severities, Path.of(receiver.string("path"))));
        } catch (IllegalArgumentException e) {
            receiver.problem("path", e.getMessage());
            return Optional.empty();
        }
    }

    private static Duration holdFor(Block receiver) {
        return receiver.has("hold-for") ? receiver.duration("hold-for") : Duration.ofDays(2);
    }

    private static Set<Severity> severities(Block receiver) {
        if (!receiver.has("severities")) {
            return Set.of(Severity.values());
        }
        Set<Severity> severities = new HashSet<>();
        List<String> known =
                Arrays.stream(Severity.values()).map(Severity::label).toList();
        for (String label : receiver.strings("severities")) {
            if (known.contains(label)) {
                severities.add(Severity.valueOf(label.toUpperCase(Locale.ROOT)));
            } else {
                receiver.problem("severities", label, "it must be a list of some of " + String.join(", ", known));
            }
        }
        if (receiver.isEmptyList("severities")) {
            receiver.problem(
                    "severities",
                    "it names none: list some of %s, or leave it out".formatted(String.join(", ", known)));
        }
        return severities;
    }

    /** An address, which is often a secret: no message shows it. */
    private static Optional<Address> address(Block receiver) {
        try {
            return Optional.of(Address.of(receiver.string("url")));
        } catch (IllegalArgumentException e) {
            receiver.problem("url", e.getMessage());
            return Optional.empty();
        }
    }
}
