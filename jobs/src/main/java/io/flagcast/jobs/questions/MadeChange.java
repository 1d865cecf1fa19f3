package io.flagcast.jobs.questions;

import io.flagcast.allocation.Cell;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.lake.Lake;
import io.flagcast.report.Report;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import org.apache.spark.sql.Row;

/**
 * A change of an experiment's parameters that was made.
 *
 * @param effectiveAsOf runs with a later as-of use it
 * @param experimentId of which experiment
 * @param cell of which segment or bandit cell
 * @param cause who made it, by label
 * @param share the new one, in [0, 1]
 * @param baseProbability the new one of a bandit cell, in [0, 1]
 * @param why in a sentence
 */
public record MadeChange(
        Instant effectiveAsOf,
        String experimentId,
        Cell cell,
        String cause,
        double share,
        OptionalDouble baseProbability,
        String why) {

    public MadeChange {
        Objects.requireNonNull(effectiveAsOf, "effectiveAsOf");
        Objects.requireNonNull(experimentId, "experimentId");
        Objects.requireNonNull(cell, "cell");
        Objects.requireNonNull(cause, "cause");
        Objects.requireNonNull(baseProbability, "baseProbability");
        Objects.requireNonNull(why, "why");
    }

    /** All that rules, bandit and people have changed, in the order of time. */
    public static List<MadeChange> history(Lake lake) {
        return lake
                .history(Tables.ALLOCATION_PARAMETERS)
                .orderBy("effective_as_of", "experiment_id", "segment", "cell")
                .collectAsList()
                .stream()
                .map(MadeChange::of)
                .toList();
    }

    private static MadeChange of(Row row) {
        Double base = row.getAs("base_probability");
        return new MadeChange(
                Lake.instant(row, "effective_as_of"),
                row.getAs("experiment_id"),
                new Cell(row.getAs("segment"), row.getAs("cell")),
                row.getAs("cause"),
                row.<Double>getAs("share"),
                base == null ? OptionalDouble.empty() : OptionalDouble.of(base),
                Report.why(row));
    }

    /** Whether a rule made it. */
    public boolean isByRule() {
        return cause.equals(Cause.RULE.label());
    }
}
