package io.flagcast.monitoring;

import io.flagcast.tables.Tables;
import java.io.Serializable;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Exact sums as whole numbers of 64 bits that Spark adds up in place; with decimals, measuring did little else than make objects of
 * them. A sum in units of its last decimal is a₀ + 2³² a₁ + 2⁶⁴ a₂ + 2⁹⁶ a₃, of which a₀ to a₂ have 32 bits until they are added to
 * others: two thousand million rows may be.
 *
 * <p>In front of them stands what is absent, a bit per sum and per structure, and how many users have a weight.
 */
final class Limbs implements Serializable {

    static final StructType TABLE = StructType.fromDDL(Tables.SEGMENT_METRICS.schema());
    static final DecimalType EXACT = (DecimalType) TABLE.apply("sum").dataType();

    private static final long serialVersionUID = 1L;

    private static final String USERS = "n";
    private static final BigInteger TOO_LONG = BigInteger.TEN.pow(EXACT.precision());
    private static final int EACH = 4;
    /** Fields in front of the limbs. */
    private static final int FIRST = 2;
    /** Bit of the first structure, behind those of sums. */
    private static final int STRUCTURES = 48;

    private static final long LOW = (1L << Integer.SIZE) - 1;
    private static final long SHORT_LOW = 1L << 61;
    private static final long SHORT_HIGH = 1L << 29;

    private final StructType sums;
    /** Per field of the sums its structure, absent (null) for a sum. */
    private final StructType[] structures;
    /** Per field of a structure whether it is no sum but a number of users. */
    private final boolean[][] users;

    private final int count;

    /** @param names columns of {@code segment_metrics}: sums, and structures of such */
    Limbs(String... names) {
        this.sums = new StructType(Arrays.stream(names).map(TABLE::apply).toArray(StructField[]::new));
        this.structures = Arrays.stream(sums.fields())
                .map(field -> field.dataType() instanceof StructType structure ? structure : null)
                .toArray(StructType[]::new);
        this.users = Arrays.stream(structures)
                .map(structure -> structure == null ? new boolean[1] : new boolean[structure.length()])
                .toArray(boolean[][]::new);
        int numbers = 0;
        for (int field = 0; field < structures.length; field++) {
            for (int i = 0; structures[field] != null && i < structures[field].length(); i++) {
                users[field][i] = structures[field].apply(i).name().equals(USERS);
            }
            numbers += sumsIn(field);
        }
        this.count = numbers;
    }

    private int sumsIn(int field) {
        return (int) IntStream.range(0, users[field].length)
                .filter(i -> !users[field][i])
                .count();
    }

    StructType sums() {
        return sums;
    }

    /** Names of the columns that sums are taken apart into; the first is a set of bits, the others are added. */
    String[] names() {
        return IntStream.range(0, FIRST + EACH * count).mapToObj(i -> "_" + i).toArray(String[]::new);
    }

    StructType type() {
        return new StructType(Arrays.stream(names())
                .map(name -> DataTypes.createStructField(name, DataTypes.LongType, false))
                .toArray(StructField[]::new));
    }

    /** Takes sums apart. */
    InternalRow of(InternalRow row) {
        Long[] limbs = new Long[FIRST + EACH * count];
        Arrays.fill(limbs, 0L);
        int next = 0;
        for (int field = 0; field < structures.length; field++) {
            if (structures[field] == null) {
                put(limbs, next++, row, field);
            } else if (row.isNullAt(field)) {
                limbs[0] |= 1L << (STRUCTURES + field);
                next += sumsIn(field);
            } else {
                InternalRow values = row.getStruct(field, structures[field].length());
                for (int i = 0; i < users[field].length; i++) {
                    if (users[field][i]) {
                        limbs[1] = values.getLong(i);
                    } else {
                        put(limbs, next++, values, i);
                    }
                }
            }
        }
        return new GenericInternalRow(limbs);
    }

    private static void put(Long[] limbs, int place, InternalRow row, int field) {
        if (row.isNullAt(field)) {
            limbs[0] |= 1L << place;
            return;
        }
        Decimal decimal = row.getDecimal(field, EXACT.precision(), EXACT.scale());
        BigInteger units = decimal.toJavaBigDecimal().unscaledValue();
        int at = FIRST + EACH * place;
        long low = units.longValue();
        limbs[at] = low & LOW;
        if (units.bitLength() < Long.SIZE) {
            limbs[at + 1] = low >> Integer.SIZE;
        } else {
            BigInteger high = units.shiftRight(Long.SIZE);
            limbs[at + 1] = low >>> Integer.SIZE;
            limbs[at + 2] = high.longValue() & LOW;
            limbs[at + 3] = high.shiftRight(Integer.SIZE).longValueExact();
        }
    }

    /** Puts sums together. */
    InternalRow sums(InternalRow limbs) {
        Object[] values = new Object[structures.length];
        int next = 0;
        for (int field = 0; field < structures.length; field++) {
            if (structures[field] == null) {
                values[field] = get(limbs, next++);
            } else if ((limbs.getLong(0) & 1L << (STRUCTURES + field)) != 0) {
                next += sumsIn(field);
            } else {
                Object[] inside = new Object[users[field].length];
                for (int i = 0; i < inside.length; i++) {
                    inside[i] = users[field][i] ? limbs.getLong(1) : get(limbs, next++);
                }
                values[field] = new GenericInternalRow(inside);
            }
        }
        return new GenericInternalRow(values);
    }

    /** A sum; absent (null) where a part is, or where it has too many digits. */
    private static Decimal get(InternalRow limbs, int place) {
        if ((limbs.getLong(0) & 1L << place) != 0) {
            return null;
        }
        int at = FIRST + EACH * place;
        long[] parts = {limbs.getLong(at), limbs.getLong(at + 1), limbs.getLong(at + 2), limbs.getLong(at + 3)};
        boolean isShort =
                parts[2] == 0 && parts[3] == 0 && Math.abs(parts[0]) < SHORT_LOW && Math.abs(parts[1]) < SHORT_HIGH;
        BigInteger units = isShort
                ? BigInteger.valueOf((parts[1] << Integer.SIZE) + parts[0])
                : IntStream.range(0, EACH)
                        .mapToObj(i -> BigInteger.valueOf(parts[i]).shiftLeft(i * Integer.SIZE))
                        .reduce(BigInteger.ZERO, BigInteger::add);
        return units.abs().compareTo(TOO_LONG) >= 0
                ? null
                : Decimal.apply(new BigDecimal(units, EXACT.scale()), EXACT.precision(), EXACT.scale());
    }
}
