package io.flagcast.rules.design;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Segments;
import io.flagcast.allocation.Segments.Band;
import io.flagcast.rules.Action;
import io.flagcast.rules.Amount;
import io.flagcast.rules.Condition;
import io.flagcast.rules.Condition.Level;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Quality;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Condition.VersusControl;
import io.flagcast.rules.Forecast;
import io.flagcast.rules.Observation;
import io.flagcast.rules.Rule;
import io.flagcast.rules.RuleEngine;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Direction;
import io.flagcast.statistics.Metric.Kind;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** Two days of 100 new users in segment low and 300 in high, 60 and 180 of them enabled; a tenth converts, in a day. */
class ExpectedUsersTest {

    private static final Instant FIRST = Instant.parse("2026-11-02T00:00:00Z");
    private static final Metric CONVERSION =
            new Metric("conversion_rate", Kind.PROPORTION, "purchase", Duration.ofDays(1), Direction.HIGHER_IS_BETTER);
    private static final Metric REVENUE =
            new Metric("revenue", Kind.MEAN, "purchase", Duration.ofDays(1), Direction.HIGHER_IS_BETTER);
    private static final Segments SEGMENTS = segments(50);
    private static final Map<String, Map<Double, Long>> HALVES =
            Map.of("low", Map.of(0.5, 200L), "high", Map.of(0.5, 600L));

    private static Segments segments(double between) {
        return new Segments(List.of(new Band("low", 0, between), new Band("high", between, 100)));
    }

    private static Observation day(String segment, Population arm, int day, long users) {
        Moments values = Moments.ofProportion(users / 10, users);
        return new Observation(
                segment,
                arm,
                CONVERSION.name(),
                FIRST.plus(day, ChronoUnit.DAYS),
                values,
                new WeightedMoments(users, 2 * users, 4 * users, 0.2 * users, 0.2 * users, 0.4 * users, 0.4 * users),
                Optional.empty());
    }

    private static List<Observation> history() {
        return List.of(0, 1).stream()
                .flatMap(day -> List.of("low", "high", "all").stream().flatMap(segment -> {
                    long users = segment.equals("low") ? 100 : segment.equals("high") ? 300 : 400;
                    return List.of(
                            day(segment, Population.ENABLED, day, users * 6 / 10),
                            day(segment, Population.CONTROL, day, users * 4 / 10))
                            .stream();
                }))
                .toList();
    }

    private static ExpectedUsers expected(
            List<Observation> history, Segments now, Map<String, Map<Double, Long>> propensities) {
        return new ExpectedUsers(
                history,
                now,
                Optional.of(SEGMENTS),
                propensities,
                FIRST.plus(2, ChronoUnit.DAYS),
                Optional.empty(),
                Optional.empty());
    }

    private static Rule rule(String segment, Condition when) {
        return new Rule(
                "r",
                "a rule",
                segment,
                when,
                Rule.Evidence.of(100, 0.95, 1_000),
                new Action.Reduce(new Amount(0.2, Amount.Unit.RELATIVE), 0),
                Optional.empty(),
                Duration.ZERO,
                OptionalInt.of(1),
                Rule.Health.FOR_INCREASES,
                Rule.Mode.DRY_RUN);
    }

    private static RuleEngine engine(Rule rule) {
        return new RuleEngine(
                "e", "a hash", List.of(rule), List.of(CONVERSION, REVENUE), SEGMENTS, new Policy.Percentage(0.5));
    }

    private static final Rule BELOW = rule("high", new Level(Population.ENABLED, CONVERSION.name(), Side.BELOW, 0.05));
    private static final Rule WORSE =
            rule("high", new VersusControl(CONVERSION.name(), Quality.WORSE, new Amount(0.1, Amount.Unit.RELATIVE)));

    @Test
    void usersAndMeansAreThoseOfTheSegment() {
        ExpectedUsers expected = expected(history(), SEGMENTS, HALVES);
        Forecast forecast = expected.forecast(engine(WORSE), WORSE);

        assertThat(expected.unknown(engine(WORSE), WORSE)).isEmpty();
        assertThat(expected.standsIn(engine(WORSE), WORSE)).isEmpty();
        assertThat(forecast.arrivals()).containsExactly(300.0, 300.0);
        assertThat(forecast.enabled().users()).isEqualTo(0.5);
        assertThat(forecast.outcomes().get(CONVERSION.name()).comparable().mean())
                .isCloseTo(0.1, within(1e-12));
        // Users of the first of November closed their windows on the second, and counted at its end.
        assertThat(forecast.outcomes().get(CONVERSION.name()).lagDays()).isEqualTo(1);
    }

    @Test
    void aNewBandTakesItsPartOfAllUsers() {
        ExpectedUsers expected = expected(history(), segments(75), HALVES);

        assertThat(expected.standsIn(engine(BELOW), BELOW))
                .hasValue(
                        "segment 'high' has not been measured as it is: means and their spread are those of all users");
        assertThat(expected.forecast(engine(BELOW), BELOW).arrivals()).containsExactly(300.0, 300.0);
    }

    @Test
    void whatCannotBeKnownIsSaid() {
        assertThat(expected(List.of(), SEGMENTS, HALVES).unknown(engine(BELOW), BELOW))
                .hasValue("nobody has been measured: name an experiment like it, or how many users a day will meet it");
        assertThat(expected(history(), SEGMENTS, Map.of("low", Map.of(0.5, 1L))).unknown(engine(BELOW), BELOW))
                .hasValue("no user of the lake is in segment 'high'");
        assertThat(expected(history(), SEGMENTS, Map.of("high", Map.of(1.0, 5L)))
                        .unknown(engine(WORSE), WORSE)
                        .orElseThrow())
                .startsWith("every user of segment 'high' is enabled for certain or not at all");
        assertThat(expected(history(), SEGMENTS, Map.of("high", Map.of(0.0, 5L)))
                        .unknown(engine(BELOW), BELOW))
                .hasValue("nobody of segment 'high' would be enabled");
        Rule revenue = rule("high", new Level(Population.ENABLED, REVENUE.name(), Side.BELOW, 5));
        assertThat(expected(history(), SEGMENTS, HALVES).unknown(engine(revenue), revenue))
                .hasValue("revenue has not been measured: name an experiment that has it");
    }
}
