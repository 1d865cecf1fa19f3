package io.flagcast.rules;

import static io.flagcast.rules.Given.CONVERSION;
import static io.flagcast.rules.Given.REVENUE;
import static io.flagcast.rules.Given.conversions;
import static io.flagcast.rules.Given.day;
import static io.flagcast.rules.Given.evidence;
import static io.flagcast.rules.Given.observation;
import static io.flagcast.rules.Given.proportion;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.rules.Amount.Unit;
import io.flagcast.rules.Condition.All;
import io.flagcast.rules.Condition.Any;
import io.flagcast.rules.Condition.Level;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Quality;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Condition.VersusBaseline;
import io.flagcast.rules.Condition.VersusControl;
import io.flagcast.rules.Given.RuleOf;
import io.flagcast.rules.Reading.State;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.rules.Rule.Evidence.Method;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which window, arm, baseline and limit a comparison is read by, and where it says nothing. */
class AssessorTest {

    private static final Metric CAPPED = new Metric(
                    "capped", REVENUE.kind(), REVENUE.outcome(), REVENUE.within(), REVENUE.direction())
            .frozenAt(500);
    private static final Map<String, Metric> METRICS =
            Map.of("conversion_rate", CONVERSION, "revenue_per_user", REVENUE, "capped", CAPPED);
    private static final Level REVENUE_BELOW_5 = new Level(Population.ENABLED, "revenue_per_user", Side.BELOW, 5);

    private static Assessment assess(Rule rule, int asOf, Observation... observations) {
        return Assessment.of(rule, 0.05, METRICS, evidence(observations), day(asOf));
    }

    private static Rule rule(Condition when) {
        return RuleOf.id("r").when(when).rule();
    }

    private static Rule windowed(int days, Method method, Condition when) {
        Evidence evidence = new Evidence(1_000, method, 0.95, 10_000, Optional.of(Duration.ofDays(days)), 1);
        return RuleOf.id("r").evidence(evidence).when(when).rule();
    }

    private static VersusBaseline drops(String metric) {
        return new VersusBaseline(Population.ENABLED, metric, Side.BELOW, 0.2, Duration.ofDays(7));
    }

    private static Observation revenue(Population arm, int day, long users, double mean, double sd) {
        return observation("high", arm, REVENUE, day, new Moments(users, mean, sd * sd * (users - 1)));
    }

    private static Observation capped(Population arm, int day, double sd) {
        return observation("high", arm, CAPPED, day, new Moments(20_000, 5, sd * sd * 19_999));
    }

    /** Three days of 20,000 users: 11 % and twice 2 % are 5 % together, which tells nothing. */
    @Test
    void theLongestWindowIsReadThatSaysWhatTheLatestSays() {
        Rule threeDays = windowed(3, Method.CONFIDENCE_SEQUENCE, Given.BELOW_5_PERCENT);

        Reading reading = assess(
                        threeDays,
                        3,
                        conversions(0, 2_200, 20_000),
                        conversions(1, 400, 20_000),
                        conversions(2, 400, 20_000))
                .deciding();
        assertThat(reading)
                .returns(State.HOLDS, Reading::state)
                .returns(Optional.of(day(1)), Reading::windowStart)
                .returns(40_000L, Reading::n);

        Reading turned = assess(
                        threeDays,
                        3,
                        conversions(0, 4_000, 20_000),
                        conversions(1, 3_000, 20_000),
                        conversions(2, 400, 20_000))
                .deciding();
        assertThat(turned)
                .as("two longer windows show the opposite, the last day holds")
                .returns(State.HOLDS, Reading::state)
                .returns(Optional.of(day(2)), Reading::windowStart);
    }

    @Test
    void exactlyMinUsersAreEnoughAndOneLessIsNot() {
        Rule level = rule(Given.BELOW_5_PERCENT);
        assertThat(assess(level, 1, conversions(0, 0, 1_000)).state()).isEqualTo(State.HOLDS);
        assertThat(assess(level, 1, conversions(0, 0, 999)).state()).isEqualTo(State.INCONCLUSIVE);
        assertThat(assess(level, 1, conversions(0, 1_000, 1_000)).state())
                .as("a proportion of 1 is one")
                .isEqualTo(State.OPPOSITE);

        Rule worse = rule(new VersusControl("conversion_rate", Quality.WORSE, new Amount(0, Unit.RELATIVE)));
        Observation enough = proportion("high", Population.CONTROL, CONVERSION, 0, 300, 1_000);
        Observation few = proportion("high", Population.CONTROL, CONVERSION, 0, 300, 999);
        assertThat(assess(worse, 1, conversions(0, 100, 1_000), enough).state()).isEqualTo(State.HOLDS);
        assertThat(assess(worse, 1, conversions(0, 100, 999), enough).state()).isEqualTo(State.INCONCLUSIVE);
        assertThat(assess(worse, 1, conversions(0, 100, 1_000), few).state()).isEqualTo(State.INCONCLUSIVE);
    }

