package io.flagcast.rules.alerts;

import static java.util.Collections.nCopies;
import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.rules.Action.Alert.Severity;
import io.flagcast.rules.alerts.Alert.OfCheck;
import io.flagcast.rules.checks.Check;
import io.flagcast.rules.checks.Finding;
import io.flagcast.rules.checks.Finding.State;
import io.flagcast.rules.checks.InputCheck;
import io.flagcast.statistics.Metric;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Of a feed that stands still there is one alert, and what fails because of it has none until the rows are back. */
class InhibitionTest {

    private static final Instant START = Instant.parse("2026-11-23T00:00:00Z");
    private static final Duration STALE = Duration.ofDays(2);

    private static final Map<String, List<Metric>> METRICS = Map.of(
            "checkout", List.of(rate("conversion_rate", "purchase"), rate("returns", "return")),
            "search", List.of(rate("purchase_rate", "purchase")));

    private static final Watch CHECKOUT = watch("checkout");

    private static Metric rate(String name, String outcome) {
        return new Metric(name, Metric.Kind.PROPORTION, outcome, Duration.ofDays(1), Metric.Direction.HIGHER_IS_BETTER);
    }

    private static Watch watch(String experimentId, Alert... alerts) {
        return new Watch(experimentId, Set.of("low", "high", "all"), List.of(alerts));
    }

    /** An input or a part of it whose newest row has an age. */
    private static Finding freshness(String experimentId, String input, Duration age) {
        return InputCheck.freshness(experimentId, input, Optional.of(START.minus(age)), START, STALE);
    }

    private static Finding stale(String experimentId, String input) {
        return freshness(experimentId, input, Duration.ofDays(3));
    }

    /** Two weeks with a hundred rows a day, and a last day. */
    private static Finding volume(String experimentId, String input, long last) {
        return InputCheck.volume(experimentId, input, days(100, last));
    }

    private static Finding failed(String experimentId, Check check, String segment, String subject) {
        return new Finding(
                experimentId,
                check,
                segment,
                subject,
                State.FAILED,
                OptionalDouble.empty(),
                Optional.empty(),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                100,
                check.label() + " failed",
                List.of());
    }

    private static List<AlertChange> evaluate(
            AlertLog log, Instant asOf, List<Finding> findings, Watch... experiments) {
        Inhibition inhibition = new Inhibition(findings, METRICS, Set.of("age"), asOf);
        List<Signal> signals = Stream.concat(Stream.of(Watch.lake()), Stream.of(experiments))
                .flatMap(watch -> watch.signals(findings, List.of(), inhibition).stream())
                .toList();
        return log.evaluate(signals, labels -> true, asOf);
    }

    private static List<AlertChange> evaluate(List<Finding> findings) {
        return evaluate(AlertLog.EMPTY, START, findings, CHECKOUT, watch("search"));
    }

    private static List<String> titles(List<AlertChange> changes) {
        return changes.stream()
                .map(change ->
                        (change.labels().experimentId() + " " + change.labels().title()).strip())
                .toList();
    }

    @Test
    void aStoppedFeedIsOneAlertWithWhatItTouchesAndWhatItInhibitsBeneath() {
        List<AlertChange> raised = evaluate(List.of(
                stale("", "outcome"),
                stale("", "outcome purchase"),
                volume("", "outcomes", 0),
                volume("", "outcome purchase", 0),
                stale("checkout", "outcome purchase"),
                stale("checkout", "outcome return"),
                volume("checkout", "outcome purchase", 0),
                stale("search", "outcome purchase"),
                failed("checkout", Check.UNEXPECTED_OUTCOME, "high", "conversion_rate"),
                failed("checkout", Check.CALIBRATION, "all", "conversion_rate uplift"),
                failed("search", Check.OUTCOME_BIAS, "low", "purchase_rate by gender")));

        assertThat(titles(raised)).containsExactly("freshness of outcome");
        assertThat(raised.get(0).annotations().get(Watch.TOUCHES))
                .isEqualTo("checkout: conversion_rate, returns\nsearch: purchase_rate");
        assertThat(raised.get(0).annotations().get(Watch.INHIBITS).lines())
                .containsExactly(
                        "freshness of outcome purchase",
                        "checkout: freshness of outcome purchase",
                        "checkout: freshness of outcome return",
                        "search: freshness of outcome purchase",
                        "volume of outcomes",
                        "volume of outcome purchase",
                        "checkout: volume of outcome purchase",
                        "checkout: calibration of conversion_rate uplift",
                        "checkout: unexpected_outcome of conversion_rate in high",
                        "search: outcome_bias of purchase_rate by gender in low");
    }

