package io.flagcast.statistics;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ArrivalsTest {

    private static final Instant AS_OF = Instant.parse("2026-11-20T00:00:00Z");

    private static Instant ago(long hours) {
        return AS_OF.minus(Duration.ofHours(hours));
    }

    @Test
    void anOutcomeIsInUpToItsNewestRowAndOneThatHasNeverComeAsFarAsAnyIs() {
        Arrivals arrivals = new Arrivals(AS_OF, Map.of("buy", ago(36), "click", ago(1)));

        assertThat(arrivals.settledUntil("buy")).isEqualTo(ago(36));
        assertThat(arrivals.settledUntil("refund")).isEqualTo(ago(1));
    }

    @Test
    void nothingIsInBeyondTheAsOf() {
        assertThat(new Arrivals(AS_OF, Map.of("buy", ago(-5))).settledUntil("buy"))
                .isEqualTo(AS_OF);
    }

    @Test
    void withoutAnyOutcomeNothingIsIn() {
        assertThat(new Arrivals(AS_OF, Map.of()).settledUntil("buy")).isEqualTo(Instant.EPOCH);
    }

    @Test
    void aHistoryIsOverWhereForThreeDaysNeitherAnOutcomeNorAnExposureHasCome() {
        Arrivals old = new Arrivals(AS_OF, Map.of("buy", ago(3 * 24)));

        assertThat(old.unlessOver(Optional.of(ago(3 * 24))).settledUntil("buy")).isEqualTo(AS_OF);
        assertThat(old.unlessOver(Optional.empty()).settledUntil("click")).isEqualTo(AS_OF);
        assertThat(old.unlessOver(Optional.of(ago(3 * 24 - 1))).settledUntil("buy"))
                .isEqualTo(ago(3 * 24));
        Arrivals recent = new Arrivals(AS_OF, Map.of("buy", ago(3 * 24 - 1)));
        assertThat(recent.isSilent()).isFalse();
        assertThat(recent.unlessOver(Optional.empty()).settledUntil("buy")).isEqualTo(ago(3 * 24 - 1));
    }
}
