package io.flagcast.rules.alerts;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.fixtures.Dice;
import io.flagcast.rules.alerts.AlertChange.State;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What holds of alerts whatever the data say, and in whatever order. */
class AlertLogTest {

    private static final Instant START = Instant.parse("2026-11-01T00:00:00Z");
    private static final Labels LABELS = Labels.of(Map.of("alertname", "a", "experiment_id", "e"));

    /**
     * One evaluation.
     *
     * @param gap hours since the one before, at least 1
     * @param says what the data say; nothing where absent
     */
    record Look(int gap, Optional<Signal.State> says) {}

    private static Look look(Dice dice) {
        return new Look(
                dice.integer(1, 30),
                dice.oneOf(List.of(
                        Optional.of(Signal.State.HOLDS),
                        Optional.of(Signal.State.CLEAR),
                        Optional.of(Signal.State.UNKNOWN),
                        Optional.empty())));
    }

    private static List<Look> looks(Dice dice) {
        return dice.list(0, 40, () -> look(dice));
    }

    /**
     * Evaluations under a rule's two delays.
     *
     * @param pendingFor hours
     * @param keepFiringFor hours
     */
    private record Story(List<Look> looks, int pendingFor, int keepFiringFor) {

        static Story draw(Dice dice) {
            return new Story(AlertLogTest.looks(dice), dice.integer(0, 60), dice.integer(0, 60));
        }

        Played play() {
            return AlertLogTest.play(looks, pendingFor, keepFiringFor);
        }
    }

    /** A played sequence: when each evaluation was, what it said, and what it changed. */
    private record Played(List<Instant> times, List<Optional<Signal.State>> says, List<AlertChange> changes) {

        /** What the data said in a time, both ends included. */
        List<Signal.State> between(Instant from, Instant to) {
            List<Signal.State> said = new ArrayList<>();
            for (int i = 0; i < times.size(); i++) {
                if (!times.get(i).isBefore(from) && !times.get(i).isAfter(to)) {
                    says.get(i).ifPresent(said::add);
                }
            }
            return said;
        }

        Optional<AlertChange> at(Instant time) {
            return changes.stream().filter(change -> change.asOf().equals(time)).findFirst();
        }

        /** State after an evaluation. */
        State after(Instant time) {
            return changes.stream()
                    .filter(change -> !change.asOf().isAfter(time))
                    .reduce((earlier, later) -> later)
                    .map(AlertChange::state)
                    .orElse(State.INACTIVE);
        }
    }

    private static Signal signal(Signal.State state, int pendingFor, int keepFiringFor, Map<String, String> why) {
        return new Signal(
                LABELS, why, state, Duration.ofHours(pendingFor), Duration.ofHours(keepFiringFor), Optional.empty());
    }

    private static Played play(List<Look> looks, int pendingFor, int keepFiringFor) {
        AlertLog log = AlertLog.EMPTY;
        Instant time = START;
        List<Instant> times = new ArrayList<>();
        for (Look look : looks) {
            time = time.plus(Duration.ofHours(look.gap()));
            times.add(time);
            String value = "value " + times.size();
            List<Signal> signals = look.says().stream()
                    .map(state -> signal(state, pendingFor, keepFiringFor, Map.of("reason", value)))
                    .toList();
            List<AlertChange> made = log.evaluate(signals, labels -> true, time);
            log = log.with(made);
            assertThat(log.evaluate(signals, labels -> true, time))
                    .as("a second evaluation of the same as-of")
                    .isEmpty();
        }
        return new Played(times, looks.stream().map(Look::says).toList(), log.changes());
    }

    @Test
    void everyFiringIsResolvedAtMostOnceAndItsStartNeverMoves() {
        cases(1, 500, Story::draw).allSatisfy(story -> {
            Played played = story.play();

            Map<Instant, List<AlertChange>> byStart = played.changes().stream()
                    .filter(change -> change.startsAt().isPresent())
                    .collect(Collectors.groupingBy(
                            change -> change.startsAt().orElseThrow(), LinkedHashMap::new, Collectors.toList()));
            byStart.forEach((start, changes) -> {
                assertThat(changes.get(0).state()).isEqualTo(State.FIRING);
                assertThat(changes.get(0).asOf()).isEqualTo(start);
                assertThat(changes.subList(0, changes.size() - 1)).allMatch(AlertChange::isFiring);
                assertThat(changes).extracting(AlertChange::labels).containsOnly(LABELS);
            });
            assertThat(byStart.values().stream()
                            .filter(changes -> changes.get(changes.size() - 1).isFiring()))
                    .as("only the last firing may still be open")
                    .hasSizeLessThanOrEqualTo(1);
        });
    }

