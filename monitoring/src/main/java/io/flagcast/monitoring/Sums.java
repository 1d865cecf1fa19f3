package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.bit_or;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.negate;
import static org.apache.spark.sql.functions.sum;

import io.flagcast.features.RowFunction;
import io.flagcast.statistics.Metric;
import io.flagcast.tables.Tables;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.types.StructType;

/**
 * The sums of {@code segment_days}, exact to 15 decimals: parts add up to the whole to the last digit in whatever order,
 * and what was added can be taken away again. A sum beyond 23 digits before the point is absent from then on.
 *
 * <p>While they are added up they are taken apart, see {@link Limbs}.
 */
final class Sums {

    /** What states are grouped by. */
    static final List<String> KEY = Tables.SEGMENT_DAYS.key();

    private static final String USERS = "n";
    private static final String TOGETHER = "_sums";
    private static final List<String> ALL =
            List.of("sum", "sum_squares", "weighted", "covariate", "denominator", "ratio_covariate");
    /** Users of whom the same was counted. */
    private static final StructType COUNTED = StructType.fromDDL(
            "n BIGINT, propensity DOUBLE, enabled BOOLEAN, y DOUBLE, before DOUBLE, d DOUBLE, d_before DOUBLE");

    private static final BigDecimal ZERO = BigDecimal.ZERO.setScale(Limbs.EXACT.scale());

    private final Limbs limbs;

    private Sums(Limbs limbs) {
        this.limbs = limbs;
    }

    /** The sums that the metrics of experiments can have. */
    static Sums of(List<MeasuredExperiment> experiments) {
        return of(
                experiments.stream()
                        .anyMatch(experiment -> experiment.prePeriod().isPresent()),
                experiments.stream()
                        .flatMap(experiment -> experiment.metrics().stream())
                        .anyMatch(metric -> metric.kind() == Metric.Kind.RATIO));
    }

    /** Sums of users with values of a pre-period, with denominators, or without. */
    static Sums of(boolean hasPrePeriod, boolean hasRatio) {
        List<String> absent = new ArrayList<>();
        if (!hasPrePeriod) {
            absent.addAll(List.of("covariate", "ratio_covariate"));
        }
        if (!hasRatio) {
            absent.addAll(List.of("denominator", "ratio_covariate"));
        }
        return new Sums(
                new Limbs(ALL.stream().filter(name -> !absent.contains(name)).toArray(String[]::new)));
    }

    /** The columns of states whose sums are taken apart. */
    Column[] columns() {
        return and(columns(KEY.stream()), and(columns(USERS), columns(limbs.names())));
    }

    /** What users add to the sums, all of {@link #ALL}. */
    static InternalRow terms(
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
        InternalRow weighted = random
                ? row(
                        n,
                        times(users, times(w, d)),
                        times(users, times(w2, times(d, d))),
                        times(users, times(w, y)),
                        times(users, times(w, y2ByD)),
                        times(users, times(w2, times(d, y))),
                        times(users, times(w2, y2)))
                : row(0L, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO);
        InternalRow denominator = divisor == null
                ? null
                : row(times(users, d), times(users, times(d, d)), times(users, times(d, y)), times(users, y2ByD));
        return row(
                times(users, y),
                times(users, y2),
                weighted,
                divisor == null ? covariate(users, w, w2, y, before) : null,
                denominator,
                divisorBefore == null || before == null
                        ? null
                        : ratioCovariate(users, w, y, d, exact(before), exact(divisorBefore)));
    }

