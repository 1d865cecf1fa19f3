package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.negate;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.try_sum;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.flagcast.tables.Tables;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF5;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.StructType;

/**
 * The sums of {@code segment_days}, exact to 15 decimals: parts add up to the whole to the last digit in whatever order,
 * and what was added can be taken away again. A sum beyond 23 digits before the point is absent from then on.
 */
final class Sums {

    /** What states are grouped by. */
    static final List<String> KEY = Tables.SEGMENT_DAYS.key();

    private static final StructType TABLE = StructType.fromDDL(Tables.SEGMENT_METRICS.schema());
    private static final StructType TERMS = new StructType()
            .add(TABLE.apply("sum"))
            .add(TABLE.apply("sum_squares"))
            .add(TABLE.apply("weighted"))
            .add(TABLE.apply("covariate"));
    private static final DecimalType EXACT = (DecimalType) TABLE.apply("sum").dataType();
    private static final BigDecimal ZERO = BigDecimal.ZERO.setScale(EXACT.scale());

    private Sums() {}

    static Row terms(long n, Double propensity, boolean enabled, double value, Double before) {
        BigDecimal users = BigDecimal.valueOf(n);
        BigDecimal y = exact(value);
        boolean random = propensity != null && propensity > 0 && propensity < 1;
        BigDecimal w = random ? exact(1 / (enabled ? propensity : 1 - propensity)) : null;
        BigDecimal w2 = times(w, w);
        BigDecimal y2 = times(y, y);
        Row weighted = random
                ? RowFactory.create(
                        n,
                        times(users, w),
                        times(users, w2),
                        times(users, times(w, y)),
                        times(users, times(w, y2)),
                        times(users, times(w2, y)),
                        times(users, times(w2, y2)))
                : RowFactory.create(0L, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO);
        return RowFactory.create(times(users, y), times(users, y2), weighted, covariate(users, w, w2, y, before));
    }

    private static Row covariate(BigDecimal users, BigDecimal w, BigDecimal w2, BigDecimal y, Double before) {
        if (before == null) {
            return null;
        }
        if (w == null) {
            return RowFactory.create(ZERO, ZERO, ZERO, ZERO, ZERO, ZERO);
        }
        BigDecimal x = exact(before);
        BigDecimal x2 = times(x, x);
        BigDecimal xy = times(x, y);
        return RowFactory.create(
                times(users, times(w, x)),
                times(users, times(w, x2)),
                times(users, times(w, xy)),
                times(users, times(w2, x)),
                times(users, times(w2, x2)),
                times(users, times(w2, xy)));
    }

    private static BigDecimal exact(double value) {
        return Double.isFinite(value) ? fitting(BigDecimal.valueOf(value)) : null;
    }

    private static BigDecimal times(BigDecimal one, BigDecimal other) {
        return one == null || other == null ? null : fitting(one.multiply(other));
    }

    private static BigDecimal fitting(BigDecimal value) {
        if (value.precision() - value.scale() > EXACT.precision() - EXACT.scale()) {
            return null;
        }
        return value.setScale(EXACT.scale(), RoundingMode.HALF_EVEN);
    }

    /**
     * The sums of users.
     *
     * @param counts {@code n} users of whom the same was counted: {@code enabled}, with this {@code propensity}, with the value
     *     {@code y}, and {@code before}
     * @param key what the sums are grouped by
     */
    static Dataset<Row> of(Dataset<Row> counts, Column... key) {
        UDF5<Long, Double, Boolean, Double, Double, Row> terms = Sums::terms;
        Column of = udf(terms, TERMS).apply(col("n"), col("propensity"), col("enabled"), col("y"), col("before"));
        Column[] added = Stream.concat(Arrays.stream(key), Stream.of(col("n"), of.as("terms")))
                .toArray(Column[]::new);
        Column[] parts = Stream.concat(Arrays.stream(key), Stream.of(col("n"), col("terms.*")))
                .toArray(Column[]::new);
        return merge(counts.select(added).select(parts), key);
    }

    /** The columns of states. */
    static Column[] columns() {
        return Stream.concat(KEY.stream(), Stream.of("n", "sum", "sum_squares", "weighted", "covariate"))
                .map(functions::col)
                .toArray(Column[]::new);
    }

    /** One state per {@link #KEY}; none where nobody is left. */
    static Dataset<Row> merge(Dataset<Row> states) {
        return merge(states, KEY.stream().map(functions::col).toArray(Column[]::new))
                .where(col("n").notEqual(0));
    }

    private static Dataset<Row> merge(Dataset<Row> states, Column... key) {
        Column[] merged = merged();
        return states.groupBy(key).agg(merged[0], Arrays.copyOfRange(merged, 1, merged.length));
    }

    /** Aggregates of states that are states again. */
    static Column[] merged() {
        return new Column[] {
            sum("n").as("n"),
            exactly("sum").as("sum"),
            exactly("sum_squares").as("sum_squares"),
            struct(each("weighted")).as("weighted"),
            when(isComplete("covariate"), struct(each("covariate"))).as("covariate")
        };
    }

    private static Column[] each(String structure) {
        return Arrays.stream(fields(structure))
                .map(name -> (name.equals("n") ? sum(structure + ".n") : exactly(structure + "." + name)).as(name))
                .toArray(Column[]::new);
    }

    private static String[] fields(String structure) {
        return ((StructType) TABLE.apply(structure).dataType()).fieldNames();
    }

    private static Column exactly(String name) {
        return when(isComplete(name), try_sum(col(name)));
    }

    private static Column isComplete(String name) {
        return count(col(name)).equalTo(count(lit(1)));
    }

    /** States that take away what the given add. */
    static Dataset<Row> negated(Dataset<Row> states) {
        return states.withColumn("n", negate(col("n")))
                .withColumn("sum", negate(col("sum")))
                .withColumn("sum_squares", negate(col("sum_squares")))
                .withColumn("weighted", struct(negatedFields("weighted")))
                .withColumn("covariate", when(col("covariate").isNotNull(), struct(negatedFields("covariate"))));
    }

    private static Column[] negatedFields(String structure) {
        return Arrays.stream(fields(structure))
                .map(name -> negate(col(structure + "." + name)).as(name))
                .toArray(Column[]::new);
    }
}
