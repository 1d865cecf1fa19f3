package io.flagcast.experiments;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.rules.RuleDecision.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What {@code docs/experiments.md} shows is what the reader takes, and what it lists is what the schema has. */
class ExperimentsPageTest {

    private static final Path PAGE = Path.of("..", "docs", "experiments.md");
    private static final Path SCHEMA = Path.of("..", "conf", "schema", "experiment.schema.json");
    private static final String TEXT = text(PAGE);
    private static final Pattern FENCED =
            Pattern.compile("^```(\\w+)\\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);

    @TempDir
    private Path folder;

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Stream<String> files() {
        return yaml().filter(file -> !isCatalogue(file));
    }

    private static Stream<String> yaml() {
        return FENCED.matcher(TEXT)
                .results()
                .filter((MatchResult block) -> block.group(1).equals("yaml"))
                .map(block -> block.group(2));
    }

    private static boolean isCatalogue(String file) {
        return file.startsWith("# " + MetricCatalogue.FILE);
    }

    /** A file of the page beside the catalogue of the page. */
    private Experiment read(String file) throws IOException {
        Files.writeString(
                folder.resolve(MetricCatalogue.FILE),
                yaml().filter(ExperimentsPageTest::isCatalogue).findFirst().orElseThrow());
        Files.writeString(folder.resolve("page.yaml"), file);
        return ExperimentFiles.read(folder).get(0);
    }

    @ParameterizedTest
    @MethodSource("files")
    void everyFileIsCompleteAndItsTestsPass(String file) throws IOException {
        Experiment experiment = read(file);

        assertThat(SchemaTest.problems(file)).isEmpty();
        for (RuleTest test : experiment.tests()) {
            assertThat(test.failure(experiment)).as(test.name()).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void everyRuleIsShownToFire(String file) throws IOException {
        Experiment experiment = read(file);

        Set<String> fired = experiment.tests().stream()
                .flatMap(test -> test.expect().stream())
                .filter(expect -> expect.outcome() == Outcome.FIRED)
                .map(RuleTest.Expect::ruleId)
                .collect(Collectors.toSet());
        assertThat(experiment.rules()).allSatisfy(rule -> assertThat(fired).contains(rule.ruleId()));
    }

    @Test
    void theFilesOfThePageGoTogetherInOneFolder() throws IOException {
        List<String> files = yaml().toList();
        for (int i = 0; i < files.size(); i++) {
            String name = isCatalogue(files.get(i)) ? MetricCatalogue.FILE : "file%02d.yaml".formatted(i);
            Files.writeString(folder.resolve(name), files.get(i));
        }
        assertThat(ExperimentFiles.read(folder)).hasSizeGreaterThanOrEqualTo(10);
    }

    @Test
    void everyOutcomeIsExplained() {
        assertThat(Outcome.values()).allSatisfy(outcome -> assertThat(TEXT).contains("| `" + outcome.label() + "` |"));
    }

    @Test
    void everyKeyOfTheSchemaHasARow() {
        Set<String> keys = new TreeSet<>();
        collect(schema(), keys);
        assertThat(keys).hasSizeGreaterThan(90);
        assertThat(keys).allSatisfy(key -> assertThat(TEXT).contains("\n| `" + key + "` | "));
    }

    private static String tables() {
        return TEXT.substring(TEXT.indexOf("### Values"));
    }

    private static JsonNode schema() {
        return JsonMapper.shared().readTree(text(SCHEMA));
    }

    private static void collect(JsonNode node, Set<String> keys) {
        keys.addAll(node.path("properties").propertyNames());
        node.forEach(child -> collect(child, keys));
    }

    /** They share a table. */
    @Test
    void aConditionOfSeveralHasTheKeysOfAllButTheSegment() {
        Set<String> whole = new TreeSet<>(schema().at("/$defs/when/properties").propertyNames());
        Set<String> part =
                new TreeSet<>(schema().at("/$defs/condition/properties").propertyNames());
        part.add("segment");
        assertThat(whole).isEqualTo(part);
    }

    /** Where this fails, put the tables that it expects in the place of those on the page. */
    @Test
    void theTablesOfKeysAreThoseOfTheSchema() {
        assertThat(tables()).isEqualTo(new KeyTables(schema()).markdown());
    }

    /** The defaults that the schema only says in words are those of the reader. */
    @Test
    void whatIsLeftOutHasTheDefaultOfThePage() {
        Experiment experiment = ExperimentFiles.parse("page.yaml", """
                experiment_id: e
                feature_id: f
                salt: s
                allocation: {type: tiered, tier_thresholds: [50], active_tier: 1}
                metrics: {m: {kind: proportion, outcome: o, within: 1d}}
                rules:
                  - rule_id: r
                    description: d
                    when: {segment: all, metric: m, below: 5%}
                    evidence: {min_users: 30}
                    then: {reduce_allocation: 20%}
                """);

        Map<String, String> rows = tables().lines()
                .filter(line -> line.startsWith("| `"))
                .collect(Collectors.toMap(
                        line -> line.split("`", -1)[1], line -> line.split(" \\| ", -1)[2], (first, later) -> first));
        assertThat(experiment.status().name())
                .isEqualToIgnoringCase(rows.get("status").replace("`", ""));
        assertThat(rows.get("exploration")).startsWith("%.0f%%".formatted(100 * experiment.exploration()));
        assertThat(rows.get("unscored"))
                .startsWith("%.0f%%".formatted(100 * experiment.unscored().orElseThrow()));
        assertThat(experiment.stickiness().name())
                .isEqualToIgnoringCase(rows.get("stickiness").replace("`", ""));
        assertThat(experiment.segments().names())
                .allSatisfy(name -> assertThat(rows.get("segments")).contains(name));
        var rule = experiment.rules().get(0);
        assertThat(rule.mode().label()).isEqualTo(rows.get("mode").replace("`", ""));
        assertThat(rows.get("confidence"))
                .isEqualTo("%.0f%%".formatted(100 * rule.evidence().confidence()));
        assertThat(rows.get("tuned_at")).isEqualTo("10 x min_users");
        assertThat(rule.evidence().tunedAt()).isEqualTo(10 * 30);
        assertThat(rows.get("cooldown"))
                .isEqualTo("%dd".formatted(rule.cooldown().toDays()));
    }
}