    @Test
    void anAlertFiresExactlyWhenItHasHeldForLongEnough() {
        cases(1, 500, Story::draw).allSatisfy(story -> {
            Played played = story.play();

            for (int i = 0; i < story.looks().size(); i++) {
                Instant now = played.times().get(i);
                boolean holds = played.says().get(i).equals(Optional.of(Signal.State.HOLDS));
                boolean wasFiring = i > 0 && played.after(played.times().get(i - 1)) == State.FIRING;
                if (!holds || wasFiring) {
                    continue;
                }
                // Since the newest of the last clear and the last resolution: the first time it held.
                Optional<Instant> since = Optional.empty();
                for (int j = i; j >= 0; j--) {
                    Instant then = played.times().get(j);
                    if (played.says().get(j).equals(Optional.of(Signal.State.CLEAR))) {
                        break;
                    }
                    if (played.says().get(j).equals(Optional.of(Signal.State.HOLDS))) {
                        since = Optional.of(then);
                    }
                }
                boolean due = Duration.between(since.orElseThrow(), now).toHours() >= story.pendingFor();
                assertThat(played.after(now)).isEqualTo(due ? State.FIRING : State.PENDING);
            }
        });
    }

    @Test
    void aFiringEndsOnlyAfterItHasBeenQuietForLongEnough() {
        cases(1, 500, Story::draw).allSatisfy(story -> {
            Played played = story.play();

            for (int i = 1; i < story.looks().size(); i++) {
                Instant now = played.times().get(i);
                if (played.after(played.times().get(i - 1)) != State.FIRING
                        || !played.says().get(i).equals(Optional.of(Signal.State.CLEAR))) {
                    continue;
                }
                Instant quiet = now;
                for (int j = i; j >= 0 && !played.says().get(j).equals(Optional.of(Signal.State.HOLDS)); j--) {
                    if (played.says().get(j).equals(Optional.of(Signal.State.CLEAR))) {
                        quiet = played.times().get(j);
                    }
                }
                boolean over = Duration.between(quiet, now).toHours() >= story.keepFiringFor();
                assertThat(played.after(now)).isEqualTo(over ? State.RESOLVED : State.FIRING);
                if (over) {
                    assertThat(played.at(now).orElseThrow().endsAt()).contains(now);
                    assertThat(played.between(quiet, now)).doesNotContain(Signal.State.HOLDS);
                }
            }
        });
    }

    @Test
    void missingAndUnknownDataChangeNothing() {
        cases(1, 200, Story::draw).allSatisfy(story -> {
            Played played = story.play();

            for (int i = 0; i < story.looks().size(); i++) {
                if (story.looks().get(i).says().orElse(Signal.State.UNKNOWN) == Signal.State.UNKNOWN) {
                    assertThat(played.at(played.times().get(i))).isEmpty();
                }
            }
        });
    }

    @Test
    void whatNobodyWatchesAnyLongerIsOverAtOnce() {
        cases(1, 200, AlertLogTest::looks).allSatisfy(looks -> {
            Played played = play(looks, 10, 20);
            AlertLog log = new AlertLog(played.changes());
            Instant end = START.plus(Duration.ofDays(1000));

            List<AlertChange> made = log.evaluate(List.of(), labels -> false, end);
            assertThat(made).hasSize(log.newest().stream().anyMatch(AlertChange::isOpen) ? 1 : 0);
            assertThat(log.with(made).newest()).noneMatch(AlertChange::isOpen);
            assertThat(log.with(made).evaluate(List.of(), labels -> false, end.plusSeconds(60)))
                    .as("once")
                    .isEmpty();
        });
    }

    @Test
    void whatEndsTogetherEndsInTheOrderOfItsFingerprints() {
        List<Signal> signals = IntStream.range(0, 30)
                .mapToObj(i -> new Signal(
                        Labels.of(Map.of("alertname", "a" + i)),
                        Map.of(),
                        Signal.State.HOLDS,
                        Duration.ZERO,
                        Duration.ZERO,
                        Optional.empty()))
                .toList();
        AlertLog log = new AlertLog(AlertLog.EMPTY.evaluate(signals, labels -> true, START));

        assertThat(log.evaluate(List.of(), labels -> false, START.plusSeconds(60)))
                .hasSize(30)
                .extracting(change -> change.labels().fingerprint())
                .isSorted();
    }

    @Test
    void whatALaterEvaluationHasBuiltOnStays() {
        cases(1, 200, dice -> dice.list(2, 20, () -> look(dice))).allSatisfy(looks -> {
            Played played = play(looks, 5, 5);
            AlertLog all = new AlertLog(played.changes());

            for (Instant now : played.times()) {
                boolean isBuiltOn =
                        all.changes().stream().anyMatch(change -> !change.asOf().isBefore(now));
                for (Signal.State state : Signal.State.values()) {
                    List<AlertChange> made = all.evaluate(List.of(signal(state, 0, 0, Map.of())), labels -> false, now);
                    assertThat(made).matches(changes -> !isBuiltOn || changes.isEmpty());
                }
            }
        });
    }

