package io.flagcast.rules;

import static io.flagcast.rules.Given.CONVERSION;
import static io.flagcast.rules.Given.ERRORS;
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
import io.flagcast.statistics.ConfidenceSequence;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Kind;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What evidence shows of each kind of condition, at α = 5 % unless said otherwise. */
class AssessmentTest {

    private static final Map<String, Metric> METRICS =
            Map.of("conversion_rate", CONVERSION, "error_rate", ERRORS, "revenue_per_user", REVENUE);
    private static final Rule RULE = RuleOf.id("r").rule();

    private static Assessment assess(Rule rule, Observation... observations) {
        return assess(rule, 60, observations);
    }

    private static Assessment assess(Rule rule, int asOf, Observation... observations) {
        return Assessment.of(rule, 0.05, METRICS, evidence(observations), day(asOf));
    }

    private static Evidence windows(Duration length) {
        return new Evidence(1_000, Method.CONFIDENCE_SEQUENCE, 0.95, 10_000, Optional.of(length), 1);
    }

    @ParameterizedTest
    @CsvSource({"800, HOLDS", "998, OPEN", "1050, OPEN", "1300, OPPOSITE"})
    void aLevelHoldsWhereTheBoundIsBeyondItAndIsSoundWhereTheOtherBoundIs(long conversions, State state) {
        Reading reading = assess(RULE, conversions(0, conversions, 20_000)).deciding();

        assertThat(reading.state()).isEqualTo(state);
        assertThat(reading.observed()).hasValue(conversions / 20_000.0);
        assertThat(reading.bound())
                .isEqualTo(new ConfidenceSequence(0.05, 10_000)
                        .upperBound(Moments.ofProportion(conversions, 20_000), Kind.PROPORTION));
        assertThat(reading.threshold()).hasValue(0.05);
    }

    @Test
    void daysAddUpAndThoseAtOrAfterTheAsOfAreNotLookedAt() {
        Reading reading = assess(RULE, 2, conversions(0, 300, 8_000), conversions(1, 500, 12_000), conversions(2, 0, 9))
                .deciding();

        assertThat(reading.n()).isEqualTo(20_000);
        assertThat(reading.observed()).hasValueCloseTo(0.04, within(1e-15));
        assertThat(reading.evidenceStart()).contains(day(0));
    }

    @Test
    void anotherSegmentArmOrMetricIsNoEvidenceAndEveryoneIsBothArms() {
        Observation[] others = {
            proportion("low", Population.ENABLED, CONVERSION, 0, 1, 2_000),
            proportion("high", Population.CONTROL, CONVERSION, 0, 1, 3_000),
            proportion("high", Population.ENABLED, ERRORS, 0, 1, 4_000)
        };
        assertThat(assess(RULE, others).deciding())
                .returns(State.INCONCLUSIVE, Reading::state)
                .returns(0L, Reading::n);
        Rule everyone = RuleOf.id("r")
                .when(new Level(Population.EVERYONE, "conversion_rate", Side.BELOW, 0.05))
                .rule();
        assertThat(assess(
                                everyone,
                                Stream.concat(Stream.of(others), Stream.of(conversions(0, 1, 500)))
                                        .toArray(Observation[]::new))
                        .deciding()
                        .n())
                .isEqualTo(3_500);
    }

    @Test
    void missingAndTooLittleDataAreInconclusive() {
        assertThat(assess(RULE).deciding())
                .returns(State.INCONCLUSIVE, Reading::state)
                .returns("0 users, needs min_users 1,000", Reading::reason)
                .satisfies(reading -> assertThat(reading.observed()).isEmpty());
        assertThat(assess(RULE, conversions(0, 0, 0)).deciding().observed()).isEmpty();
        assertThat(assess(RULE, conversions(0, 6, 200)).deciding())
                .returns(State.INCONCLUSIVE, Reading::state)
                .returns("200 users, needs min_users 1,000", Reading::reason);
        Observation constant = observation("high", Population.ENABLED, REVENUE, 0, new Moments(20_000, 0.01, 0));
        Rule revenue = RuleOf.id("r")
                .when(new Level(Population.ENABLED, "revenue_per_user", Side.BELOW, 5))
                .rule();
        assertThat(assess(revenue, constant).deciding())
                .returns(State.INCONCLUSIVE, Reading::state)
                .returns("20,000 users without spread in their values: no confidence bound", Reading::reason);
    }

