package io.flagcast.jobs.questions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.delivery.Note;
import io.flagcast.delivery.Notes;
import io.flagcast.lake.Refusal;
import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.alerts.AlertChange.State;
import io.flagcast.rules.alerts.Labels;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RaisedAlertsTest {

    private static final Instant NOW = Instant.parse("2026-03-10T00:00:00Z");

    private static AlertChange alert(String experimentId, State state, Instant activeAt) {
        boolean fired = state == State.FIRING || state == State.RESOLVED;
        return new AlertChange(
                Labels.of(Map.of("alertname", "converts_badly", "experiment_id", experimentId)),
                Map.of(),
                state,
                activeAt,
                fired ? Optional.of(activeAt) : Optional.empty(),
                Optional.empty(),
                state == State.RESOLVED ? Optional.of(NOW) : Optional.empty(),
                NOW);
    }

    private static final AlertChange OLD = alert("old", State.FIRING, NOW.minus(Duration.ofDays(5)));
    private static final AlertChange NEW = alert("new", State.FIRING, NOW.minus(Duration.ofDays(1)));
    private static final AlertChange OVER = alert("over", State.RESOLVED, NOW.minus(Duration.ofDays(3)));

    private static Note silence(Instant until) {
        return new Note(
                Note.Kind.SILENCE,
                Map.of("experiment_id", "old"),
                Optional.empty(),
                Optional.of(until),
                "ada",
                Optional.of("sale"),
                NOW.minusSeconds(60));
    }

    @Test
    void theLatestStandsFirst() {
        RaisedAlerts raised = new RaisedAlerts(List.of(OLD, OVER, NEW), Notes.NONE);

        assertThat(raised.alerts()).containsExactly(NEW, OVER, OLD);
        assertThat(raised.open().alerts()).containsExactly(NEW, OLD);
        assertThat(raised.of("over").alerts()).containsExactly(OVER);
    }

    @Test
    void anAlertIsNamedByTheFirstDigitsOfItsFingerprint() {
        RaisedAlerts raised = new RaisedAlerts(List.of(OLD, OVER, NEW), Notes.NONE);

        assertThat(raised.firing(OLD.labels().fingerprint())).isEqualTo(OLD);
        assertThatThrownBy(() -> raised.firing(""))
                .isInstanceOf(Refusal.class)
                .hasMessage(": 2 alerts fire whose fingerprint begins so; write more of it: see flagcast alerts list");
        assertThatThrownBy(() -> raised.firing(OVER.labels().fingerprint()))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("no alert with this fingerprint fires");
        assertThat(raised.firingWith(Map.of("alertname", "converts_badly"))).isEqualTo(2);
    }

    @Test
    void aSilenceIsToldUntilItEnds() {
        Instant until = NOW.plusSeconds(60);
        RaisedAlerts raised = new RaisedAlerts(List.of(OLD, NEW), new Notes(List.of(silence(until))));

        assertThat(raised.note(OLD, NOW)).contains("silenced by ada until 2026-03-10T00:01:00Z");
        assertThat(raised.note(NEW, NOW)).isEmpty();
        assertThat(raised.note(OLD, until)).isEmpty();
    }
}
