package io.flagcast.statistics.assignment;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.Generator;
import io.flagcast.statistics.ConfidenceSequence;
import java.util.SplittableRandom;
import java.util.function.IntPredicate;
import java.util.function.LongFunction;
import java.util.function.LongPredicate;
import java.util.stream.LongStream;
import org.apache.commons.math3.distribution.ChiSquaredDistribution;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SampleRatioTest {

    private static final double ALPHA = 0.001;

    @Test
    void besideItStandsPearsonsTest() {
        record Rows(double propensity, int enabled, int control) {}
        Generator<Rows> generator =
                dice -> new Rows(dice.real(0.01, 0.99), dice.integer(1, 1_000), dice.integer(0, 1_000));
        cases(1, 500, generator).allSatisfy(rows -> {
            double propensity = rows.propensity();
            int enabled = rows.enabled();
            int control = rows.control();
            SampleRatio ratio = SampleRatio.of(Assignment.of(enabled, control, propensity), ALPHA, 0);

            double n = enabled + control;
            double chiSquared = Math.pow(enabled - n * propensity, 2) / (n * propensity)
                    + Math.pow(control - n * (1 - propensity), 2) / (n * (1 - propensity));
            assertThat(ratio.enabled()).isEqualTo(enabled);
            assertThat(ratio.control()).isEqualTo(control);
            assertThat(ratio.deviation()).isCloseTo(enabled / n - propensity, within(1e-9));
            assertThat(ratio.chiSquaredPValue())
                    .isCloseTo(1 - new ChiSquaredDistribution(null, 1).cumulativeProbability(chiSquared), within(1e-6));
        });
    }

    /** A martingale: whatever has come, the next row changes the evidence by nothing in the mean, at any propensity. */
    @Test
    void whateverTheNextPropensityTheEvidenceIsExpectedToStayAsItIs() {
        record Path(double before, int enabled, int control, double next) {}
        Generator<Path> generator = dice ->
                new Path(dice.real(0.001, 0.999), dice.integer(0, 30), dice.integer(0, 30), dice.real(0.001, 0.999));
        cases(1, 500, generator).allSatisfy(path -> {
            double next = path.next();
            Assignment rows = Assignment.of(path.enabled(), path.control(), path.before());

            double evidence = evidence(rows);
            double ifEnabled = evidence(rows.merge(Assignment.of(1, 0, next)));
            double ifNot = evidence(rows.merge(Assignment.of(0, 1, next)));
            assertThat(next * ifEnabled + (1 - next) * ifNot).isCloseTo(evidence, within(1e-9 * evidence));
        });
    }

    private static double evidence(Assignment rows) {
        return Math.exp(SampleRatio.of(rows, ALPHA, 0).logEvidence());
    }

    @Test
    void withoutRowsThereIsNothingToReport() {
        assertThat(SampleRatio.of(Assignment.EMPTY, ALPHA, 0)).isEqualTo(new SampleRatio(0, 0, 0, 0, 1, false));
    }

    @Test
    void fiftyFiveToFortyFiveIsFoundAtOnceUnlessThatMuchIsAllowed() {
        assertThat(SampleRatio.of(Assignment.of(55_000, 45_000, 0.5), ALPHA, 0.005)
                        .mismatch())
                .isTrue();
        assertThat(SampleRatio.of(Assignment.of(45_000, 55_000, 0.5), ALPHA, 0.005)
                        .mismatch())
                .isTrue();
        assertThat(SampleRatio.of(Assignment.of(55_000, 45_000, 0.5), ALPHA, 0.051)
                        .mismatch())
                .isFalse();
    }

    /**
     * A bet on the very shift wins about 2 d² / (p(1 − p)) / 4 a row, 0.005 for 5 points at p = 0.5 and 0.00005 for
     * half a point; log 1/alpha and the logarithm of ten tilts are 9.2 to win.
     */
    @ParameterizedTest
    @CsvSource({"0.55, 1800, 2000", "0.505, 180000, 190000", "0.495, 180000, 190000"})
    void aShareThatIsOffIsFoundAsSoonAsTheRowsTell(double share, long notYet, long atLast) {
        LongFunction<Assignment> rows = n -> Assignment.of(Math.round(share * n), n - Math.round(share * n), 0.5);

        assertThat(SampleRatio.of(rows.apply(notYet), ALPHA, 0).mismatch()).isFalse();
        assertThat(SampleRatio.of(rows.apply(atLast), ALPHA, 0).mismatch()).isTrue();
    }

    /**
     * Exact, not simulated: as the order of the propensities is fixed, all that matters of a path is how many are
     * enabled so far. Counted over all paths of 3,000 rows with a look at each, from propensities of one kind and of
     * several.
     */
    @ParameterizedTest
    @CsvSource({
        "0.001, 0.5, 0.5", "0.001, 0.2, 0.2", "0.001, 0.9, 0.9", "0.001, 0.99, 0.99", "0.001, 0.999, 0.999",
        "0.001, 0.5, 0.999", "0.001, 0.2, 0.9", "0.05, 0.5, 0.5", "0.05, 0.999, 0.999", "0.05, 0.001, 0.5"
    })
    void aRightAssignmentIsEverReportedWithAtMostAlpha(double alpha, double even, double odd) {
        double[] probability = new double[3_002];
        probability[0] = 1;
        double reported = 0;
        Assignment none = Assignment.EMPTY;
        for (int n = 1; n <= 3_000; n++) {
            double propensity = n % 2 == 0 ? even : odd;
            for (int enabled = n; enabled > 0; enabled--) {
                probability[enabled] = probability[enabled] * (1 - propensity) + probability[enabled - 1] * propensity;
            }
            probability[0] *= 1 - propensity;
            none = none.merge(Assignment.of(0, 1, propensity));
            Assignment rows = none;
            IntPredicate mismatch = enabled -> SampleRatio.of(
                            new Assignment(rows.n(), enabled, rows.expected(), rows.variance(), rows.logTilted()),
                            alpha,
                            0)
                    .mismatch();
            for (int enabled = 0; enabled <= n; enabled++) {
                if (probability[enabled] > 1e-15 && mismatch.test(enabled)) {
                    reported += probability[enabled];
                    probability[enabled] = 0;
                }
            }
        }

        System.out.printf("sample ratio: %.3g of alpha %.3g is spent at p = %s and %s%n", reported, alpha, even, odd);
        assertThat(reported).isLessThanOrEqualTo(alpha);
    }

    /**
     * 2,000 seeds (0 to 1,999), 30 daily looks at 1,000 rows with propensities 0.2, 0.5 and 0.9 in turn. At alpha = 0.1
     * % two false reports are expected at most; 6 is 3 binomial standard errors above. With 15 % of the control rows
     * lost, the share of the enabled rises by 3.3 points.
     */
    @Test
    @Tag("simulation")
    void mixedPropensitiesAreRightAndALossIsFound() {
        int falselyReported = 0;
        int found = 0;
        for (int seed = 0; seed < 2_000; seed++) {
            falselyReported += everReported(seed, 0) ? 1 : 0;
            found += seed < 200 && everReported(seed, 0.15) ? 1 : 0;
        }

        assertThat(falselyReported).isLessThanOrEqualTo(6);
        assertThat(found).isEqualTo(200);
    }

    private static boolean everReported(int seed, double lossOfControl) {
        double[] propensities = {0.2, 0.5, 0.9};
        SplittableRandom random = new SplittableRandom(seed);
        Assignment rows = Assignment.EMPTY;
        for (int day = 0; day < 30; day++) {
            for (double propensity : propensities) {
                int enabled = 0;
                int control = 0;
                for (int row = 0; row < 333; row++) {
                    if (random.nextDouble() < propensity) {
                        enabled++;
                    } else if (random.nextDouble() >= lossOfControl) {
                        control++;
                    }
                }
                rows = rows.merge(Assignment.of(enabled, control, propensity));
            }
            if (SampleRatio.of(rows, ALPHA, 0).mismatch()) {
                return true;
            }
        }
        return false;
    }

    /**
     * Half of the rows at p = 0.5 and half at 0.9, of whose control rows a third is lost. Against the sums of inverse
     * propensities, whose variance is mostly that of these few rows, compared with an asymptotic sequence.
     */
    @Test
    void aLossAmongRowsThatAreRareInTheirArmIsFoundSoonerThanByInversePropensities() {
        LongFunction<Assignment> exact = n -> Assignment.of(n / 4, n / 4, 0.5)
                .merge(Assignment.of(Math.round(0.45 * n), Math.round(0.05 * n * 2 / 3), 0.9));
        long found = first(n -> SampleRatio.of(exact.apply(n), ALPHA, 0).mismatch());
        long foundByWeights =
                first(n -> weightedMismatch(n / 4, n / 4, Math.round(0.45 * n), Math.round(0.05 * n * 2 / 3)));

        System.out.printf(
                "loss of rare rows: found after %,d rows, by inverse propensities after %,d%n", found, foundByWeights);
        assertThat(found).isLessThan(foundByWeights);
    }

    private static long first(LongPredicate mismatch) {
        return LongStream.iterate(200, n -> n + 20).filter(mismatch).findFirst().orElseThrow();
    }

    /**
     * D. G. Horvitz, D. J. Thompson (1952): each arm's Σ 1/p is about n; both must say so, an excess and a shortfall.
     */
    private static boolean weightedMismatch(
            long enabledHalf, long controlHalf, long enabledNinety, long controlNinety) {
        double n = enabledHalf + controlHalf + enabledNinety + controlNinety;
        double enabledW = 2.0 * enabledHalf + enabledNinety / 0.9;
        double enabledW2 = 4.0 * enabledHalf + enabledNinety / 0.81;
        double controlW = 2.0 * controlHalf + 10.0 * controlNinety;
        double controlW2 = 4.0 * controlHalf + 100.0 * controlNinety;
        double excess = (enabledW - n) / Math.sqrt(n * (enabledW2 / enabledW - 1));
        double shortfall = (n - controlW) / Math.sqrt(n * (controlW2 / controlW - 1));
        return Math.min(excess, shortfall)
                > new ConfidenceSequence(ALPHA / 2, 10_000)
                        .interval(0, 1, (long) n)
                        .upper();
    }

    @Test
    void whatIsNoTestIsRefusedByName() {
        Assignment rows = Assignment.of(10, 10, 0.5);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> SampleRatio.of(rows, 0, 0))
                .withMessageContaining("alpha is 0.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SampleRatio.of(rows, ALPHA, 1))
                .withMessageContaining("minimum deviation is 1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SampleRatio(-1, 0, 0, 0, 1, false))
                .withMessageContaining("-1 enabled");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SampleRatio(1, 0, Double.NaN, 0, 1, false))
                .withMessageContaining("deviation is NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SampleRatio(1, 0, 0, Double.NaN, 1, false))
                .withMessageContaining("logEvidence is NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SampleRatio(1, 0, 0, 0, 1.5, false))
                .withMessageContaining("p-value is 1.5");
    }
}
