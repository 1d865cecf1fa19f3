package io.flagcast.monitoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.flagcast.statistics.Effect;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.WeightedMoments;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.Decimal;
import org.junit.jupiter.api.Test;

/** Exact sums read as states; no Spark session. */
class InterpretationTest {

    /** 500 users of one arm, of whose outcome the covariate says half. */
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    private record Users(boolean enabled, double[] propensities, double[] x, double[] y) {

        static Users drawn(long seed, boolean enabled) {
            SplittableRandom random = new SplittableRandom(seed);
            double[] propensities = random.doubles(500, 0.05, 0.95).toArray();
            double[] x = random.doubles(500, -1.5, 1.5).toArray();
            double[] y = Arrays.stream(x)
                    .map(before -> before + random.nextDouble(-1, 1))
                    .toArray();
            return new Users(enabled, propensities, x, y);
        }

        double weight(int user) {
            return 1 / (enabled ? propensities[user] : 1 - propensities[user]);
        }

        /** The structures {@code weighted} (2) and {@code covariate} (3), with x and y moved. */
        Row sums(int structure, double moved) {
            Object[] sums = IntStream.range(0, 500)
                    .mapToObj(user -> Sums.terms(
                                    1, propensities[user], enabled, y[user] + moved, x[user] + moved, null, null)
                            .getStruct(structure, 0))
                    .map(row -> IntStream.range(0, row.numFields())
                            .mapToObj(i -> row.get(i, null))
                            .map(value -> value instanceof Decimal sum ? sum.toJavaBigDecimal() : value)
                            .toArray())
                    .reduce((one, other) -> IntStream.range(0, one.length)
                            .mapToObj(i -> one[i] instanceof Long n
                                    ? (Object) (n + (Long) other[i])
                                    : ((BigDecimal) one[i]).add((BigDecimal) other[i]))
                            .toArray())
                    .orElseThrow();
            return RowFactory.create(sums);
        }
    }

    /** The same users where they stand, and all of them further up by 10⁸ standard deviations. */
    @Test
    void aLargeMeanTakesNoDigitsFromVariancesAndEffects() {
        Users enabled = Users.drawn(1, true);
        Users control = Users.drawn(2, false);
        WeightedMoments byRow = WeightedMoments.EMPTY;
        for (int user = 0; user < 500; user++) {
            byRow = byRow.plus(enabled.weight(user), enabled.y()[user]);
        }

        WeightedMoments far = Interpretation.weighted(enabled.sums(2, 1e8));
        assertThat(far.variance().orElseThrow()).isCloseTo(byRow.variance().orElseThrow(), withinPercentage(1e-6));
        assertThat(far.outcomeVariance().orElseThrow())
                .isCloseTo(byRow.outcomeVariance().orElseThrow(), withinPercentage(1e-6));
        assertThat(far.mean().orElseThrow() - 1e8).isCloseTo(byRow.mean().orElseThrow(), within(3e-8));
        Effect near = adjusted(enabled, control, 0);
        Effect adjusted = adjusted(enabled, control, 1e8);
        assertThat(adjusted.estimate()).isCloseTo(near.estimate(), within(6e-8));
        assertThat(adjusted.standardError()).isCloseTo(near.standardError(), withinPercentage(1e-4));
        assertThat(near.standardError())
                .isLessThan(0.9
                        * Effect.difference(
                                        Interpretation.weighted(enabled.sums(2, 0)),
                                        Interpretation.weighted(control.sums(2, 0)))
                                .orElseThrow()
                                .standardError());
    }

    private static Effect adjusted(Users enabled, Users control, double place) {
        Row enabledWeighted = enabled.sums(2, place);
        Row controlWeighted = control.sums(2, place);
        BigDecimal originOfX = Interpretation.mean(enabledWeighted, enabled.sums(3, place), 0);
        return Effect.adjusted(
                        Interpretation.weighted(enabledWeighted),
                        Interpretation.covariate(enabledWeighted, enabled.sums(3, place), originOfX),
                        Interpretation.weighted(controlWeighted),
                        Interpretation.covariate(controlWeighted, control.sums(3, place), originOfX),
                        Metric.Kind.MEAN)
                .orElseThrow();
    }

    @Test
    void noUsersAreNoSumsAndASumThatIsAbsentIsNone() {
        BigDecimal zero = BigDecimal.ZERO.setScale(15);

        assertThat(Interpretation.weighted(RowFactory.create(0L, zero, zero, zero, zero, zero, zero)))
                .isEqualTo(WeightedMoments.EMPTY);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Interpretation.weighted(
                        RowFactory.create(1L, BigDecimal.ONE, BigDecimal.ONE, BigDecimal.ONE, null, zero, zero)))
                .withMessageContaining("more than 23 digits");
    }
}