    @Test
    void unusableValuesAreInconclusiveAndNamed() {
        Observation infinite = new Observation(
                "high",
                Population.ENABLED,
                "conversion_rate",
                day(1),
                Moments.EMPTY,
                WeightedMoments.EMPTY,
                Optional.of("Moments: mean is Infinity, every value must be finite"));
        assertThat(assess(RULE, conversions(0, 1, 20_000), infinite).deciding())
                .returns(State.INCONCLUSIVE, Reading::state)
                .returns(
                        "conversion_rate cannot be used: Moments: mean is Infinity, every value must be finite",
                        Reading::reason);
        Observation aboveOne = observation("high", Population.ENABLED, CONVERSION, 0, new Moments(20_000, 1.5, 3));
        assertThat(assess(RULE, aboveOne).deciding())
                .returns(State.INCONCLUSIVE, Reading::state)
                .returns("conversion_rate cannot be used: a proportion of 1.5 is outside [0, 1]", Reading::reason);
    }

    @Test
    void aWindowBeginsEveryDayAndThoseOfTheKthLengthSpendSixOverPiSquaredKSquared() {
        Rule weekly = RuleOf.id("r").evidence(windows(Duration.ofDays(7))).rule();
        List<Observation> days = new ArrayList<>();
        for (int day = 3; day < 30; day++) {
            days.add(conversions(day, 30 + day, 1_000));
        }
        Observation[] all = days.toArray(Observation[]::new);

        Reading first = assess(weekly, 10, all).deciding();
        assertThat(first.window()).isEqualTo(1);
        assertThat(first.n()).isEqualTo(7_000);
        assertThat(first.alpha()).isCloseTo(0.5 * 0.05 * 6 / (Math.PI * Math.PI), within(1e-15));

        // Day 18 is the last; the window that began on day 12 is in the second length, its third day.
        Reading second = assess(weekly, 19, all).deciding();
        assertThat(second.state()).isEqualTo(State.OPEN);
        assertThat(second.window()).isEqualTo(2);
        assertThat(second.windowStart()).contains(day(12));
        assertThat(second.evidenceStart()).contains(day(3));
        assertThat(second.n()).isEqualTo(7_000);
        assertThat(second.observed()).hasValueCloseTo((42 + 43 + 44 + 45 + 46 + 47 + 48) / 7_000.0, within(1e-15));
        assertThat(second.alpha()).isCloseTo(0.5 / 6 * 0.05 * 6 / (Math.PI * Math.PI * 4), within(1e-15));

        assertThat(IntStream.range(3, 3 + 7 * 2_000)
                        .mapToDouble(day -> {
                            int k = 1 + (day - 3) / 7;
                            return ((day - 3) % 7 == 0 ? 0.5 : 0.5 / 6) * 6 / (Math.PI * Math.PI * k * k);
                        })
                        .sum())
                .as("what all windows spend of the error")
                .isBetween(0.999, 1.0);
    }

    @Test
    void aUserCountsInAWindowWhoHadNotComeSinceItBegan() {
        Rule weekly = RuleOf.id("r").evidence(windows(Duration.ofDays(7))).rule();
        // 10 days of 1,000 new users each, who come again after three days and convert no more.
        List<Observation> days = new ArrayList<>();
        for (int day = 0; day < 10; day++) {
            days.add(conversions(day, 100, 1_000));
            if (day >= 3) {
                days.add(Given.returned(Population.ENABLED, CONVERSION, day, 3, Moments.ofProportion(0, 1_000)));
            }
        }
        Observation[] all = days.toArray(Observation[]::new);

        // From day 3 on 7,000 new ones, and of those who come again the first three days': the others count already.
        Reading reading = assess(weekly, 10, all).deciding();
        assertThat(reading.windowStart()).contains(day(3));
        assertThat(reading.n()).isEqualTo(10_000);
        assertThat(reading.observed()).hasValueCloseTo(700.0 / 10_000, within(1e-15));
        // Without a window those who come again are none.
        assertThat(assess(RULE, 10, all).deciding().n()).isEqualTo(10_000);
        assertThat(assess(RULE, 10, all).deciding().observed()).hasValueCloseTo(0.1, within(1e-15));
    }

