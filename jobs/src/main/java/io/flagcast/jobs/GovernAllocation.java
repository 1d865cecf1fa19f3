package io.flagcast.jobs;

import static org.apache.spark.sql.functions.col;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.ThompsonSampling;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.ParameterLog.Cause;
import io.flagcast.jobs.ParameterLog.Change;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.rules.Observation;
import io.flagcast.rules.Rule.Population;
import io.flagcast.rules.RuleDecision;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;

/** Stage govern: metrics to rule decisions and bandit steps, and those to new allocation parameters. */
final class GovernAllocation {

    private GovernAllocation() {}

    static StageResult run(Run run) {
        List<Measured> metrics = run
                .lake()
                .slice(Tables.SEGMENT_METRICS, run.id().toString())
                .where(col("window").notEqual(SegmentMetrics.DAY))
                .collectAsList()
                .stream()
                .map(Measured::of)
                .toList();
        ParameterLog log = ParameterLog.read(run.lake());

        List<RuleDecision> decisions = new ArrayList<>();
        List<String> said = new ArrayList<>();
        for (Experiment experiment : run.experiments()) {
            if (experiment.status() != Experiment.Status.ACTIVE) {
                continue;
            }
            List<RuleDecision> own = evaluate(experiment, metrics, log, run);
            decisions.addAll(own);
            List<Change> rules = ruleChanges(own, log, run);
            List<Change> changes = new ArrayList<>(rules);
            changes.addAll(banditChanges(experiment, metrics, log.with(rules), run));
            append(experiment, changes, log, run);
            own.stream()
                    .filter(decision -> decision.outcome() == RuleDecision.Outcome.FIRED)
                    .forEach(decision -> said.add("%s: %s fired, share of %s %.0f %% -> %.0f %%"
                            .formatted(
                                    experiment.experimentId(),
                                    decision.rule().ruleId(),
                                    decision.rule().when().segment(),
                                    100 * decision.shareBefore(),
                                    100 * decision.shareAfter())));
        }

        Dataset<Row> rows = run.lake()
                .spark()
                .createDataFrame(
                        decisions.stream()
                                .map(decision -> row(decision, metrics))
                                .toList(),
                        schema());
        long written = run.lake().replaceSlice(Tables.RULE_DECISIONS, run.id(), rows);
        String summary = "%,d rule evaluations".formatted(written)
                + (said.isEmpty() ? ", none fired" : "; " + String.join("; ", said));
        return StageResult.wrote(metrics.size(), Map.of(Tables.RULE_DECISIONS, written), summary);
    }

    /** A row of {@code segment_metrics} as rules and bandit read it. */
    private record Measured(
            String experimentId,
            String segment,
            String population,
            String metric,
            String window,
            Instant windowStart,
            Moments values) {

        static Measured of(Row row) {
            return new Measured(
                    row.getAs("experiment_id"),
                    row.getAs("user_segment"),
                    row.getAs("population"),
                    row.getAs("metric_name"),
                    row.getAs("window"),
                    io.flagcast.jobs.lake.Lake.instant(row, "window_start"),
                    Moments.ofSums(row.<Long>getAs("n"), row.<Double>getAs("sum"), row.<Double>getAs("sum_squares")));
        }
    }

    private static List<RuleDecision> evaluate(
            Experiment experiment, List<Measured> metrics, ParameterLog log, Run run) {
        Map<String, Metric.Kind> kinds = new LinkedHashMap<>();
        experiment.metrics().forEach(metric -> kinds.put(metric.name(), metric.kind()));
        List<Observation> observations = metrics.stream()
                .filter(measured -> measured.experimentId().equals(experiment.experimentId())
                        && measured.window().equals(SegmentMetrics.EVIDENCE)
                        && kinds.containsKey(measured.metric()))
                .map(measured -> new Observation(
                        measured.segment(),
                        Population.valueOf(measured.population().toUpperCase(Locale.ROOT)),
                        measured.metric(),
                        kinds.get(measured.metric()),
                        measured.values()))
                .toList();
        return experiment
                .ruleEngine()
                .evaluate(run.parameters(experiment), observations, log.firings(experiment.experimentId()), run.asOf());
    }

    private static List<Change> ruleChanges(List<RuleDecision> decisions, ParameterLog log, Run run) {
        return decisions.stream()
                .filter(RuleDecision::changesShare)
                .filter(decision -> !log.has(decision.decisionId()))
                .map(decision -> new Change(
                        decision.experimentId(),
                        log.nextVersion(decision.experimentId()),
                        decision.rule().when().segment(),
                        decision.shareAfter(),
                        OptionalDouble.empty(),
                        run.asOf(),
                        Cause.RULE,
                        decision.decisionId(),
                        json(decision)))
                .toList();
    }