    @Test
    void anEstimateAtItsLimitIsBeyondItOnNeitherSide() {
        for (Side side : Side.values()) {
            Rule point = windowed(1, Method.POINT, new Level(Population.ENABLED, "conversion_rate", side, 0.05));

            assertThat(assess(point, 1, conversions(0, 1_000, 20_000)).deciding())
                    .returns(State.OPEN, Reading::state)
                    .satisfies(reading -> assertThat(reading.observed()).hasValue(0.05));
        }
    }

    @ParameterizedTest
    @CsvSource({"RELATIVE, HOLDS", "POINTS, OPEN"})
    void ofAControlThatNeverRespondsAnyPartIsNothing(Unit unit, State state) {
        Rule better = rule(new VersusControl("conversion_rate", Quality.BETTER, new Amount(0.1, unit)));
        Observation none = proportion("high", Population.CONTROL, CONVERSION, 0, 0, 20_000);

        assertThat(assess(better, 1, conversions(0, 2_000, 20_000), none).state())
                .isEqualTo(state);
    }

    /** No value in [0, 500] is further than 495 from a mean of 5: neither is their standard deviation. */
    @Test
    void valuesBeyondTheCapInEitherArmConcludeNothing() {
        Rule worse = rule(new VersusControl("capped", Quality.WORSE, new Amount(0, Unit.RELATIVE)));

        for (double enabledSd : new double[] {40, 600}) {
            Reading reading = assess(
                            worse,
                            1,
                            capped(Population.ENABLED, 0, enabledSd),
                            capped(Population.CONTROL, 0, 640 - enabledSd))
                    .deciding();
            assertThat(reading.state()).isEqualTo(State.INCONCLUSIVE);
            assertThat(reading.reason())
                    .startsWith("capped cannot be used: a mean of 5.0")
                    .endsWith("the cap 500.0");
            assertThat(reading.observed()).as("no mean of both arms").isEmpty();
        }
    }

    @Test
    void againstControlThoseCountWhoseArmWasDrawnAndForALevelAllDo() {
        // 10,000 more are certain to be enabled: they have values and no weight.
        Observation enabled = new Observation(
                "high",
                Population.ENABLED,
                "conversion_rate",
                day(0),
                Moments.ofProportion(900, 30_000),
                conversions(0, 600, 20_000).weighted(),
                Optional.empty());
        Observation control = proportion("high", Population.CONTROL, CONVERSION, 0, 2_000, 20_000);

        Rule worse = rule(new VersusControl("conversion_rate", Quality.WORSE, new Amount(0, Unit.RELATIVE)));
        assertThat(assess(worse, 1, enabled, control).deciding())
                .returns(State.HOLDS, Reading::state)
                .returns(40_000L, Reading::n)
                .satisfies(reading -> assertThat(reading.observed()).hasValueCloseTo(0.03 - 0.1, within(1e-12)));
        assertThat(assess(rule(Given.BELOW_5_PERCENT), 1, enabled, control).deciding())
                .returns(30_000L, Reading::n)
                .satisfies(reading -> assertThat(reading.observed()).hasValueCloseTo(0.03, within(1e-12)));
    }

    @ParameterizedTest
    @CsvSource({"BELOW, 70, 0.08, HOLDS", "BELOW, 90, 0.08, OPPOSITE", "ABOVE, 150, 0.12, HOLDS"})
    void aPointIsComparedWithTheMultipleOfTheBaseline(Side side, long conversions, double limit, State state) {
        Rule rule = windowed(
                7,
                Method.POINT,
                new VersusBaseline(Population.ENABLED, "conversion_rate", side, 0.2, Duration.ofDays(7)));
        Observation[] days = IntStream.range(0, 14)
                .mapToObj(day -> conversions(day, day < 7 ? 100 : conversions, 1_000))
                .toArray(Observation[]::new);

        Reading reading = assess(rule, 14, days).deciding();
        assertThat(reading.state()).isEqualTo(state);
        assertThat(reading.threshold()).hasValueCloseTo(limit, within(1e-12));
        assertThat(reading.n()).isEqualTo(7_000);
    }

