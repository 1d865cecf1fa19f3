package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flagcast.jobs.pipeline.Stage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs, repeats and restatements from CSV files to published Delta tables, by the commands. */
class PipelineIT {

    private static final String SCORES = "SELECT user_id, feature_id, score, uplift, response_if_enabled,"
            + " response_if_not, no_benefit, source, model_id FROM responsiveness_scores ORDER BY user_id";
    private static final String ALLOCATIONS = "SELECT user_id, enabled, score, segment, tier, bucket, base_probability,"
            + " share, propensity, reason, parameters_version, model_id FROM allocations ORDER BY user_id";

    private static final Instant THIRD = CsvWorld.SECOND.plus(Duration.ofDays(1));

    @TempDir
    private Path folder;

    @Test
    void aRunPublishesARepeatDoesNothingAndARestatementIsTheSameAgain() throws IOException {
        CsvWorld world = CsvWorld.in(folder);
        Invocation first = world.run(CsvWorld.FIRST);

        assertThat(first.code()).as(first.err()).isZero();
        assertThat(first.out()).isEmpty();
        assertThat(first.err())
                .contains("run 20260310T000000Z-g1", "[6/6] govern", "published 1: 1,200 scores, 1,200 allocations");
        List<JsonNode> scores = Invocation.rows(world.conf(), SCORES);
        List<JsonNode> allocations = Invocation.rows(world.conf(), ALLOCATIONS);
        assertThat(scores).hasSize(1200).allSatisfy(row -> {
            assertThat(row.get("score").asDouble()).isBetween(0.0, 100.0);
            assertThat(row.get("source").asText()).isEqualTo("model");
        });
        assertThat(allocations).hasSize(1200);
        assertThat(meanScoreOfGainersMinusLosers(scores, world)).isGreaterThan(30);

        assertThat(Invocation.rows(world.conf(), "SELECT stage, rows_in, size(input_versions) AS inputs FROM runs"))
                .extracting(row -> row.get("stage").asText() + " " + row.get("rows_in") + " " + row.get("inputs"))
                .contains("train 1200 3", "score 1200 3", "allocate 1200 3", "measure 1200 3");

        Invocation repeat = Invocation.at(
                Instant.parse("2026-06-01T07:00:00Z"),
                "run",
                "--conf",
                world.conf().toString(),
                "--as-of",
                CsvWorld.FIRST.toString(),
                "--format",
                "json");
        assertThat(repeat.code()).isZero();
        JsonNode nothing = result(repeat);
        assertThat(nothing.get("state").asText()).isEqualTo("nothing_to_do");
        assertThat(nothing.get("run_id").asText()).isEqualTo("20260310T000000Z-g1");
        assertThat(nothing.get("publication").asInt()).isEqualTo(1);
        assertThat(nothing.get("seconds").isEmpty()).isTrue();
        assertThat(repeat.err()).contains("is published already as run 20260310T000000Z-g1: nothing to do");
        Invocation back = world.run(CsvWorld.FIRST.minus(Duration.ofDays(1)), "--format", "json");
        assertThat(back.code()).isEqualTo(64);
        assertThat(result(back).toString())
                .contains(
                        "\"state\":\"failed\",\"exit_code\":64,\"exit_reason\":\"--as-of 2026-03-09T00:00:00Z is before the live");

        Invocation restatement = world.run(CsvWorld.FIRST, "--restate", "--format", "json");
        assertThat(restatement.code()).as(restatement.err()).isZero();
        JsonNode restated = result(restatement);
        assertThat(restated.get("command").asText()).isEqualTo("run");
        assertThat(restated.get("as_of").asText()).isEqualTo(CsvWorld.FIRST.toString());
        assertThat(restated.get("state").asText()).isEqualTo("published");
        assertThat(restated.get("exit_code").asInt()).isZero();
        assertThat(restated.get("exit_reason").isNull()).isTrue();
        assertThat(restated.get("run_id").asText()).isEqualTo("20260310T000000Z-g2");
        assertThat(restated.get("publication").asInt()).isEqualTo(2);
        assertThat(restated.get("rows").get("allocations").asInt()).isEqualTo(1200);
        assertThat(restated.get("seconds").fieldNames())
                .toIterable()
                .containsExactly("features", "train", "score", "allocate", "measure", "govern");
        assertThat(restated.get("failed_checks").toString()).contains("freshness");
        assertThat(restated.get("firing_alerts").isEmpty()).isFalse();
        assertThat(restatement.err()).contains("run 20260310T000000Z-g2", "checkout reuses m-", "published 2");
        assertThat(Invocation.rows(world.conf(), SCORES)).isEqualTo(scores);
        assertThat(Invocation.rows(world.conf(), ALLOCATIONS)).isEqualTo(allocations);
        assertThat(Invocation.rows(world.conf(), "SELECT publish_seq, run_id, kind FROM publications ORDER BY 1"))
                .extracting(JsonNode::toString)
                .containsExactly(
                        "{\"publish_seq\":1,\"run_id\":\"20260310T000000Z-g1\",\"kind\":\"publish\"}",
                        "{\"publish_seq\":2,\"run_id\":\"20260310T000000Z-g2\",\"kind\":\"publish\"}");
        assertThat(Invocation.rows(world.conf(), "SELECT DISTINCT model_id FROM model_runs"))
                .hasSize(1);
    }

