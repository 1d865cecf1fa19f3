package io.flagcast.rules.alerts;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.rules.alerts.Alert.OfCheck;
import io.flagcast.rules.checks.Check;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AlertTest {

    private static OfCheck of(Check check, String segment, String subject) {
        return new OfCheck(check, Optional.ofNullable(segment), Optional.ofNullable(subject));
    }

    /** Segment and subject of two alerts on the same check; empty for any. */
    @ParameterizedTest
    @CsvSource({
        ", , , , true",
        ", , high, revenue, true",
        "high, , high, revenue, true",
        "high, , low, revenue, false",
        "high, , , revenue, false",
        ", revenue, high, revenue, true",
        ", revenue, high, visits, false",
        ", revenue, high, , false",
        "high, revenue, high, revenue, true"
    })
    void anAlertCoversAnotherWhereEveryFailureOfThatIsOneOfIt(
            String segment, String subject, String otherSegment, String otherSubject, boolean covers) {
        OfCheck wide = of(Check.NOVELTY, segment, subject);

        assertThat(wide.coversAll(of(Check.NOVELTY, otherSegment, otherSubject)))
                .isEqualTo(covers);
        assertThat(wide.coversAll(of(Check.SIMPSON, otherSegment, otherSubject)))
                .as("another check")
                .isFalse();
    }

    @Test
    void labelsHaveAllThatAreAmongThem() {
        Labels labels = Labels.of(Map.of("team", "growth", "segment", "high"));

        assertThat(labels.haveAll(Map.of())).isTrue();
        assertThat(labels.haveAll(Map.of("team", "growth"))).isTrue();
        assertThat(labels.haveAll(Map.of("team", "search"))).isFalse();
        assertThat(labels.haveAll(Map.of("team", "growth", "metric", "revenue")))
                .isFalse();
    }
}
