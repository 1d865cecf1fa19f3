package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models by command: what they may not learn from, and what people do with them. */
class LearningIT {

    private static final String AS_OF = CsvWorld.FIRST.toString();
    private static final String[] CHALLENGED = {
        "--set", "flagcast.training.challengers=[dr_linear]", "--set", "flagcast.training.folds=3"
    };

    @TempDir
    Path folder;

    /** The world with usage before the exposures: two tastes, and two users who were given both answers. */
    private CsvWorld world() {
        CsvWorld world = CsvWorld.in(folder);
        List<String> events = new ArrayList<>(List.of("user_id,feature_id,value,occurred_at"));
        for (int i = 0; i < 1200; i++) {
            for (int item = 0; item < 3; item++) {
                String taste = i % 2 == 0 ? "search" : "radio";
                events.add("u%d,%s%d,%d,2026-02-2%dT0%d:00:00Z"
                        .formatted(i, taste, item, 1 + (i + item) % 4, i % 7, item));
            }
        }
        world.write("events.csv", events);
        world.append(
                "flagcast.conf",
                "flagcast.sources.events { format = csv, path = ${flagcast.conf-dir}\"/events.csv\" }",
                "flagcast.training.factors.rank = 2",
                "flagcast.training.collaborative { rank = 2, alpha = 10, blocks = 2, iterations = 5 }");
        List<String> exposures = world.read("exposures.csv");
        for (String exposure : exposures.subList(1, 3)) {
            boolean enabled = exposure.contains(",true,");
            world.append(
                    "exposures.csv",
                    exposure.replace("," + enabled + ",", "," + !enabled + ",").replace("T10", "T11"));
        }
        world.append("exposures.csv", exposures.get(5).replace("T10", "T12"));
        return world;
    }

    private static Invocation on(CsvWorld world, String command, String... further) {
        List<String> arguments = new ArrayList<>(List.of(command.split(" ", -1)));
        arguments.addAll(List.of("--conf", world.conf().toString()));
        arguments.addAll(List.of(further));
        return Invocation.of(arguments.toArray(String[]::new));
    }

    /** SHA-256 of the model that the world's examples give in a lake of its own. */
    private static String trained(CsvWorld world, String lake, String... further) {
        List<String> where = new ArrayList<>(List.of(
                "--as-of",
                AS_OF,
                "--set",
                "flagcast.lake.root=\"" + world.folder().resolve(lake) + '"'));
        where.addAll(List.of(further));
        for (String stage : List.of("features", "train")) {
            Invocation done = on(world, stage, where.toArray(String[]::new));
            assertThat(done.code()).as(done.err()).isZero();
        }
        Invocation list = on(world, "sql", "SELECT checksum FROM model_runs", "--format", "csv", "--set", where.get(3));
        assertThat(list.out().lines()).hasSize(2);
        return list.out().lines().skip(1).findFirst().orElseThrow();
    }

