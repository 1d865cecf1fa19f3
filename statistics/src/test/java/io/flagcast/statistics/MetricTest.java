package io.flagcast.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.flagcast.statistics.Metric.Direction;
import io.flagcast.statistics.Metric.HeavyTails;
import io.flagcast.statistics.Metric.Kind;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    private static Metric mean(Optional<Cap> cap, HeavyTails heavyTails) {
        return new Metric("a", Kind.MEAN, "b", Duration.ofDays(1), Direction.HIGHER_IS_BETTER, cap, heavyTails);
    }

    @Test
    void aMeanIsLimitedByItsCapOnceThatIsAValue() {
        Metric unlimited = mean(Optional.empty(), HeavyTails.ACCEPTED);
        Metric quantile = mean(Optional.of(new Cap.Quantile(0.999)), HeavyTails.NOT_ACCEPTED);

        assertThat(unlimited.limit()).isEmpty();
        assertThat(unlimited.isUnlimited()).isTrue();
        assertThat(quantile.limit()).isEmpty();
        assertThat(quantile.isUnlimited()).isFalse();
        assertThat(quantile.frozenAt(500).limit()).hasValue(500);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
    void aCapIsAboveZeroAndFinite(double value) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Cap.At(value))
                .withMessage("cap " + value
                        + " is not above 0 and finite; write the largest value of a user that shall count, as in 500");
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.5, 1, 99.9, Double.NaN})
    void aQuantileLiesBetweenAHalfAndOne(double quantile) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Cap.Quantile(quantile))
                .withMessageContaining("is not above 50% and below 100%");
    }

    @Test
    void whatHasNoTailsHasNoCapAndAcceptsNone() {
        Optional<Cap> cap = Optional.of(new Cap.At(5));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Metric(
                        "a",
                        Kind.PROPORTION,
                        "b",
                        Duration.ofDays(1),
                        Direction.HIGHER_IS_BETTER,
                        cap,
                        HeavyTails.NOT_ACCEPTED))
                .withMessage(
                        "cap of metric a: a proportion counts 0 or 1 of each user, nothing is there to cap; remove it");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> mean(cap, HeavyTails.ACCEPTED))
                .withMessage("heavy_tails of metric a: a capped mean has none; remove it");
    }

    @Test
    void anEngineCanShipIt() throws Exception {
        for (Metric metric : List.of(
                mean(Optional.empty(), HeavyTails.ACCEPTED),
                mean(Optional.of(new Cap.Quantile(0.99)), HeavyTails.NOT_ACCEPTED),
                mean(Optional.of(new Cap.At(7)), HeavyTails.NOT_ACCEPTED))) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            new ObjectOutputStream(bytes).writeObject(metric);
            assertThat(new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())).readObject())
                    .isEqualTo(metric);
        }
    }
}
