package io.flagcast.rules.checks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.rules.checks.CalibrationCheck.Decile;
import io.flagcast.rules.checks.Finding.State;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CalibrationCheckTest {

    private static final int USERS = 20_000;

    /**
     * Ten deciles that predict 5 to 50 %, of whose users half are enabled by a coin, with the given predicted uplift
     * and effect.
     */
    private static List<Finding> findings(
            IntToDoubleFunction observed, IntToDoubleFunction predictedUplift, IntToDoubleFunction effect) {
        return CalibrationCheck.of(
                "checkout",
                "conversion",
                IntStream.rangeClosed(1, 10)
                        .mapToObj(i -> new Decile(
                                0.05 * i,
                                Moments.ofProportion(Math.round(USERS * observed.applyAsDouble(i)), USERS),
                                predictedUplift.applyAsDouble(i),
                                arm(0.3 + effect.applyAsDouble(i)),
                                arm(0.3)))
                        .toList());
    }

    private static WeightedMoments arm(double rate) {
        double n = USERS / 2.0;
        return new WeightedMoments(USERS / 2, 2 * n, 4 * n, 2 * n * rate, 2 * n * rate, 4 * n * rate, 4 * n * rate);
    }

    @Test
    void oneDecileThatIsOffIsNoMatterOfTheModel() {
        Finding response = findings(i -> i == 10 ? 0.2 : 0.05 * i, i -> 0.01 * i, i -> 0.01 * i)
                .get(0);

        assertThat(response.state()).isEqualTo(State.PASSED);
        assertThat(response.subject()).isEqualTo("conversion");
        assertThat(response.observed()).hasValue(0.1);
        // Of ten deciles one misses by 30 points.
        assertThat(response.reason()).endsWith("the mean error is 3 points");
        assertThat(response.detail()).hasSize(10);
        assertThat(response.detail().get(9).expected()).hasValue(0.5);
        assertThat(response.detail().get(9).observed()).hasValue(0.2);
    }

    @Test
    void theModelFailsOnceMoreThanHalfOfTheUsersAreOff() {
        for (int off = 5; off <= 6; off++) {
            int first = off;
            Finding response = findings(i -> i <= first ? 0.1 * i : 0.05 * i, i -> 0.01 * i, i -> 0.01 * i)
                    .get(0);
            assertThat(response.state()).as("%d", off).isEqualTo(off == 5 ? State.PASSED : State.FAILED);
            assertThat(response.observed()).hasValueCloseTo(off / 10.0, within(1e-12));
        }
    }

    @Test
    void aModelThatPromisesHalfAsMuchAgainFails() {
        Finding response =
                findings(i -> 0.05 * i / 1.5, i -> 0.01 * i, i -> 0.01 * i).get(0);

        assertThat(response.state()).isEqualTo(State.FAILED);
        assertThat(response.reason())
                .startsWith("deciles with 100 % of 200,000 users have another conversion than predicted");
    }

    @Test
    void upliftIsCalibratedWhereTheEffectRisesWithIt() {
        Finding uplift = findings(i -> 0.05 * i, i -> 0.02 * i, i -> 0.02 * i).get(1);

        assertThat(uplift.state()).isEqualTo(State.PASSED);
        assertThat(uplift.subject()).isEqualTo("conversion uplift");
        assertThat(uplift.observed().orElseThrow()).isCloseTo(1, within(1e-9));
        assertThat(uplift.interval().orElseThrow().contains(1)).isTrue();
        assertThat(uplift.n()).isEqualTo(10 * USERS);
        assertThat(uplift.reason()).endsWith(", which may be between ½ and 2");
    }

    /** Of 10,000 users an arm, of whom 32 and 30 % respond: 2 points and √(0.31 · 0.69 / 5,000) of error. */
    @Test
    void everyDecileShowsItsUsersItsEffectAndTheInterval() {
        Finding uplift = findings(i -> 0.05 * i, i -> 0.02 * i, i -> 0.02 * i).get(1);

        assertThat(uplift.detail())
                .extracting(Finding.Part::name)
                .containsExactly("1", "2", "3", "4", "5", "6", "7", "8", "9", "10");
        Finding.Part first = uplift.detail().get(0);
        assertThat(first.n()).isEqualTo(USERS);
        assertThat(first.expected()).hasValueCloseTo(0.02, within(1e-12));
        assertThat(first.observed()).hasValueCloseTo(0.02, within(1e-12));
        assertThat(first.interval().orElseThrow().upper())
                .isCloseTo(0.02 + 1.96 * Math.sqrt(0.31 * 0.69 / 5_000), within(1e-4));
    }

    @Test
    void upliftFailsWhereItPromisesFarTooLittle() {
        Finding uplift = findings(i -> 0.05 * i, i -> 0.01 * i, i -> 0.06 * i).get(1);

        assertThat(uplift.state()).isEqualTo(State.FAILED);
        assertThat(uplift.observed()).hasValueCloseTo(6.0, within(1e-9));
        assertThat(uplift.reason()).endsWith(", not between ½ and 2");
    }

    @Test
    void upliftFailsWhereItTellsNobodyApartOrPromisesTooLittle() {
        assertThat(findings(i -> 0.05 * i, i -> 0.02 * i, i -> 0.1).get(1).state())
                .isEqualTo(State.FAILED);
        assertThat(findings(i -> 0.05 * i, i -> 0.02 * i, i -> 0.06 * i).get(1).state())
                .isEqualTo(State.FAILED);
    }

    @Test
    void withoutUsersOrDifferentUpliftsNothingIsKnown() {
        assertThat(findings(i -> 0.05 * i, i -> 0.1, i -> 0.1).get(1).state()).isEqualTo(State.UNKNOWN);
        assertThat(CalibrationCheck.of(
                        "checkout",
                        "conversion",
                        List.of(new Decile(0.1, Moments.EMPTY, 0, WeightedMoments.EMPTY, WeightedMoments.EMPTY))))
                .extracting(Finding::state)
                .containsExactly(State.UNKNOWN, State.UNKNOWN);
    }
}
