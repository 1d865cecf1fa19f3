package io.flagcast.delivery;

import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.alerts.AlertChange.State;
import io.flagcast.rules.alerts.AlertLog;
import io.flagcast.rules.alerts.Labels;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What is to be told to whom: every firing and every end of one, to every receiver, less what it was told.
 *
 * @param log alerts of published runs
 * @param delivered per receiver what it was told
 * @param notes what people said
 * @param asOf instant up to which the newest publication looked
 */
record Outbox(AlertLog log, Map<String, Set<Telling>> delivered, Notes notes, Instant asOf) {

    /** A firing that was over before a receiver heard of it is told for so long: a new receiver is not told of the past. */
    private static final Duration NEWS = Duration.ofDays(7);

    Outbox {
        Objects.requireNonNull(log, "log");
        delivered = Map.copyOf(delivered);
        Objects.requireNonNull(notes, "notes");
        Objects.requireNonNull(asOf, "asOf");
    }

    /**
     * One firing of an alert.
     *
     * @param fired when it began
     * @param newest how it stands
     */
    private record Firing(AlertChange fired, AlertChange newest) {

        boolean isOver() {
            return newest.state() == State.RESOLVED;
        }

        /** What is known of it by now; of one that is only kept firing, what it fired for. */
        AlertChange standing() {
            return newest.quietAt().isPresent() ? fired : newest;
        }
    }

    private record Identity(Labels labels, Instant startsAt) {}

    private List<Firing> firings() {
        Map<Identity, Firing> firings = new LinkedHashMap<>();
        log.changes().stream()
                .filter(change -> change.startsAt().isPresent())
                .forEach(change -> firings.merge(
                        new Identity(change.labels(), change.startsAt().orElseThrow()),
                        new Firing(change, change),
                        (begun, next) -> new Firing(begun.fired(), next.newest())));
        return List.copyOf(firings.values());
    }

    /** The messages for a receiver, one per experiment. */
    List<Message> due(Receiver receiver, Instant now) {
        Map<String, List<AlertChange>> byExperiment = firings().stream()
                .filter(firing -> receiver.severities().contains(Message.severity(firing.fired())))
                .flatMap(firing -> due(firing, receiver, now))
                .collect(Collectors.groupingBy(
                        change -> change.labels().experimentId(),
                        TreeMap::new,
                        Collectors.toCollection(ArrayList::new)));
        return byExperiment.entrySet().stream()
                .map(entry -> new Message(entry.getKey(), entry.getValue(), asOf))
                .toList();
    }

    private Stream<AlertChange> due(Firing firing, Receiver receiver, Instant now) {
        boolean repeats = receiver instanceof Receiver.Alertmanager;
        boolean knows = wasTold(receiver, firing.fired());
        boolean silenced = notes.silence(firing.fired().labels(), now).isPresent();
        if (!firing.isOver()) {
            // Alertmanager takes silence for the end: what it was told of once, it is told of until then.
            return Stream.of(firing.standing())
                    .filter(stands -> knows ? repeats : !silenced && !isAcknowledged(stands));
        }
        if (wasTold(receiver, firing.newest())) {
            return Stream.empty();
        }
        if (knows) {
            return Stream.of(firing.newest()).filter(over -> repeats || !silenced);
        }
        boolean isNews = firing.newest().asOf().isAfter(asOf.minus(NEWS));
        return isNews && !silenced && !isAcknowledged(firing.fired())
                ? Stream.of(firing.fired(), firing.newest())
                : Stream.empty();
    }

    private boolean wasTold(Receiver receiver, AlertChange change) {
        return delivered.getOrDefault(receiver.name(), Set.of()).contains(Telling.of(change));
    }

    private boolean isAcknowledged(AlertChange fired) {
        return notes.acknowledgement(fired).isPresent();
    }

    /** The alerts that fire and that nobody has acknowledged or silenced. */
    List<AlertChange> standing(Receiver receiver, Instant now) {
        return firings().stream()
                .filter(firing -> !firing.isOver()
                        && receiver.severities().contains(Message.severity(firing.fired()))
                        && notes.silence(firing.fired().labels(), now).isEmpty()
                        && !isAcknowledged(firing.fired()))
                .map(Firing::standing)
                .toList();
    }
}
