package io.flagcast.rules.checks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.flagcast.rules.checks.Finding.State;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.apache.commons.math3.distribution.PoissonDistribution;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Inputs, contradictions and the pipeline: what needs no statistics but the volume's. */
class InputCheckTest {

    private static final Instant AS_OF = Instant.parse("2026-11-10T00:00:00Z");

    private static Finding fresh(Instant newest) {
        return InputCheck.freshness("", "outcome purchase", Optional.of(newest), AS_OF, Duration.ofDays(2));
    }

    @Test
    void anInputIsStaleOnceItsNewestRowIsTooOld() {
        assertThat(fresh(Instant.parse("2026-11-08T00:00:00Z")).state()).isEqualTo(State.PASSED);
        Finding stale = fresh(Instant.parse("2026-11-07T23:59:59Z"));
        assertThat(stale.state()).isEqualTo(State.FAILED);
        assertThat(stale.reason())
                .isEqualTo("stale data: the newest outcome purchase is of 2026-11-07T23:59:59Z,"
                        + " flagcast.quality.stale-after is 48 h");
        assertThat(fresh(Instant.parse("2026-11-08T12:00:00Z")))
                .returns(OptionalDouble.of(36), Finding::observed)
                .returns(OptionalDouble.of(48), Finding::threshold);
        assertThat(InputCheck.freshness("", "outcome purchase", Optional.empty(), AS_OF, Duration.ofDays(2)))
                .returns(State.UNKNOWN, Finding::state)
                .returns(true, Finding::takesEvidence);
    }

    /** A wrong name of an outcome and an outcome that never happened read alike: nobody's rate is 0 by that. */
    @Test
    void anOutcomeThatHasNeverComeFailsUnlessItIsDeclared() {
        Finding never = InputCheck.neverCome("checkout", "outcome purchase", Instant.parse("2026-11-01T10:00:00Z"));

        assertThat(never.state()).isEqualTo(State.FAILED);
        assertThat(never.takesEvidence()).isTrue();
        assertThat(never.reason())
                .isEqualTo(
                        "not one outcome purchase has ever come, and checkout is met since 2026-11-01T10:00:00Z: correct its"
                                + " name in the metrics of checkout or its feed, or declare that none can have happened with"
                                + " flagcast.quality.may-be-empty = [\"outcome purchase\"]");
        assertThat(InputCheck.declaredEmpty("checkout", "outcome purchase"))
                .returns(State.PASSED, Finding::state)
                .returns(false, Finding::takesEvidence);
    }

    /** Rows that are gone are no evidence of anything; old ones still are. */
    @Test
    void anInputThatWasEmptiedFailsWhateverItsAgeAndTakesTheEvidence() {
        Instant newest = Instant.parse("2026-11-09T12:00:00Z");
        Finding emptied = InputCheck.emptied("e", "outcome purchase", newest, AS_OF, Duration.ofDays(2));

        assertThat(emptied.state()).isEqualTo(State.FAILED);
        assertThat(emptied.observed()).hasValue(12);
        assertThat(emptied.takesEvidence()).isTrue();
        assertThat(emptied.blocksIncreases()).isTrue();
        assertThat(emptied.reason())
                .isEqualTo(
                        "emptied: the newest outcome purchase that was known before is of 2026-11-09T12:00:00Z, and now"
                                + " there is none at all: bring the rows back, or declare that they may be gone with"
                                + " flagcast.quality.may-be-empty = [\"outcome purchase\"]");
        assertThat(fresh(Instant.parse("2026-11-01T00:00:00Z")).failed()).isTrue();
        assertThat(fresh(Instant.parse("2026-11-01T00:00:00Z")).takesEvidence()).isFalse();
    }

    @Test
    void aSnapshotBelowHalfOrAboveDoubleTheMedianFailsWhateverOneOtherRunWas() {
        assertThat(snapshot(1_000, 1_010, 5, 990, 1_005, 400)).isEqualTo(State.FAILED);
        assertThat(snapshot(1_000, 1_010, 5, 990, 1_005, 2_100)).isEqualTo(State.FAILED);
        assertThat(snapshot(1_000, 1_010, 5, 990, 1_005, 510)).isEqualTo(State.PASSED);
        assertThat(snapshot(1_000, 1_010, 5, 990, 1_005, 0)).isEqualTo(State.FAILED);
    }