    private static List<Change> banditChanges(
            Experiment experiment, List<Measured> metrics, ParameterLog log, Run run) {
        String decisionId = "bandit-" + experiment.experimentId() + "-" + run.asOf();
        if (!(experiment.allocation() instanceof Policy.Bandit bandit) || log.has(decisionId)) {
            return List.of();
        }
        AllocationParameters parameters = run.parameters(experiment);
        // A bandit never moves a share: it keeps the one that a rule of this very run may have set.
        AllocationParameters newest =
                log.before(Instant.MAX).getOrDefault(experiment.experimentId(), AllocationParameters.INITIAL);
        List<Change> changes = new ArrayList<>();
        for (String segment : experiment.segments().names()) {
            Moments enabled = rewards(experiment, segment, Population.ENABLED, metrics);
            Moments control = rewards(experiment, segment, Population.CONTROL, metrics);
            double current = parameters.baseProbability(segment).orElse(ThompsonSampling.START);
            double next = bandit.learner().next(current, enabled, control);
            if (next != current) {
                changes.add(new Change(
                        experiment.experimentId(),
                        log.nextVersion(experiment.experimentId()),
                        segment,
                        newest.share(segment),
                        OptionalDouble.of(next),
                        run.asOf(),
                        Cause.BANDIT,
                        decisionId,
                        json(enabled, control, current, next)));
            }
        }
        return changes;
    }

    private static Moments rewards(
            Experiment experiment, String segment, Population population, List<Measured> metrics) {
        return metrics.stream()
                .filter(measured -> measured.experimentId().equals(experiment.experimentId())
                        && measured.segment().equals(segment)
                        && measured.population().equals(population.label())
                        && measured.window().equals(SegmentMetrics.TOTAL)
                        && Objects.equals(measured.metric(), experiment.reward().orElse("")))
                .map(Measured::values)
                .findFirst()
                .orElse(Moments.EMPTY);
    }

    /** Decision and change are one row, all changes of an experiment one commit. */
    private static void append(Experiment experiment, List<Change> changes, ParameterLog log, Run run) {
        if (changes.isEmpty()) {
            return;
        }
        List<Row> rows = changes.stream().map(change -> change.toRow(run.id())).toList();
        boolean ours = run.lake()
                .appendOnce(
                        Tables.ALLOCATION_PARAMETERS,
                        rows,
                        "flagcast-parameters-" + experiment.experimentId(),
                        log.nextVersion(experiment.experimentId()));
        if (!ours) {
            throw new Refusal(
                    ExitCode.TRY_AGAIN,
                    "allocation_parameters: another process changed experiment %s meanwhile: run it again"
                            .formatted(experiment.experimentId()));
        }
    }

    private static String json(RuleDecision decision) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("rule_id", decision.rule().ruleId());
        fields.put("description", decision.rule().description());
        fields.put("segment", decision.rule().when().segment());
        fields.put("metric", decision.rule().when().metric());
        fields.put("level", decision.rule().when().level());
        fields.put("observed", decision.observed().orElse(0));
        fields.put("bound", decision.bound().orElse(0));
        fields.put("n", decision.n());
        fields.put("share_before", decision.shareBefore());
        fields.put("share_after", decision.shareAfter());
        fields.put("parameters_version", decision.parametersVersion());
        fields.put("as_of", decision.asOf().toString());
        fields.put("reason", decision.reason());
        return write(fields);
    }

    private static String json(Moments enabled, Moments control, double before, double after) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("enabled_users", enabled.n());
        fields.put("enabled_rewards", enabled.sum());
        fields.put("control_users", control.n());
        fields.put("control_rewards", control.sum());
        fields.put("probability_better", ThompsonSampling.probabilityBetter(enabled, control));
        fields.put("base_probability_before", before);
        fields.put("base_probability_after", after);
        return write(fields);
    }

    private static String write(Map<String, Object> fields) {
        try {
            return ParameterLog.JSON.writeValueAsString(fields);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a map of strings and numbers is always writable", e);
        }
    }

    private static StructType schema() {
        return StructType.fromDDL("decision_id STRING, experiment_id STRING, rule_id STRING, segment STRING,"
                + " outcome STRING, mode STRING, observed DOUBLE, bound DOUBLE, threshold DOUBLE, n BIGINT,"
                + " share_before DOUBLE, share_after DOUBLE, parameters_version BIGINT, evidence_start TIMESTAMP,"
                + " reason STRING");
    }

    private static Row row(RuleDecision decision, List<Measured> metrics) {
        Instant evidenceStart = metrics.stream()
                .filter(measured -> measured.experimentId().equals(decision.experimentId())
                        && measured.segment().equals(decision.rule().when().segment())
                        && measured.population()
                                .equals(decision.rule().when().population().label())
                        && measured.metric().equals(decision.rule().when().metric())
                        && measured.window().equals(SegmentMetrics.EVIDENCE))
                .map(Measured::windowStart)
                .findFirst()
                .orElse(decision.asOf());
        return RowFactory.create(
                decision.decisionId(),
                decision.experimentId(),
                decision.rule().ruleId(),
                decision.rule().when().segment(),
                decision.outcome().label(),
                decision.rule().mode().label(),
                decision.observed().isPresent() ? decision.observed().getAsDouble() : null,
                decision.bound().isPresent() ? decision.bound().getAsDouble() : null,
                decision.rule().when().level(),
                decision.n(),
                decision.shareBefore(),
                decision.shareAfter(),
                decision.parametersVersion(),
                evidenceStart,
                decision.reason());
    }
}
