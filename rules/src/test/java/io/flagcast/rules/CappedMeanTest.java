package io.flagcast.rules;

import static io.flagcast.rules.Given.SEGMENTS;
import static io.flagcast.rules.Given.day;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.Policy;
import io.flagcast.rules.Condition.Level;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Quality;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Condition.VersusBaseline;
import io.flagcast.rules.Condition.VersusControl;
import io.flagcast.rules.Given.RuleOf;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.rules.Rule.Evidence.Method;
import io.flagcast.rules.RuleDecision.Outcome;
import io.flagcast.statistics.Cap;
import io.flagcast.statistics.ConfidenceSequence;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.HeavyTails;
import io.flagcast.statistics.Moments;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Rules on means with and without a cap. */
class CappedMeanTest {

    private static final Metric CAPPED = Given.REVENUE.frozenAt(500);
    private static final Metric OPEN = new Metric(
            CAPPED.name(),
            CAPPED.kind(),
            CAPPED.outcome(),
            CAPPED.within(),
            CAPPED.direction(),
            Optional.of(new Cap.Quantile(0.999)),
            HeavyTails.NOT_ACCEPTED);
    private static final Level BELOW_5 = new Level(Population.ENABLED, CAPPED.name(), Side.BELOW, 5);

    private static RuleEngine engine(Metric metric, Condition when) {
        Rule rule = RuleOf.id("r")
                .evidence(new Evidence(
                        1_000,
                        Method.CONFIDENCE_SEQUENCE,
                        0.95,
                        10_000,
                        when instanceof VersusBaseline ? Optional.of(Duration.ofDays(7)) : Optional.empty(),
                        1))
                .when(when)
                .rule();
        return new RuleEngine(
                Given.EXPERIMENT,
                "a hash",
                List.of(rule),
                List.of(metric),
                SEGMENTS,
                Policy.Tiered.upTo(2, List.of(80.0, 50.0, 20.0)));
    }

    private static RuleDecision decided(RuleEngine engine, List<Observation> evidence, List<Observation> history) {
        return engine.evaluate(new Measurements(evidence, history), ParameterLog.EMPTY, Map.of(), Health.SOUND, day(1))
                .get(0);
    }

    private static Observation on(int day, Population arm, double mean, double sd, long users) {
        return Given.observation("high", arm, CAPPED, day, new Moments(users, mean, sd * sd * (users - 1)));
    }

    private static Observation enabled(double mean, double sd) {
        return on(0, Population.ENABLED, mean, sd, 20_000);
    }

    @Test
    void aLevelIsComparedWithTheExactBoundOfTheCappedMean() {
        RuleDecision decision = decided(engine(CAPPED, BELOW_5), List.of(enabled(3, 30)), List.of());

        Reading reading = decision.readings().get(0);
        assertThat(decision.outcome()).isEqualTo(Outcome.FIRED);
        assertThat(reading.bound())
                .isEqualTo(ConfidenceSequence.atConfidence(0.95, 10_000)
                        .upperBound(new Moments(20_000, 3, 900 * 19_999.0), CAPPED));
        assertThat(decision.reason()).doesNotContain("heavy tails");
    }

    @Test
    void aMeanWithoutACapSaysThatItsBoundIsNotProven() {
        assertThat(decided(engine(Given.REVENUE, BELOW_5), List.of(enabled(3, 30)), List.of())
                        .reason())
                .endsWith("(observed 3, n = 20,000), not proven for heavy tails");
    }

    @Test
    void aQuantileThatNobodyHasLookedUpConcludesNothing() {
        RuleEngine engine = engine(OPEN, BELOW_5);

        RuleDecision before = decided(engine, List.of(enabled(3, 30)), List.of());
        RuleDecision after = decided(engine.withCaps(Map.of(OPEN.name(), 500.0)), List.of(enabled(3, 30)), List.of());

        assertThat(before.outcome()).isEqualTo(Outcome.INCONCLUSIVE);
        assertThat(before.reason())
                .isEqualTo("revenue_per_user cannot be used: its cap, a quantile of its values, is not known yet");
        assertThat(after.outcome()).isEqualTo(Outcome.FIRED);
    }

    @Test
    void valuesBeyondTheCapConcludeNothing() {
        RuleDecision decision = decided(engine(CAPPED, BELOW_5), List.of(enabled(3, 300)), List.of());

        assertThat(decision.outcome()).isEqualTo(Outcome.INCONCLUSIVE);
        assertThat(decision.reason())
                .contains("revenue_per_user cannot be used: a mean of 3.0 with a standard deviation of 299.99")
                .endsWith("is not of values between 0 and the cap 500.0");
    }

    @Test
    void againstControlBothArmsBoundsShareTheError() {
        VersusControl worse = new VersusControl(CAPPED.name(), Quality.WORSE, new Amount(0.1, Amount.Unit.RELATIVE));
        Observation control = on(0, Population.CONTROL, 5, 35, 20_000);

        RuleDecision decision = decided(engine(CAPPED, worse), List.of(enabled(2, 20), control), List.of());

        ConfidenceSequence half = new ConfidenceSequence(0.025, 10_000);
        double bound =
                half.upperBound(new Moments(20_000, 2, 400 * 19_999.0), CAPPED).orElseThrow()
                        - 0.9
                                * half.lowerBound(new Moments(20_000, 5, 35 * 35 * 19_999.0), CAPPED)
                                        .orElseThrow();
        assertThat(decision.outcome()).isEqualTo(Outcome.FIRED);
        assertThat(decision.readings().get(0).bound().orElseThrow()).isCloseTo(bound, within(1e-3));
    }

    @Test
    void aDropIsMeasuredFromTheExactBoundsOfTheBaseline() {
        VersusBaseline drops =
                new VersusBaseline(Population.ENABLED, CAPPED.name(), Side.BELOW, 0.2, Duration.ofDays(28));
        Observation before = on(-3, Population.ENABLED, 5, 35, 100_000);

        RuleDecision fires = decided(engine(CAPPED, drops), List.of(enabled(2, 20)), List.of(before));
        RuleDecision holds = decided(engine(CAPPED, drops), List.of(enabled(3.9, 30)), List.of(before));

        assertThat(fires.outcome()).isEqualTo(Outcome.FIRED);
        assertThat(holds.outcome()).isEqualTo(Outcome.HELD);
        // The first window spends 6/π² of the error, the baseline's lower end half of it.
        double least = new ConfidenceSequence(0.05 * 6 / (Math.PI * Math.PI) / 2, 10_000)
                .lowerBound(new Moments(100_000, 5, 35 * 35 * 99_999.0), CAPPED)
                .orElseThrow();
        assertThat(fires.readings().get(0).threshold().orElseThrow()).isCloseTo(0.8 * least, within(1e-6));
    }
}