    @Test
    void ofAnEvenNumberBothMiddleSnapshotsCount() {
        assertThat(snapshot(100, 400, 1_000, 5_000, 190)).isEqualTo(State.FAILED);
        assertThat(snapshot(100, 400, 1_000, 5_000, 210)).isEqualTo(State.PASSED);
        assertThat(snapshot(100, 400, 1_000, 5_000, 1_990)).isEqualTo(State.PASSED);
        assertThat(snapshot(100, 400, 1_000, 5_000, 2_010)).isEqualTo(State.FAILED);
    }

    @Test
    void halfAndDoubleAreStillUsual() {
        assertThat(snapshot(1_000, 1_000, 1_000, 1_000, 500)).isEqualTo(State.PASSED);
        assertThat(snapshot(1_000, 1_000, 1_000, 1_000, 499)).isEqualTo(State.FAILED);
        assertThat(snapshot(1_000, 1_000, 1_000, 1_000, 2_000)).isEqualTo(State.PASSED);
        assertThat(snapshot(1_000, 1_000, 1_000, 1_000, 2_001)).isEqualTo(State.FAILED);
    }

    /** Of 100, 400, 1,000 and 5,000 the middle is from 400 to 1,000, and 700 on the whole. */
    @Test
    void everyRunIsShownBesideTheMedianAndTheLastBesideWhatItIsComparedWith() {
        Finding finding = InputCheck.snapshot("users", List.of(100L, 400L, 1_000L, 5_000L, 190L));

        assertThat(finding.threshold()).hasValue(200);
        assertThat(finding.detail()).extracting(Finding.Part::name).containsExactly("-4", "-3", "-2", "-1", "0");
        assertThat(finding.detail())
                .extracting(part -> part.expected().orElseThrow())
                .containsExactly(700.0, 700.0, 700.0, 700.0, 400.0);
        assertThat(InputCheck.snapshot("users", List.of(100L, 400L, 1_000L, 5_000L, 2_010L))
                        .threshold())
                .hasValue(2_000);
    }

    @Test
    void fewRowsVaryByChance() {
        assertThat(snapshot(8, 10, 9, 11, 10, 4)).isEqualTo(State.PASSED);
        assertThat(snapshot(0, 0, 0, 0, 3)).isEqualTo(State.PASSED);
        assertThat(snapshot(0, 0, 0, 0, 300)).isEqualTo(State.FAILED);
    }

    /**
     * Exactly, by the Poisson law: on a day with the same mean as the four before, of which each may have any count.
     */
    @Test
    void atSmallCountsChanceFailsASnapshotNoMoreOftenThanItShould() {
        for (double mean : new double[] {2, 5, 10, 20}) {
            PoissonDistribution poisson = new PoissonDistribution(mean);
            int most = (int) (mean + 10 * Math.sqrt(mean));
            double failed = 0;
            // The median of four lies between the second and the third: all counts in order of size would be 10⁸.
            for (int second = 0; second <= most; second++) {
                for (int third = second; third <= most; third++) {
                    double middle = middlePair(poisson, second, third);
                    for (int last = 0; middle > 1e-12 && last <= most; last++) {
                        if (snapshot(0, second, third, most, last) == State.FAILED) {
                            failed += middle * poisson.probability(last);
                        }
                    }
                }
            }
            assertThat(failed).as("mean %s", mean).isLessThan(0.002);
        }
    }

    /** Probability that of four counts the second smallest and the third are these. */
    private static double middlePair(PoissonDistribution poisson, int second, int third) {
        return both(poisson, second, third)
                - both(poisson, second - 1, third)
                - both(poisson, second, third - 1)
                + both(poisson, second - 1, third - 1);
    }

    /**
     * Probability that of four counts at least two are at most {@code second} and at least three at most {@code third}.
     */
    private static double both(PoissonDistribution poisson, int second, int third) {
        double a = poisson.cumulativeProbability(Math.min(second, third));
        double b = poisson.cumulativeProbability(third) - a;
        double c = 1 - a - b;
        double probability = 0;
        for (int low = 2; low <= 4; low++) {
            for (int mid = Math.max(0, 3 - low); low + mid <= 4; mid++) {
                int high = 4 - low - mid;
                double ways = 24.0 / (factorial(low) * factorial(mid) * factorial(high));
                probability += ways * Math.pow(a, low) * Math.pow(b, mid) * Math.pow(c, high);
            }
        }
        return probability;
    }

    private static double factorial(int n) {
        return n < 2 ? 1 : n * factorial(n - 1);
    }

