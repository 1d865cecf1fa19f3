package io.flagcast.rules.checks;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Observation;
import io.flagcast.rules.checks.Finding.State;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EvidenceCheckTest {

    private static Observation users(int day, int returnedAfter, long n) {
        return new Observation(
                "high",
                Population.ENABLED,
                "conversion",
                Instant.EPOCH.plus(day, ChronoUnit.DAYS),
                returnedAfter,
                Moments.ofProportion(0, n),
                WeightedMoments.EMPTY,
                Optional.empty());
    }

    private static Finding check(List<Observation> days) {
        return EvidenceCheck.of("e", "high", "rule r", "give it a window", days, 1_000);
    }

    /** 1,000 users who come every second day from day 0 or 1 on, and some new ones a day, who come once. */
    @ParameterizedTest
    @CsvSource({"0, 5, PASSED", "0, 20, FAILED", "8, 20, PASSED", "7, 20, FAILED"})
    void usersWhoComeAgainWithoutNewOnesDryTheEvidenceUp(long fresh, int until, State state) {
        List<Observation> days = new ArrayList<>();
        for (int day = 0; day <= until; day++) {
            days.add(users(day, day < 2 ? 0 : 2, 500));
            if (fresh > 0) {
                days.add(users(day, 0, fresh));
            }
        }
        Finding finding = check(days);

        // Of a week 1,000 regulars and 7 days of new ones: 56 of 1,056 are 5.3 %, 49 of 1,049 are 4.7 %.
        assertThat(finding.state()).as(finding.reason()).isEqualTo(state);
        assertThat(finding.n()).isEqualTo(1_000 + 7 * fresh - (until < 6 ? fresh : 0));
    }

    @Test
    void theReasonSaysWhatHappenedAndWhatToDo() {
        List<Observation> days = new ArrayList<>(List.of(users(0, 0, 2_000), users(9, 9, 1_500), users(9, 0, 3)));
        assertThat(check(days).reason())
                .isEqualTo(
                        "the evidence of rule r has dried up: 1,503 users of high came in the last 7 days, 3 of them for"
                                + " the first time, and it counts nobody twice; give it a window");
    }

    /** Of 1,000 users, as many as it takes, a twentieth is not yet few. */
    @Test
    void aTwentiethIsEnough() {
        Finding enough = check(List.of(users(0, 0, 2_000), users(9, 9, 950), users(9, 0, 50)));
        assertThat(enough.state()).isEqualTo(State.PASSED);
        assertThat(enough.observed()).hasValue(0.05);
        assertThat(check(List.of(users(0, 0, 2_000), users(9, 9, 951), users(9, 0, 49)))
                        .state())
                .isEqualTo(State.FAILED);
    }

    @Test
    void fewUsersShowNothing() {
        assertThat(check(List.of()).observed()).hasValue(0);
        assertThat(check(List.of(users(0, 0, 10), users(9, 9, 900))).state()).isEqualTo(State.UNKNOWN);
        assertThat(check(List.of()).state()).isEqualTo(State.UNKNOWN);
    }
}
