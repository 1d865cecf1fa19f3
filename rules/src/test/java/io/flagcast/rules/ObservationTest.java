package io.flagcast.rules;

import static io.flagcast.rules.Given.CONVERSION;
import static io.flagcast.rules.Given.day;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.rules.Condition.Population;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ObservationTest {

    private static Observation after(int days, int day) {
        return Given.returned(Population.ENABLED, CONVERSION, day, days, Moments.ofProportion(5, 100));
    }

    /** Who came on day 5 three days after the last time had come on day 2. */
    @Test
    void whoComesAgainCountsAsNewWhereTheTimeBeforeDoesNotCount() {
        Observation again = after(3, 5);

        assertThat(again.isFirstSince(day(3))).isTrue();
        assertThat(again.since(day(3))).isEqualTo(after(0, 5));
        assertThat(again.isFirstSince(day(2))).isFalse();
        assertThat(again.since(day(2))).isEqualTo(again);
        assertThat(again.isFirstSince(day(6))).as("not come since").isFalse();
        assertThat(after(0, 5).isFirstSince(day(5))).isTrue();
    }

    @Test
    void whatIsNotMeasuredSoIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> after(-1, 5)).withMessage("returnedAfter -1 is negative");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Given.proportion("high", Population.EVERYONE, CONVERSION, 0, 1, 2))
                .withMessageStartingWith("everyone is not measured on its own");
    }

    private static Observation ofRatio(int day, WeightedMoments ratio) {
        return new Observation(
                "high",
                Population.ENABLED,
                "click_rate",
                Instant.parse("2026-01-0" + day + "T00:00:00Z"),
                0,
                ratio.linearised(),
                Optional.of(ratio),
                WeightedMoments.EMPTY,
                Optional.empty());
    }

    /** Clicks of views by user: 1 of 10 and 0 of 10 on one day, 9 of 10 and 3 of 0 on another; nobody views on the third. */
    @Test
    void daysOfARatioMergeAsTheirSumsAndNotAsTheirRatios() {
        WeightedMoments one = WeightedMoments.EMPTY.plusRatio(1, 1, 10).plusRatio(1, 0, 10);
        WeightedMoments other = WeightedMoments.EMPTY.plusRatio(1, 9, 10).plusRatio(1, 3, 0);
        WeightedMoments none = WeightedMoments.EMPTY.plusRatio(1, 0, 0);

        Moments values = Observation.values(List.of(ofRatio(1, one), ofRatio(2, other), ofRatio(3, none)));

        assertThat(values.n()).isEqualTo(5);
        assertThat(values.mean()).isCloseTo(13.0 / 30, within(1e-12));
        // y - R d of the five users.
        double squares = Math.pow(1 - 13 / 3.0, 2) + Math.pow(13 / 3.0, 2) + Math.pow(9 - 13 / 3.0, 2) + 9;
        assertThat(values.standardError()).isCloseTo(Math.sqrt(squares) / 30, within(1e-12));
    }

    @Test
    void ofUsersWithoutAnyDenominatorThereAreNoValues() {
        assertThat(Observation.values(List.of(ofRatio(1, WeightedMoments.EMPTY.plusRatio(1, 0, 0)))))
                .isEqualTo(Moments.EMPTY);
    }
}
