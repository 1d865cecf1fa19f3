package io.flagcast.rules.alerts;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * All changes of alerts, and what an evaluation adds to them: inactive, pending for as long as an alert has to hold, firing, kept
 * firing for as long as it is declared to, resolved once.
 *
 * @param changes oldest first
 */
public record AlertLog(List<AlertChange> changes) {

    public static final AlertLog EMPTY = new AlertLog(List.of());

    public AlertLog {
        changes =
                changes.stream().sorted(Comparator.comparing(AlertChange::asOf)).toList();
    }

    public AlertLog with(Collection<AlertChange> further) {
        List<AlertChange> all = new ArrayList<>(changes);
        all.addAll(further);
        return new AlertLog(all);
    }

    /** The newest change of every label set. */
    public List<AlertChange> newest() {
        return List.copyOf(byLabels().values());
    }

    private Map<Labels, AlertChange> byLabels() {
        return changes.stream()
                .collect(Collectors.toMap(AlertChange::labels, change -> change, (earlier, later) -> later));
    }

    /**
     * What changes at an as-of. Alerts that have changed at it or after it do not again: evaluating twice is evaluating once, and
     * what a later evaluation has built on stays.
     *
     * @param signals what the data say; of an alert that is not among them they say nothing
     * @param isWatched whether anybody still wants to know of an alert; where not it is over
     * @param asOf instant of the evaluation; it goes on from the changes before it
     */
    public List<AlertChange> evaluate(Collection<Signal> signals, Predicate<Labels> isWatched, Instant asOf) {
        Map<Labels, AlertChange> open = new HashMap<>(byLabels());
        open.values().removeIf(change -> !change.isOpen());
        Set<Labels> done = changes.stream()
                .filter(change -> !change.asOf().isBefore(asOf))
                .map(AlertChange::labels)
                .collect(Collectors.toCollection(HashSet::new));
        List<AlertChange> made = new ArrayList<>();
        for (Signal signal : signals) {
            if (done.add(signal.labels())) {
                next(Optional.ofNullable(open.get(signal.labels())), signal, asOf)
                        .ifPresent(made::add);
            }
        }
        open.values().stream()
                .filter(change -> !done.contains(change.labels()) && !isWatched.test(change.labels()))
                .map(change -> change.ends(Map.of(Watch.REASON, "nobody watches it any longer"), asOf))
                .sorted(Comparator.comparing(change -> change.labels().fingerprint()))
                .forEach(made::add);
        return made;
    }

    private static Optional<AlertChange> next(Optional<AlertChange> open, Signal signal, Instant asOf) {
        return switch (signal.state()) {
            case HOLDS -> holds(open, signal, asOf);
            case CLEAR -> open.flatMap(alert -> clear(alert, signal, asOf));
            case UNKNOWN -> Optional.empty();
        };
    }

    private static Optional<AlertChange> holds(Optional<AlertChange> open, Signal signal, Instant asOf) {
        if (signal.toldSince().isPresent()) {
            return open.filter(
                            alert -> alert.activeAt().isAfter(signal.toldSince().get()))
                    .map(alert -> alert.ends(toldElsewhere(signal), asOf));
        }
        if (open.isPresent() && open.get().isFiring()) {
            return open.filter(alert -> alert.quietAt().isPresent() || tellsOfOthers(alert, signal))
                    .map(alert -> alert.goesOn(signal.annotations(), Optional.empty(), asOf));
        }
        Instant activeAt = open.map(AlertChange::activeAt).orElse(asOf);
        if (hasPassed(signal.pendingFor(), activeAt, asOf)) {
            return Optional.of(AlertChange.fires(signal, activeAt, asOf));
        }
        return open.isPresent() ? Optional.empty() : Optional.of(AlertChange.pending(signal, asOf));
    }

    private static Map<String, String> toldElsewhere(Signal signal) {
        String cause = signal.annotations().get(Watch.CONSEQUENCE_OF);
        return Map.of(Watch.CONSEQUENCE_OF, cause, Watch.REASON, "it is not over: %s tells of it now".formatted(cause));
    }

    /** Whether an alert inhibits other failures than when that was last said. */
    private static boolean tellsOfOthers(AlertChange alert, Signal signal) {
        return !Objects.equals(
                alert.annotations().get(Watch.INHIBITS), signal.annotations().get(Watch.INHIBITS));
    }

    private static Optional<AlertChange> clear(AlertChange alert, Signal signal, Instant asOf) {
        Instant quietAt = alert.quietAt().orElse(asOf);
        if (!alert.isFiring() || hasPassed(signal.keepFiringFor(), quietAt, asOf)) {
            return Optional.of(alert.ends(signal.annotations(), asOf));
        }
        return alert.quietAt().isPresent()
                ? Optional.empty()
                : Optional.of(alert.goesOn(signal.annotations(), Optional.of(quietAt), asOf));
    }

    private static boolean hasPassed(Duration length, Instant since, Instant asOf) {
        return !since.plus(length).isAfter(asOf);
    }
}