    private static InternalRow ratioCovariate(
            BigDecimal users, BigDecimal w, BigDecimal y, BigDecimal d, BigDecimal x, BigDecimal u) {
        if (w == null) {
            return row(ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO);
        }
        BigDecimal w2 = times(w, w);
        return row(
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

    private static InternalRow covariate(BigDecimal users, BigDecimal w, BigDecimal w2, BigDecimal y, Double before) {
        if (before == null) {
            return null;
        }
        if (w == null) {
            return row(ZERO, ZERO, ZERO, ZERO, ZERO, ZERO);
        }
        BigDecimal x = exact(before);
        BigDecimal x2 = times(x, x);
        BigDecimal xy = times(x, y);
        return row(
                times(users, times(w, x)),
                times(users, times(w, x2)),
                times(users, times(w, xy)),
                times(users, times(w2, x)),
                times(users, times(w2, x2)),
                times(users, times(w2, xy)));
    }

    private static InternalRow row(Object... values) {
        for (int i = 0; i < values.length; i++) {
            if (values[i] instanceof BigDecimal sum) {
                values[i] = Decimal.apply(sum, Limbs.EXACT.precision(), Limbs.EXACT.scale());
            }
        }
        return new GenericInternalRow(values);
    }

    private static BigDecimal exact(double value) {
        if (value == 0) {
            return ZERO;
        }
        return Double.isFinite(value) ? fitting(BigDecimal.valueOf(value)) : null;
    }

    private static BigDecimal times(BigDecimal one, BigDecimal other) {
        if (one == null || other == null) {
            return null;
        }
        // Most users did nothing.
        return one.signum() == 0 || other.signum() == 0 ? ZERO : fitting(one.multiply(other));
    }

    private static BigDecimal fitting(BigDecimal value) {
        if (value.precision() - value.scale() > Limbs.EXACT.precision() - Limbs.EXACT.scale()) {
            return null;
        }
        return value.setScale(Limbs.EXACT.scale(), RoundingMode.HALF_EVEN);
    }

    /**
     * The sums of users.
     *
     * @param counts {@code n} users of whom the same was counted: {@code enabled}, with this {@code propensity}, with the value
     *     {@code y}, and {@code before}; of a ratio with the denominators {@code d} and {@code d_before}
     * @return the columns, with the sums, taken apart, in the place of what was counted
     */
    Dataset<Row> of(Dataset<Row> counts) {
        int[] places =
                Arrays.stream(limbs.sums().fieldNames()).mapToInt(ALL::indexOf).toArray();
        Limbs apart = limbs;
        RowFunction.Body terms = row -> {
            InternalRow all = terms(
                    row.getLong(0),
                    number(row, 1),
                    row.getBoolean(2),
                    row.getDouble(3),
                    number(row, 4),
                    number(row, 5),
                    number(row, 6));
            Object[] own = new Object[places.length];
            for (int i = 0; i < own.length; i++) {
                own[i] = all.isNullAt(places[i]) ? null : all.get(places[i], null);
            }
            return apart.of(new GenericInternalRow(own));
        };
        List<String> counted = List.of(COUNTED.fieldNames());
        Column[] kept =
                columns(Arrays.stream(counts.columns()).filter(name -> name.equals(USERS) || !counted.contains(name)));
        return apart(counts, RowFunction.of(COUNTED, limbs.type(), terms, columns(counted.stream())), kept);
    }

    private static Double number(InternalRow row, int place) {
        return row.isNullAt(place) ? null : row.getDouble(place);
    }

    /**
     * States whose sums are taken apart.
     *
     * @param further columns that are kept besides
     */
    Dataset<Row> apart(Dataset<Row> states, Column... further) {
        Column[] kept = and(columns(KEY.stream()), and(columns(USERS), further));
        String[] names = limbs.sums().fieldNames();
        StructType types = states.select(columns(names)).schema();
        return apart(states, RowFunction.of(types, limbs.type(), limbs::of, columns(names)), kept);
    }

    private static Dataset<Row> apart(Dataset<Row> rows, Column limbs, Column... kept) {
        return rows.select(and(kept, limbs.as(TOGETHER)))
                .select(and(new Column[] {col("*")}, col(TOGETHER + ".*")))
                .drop(TOGETHER);
    }

    /** One state per {@link #KEY} from sums that are taken apart; none where nobody is left. */
    Dataset<Row> merge(Dataset<Row> apart) {
        return merge(apart, columns(KEY.stream())).where(col(USERS).notEqual(0));
    }

    /**
     * Adds up sums that are taken apart, and puts them together.
     *
     * @param further aggregates of other columns
     * @return the key, further aggregates, and the columns of states
     */
    Dataset<Row> merge(Dataset<Row> apart, Column[] key, Column... further) {
        String[] names = limbs.names();
        List<Column> added = new ArrayList<>(List.of(further));
        added.add(bit_or(col(names[0])).as(names[0]));
        Arrays.stream(names).skip(1).map(name -> sum(name).as(name)).forEach(added::add);
        return together(apart.groupBy(key).agg(sum(USERS).as(USERS), added.toArray(Column[]::new)));
    }

    private Dataset<Row> together(Dataset<Row> apart) {
        String[] names = limbs.names();
        Column sums = RowFunction.of(limbs.type(), limbs.sums(), limbs::sums, columns(names));
        List<Column> columns = new ArrayList<>(List.of(col("*")));
        for (String name : ALL) {
            columns.add(
                    List.of(limbs.sums().fieldNames()).contains(name)
                            ? col(TOGETHER + "." + name)
                            : lit(null).cast(Limbs.TABLE.apply(name).dataType()).as(name));
        }
        return apart.withColumn(TOGETHER, sums)
                .drop(names)
                .select(columns.toArray(Column[]::new))
                .drop(TOGETHER);
    }

    /** Sums that take away what the given add; both are taken apart. */
    Dataset<Row> negated(Dataset<Row> apart) {
        List<String> added = Stream.concat(
                        Stream.of(USERS), Arrays.stream(limbs.names()).skip(1))
                .toList();
        return apart.select(Arrays.stream(apart.columns())
                .map(name -> added.contains(name) ? negate(col(name)).as(name) : col(name))
                .toArray(Column[]::new));
    }

    private static Column[] columns(String... names) {
        return columns(Arrays.stream(names));
    }

    private static Column[] columns(Stream<String> names) {
        return names.map(functions::col).toArray(Column[]::new);
    }

    private static Column[] and(Column[] columns, Column... further) {
        return Stream.concat(Arrays.stream(columns), Arrays.stream(further)).toArray(Column[]::new);
    }
}
