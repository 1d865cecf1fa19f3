package io.flagcast.report;

import io.flagcast.report.page.Estimate;
import io.flagcast.report.page.Format;
import io.flagcast.report.page.ReportData.Column;
import io.flagcast.rules.Condition.Population;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;

/** Both arms of a part of the users in one window. */
record Arms(Optional<Row> enabled, Optional<Row> control) {

    static Arms of(List<Row> rows) {
        return new Arms(arm(rows, Population.ENABLED), arm(rows, Population.CONTROL));
    }

    private static Optional<Row> arm(List<Row> rows, Population population) {
        return rows.stream()
                .filter(row -> row.getAs("population").equals(population.label()))
                .findFirst();
    }

    static long n(Optional<Row> arm) {
        return arm.map(row -> row.<Long>getAs("n")).orElse(0L);
    }

    long n() {
        return n(enabled) + n(control);
    }

    static Optional<Estimate> value(Optional<Row> arm) {
        return arm.flatMap(row -> Estimate.of(row, "metric_value", "lower", "upper"));
    }

    Optional<Estimate> effect() {
        return enabled.flatMap(row -> Estimate.of(row, "effect", "effect_lower", "effect_upper"));
    }

    /** Whether there is nobody to compare with. */
    boolean isOfOneArm() {
        return n(enabled) == 0 || n(control) == 0;
    }

    /** Whether the arms have users and yet no effect: none of a propensity between 0 and 1 in one of them. */
    boolean isWithoutPropensities() {
        return !isOfOneArm() && effect().isEmpty();
    }

    Optional<Estimate> adjusted() {
        return enabled.flatMap(row -> Estimate.of(row, "adjusted_effect", "adjusted_lower", "adjusted_upper"));
    }

    Optional<Double> effectiveSampleSize() {
        return enabled.flatMap(row -> Estimate.number(row, "effective_sample_size"));
    }

    /** A row of a table with these {@link #columns}. */
    List<?> row(Object... first) {
        return Stream.concat(
                        Stream.of(first),
                        Stream.of(
                                n(),
                                effect(),
                                adjusted(),
                                effectiveSampleSize(),
                                n(enabled),
                                value(enabled),
                                n(control),
                                value(control)))
                .toList();
    }

    static List<Column> columns(Format format, Column... first) {
        return Stream.concat(
                        Stream.of(first),
                        Stream.of(
                                Column.count("n", "n"),
                                new Column("effect", "effect", format.ofDifference()),
                                new Column("adjusted", "adjusted effect", format.ofDifference()),
                                Column.count("ess", "effective n"),
                                Column.count("n_enabled", "n enabled"),
                                new Column("enabled", "enabled", format),
                                Column.count("n_control", "n control"),
                                new Column("control", "control", format)))
                .toList();
    }
}
