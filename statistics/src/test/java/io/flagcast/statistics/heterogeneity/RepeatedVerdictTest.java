package io.flagcast.statistics.heterogeneity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.statistics.Interval;
import io.flagcast.statistics.heterogeneity.BestLinearPrediction.Sums;
import io.flagcast.statistics.heterogeneity.RepeatedVerdict.Outcome;
import io.flagcast.statistics.heterogeneity.RepeatedVerdict.Verdict;
import io.flagcast.statistics.heterogeneity.WeeklyTrainings.Course;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.ToDoubleFunction;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class RepeatedVerdictTest {

    private static final double LEVEL = 0.01;
    /** Its law is a normal one of variance 2. */
    private static final CrossFitting UNKNOWN = new CrossFitting(5, OptionalInt.empty());

    /** A line whose cross-fitted slope is so many of its standard errors. */
    private static BestLinearPrediction line(double errors, double slope) {
        return new BestLinearPrediction(1000, 0, 0.1, 0.01, slope, Math.abs(slope) / errors / Math.sqrt(2));
    }

    private static RepeatedVerdict claimed(int training, double spread) {
        return new RepeatedVerdict(LEVEL, training, OptionalDouble.of(spread));
    }

    @Test
    void allTrainingsTogetherSpendTheLevel() {
        assertThat(RepeatedVerdict.first(LEVEL).spent()).isCloseTo(0.01 * 6 / (Math.PI * Math.PI), within(1e-15));
        // The rest of Σ 1/k² beyond a million is less than a millionth.
        double spent = 0;
        for (int training = 1; training <= 1_000_000; training++) {
            spent += new RepeatedVerdict(LEVEL, training, OptionalDouble.empty()).spent();
        }
        assertThat(spent).isLessThan(LEVEL).isCloseTo(LEVEL, within(1e-8));
    }

    @Test
    void theFirstTrainingClaimsBeyondTwoAndAHalfErrors() {
        // Φ(−2.507) = 0.00609 > 0.006079 = 6 / π² % > Φ(−2.508) = 0.00607.
        Verdict below = RepeatedVerdict.first(LEVEL).judge(line(2.506, 0.8), 0.05, UNKNOWN);
        assertThat(below.outcome()).isEqualTo(Outcome.NOT_SHOWN);
        assertThat(below.heterogeneous()).isFalse();
        assertThat(below.claimed()).isZero();
        Verdict beyond = RepeatedVerdict.first(LEVEL).judge(line(2.508, 0.8), 0.05, UNKNOWN);
        assertThat(beyond.outcome()).isEqualTo(Outcome.SHOWN);
        assertThat(beyond.heterogeneous()).isTrue();
        assertThat(beyond.spread()).isCloseTo(0.8 * 0.05, within(1e-12));
        assertThat(beyond.claimed()).isEqualTo(beyond.spread());
        assertThat(beyond.reason()).isEqualTo("p = 0.0061, below 0.0061 at training 1");
    }

    @Test
    void aClaimStaysUntilItsOppositeIsShown() {
        // A slope of 1 error with a spread of 0.01 is at most 0.01 + 2.3263 · 0.01.
        BestLinearPrediction weak = line(1, 0.2);
        Verdict kept = claimed(2, 0.0665).judge(weak, 0.05, UNKNOWN);
        assertThat(kept.upper()).isCloseTo(0.03326, within(1e-5));
        assertThat(kept.outcome()).isEqualTo(Outcome.KEPT);
        assertThat(kept.heterogeneous()).isTrue();
        assertThat(kept.claimed()).isEqualTo(0.0665);
        assertThat(kept.reason())
                .isEqualTo(
                        "p = 0.16, not below 0.0015 at training 2; kept, as the spread of the uplift may be up to 0.033,"
                                + " not below half of the 0.067 claimed");
        Verdict refuted = claimed(2, 0.0666).judge(weak, 0.05, UNKNOWN);
        assertThat(refuted.outcome()).isEqualTo(Outcome.REFUTED);
        assertThat(refuted.heterogeneous()).isFalse();
        assertThat(refuted.claimed()).isZero();
        assertThat(refuted.reason())
                .endsWith(
                        "; refuted, as the spread of the uplift is at most 0.033, below half of" + " what was claimed");
    }

    @Test
    void aClaimThatIsShownAgainRestsOnTheNewSpread() {
        assertThat(claimed(2, 0.5).judge(line(4, 1), 0.05, UNKNOWN).claimed()).isCloseTo(0.05, within(1e-12));
    }

    @Test
    void predictionsThatFallWhereEffectsRiseNeitherKeepNorRefute() {
        Verdict falling = claimed(2, 0.01).judge(line(0.5, -0.2), 0.05, UNKNOWN);
        assertThat(falling.outcome()).isEqualTo(Outcome.NOT_SHOWN);
        assertThat(falling.heterogeneous()).isFalse();
        assertThat(falling.reason()).isEqualTo("p = 0.69, not below 0.0015 at training 2");
    }

    @Test
    void whereNothingVariesNothingIsRefuted() {
        BestLinearPrediction flat = new BestLinearPrediction(100, 0, 0.1, 0, 0, 0);
        assertThat(claimed(2, 0.5).judge(flat, 0, UNKNOWN).outcome()).isEqualTo(Outcome.NOT_SHOWN);
        assertThat(RepeatedVerdict.first(LEVEL).judge(flat, 0, UNKNOWN).p()).isEqualTo(1);
    }

    @Test
    void wrongArgumentsAreNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RepeatedVerdict.first(0.5))
                .withMessageContaining("level is 0.5");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RepeatedVerdict(LEVEL, 0, OptionalDouble.empty()))
                .withMessageContaining("training is 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> claimed(1, -0.1))
                .withMessageContaining("claimed is -0.1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RepeatedVerdict.first(LEVEL).judge(line(1, 1), Double.NaN, UNKNOWN))
                .withMessageContaining("NaN");
    }

    /** Worlds of a kind under both ways to judge. */
    private record Compared(List<Course> before, List<Course> after) {

        static Compared of(WeeklyTrainings feature, int worlds) {
            List<Course> before = new ArrayList<>();
            List<Course> after = new ArrayList<>();
            LongStream.rangeClosed(1, worlds).forEach(seed -> {
                List<Sums> trainings = feature.trainings(seed);
                before.add(WeeklyTrainings.eachAlone(trainings, LEVEL));
                after.add(feature.together(trainings, LEVEL));
            });
            return new Compared(before, after);
        }

        static double mean(List<Course> courses, ToDoubleFunction<Course> of) {
            return courses.stream().mapToDouble(of).average().orElseThrow();
        }

        static double claims(List<Course> courses) {
            return mean(courses, course -> course.claimed() ? 1 : 0);
        }

        static double flips(List<Course> courses) {
            return mean(courses, Course::flips);
        }

        /** The week by which nine in ten have claimed. */
        static int mostClaimBy(List<Course> courses) {
            return courses.stream().map(Course::firstClaim).sorted().toList().get(courses.size() * 9 / 10);
        }

        void print(String name) {
            for (List<Course> courses : List.of(before, after)) {
                double claims = claims(courses);
                Interval interval = Interval.wilson(Math.round(claims * courses.size()), courses.size(), 0.95);
                System.out.printf(
                        "| %s | %s | %.1f %% (%.1f to %.1f) | %.2f | %.2f | %d | %.1f |%n",
                        name,
                        courses == before ? "before" : "after",
                        100 * claims,
                        100 * interval.lower(),
                        100 * interval.upper(),
                        flips(courses),
                        mean(courses, course -> course.flips() > 1 ? 1 : 0),
                        mostClaimBy(courses),
                        mean(courses, course -> course.weeksInForce(WeeklyTrainings.WEEKS / 2)));
            }
        }
    }

    @Test
    @Tag("simulation")
    void halfAYearOfTrainingsClaimsNoDifferencesWhereThereAreNone() {
        // 200 worlds, seeds 1 to 200, 12 predictors. One test a week at 1 % errs in some 16 % of worlds. At most 2 %
        // are to
        // err, which 10 of 200 exceed with a probability of 0.2 %.
        Compared none = Compared.of(WeeklyTrainings.accumulating(12, 200, 0), 200);
        assertThat(Compared.claims(none.before())).isGreaterThan(0.08);
        assertThat(Compared.claims(none.after())).isLessThan(0.05);
    }

    @Test
    @Tag("simulation")
    void weakDifferencesDoNotFlipTheVerdictAndStrongOnesAreClaimed() {
        // 100 worlds each, seeds 1 to 100, 5 predictors.
        Compared weak = Compared.of(WeeklyTrainings.accumulating(5, 400, 0.03), 100);
        assertThat(Compared.flips(weak.before())).isGreaterThan(1);
        assertThat(Compared.flips(weak.after())).isLessThan(0.5);
        Compared strong = Compared.of(WeeklyTrainings.accumulating(5, 400, 0.1), 100);
        assertThat(Compared.claims(strong.after())).isEqualTo(1);
        assertThat(Compared.flips(strong.after())).isLessThanOrEqualTo(1);
    }

    /** The table of docs/evidence.md: 1,000 worlds each, seeds 1 to 1,000; minutes. */
    @Test
    @Tag("proof")
    void halfAYearOfTrainingsInAThousandWorlds() {
        int worlds = Integer.getInteger("worlds", 1000);
        System.out.println("| world | verdict | claims | flips | more than one flip | 90 % claim by | weeks of 13 |");
        for (int predictors : new int[] {2, 5, 12, 30}) {
            Compared none = Compared.of(WeeklyTrainings.accumulating(predictors, 400, 0), worlds);
            none.print("no difference, %d predictors".formatted(predictors));
            assertThat(Compared.claims(none.after())).isLessThanOrEqualTo(0.02);
        }
        for (int predictors : new int[] {5, 12}) {
            Compared window = Compared.of(new WeeklyTrainings(predictors, 400, 0, WeeklyTrainings.WEEKS, 4), worlds);
            window.print("no difference, %d predictors, window of 4 weeks".formatted(predictors));
            assertThat(Compared.claims(window.after())).isLessThanOrEqualTo(0.02);
        }
        for (double difference : new double[] {0.02, 0.03, 0.04, 0.05}) {
            Compared weak = Compared.of(WeeklyTrainings.accumulating(5, 400, difference), worlds);
            weak.print("weak: %.0f points".formatted(100 * difference));
            // Each feature is claimed once at most, but for few.
            assertThat(Compared.mean(weak.after(), course -> course.flips() > 1 ? 1 : 0))
                    .isLessThanOrEqualTo(0.05);
        }
        Compared strong = Compared.of(WeeklyTrainings.accumulating(5, 400, 0.1), worlds);
        strong.print("strong: 10 points");
        assertThat(Compared.claims(strong.after())).isEqualTo(1);
        Compared ended = Compared.of(new WeeklyTrainings(5, 400, 0.1, 10, 10), worlds);
        ended.print("strong for 10 weeks, then none; window of 10 weeks");
    }
}
