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
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF7;
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
            .add(TABLE.apply("covariate"))
            .add(TABLE.apply("denominator"))
            .add(TABLE.apply("ratio_covariate"));
    /** Structures of sums that some states have. */
    private static final List<String> OPTIONAL = List.of("covariate", "denominator", "ratio_covariate");

    private static final DecimalType EXACT = (DecimalType) TABLE.apply("sum").dataType();
    private static final BigDecimal ZERO = BigDecimal.ZERO.setScale(EXACT.scale());

    private Sums() {}

    static Row terms(
            long n,
            Double propensity,
            boolean enabled,
            double value,
            Double before,
            Double divisor,
            Double divisorBefore) {
        BigDecimal users = BigDecimal.valueOf(n);
        BigDecimal y = exact(value);
        boolean random = propensity != null && propensity > 0 && propensity < 1;
        BigDecimal w = random ? exact(1 / (enabled ? propensity : 1 - propensity)) : null;
        BigDecimal w2 = times(w, w);
        BigDecimal y2 = times(y, y);
        BigDecimal d = divisor == null ? BigDecimal.ONE : exact(divisor);
        BigDecimal y2ByD = divisor == null ? y2 : over(y2, d);
        Row weighted = random
                ? RowFactory.create(
                        n,
                        times(users, times(w, d)),
                        times(users, times(w2, times(d, d))),
                        times(users, times(w, y)),
                        times(users, times(w, y2ByD)),
                        times(users, times(w2, times(d, y))),
                        times(users, times(w2, y2)))
                : RowFactory.create(0L, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO);
        Row denominator = divisor == null
                ? null
                : RowFactory.create(
                        times(users, d), times(users, times(d, d)), times(users, times(d, y)), times(users, y2ByD));
        return RowFactory.create(
                times(users, y),
                times(users, y2),
                weighted,
                divisor == null ? covariate(users, w, w2, y, before) : null,
                denominator,
                divisorBefore == null || before == null
                        ? null
                        : ratioCovariate(users, w, y, d, exact(before), exact(divisorBefore)));
    }

    private static Row ratioCovariate(
            BigDecimal users, BigDecimal w, BigDecimal y, BigDecimal d, BigDecimal x, BigDecimal u) {
        if (w == null) {
            return RowFactory.create(ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO);
        }
        BigDecimal w2 = times(w, w);
        return RowFactory.create(
                times(users, times(w, x)),
                times(users, times(w, u)),
                times(users, times(w2, times(x, x))),
                times(users, times(w2, times(x, u))),
                times(users, times(w2, times(u, u))),
                times(users, times(w2, times(y, x))),
                times(users, times(w2, times(y, u))),
                times(users, times(w2, times(d, x))),
                times(users, times(w2, times(d, u))));
    }

    /** What a user without a denominator adds to the sum of squared ratios: the ratio of nobody. */
    private static BigDecimal over(BigDecimal square, BigDecimal d) {
        if (square == null || d == null) {
            return null;
        }
        return d.signum() == 0 ? ZERO : fitting(square.divide(d, MathContext.DECIMAL128));
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
     *     {@code y}, and {@code before}; of a ratio with the denominators {@code d} and {@code d_before}
     * @param key what the sums are grouped by
     */
    static Dataset<Row> of(Dataset<Row> counts, Column... key) {
        UDF7<Long, Double, Boolean, Double, Double, Double, Double, Row> terms = Sums::terms;
        Column of = udf(terms, TERMS)
                .apply(col("n"), col("propensity"), col("enabled"), col("y"), col("before"), col("d"), col("d_before"));
        Column[] added = Stream.concat(Arrays.stream(key), Stream.of(col("n"), of.as("terms")))
                .toArray(Column[]::new);
        Column[] parts = Stream.concat(Arrays.stream(key), Stream.of(col("n"), col("terms.*")))
                .toArray(Column[]::new);
        return merge(counts.select(added).select(parts), key);
    }

    /** The columns of states. */
    static Column[] columns() {
        return Stream.of(KEY.stream(), Stream.of("n", "sum", "sum_squares", "weighted"), OPTIONAL.stream())
                .flatMap(names -> names)
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
        return Stream.concat(
                        Stream.of(
                                sum("n").as("n"),
                                exactly("sum").as("sum"),
                                exactly("sum_squares").as("sum_squares"),
                                struct(each("weighted")).as("weighted")),
                        OPTIONAL.stream()
                                .map(name -> when(isComplete(name), struct(each(name)))
                                        .as(name)))
                .toArray(Column[]::new);
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
        Dataset<Row> negated = states.withColumn("n", negate(col("n")))
                .withColumn("sum", negate(col("sum")))
                .withColumn("sum_squares", negate(col("sum_squares")))
                .withColumn("weighted", struct(negatedFields("weighted")));
        for (String name : OPTIONAL) {
            negated = negated.withColumn(name, when(col(name).isNotNull(), struct(negatedFields(name))));
        }
        return negated;
    }

    private static Column[] negatedFields(String structure) {
        return Arrays.stream(fields(structure))
                .map(name -> negate(col(structure + "." + name)).as(name))
                .toArray(Column[]::new);
    }
}
