package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.floor;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.unix_micros;

import java.time.Instant;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** How much of an input has arrived, and until when. */
public final class InputStates {

    /** Days before the as-of that are counted one by one: the last, and three weeks to compare it with. */
    public static final int DAYS = 22;

    private static final double MICROS_PER_DAY = 86_400e6;

    private InputStates() {}

    /**
     * Rows per day before the as-of.
     *
     * @param rows valid rows of an input before the as-of
     * @param part what is counted apart, a text; a constant where all rows count together
     * @param time column with the row's time
     * @return {@code part}, {@code day} (0 is the last 24 hours before the as-of, {@link #DAYS}
     *     all that is older), the number of {@code rows} and the times of the {@code oldest} and the {@code newest}
     */
    public static Dataset<Row> perDay(Dataset<Row> rows, Column part, String time, Instant asOf) {
        // The instant one microsecond before the as-of is of day 0, one a day earlier of day 1.
        return rows.withColumn(
                        "day",
                        least(
                                floor(unix_micros(lit(asOf))
                                        .minus(unix_micros(col(time)))
                                        .minus(1)
                                        .divide(MICROS_PER_DAY)),
                                lit((long) DAYS)))
                .groupBy(part.as("part"), col("day"))
                .agg(count(lit(1)).as("rows"), min(time).as("oldest"), max(time).as("newest"));
    }
}