    /** In every verification examples and models of the modules below say the same of each of these alone. */
    @Test
    @Tag("proof")
    void whatAModelMayNotKnowLeavesItAsItIs() {
        CsvWorld world = world();
        String checksum = trained(world, "base");

        // Nothing at or after the as-of, nothing after a user's exposure, no outcome before it, no protected attribute.
        world.append(
                "events.csv",
                "u7,search0,50,2026-03-02T10:00:00Z",
                "u8,radio1,70,2026-03-05T10:00:00Z",
                "u9,search2,90," + AS_OF);
        world.append(
                "outcomes.csv",
                "u10,purchase,1,2026-03-01T10:00:00Z",
                "u11,purchase,1,2026-03-03T10:00:00Z",
                "u12,purchase,1," + AS_OF);
        world.append(
                "exposures.csv",
                "rollout,u13,true," + AS_OF + ",0.5",
                world.read("exposures.csv").get(15).replace("-02T10", "-04T10"));
        world.write(
                "users.csv",
                world.read("users.csv").stream()
                        .map(line -> line.endsWith(",f") ? line.replaceAll(",f$", ",m") : line)
                        .toList());

        // No test user.
        List<String> withheld = new ArrayList<>(List.of("user_id"));
        for (int i = 0; i < 50; i++) {
            String user = "test" + i;
            withheld.add(user);
            world.append("users.csv", user + ",69,pro,f");
            world.append("events.csv", user + ",search0,40,2026-02-25T00:00:00Z");
            world.append("exposures.csv", "rollout," + user + ",true,2026-03-02T10:00:00Z,0.5");
            world.append("outcomes.csv", user + ",purchase,1,2026-03-02T12:00:00Z");
        }
        world.write("withheld.csv", withheld);
        assertThat(trained(
                        world,
                        "withheld",
                        "--set",
                        "flagcast.training.withhold=\"" + folder.resolve("withheld.csv") + '"'))
                .isEqualTo(checksum);
        assertThat(trained(world, "tested")).isNotEqualTo(checksum);
    }

    @Test
    void peopleLookAtModelsExplainScoresAndChangeWhatIsUsed() throws IOException {
        CsvWorld world = world();
        Invocation run = world.run(CsvWorld.FIRST, CHALLENGED);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err())
                .contains(
                        "note: checkout: 2 users were enabled and not enabled under one version of the parameters",
                        "checkout: 1,200 users met it 3 times more, their first exposure counts",
                        "checkout: t_linear: heterogeneous, p = ",
                        "(t_linear) on 1,198");

        List<JsonNode> models =
                Invocation.rows(world.conf(), "SELECT model_id, learner, status FROM model_runs ORDER BY learner");
        String challenger = models.get(0).get("model_id").asText();
        String champion = models.get(1).get("model_id").asText();
        assertThat(models)
                .extracting(row ->
                        row.get("learner").asText() + " " + row.get("status").asText())
                .containsExactly("dr_linear challenger", "t_linear champion");
        assertThat(used(world)).isEqualTo(champion);
        JsonNode shown = json(on(world, "models show " + champion, "--json").out());
        assertThat(shown.get("verdict").asText()).isEqualTo("heterogeneous");
        assertThat(shown.get("metrics").get("qini").asDouble()).isPositive();
        assertThat(json(shown.get("curves").asText()).get("deciles")).hasSize(10);

        // The older half gains: age is what moves an old user up.
        String old = world.read("users.csv").stream()
                .filter(line -> line.contains(",69,"))
                .findFirst()
                .orElseThrow()
                .split(",", -1)[0];
        Invocation text = on(world, "explain --user " + old + " --feature checkout");
        assertThat(text.out()).contains("(model): responds more than", "moves it by", "age");
        JsonNode why = json(on(world, "explain --user " + old + " --feature checkout --json")
                        .out())
                .get("explanation");
        assertThat(why.get("contributions").get(0).get("predictor").asText()).isEqualTo("age");
        double sum = 0;
        for (JsonNode one : why.get("contributions")) {
            sum += one.get("effect").asDouble();
        }
        assertThat(sum)
                .isCloseTo(why.get("value").asDouble() - why.get("baseline").asDouble(), within(1e-9));

        assertThat(on(world, "models rollback checkout").code()).isEqualTo(64);
        assertThat(on(world, "models promote " + challenger).err())
                .contains(challenger + " (dr_linear) is used from the next run on instead of " + champion);
        assertThat(used(world)).isEqualTo(challenger);
        assertThat(world.run(CsvWorld.SECOND, CHALLENGED).code()).isZero();
        assertThat(Invocation.rows(
                        world.conf(), "SELECT DISTINCT model_id FROM responsiveness_scores WHERE source = 'model'"))
                .extracting(row -> row.get("model_id").asText())
                .containsExactly(challenger);
        assertThat(on(world, "models rollback checkout").code()).isZero();
        assertThat(used(world)).isEqualTo(champion);
        assertThat(on(world, "models rollback checkout").code()).isEqualTo(64);

