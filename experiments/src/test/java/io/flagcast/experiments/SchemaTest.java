package io.flagcast.experiments;

import static io.flagcast.experiments.ExperimentFilesTest.DESIGN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The published schema says of a file what the reader says, as far as a schema can. */
class SchemaTest {

    private static final Path CONF = Path.of("..", "conf");
    private static final String TEXT = read(CONF.resolve("schema/experiment.schema.json"));
    private static final Schema SCHEMA = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
            .getSchema(TEXT, InputFormat.JSON);

    private static String read(Path path) {
        try {
            return Files.readString(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<Error> problems(String yaml) {
        return SCHEMA.validate(yaml, InputFormat.YAML);
    }

    static Stream<Path> examples() throws IOException {
        try (Stream<Path> files = Files.walk(CONF.resolve("examples"))) {
            return files.filter(file -> file.toString().matches(".*\\.(yaml|json)")).toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void everyExampleIsValid(Path example) {
        assertThat(problems(read(example))).isEmpty();
    }

    private static final String MINIMAL = """
            experiment_id: minimal
            feature_id: dark_mode
            salt: minimal-1
            metrics: {m: {kind: mean, outcome: o, within: 30m}}
            allocation: %s
            """;

    private static final String WITH_METRICS = MINIMAL.formatted("{percentage_allocation: 10%}")
            .replace("{m: {", "{p: {kind: proportion, outcome: o, within: 1d}, m: {");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{percentage_allocation: 10%}",
                "{type: percentage, percentage_allocation: 0.07, exploration: 2.5 %, unscored: 0, stickiness: none}",
                "{type: tiered, tier_thresholds: [80, 50.5], tier_probabilities: [100%, 50%, 0%]}",
                "{type: tiered, tier_thresholds: [80], active_tier: 0, ramp: [{from: 2026-12-01, active_tier: 1}]}",
                "{type: tiered, tier_thresholds: [80], ramp: [{to: 1, until: {min_users: 10}}, {active_tier: 2}]}",
                "{ramp: [{to: 10%}, {to: 50%, until: {min_users: 5000, no_rule_fired: 3d}}, {to: 100%}]}",
                "{percentage_allocation: 5%, ramp: [{from: 2026-12-01, to: 10%}, {from: 2026-12-08, to: 50%}]}",
                "{type: weighted_random, weight_parameters: {curve: linear, floor: 1%}}",
                "{type: weighted_random, weight_parameters: {curve: power, exponent: 2.5, ceiling: 0.9}}",
                "{type: weighted_random, weight_parameters: {curve: logistic, midpoint: 60, steepness: 0.1}}",
                "{type: weighted_random, weight_parameters: {curve: piecewise, points: [[0, 10%], [100, 0.9]]}}",
                "{type: bandit, bandit: {algorithm: epsilon_greedy, reward: m, context: [plan], half_life: 28d}}"
            })
    void whatTheReaderTakesTheSchemaTakes(String allocation) {
        String file = MINIMAL.formatted(allocation);

        assertThat(ExperimentFiles.parse("minimal.yaml", file)).isNotNull();
        assertThat(problems(file)).isEmpty();
        assertThat(problems(DESIGN)).isEmpty();
    }

    /** Files whose problem is the shape of a part: what a schema can see without knowing what the parts mean. */
    static Stream<HostileFilesTest.Bad> misshapenFiles() {
        return misshapen(HostileFilesTest.badFiles())
                // Known to no YAML reader but ours as what it is.
                .filter(bad -> !bad.by().equals("[a, b]: c"));
    }

    private static Stream<HostileFilesTest.Bad> misshapen(Stream<HostileFilesTest.Bad> files) {
        return files.filter(bad -> bad.problems().stream()
                        .anyMatch(problem -> problem.contains("unknown key")
                                || problem.contains("is missing in")
                                || problem.contains("not one of")
                                || problem.contains("not a duration")
                                || problem.contains("percent or points?")
                                || problem.contains("both given")
                                || problem.contains("move it there")
                                || problem.contains("no meaning; remove it")
                                || problem.contains("takes nothing; remove it")
                                || problem.contains("not given; remove it")
                                || problem.contains("compared; remove it")
                                || problem.contains("points are only for changes")
                                || problem.contains("not a number per day")))
                // The kind of a metric decides which counts a test gives of it.
                .filter(bad -> bad.problems().stream().noneMatch(problem -> problem.contains(" of kind ")));
    }

    @ParameterizedTest
    @MethodSource("misshapenFiles")
    void aMisshapenFileIsRefusedByTheSchemaToo(HostileFilesTest.Bad bad) {
        assertThat(problems(DESIGN.replace(bad.replaced(), bad.by()))).isNotEmpty();
    }

    static Stream<HostileFilesTest.Bad> misshapenRules() {
        return misshapen(HostileRulesTest.badFiles());
    }

    @ParameterizedTest
    @MethodSource("misshapenRules")
    void aMisshapenRuleIsRefusedByTheSchemaToo(HostileFilesTest.Bad bad) {
        assertThat(problems(HostileRulesTest.GOOD.replace(bad.replaced(), bad.by())))
                .isNotEmpty();
    }

    static Stream<HostileFilesTest.Bad> misshapenAlerts() {
        return misshapen(HostileAlertsTest.badFiles());
    }

    @ParameterizedTest
    @MethodSource("misshapenAlerts")
    void aMisshapenAlertIsRefusedByTheSchemaToo(HostileFilesTest.Bad bad) {
        assertThat(problems(HostileAlertsTest.GOOD.replace(bad.replaced(), bad.by())))
                .isNotEmpty();
    }

    @Test
    void theFilesWithGoodRulesAndAlertsAreGoodForTheSchemaToo() {
        assertThat(problems(HostileRulesTest.GOOD)).isEmpty();
        assertThat(problems(HostileAlertsTest.GOOD)).isEmpty();
    }

    /** The reader names its keys when it meets one that it does not know. */
    private static Set<String> keysOfTheReader(String file) {
        ExperimentFilesException refused =
                catchThrowableOfType(ExperimentFilesException.class, () -> ExperimentFiles.parse("x.yaml", file));
        Matcher keys = Pattern.compile("unknown key 'qqqqqqqqqqqq'; valid in .* are (.*)")
                .matcher(refused.getMessage());
        assertThat(keys.find()).as(refused.getMessage()).isTrue();
        return new TreeSet<>(List.of(keys.group(1).split(", ", -1)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "status: active                      | ''",
                "from: 0.0                           | /properties/layer",
                "kind: proportion                    | /$defs/metric",
                "exploration: 5%                     | /$defs/allocation/oneOf/0",
                "cooldown: 3d                        | /$defs/rule",
                "population: enabled                 | /$defs/when",
                "confidence: 95%                     | /$defs/evidence",
                "not_below: 5%                       | /$defs/action",
                "name: fires when clearly below      | /$defs/test",
                "outcome: fired                      | /$defs/expectation"
            })
    void theKeysOfTheSchemaAreThoseOfTheReader(String replaced, String pointer) {
        assertThat(DESIGN).containsOnlyOnce(replaced);
        assertThat(keysOfTheReader(DESIGN.replace(replaced, "qqqqqqqqqqqq: 1"))).isEqualTo(keysOfTheSchema(pointer));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{type: weighted_random, qqqqqqqqqqqq: 1}                                          | /$defs/allocation/oneOf/1",
                "{type: bandit, qqqqqqqqqqqq: 1}                                                   | /$defs/allocation/oneOf/2",
                "{type: percentage, qqqqqqqqqqqq: 1}                                               | /$defs/allocation/oneOf/3",
                "{type: tiered, tier_thresholds: [80], active_tier: 0, ramp: [{qqqqqqqqqqqq: 1}]}  | /$defs/allocation/oneOf/0/properties/ramp/items",
                "{ramp: [{qqqqqqqqqqqq: 1}]}                                                      | /$defs/allocation/oneOf/3/properties/ramp/items",
                "{ramp: [{until: {qqqqqqqqqqqq: 1}}]}                                             | /$defs/gate",
                "{type: weighted_random, weight_parameters: {curve: linear, qqqqqqqqqqqq: 1}}      | /$defs/weights/oneOf/0",
                "{type: weighted_random, weight_parameters: {curve: logistic, qqqqqqqqqqqq: 1}}    | /$defs/weights/oneOf/1",
                "{type: weighted_random, weight_parameters: {curve: power, qqqqqqqqqqqq: 1}}       | /$defs/weights/oneOf/2",
                "{type: weighted_random, weight_parameters: {curve: piecewise, qqqqqqqqqqqq: 1}}   | /$defs/weights/oneOf/3",
                "{type: bandit, bandit: {algorithm: ucb, qqqqqqqqqqqq: 1}}                         | /$defs/bandit"
            })
    void theKeysOfEveryPolicyAreThoseOfTheReader(String allocation, String pointer) {
        assertThat(keysOfTheReader(MINIMAL.formatted(allocation))).isEqualTo(keysOfTheSchema(pointer));
    }

    private static final String RULE = """
            rules:
              - rule_id: r
                description: d
                when: {segment: scored, %s}
                evidence: {min_users: 1}
                then: {reduce_allocation: 5%%, %s}
            """;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "metric: m, worse_than_control: {qqqqqqqqqqqq: 1}                     | /$defs/margin",
                "metric: m, better_than_control: {qqqqqqqqqqqq: 1}                    | /$defs/margin",
                "metric: m, drops: {qqqqqqqqqqqq: 1}                                  | /$defs/baseline",
                "metric: m, rises: {qqqqqqqqqqqq: 1}                                  | /$defs/baseline",
                "all: [{metric: m, below: 1}, {qqqqqqqqqqqq: 1}]                      | /$defs/condition",
                "any: [{any: [{metric: m, below: 1}, {qqqqqqqqqqqq: 1}]}]             | /$defs/condition"
            })
    void theKeysOfEveryConditionAreThoseOfTheReader(String condition, String pointer) {
        assertThat(keysOfTheReader(WITH_METRICS + RULE.formatted(condition, "not_below: 1%")))
                .isEqualTo(keysOfTheSchema(pointer));
    }

    @ParameterizedTest
    @ValueSource(strings = {"check: sample_ratio", "when: {segment: scored, metric: m, below: 1}"})
    void theKeysOfAnAlertAreThoseOfTheReader(String watched) {
        assertThat(keysOfTheReader(WITH_METRICS + "alerts: [{alert: a, " + watched + ", qqqqqqqqqqqq: 1}]"))
                .isEqualTo(keysOfTheSchema("/$defs/alert"));
    }

    @Test
    void theKeysOfARecoveryAreThoseOfTheReader() {
        String recovery = RULE.formatted("metric: m, below: 1", "not_below: 1%") + "    recover: {qqqqqqqqqqqq: 1}\n";
        assertThat(keysOfTheReader(WITH_METRICS + recovery)).isEqualTo(keysOfTheSchema("/$defs/recovery"));
    }

    /** What is given depends on the kind of the metric: the schema has the keys of both. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "qqqqqqqqqqqq: 1                          | /$defs/given",
                "control: {qqqqqqqqqqqq: 1}               | /$defs/arm",
                "metrics: {%s: {qqqqqqqqqqqq: 1}}         | /$defs/counts"
            })
    void theKeysOfWhatATestGivesAreThoseOfTheReader(String given, String pointer) {
        Set<String> keys = new TreeSet<>();
        for (String metric : List.of("m", "p")) {
            keys.addAll(keysOfTheReader(WITH_METRICS
                    + RULE.formatted("metric: " + metric + ", below: 0.5", "not_below: 1%")
                    + "tests: [{name: n, given: {segment: scored, %s}, expect: {rule: r, outcome: held}}]\n"
                            .formatted(given.formatted(metric))));
        }
        assertThat(keys).isEqualTo(keysOfTheSchema(pointer));
    }

    private static Set<String> keysOfTheSchema(String pointer) {
        JsonNode properties = JsonMapper.shared().readTree(TEXT).at(pointer).get("properties");
        return new TreeSet<>(properties.propertyNames());
    }

    /** Editors show the description of whatever is under the cursor. */
    @Test
    void everyKeyHasADescription() {
        assertThat(undescribed(JsonMapper.shared().readTree(TEXT), "")).isEmpty();
    }

    private static Set<String> undescribed(JsonNode node, String path) {
        Set<String> found = new TreeSet<>();
        JsonNode properties = node.path("properties");
        boolean condition = path.endsWith("/if");
        for (String name : properties.propertyNames()) {
            JsonNode property = properties.get(name);
            if (!condition && !property.has("description") && !property.has("const") && !property.has("$ref")) {
                found.add(path + "/" + name);
            }
        }
        for (String name : node.propertyNames()) {
            found.addAll(undescribed(node.get(name), path + "/" + name));
        }
        for (int i = 0; i < (node.isArray() ? node.size() : 0); i++) {
            found.addAll(undescribed(node.get(i), path + "/" + i));
        }
        return found;
    }
}
