package io.flagcast.jobs.changes;

import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.allocation.ParameterChange.Origin;
import io.flagcast.jobs.records.DecisionTable;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Refusal;
import io.flagcast.rules.Rule.Mode;
import io.flagcast.rules.RuleDecision.Outcome;
import java.time.Instant;
import java.util.Optional;
import org.apache.spark.sql.Row;

/** Makes the change that a rule in mode propose has asked for. */
public final class ApproveProposal {

    private ApproveProposal() {}

    /**
     * Makes the change of a proposal, once.
     *
     * @param now when, in whole seconds
     * @throws Refusal with exit code 64 where no publication has the decision or it is no proposal, 1 where the parameters
     *     have changed since, 66 without a publication, 75 where another process changed the experiment meanwhile
     */
    public static ExitCode approve(Lake lake, String decisionId, Instant now, Progress progress) {
        Row decision = DecisionTable.history(lake).require(decisionId);
        PersonChange change = PersonChange.of(lake, decision.getAs("experiment_id"));
        if (change.log().has(decisionId)) {
            progress.say("%s is approved already: nothing to do".formatted(decisionId));
            return ExitCode.DONE;
        }
        Cause cause = cause(decision);
        long newest = change.log().newest(change.experimentId()).version();
        if (newest != decision.<Long>getAs("parameters_version")) {
            throw new Refusal(
                    ExitCode.CHECK_FAILED,
                    "%s was computed from parameters version %d of %s, which has version %d by now: wait for the"
                                    .formatted(
                                            decisionId,
                                            decision.<Long>getAs("parameters_version"),
                                            change.experimentId(),
                                            newest)
                            + " proposal of the next run");
        }
        Origin origin = new Origin(
                cause,
                Optional.of(decision.getAs("rule_id")),
                decisionId,
                PersonChange.json(decision.getAs("reason") + "; approved by a person", now));
        return change.make(
                DecisionTable.adjustment(decision),
                origin,
                progress,
                "%s asks for what is in force: nothing to do".formatted(decisionId));
    }

    /**
     * What a proposal is of.
     *
     * @throws Refusal where a decision is no proposal
     */
    static Cause cause(Row decision) {
        String outcome = decision.getAs("outcome");
        boolean recovers = outcome.equals(Outcome.RECOVERED.label());
        if (!decision.getAs("mode").equals(Mode.PROPOSE.label())
                || !(recovers || outcome.equals(Outcome.FIRED.label()))) {
            throw new Refusal(
                    ExitCode.USAGE,
                    "%s is no proposal: rule %s of mode %s, %s. See flagcast rules history"
                            .formatted(
                                    decision.<String>getAs("decision_id"),
                                    decision.getAs("rule_id"),
                                    decision.getAs("mode"),
                                    outcome));
        }
        return recovers ? Cause.RECOVERY : Cause.RULE;
    }
}