    /** The window that began on day 7 is the first of the second length: half of 6 / (4 π²) of the error. */
    @Test
    void theBaselineOfAMeanIsTakenAtTheNearEndOfItsNormalInterval() {
        double alpha = 0.5 * 0.05 * 6 / (4 * Math.PI * Math.PI);
        double z = new NormalDistribution(null, 0, 1).inverseCumulativeProbability(1 - alpha / 2);
        Observation before = revenue(Population.ENABLED, 0, 10_000, 10, 3);
        Observation now = revenue(Population.ENABLED, 7, 10_000, 5, 3);

        Reading drops = assess(windowed(7, Method.CONFIDENCE_SEQUENCE, drops("revenue_per_user")), 8, before, now)
                .deciding();
        assertThat(drops.state()).isEqualTo(State.HOLDS);
        assertThat(drops.windowStart()).contains(day(7));
        assertThat(drops.threshold()).hasValueCloseTo(0.8 * (10 - z * 0.03), within(1e-6));

        VersusBaseline rises =
                new VersusBaseline(Population.ENABLED, "revenue_per_user", Side.ABOVE, 0.2, Duration.ofDays(7));
        Reading reading = assess(
                        windowed(7, Method.CONFIDENCE_SEQUENCE, rises),
                        8,
                        before,
                        revenue(Population.ENABLED, 7, 10_000, 15, 3))
                .deciding();
        assertThat(reading.state()).isEqualTo(State.HOLDS);
        assertThat(reading.threshold()).hasValueCloseTo(1.2 * (10 + z * 0.03), within(1e-6));
    }

    @Test
    void aBaselineNeedsItsUsersAMeanAboveZeroAndUsableValues() {
        Rule daily = windowed(1, Method.CONFIDENCE_SEQUENCE, drops("conversion_rate"));
        Observation now = conversions(7, 0, 1_000);

        assertThat(assess(daily, 8, conversions(0, 100, 1_000), now).state()).isEqualTo(State.HOLDS);
        assertThat(assess(daily, 8, conversions(0, 333, 999), now).deciding())
                .returns(State.INCONCLUSIVE, Reading::state)
                .returns(
                        "the baseline, the 7 d before 2026-11-08T00:00:00Z, has 999 users with a mean of 0.333333; needs"
                                + " min_users 1,000",
                        Reading::reason);
        assertThat(assess(daily, 8, conversions(0, 0, 1_000), now).deciding())
                .returns(State.INCONCLUSIVE, Reading::state)
                .satisfies(reading -> assertThat(reading.reason()).contains("1,000 users with a mean of 0"));
        assertThat(assess(daily, 8, conversions(0, 100, 1_000), conversions(7, 0, 999))
                        .deciding())
                .returns(State.INCONCLUSIVE, Reading::state)
                .returns("999 users, needs min_users 1,000", Reading::reason);

        Rule limited = windowed(1, Method.CONFIDENCE_SEQUENCE, drops("capped"));
        assertThat(assess(limited, 8, capped(Population.ENABLED, 0, 60), capped(Population.ENABLED, 7, 40))
                        .deciding())
                .returns(State.INCONCLUSIVE, Reading::state)
                .satisfies(reading ->
                        assertThat(reading.reason()).startsWith("capped cannot be used: the baseline: a mean of 5.0"));
    }

    @Test
    void theReadingDecidesThatMadeTheStateWhatItIs() {
        Observation[] convertsBadlyAndPaysWell = {
            conversions(0, 800, 20_000), revenue(Population.ENABLED, 0, 20_000, 6, 1)
        };

        assertThat(assess(rule(new All(List.of(Given.BELOW_5_PERCENT, REVENUE_BELOW_5))), 1, convertsBadlyAndPaysWell))
                .returns(State.OPEN, Assessment::state)
                .returns(REVENUE_BELOW_5, all -> all.deciding().comparison());
        assertThat(assess(rule(new Any(List.of(REVENUE_BELOW_5, Given.BELOW_5_PERCENT))), 1, convertsBadlyAndPaysWell))
                .returns(State.HOLDS, Assessment::state)
                .returns(Given.BELOW_5_PERCENT, any -> any.deciding().comparison());
    }

    @Test
    void usersWithoutAWeightedCounterpartAreNoArm() {
        Observation certain = new Observation(
                "high",
                Population.ENABLED,
                "conversion_rate",
                day(0),
                Moments.ofProportion(800, 20_000),
                WeightedMoments.EMPTY,
                Optional.empty());

        assertThat(assess(rule(Given.BELOW_5_PERCENT), 1, certain).deciding())
                .returns(State.HOLDS, Reading::state)
                .returns(20_000L, Reading::n);
        Rule worse = rule(new VersusControl("conversion_rate", Quality.WORSE, new Amount(0, Unit.RELATIVE)));
        assertThat(assess(worse, 1, certain).state()).isEqualTo(State.INCONCLUSIVE);
    }
}
