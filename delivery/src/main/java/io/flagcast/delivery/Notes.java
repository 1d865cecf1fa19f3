package io.flagcast.delivery;

import io.flagcast.lake.Lake;
import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.alerts.Labels;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * The table {@code alert_notes}: what people said of alerts.
 *
 * @param notes oldest first
 */
public record Notes(List<Note> notes) {

    public static final Notes NONE = new Notes(List.of());

    public Notes {
        notes = notes.stream().sorted(Comparator.comparing(Note::notedAt)).toList();
    }

    public static Notes read(Lake lake) {
        return new Notes(lake.history(Tables.ALERT_NOTES).collectAsList().stream()
                .map(Notes::note)
                .toList());
    }

    public static void append(Lake lake, List<Note> notes) {
        lake.append(Tables.ALERT_NOTES, notes.stream().map(Notes::row).toList());
    }

    /** The acknowledgement of a firing. It ends with the firing. */
    public Optional<Note> acknowledgement(AlertChange firing) {
        return notes.stream()
                .filter(note -> note.kind() == Note.Kind.ACKNOWLEDGED
                        && note.startsAt().equals(firing.startsAt())
                        && note.labels().equals(firing.labels().values()))
                .findFirst();
    }

    /** The silence of an alert that ends last. */
    public Optional<Note> silence(Labels labels, Instant now) {
        return silences(now)
                .filter(note -> labels.haveAll(note.labels()))
                .max(Comparator.comparing(note -> note.until().orElseThrow()));
    }

    /** The silence of exactly these labels. */
    public Optional<Note> silenceOf(Map<String, String> labels, Instant now) {
        return silences(now).filter(note -> note.labels().equals(labels)).findFirst();
    }

    private Stream<Note> silences(Instant now) {
        return notes.stream()
                .filter(note -> note.kind() == Note.Kind.SILENCE
                        && note.until().orElseThrow().isAfter(now)
                        && !isEnded(note));
    }

    private boolean isEnded(Note silence) {
        return notes.stream()
                .anyMatch(note -> note.kind() == Note.Kind.UNSILENCE
                        && note.labels().equals(silence.labels())
                        && !note.notedAt().isBefore(silence.notedAt()));
    }

    private static Row row(Note note) {
        return RowFactory.create(
                note.noteId(),
                note.kind().label(),
                new HashMap<>(note.labels()),
                note.startsAt().orElse(null),
                note.until().orElse(null),
                note.person(),
                note.comment().orElse(null),
                note.notedAt());
    }

    private static Note note(Row row) {
        return new Note(
                Note.Kind.valueOf(row.<String>getAs("kind").toUpperCase(Locale.ROOT)),
                AlertTable.map(row, "labels"),
                AlertTable.instant(row, "starts_at"),
                AlertTable.instant(row, "until"),
                row.getAs("person"),
                Optional.ofNullable(row.getAs("comment")),
                Lake.instant(row, "noted_at"));
    }
}
