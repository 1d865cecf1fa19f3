package io.flagcast.jobs;

import io.flagcast.rules.Check;
import io.flagcast.rules.Finding;
import io.flagcast.statistics.Interval;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The table {@code health_checks} as {@link Finding}s. */
final class FindingTable {

    private FindingTable() {}

    /** Findings as rows without run and as-of. */
    static List<Row> rows(List<Finding> findings) {
        return findings.stream().map(FindingTable::row).toList();
    }

    /** The findings of a slice. */
    static List<Finding> read(Dataset<Row> slice) {
        return slice.collectAsList().stream().map(FindingTable::finding).toList();
    }

    private static Row row(Finding finding) {
        return RowFactory.create(
                finding.experimentId(),
                finding.check().label(),
                finding.segment(),
                finding.subject(),
                finding.state().label(),
                value(finding.observed()),
                finding.interval().map(Interval::lower).orElse(null),
                finding.interval().map(Interval::upper).orElse(null),
                value(finding.threshold()),
                value(finding.pValue()),
                finding.n(),
                finding.reason(),
                finding.detail().orElse(null));
    }

    private static Double value(OptionalDouble number) {
        return number.isPresent() ? number.getAsDouble() : null;
    }

    private static Finding finding(Row row) {
        Double lower = row.getAs("lower");
        Double upper = row.getAs("upper");
        return new Finding(
                row.getAs("experiment_id"),
                Check.valueOf(row.<String>getAs("check").toUpperCase(Locale.ROOT)),
                row.getAs("segment"),
                row.getAs("subject"),
                Finding.State.valueOf(row.<String>getAs("state").toUpperCase(Locale.ROOT)),
                number(row, "observed"),
                lower == null || upper == null ? Optional.empty() : Optional.of(new Interval(lower, upper)),
                number(row, "threshold"),
                number(row, "p_value"),
                row.<Long>getAs("n"),
                row.getAs("reason"),
                Optional.ofNullable(row.getAs("detail")));
    }

    private static OptionalDouble number(Row row, String column) {
        Double value = row.getAs(column);
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
    }
}
