package io.flagcast.jobs.changes;

import io.flagcast.delivery.Note;
import io.flagcast.delivery.Notes;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Refusal;
import io.flagcast.rules.alerts.AlertChange;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a person says of alerts.
 *
 * @param lake where
 * @param person who
 * @param now when
 */
public record AlertNotes(Lake lake, String person, Instant now) {

    public AlertNotes {
        now = now.truncatedTo(ChronoUnit.MILLIS);
    }

    /**
     * Takes charge of firing alerts, each once.
     *
     * @param comment what is done about them
     */
    public void acknowledge(List<AlertChange> firing, Optional<String> comment, Progress progress) {
        Notes notes = Notes.read(lake);
        List<Note> made = new ArrayList<>();
        for (AlertChange alert : firing) {
            if (notes.acknowledgement(alert).isPresent()) {
                progress.say("%s is acknowledged already: nothing to do"
                        .formatted(alert.labels().title()));
                continue;
            }
            made.add(new Note(
                    Note.Kind.ACKNOWLEDGED,
                    alert.labels().values(),
                    alert.startsAt(),
                    Optional.empty(),
                    person,
                    comment,
                    now));
            progress.say("%s is acknowledged by %s".formatted(alert.labels().title(), person));
        }
        Notes.append(lake, made);
    }

    /**
     * Keeps alerts with all of some labels quiet.
     *
     * @return until when
     */
    public Instant silence(Map<String, String> labels, Duration length, String comment) {
        Instant until = now.plus(length);
        Notes.append(
                lake,
                List.of(new Note(
                        Note.Kind.SILENCE,
                        labels,
                        Optional.empty(),
                        Optional.of(until),
                        person,
                        Optional.of(comment),
                        now)));
        return until;
    }

    /**
     * Ends the silences of exactly these labels.
     *
     * @throws Refusal with exit code 64 where there is none
     */
    public void unsilence(Map<String, String> labels) {
        if (Notes.read(lake).silenceOf(labels, now).isEmpty()) {
            throw new Refusal(
                    ExitCode.USAGE, "there is no silence of exactly %s: see the table alert_notes".formatted(labels));
        }
        Notes.append(
                lake,
                List.of(new Note(
                        Note.Kind.UNSILENCE,
                        labels,
                        Optional.empty(),
                        Optional.empty(),
                        person,
                        Optional.empty(),
                        now)));
    }
}