    @Test
    void anAlertStandsAsPrometheusWouldHaveIt() {
        // for: 2h, keep_firing_for: 3h, looked at every hour
        List<Look> looks = new ArrayList<>();
        for (char said : "hhhhccchccccc".toCharArray()) {
            looks.add(new Look(1, Optional.of(said == 'h' ? Signal.State.HOLDS : Signal.State.CLEAR)));
        }
        assertThat(play(looks, 2, 3).changes())
                .extracting(change -> "%d %s%s"
                        .formatted(
                                Duration.between(START, change.asOf()).toHours(),
                                change.state().label(),
                                change.quietAt().isPresent() ? " quiet" : ""))
                .containsExactly(
                        "1 pending", "3 firing", "5 firing quiet", "8 firing", "9 firing quiet", "12 resolved");
    }

    @Test
    void aStateWithoutItsInstantsIsRefused() {
        assertThatThrownBy(() -> new AlertChange(
                        LABELS,
                        Map.of(),
                        State.FIRING,
                        START,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        START))
                .hasMessageStartingWith("alert a is firing with starts_at Optional.empty");
    }

    @Test
    void aFingerprintDependsOnTheLabelsAndNotOnTheirOrder() {
        cases(1, 200, dice -> dice.list(1, 6, () -> dice.integer(0, 99))).allSatisfy(names -> {
            Map<String, String> ordered = new LinkedHashMap<>();
            names.forEach(name -> ordered.put("l" + name, "v" + name));
            List<String> reversed = new ArrayList<>(ordered.keySet());
            Collections.reverse(reversed);
            Map<String, String> other = new LinkedHashMap<>();
            reversed.forEach(name -> other.put(name, ordered.get(name)));

            assertThat(Labels.of(other).fingerprint())
                    .isEqualTo(Labels.of(ordered).fingerprint())
                    .matches("[0-9a-f]{16}");
            other.put("l0", "another");
            assertThat(Labels.of(other).fingerprint())
                    .isNotEqualTo(Labels.of(ordered).fingerprint());
        });
    }

    @Test
    void labelsThatLookAlikeWhenJoinedAreDifferent() {
        assertThat(Labels.of(Map.of("a", "1b", "c", "2")).fingerprint())
                .isNotEqualTo(Labels.of(Map.of("a", "1", "bc", "2")).fingerprint());
    }

    @Test
    void aLabelThatPrometheusDoesNotTakeIsRefused() {
        assertThatThrownBy(() -> Labels.of(Map.of("my team", "growth")))
                .hasMessage("label 'my team' is no name for Prometheus: write letters, digits and _, and no digit or __"
                        + " first");
        assertThatThrownBy(() -> Labels.of(Map.of("team", " "))).hasMessageStartingWith("label 'team' is blank");
    }

    private static Signal told(Instant since) {
        Map<String, String> why = Map.of(Watch.CONSEQUENCE_OF, "freshness of outcome", Watch.REASON, "it failed");
        return new Signal(LABELS, why, Signal.State.HOLDS, Duration.ZERO, Duration.ofDays(3), Optional.of(since));
    }

    @Test
    void whatAnotherAlertTellsOfDoesNotBegin() {
        assertThat(AlertLog.EMPTY.evaluate(List.of(told(START)), labels -> true, START))
                .isEmpty();
    }

    @Test
    void anAlertThatHasBegunSinceItsCauseDidIsOverAndSaysWhoTellsOfItNow() {
        AlertLog log = AlertLog.EMPTY.with(
                AlertLog.EMPTY.evaluate(List.of(signal(Signal.State.HOLDS, 0, 72, Map.of())), labels -> true, START));
        Instant later = START.plus(Duration.ofDays(1));

        assertThat(log.evaluate(List.of(told(START.minusSeconds(1))), labels -> true, later))
                .singleElement()
                .satisfies(change -> {
                    assertThat(change.state()).isEqualTo(State.RESOLVED);
                    assertThat(change.annotations())
                            .containsEntry("reason", "it is not over: freshness of outcome tells of it now");
                });
        assertThat(log.evaluate(List.of(told(START)), labels -> true, later))
                .as("one that was there before its cause has another one")
                .isEmpty();
    }

    @Test
    void anAlertIsWrittenAnewWhereItTellsOfOthersThanBefore() {
        Map<String, String> one = Map.of(Watch.INHIBITS, "volume of outcome purchase");
        Map<String, String> both = Map.of(Watch.INHIBITS, "volume of outcome purchase\nsimpson of revenue");
        AlertLog log = new AlertLog(
                AlertLog.EMPTY.evaluate(List.of(signal(Signal.State.HOLDS, 0, 0, one)), labels -> true, START));
        Instant later = START.plus(Duration.ofDays(1));

        assertThat(log.evaluate(List.of(signal(Signal.State.HOLDS, 0, 0, one)), labels -> true, later))
                .isEmpty();
        assertThat(log.evaluate(List.of(signal(Signal.State.HOLDS, 0, 0, both)), labels -> true, later))
                .singleElement()
                .satisfies(change -> {
                    assertThat(change.isFiring()).isTrue();
                    assertThat(change.startsAt()).as("the same firing").contains(START);
                    assertThat(change.annotations()).isEqualTo(both);
                });
    }
}
