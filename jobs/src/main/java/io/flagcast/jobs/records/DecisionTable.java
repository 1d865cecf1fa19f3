package io.flagcast.jobs.records;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import com.fasterxml.jackson.databind.JsonNode;
import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Cell;
import io.flagcast.allocation.Segments;
import io.flagcast.allocation.ramp.Level;
import io.flagcast.experiments.Experiment;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Json;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Refusal;
import io.flagcast.rules.Reading;
import io.flagcast.rules.RuleDecision;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * The table {@code rule_decisions}: every rule at every evaluation that was published.
 *
 * @param rows in the order of their as-of, then by experiment and rule
 */
public record DecisionTable(List<Row> rows) {

    /** The values of a whole decision by their names, as JSON has them. */
    public static final Map<String, Function<RuleDecision, Object>> FIELDS = wholeDecision();

    /** The decisions of a publication; none without one. */
    public static DecisionTable of(Lake lake, Optional<Publication> publication) {
        return new DecisionTable(
                lake.published(Tables.RULE_DECISIONS, publication).collectAsList());
    }

    /** All decisions that were ever published. Of runs that were not, nobody has seen any. */
    public static DecisionTable history(Lake lake) {
        return new DecisionTable(published(lake)
                .orderBy("as_of", "run_id", "experiment_id", "rule_id")
                .collectAsList());
    }

    /** Those that fired from an instant on, whatever their mode. */
    public static DecisionTable firedSince(Lake lake, Instant since) {
        return new DecisionTable(published(lake)
                .where(col("as_of").geq(lit(since)).and(col("outcome").equalTo(RuleDecision.Outcome.FIRED.label())))
                .orderBy("as_of", "run_id", "experiment_id", "rule_id")
                .collectAsList());
    }

    private static Dataset<Row> published(Lake lake) {
        Object[] published = lake.publications().stream()
                .map(publication -> publication.tables().get(Tables.RULE_DECISIONS.name()))
                .filter(Objects::nonNull)
                .map(Publication.LiveSlice::runId)
                .distinct()
                .toArray();
        return lake.history(Tables.RULE_DECISIONS).where(col("run_id").isin(published));
    }

    /** The newest row of a decision: a restatement writes it again. */
    public Optional<Row> decision(String decisionId) {
        return rows.stream()
                .filter(row -> row.getAs("decision_id").equals(decisionId))
                .reduce((earlier, later) -> later);
    }

    /**
     * The newest row of a decision.
     *
     * @throws Refusal where no publication has it
     */
    public Row require(String decisionId) {
        return decision(decisionId)
                .orElseThrow(() -> new Refusal(
                        ExitCode.USAGE, "there is no decision %s: see flagcast rules history".formatted(decisionId)));
    }

    /** The id under which what a decision has changed is taken back. */
    public static String reverting(String decisionId) {
        return "revert-" + decisionId;
    }

    /** Per rule the runs in a row at which its condition has held, where the experiment file is the same still. */
    public Map<String, Integer> holdingRuns(Experiment experiment) {
        return rows.stream()
                .filter(row -> row.getAs("experiment_id").equals(experiment.experimentId())
                        && row.getAs("content_hash").equals(experiment.contentHash()))
                .collect(Collectors.toMap(
                        row -> row.getAs("rule_id"), row -> row.<Integer>getAs("holding_runs"), (one, same) -> same));
    }

    /** Decisions as rows without run and as-of. */
    public static List<Row> rows(List<RuleDecision> decisions, Map<String, String> contentHashes) {
        return decisions.stream()
                .map(decision -> row(decision, contentHashes.get(decision.experimentId())))
                .toList();
    }

    private static Row row(RuleDecision decision, String contentHash) {
        Reading deciding = decision.deciding();
        String segment = decision.rule().segment();
        boolean isAll = segment.equals(Segments.ALL);
        double before = decision.before().share(segment);
        double after =
                decision.changesAllocation() ? decision.adjustment().shares().getOrDefault(segment, before) : before;
        return RowFactory.create(
                decision.decisionId(),
                decision.experimentId(),
                decision.rule().ruleId(),
                contentHash,
                segment,
                decision.outcome().label(),
                decision.rule().mode().label(),
                decision.rule().when().describe(),
                decision.rule().then().describe(),
                decision.rule().evidence().method().label(),
                value(deciding.observed()),
                value(deciding.bound()),
                value(deciding.threshold()),
                deciding.n(),
                deciding.alpha(),
                deciding.evidenceStart().orElse(null),
                deciding.windowStart().orElse(null),
                decision.holdingRuns(),
                decision.readings().stream().map(DecisionTable::row).toArray(),
                isAll ? null : before,
                isAll ? null : after,
                decision.adjustment().isNone() ? null : Json.write(fields(decision.adjustment())),
                decision.before().version(),
                decision.reason());
    }

    private static Row row(Reading reading) {
        return RowFactory.create(
                reading.comparison().describe(),
                reading.state().label(),
                value(reading.observed()),
                value(reading.bound()),
                value(reading.threshold()),
                reading.n(),
                reading.compared().isPresent() ? reading.compared().getAsLong() : null,
                reading.alpha(),
                reading.window(),
                reading.evidenceStart().orElse(null),
                reading.windowStart().orElse(null),
                reading.reason());
    }