    /** Exactly, by the Poisson law, against one, two and three same weekdays; the other days are as these. */
    @Test
    void atSmallCountsChanceFailsADayNoMoreOftenThanItShould() {
        for (double mean : new double[] {0.2, 1, 2, 3.5, 5, 7, 10, 14, 20}) {
            PoissonDistribution poisson = new PoissonDistribution(mean);
            int most = (int) (mean + 6 * Math.sqrt(mean)) + 3;
            double[] failed = new double[4];
            for (int last = 0; last <= most; last++) {
                for (int first = 0; first <= most; first++) {
                    double pair = poisson.probability(last) * poisson.probability(first);
                    failed[1] += weeks(last, first) == State.FAILED ? pair : 0;
                    for (int second = first; second <= most; second++) {
                        failed[2] += weeks(last, first, second) == State.FAILED
                                ? pair * poisson.probability(second) * (first == second ? 1 : 2)
                                : 0;
                    }
                    failed[3] += weeks(last, first, first, first) == State.FAILED
                            ? poisson.probability(last)
                                    * (medianAtMost(poisson.cumulativeProbability(first))
                                            - medianAtMost(poisson.cumulativeProbability(first - 1)))
                            : 0;
                }
            }
            System.out.printf(
                    "volume: at a mean of %s, %.2g, %.2g and %.2g fail by chance after one, two and three weeks%n",
                    mean, failed[1], failed[2], failed[3]);
            assertThat(Arrays.stream(failed).max().orElseThrow())
                    .as("mean %s", mean)
                    .isLessThanOrEqualTo(0.001);
        }
    }

    /** Of three independent counts, each at most as large with the given probability. */
    private static double medianAtMost(double one) {
        return 3 * one * one - 2 * one * one * one;
    }

    /** The verdict on a day after weeks each of whose days has the given rows, the latest first. */
    private static State weeks(long last, long... before) {
        List<Long> days = new ArrayList<>();
        for (int week = before.length - 1; week >= 0; week--) {
            days.addAll(Collections.nCopies(7, before[week]));
        }
        days.add(last);
        return InputCheck.volume("", "exposures", days).state();
    }

    @Test
    void aDayIsComparedWithItsOwnWeekdayOnly() {
        // Monday to Sunday, and a Saturday or a Monday after it.
        long[] week = {1_000, 1_000, 1_000, 1_000, 1_000, 100, 50};
        assertThat(afterWeeks(2, week, 5, 95)).isEqualTo(State.PASSED);
        assertThat(afterWeeks(2, week, 5, 45)).isEqualTo(State.FAILED);
        assertThat(afterWeeks(2, week, 5, 250)).isEqualTo(State.FAILED);
        assertThat(afterWeeks(2, week, 0, 990)).isEqualTo(State.PASSED);
        assertThat(afterWeeks(2, week, 0, 95)).isEqualTo(State.FAILED);
        assertThat(afterWeeks(1, week, 5, 95)).isEqualTo(State.PASSED);
        assertThat(afterWeeks(1, week, 5, 45)).isEqualTo(State.FAILED);
    }

    /** Whole weeks, further days of the pattern up to a weekday, and that day with the given rows. */
    private static State afterWeeks(int weeks, long[] pattern, int weekday, long rows) {
        List<Long> days = new ArrayList<>();
        for (int day = 0; day < 7 * weeks + weekday; day++) {
            days.add(pattern[day % 7]);
        }
        days.add(rows);
        return InputCheck.volume("checkout", "outcome purchase", days).state();
    }

    @Test
    void oneOddDayOfTheSameWeekdayFailsNoOtherWeek() {
        assertThat(volume(9_000, 1_000, 1_010, 990, 1_000, 1_005, 1_000, 1_000)).isEqualTo(State.PASSED);
        assertThat(volume(0, 1_000, 1_010, 990, 1_000, 1_005, 1_000, 1_000)).isEqualTo(State.PASSED);
        assertThat(weeks(1_000, 1_000, 0)).isEqualTo(State.PASSED);
        assertThat(weeks(1_000, 0, 1_000)).isEqualTo(State.PASSED);
        assertThat(weeks(1_000, 9_000, 1_000)).isEqualTo(State.PASSED);
        assertThat(weeks(1_000, 0, 1_000, 1_000)).isEqualTo(State.PASSED);
        assertThat(weeks(400, 9_000, 1_000, 1_000)).isEqualTo(State.FAILED);
    }