    @Test
    void evidenceThatHasNotGoneOnForAWholeWindowSaysNothing() {
        Rule weekly = RuleOf.id("r").evidence(windows(Duration.ofDays(7))).rule();

        assertThat(assess(weekly, 8, conversions(0, 0, 20_000), conversions(1, 0, 20_000))
                        .state())
                .isEqualTo(State.HOLDS);
        assertThat(assess(weekly, 9, conversions(0, 0, 20_000), conversions(1, 0, 20_000))
                        .state())
                .isEqualTo(State.INCONCLUSIVE);
    }

    @Test
    void effectiveUsersAreWhatNeedsToBeEnoughAgainstControl() {
        Rule rule = RuleOf.id("r")
                .when(new VersusControl("conversion_rate", Quality.BETTER, new Amount(0, Unit.RELATIVE)))
                .rule();
        // 980 rows of weight 1 and 20 of weight 50: (980 + 1,000)² / (980 + 50,000) = 76.9.
        WeightedMoments few = new WeightedMoments(1_000, 1_980, 50_980, 99, 99, 2_549, 2_549);
        Observation enabled = new Observation(
                "high",
                Population.ENABLED,
                "conversion_rate",
                day(0),
                Moments.ofProportion(50, 1_000),
                few,
                Optional.empty());

        assertThat(assess(rule, enabled, proportion("high", Population.CONTROL, CONVERSION, 0, 500, 10_000))
                        .deciding())
                .returns(State.INCONCLUSIVE, Reading::state)
                .returns(
                        "1,000 (worth 76) enabled and 10,000 control users, each needs to be worth min_users 1,000",
                        Reading::reason);
    }

    @Test
    void aDropComparesLikeWeekdays() {
        // Saturdays and Sundays convert half as often; nothing else ever changes.
        Rule drops = RuleOf.id("r")
                .evidence(windows(Duration.ofDays(7)))
                .when(new VersusBaseline(Population.ENABLED, "conversion_rate", Side.BELOW, 0.2, Duration.ofDays(28)))
                .rule();
        List<Observation> days = new ArrayList<>();
        for (int day = 0; day < 60; day++) {
            days.add(conversions(day, day % 7 < 2 ? 500 : 1_000, 10_000));
        }
        for (int asOf = 30; asOf < 60; asOf++) {
            assertThat(assess(drops, asOf, days.toArray(Observation[]::new)).state())
                    .as("day %d", asOf)
                    .isNotEqualTo(State.HOLDS);
        }
    }

    @ParameterizedTest
    @CsvSource({
        // 5 % of 20,000 in control: by 10% of it below 900, or above 1,100
        "conversion_rate, WORSE, 700, HOLDS",
        "conversion_rate, WORSE, 890, OPEN",
        "conversion_rate, WORSE, 1100, OPPOSITE",
        "conversion_rate, BETTER, 1400, HOLDS",
        "conversion_rate, BETTER, 900, OPPOSITE",
        "error_rate, WORSE, 1400, HOLDS",
        "error_rate, WORSE, 800, OPPOSITE",
        "error_rate, BETTER, 700, HOLDS"
    })
    void worseAndBetterAreWhatTheMetricCallsThem(String metric, Quality quality, long successes, State state) {
        Rule rule = RuleOf.id("r")
                .when(new VersusControl(metric, quality, new Amount(0.1, Unit.RELATIVE)))
                .rule();

        Reading reading = assess(
                        rule,
                        proportion("high", Population.ENABLED, METRICS.get(metric), 0, successes, 20_000),
                        proportion("high", Population.CONTROL, METRICS.get(metric), 0, 1_000, 20_000))
                .deciding();

        assertThat(reading.state()).as(reading.reason()).isEqualTo(state);
        boolean lower = metric.equals("conversion_rate") == (quality == Quality.WORSE);
        assertThat(reading.observed())
                .hasValueCloseTo(successes / 20_000.0 - (lower ? 0.9 : 1.1) * 0.05, within(1e-12));
        assertThat(reading.n()).isEqualTo(40_000);
        assertThat(reading.compared()).hasValue(20_000);
    }

