package io.flagcast.delivery;

import io.flagcast.rules.Action.Alert.Severity;
import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.alerts.Labels;
import io.flagcast.rules.alerts.Watch;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * What one receiver is told of one experiment at once.
 *
 * @param experimentId the experiment; empty for inputs and the pipeline
 * @param changes alerts that fire and alerts that are resolved, at least one
 * @param asOf instant up to which the newest publication looked
 */
public record Message(String experimentId, List<AlertChange> changes, Instant asOf) {

    /** More inhibited failures than these are counted and not named. */
    private static final int MOST_NAMED = 3;

    public Message {
        Objects.requireNonNull(experimentId, "experimentId");
        Objects.requireNonNull(asOf, "asOf");
        if (changes.isEmpty()) {
            throw new IllegalArgumentException("a message without alerts");
        }
        // What fires before what is over, the urgent first: always in the same order.
        changes = changes.stream()
                .sorted(Comparator.comparing((AlertChange change) -> !change.isFiring())
                        .thenComparing(Message::severity, Comparator.reverseOrder())
                        .thenComparing(change -> change.labels().title())
                        .thenComparing(change -> change.labels().fingerprint()))
                .toList();
    }

    static Severity severity(AlertChange change) {
        return change.labels()
                .value(Labels.SEVERITY)
                .map(label -> Severity.valueOf(label.toUpperCase(Locale.ROOT)))
                .orElse(Severity.WARNING);
    }

    /**
     * What identifies the telling: the same alerts in the same states have the same key, however often they are sent.
     *
     * @param receiver its name
     */
    String idempotencyKey(String receiver) {
        String text = receiver + "\n"
                + changes.stream()
                        .map(change -> Telling.of(change).key())
                        .sorted()
                        .collect(Collectors.joining("\n"));
        return UUID.nameUUIDFromBytes(text.getBytes(StandardCharsets.UTF_8)).toString();
    }

    /** How things stand: without the beginning of what is over by now. */
    List<AlertChange> news() {
        return changes.stream()
                .filter(change -> !change.isFiring() || changes.stream().noneMatch(other -> isEndOf(other, change)))
                .toList();
    }

    private static boolean isEndOf(AlertChange end, AlertChange begin) {
        return !end.isFiring()
                && end.labels().equals(begin.labels())
                && end.startsAt().equals(begin.startsAt());
    }

    /** What it is about: the experiment, or inputs and pipeline. */
    String subject() {
        return experimentId.isEmpty() ? "inputs and pipeline" : experimentId;
    }

    /** A line for all of it. */
    String headline() {
        long firing = news().stream().filter(AlertChange::isFiring).count();
        long resolved = news().size() - firing;
        List<String> parts = new ArrayList<>();
        if (firing > 0) {
            parts.add(firing + (firing == 1 ? " alert fires" : " alerts fire"));
        }
        if (resolved > 0) {
            parts.add(resolved + (resolved == 1 ? " is resolved" : " are resolved"));
        }
        return "%s: %s".formatted(subject(), String.join(", ", parts));
    }

    /** What stands below an alert of a feed that stopped: whom it touches, and how many alerts it stands for. */
    static List<String> beneath(AlertChange change) {
        List<String> lines = new ArrayList<>();
        if (change.isFiring()) {
            change.listed(Watch.TOUCHES).forEach(experiment -> lines.add("touches " + experiment));
            List<String> inhibited = change.listed(Watch.INHIBITS);
            if (!inhibited.isEmpty()) {
                lines.add("tells of %,d more failed check%s: %s%s"
                        .formatted(
                                inhibited.size(),
                                inhibited.size() == 1 ? "" : "s",
                                String.join("; ", inhibited.subList(0, Math.min(MOST_NAMED, inhibited.size()))),
                                inhibited.size() > MOST_NAMED ? "; …" : ""));
            }
        }
        return lines;
    }

    /** One thing to say, with what is probably its consequence below it. */
    record Item(AlertChange change, List<AlertChange> consequences) {}

    /** The news, consequences below their cause where that is told too. */
    List<Item> items() {
        List<AlertChange> news = news();
        return news.stream()
                .filter(change -> cause(change, news).isEmpty())
                .map(change -> new Item(
                        change,
                        news.stream()
                                .filter(other -> cause(other, news).equals(Optional.of(change)))
                                .toList()))
                .toList();
    }

    private static Optional<AlertChange> cause(AlertChange change, List<AlertChange> news) {
        return news.stream()
                .filter(other -> change.isFiring()
                        && other.isFiring()
                        && !other.annotations().containsKey(Watch.CONSEQUENCE_OF)
                        && other.labels().title().equals(change.annotations().get(Watch.CONSEQUENCE_OF)))
                .findFirst();
    }
}
