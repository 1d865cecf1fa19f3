package io.flagcast.statistics.posterior;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.Generator;
import io.flagcast.statistics.Normal;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.apache.commons.math3.distribution.TDistribution;
import org.junit.jupiter.api.Test;

class ComparisonTest {

    private static final Normal KNOWS_NOTHING = new Normal(0, 1e8);

    private static double normal(double z) {
        return new NormalDistribution(null, 0, 1).cumulativeProbability(z);
    }

    /** With a million degrees of freedom Student's t is the normal law to six digits. */
    private static StudentPosterior nearlyNormal(double mean, double deviation) {
        return new StudentPosterior(mean, deviation, 1e9);
    }

    @Test
    void aPriorThatKnowsNothingLeavesTheArmsAsTheyAre() {
        for (BetaPosterior[] arms : List.of(
                new BetaPosterior[] {BetaPosterior.of(1, 0), BetaPosterior.of(0, 1)},
                new BetaPosterior[] {BetaPosterior.of(0, 0), BetaPosterior.of(0, 0)},
                new BetaPosterior[] {BetaPosterior.of(0, 400), BetaPosterior.of(3, 20)},
                new BetaPosterior[] {BetaPosterior.of(60_500, 1_000_000), BetaPosterior.of(5_900, 100_000)})) {
            Comparison pooled = Comparison.of(arms[0], arms[1], KNOWS_NOTHING);

            assertThat(pooled.probabilityGreater()).isCloseTo(arms[0].probabilityGreaterThan(arms[1]), within(1e-7));
            assertThat(pooled.first().mean()).isCloseTo(arms[0].mean(), within(1e-7));
            assertThat(pooled.second().standardDeviation()).isCloseTo(Math.sqrt(arms[1].variance()), within(1e-7));
        }
    }

    /** Normal arms with difference d ± s and the prior N(m, v): the difference is normal with the precisions added. */
    @Test
    void normalArmsAndANormalPriorGiveTheClosedForm() {
        StudentPosterior first = nearlyNormal(1.2, 0.3);
        StudentPosterior second = nearlyNormal(1.0, 0.4);
        Normal prior = new Normal(-0.1, 0.04);
        // d = 0.2, s² = 0.25: precision 4 + 25 = 29, mean (4 · 0.2 − 25 · 0.1) / 29 = −1.7 / 29.
        double mean = -1.7 / 29;

        Comparison comparison = Comparison.of(first, second, prior);

        assertThat(comparison.probabilityGreater()).isCloseTo(normal(mean * Math.sqrt(29)), within(1e-6));
        assertThat(comparison.first().mean() - comparison.second().mean()).isCloseTo(mean, within(1e-6));
    }

    @Test
    void aPriorThatIsSureDecides() {
        Comparison comparison =
                Comparison.of(BetaPosterior.of(3, 17), BetaPosterior.of(4, 16), new Normal(0.002, 0.001 * 0.001));

        assertThat(comparison.probabilityGreater()).isCloseTo(normal(2), within(0.001));
    }

    @Test
    void whereDataAndPriorExcludeOneAnotherTheAnswerIsStillANumber() {
        Comparison comparison = Comparison.of(
                BetaPosterior.of(900_000, 100_000), BetaPosterior.of(100_000, 900_000), new Normal(-0.5, 1e-8));

        assertThat(comparison.probabilityGreater()).isBetween(0.0, 1.0);
        assertThat(comparison.first().mean()).isFinite();
    }

    /** One arm with a very narrow belief at 0: the probability is Student's own distribution function. */
    @Test
    void aStudentBeliefHasStudentsTails() {
        for (double degrees : List.of(3.0, 10.0, 200.0)) {
            for (double t : List.of(-6.0, -1.0, 0.0, 0.5, 3.0)) {
                Comparison comparison =
                        Comparison.of(new StudentPosterior(2 * t, 2, degrees), new StudentPosterior(0, 1e-7, 1e9));

                assertThat(comparison.probabilityGreater())
                        .isCloseTo(new TDistribution(null, degrees).cumulativeProbability(t), within(1e-6));
            }
        }
    }

    @Test
    void oneOfTwoIsGreater() {
        record Counts(int a, int b, int c, int d, int prior) {}
        Generator<Counts> generator = dice -> new Counts(
                dice.integer(0, 300),
                dice.integer(0, 300),
                dice.integer(0, 300),
                dice.integer(0, 300),
                dice.integer(-5, 5));
        cases(1, 100, generator).allSatisfy(counts -> {
            Posterior one = BetaPosterior.of(counts.a(), counts.b());
            Posterior other = BetaPosterior.of(counts.c(), counts.d());

            assertThat(Comparison.of(one, other, new Normal(counts.prior() / 100.0, 0.0004))
                                    .probabilityGreater()
                            + Comparison.of(other, one, new Normal(-counts.prior() / 100.0, 0.0004))
                                    .probabilityGreater())
                    .isCloseTo(1, within(1e-8));
        });
    }

    /** Effects 1 ± 1, 2 ± 1, 6 ± 1: mean 3, Q = 4 + 1 + 9 = 14, spread (14 − 2) / (3 − 3/3) = 6. */
    @Test
    void theOthersSayWhatAGroupMayBeLike() {
        Map<String, Normal> priors = PartialPooling.priorsFromOthers(
                Map.of("a", new Normal(1, 1), "b", new Normal(2, 1), "c", new Normal(6, 1)));

        // Without a: mean (2 + 6) / 2 with precision 2 / 7; variance 6 + 7 / 2.
        assertThat(priors.get("a").mean()).isCloseTo(4, within(1e-12));
        assertThat(priors.get("a").variance()).isCloseTo(9.5, within(1e-12));
        assertThat(priors.get("c").mean()).isCloseTo(1.5, within(1e-12));
    }

    @Test
    void groupsThatDifferNoMoreThanNoiseAreTakenForOne() {
        Map<String, Normal> priors =
                PartialPooling.priorsFromOthers(Map.of("a", new Normal(1, 4), "b", new Normal(2, 4)));

        assertThat(priors.get("a")).isEqualTo(new Normal(2, 4));
        assertThat(PartialPooling.priorsFromOthers(Map.of("a", new Normal(1, 4))))
                .isEmpty();
    }

    @Test
    void beliefsOutsideTheirRangeAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new StudentPosterior(0, 0, 10))
                .withMessage("StudentPosterior: scale is 0.0, it must be above 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new StudentPosterior(0, 1, 2))
                .withMessage("StudentPosterior: degrees of freedom are 2.0, they must be above 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Normal(0, 0))
                .withMessage("Normal: variance is 0.0, it must be above 0");
    }
}