    private static Double value(OptionalDouble number) {
        return number.isPresent() ? number.getAsDouble() : null;
    }

    /** The whole decision, as it stands in the row of the change that it made. */
    public static String json(RuleDecision decision) {
        Map<String, Object> fields = new LinkedHashMap<>();
        FIELDS.forEach((name, value) -> fields.put(name, value.apply(decision)));
        return Json.write(fields);
    }

    private static Map<String, Function<RuleDecision, Object>> wholeDecision() {
        Map<String, Function<RuleDecision, Object>> fields = new LinkedHashMap<>();
        fields.put("decision_id", RuleDecision::decisionId);
        fields.put("rule_id", decision -> decision.rule().ruleId());
        fields.put("description", decision -> decision.rule().description());
        fields.put("segment", decision -> decision.rule().segment());
        fields.put("outcome", decision -> decision.outcome().label());
        fields.put("mode", decision -> decision.rule().mode().label());
        fields.put("condition", decision -> decision.rule().when().describe());
        fields.put("action", decision -> decision.rule().then().describe());
        fields.put("method", decision -> decision.rule().evidence().method().label());
        fields.put("as_of", decision -> decision.asOf().toString());
        fields.put(
                "comparisons",
                decision ->
                        decision.readings().stream().map(DecisionTable::fields).toList());
        fields.put("parameters_version", decision -> decision.before().version());
        fields.put("adjustment", decision -> fields(decision.adjustment()));
        fields.put("reason", RuleDecision::reason);
        return Collections.unmodifiableMap(fields);
    }

    private static Map<String, Object> fields(Reading reading) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("comparison", reading.comparison().describe());
        fields.put("state", reading.state().label());
        fields.put("observed", value(reading.observed()));
        fields.put("bound", value(reading.bound()));
        fields.put("threshold", value(reading.threshold()));
        fields.put("n", reading.n());
        fields.put("alpha", reading.alpha());
        fields.put("window", reading.window());
        fields.put(
                "evidence_start", reading.evidenceStart().map(Instant::toString).orElse(null));
        fields.put("window_start", reading.windowStart().map(Instant::toString).orElse(null));
        return fields;
    }

    private static Map<String, Object> fields(Adjustment adjustment) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("shares", new TreeMap<>(adjustment.shares()));
        List<Map<String, Object>> learned = new ArrayList<>();
        new TreeMap<>(adjustment.learned())
                .forEach((cell, probability) -> learned.add(
                        Map.of("segment", cell.segment(), "cell", cell.context(), "base_probability", probability)));
        fields.put("learned", learned);
        adjustment.activeTier().ifPresent(tier -> fields.put("active_tier", tier.isPresent() ? tier.getAsInt() : -1));
        adjustment
                .activity()
                .ifPresent(activity -> fields.put("activity", activity.name().toLowerCase(Locale.ROOT)));
        adjustment
                .ramp()
                .ifPresent(level ->
                        fields.put("ramp", level.map(DecisionTable::fields).orElse(Map.of())));
        adjustment.restores().ifPresent(version -> fields.put("restores", version));
        return fields;
    }

    private static Map<String, Object> fields(Level level) {
        return Map.of("of", level.unit().label(), "to", level.value());
    }

    private static Optional<Level> level(JsonNode fields) {
        return fields.has("of")
                ? Optional.of(new Level(
                        Level.Unit.valueOf(fields.get("of").asText().toUpperCase(Locale.ROOT)),
                        fields.get("to").asDouble()))
                : Optional.empty();
    }

    /** The new values that a decision asks for; none where it asks for nothing. */
    public static Adjustment adjustment(Row decision) {
        String json = decision.getAs("adjustment");
        if (json == null) {
            return Adjustment.NONE;
        }
        var fields = Json.tree(json, "rule_decisions.adjustment");
        Map<String, Double> shares = new HashMap<>();
        fields.path("shares")
                .properties()
                .forEach(share -> shares.put(share.getKey(), share.getValue().asDouble()));
        Map<Cell, Double> learned = new HashMap<>();
        fields.path("learned")
                .forEach(each -> learned.put(
                        new Cell(each.get("segment").asText(), each.get("cell").asText()),
                        each.get("base_probability").asDouble()));
        return new Adjustment(
                shares,
                learned,
                fields.has("active_tier")
                        ? Optional.of(
                                fields.get("active_tier").asInt() < 0
                                        ? OptionalInt.empty()
                                        : OptionalInt.of(
                                                fields.get("active_tier").asInt()))
                        : Optional.empty(),
                fields.has("activity")
                        ? Optional.of(
                                Activity.valueOf(fields.get("activity").asText().toUpperCase(Locale.ROOT)))
                        : Optional.empty(),
                fields.has("ramp") ? Optional.of(level(fields.get("ramp"))) : Optional.empty(),
                fields.has("restores") ? OptionalLong.of(fields.get("restores").asLong()) : OptionalLong.empty());
    }
}
