package io.flagcast.jobs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.flagcast.allocation.Cell;
import io.flagcast.allocation.Policy;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.ParameterLog.Cause;
import io.flagcast.jobs.ParameterLog.Change;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.rules.Observation;
import io.flagcast.rules.Rule.Population;
import io.flagcast.rules.RuleDecision;
import io.flagcast.statistics.Metric;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;

/** Stage govern: metrics to rule decisions and bandit steps, and those to new allocation parameters. */
final class GovernAllocation {

    private GovernAllocation() {}

    static StageResult run(Run run) {
        List<MeasuredSegment> metrics = run
                .lake()
                .slice(Tables.SEGMENT_METRICS, run.id().toString())
                .where(col("window").notEqual(SegmentMetrics.DAY).or(isReward(run.experiments())))
                .collectAsList()
                .stream()
                .map(MeasuredSegment::of)
                .toList();
        ParameterLog log = ParameterLog.read(run.lake());

        List<RuleDecision> decisions = new ArrayList<>();
        List<String> fired = new ArrayList<>();
        List<String> learned = new ArrayList<>();
        for (Experiment experiment : run.experiments()) {
            if (experiment.status() != Experiment.Status.ACTIVE) {
                continue;
            }
            List<RuleDecision> own = evaluate(experiment, metrics, log, run);
            decisions.addAll(own);
            List<Change> rules = ruleChanges(own, log, run);
            Optional<UpdateBandits.Result> bandit =
                    UpdateBandits.update(experiment, metrics, log.with(rules), run.asOf());
            List<Change> changes = new ArrayList<>(rules);
            bandit.ifPresent(update -> {
                changes.addAll(update.changes());
                learned.add(update.summary());
            });
            ParameterLog.append(
                    run.lake(), experiment.experimentId(), changes, run.id().toString());
            own.stream()
                    .filter(decision -> decision.outcome() == RuleDecision.Outcome.FIRED)
                    .forEach(decision -> fired.add("%s: %s fired, share of %s %.0f %% -> %.0f %%"
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
                + (fired.isEmpty() ? ", none fired" : "; " + String.join("; ", fired))
                + (learned.isEmpty() ? "" : "; " + String.join("; ", learned));
        return StageResult.wrote(metrics.size(), Map.of(Tables.RULE_DECISIONS, written), summary);
    }

    /** The days that a bandit learns from. */
    private static Column isReward(List<Experiment> experiments) {
        return experiments.stream()
                .filter(experiment -> experiment.allocation() instanceof Policy.Bandit)
                .map(experiment -> col("experiment_id")
                        .equalTo(experiment.experimentId())
                        .and(col("metric_name")
                                .equalTo(((Policy.Bandit) experiment.allocation())
                                        .learner()
                                        .reward()
                                        .name())))
                .reduce(Column::or)
                .orElse(lit(false));
    }

    private static List<RuleDecision> evaluate(
            Experiment experiment, List<MeasuredSegment> metrics, ParameterLog log, Run run) {
        Map<String, Metric.Kind> kinds = new LinkedHashMap<>();
        experiment.metrics().forEach(metric -> kinds.put(metric.name(), metric.kind()));
        List<Observation> observations = metrics.stream()
                .filter(measured -> measured.experimentId().equals(experiment.experimentId())
                        && measured.window().equals(SegmentMetrics.EVIDENCE)
                        && measured.cell().isWhole()
                        && kinds.containsKey(measured.metric()))
                .map(measured -> new Observation(
                        measured.cell().segment(),
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
                        Cell.whole(decision.rule().when().segment()),
                        decision.shareAfter(),
                        OptionalDouble.empty(),
                        Optional.empty(),
                        run.asOf(),
                        Cause.RULE,
                        decision.decisionId(),
                        json(decision)))
                .toList();
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

    private static Row row(RuleDecision decision, List<MeasuredSegment> metrics) {
        Instant evidenceStart = metrics.stream()
                .filter(measured -> measured.experimentId().equals(decision.experimentId())
                        && measured.cell()
                                .equals(Cell.whole(decision.rule().when().segment()))
                        && measured.population()
                                .equals(decision.rule().when().population().label())
                        && measured.metric().equals(decision.rule().when().metric())
                        && measured.window().equals(SegmentMetrics.EVIDENCE))
                .map(MeasuredSegment::windowStart)
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
