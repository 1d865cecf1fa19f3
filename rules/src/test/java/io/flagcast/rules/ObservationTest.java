package io.flagcast.rules;

import static io.flagcast.rules.Given.CONVERSION;
import static io.flagcast.rules.Given.day;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.flagcast.rules.Condition.Population;
import io.flagcast.statistics.Moments;
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
}
