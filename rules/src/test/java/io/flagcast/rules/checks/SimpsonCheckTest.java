package io.flagcast.rules.checks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.rules.checks.Finding.State;
import io.flagcast.rules.checks.SimpsonCheck.Arms;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SimpsonCheckTest {

    /** Rows of one weight, so many of which are successes. */
    private static WeightedMoments arm(long successes, long n, double weight) {
        double w2 = weight * weight;
        return new WeightedMoments(
                n, n * weight, n * w2, successes * weight, successes * weight, successes * w2, successes * w2);
    }

    private static Arms band(long enabledSuccesses, long enabled, long controlSuccesses, long control) {
        double p = (double) enabled / (enabled + control);
        return new Arms(arm(enabledSuccesses, enabled, 1 / p), arm(controlSuccesses, control, 1 / (1 - p)));
    }

    /**
     * The textbook's case, a hundred times over: open surgery of kidney stones succeeds more often for small stones (81
     * of 87 against 234 of 270) and for large (192 of 263 against 55 of 80), and less often for all (273 of 350 against
     * 289 of 350). C. R. Charig et al., British Medical Journal 292 (1986).
     */
    private static Finding kidneyStones(long times) {
        return SimpsonCheck.of(
                "stones",
                "success",
                Moments.ofProportion(273 * times, 350 * times),
                Moments.ofProportion(289 * times, 350 * times),
                Map.of(
                        "small", band(81 * times, 87 * times, 234 * times, 270 * times),
                        "large", band(192 * times, 263 * times, 55 * times, 80 * times)));
    }

    @Test
    void theKidneyStonesAreAContradiction() {
        Finding finding = kidneyStones(100);

        assertThat(finding.state()).isEqualTo(State.FAILED);
        // 357 of 700 patients had small stones.
        double within = 357 / 700.0 * (81 / 87.0 - 234 / 270.0) + 343 / 700.0 * (192 / 263.0 - 55 / 80.0);
        assertThat(finding.observed().orElseThrow()).isCloseTo(within, within(1e-12));
        assertThat(finding.threshold().orElseThrow()).isCloseTo(-16 / 350.0, within(1e-12));
        assertThat(finding.reason()).endsWith("the signs are opposite");
        assertThat(finding.detail()).extracting(Finding.Part::name).containsExactly("large", "small");
    }

    /** The same with open surgery as what is compared: better within, worse for all. */
    @Test
    void aContradictionIsOneWhicheverArmIsCalledEnabled() {
        Finding finding = SimpsonCheck.of(
                "stones",
                "success",
                Moments.ofProportion(28_900, 35_000),
                Moments.ofProportion(27_300, 35_000),
                Map.of(
                        "small", band(23_400, 27_000, 8_100, 8_700),
                        "large", band(5_500, 8_000, 19_200, 26_300)));

        assertThat(finding.state()).isEqualTo(State.FAILED);
        assertThat(finding.threshold().orElseThrow()).isCloseTo(16 / 350.0, within(1e-12));
    }

    @Test
    void ofBandsOnlyThoseCountWhoseEffectIsKnown() {
        Arms known = band(6_000, 10_000, 5_000, 10_000);
        Arms none = new Arms(WeightedMoments.EMPTY, WeightedMoments.EMPTY);
        Moments enabled = Moments.ofProportion(6_000, 10_000);
        Moments control = Moments.ofProportion(5_000, 10_000);

        Finding finding = SimpsonCheck.of("e", "m", enabled, control, Map.of("high", known, "low", none));
        assertThat(finding.state()).isEqualTo(State.PASSED);
        assertThat(finding.observed().orElseThrow()).isCloseTo(0.1, within(1e-12));
        assertThat(finding.detail()).extracting(Finding.Part::name).containsExactly("high");

        assertThat(SimpsonCheck.of("e", "m", enabled, control, Map.of("low", none)))
                .returns(State.UNKNOWN, Finding::state)
                .returns(20_000L, Finding::n);
        Moments nobody = Moments.ofProportion(0, 10_000);
        assertThat(SimpsonCheck.of("e", "m", nobody, nobody, Map.of("high", known))
                        .state())
                .as("a difference without any spread is not known")
                .isEqualTo(State.UNKNOWN);
    }

    @Test
    void aHundredUsersOfAnArmAreEnoughForThePlainDifference() {
        Map<String, Arms> bands = Map.of("high", band(6_000, 10_000, 5_000, 10_000));
        Moments hundred = Moments.ofProportion(50, 100);
        Moments fewer = Moments.ofProportion(50, 99);

        assertThat(SimpsonCheck.of("e", "m", hundred, hundred, bands).state()).isEqualTo(State.PASSED);
        assertThat(SimpsonCheck.of("e", "m", fewer, hundred, bands).state()).isEqualTo(State.UNKNOWN);
        assertThat(SimpsonCheck.of("e", "m", hundred, fewer, bands).state()).isEqualTo(State.UNKNOWN);
    }

    @Test
    void ofSevenHundredPatientsItMayBeChance() {
        assertThat(kidneyStones(1).state()).isEqualTo(State.PASSED);
    }

    @Test
    void effectsOfOneSignAreNoContradiction() {
        Finding finding = SimpsonCheck.of(
                "checkout",
                "conversion",
                Moments.ofProportion(6_000, 10_000),
                Moments.ofProportion(5_000, 10_000),
                Map.of("all", band(6_000, 10_000, 5_000, 10_000)));

        assertThat(finding.state()).isEqualTo(State.PASSED);
        assertThat(finding.reason()).endsWith("no contradiction");
    }

    /**
     * 120 enabled users of weight 20, none of whom responds: their own variance is 0, and -5 points would be certain.
     */
    @Test
    void anArmWithoutResponsesIsNotCertainOfThem() {
        Arms arms = new Arms(arm(0, 120, 20), arm(120, 2_400, 20 / 19.0));

        // Weights of 2,400 and 2,526 with a mean of 0.02564 together: variance 0.02498, over 120 and 2,400 users.
        assertThat(Chance.effect(arms.enabled(), arms.control()).orElseThrow().standardError())
                .isCloseTo(0.01478, within(1e-5));
        assertThat(SimpsonCheck.of(
                                "checkout",
                                "conversion",
                                Moments.ofProportion(2_000, 10_000),
                                Moments.ofProportion(1_000, 10_000),
                                Map.of("low", arms))
                        .state())
                .isEqualTo(State.PASSED);
    }

    @Test
    void withoutBothArmsNothingIsKnown() {
        assertThat(SimpsonCheck.of("checkout", "conversion", Moments.EMPTY, Moments.EMPTY, Map.of())
                        .state())
                .isEqualTo(State.UNKNOWN);
    }
}
