package io.flagcast.jobs.questions;

import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.jobs.records.DecisionTable;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.lake.Lake;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Row;

/**
 * A decision of a rule and what became of it.
 *
 * @param decision its row of {@code rule_decisions}
 * @param made the changes that it made
 * @param takenBack the first of the changes that took it back; absent where nobody did
 */
public record PastDecision(Row decision, List<ParameterChange> made, Optional<ParameterChange> takenBack) {

    public PastDecision {
        made = List.copyOf(made);
    }

    /**
     * A decision by its id.
     *
     * @throws Refusal where no publication has it
     */
    public static PastDecision of(Lake lake, String decisionId) {
        Row decision = DecisionTable.history(lake).require(decisionId);
        ParameterLog log = ParameterTable.read(lake);
        return new PastDecision(
                decision,
                log.ofDecision(decisionId),
                log.ofDecision(DecisionTable.reverting(decisionId)).stream().findFirst());
    }

    /** What its comparisons read. */
    public List<Row> comparisons() {
        return decision.getList(decision.fieldIndex("comparisons"));
    }
}