    @Test
    void aMarginInPointsIsOfTheProportionItself() {
        Rule rule = RuleOf.id("r")
                .when(new VersusControl("conversion_rate", Quality.WORSE, new Amount(0.02, Unit.POINTS)))
                .rule();
        Observation control = proportion("high", Population.CONTROL, CONVERSION, 0, 4_000, 20_000);

        assertThat(assess(rule, conversions(0, 3_200, 20_000), control).state()).isEqualTo(State.HOLDS);
        Reading open = assess(rule, conversions(0, 3_560, 20_000), control).deciding();
        assertThat(open.state()).isEqualTo(State.OPEN);
        assertThat(open.observed()).hasValueCloseTo(-0.022, within(1e-12));
        assertThat(open.threshold()).hasValue(-0.02);
    }

    @Test
    void bothArmsNeedTheirUsersAndARelativeMarginAMeanAboveZero() {
        Rule rule = RuleOf.id("r")
                .when(new VersusControl("conversion_rate", Quality.WORSE, new Amount(0, Unit.RELATIVE)))
                .rule();
        assertThat(assess(
                                rule,
                                conversions(0, 800, 20_000),
                                proportion("high", Population.CONTROL, CONVERSION, 0, 50, 999))
                        .deciding())
                .returns(State.INCONCLUSIVE, Reading::state)
                .returns(
                        "20,000 enabled and 999 control users, each needs to be worth min_users 1,000",
                        Reading::reason);

        Rule revenue = RuleOf.id("r")
                .when(new VersusControl("revenue_per_user", Quality.WORSE, new Amount(0.1, Unit.RELATIVE)))
                .rule();
        assertThat(assess(
                                revenue,
                                observation("high", Population.ENABLED, REVENUE, 0, new Moments(5_000, -3, 9_000)),
                                observation("high", Population.CONTROL, REVENUE, 0, new Moments(5_000, -2, 9_000)))
                        .deciding()
                        .reason())
                .isEqualTo("the mean of control is -2: 10% of it has no meaning");
    }

    @Test
    void aShareOfAControlWithoutOneIsNothing() {
        Rule worse = RuleOf.id("r")
                .when(new VersusControl("conversion_rate", Quality.WORSE, new Amount(0.1, Unit.RELATIVE)))
                .rule();
        // By 10 % worse than nobody: only fewer than nobody would be.
        assertThat(assess(
                                worse,
                                conversions(0, 50_000, 50_000),
                                proportion("high", Population.CONTROL, CONVERSION, 0, 0, 50_000))
                        .state())
                .isEqualTo(State.OPPOSITE);
        Rule better = RuleOf.id("r")
                .when(new VersusControl("conversion_rate", Quality.BETTER, new Amount(0.1, Unit.RELATIVE)))
                .rule();
        Reading all = assess(
                        better,
                        conversions(0, 50_000, 50_000),
                        proportion("high", Population.CONTROL, CONVERSION, 0, 0, 50_000))
                .deciding();
        assertThat(all.state()).isEqualTo(State.HOLDS);
        assertThat(all.observed()).hasValueCloseTo(1.0, within(1e-12));
        // Three of 4,000 against nobody are within chance.
        assertThat(assess(
                                better,
                                conversions(0, 3, 4_000),
                                proportion("high", Population.CONTROL, CONVERSION, 0, 0, 4_000))
                        .state())
                .isEqualTo(State.OPEN);
    }

    @Test
    void whatRisesFromNothingIsFoundAndNothingDropsBelowIt() {
        List<Observation> days = new ArrayList<>();
        for (int day = 0; day < 28; day++) {
            days.add(conversions(day, day < 21 ? 0 : 60, 1_000));
        }
        Rule rises = RuleOf.id("r")
                .evidence(windows(Duration.ofDays(7)))
                .when(new VersusBaseline(Population.ENABLED, "conversion_rate", Side.ABOVE, 0.2, Duration.ofDays(14)))
                .rule();
        assertThat(assess(rises, 28, days.toArray(Observation[]::new)).state()).isEqualTo(State.HOLDS);
        Rule drops = RuleOf.id("r")
                .evidence(windows(Duration.ofDays(7)))
                .when(new VersusBaseline(Population.ENABLED, "conversion_rate", Side.BELOW, 0.2, Duration.ofDays(14)))
                .rule();
        assertThat(assess(drops, 28, days.toArray(Observation[]::new)).state()).isEqualTo(State.INCONCLUSIVE);
    }

