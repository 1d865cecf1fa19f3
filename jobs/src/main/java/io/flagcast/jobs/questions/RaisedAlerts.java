package io.flagcast.jobs.questions;

import io.flagcast.delivery.AlertTable;
import io.flagcast.delivery.Notes;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Refusal;
import io.flagcast.rules.alerts.AlertChange;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How alerts of published runs stand, and what people said of them.
 *
 * @param alerts the newest change of each, those that began last first
 * @param notes what people said
 */
public record RaisedAlerts(List<AlertChange> alerts, Notes notes) {

    public RaisedAlerts {
        alerts = alerts.stream()
                .sorted(Comparator.comparing(AlertChange::activeAt)
                        .reversed()
                        .thenComparing(change -> change.labels().title())
                        .thenComparing(change -> change.labels().fingerprint()))
                .toList();
    }

    /**
     * The alerts of a lake.
     *
     * @throws Refusal with exit code 66 where nothing is published
     */
    public static RaisedAlerts of(Lake lake) {
        lake.requireLive();
        List<String> published =
                lake.publications().stream().map(Publication::runId).toList();
        return new RaisedAlerts(AlertTable.read(lake, published).newest(), Notes.read(lake));
    }

    /** Those that fire or are pending. */
    public RaisedAlerts open() {
        return new RaisedAlerts(alerts.stream().filter(AlertChange::isOpen).toList(), notes);
    }

    /** Those of an experiment, and of feeds that it needs. */
    public RaisedAlerts of(String experimentId) {
        return new RaisedAlerts(
                alerts.stream().filter(change -> change.concerns(experimentId)).toList(), notes);
    }

    /**
     * The alert that fires and whose fingerprint begins so.
     *
     * @throws Refusal with exit code 64 where none does, or several
     */
    public AlertChange firing(String fingerprint) {
        List<AlertChange> found = alerts.stream()
                .filter(change ->
                        change.isFiring() && change.labels().fingerprint().startsWith(fingerprint))
                .toList();
        if (found.size() != 1) {
            throw new Refusal(
                    ExitCode.USAGE,
                    "%s: %s: see flagcast alerts list"
                            .formatted(
                                    fingerprint,
                                    found.isEmpty()
                                            ? "no alert with this fingerprint fires"
                                            : "%d alerts fire whose fingerprint begins so; write more of it"
                                                    .formatted(found.size())));
        }
        return found.get(0);
    }

    /** How many fire that have all of some labels. */
    public long firingWith(Map<String, String> labels) {
        return alerts.stream()
                .filter(change -> change.isFiring() && change.labels().haveAll(labels))
                .count();
    }

    /** Why receivers are not told of an alert that is open, if somebody said something. */
    public Optional<String> note(AlertChange change, Instant now) {
        if (!change.isOpen()) {
            return Optional.empty();
        }
        return notes.silence(change.labels(), now)
                .map(note -> "silenced by %s until %s"
                        .formatted(note.person(), note.until().orElseThrow()))
                .or(() -> notes.acknowledgement(change).map(note -> "acknowledged by " + note.person()));
    }
}