        // A model file that was changed is refused before anything in it is used.
        Path file = folder.resolve("lake/models/checkout/" + champion + ".json");
        Files.writeString(file, Files.readString(file).replace("\"linear\"", "\"java.lang.Runtime\""));
        assertThat(on(world, "models show " + champion).code())
                .as("by the file system's checksum")
                .isEqualTo(65);
        Files.delete(file.resolveSibling("." + champion + ".json.crc"));
        Invocation refused = on(world, "models show " + champion);
        assertThat(refused.code()).isEqualTo(65);
        assertThat(refused.err()).contains("the checksum of models/checkout/").doesNotContain("\tat ");
        aLostModelStopsNoRun(world, champion, file);
    }

    /** The only champion's file is damaged: it is trained anew. The new one's is lost, the other restored: that one is used again. */
    private void aLostModelStopsNoRun(CsvWorld world, String champion, Path file) throws IOException {
        Invocation anew = world.run(CsvWorld.SECOND.plus(Duration.ofDays(1)), CHALLENGED);
        assertThat(anew.code()).as(anew.err()).isZero();
        assertThat(anew.err()).contains("the checksum of models/checkout/", "checkout trains m-");
        String newer = used(world);
        assertThat(newer).isNotEqualTo(champion);

        Files.writeString(file, Files.readString(file).replace("\"java.lang.Runtime\"", "\"linear\""));
        Files.delete(file.resolveSibling(newer + ".json"));
        Invocation before = world.run(CsvWorld.SECOND.plus(Duration.ofDays(2)), CHALLENGED);
        assertThat(before.code()).as(before.err()).isZero();
        assertThat(before.err())
                .contains("model " + newer + ": ", "; the champion of before, " + champion + ", is used in its place");
        assertThat(Invocation.rows(
                        world.conf(), "SELECT DISTINCT model_id FROM responsiveness_scores WHERE source = 'model'"))
                .extracting(row -> row.get("model_id").asText())
                .containsExactly(champion);
        assertThat(Invocation.rows(
                        world.conf(),
                        "SELECT state, labels['severity'] AS severity FROM alerts WHERE labels['check'] = 'model'"))
                .extracting(JsonNode::toString)
                .containsExactly("{\"state\":\"firing\",\"severity\":\"critical\"}");
    }

    /** A penalty that leaves nothing of a model, outcomes that are no numbers, and data that have gone stale: all at once. */
    @Test
    void aWorseModelStaleDataAndNaNIncreaseNothing() {
        CsvWorld world = CsvWorld.in(folder);
        world.append(
                "experiments/rollout.yaml",
                "  - rule_id: more",
                "    description: More of whom it is good for",
                "    when: {segment: all, population: enabled, metric: conversion_rate, above: 5%}",
                "    evidence: {min_users: 50, confidence: 95%}",
                "    then: {advance_tier: true}",
                "    max_firings: 4",
                "    mode: enforce");
        Invocation first = world.run(CsvWorld.FIRST);
        assertThat(first.code()).as(first.err()).isZero();
        String champion = used(world);
        String parameters = "SELECT * FROM allocation_parameters ORDER BY ALL";
        List<JsonNode> before = Invocation.rows(world.conf(), parameters);

        SplittableRandom random = new SplittableRandom(12);
        for (int i = 0; i < 1200; i++) {
            int age = 20 + random.nextInt(50);
            boolean enabled = random.nextBoolean();
            world.append("users.csv", "n%d,%d,free,f".formatted(i, age));
            world.append("exposures.csv", "rollout,n%d,%b,2026-03-11T10:00:00Z,0.5".formatted(i, enabled));
            if (random.nextDouble() < 0.2 + (enabled ? age >= 45 ? 0.25 : -0.15 : 0)) {
                world.append("outcomes.csv", "n%d,purchase,9,2026-03-11T12:00:00Z".formatted(i));
            }
        }
        world.append(
                "outcomes.csv", "u1,purchase,NaN,2026-03-02T12:00:00Z", "u2,purchase,Infinity,2026-03-02T12:00:00Z");
        Invocation run = world.run(
                CsvWorld.SECOND.plus(Duration.ofDays(4)),
                "--set=flagcast.training.regularisation=1000",
                "--set=flagcast.training.elastic-net=1",
                "--set=flagcast.training.folds=5");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("checkout: new model rejected, ", "2 rows quarantined");
        assertThat(used(world)).isEqualTo(champion);
        assertThat(Invocation.rows(world.conf(), "SELECT status FROM model_runs ORDER BY as_of"))
                .extracting(row -> row.get("status").asText())
                .containsExactly("champion", "rejected");
        assertThat(Invocation.rows(world.conf(), parameters)).isEqualTo(before);
        assertThat(Invocation.rows(world.conf(), "SELECT outcome, reason FROM rule_decisions WHERE rule_id = 'more'"))
                .singleElement()
                .satisfies(decision -> {
                    assertThat(decision.get("outcome").asText()).isEqualTo("held");
                    assertThat(decision.get("reason").asText()).contains("but an increase waits for sound data: ");
                });
        assertThat(Invocation.rows(
                        world.conf(), "SELECT count(*) AS n FROM allocations WHERE isnan(score) OR isnan(propensity)"))
                .extracting(row -> row.get("n").asLong())
                .containsExactly(0L);
    }

    private static String used(CsvWorld world) {
        return on(world, "models list --feature checkout")
                .out()
                .lines()
                .filter(line -> line.contains(" yes "))
                .map(line -> line.strip().split(" +", -1)[1])
                .reduce((one, other) -> one + " and " + other)
                .orElseThrow();
    }

    private static JsonNode json(String text) throws IOException {
        return new ObjectMapper().readTree(text);
    }

    @Test
    void scoresAreJudgedOnUsersThatWereNotTrainedOn() {
        CsvWorld world = world();
        List<String> list = new ArrayList<>(List.of("experiment_id,seed,user_id"));
        for (int i = 0; i < 400; i++) {
            list.add("rollout,%d,u%d".formatted(i % 2, i));
        }
        world.write("tested.csv", list);
        Invocation evaluated = on(
                world,
                "evaluate --format json --as-of " + AS_OF,
                "--withhold",
                folder.resolve("tested.csv").toString(),
                "--learners",
                "t_linear,s_linear");
        assertThat(evaluated.code()).as(evaluated.err()).isZero();
        List<JsonNode> lines = evaluated
                .out()
                .lines()
                .map(line -> {
                    try {
                        return json(line);
                    } catch (IOException e) {
                        throw new AssertionError(line, e);
                    }
                })
                .toList();
        assertThat(lines)
                .extracting(line -> line.get("seed") + " " + line.get("learner").asText())
                .containsExactly("0 t_linear", "0 s_linear", "1 t_linear", "1 s_linear");
        assertThat(lines).allSatisfy(line -> {
            // 200 users a seed, two of seed 0 and 1 contradictory; the true effects are +.25 and -.15.
            assertThat(line.get("judged").asDouble()).isEqualTo(199);
            assertThat(line.get("examples").asDouble()).isEqualTo(999);
            assertThat(line.get("qini_lower").asDouble())
                    .isLessThan(line.get("qini").asDouble());
            assertThat(line.get("uplift_at_30").asDouble()).isPositive();
        });
        assertThat(folder.resolve("lake")).doesNotExist();

        assertThat(on(world, "evaluate --withhold nowhere.csv").code()).isEqualTo(66);
        assertThat(on(world, "evaluate --learners t_forest").err())
                .contains("learner 't_forest' is unknown: known are t_linear,");
        assertThat(on(world, "evaluate --feature chekout").code()).isEqualTo(64);
    }
}
