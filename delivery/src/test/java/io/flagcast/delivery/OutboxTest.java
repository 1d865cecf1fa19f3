package io.flagcast.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.rules.Action.Alert.Severity;
import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.alerts.AlertChange.State;
import io.flagcast.rules.alerts.AlertLog;
import io.flagcast.rules.alerts.Labels;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class OutboxTest {

    private static final Instant NOW = Instant.parse("2026-03-09T06:00:00Z");
    private static final Instant END = Told.START.plus(Duration.ofDays(2));
    private static final Set<Severity> ALL = Set.of(Severity.values());

    private static final Receiver WEBHOOK = new Receiver.Webhook("web", ALL, Address.of("http://localhost/"));
    private static final Receiver ALERTMANAGER =
            new Receiver.Alertmanager("am", ALL, Address.of("http://localhost/"), Duration.ofDays(2));

    private static final Labels RATIO = Told.labels("rollout", "ratio", "critical");
    private static final AlertChange FIRED = Told.firing(RATIO);
    private static final AlertChange OVER = Told.resolved(FIRED, END);

    private static Outbox outbox(Notes notes, Set<AlertChange> delivered, AlertChange... changes) {
        Set<Telling> known = delivered.stream().map(Telling::of).collect(Collectors.toSet());
        Instant asOf = Arrays.stream(changes)
                .map(AlertChange::asOf)
                .max(Instant::compareTo)
                .orElseThrow();
        return new Outbox(new AlertLog(List.of(changes)), Map.of("web", known, "am", known), notes, asOf);
    }

    private static List<AlertChange> due(Outbox outbox, Receiver receiver) {
        return outbox.due(receiver, NOW).stream()
                .flatMap(message -> message.changes().stream())
                .toList();
    }

    @Test
    void aFiringAndItsEndAreEachToldOnce() {
        assertThat(due(outbox(Notes.NONE, Set.of(), FIRED), WEBHOOK)).containsExactly(FIRED);
        assertThat(due(outbox(Notes.NONE, Set.of(FIRED), FIRED), WEBHOOK)).isEmpty();
        assertThat(due(outbox(Notes.NONE, Set.of(FIRED), FIRED, OVER), WEBHOOK)).containsExactly(OVER);
        assertThat(due(outbox(Notes.NONE, Set.of(FIRED, OVER), FIRED, OVER), WEBHOOK))
                .isEmpty();
    }

    @Test
    void aReceiverThatMissedAFiringIsToldOfItWithItsEnd() {
        assertThat(due(outbox(Notes.NONE, Set.of(), FIRED, OVER), WEBHOOK)).containsExactly(FIRED, OVER);
    }

    @Test
    void whatWasOverLongAgoIsNoNews() {
        AlertChange later =
                Told.firing(Told.labels("rollout", "another", "info"), END.plus(Duration.ofDays(7)), Map.of());
        assertThat(due(outbox(Notes.NONE, Set.of(), FIRED, OVER, later), WEBHOOK))
                .containsExactly(later);
        assertThat(due(outbox(Notes.NONE, Set.of(FIRED), FIRED, OVER, later), WEBHOOK))
                .as("but who waits for the end is told of it")
                .containsExactly(later, OVER);
    }

    @Test
    void alertmanagerIsToldAtEveryDeliveryUntilItIsOver() {
        assertThat(due(outbox(Notes.NONE, Set.of(FIRED), FIRED), ALERTMANAGER)).containsExactly(FIRED);
        assertThat(due(outbox(Notes.NONE, Set.of(FIRED), FIRED, OVER), ALERTMANAGER))
                .containsExactly(OVER);
        assertThat(due(outbox(Notes.NONE, Set.of(FIRED, OVER), FIRED, OVER), ALERTMANAGER))
                .isEmpty();
    }

    @Test
    void aReceiverIsToldOfItsSeveritiesOnly() {
        Receiver info = new Receiver.Webhook("web", Set.of(Severity.INFO), Address.of("http://localhost/"));
        AlertChange low = Told.firing(Told.labels("rollout", "novelty", "info"));
        assertThat(due(outbox(Notes.NONE, Set.of(), FIRED, low), info)).containsExactly(low);
    }

    @Test
    void pendingAndInactiveAlertsAreNotTold() {
        AlertChange pending = new AlertChange(
                RATIO,
                Map.of(),
                State.PENDING,
                Told.START,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Told.START);
        assertThat(due(outbox(Notes.NONE, Set.of(), pending), WEBHOOK)).isEmpty();
    }

    @Test
    void anAlertThatIsKeptFiringIsToldAsItBegan() {
        AlertChange quiet = new AlertChange(
                RATIO, Map.of(), State.FIRING, Told.START, FIRED.startsAt(), Optional.of(END), Optional.empty(), END);
        assertThat(due(outbox(Notes.NONE, Set.of(), FIRED, quiet), WEBHOOK)).containsExactly(FIRED);
    }

    private static Note note(Note.Kind kind, Map<String, String> labels, Instant at) {
        return new Note(
                kind,
                labels,
                kind == Note.Kind.ACKNOWLEDGED ? FIRED.startsAt() : Optional.empty(),
                kind == Note.Kind.SILENCE ? Optional.of(at.plus(Duration.ofDays(1))) : Optional.empty(),
                "ada",
                Optional.empty(),
                at);
    }

    @Test
    void aSilenceKeepsAlertsWithItsLabelsQuietWhileItLasts() {
        Map<String, String> team = Map.of("team", "growth");
        Notes silenced = new Notes(List.of(note(Note.Kind.SILENCE, team, NOW.minus(Duration.ofHours(1)))));
        assertThat(due(outbox(silenced, Set.of(), FIRED), WEBHOOK)).isEmpty();
        assertThat(due(outbox(silenced, Set.of(FIRED), FIRED, OVER), WEBHOOK)).isEmpty();
        assertThat(outbox(silenced, Set.of(), FIRED).standing(WEBHOOK, NOW)).isEmpty();

        Notes other = new Notes(List.of(note(Note.Kind.SILENCE, Map.of("team", "growth", "segment", "low"), NOW)));
        assertThat(due(outbox(other, Set.of(), FIRED), WEBHOOK)).containsExactly(FIRED);
        Notes ended = new Notes(List.of(note(Note.Kind.SILENCE, team, NOW.minus(Duration.ofDays(1)))));
        assertThat(due(outbox(ended, Set.of(), FIRED), WEBHOOK)).containsExactly(FIRED);
        assertThat(due(outbox(ended, Set.of(FIRED), FIRED, OVER), WEBHOOK)).containsExactly(OVER);
        Notes lifted =
                new Notes(Stream.concat(silenced.notes().stream(), Stream.of(note(Note.Kind.UNSILENCE, team, NOW)))
                        .toList());
        assertThat(due(outbox(lifted, Set.of(), FIRED), WEBHOOK)).containsExactly(FIRED);
    }

    @Test
    void anAcknowledgedFiringIsNotToldButTheNextOneIs() {
        Notes acknowledged = new Notes(List.of(note(Note.Kind.ACKNOWLEDGED, RATIO.values(), NOW)));
        AlertChange again = Told.firing(RATIO, END.plus(Duration.ofDays(1)), Map.of());

        assertThat(due(outbox(acknowledged, Set.of(), FIRED), WEBHOOK)).isEmpty();
        assertThat(due(outbox(acknowledged, Set.of(), FIRED, OVER), WEBHOOK)).isEmpty();
        assertThat(due(outbox(acknowledged, Set.of(FIRED), FIRED, OVER), WEBHOOK))
                .as("who was told of it before is told that it is over")
                .containsExactly(OVER);
        assertThat(due(outbox(acknowledged, Set.of(), FIRED, OVER, again), WEBHOOK))
                .containsExactly(again);
    }

    @Test
    void alertmanagerIsNotLeftToThinkThatASilencedAlertIsOver() {
        Notes silenced = new Notes(List.of(note(Note.Kind.SILENCE, RATIO.values(), NOW)));
        assertThat(due(outbox(silenced, Set.of(FIRED), FIRED), ALERTMANAGER)).containsExactly(FIRED);
        assertThat(due(outbox(silenced, Set.of(), FIRED), ALERTMANAGER)).isEmpty();
    }

    @Test
    void thereIsOneMessageForEveryExperiment() {
        AlertChange other = Told.firing(Told.labels("another", "ratio", "info"));
        AlertChange second = Told.firing(Told.labels("rollout", "simpson", "warning"));
        List<Message> messages =
                outbox(Notes.NONE, Set.of(), second, other, FIRED).due(WEBHOOK, NOW);

        assertThat(messages).extracting(Message::experimentId).containsExactly("another", "rollout");
        assertThat(messages.get(1).changes()).as("the urgent first").containsExactly(FIRED, second);
    }
}