    /** The last line of what a command printed. */
    private static JsonNode result(Invocation invocation) throws IOException {
        List<String> lines = invocation.out().lines().toList();
        return new ObjectMapper().readTree(lines.get(lines.size() - 1));
    }

    /** Those of 45 and older gain 25 points, the younger lose 15. */
    private static double meanScoreOfGainersMinusLosers(List<JsonNode> scores, CsvWorld world) {
        List<String> gainers = world.read("users.csv").stream()
                .skip(1)
                .map(line -> line.split(",", -1))
                .filter(cells -> Integer.parseInt(cells[1]) >= 45)
                .map(cells -> cells[0])
                .toList();
        return mean(scores, gainers, true) - mean(scores, gainers, false);
    }

    private static double mean(List<JsonNode> scores, List<String> gainers, boolean gaining) {
        return scores.stream()
                .filter(row -> gainers.contains(row.get("user_id").asText()) == gaining)
                .mapToDouble(row -> row.get("score").asDouble())
                .average()
                .orElseThrow();
    }

    @Test
    void theStagesOneByOneDoWhatARunDoes() {
        CsvWorld whole = CsvWorld.published(folder.resolve("whole"));
        CsvWorld single = CsvWorld.in(folder.resolve("single"));

        Invocation early = stage(single, "score");
        assertThat(early.code()).isEqualTo(66);
        assertThat(early.err()).contains("run 20260310T000000Z-g1 has no features yet: run `flagcast features --as-of");
        for (Stage stage : Stage.ORDER) {
            Invocation done = stage(single, stage.label());
            assertThat(done.code()).as(done.err()).isZero();
        }
        assertThat(withoutModels(Invocation.rows(single.conf(), SCORES)))
                .isEqualTo(withoutModels(Invocation.rows(whole.conf(), SCORES)));
        assertThat(withoutModels(Invocation.rows(single.conf(), ALLOCATIONS)))
                .isEqualTo(withoutModels(Invocation.rows(whole.conf(), ALLOCATIONS)));
        assertThat(Invocation.rows(single.conf(), "SELECT stage FROM runs WHERE state = 'done' ORDER BY started_at"))
                .hasSize(Stage.ORDER.size());
    }

    private static Invocation stage(CsvWorld world, String stage) {
        return Invocation.of(stage, "--conf", world.conf().toString(), "--as-of", CsvWorld.FIRST.toString());
    }

    /** The id of a model is a hash over the times of its input files too, which two folders do not share. */
    private static List<String> withoutModels(List<JsonNode> rows) {
        return rows.stream()
                .map(row -> row.toString().replaceAll("\"model_id\":\"[^\"]*\"", ""))
                .toList();
    }

    @Test
    void theExampleRuleFiresOnceOnEightHundredConversionsOfTwentyThousandAndShedsTheHighestBuckets() {
        CsvWorld world = CsvWorld.published(folder);
        List<JsonNode> before = Invocation.rows(world.conf(), ALLOCATIONS);
        meet(world, 20_000, 800);

        Invocation fires = world.run(CsvWorld.SECOND);
        assertThat(fires.err()).contains("pull_back_high_responders fired, share of high 100 % -> 80 %");
        Invocation next = world.run(THIRD);
        Invocation older = world.run(CsvWorld.FIRST);
        assertThat(older.code()).isZero();
        assertThat(older.err()).contains("2026-03-10T00:00:00Z is published already");
        assertThat(next.err()).contains("inconclusive; 0 users, needs min_users 1,000");
        assertThat(Invocation.rows(world.conf(), "SELECT version, segment, share, cause FROM allocation_parameters"))
                .extracting(JsonNode::toString)
                .containsExactly("{\"version\":1,\"segment\":\"high\",\"share\":0.8,\"cause\":\"rule\"}");

        List<JsonNode> after = Invocation.rows(world.conf(), ALLOCATIONS);
        for (int i = 0; i < before.size(); i++) {
            JsonNode now = after.get(i);
            boolean shed = before.get(i).get("enabled").asBoolean()
                    && !now.get("enabled").asBoolean();
            boolean expected = now.get("segment").asText().equals("high")
                    && now.get("reason").asText().equals("policy")
                    && before.get(i).get("enabled").asBoolean()
                    && now.get("bucket").asDouble()
                            >= 0.8 * now.get("base_probability").asDouble();
            assertThat(shed).as(now.toString()).isEqualTo(expected);
            assertThat(!before.get(i).get("enabled").asBoolean()
                            && now.get("enabled").asBoolean())
                    .as("nobody is added: " + now)
                    .isFalse();
        }
        assertThat(after)
                .anyMatch(row -> row.get("segment").asText().equals("high")
                        && row.get("reason").asText().equals("policy")
                        && !row.get("enabled").asBoolean());
    }