    @Test
    void aDropIsAgainstTheDaysBeforeTheWindowAndSplitsTheError() {
        Rule drops = RuleOf.id("r")
                .evidence(windows(Duration.ofDays(7)))
                .when(new VersusBaseline(Population.ENABLED, "conversion_rate", Side.BELOW, 0.2, Duration.ofDays(14)))
                .rule();
        List<Observation> days = new ArrayList<>();
        for (int day = 0; day < 28; day++) {
            days.add(conversions(day, day < 21 ? 100 : 60, 1_000));
        }

        // Day 21 begins the fourth length; the two weeks before it are the baseline.
        Reading reading = assess(drops, 28, days.toArray(Observation[]::new)).deciding();
        double alpha = 0.5 * 0.05 * 6 / (Math.PI * Math.PI * 16);
        assertThat(reading.state()).as(reading.reason()).isEqualTo(State.HOLDS);
        assertThat(reading.n()).isEqualTo(7_000);
        assertThat(reading.compared()).hasValue(14_000);
        assertThat(reading.bound())
                .isEqualTo(new ConfidenceSequence(alpha / 2, 10_000)
                        .upperBound(Moments.ofProportion(420, 7_000), Kind.PROPORTION));
        assertThat(reading.threshold())
                .hasValueCloseTo(0.8 * Interval.wilson(1_400, 14_000, 1 - alpha).lower(), within(1e-15));
        assertThat(assess(drops, 14, days.toArray(Observation[]::new)).state()).isEqualTo(State.OPEN);
        Rule halves = RuleOf.id("r")
                .evidence(windows(Duration.ofDays(7)))
                .when(new VersusBaseline(Population.ENABLED, "conversion_rate", Side.BELOW, 0.5, Duration.ofDays(14)))
                .rule();
        assertThat(assess(halves, 14, days.toArray(Observation[]::new)).state()).isEqualTo(State.OPPOSITE);

        Reading first = assess(drops, 5, days.toArray(Observation[]::new)).deciding();
        assertThat(first.state()).isEqualTo(State.INCONCLUSIVE);
        assertThat(first.reason())
                .isEqualTo("the baseline, the 14 d before 2026-11-01T00:00:00Z, has 0 users; needs min_users 1,000");
    }

    @Test
    void pointComparesTheEstimateAndSaysSo() {
        Rule point = RuleOf.id("r")
                .evidence(new Evidence(100, Method.POINT, 0.95, 1_000, Optional.empty(), 1))
                .rule();

        Reading reading = assess(point, conversions(0, 9, 200)).deciding();
        assertThat(reading)
                .returns(State.HOLDS, Reading::state)
                .returns(0.0, Reading::alpha)
                .returns(
                        "conversion_rate of enabled below 0.05: estimate, without statistics, 0.045 is below 0.05"
                                + " (observed 0.045, n = 200 of 2026-11-01 to 2026-11-01)",
                        Reading::reason);
        assertThat(assess(RULE, conversions(0, 9, 200)).state()).isEqualTo(State.INCONCLUSIVE);
    }

    @ParameterizedTest
    @CsvSource({
        // conversion_rate below 5 % and revenue_per_user below 5: all, any
        "800, 4, HOLDS, HOLDS",
        "800, 6, OPEN, HOLDS",
        "1300, 6, OPPOSITE, OPPOSITE",
        "998, 6, OPEN, OPEN",
        "800, , INCONCLUSIVE, HOLDS",
        "1300, , OPEN, INCONCLUSIVE"
    })
    void allNeedsEveryComparisonAndAnyOne(long conversions, Double revenue, State all, State any) {
        List<Condition> parts =
                List.of(Given.BELOW_5_PERCENT, new Level(Population.ENABLED, "revenue_per_user", Side.BELOW, 5));
        List<Observation> given = new ArrayList<>(List.of(conversions(0, conversions, 20_000)));
        if (revenue != null) {
            given.add(observation("high", Population.ENABLED, REVENUE, 0, new Moments(20_000, revenue, 20_000)));
        }
        Observation[] observations = given.toArray(Observation[]::new);

        Assessment every = assess(RuleOf.id("r").when(new All(parts)).rule(), observations);
        assertThat(every.state()).isEqualTo(all);
        assertThat(every.readings()).extracting(Reading::alpha).containsExactly(0.05, 0.05);
        Assessment one = assess(RuleOf.id("r").when(new Any(parts)).rule(), observations);
        assertThat(one.state()).isEqualTo(any);
        assertThat(one.readings()).extracting(Reading::alpha).containsExactly(0.025, 0.025);
    }
}
