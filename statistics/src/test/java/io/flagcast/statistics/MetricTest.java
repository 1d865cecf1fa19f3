package io.flagcast.statistics;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.flagcast.statistics.Metric.Direction;
import io.flagcast.statistics.Metric.Kind;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class MetricTest {

    @Test
    void aMetricNeedsNamesAndATimeToCountIn() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> metric(" ", "purchase", Duration.ofDays(1)))
                .withMessageContaining("name is blank");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> metric("conversion_rate", "", Duration.ofDays(1)))
                .withMessageContaining("outcome is blank");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> metric("conversion_rate", "purchase", Duration.ZERO))
                .withMessageContaining("conversion_rate: within is PT0S");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> metric("conversion_rate", "purchase", Duration.ofDays(-1)))
                .withMessageContaining("must be longer than zero");
        assertThatNullPointerException()
                .isThrownBy(() -> new Metric("a", null, "b", Duration.ofDays(1), Direction.LOWER_IS_BETTER))
                .withMessageContaining("kind");
    }

    private static Metric metric(String name, String outcome, Duration within) {
        return new Metric(name, Kind.PROPORTION, outcome, within, Direction.HIGHER_IS_BETTER);
    }
}
