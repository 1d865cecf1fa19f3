package io.flagcast.features;

import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.fixtures.SharedSpark;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class TimesTest {

    private final SparkSession spark;

    TimesTest(SparkSession spark) {
        this.spark = spark;
    }

    /** Each text and the instant that it says; empty where it says none. */
    private Map<String, Optional<String>> read(List<String> texts) {
        Dataset<Row> rows = spark.createDataset(texts, Encoders.STRING()).toDF("at");
        Map<String, Optional<String>> read = new LinkedHashMap<>();
        rows.select(
                        col("at"),
                        Times.instant(col("at"), rows.schema().apply("at").dataType()))
                .collectAsList()
                .forEach(row -> read.put(
                        row.getString(0),
                        Optional.ofNullable((Timestamp) row.get(1))
                                .map(Timestamp::toInstant)
                                .map(Instant::toString)));
        return read;
    }

    private void assertRead(String instant, String... texts) {
        assertThat(read(List.of(texts)).values()).as(List.of(texts).toString()).allMatch(Optional.of(instant)::equals);
    }

    @Test
    void aDateIsMidnightAndWithoutAnOffsetATimeIsUtc() {
        assertRead("2026-03-06T00:00:00Z", "2026-03-06", "2026-3-6", " 2026-03-06 ");
        assertRead(
                "2026-03-06T10:30:00Z",
                "2026-03-06T10:30:00Z",
                "2026-03-06 10:30:00",
                "2026-03-06T10:30",
                "2026-03-06T12:30:00+02:00",
                "2026-03-06T05:30:00-0500",
                "2026-03-06 11:30:00 Europe/Berlin",
                "2026-03-06 10:30:00.000 UTC");
    }

    @Test
    void theDigitsOfANumberSayItsUnit() {
        assertRead("2026-03-06T10:30:00Z", "1772793000", "1772793000000", "1772793000000000", "1772793000.0");
        assertRead("2026-03-06T10:30:00.250Z", "1772793000.25", "1772793000250", "1772793000250000");
    }

    @Test
    void whatHasNoDateIsNoTime() {
        List<String> none = List.of(
                "12:30:00",
                "T12:30",
                "12:30",
                "2026",
                "2026-03",
                "20260306",
                "0",
                "-1",
                "1772793",
                "now",
                "today",
                "epoch",
                "",
                "23:59:60",
                "2026-03-06T23:59:60Z",
                "2026-03-06T24:00:00Z",
                "2026-02-30",
                "06.03.2026",
                "03/06/2026",
                "177279300000000000",
                "NaN",
                "1e10",
                "2026-03-06 noon");
        assertThat(read(none).values()).as(read(none).toString()).allMatch(Optional::isEmpty);
    }

    @Test
    void whatLiesBefore1970OrAfter9999IsNoTime() {
        List<String> none = List.of("-5000-01-01", "0001-01-01", "1900-01-01", "1969-12-31T23:59:59Z", "12026-03-06");
        assertThat(read(none).values()).as(read(none).toString()).allMatch(Optional::isEmpty);
        assertRead("1970-01-01T00:00:00Z", "1970-01-01");
    }

    @Test
    void numbersAndDatesOfColumnsAreReadAsTheirTextWouldBe() {
        Row row = spark.sql(
                        "SELECT 1772793000 AS whole, 1772793000L AS long, 1.772793E9D AS double, 1772793000000L AS millis,"
                                + " DATE '2026-03-06' AS day, TIMESTAMP_NTZ '2026-03-06 10:30:00' AS local, 20260306 AS compact,"
                                + " TIMESTAMP '1969-12-31 00:00:00' AS early, CAST('NaN' AS DOUBLE) AS nan")
                .select(List.of("whole", "long", "double", "millis", "local", "day", "compact", "early", "nan").stream()
                        .map(name -> Times.instant(
                                col(name),
                                switch (name) {
                                    case "whole", "compact" -> DataTypes.IntegerType;
                                    case "long", "millis" -> DataTypes.LongType;
                                    case "double", "nan" -> DataTypes.DoubleType;
                                    case "day" -> DataTypes.DateType;
                                    case "local" -> DataTypes.TimestampNTZType;
                                    default -> DataTypes.TimestampType;
                                }))
                        .toArray(Column[]::new))
                .head();
        Timestamp expected = Timestamp.from(Instant.parse("2026-03-06T10:30:00Z"));
        for (int i = 0; i < 5; i++) {
            assertThat(row.get(i)).as("column " + i).isEqualTo(expected);
        }
        assertThat(row.get(5)).isEqualTo(Timestamp.from(Instant.parse("2026-03-06T00:00:00Z")));
        assertThat(row.isNullAt(6)).isTrue();
        assertThat(row.isNullAt(7)).isTrue();
        assertThat(row.isNullAt(8)).isTrue();
    }
}