    @Test
    void whatADayIsComparedWithStandsBesideEachDay() {
        Finding finding = InputCheck.volume(
                "checkout",
                "outcome purchase",
                List.of(900L, 20L, 30L, 40L, 50L, 60L, 70L, 1_100L, 22L, 32L, 42L, 52L, 62L, 72L, 400L));

        assertThat(finding.state()).isEqualTo(State.FAILED);
        assertThat(finding.experimentId()).isEqualTo("checkout");
        assertThat(finding.subject()).isEqualTo("outcome purchase");
        assertThat(finding.reason())
                .isEqualTo("outcome purchase has 400 rows on the last day, the median of the 2 same weekdays before is"
                        + " 900: less than half");
        assertThat(finding.observed()).hasValue(400);
        assertThat(finding.threshold()).hasValue(450);
        double z = 2 * (Math.sqrt(400.375) - Math.sqrt(900.375)) / Math.sqrt(1 + Math.PI / 4);
        assertThat(finding.pValue().orElseThrow())
                .isCloseTo(2 * new NormalDistribution().cumulativeProbability(z), withinPercentage(1e-6));
        assertThat(finding.detail())
                .extracting(part ->
                        part.name() + ": " + part.n() + " of " + part.expected().orElseThrow())
                .startsWith("-14: 900 of 1000.0", "-13: 20 of 21.0")
                .endsWith(
                        "-7: 1100 of 1000.0",
                        "-6: 22 of 21.0",
                        "-5: 32 of 31.0",
                        "-4: 42 of 41.0",
                        "-3: 52 of 51.0",
                        "-2: 62 of 61.0",
                        "-1: 72 of 71.0",
                        "0: 400 of 900.0");
        assertThat(InputCheck.volume("", "exposures", List.of(10L, 9L, 8L, 9L, 10L, 11L, 12L, 300L))
                        .reason())
                .isEqualTo("exposures has 300 rows on the last day, the same weekday before or the median of the week"
                        + " has 10: more than double");
    }

    /**
     * 1,000 feeds (seeds 0 to 999) of 20 to 100,000 rows on a working day and 0.1 to 1 times as many on a Saturday and a
     * Sunday, Poisson counts, from any weekday on, looked at on each of 28 days; the same feeds cut to a third from the
     * 15th day on, where they have 50 rows on a working day at least.
     */
    @Test
    @Tag("simulation")
    void aWeekendFailsNoFeedAndACutFeedIsFoundWithinAWeek() {
        int looks = 0;
        int falsely = 0;
        int falselyByAllDays = 0;
        int cut = 0;
        int found = 0;
        for (int seed = 0; seed < 1_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            double workingDay = 20 * Math.pow(5_000, random.nextDouble());
            double weekend = 0.1 + 0.9 * random.nextDouble();
            int weekday = random.nextInt(7);
            List<Long> whole = new ArrayList<>();
            List<Long> thinned = new ArrayList<>();
            boolean isFound = false;
            for (int day = 0; day < 28; day++) {
                double mean = workingDay * ((day + weekday) % 7 < 5 ? 1 : weekend);
                whole.add(poisson(random, mean));
                thinned.add(poisson(random, day < 14 ? mean : mean / 3));
                State state = volumeOfThreeWeeks(whole);
                looks += state == State.UNKNOWN ? 0 : 1;
                falsely += state == State.FAILED ? 1 : 0;
                falselyByAllDays +=
                        InputCheck.snapshot("exposures", latest(15, whole)).failed() ? 1 : 0;
                isFound |= day >= 14 && day < 21 && volumeOfThreeWeeks(thinned) == State.FAILED;
            }
            cut += workingDay >= 50 ? 1 : 0;
            found += workingDay >= 50 && isFound ? 1 : 0;
        }

        System.out.printf(
                "volume: %,d of %,d looks at feeds with weekends failed, %,d by the median of all days; %d of %d cut feeds found%n",
                falsely, looks, falselyByAllDays, found, cut);
        // 0.001 a look.
        assertThat(falsely).isLessThanOrEqualTo(21);
        assertThat(looks).isEqualTo(21_000);
        assertThat(found).isEqualTo(cut);
    }

    private static State volumeOfThreeWeeks(List<Long> days) {
        return InputCheck.volume("", "exposures", latest(22, days)).state();
    }

    private static List<Long> latest(int days, List<Long> all) {
        return all.subList(Math.max(0, all.size() - days), all.size());
    }