    /** In every verification the tests of rules say when one gives back; here it does so through runs, to the last user. */
    @Test
    @Tag("proof")
    void whatARuleTookItGivesBackToTheSameUsers() {
        CsvWorld world = CsvWorld.published(folder);
        List<JsonNode> before = Invocation.rows(world.conf(), ALLOCATIONS);
        meet(world, 20_000, 800);
        assertThat(world.run(CsvWorld.SECOND).err()).contains("share of high 100 % -> 80 %");
        assertThat(world.run(THIRD).code()).isZero();

        world.write(
                "experiments/rollout.yaml",
                world.read("experiments/rollout.yaml").stream()
                        .map(line -> line.replace(
                                "    cooldown: 3d", "    cooldown: 3d\n    recover: {increase_allocation: 20pp}"))
                        .toList());
        meetAgain(world, 20_000, 1_600);
        Invocation recovers = world.run(THIRD.plus(Duration.ofDays(2)));
        assertThat(recovers.err()).contains("pull_back_high_responders recovered, share of high 80 % -> 100 %");
        assertThat(world.run(THIRD.plus(Duration.ofDays(3))).code()).isZero();
        assertThat(answers(Invocation.rows(world.conf(), ALLOCATIONS)))
                .as("the same users come back")
                .isEqualTo(answers(before));
    }

    private static List<String> answers(List<JsonNode> allocations) {
        return allocations.stream()
                .map(row -> row.get("user_id").asText() + " " + row.get("enabled") + " " + row.get("reason"))
                .toList();
    }

    /** In every verification the rule is inconclusive too, on the users whom it has met since it fired: none. */
    @Test
    @Tag("proof")
    void sixConversionsOfTwoHundredAreInconclusive() {
        CsvWorld world = CsvWorld.in(folder);
        meet(world, 200, 6);

        Invocation run = world.run(CsvWorld.SECOND);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("inconclusive; 200 users, needs min_users 1,000");
        assertThat(Invocation.rows(world.conf(), "SELECT * FROM allocation_parameters"))
                .isEmpty();
    }

    /** More of them under the parameters that the rule has set. */
    private static void meetAgain(CsvWorld world, int users, int conversions) {
        List<String> exposures = new ArrayList<>(
                List.of("experiment_id,user_id,enabled,exposed_at,propensity,score,segment,parameters_version"));
        world.read("exposures.csv").stream().skip(1).forEach(line -> exposures.add(line + ","));
        List<String> outcomes = new ArrayList<>();
        for (int i = 0; i < users; i++) {
            exposures.add("rollout,w%d,true,2026-03-12T10:00:00Z,0.8,90,high,1".formatted(i));
            if (i % 4 == 0) {
                exposures.add("rollout,wc%d,false,2026-03-12T10:00:00Z,0.8,90,high,1".formatted(i));
            }
            if (i < conversions) {
                outcomes.add("w%d,purchase,10,2026-03-12T11:00:00Z".formatted(i));
            }
        }
        world.write("exposures.csv", exposures);
        world.append("outcomes.csv", outcomes.toArray(String[]::new));
    }

    /** Other users with a high score; so many are enabled, as their propensity has it, of whom some convert. */
    private static void meet(CsvWorld world, int users, int conversions) {
        List<String> exposures =
                new ArrayList<>(List.of("experiment_id,user_id,enabled,exposed_at,propensity,score,segment"));
        world.read("exposures.csv").stream().skip(1).forEach(line -> exposures.add(line + ",,"));
        List<String> outcomes = new ArrayList<>();
        for (int i = 0; i < users; i++) {
            exposures.add("rollout,v%d,true,2026-03-05T10:00:00Z,0.975,90,high".formatted(i));
            if (i % 39 == 0) {
                exposures.add("rollout,vc%d,false,2026-03-05T10:00:00Z,0.975,90,high".formatted(i));
            }
            if (i < conversions) {
                outcomes.add("v%d,purchase,10,2026-03-05T11:00:00Z".formatted(i));
            }
        }
        world.write("exposures.csv", exposures);
        world.append("outcomes.csv", outcomes.toArray(String[]::new));
    }
}
