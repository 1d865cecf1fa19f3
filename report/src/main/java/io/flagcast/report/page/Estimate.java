package io.flagcast.report.page;

import io.flagcast.statistics.Interval;
import java.util.Objects;
import java.util.Optional;
import org.apache.spark.sql.Row;

/**
 * A value with what is known of its error, in one cell of a table.
 *
 * @param value the value, finite
 * @param interval absent where the table says none
 */
public record Estimate(double value, Optional<Interval> interval) {

    public Estimate {
        Objects.requireNonNull(interval, "interval");
    }

    public static Estimate of(double value, Interval interval) {
        return new Estimate(value, Optional.of(interval));
    }

    /** What three columns of a row say; absent where the value is. */
    public static Optional<Estimate> of(Row row, String value, String lower, String upper) {
        return number(row, value)
                .map(estimate -> new Estimate(
                        estimate,
                        number(row, lower).flatMap(from -> number(row, upper).map(to -> new Interval(from, to)))));
    }

    /** A column that may be null. */
    public static Optional<Double> number(Row row, String column) {
        return Optional.<Double>ofNullable(row.getAs(column)).filter(Double::isFinite);
    }
}
