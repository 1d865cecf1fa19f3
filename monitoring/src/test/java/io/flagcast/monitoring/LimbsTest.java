package io.flagcast.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

class LimbsTest {

    private static final Limbs LIMBS = new Limbs("sum", "weighted", "covariate");
    private static final int COVARIATE = 2;
    private static final int PRECISION = 38;
    private static final int SCALE = 15;
    private static final BigDecimal LARGEST =
            new BigDecimal(BigInteger.TEN.pow(PRECISION).subtract(BigInteger.ONE), SCALE);
    private static final BigDecimal SMALLEST = BigDecimal.valueOf(1, SCALE);

    /** Sums that are all the same, of so many users. */
    private static InternalRow sums(BigDecimal each, long users) {
        return row(LIMBS.sums(), each, users);
    }

    private static InternalRow row(StructType type, BigDecimal each, long users) {
        Decimal sum = each == null ? null : Decimal.apply(each, PRECISION, SCALE);
        return new GenericInternalRow(Arrays.stream(type.fields())
                .map(field -> field.dataType() instanceof StructType structure
                        ? row(structure, each, users)
                        : field.name().equals("n") ? (Object) users : sum)
                .toArray());
    }

    /** As Spark adds them. */
    private static InternalRow added(InternalRow... rows) {
        List<InternalRow> limbs = Stream.of(rows).map(LIMBS::of).toList();
        Object[] added = IntStream.range(0, LIMBS.names().length)
                .mapToObj(i -> i == 0
                        ? limbs.stream().mapToLong(row -> row.getLong(0)).reduce(0, (one, other) -> one | other)
                        : limbs.stream().mapToLong(row -> row.getLong(i)).sum())
                .toArray();
        return LIMBS.sums(new GenericInternalRow(added));
    }

    @Test
    void addUpToWhatDecimalsDo() {
        Random random = new Random(1);
        for (int bits = 0; bits < 120; bits++) {
            int most = bits;
            BigDecimal[] values = Stream.generate(() -> new BigInteger(most, random))
                    .limit(100)
                    .map(units -> new BigDecimal(random.nextBoolean() ? units : units.negate(), SCALE))
                    .toArray(BigDecimal[]::new);
            BigDecimal expected = Stream.of(values).reduce(BigDecimal.ZERO.setScale(SCALE), BigDecimal::add);
            assertThat(added(Stream.of(values).map(value -> sums(value, 2)).toArray(InternalRow[]::new)))
                    .as("%d bits", bits)
                    .isEqualTo(sums(expected, 200));
        }
    }

    @Test
    void sumOfTooManyDigitsIsAbsent() {
        assertThat(added(sums(LARGEST, 1))).isEqualTo(sums(LARGEST, 1));
        assertThat(added(sums(LARGEST.negate(), 1))).isEqualTo(sums(LARGEST.negate(), 1));
        assertThat(added(sums(LARGEST, 1), sums(SMALLEST, 1))).isEqualTo(sums(null, 2));
        assertThat(added(sums(LARGEST.negate(), 1), sums(LARGEST.negate(), 1))).isEqualTo(sums(null, 2));
        // In whatever order.
        assertThat(added(sums(LARGEST, 1), sums(SMALLEST, 1), sums(LARGEST.negate(), 1)))
                .isEqualTo(sums(SMALLEST, 3));
    }

    @Test
    void absentPartMakesAnAbsentSum() {
        assertThat(added(sums(null, 1), sums(SMALLEST, 1))).isEqualTo(sums(null, 2));
        InternalRow without = sums(SMALLEST, 1);
        without.update(COVARIATE, null);
        InternalRow expected = sums(SMALLEST.add(SMALLEST), 2);
        expected.update(COVARIATE, null);
        assertThat(added(sums(SMALLEST, 1), without)).isEqualTo(expected);
    }
}