    /** By exponential waiting times where they are few, else √ of a normal law, as Anscombe has it. */
    private static long poisson(SplittableRandom random, double mean) {
        if (mean > 200) {
            return Math.round(Math.pow(Math.sqrt(mean - 0.25) + random.nextGaussian() / 2, 2));
        }
        long count = -1;
        for (double time = 0; time < mean; time -= Math.log(1 - random.nextDouble())) {
            count++;
        }
        return count;
    }

    @Test
    void beforeAWeekIsKnownNothingIsSaid() {
        assertThat(volume(1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 0)).isEqualTo(State.UNKNOWN);
        assertThat(InputCheck.volume("", "exposures", List.of()).reason())
                .isEqualTo("exposures has 0 days to compare the last with, it takes 7: only the same weekday tells what"
                        + " is usual");
        assertThat(snapshot(1_000, 1_000, 1_000, 1)).isEqualTo(State.UNKNOWN);
        assertThat(InputCheck.snapshot("users", List.of()).reason())
                .isEqualTo("users has 0 runs to compare the last with, it takes 4");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> volume(1, -1))
                .withMessageContaining("the rows of exposures are [1, -1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> snapshot(1, -1))
                .withMessageContaining("the rows of users are [1, -1]");
    }

    private static State volume(long... rows) {
        return InputCheck.volume("", "exposures", Arrays.stream(rows).boxed().toList())
                .state();
    }

    private static State snapshot(long... rows) {
        return InputCheck.snapshot("users", Arrays.stream(rows).boxed().toList())
                .state();
    }

    @Test
    void oneUserWithTwoAnswersIsAFault() {
        Finding finding = ContradictionCheck.of("checkout", 12_000, 1, 0);

        assertThat(finding.state()).isEqualTo(State.FAILED);
        assertThat(finding.reason())
                .isEqualTo("1 of 12,000 exposed users got both answers under one version of the parameters");
        assertThat(ContradictionCheck.of("checkout", 12_000, 3, 0).observed()).hasValue(1 / 4_000.0);
        assertThat(ContradictionCheck.of("checkout", 12_000, 0, 0).state()).isEqualTo(State.PASSED);
        assertThat(ContradictionCheck.of("checkout", 0, 0, 0).state()).isEqualTo(State.UNKNOWN);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ContradictionCheck.of("checkout", 1, 2, 0))
                .withMessageContaining("2 contradictory, 0 of them unlogged, of 1 users of checkout");
        assertThatIllegalArgumentException().isThrownBy(() -> ContradictionCheck.of("checkout", 5, 2, 3));
        assertThat(ContradictionCheck.of("checkout", 4_000, 1_000, 1_000).reason())
                .isEqualTo("1,000 of 4,000 exposed users got both answers under one version of the parameters; 1,000 of"
                        + " these by exposures that log neither parameters_version nor run_id: they crossed over, count by"
                        + " the arm of the first exposure and teach no model, so take their rows out of the log where they"
                        + " should not count; where the allocation was changed on purpose meanwhile, map"
                        + " flagcast.sources.exposures.columns.parameters_version");
    }

    @Test
    void aPipelineThatDidNotRunIsTold() {
        Duration day = Duration.ofDays(1);

        assertThat(PipelineCheck.of(Optional.of(AS_OF.minus(day)), AS_OF, day).state())
                .isEqualTo(State.PASSED);
        Finding late = PipelineCheck.of(Optional.of(AS_OF.minus(day)), AS_OF.plus(Duration.ofHours(2)), day);
        assertThat(late.state()).isEqualTo(State.FAILED);
        assertThat(late.reason())
                .isEqualTo(
                        "the pipeline did not run: the newest publication is of 2026-11-09T00:00:00Z, 26 h ago; it may"
                                + " be 1 d old");
        assertThat(late.observed()).hasValue(26);
        assertThat(late.threshold()).hasValue(24);
        assertThat(PipelineCheck.of(Optional.of(AS_OF), AS_OF.plus(Duration.ofMinutes(90)), day)
                        .reason())
                .contains(", 1 h ago;");
        assertThat(PipelineCheck.of(Optional.of(AS_OF), AS_OF.plus(Duration.ofMinutes(30)), day)
                        .reason())
                .contains(", 30 min ago;");
        assertThat(PipelineCheck.of(Optional.empty(), AS_OF, day).state()).isEqualTo(State.UNKNOWN);
    }
}
