package io.flagcast.delivery;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/**
 * What a person said of alerts.
 *
 * @param kind what it does
 * @param labels alerts that have all of these; an unsilence ends the silences of exactly these
 * @param startsAt which firing is acknowledged; absent for the others
 * @param until when a silence ends; absent for the others
 * @param person who said so
 * @param comment why
 * @param notedAt when
 */
public record Note(
        Kind kind,
        Map<String, String> labels,
        Optional<Instant> startsAt,
        Optional<Instant> until,
        String person,
        Optional<String> comment,
        Instant notedAt) {

    /** What a note does. */
    public enum Kind {
        /** Somebody looks after this firing. */
        ACKNOWLEDGED,
        /** Nobody wants to hear of these alerts for a while. */
        SILENCE,
        /** They do again. */
        UNSILENCE;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Note {
        Objects.requireNonNull(kind, "kind");
        labels = Map.copyOf(labels);
        if (startsAt.isPresent() != (kind == Kind.ACKNOWLEDGED) || until.isPresent() != (kind == Kind.SILENCE)) {
            throw new IllegalArgumentException(
                    "a note that is %s has starts_at %s and until %s".formatted(kind.label(), startsAt, until));
        }
        if (labels.isEmpty()) {
            throw new IllegalArgumentException("a note without labels would be of every alert: name at least one");
        }
        Objects.requireNonNull(person, "person");
        Objects.requireNonNull(comment, "comment");
        Objects.requireNonNull(notedAt, "notedAt");
    }

    /** Identity of the note: the same words of the same person at the same time are one. */
    String noteId() {
        String text = String.join("\n", kind.label(), new TreeMap<>(labels).toString(), person, notedAt.toString());
        return UUID.nameUUIDFromBytes(text.getBytes(StandardCharsets.UTF_8)).toString();
    }
}
