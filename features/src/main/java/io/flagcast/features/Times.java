package io.flagcast.features;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.length;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.regexp_extract;
import static org.apache.spark.sql.functions.timestamp_micros;
import static org.apache.spark.sql.functions.trim;
import static org.apache.spark.sql.functions.when;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.FractionalType;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StringType;

/**
 * Values that say when something happened, as instants. Each has one answer, on every day:
 *
 * <ul>
 *   <li>a date, with {@code T} or a space and a time of day where there is one: midnight where there is none; UTC where no
 *       offset or zone follows. Years have four digits;
 *   <li>a number of ten digits: seconds since 1970; of 13: milliseconds; of 16: microseconds, as they have from 2001 to
 *       2286; with or without a fraction;
 *   <li>a type of date or time: what it is, in UTC where it has no zone.
 * </ul>
 *
 * Everything else, as a time of day without a date or a year alone, is none; nor is what lies before 1970 or after 9999.
 */
final class Times {

    /** A date and what may follow it. */
    private static final String DATED = "^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([T ].+)?$";
    /** A number without a sign; its first group has the digits before the point. */
    private static final String NUMBER = "^([0-9]{10}|[0-9]{13}|[0-9]{16})(\\.[0-9]*)?$";

    private static final DecimalType EXACT = DataTypes.createDecimalType(38, 6);

    private Times() {}

    static boolean isReadable(DataType type) {
        return type instanceof StringType
                || type instanceof NumericType
                || type.typeName().matches("timestamp|timestamp_ntz|date");
    }

    /** A value as an instant; NULL where it is none. */
    static Column instant(Column value, DataType type) {
        Column instant = type instanceof StringType || type instanceof NumericType
                ? written(text(value, type))
                : value.try_cast(DataTypes.TimestampType);
        return when(
                instant.between(
                        lit("1970-01-01").cast("timestamp"),
                        lit("9999-12-31 23:59:59.999999").cast("timestamp")),
                instant);
    }

    private static Column text(Column value, DataType type) {
        // A double of seconds has an exponent as text.
        return type instanceof FractionalType
                ? value.try_cast(EXACT).cast(DataTypes.StringType)
                : trim(value.cast(DataTypes.StringType));
    }

    private static Column written(Column text) {
        Column digits = length(regexp_extract(text, NUMBER, 1));
        Column number = text.try_cast(EXACT);
        Column micros = when(digits.equalTo(10), number.multiply(lit(1_000_000)))
                .when(digits.equalTo(13), number.multiply(lit(1_000)))
                .when(digits.equalTo(16), number);
        return coalesce(
                when(text.rlike(DATED), text.try_cast(DataTypes.TimestampType)),
                timestamp_micros(micros.try_cast(DataTypes.LongType)));
    }
}
