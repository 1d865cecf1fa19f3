package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * What product managers do with experiments, by the commands, in a world whose truth is known: 20 % buy, with the feature 25
 * points more of those of 45 and older and 15 points less of the others. One published run, a day of exposures from its
 * allocations, and the run after it.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ExperimentCommandsIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String AFTER = "2026-03-13T00:00:00Z";

    private static final String WEIGHTED = """
            experiment_id: weighted
            feature_id: checkout
            salt: weighted-2026
            segments: {low: [0, 50], high: [50, 100]}
            allocation:
              type: weighted_random
              weight_parameters: {curve: linear, floor: 30%, ceiling: 70%}
              exploration: 60%
              stickiness: none
            metrics:
              conversion_rate: {kind: proportion, outcome: purchase, within: 1d, settle: 0d}
            """;

    private static final String LEARNING = """
            experiment_id: learning
            feature_id: checkout
            salt: learning-2026
            eligibility: "plan IS NOT NULL"
            segments: {low: [0, 50], high: [50, 100]}
            allocation:
              type: bandit
              bandit: {algorithm: thompson, reward: conversion_rate, context: [plan], max_step: 20pp, min_users: 50}
              stickiness: none
            metrics:
              conversion_rate: {kind: proportion, outcome: purchase, within: 1d, settle: 0d}
            """;

    /** Nobody explores: tier 0 was always enabled, the rest never. */
    private static final String CERTAIN = WEIGHTED.replace("weighted", "certain")
            .replace("type: certain_random", "type: tiered")
            .replaceAll("weight_parameters: .*", "tier_thresholds: [50]\n  active_tier: 1")
            .replace("exploration: 60%", "exploration: 0");

    @TempDir
    private static Path folder;

    private static CsvWorld world;
    private static final Map<String, Integer> AGES = new HashMap<>();

    private static double rate(String user, boolean enabled) {
        return 0.2 + (!enabled ? 0 : AGES.get(user) >= 45 ? 0.25 : -0.15);
    }

    @BeforeAll
    static void aDayIsServedFromThePublishedAllocations() {
        world = CsvWorld.in(folder.resolve("world"));
        world.write("experiments/weighted.yaml", WEIGHTED.lines().toList());
        world.write("experiments/learning.yaml", LEARNING.lines().toList());
        world.write("experiments/certain.yaml", CERTAIN.lines().toList());
        Invocation first = world.run(CsvWorld.FIRST);
        assertThat(first.code()).as(first.err()).isZero();
        world.read("users.csv").stream()
                .skip(1)
                .map(line -> line.split(",", -1))
                .forEach(cells -> AGES.put(cells[0], Integer.parseInt(cells[1])));

        SplittableRandom random = new SplittableRandom(7);
        List<String> exposures = new ArrayList<>(List.of(
                "experiment_id,user_id,enabled,exposed_at,propensity,score,segment,reason,parameters_version,run_id"));
        world.read("exposures.csv").stream().skip(1).forEach(line -> exposures.add(line + ",,,,,"));
        // Each experiment has a day of its own, so that every purchase has one cause.
        List<String> outcomes = new ArrayList<>();
        for (JsonNode row : Invocation.rows(
                world.conf(),
                "SELECT * FROM allocations WHERE experiment_id <> 'rollout' ORDER BY experiment_id, user_id")) {
            int day = row.get("experiment_id").asText().equals("learning") ? 11 : 10;
            String user = row.get("user_id").asText();
            boolean enabled = row.get("enabled").asBoolean();
            exposures.add("%s,%s,%b,2026-03-%dT10:00:00Z,%s,%s,%s,%s,%s,%s"
                    .formatted(
                            row.get("experiment_id").asText(),
                            user,
                            enabled,
                            day,
                            row.get("propensity"),
                            row.get("score"),
                            row.get("segment").asText(),
                            row.get("reason").asText(),
                            row.get("parameters_version"),
                            row.get("run_id").asText()));
            if (!row.get("experiment_id").asText().equals("certain") && random.nextDouble() < rate(user, enabled)) {
                outcomes.add("%s,purchase,10,2026-03-%dT09:00:00Z".formatted(user, day + 1));
            }
        }
        world.write("exposures.csv", exposures);
        world.append("outcomes.csv", outcomes.toArray(String[]::new));
    }

    private static Invocation command(String... arguments) {
        return Invocation.of(Stream.concat(
                        Stream.of(arguments), Stream.of("--conf", world.conf().toString()))
                .toArray(String[]::new));
    }

    private static String edited(String name, String text) throws IOException {
        Path file = Files.createDirectories(folder.resolve("edited")).resolve(name);
        Files.writeString(file, text);
        return file.toString();
    }

    private static String tiered(String experiment) {
        return experiment
                .replaceAll(
                        "(?m)^  type: weighted_random\n  weight_parameters: .*$",
                        "  type: tiered\n  tier_thresholds: [50]\n  active_tier: 1")
                .replace("exploration: 60%", "exploration: 2%");
    }

    private static Map<String, JsonNode> policies(Invocation evaluated) throws IOException {
        Map<String, JsonNode> policies = new HashMap<>();
        for (String line : evaluated.out().lines().toList()) {
            JsonNode row = JSON.readTree(line);
            policies.put(row.get("policy").asText(), row);
        }
        return policies;
    }

    /** Truth: the mean over the users who met the experiment of what each would do. */
    @Test
    @Order(1)
    void everyWeightedEstimatorCoversWhatPoliciesReallyEarn() throws IOException {
        Invocation evaluated = command(
                "evaluate-policy", edited("weighted.yaml", tiered(WEIGHTED)), "--as-of", AFTER, "--format", "json");
        assertThat(evaluated.code()).as(evaluated.err()).isZero();
        Map<String, JsonNode> policies = policies(evaluated);

        List<String> met = world.read("exposures.csv").stream()
                .filter(line -> line.startsWith("weighted,"))
                .map(line -> line.split(",", -1)[1])
                .toList();
        assertThat(policies).containsOnlyKeys("candidate", "in force", "everybody", "nobody");
        assertThat(policies.get("candidate").get("users").asInt()).isEqualTo(met.size());
        for (boolean enabled : new boolean[] {true, false}) {
            double truth = met.stream()
                    .mapToDouble(user -> rate(user, enabled))
                    .average()
                    .orElseThrow();
            JsonNode policy = policies.get(enabled ? "everybody" : "nobody");
            for (String estimator : List.of("IPS", "SNIPS", "DR", "SWITCH-DR", "DRos")) {
                assertThat(truth)
                        .as(estimator + " of " + policy)
                        .isBetween(
                                policy.get(estimator).get("lower").asDouble(),
                                policy.get(estimator).get("upper").asDouble());
            }
        }
        // The two tiers are nearly the two ages: 0.325 against 0.25 for everybody and 0.2 for nobody.
        assertThat(policies.get("candidate").get("DR").get("value").asDouble()).isBetween(0.27, 0.38);
        assertThat(policies.get("everybody").get("over_first").get("upper").asDouble())
                .isNegative();
    }

    @Test
    @Order(2)
    void whereSupportIsMissingTheCommandRefuses() throws IOException {
        Invocation refused = command(
                "evaluate-policy",
                edited("certain.yaml", CERTAIN.replace("active_tier: 1", "active_tier: 2")),
                "--as-of",
                AFTER);

        assertThat(refused.code()).isEqualTo(65);
        assertThat(refused.err())
                .containsPattern("flagcast: the log of certain cannot tell what .*certain.yaml earns: [0-9.]+ % of its"
                        + " decisions are of a kind that was never logged")
                .doesNotContain("\tat ");
    }

    @Test
    @Order(3)
    void aFileThatIsNotSuperiorIsNotPromoted() throws IOException {
        Invocation stays = command(
                "evaluate-policy",
                edited(
                        "weighted.yaml",
                        WEIGHTED.replace("floor: 30%, ceiling: 70%", "floor: 10%, ceiling: 20%")
                                + "treatment: {layout: other}\n"),
                "--as-of",
                AFTER,
                "--promote");

        assertThat(stays.code()).isEqualTo(1);
        assertThat(stays.err())
                .contains(
                        "not promoted",
                        "its treatment is another one: the log is of {}",
                        "over in force it gains",
                        "over everybody it gains");
        assertThat(world.read("experiments/weighted.yaml"))
                .isEqualTo(WEIGHTED.lines().toList());
    }

    @Test
    @Order(4)
    void aPreviewSaysWhoGainsAndWhoLosesAndWritesNothing() throws IOException {
        List<JsonNode> before = Invocation.rows(
                world.conf(),
                "SELECT segment, count_if(NOT enabled) AS off, count(*) AS n FROM allocations WHERE experiment_id ="
                        + " 'weighted' GROUP BY 1 ORDER BY 1");
        Map<String, Long> files = files();
        Invocation preview = command(
                "preview",
                edited(
                        "weighted.yaml",
                        WEIGHTED.replace("floor: 30%, ceiling: 70%", "floor: 100%, ceiling: 100%")
                                .replace("exploration: 60%", "exploration: 0")),
                "--as-of",
                AFTER,
                "--format",
                "json");
        assertThat(preview.code()).as(preview.err()).isZero();
        List<JsonNode> rows = new ArrayList<>();
        for (String line : preview.out().lines().toList()) {
            rows.add(JSON.readTree(line));
        }

        for (JsonNode segment : before) {
            JsonNode shift = rows.stream()
                    .filter(row -> row.has("gain")
                            && row.get("experiment_id").asText().equals("weighted")
                            && row.get("segment").equals(segment.get("segment")))
                    .findFirst()
                    .orElseThrow();
            // Users without benefit stay off; there are none in a world where every decile is far from zero or below
            // it.
            assertThat(shift.get("gain").asLong()
                            + offFor(segment.get("segment").asText()))
                    .isEqualTo(segment.get("off").asLong());
            assertThat(shift.get("users").asLong()).isEqualTo(segment.get("n").asLong());
        }
        assertThat(rows)
                .filteredOn(row ->
                        row.has("gain") && !row.get("experiment_id").asText().equals("weighted"))
                .allSatisfy(row -> assertThat(
                                row.get("gain").asLong() + row.get("lose").asLong())
                        .isZero());
        JsonNode outcome = rows.stream()
                .filter(row -> row.has("metric") && row.get("segment").asText().equals("all"))
                .findFirst()
                .orElseThrow();
        assertThat(outcome.get("now").asDouble())
                .isBetween(
                        outcome.get("now_lower").asDouble(),
                        outcome.get("now_upper").asDouble());
        assertThat(outcome.has("change_lower")).isTrue();
        assertThat(preview.err()).contains("rollout: nothing changes for anybody");
        assertThat(files()).isEqualTo(files);
    }

    /** Those who are never enabled by a policy. */
    private static long offFor(String segment) {
        return Invocation.rows(
                        world.conf(),
                        "SELECT count_if(s.no_benefit AND NOT a.enabled) AS n"
                                + " FROM allocations a JOIN responsiveness_scores s USING (user_id)"
                                + " WHERE experiment_id = 'weighted' AND segment = '" + segment + "'")
                .get(0)
                .get("n")
                .asLong();
    }

    private static Map<String, Long> files() throws IOException {
        try (Stream<Path> all = Files.walk(world.folder())) {
            Map<String, Long> sizes = new HashMap<>();
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                sizes.put(file.toString(), Files.size(file));
            }
            return sizes;
        }
    }

    @Test
    @Order(5)
    void theBanditLearnsACellForEachPlanFromItsOwnLogAndCanBeReadExplainedAndRolledBack() throws IOException {
        Invocation run = world.run(Instant.parse(AFTER));
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).containsPattern("learning: [0-9]+ cells moved, \\+[0-9.]+ % of the reward expected");
        List<JsonNode> parameters = Invocation.rows(
                world.conf(),
                "SELECT segment, cell, base_probability, state FROM allocation_parameters WHERE experiment_id = 'learning'"
                        + " ORDER BY segment, cell");
        assertThat(parameters)
                .extracting(row -> row.get("segment").asText() + row.get("cell").asText())
                .containsExactlyInAnyOrder(
                        "high",
                        "high{\"plan\":\"free\"}",
                        "high{\"plan\":\"pro\"}",
                        "low",
                        "low{\"plan\":\"free\"}",
                        "low{\"plan\":\"pro\"}");
        assertThat(parameters).allSatisfy(row -> {
            boolean isHigh = row.get("segment").asText().equals("high");
            assertThat(row.get("base_probability").asDouble()).isBetween(isHigh ? 0.5 : 0.3, isHigh ? 0.7 : 0.5);
            assertThat(JSON.readTree(row.get("state").asText())
                            .get("enabled")
                            .get("users")
                            .asInt())
                    .isPositive();
        });

        long learnedFrom = 0;
        for (JsonNode row : parameters) {
            JsonNode state = JSON.readTree(row.get("state").asText());
            learnedFrom += row.get("cell").asText().isEmpty()
                    ? state.at("/enabled/users").asLong()
                            + state.at("/control/users").asLong()
                    : 0;
        }
        assertThat(Invocation.rows(
                                world.conf(),
                                "SELECT count_if(NOT no_benefit) AS movable, count(*) AS all FROM"
                                        + " history.responsiveness_scores WHERE run_id = '20260310T000000Z-g1'")
                        .get(0)
                        .get("movable")
                        .asLong())
                .isEqualTo(learnedFrom)
                .isLessThan(1_200);

        Invocation inForce = command("explain", "--experiment", "learning");
        assertThat(inForce.code()).as(inForce.err()).isZero();
        assertThat(inForce.out()).contains("Bandit, parameters version 1", "high {\"plan\":\"pro\"}", "probability");

        List<String> tables = new ArrayList<>();
        for (String line : command("explain", "--experiment", "learning", "--format", "json")
                .out()
                .lines()
                .toList()) {
            tables.add(JSON.readTree(line).get("table").asText());
        }
        assertThat(tables).containsOnly("in_force", "changes").containsSubsequence("in_force", "changes");
        assertThat(command("status", "--format", "csv").out().lines())
                .startsWith("stage,as_of,state,started_at,seconds,rows_out,why")
                .element(1)
                .asString()
                .startsWith("features,2026-03-13T00:00:00Z,");

        Invocation back = command("rollback", "--experiment", "learning", "--to-version", "0");
        assertThat(back.code()).as(back.err()).isZero();
        assertThat(back.err()).contains("learning has parameters version 2: runs with an as-of after 20");
        assertThat(Invocation.rows(
                        world.conf(),
                        "SELECT DISTINCT base_probability, cause FROM allocation_parameters WHERE experiment_id ="
                                + " 'learning' AND version = 2"))
                .extracting(JsonNode::toString)
                .containsExactly("{\"base_probability\":0.5,\"cause\":\"person\"}");
        assertThat(command("rollback", "--experiment", "learning", "--to-version", "9")
                        .err())
                .contains("--to-version 9: learning has versions 0 to 2");
    }

    @Test
    @Order(6)
    void aDecisionIsExplainedLineByLine() throws IOException {
        JsonNode explained = JSON.readTree(command("explain", "--user", "u7", "--experiment", "weighted", "--json")
                .out());
        JsonNode row = Invocation.rows(
                        world.conf(), "SELECT * FROM allocations WHERE user_id = 'u7' AND experiment_id = 'weighted'")
                .get(0);

        assertThat(explained.get("files_agree").asBoolean()).isTrue();
        for (String column : List.of("enabled", "reason", "score", "bucket", "base_probability", "propensity")) {
            assertThat(explained.get(column)).as(column).isEqualTo(row.get(column));
        }
        JsonNode lines = explained.get("lines");
        assertThat(lines.get(lines.size() - 1).get("line")).isEqualTo(row.get("reason"));
        assertThat(lines.get(lines.size() - 1).get("applies").asBoolean()).isTrue();

        Invocation unknown = command("explain", "--user", "nobody-knows", "--experiment", "learning");
        assertThat(unknown.out()).contains("not in the publication", "not enabled: ineligible", "plan IS NOT NULL");
        assertThat(command("explain", "--user", "u7").err()).contains("name one of --feature and --experiment");
        assertThat(command("explain", "--user", "\u00a0", "--feature", "checkout")
                        .err())
                .contains("a blank id is nobody's");
    }

    @Test
    @Order(7)
    void aSuperiorFileIsPromotedAndTheOldOneKept() throws IOException {
        String edited = edited("weighted.yaml", tiered(WEIGHTED));
        Map<String, Long> files = files();
        Invocation dry = command("evaluate-policy", edited, "--as-of", AFTER, "--promote", "--dry-run");
        assertThat(dry.code()).as(dry.err() + dry.out()).isZero();
        assertThat(dry.err()).contains("dry run: ", "would be put in the place of ");
        assertThat(files()).isEqualTo(files);

        Invocation promoted = command("evaluate-policy", edited, "--as-of", AFTER, "--promote");

        assertThat(promoted.code()).as(promoted.err() + promoted.out()).isZero();
        assertThat(promoted.err()).contains("promoted: ");
        assertThat(world.read("experiments/weighted.yaml"))
                .isEqualTo(tiered(WEIGHTED).lines().toList());
        assertThat(promoted.err()).containsPattern("before: .*weighted.yaml.before-[0-9a-f]{8}");
    }

    @Test
    @Order(8)
    void anotherSaltOfAnActiveExperimentIsRefusedUnlessAccepted() {
        world.write(
                "experiments/certain.yaml",
                CERTAIN.replace("certain-2026", "certain-2027").lines().toList());

        Invocation refused = command("allocate", "--as-of", "2026-03-14");
        assertThat(refused.code()).isEqualTo(66);
        Invocation run = world.run(Instant.parse("2026-03-14T00:00:00Z"));
        assertThat(run.code()).isEqualTo(78);
        assertThat(run.err())
                .contains(
                        "certain.yaml: salt 'certain-2027' of certain is not the one its published users were drawn with",
                        "accept it with --reshuffle certain");
        Invocation accepted = command("allocate", "--as-of", "2026-03-14", "--reshuffle", "certain");
        assertThat(accepted.code()).as(accepted.err()).isZero();
    }

    /** Nobody has a score for lights, and 60 are held out; purchases are 23 hours after the exposure, to the second. */
    @Test
    @Order(9)
    void validateWarnsOfUsersWhoWouldLoseTheFeatureAndOfOutcomesThatCountNowhere() {
        CsvWorld lights = world.copy(folder.resolve("lights"));
        String given = WEIGHTED.replace("weighted-2026", "lights-2026")
                .replace("experiment_id: weighted", "experiment_id: lights")
                .replace("feature_id: checkout", "feature_id: lights")
                .replace("exploration: 60%", "unscored: 60%");
        lights.write("experiments/lights.yaml", given.lines().toList());
        lights.append(
                "flagcast.conf", "flagcast.features.lights { objective = uplift, outcome = purchase, within = 1d }");
        // The files as they were published, whatever other tests have made of them.
        lights.write("experiments/certain.yaml", CERTAIN.lines().toList());
        lights.write("experiments/learning.yaml", LEARNING.lines().toList());
        lights.write(
                "experiments/weighted.yaml",
                (WEIGHTED + "  soon: {kind: proportion, outcome: purchase, within: 23h, settle: 0d}")
                        .lines()
                        .toList());
        Invocation run = lights.run(Instant.parse("2026-03-14T00:00:00Z"));
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("lie exactly at the end of the window of soon, 23 h after the exposure");
        assertThat(lights.command("validate", "--lake").err()).doesNotContain("unscored is");

        lights.write(
                "experiments/lights.yaml",
                given.replace("unscored: 60%", "unscored: 10%").lines().toList());
        lights.append("experiments/learning.yaml", "status: paused");
        Invocation warned = lights.command("validate", "--lake");
        assertThat(warned.code()).as(warned.err()).isZero();
        assertThat(warned.err() + warned.out())
                .contains("warning: lights: unscored is 10 % and was 60 % in publication")
                .contains(
                        "1,140 users have no score, and some of them lose the feature; write unscored: 60% to keep it")
                .contains("warning: weighted: ")
                .contains("where times are days, write within: 47h to count that day too")
                .contains(", paused: it enables nobody");
        assertThat(lights.command("validate").err()).doesNotContain("warning: lights");
    }

    /** A purchase is worth 10 and enabling costs 1: it pays for those of 45 and older, who gain 25 points, and for nobody else. */
    @Test
    @Order(10)
    void whatUsersEarnAndCostDecidesWhoIsEnabledAndIsWhatEvaluatePolicySpeaksOf() throws IOException {
        CsvWorld paid = world.copy(folder.resolve("paid"));
        paid.write("experiments/certain.yaml", CERTAIN.lines().toList());
        paid.write("experiments/learning.yaml", LEARNING.lines().toList());
        paid.write("experiments/weighted.yaml", WEIGHTED.lines().toList());
        String best = WEIGHTED.replace("experiment_id: weighted", "experiment_id: best")
                .replace("weighted-2026", "best-2026")
                .replaceAll(
                        "(?m)^  type: weighted_random\n  weight_parameters: .*$",
                        "  type: tiered\n  tier_thresholds: best")
                .replace("exploration: 60%", "exploration: 0")
                .replace("stickiness: none", "stickiness: none\nvalue: {metric: conversion_rate, per: 10, cost: 1}");
        paid.write("experiments/best.yaml", best.lines().toList());
        // A cost of his own: 62.5 for a gain of 25 points is more than anybody's age.
        paid.write(
                "experiments/own.yaml",
                best.replace("best-2026", "own-2026")
                        .replace("experiment_id: best", "experiment_id: own")
                        .replace("per: 10, cost: 1", "per: 250, cost: age")
                        .lines()
                        .toList());
        List<String> users = new ArrayList<>(paid.read("users.csv"));
        users.replaceAll(line -> line.startsWith("u7,") ? "u7,,pro,f" : line);
        paid.write("users.csv", users);

        Invocation run = paid.run(Instant.parse("2026-03-14T00:00:00Z"));
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err())
                .containsPattern(
                        "best, net value \\(10 x conversion_rate - 1 .*\\): it pays to enable from score [0-9.]+ on")
                .contains("own: of 1,200 users 1 are not eligible, what enabling them costs (age) is not known");
        Map<String, Boolean> enabled = new HashMap<>();
        Invocation.rows(
                        paid.conf(),
                        "SELECT user_id, enabled FROM allocations WHERE experiment_id = 'best' AND reason <> 'holdout'")
                .forEach(row -> enabled.put(
                        row.get("user_id").asText(), row.get("enabled").asBoolean()));
        long right = enabled.entrySet().stream()
                .filter(user -> user.getValue() == AGES.get(user.getKey()) >= 45)
                .count();
        assertThat((double) right / enabled.size()).isGreaterThan(0.85);
        assertThat(Invocation.rows(
                        paid.conf(), "SELECT reason FROM allocations WHERE experiment_id = 'own' AND user_id = 'u7'"))
                .extracting(row -> row.get("reason").asText())
                .containsAnyOf("ineligible", "holdout");
        assertThat(
                        Invocation.rows(
                                paid.conf(),
                                "SELECT experiment_id, eligibility FROM experiments WHERE experiment_id IN ('best', 'own') ORDER BY 1"))
                .as("a service has no profile of a stranger, and no cost")
                .extracting(row -> row.path("eligibility").asText(""))
                .containsExactly("", "`age` >= 0");

        String edited = edited(
                "weighted.yaml",
                best.replace("experiment_id: best", "experiment_id: weighted").replace("best-2026", "weighted-2026"));
        Invocation evaluated = paid.command("evaluate-policy", edited, "--as-of", AFTER, "--format", "json");
        assertThat(evaluated.code()).as(evaluated.err()).isZero();
        Map<String, JsonNode> policies = policies(evaluated);
        assertThat(policies.get("candidate").get("metric").asText()).isEqualTo("net value");
        List<String> met = paid.read("exposures.csv").stream()
                .filter(line -> line.startsWith("weighted,"))
                .map(line -> line.split(",", -1)[1])
                .toList();
        for (boolean everybody : new boolean[] {true, false}) {
            double truth = met.stream()
                    .mapToDouble(user -> 10 * rate(user, everybody) - (everybody ? 1 : 0))
                    .average()
                    .orElseThrow();
            JsonNode value = policies.get(everybody ? "everybody" : "nobody").get("DR");
            assertThat(truth)
                    .isBetween(value.get("lower").asDouble(), value.get("upper").asDouble());
        }
        double whoKnows = met.stream()
                .mapToDouble(user -> 10 * rate(user, AGES.get(user) >= 45) - (AGES.get(user) >= 45 ? 1 : 0))
                .average()
                .orElseThrow();
        JsonNode candidate = policies.get("candidate").get("DR");
        assertThat(candidate.get("upper").asDouble()).isGreaterThan(0.9 * whoKnows);
        assertThat(candidate.get("value").asDouble())
                .isGreaterThan(policies.get("nobody").get("DR").get("value").asDouble())
                .isGreaterThan(policies.get("everybody").get("DR").get("value").asDouble());
        assertThat(paid.command("explain", "--user", "u8", "--experiment", "best")
                        .out())
                .containsAnyOf("worth", "holdout");
    }
}