    @Test
    void anOutcomeThatStopsTouchesOnlyTheMetricsThatCountIt() {
        List<AlertChange> raised = evaluate(List.of(
                freshness("", "outcome", Duration.ZERO),
                stale("", "outcome purchase"),
                stale("checkout", "outcome purchase"),
                stale("search", "outcome purchase"),
                failed("checkout", Check.SIMPSON, "all", "conversion_rate"),
                failed("checkout", Check.SIMPSON, "all", "returns")));

        assertThat(titles(raised))
                .containsExactlyInAnyOrder("freshness of outcome purchase", "checkout simpson of returns");
        assertThat(raised.get(0).annotations().get(Watch.TOUCHES))
                .isEqualTo("checkout: conversion_rate\nsearch: purchase_rate");
    }

    @Test
    void ofUsageThatStopsScoresAreTouchedAndWhatNoEventIsMadeOfIsRaised() {
        List<AlertChange> raised = evaluate(List.of(
                stale("", "event"),
                failed("checkout", Check.PREDICTOR_DRIFT, "all", "usage_search_sum"),
                failed("checkout", Check.PREDICTOR_DRIFT, "all", "age"),
                failed("checkout", Check.SCORE_DRIFT, "all", ""),
                failed("search", Check.SCORE_DRIFT, "all", ""),
                failed("search", Check.SAMPLE_RATIO, "all", "")));

        assertThat(titles(raised))
                .containsExactlyInAnyOrder(
                        "freshness of event", "checkout predictor_drift of age", "search sample_ratio");
        assertThat(raised.get(0).annotations()).containsEntry(Watch.TOUCHES, "checkout: scores\nsearch: scores");
    }

    @Test
    void exposuresOfOneExperimentThatStopAreItsOwnAlert() {
        List<AlertChange> raised = evaluate(List.of(
                freshness("", "exposure", Duration.ZERO),
                stale("checkout", "exposure of checkout"),
                freshness("search", "exposure of search", Duration.ZERO)));

        assertThat(titles(raised)).containsExactly("checkout freshness of exposure of checkout");
        assertThat(raised.get(0).annotations()).containsEntry(Watch.TOUCHES, "checkout: conversion_rate, returns");
    }

    /** Of a hundred rows of each of three outcomes none of one has come: the other two are what the whole has. */
    @Test
    void anInputThatIsFewAsOneOfItsPartsHasStoppedIsToldByThatPart() {
        Finding whole = InputCheck.volume("", "outcomes", days(160, 60));
        assertThat(whole.failed()).isTrue();

        assertThat(titles(evaluate(List.of(whole, volume("checkout", "outcome return", 0)))))
                .containsExactly("checkout volume of outcome return");
        assertThat(titles(evaluate(List.of(whole, volume("checkout", "outcome return", 40)))))
                .as("where all parts are few it is the whole")
                .containsExactly("volume of outcomes");
        assertThat(titles(evaluate(List.of(
                        InputCheck.volume("", "outcomes", days(1_000, 60)), volume("checkout", "outcome return", 0)))))
                .as("a hundred rows more would be too few still")
                .containsExactly("volume of outcomes");
    }

    private static List<Long> days(long usual, long last) {
        List<Long> days = new ArrayList<>(nCopies(14, usual));
        days.add(last);
        return days;
    }

    @Test
    void manyRowsOfAPartAreToldByTheWholeAndFewAreNot() {
        assertThat(titles(evaluate(List.of(volume("", "outcomes", 400), volume("checkout", "outcome purchase", 500)))))
                .containsExactly("volume of outcomes");
        assertThat(titles(evaluate(List.of(volume("", "outcomes", 400), volume("checkout", "outcome purchase", 10)))))
                .containsExactlyInAnyOrder("volume of outcomes", "checkout volume of outcome purchase");
    }

