package io.flagcast.jobs.commands;

import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.allocation.ParameterChange.Origin;
import io.flagcast.jobs.changes.PersonChange;
import io.flagcast.jobs.changes.PersonChange.DryRun;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.records.DecisionTable;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import io.flagcast.rules.Rule.Mode;
import io.flagcast.rules.RuleDecision.Outcome;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.sql.Row;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "approve",
        mixinStandardHelpOptions = true,
        description =
                "Makes the change that a rule in mode propose has asked for. The next run uses it. Refused where the"
                        + " parameters have changed since: a later run proposes anew.")
final class ApproveCommand implements Callable<Integer> {

    private final Clock clock;

    @Parameters(paramLabel = "DECISION", description = "As in flagcast rules history --outcome fired.")
    private String decisionId;

    @Option(names = "--dry-run", description = "Only show what would change.")
    private boolean dryRun;

    @Mixin
    private ConfigurationOptions configuration = new ConfigurationOptions();

    ApproveCommand(Clock clock) {
        this.clock = Objects.requireNonNull(clock, "clock");
    }

    @Override
    public Integer call() {
        try (Session session = Session.open()) {
            Lake lake = new Lake(session.spark(), configuration.lake().root());
            Row decision = RulesCommand.named(DecisionTable.history(lake), decisionId);
            PersonChange change = PersonChange.of(lake, decision.getAs("experiment_id"));
            if (change.log().has(decisionId)) {
                Progress.on(System.err).say("%s is approved already: nothing to do".formatted(decisionId));
                return ExitCode.DONE.code();
            }
            String outcome = decision.getAs("outcome");
            boolean recovers = outcome.equals(Outcome.RECOVERED.label());
            if (!decision.getAs("mode").equals(Mode.PROPOSE.label())
                    || !(recovers || outcome.equals(Outcome.FIRED.label()))) {
                throw new Refusal(
                        ExitCode.USAGE,
                        "%s is no proposal: rule %s of mode %s, %s. See flagcast rules history"
                                .formatted(decisionId, decision.getAs("rule_id"), decision.getAs("mode"), outcome));
            }
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
                    recovers ? Cause.RECOVERY : Cause.RULE,
                    Optional.of(decision.getAs("rule_id")),
                    decisionId,
                    PersonChange.json(
                            decision.getAs("reason") + "; approved by a person",
                            clock.instant().truncatedTo(ChronoUnit.SECONDS)));
            return change.make(
                            DecisionTable.adjustment(decision),
                            origin,
                            DryRun.of(dryRun),
                            Progress.on(System.err),
                            "%s asks for what is in force: nothing to do".formatted(decisionId))
                    .code();
        }
    }
}
