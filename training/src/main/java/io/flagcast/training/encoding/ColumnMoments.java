package io.flagcast.training.encoding;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udaf;

import io.flagcast.features.BytesAggregator;
import io.flagcast.features.RowFunction;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Moments of columns, all in one pass: of values that are finite, and of the logarithm of one more than each, those below 0 taken
 * for 0. An aggregate of Spark's for each moment of each column made plans that took seconds to compile or to interpret.
 *
 * <p>By the pairwise updates of orders 2 and 3 of P. Pébay, "Formulas for Robust, One-Pass Parallel Computation of Covariances and
 * Arbitrary-Order Statistical Moments", SAND2008-6212.
 *
 * @param n values that are present
 * @param low the smallest, and {@code high} the largest
 * @param m2 sum of squared differences from the mean, {@code m3} of cubed ones
 * @param logMean mean of the logarithms, {@code logM2} the sum of their squared differences from it
 */
record ColumnMoments(
        double n, double low, double high, double mean, double m2, double m3, double logMean, double logM2) {

    private static final int EACH = 8;
    private static final int BYTES = EACH * Double.BYTES;

    /** The moments of columns of type double, in their order. */
    static List<ColumnMoments> of(Dataset<Row> rows, Collection<Column> columns) {
        int count = columns.size();
        StructType values = new StructType();
        for (int i = 0; i < count; i++) {
            values = values.add("_" + i, DataTypes.DoubleType);
        }
        RowFunction.Body packed = row -> {
            ByteBuffer bytes = ByteBuffer.allocate(Double.BYTES * count);
            for (int i = 0; i < count; i++) {
                bytes.putDouble(row.isNullAt(i) ? Double.NaN : row.getDouble(i));
            }
            return bytes.array();
        };
        Column each = RowFunction.of(values, DataTypes.BinaryType, packed, columns.toArray(Column[]::new));
        byte[] moments = rows.select(each.as("values"))
                .agg(udaf(new Gathering(count), Encoders.BINARY()).apply(col("values")))
                .head()
                .getAs(0);
        ByteBuffer bytes = ByteBuffer.wrap(moments);
        return IntStream.range(0, count).mapToObj(i -> read(bytes, BYTES * i)).toList();
    }

    /** The skewness of the values; 0 where they do not differ. */
    double skewness() {
        return m2 == 0 ? 0 : Math.sqrt(n) * m3 / Math.sqrt(m2 * m2 * m2);
    }

    double deviation() {
        return Math.sqrt(m2 / n);
    }

    double logDeviation() {
        return Math.sqrt(logM2 / n);
    }

    private static ColumnMoments read(ByteBuffer bytes, int at) {
        double[] moments = new double[EACH];
        bytes.asDoubleBuffer().get(at / Double.BYTES, moments);
        return new ColumnMoments(
                moments[0], moments[1], moments[2], moments[3], moments[4], moments[5], moments[6], moments[7]);
    }

    private void write(ByteBuffer bytes, int at) {
        bytes.asDoubleBuffer().put(at / Double.BYTES, new double[] {n, low, high, mean, m2, m3, logMean, logM2});
    }

    private ColumnMoments plus(double value) {
        double logarithm = StrictMath.log1p(Math.max(value, 0));
        return plus(new ColumnMoments(1, value, value, value, 0, 0, logarithm, 0));
    }

    private ColumnMoments plus(ColumnMoments other) {
        if (n == 0 || other.n == 0) {
            return n == 0 ? other : this;
        }
        double all = n + other.n;
        double delta = other.mean - mean;
        double part = delta / all;
        double logDelta = other.logMean - logMean;
        double logPart = logDelta / all;
        double both = n * other.n;
        return new ColumnMoments(
                all,
                Math.min(low, other.low),
                Math.max(high, other.high),
                mean + part * other.n,
                m2 + other.m2 + delta * part * both,
                m3 + other.m3 + delta * part * part * both * (n - other.n) + 3 * part * (n * other.m2 - other.n * m2),
                logMean + logPart * other.n,
                logM2 + other.logM2 + logDelta * logPart * both);
    }

    /** Gathers the moments of columns, one behind the other as bytes, from values as bytes; one that is not finite is missing. */
    private static final class Gathering extends BytesAggregator<byte[]> {

        private static final long serialVersionUID = 1;

        private final int columns;

        private Gathering(int columns) {
            this.columns = columns;
        }

        @Override
        public byte[] zero() {
            return new byte[BYTES * columns];
        }

        @Override
        public byte[] reduce(byte[] moments, byte[] values) {
            ByteBuffer bytes = ByteBuffer.wrap(moments);
            ByteBuffer row = ByteBuffer.wrap(values);
            for (int i = 0; i < columns; i++) {
                double value = row.getDouble();
                if (Double.isFinite(value)) {
                    read(bytes, BYTES * i).plus(value).write(bytes, BYTES * i);
                }
            }
            return moments;
        }

        @Override
        public byte[] merge(byte[] moments, byte[] others) {
            ByteBuffer bytes = ByteBuffer.wrap(moments);
            ByteBuffer other = ByteBuffer.wrap(others);
            for (int at = 0; at < moments.length; at += BYTES) {
                read(bytes, at).plus(read(other, at)).write(bytes, at);
            }
            return moments;
        }
    }
}
