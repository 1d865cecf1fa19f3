package io.flagcast.jobs.stages.govern;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count_distinct;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.when;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.ramp.Level;
import io.flagcast.allocation.ramp.Ramp;
import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.Experiment.Status;
import io.flagcast.features.ExposureAttribution;
import io.flagcast.jobs.records.DecisionTable;
import io.flagcast.jobs.run.Run;
import io.flagcast.lake.Json;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.RunId;
import io.flagcast.rules.Health;
import io.flagcast.rules.Rule;
import io.flagcast.rules.RuleDecision;
import io.flagcast.rules.ramps.RampDecision;
import io.flagcast.rules.ramps.RampRound;
import io.flagcast.rules.ramps.RampRound.Firing;
import io.flagcast.tables.Tables;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * Where the ramps of all experiments stand, and which take their next step.
 *
 * @param run the run
 * @param log all changes of parameters
 * @param users per experiment those who have met it with the feature since the step of its ramp began
 * @param fired decisions of earlier runs by which a rule fired
 */
record RaiseRamps(Run run, ParameterLog log, Map<String, Long> users, DecisionTable fired) {

    /** Looks at what the ramps of a run wait for. */
    static RaiseRamps of(Run run, ParameterLog log) {
        return new RaiseRamps(run, log, users(run), fired(run));
    }

    private static Map<String, Long> users(Run run) {
        Map<String, Long> users = new TreeMap<>();
        run.experiments().stream()
                .flatMap(experiment -> ofTheStep(experiment, run).stream())
                .reduce(Column::or)
                .ifPresent(counted -> run.lake()
                        .slice(Tables.FIRST_EXPOSURES, run.id().toString())
                        .where(col("enabled").and(counted))
                        .groupBy("experiment_id")
                        .agg(count_distinct(col("user_id")))
                        .collectAsList()
                        .forEach(row -> users.put(row.getString(0), row.getLong(1))));
        return users;
    }

    /**
     * Exposures that the step in force has decided, by their run or, where none is logged, by their time; absent where the ramp
     * has no gate, or no run has been published yet that decided by the step.
     */
    private static Optional<Column> ofTheStep(Experiment experiment, Run run) {
        return firstRun(run, run.parameters(experiment))
                .filter(first -> experiment.allocation().ramp().isGated())
                .map(first -> col("experiment_id")
                        .equalTo(experiment.experimentId())
                        .and(not(coalesce(col("reason").equalTo(ExposureAttribution.ELSEWHERE), lit(false))))
                        .and(when(
                                        col("decided_by").equalTo(""),
                                        col("exposed_at").geq(lit(first.publishedAt())))
                                // The text of a run id begins with its as-of.
                                .otherwise(col("decided_by")
                                        .geq(new RunId(first.asOf(), 1)
                                                .toString()
                                                .split("-", 2)[0]))));
    }

    /** The first publication that decided by the step in force. */
    private static Optional<Publication> firstRun(Run run, AllocationParameters parameters) {
        return RampRound.firstRun(parameters).stream()
                .flatMap(first -> Publication.ofRuns(run.publications()).stream()
                        .filter(publication -> !publication.asOf().isBefore(first)))
                .min(Comparator.comparing(Publication::asOf).thenComparing(Publication::publishedAt));
    }

    private static DecisionTable fired(Run run) {
        return run.experiments().stream()
                .map(experiment -> experiment.allocation().ramp())
                .filter(Ramp::isGated)
                .flatMap(ramp -> ramp.steps().stream())
                .map(step -> step.until().quiet())
                .max(Comparator.naturalOrder())
                .filter(longest -> longest.compareTo(Duration.ZERO) > 0)
                .map(longest -> DecisionTable.firedSince(run.lake(), run.asOf().minus(longest)))
                .orElse(new DecisionTable(List.of()));
    }

    /**
     * Decides about the ramp of an experiment; absent where it has none.
     *
     * @param decisions of its rules at this as-of
     */
    Optional<RampDecision> decide(Experiment experiment, List<RuleDecision> decisions, Health health) {
        AllocationParameters parameters = run.parameters(experiment);
        return RampDecision.of(new RampRound(
                experiment.experimentId(),
                experiment.allocation(),
                experiment.status() == Status.ACTIVE ? parameters.activity() : Activity.INACTIVE,
                log,
                parameters,
                firstRun(run, parameters).map(Publication::asOf).orElse(run.asOf()),
                users.getOrDefault(experiment.experimentId(), 0L),
                lastFiring(experiment, decisions),
                health,
                run.asOf()));
    }

    /** Of a rule whose firing says that something is wrong, also one that is in the file no more. */
    private Optional<Firing> lastFiring(Experiment experiment, List<RuleDecision> decisions) {
        Set<String> glad = experiment.rules().stream()
                .filter(rule -> !rule.then().isWarning())
                .map(Rule::ruleId)
                .collect(Collectors.toSet());
        Stream<Firing> earlier = fired.rows().stream()
                .filter(row -> row.getAs("experiment_id").equals(experiment.experimentId()))
                .map(row -> new Firing(row.getAs("rule_id"), Lake.instant(row, "as_of")));
        Stream<Firing> now = decisions.stream()
                .filter(decision -> decision.outcome() == RuleDecision.Outcome.FIRED)
                .map(decision -> new Firing(decision.rule().ruleId(), decision.asOf()));
        return Stream.concat(earlier, now)
                .filter(firing -> !glad.contains(firing.ruleId()))
                .max(Comparator.comparing(Firing::asOf).thenComparing(Firing::ruleId));
    }

    /** What a decision changes, in the order of its versions. */
    List<ParameterChange> changes(RampDecision decision, ParameterLog withRules) {
        return decision.changes(withRules, run.asOf(), reason -> json(decision, reason));
    }

    private String json(RampDecision decision, String reason) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("outcome", decision.outcome().label());
        decision.level().ifPresent(level -> {
            fields.put("ramp_of", level.unit().label());
            fields.put("ramp_to", level.value());
        });
        decision.next().ifPresent(next -> fields.put("next", next.value()));
        fields.put("step", decision.step());
        fields.put("steps", decision.steps());
        fields.put("users", decision.users());
        fields.put("min_users", decision.minUsers());
        fields.put("as_of", run.asOf().toString());
        fields.put("reason", reason);
        return Json.write(fields);
    }

    /** A row of table {@code ramps}, without run and as-of. */
    static Row row(Experiment experiment, RampDecision decision) {
        return RowFactory.create(
                decision.experimentId(),
                decision.outcome().label(),
                experiment.allocation().ramp().unit().label(),
                decision.level().map(Level::value).orElse(null),
                decision.step(),
                decision.steps(),
                decision.next().map(Level::value).orElse(null),
                decision.users(),
                decision.minUsers(),
                decision.reason(),
                decision.sentence());
    }
}
