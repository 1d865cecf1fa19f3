package io.flagcast.jobs.stages.govern;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.Policy;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.checks.HealthChecks;
import io.flagcast.jobs.records.DecisionTable;
import io.flagcast.jobs.records.FindingTable;
import io.flagcast.jobs.records.MeasuredDay;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.jobs.run.Run;
import io.flagcast.jobs.run.StageResult;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.rules.Action;
import io.flagcast.rules.Health;
import io.flagcast.rules.RuleDecision;
import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.checks.Finding;
import io.flagcast.rules.ramps.RampDecision;
import io.flagcast.tables.Ids;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;

/** Stage govern: metrics to rule decisions, bandit steps and alerts, and those to new allocation parameters. */
public final class GovernAllocation {

    private GovernAllocation() {}

    public static StageResult run(Run run) {
        return run.backfill() ? nothing(run) : govern(run);
    }

    /** What is over is not decided anew. */
    private static StageResult nothing(Run run) {
        long written = run.lake().replaceSlice(Tables.RULE_DECISIONS, run.id(), List.of());
        return StageResult.wrote(0, Map.of(Tables.RULE_DECISIONS, written), "a backfill: no rule is evaluated");
    }

    private static StageResult govern(Run run) {
        List<MeasuredDay> days = MeasuredDay.read(run.lake()
                .slice(Tables.SEGMENT_DAYS, run.id().toString())
                .where(col("cell").equalTo("").or(isReward(run.experiments()))));
        ParameterLog log = ParameterTable.read(run.lake());
        DecisionTable earlier = DecisionTable.of(run.lake(), run.earlier());
        List<Finding> findings = FindingTable.read(
                run.lake().slice(Tables.HEALTH_CHECKS, run.id().toString()));

        RaiseRamps ramps = RaiseRamps.of(run, log);

        List<RuleDecision> decisions = new ArrayList<>();
        List<String> notable = new ArrayList<>();
        List<Row> stands = new ArrayList<>();
        for (Experiment experiment : run.experiments()) {
            boolean isActive = experiment.status() == Experiment.Status.ACTIVE;
            Health health = HealthChecks.health(experiment, findings);
            List<RuleDecision> own = experiment.rules().isEmpty() || !isActive
                    ? List.of()
                    : evaluate(experiment, days, log, earlier, health, run);
            decisions.addAll(own);
            own.stream().map(GovernAllocation::line).forEach(line -> line.ifPresent(notable::add));
            List<ParameterChange> changes = new ArrayList<>(ruleChanges(own, log));
            if (isActive) {
                UpdateBandits.update(experiment, days, log.with(changes), health, run.asOf())
                        .ifPresent(update -> {
                            changes.addAll(update.changes());
                            notable.add(update.summary());
                        });
            }
            ramps.decide(experiment, own, health).ifPresent(ramp -> {
                changes.addAll(ramps.changes(ramp, log.with(changes)));
                stands.add(RaiseRamps.row(experiment, ramp));
                if (ramp.outcome() == RampDecision.Outcome.RAISED) {
                    notable.add(experiment.experimentId() + ": " + ramp.sentence());
                }
            });
            ParameterTable.append(
                    run.lake(), experiment.experimentId(), changes, run.id().toString());
        }

        List<AlertChange> alerts = RaiseAlerts.raise(run, findings, days, log, decisions);
        Map<Table, Long> written = new HashMap<>();
        written.put(
                Tables.RULE_DECISIONS,
                run.lake()
                        .replaceSlice(
                                Tables.RULE_DECISIONS,
                                run.id(),
                                DecisionTable.rows(decisions, contentHashes(run.experiments()))));
        // Most lakes have no ramp, and need no commit that says so.
        if (!stands.isEmpty() || run.lake().exists(Tables.RAMPS)) {
            written.put(Tables.RAMPS, run.lake().replaceSlice(Tables.RAMPS, run.id(), stands));
        }
        boolean silent = decisions.stream().allMatch(decision -> line(decision).isEmpty());
        String summary = "%,d rule evaluations%s".formatted(decisions.size(), silent ? ", none fired" : "")
                + (notable.isEmpty() ? "" : "; " + Ids.few(notable, "; "))
                + RaiseAlerts.summary(alerts);
        return StageResult.wrote(days.size(), written, summary);
    }

    /** The days of cells that a bandit learns from. */
    private static Column isReward(List<Experiment> experiments) {
        return experiments.stream()
                .filter(experiment -> experiment.allocation() instanceof Policy.Bandit)
                .map(experiment -> col("experiment_id")
                        .equalTo(experiment.experimentId())
                        .and(col("since_version").equalTo(0))
                        .and(SegmentMetrics.isLearned(col("cell")))
                        .and(col("metric")
                                .equalTo(((Policy.Bandit) experiment.allocation())
                                        .learner()
                                        .reward()
                                        .name())))
                .reduce(Column::or)
                .orElse(lit(false));
    }

    /** Evaluates the rules of an experiment; nothing changes. */
    public static List<RuleDecision> evaluate(
            Experiment experiment,
            List<MeasuredDay> days,
            ParameterLog log,
            DecisionTable earlier,
            Health health,
            Run run) {
        long used = run.parameters(experiment).version();
        long before = log.until(run.asOf()).newest(experiment.experimentId()).version();
        if (before != used) {
            throw new Refusal(
                    ExitCode.TRY_AGAIN,
                    "allocation_parameters: %s got version %d while this run was working with version %d: run it again"
                            .formatted(experiment.experimentId(), before, used));
        }
        return experiment
                .ruleEngine()
                .withCaps(MeasuredDay.caps(experiment, days))
                .evaluate(
                        MeasuredDay.measurements(experiment, days, run.parameters(experiment)),
                        log,
                        earlier.holdingRuns(experiment),
                        health,
                        run.asOf());
    }

    /** The changes of decisions that change the allocation and have not done so before, all of one version. */
    private static List<ParameterChange> ruleChanges(List<RuleDecision> decisions, ParameterLog log) {
        return decisions.stream()
                .filter(RuleDecision::changesAllocation)
                .filter(decision -> !log.has(decision.decisionId()))
                .flatMap(decision -> log
                        .changesTo(
                                decision.experimentId(),
                                decision.adjustment(),
                                decision.asOf(),
                                decision.origin(DecisionTable.json(decision)))
                        .stream())
                .toList();
    }

    /** What a person wants to know at once. */
    private static Optional<String> line(RuleDecision decision) {
        boolean tells = decision.outcome() == RuleDecision.Outcome.FIRED
                || decision.outcome() == RuleDecision.Outcome.RECOVERED;
        String effect = decision.effect().isEmpty() ? decision.rule().then().describe() : decision.effect();
        return tells
                ? Optional.of("%s: %s %s%s, %s"
                        .formatted(
                                decision.experimentId(),
                                decision.rule().ruleId(),
                                decision.outcome().label(),
                                decision.changesAllocation() || decision.rule().then() instanceof Action.Alert
                                        ? ""
                                        : note(decision),
                                effect))
                : Optional.empty();
    }

    private static String note(RuleDecision decision) {
        return switch (decision.rule().mode()) {
            case DRY_RUN -> " (dry run: nothing changed)";
            case PROPOSE -> " (proposed: flagcast approve " + decision.decisionId() + ")";
            case ENFORCE -> "";
        };
    }

    private static Map<String, String> contentHashes(List<Experiment> experiments) {
        return experiments.stream().collect(Collectors.toMap(Experiment::experimentId, Experiment::contentHash));
    }
}
