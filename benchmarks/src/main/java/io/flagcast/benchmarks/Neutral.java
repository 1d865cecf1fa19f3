package io.flagcast.benchmarks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/**
 * What two runs of the same code on the same inputs leave differently, made alike, and nothing else:
 *
 * <ul>
 *   <li>durations, and times of the wall clock ({@link #CLOCK}); a demo lives by the clock of its world, whose times count;
 *   <li>the code version in a model's provenance;
 *   <li>where the simulated world lies, the random part of its files' names, and when they were written;
 *   <li>hashes of those: identities of models, versions of inputs, hashes of the configuration and of the sources. Each is
 *       called by where the lake has it first, so that one that stands for another on one side alone is still found;
 *   <li>the order of keys in JSON.
 * </ul>
 */
record Neutral(Neutral.Clock clock, Map<String, String> names) implements Serializable {

    /** Where runs take their time from. */
    enum Clock {
        OF_THE_WALL,
        OF_THE_WORLD
    }

    private static final long serialVersionUID = 1;

    private static final Set<String> DURATIONS = Set.of("runs.seconds");

    private static final Set<String> CLOCK = Set.of(
            "runs.started_at", "publications.published_at", "model_runs.changed_at", "alert_deliveries.attempted_at");

    private static final Set<String> CODE = Set.of("model_runs.provenance.code");

    /** Identities that hash a path or a time: of a model, 12 digits; of inputs, 16; of configuration and sources, 64. */
    private static final Pattern HASH = Pattern.compile("\\b(m-[0-9a-f]{12}|[0-9a-f]{16}|[0-9a-f]{64})\\b");

    /** A file of the simulated world: where, which, when. */
    private static final Pattern WORLD =
            Pattern.compile("[^\\s\"]*/demo/world/(\\S+)/part-([0-9]+)-[0-9a-f-]{36}(\\S*)( [0-9]+ bytes) [0-9TZ:.-]+");

    static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.USE_BIG_INTEGER_FOR_INTS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build();

    /**
     * Of a lake.
     *
     * @param lake its root
     * @param clock of its runs
     */
    static Neutral of(SparkSession spark, String lake, Clock clock) {
        Map<String, String> names = new HashMap<>();
        for (Row run : table(spark, lake, "runs", "as_of", "run_id", "stage")) {
            names.putIfAbsent(run.getAs("config_hash"), "configuration of " + run.getAs("run_id"));
            new TreeMap<>(run.<String, String>getJavaMap(run.fieldIndex("input_versions")))
                    .forEach((input, version) -> name(names, version, input + " of " + run.getAs("run_id")));
        }
        for (Row model : table(spark, lake, "model_runs", "as_of", "run_id", "feature_id", "learner", "checksum")) {
            String made = "%s of %s, %s"
                    .formatted(model.getAs("feature_id"), model.getAs("run_id"), model.<String>getAs("learner"));
            names.putIfAbsent(model.getAs("model_id"), "model " + made);
            name(names, parsed(model.getAs("provenance")).path("sources").asText(), "sources of " + made);
        }
        return new Neutral(clock, Map.copyOf(names));
    }

    private static List<Row> table(SparkSession spark, String lake, String name, String... order) {
        return spark.read()
                .format("delta")
                .load(lake + "/" + name)
                .orderBy(Stream.of(order).map(functions::col).toArray(Column[]::new))
                .collectAsList();
    }

    private static void name(Map<String, String> names, String text, String name) {
        HASH.matcher(text).results().forEach(hash -> names.putIfAbsent(hash.group(), name));
    }

    /**
     * A row.
     *
     * @param table its table
     * @param json the row, with every column
     * @return as JSON again, keys in order
     */
    String row(String table, String json) {
        return neutral(table, parsed(json)).toString();
    }

    /** Any other text. */
    String text(String text) {
        String here = WORLD.matcher(text).replaceAll("world/$1/part-$2$3$4");
        return HASH.matcher(here).replaceAll(hash -> names.getOrDefault(hash.group(), hash.group()));
    }

    private JsonNode neutral(String place, JsonNode node) {
        if (CODE.contains(place)
                || DURATIONS.contains(place)
                || (clock == Clock.OF_THE_WALL && CLOCK.contains(place))) {
            return TextNode.valueOf("…");
        }
        if (node instanceof ObjectNode object) {
            Map<String, JsonNode> fields = new TreeMap<>();
            object.properties()
                    .forEach(field ->
                            fields.put(text(field.getKey()), neutral(place + "." + field.getKey(), field.getValue())));
            ObjectNode result = JSON.createObjectNode();
            fields.forEach(result::set);
            return result;
        }
        if (node instanceof ArrayNode array) {
            ArrayNode result = JSON.createArrayNode();
            array.forEach(element -> result.add(neutral(place, element)));
            return result;
        }
        if (node.isTextual()) {
            String text = node.textValue();
            // JSON in a column of text is looked at field by field.
            return text.startsWith("{") || text.startsWith("[") ? within(place, text) : TextNode.valueOf(text(text));
        }
        return node;
    }

    private JsonNode within(String place, String text) {
        try {
            return neutral(place, JSON.readTree(text));
        } catch (JsonProcessingException e) {
            return TextNode.valueOf(text(text));
        }
    }

    static JsonNode parsed(String json) {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("no JSON: " + json, e);
        }
    }
}