    /** On the first day only the volume is wrong, from the third on the age is: it is one feed all the time. */
    @Test
    void oneAlertFiresOnEveryDayOfAStopAndItIsResolvedOnceWhenRowsAreBack() {
        List<List<Finding>> days = List.of(
                List.of(volume("", "exposures", 0), freshness("", "exposure", Duration.ofDays(1))),
                List.of(
                        stale("", "exposure"),
                        volume("", "exposures", 0),
                        stale("checkout", "exposure of checkout"),
                        stale("search", "exposure of search")),
                List.of(
                        freshness("", "exposure", Duration.ZERO),
                        volume("", "exposures", 100),
                        freshness("checkout", "exposure of checkout", Duration.ZERO),
                        freshness("search", "exposure of search", Duration.ZERO)));
        AlertLog log = AlertLog.EMPTY;
        List<List<String>> firing = new ArrayList<>();
        for (int day = 0; day < days.size(); day++) {
            log = log.with(evaluate(log, START.plus(Duration.ofDays(day)), days.get(day), CHECKOUT, watch("search")));
            firing.add(
                    titles(log.newest().stream().filter(AlertChange::isFiring).toList()));
        }

        assertThat(firing).containsExactly(List.of("volume of exposures"), List.of("freshness of exposure"), List.of());
        assertThat(titles(log.changes().stream()
                        .filter(change -> change.state() == AlertChange.State.RESOLVED)
                        .toList()))
                .containsExactly("volume of exposures", "freshness of exposure");
    }

    @Test
    void whatFailsStillWhenTheRowsAreBackIsRaisedThen() {
        Finding drop = failed("checkout", Check.UNEXPECTED_OUTCOME, "high", "conversion_rate");
        AlertLog stopped = new AlertLog(evaluate(List.of(stale("", "outcome"), drop)));
        assertThat(titles(stopped.changes())).containsExactly("freshness of outcome");

        List<AlertChange> back = evaluate(
                stopped,
                START.plus(Duration.ofDays(1)),
                List.of(freshness("", "outcome", Duration.ZERO), drop),
                CHECKOUT);
        assertThat(back)
                .extracting(
                        change -> change.labels().title() + " " + change.state().label())
                .containsExactly(
                        "freshness of outcome resolved", "unexpected_outcome of conversion_rate in high firing");
    }

    @Test
    void whatFailedBeforeTheFeedStoppedGoesOnAndWhatFailedSinceIsToldByIt() {
        Finding drop = failed("checkout", Check.UNEXPECTED_OUTCOME, "high", "conversion_rate");
        Instant dayAfter = START.minus(Duration.ofDays(2));
        for (Instant begun : List.of(START.minus(Duration.ofDays(5)), dayAfter)) {
            AlertLog log = new AlertLog(evaluate(AlertLog.EMPTY, begun, List.of(drop), CHECKOUT));
            AlertLog then = log.with(evaluate(log, START, List.of(stale("", "outcome"), drop), CHECKOUT));
            assertThat(titles(
                            then.newest().stream().filter(AlertChange::isFiring).toList()))
                    .contains("freshness of outcome")
                    .hasSize(begun.equals(dayAfter) ? 1 : 2);
        }
    }

    @Test
    void whoAsksForTheAlertOfAFeedIsToldWhoeverElseIs() {
        Alert asked = new Alert(
                "no_purchases",
                "Purchases do not arrive",
                new OfCheck(Check.FRESHNESS, Optional.empty(), Optional.of("outcome purchase")),
                Severity.CRITICAL,
                Duration.ZERO,
                Duration.ZERO,
                Map.of("team", "growth"),
                Optional.empty());
        List<AlertChange> raised = evaluate(
                AlertLog.EMPTY,
                START,
                List.of(stale("", "outcome"), stale("checkout", "outcome purchase")),
                watch("checkout", asked));

        assertThat(titles(raised)).containsExactly("freshness of outcome", "checkout no_purchases of outcome purchase");
        assertThat(raised.get(1).annotations()).containsEntry(Watch.CONSEQUENCE_OF, "freshness of outcome");
    }

    @Test
    void idsOfASharedOutcomeThatAreNobodysAreOneAlert() {
        assertThat(titles(evaluate(List.of(
                        failed("", Check.UNMATCHED, "all", "outcome purchase"),
                        failed("checkout", Check.UNMATCHED, "all", "outcome purchase"),
                        failed("search", Check.UNMATCHED, "all", "outcome purchase"),
                        failed("search", Check.UNMATCHED, "all", "exposures of search")))))
                .containsExactly("unmatched of outcome purchase", "search unmatched of exposures of search");
    }
}
