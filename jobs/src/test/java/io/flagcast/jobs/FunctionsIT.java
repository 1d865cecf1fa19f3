package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.lake.Lake;
import io.flagcast.lake.LakeFunctions;
import io.flagcast.lake.LakeViews;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import io.flagcast.serving.FlagcastClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/** The functions of SQL answer what the serving client answers. */
@TestInstance(Lifecycle.PER_CLASS)
class FunctionsIT {

    private static final int KNOWN = 8_000;
    private static final int ALL = 10_000;
    private static final List<String> ITEMS = List.of("chat", "maps", "radio", "search");

    @TempDir
    private static Path folder;

    /** Experiments that decide strangers in every way, and one that enables nobody. */
    @BeforeAll
    void run() {
        CsvWorld world = CsvWorld.in(folder);
        List<String> users = new ArrayList<>(world.read("users.csv"));
        for (int i = users.size() - 1; i < KNOWN; i++) {
            users.add("u%d,%d,%s,%s".formatted(i, 20 + i % 50, i % 3 == 0 ? "pro" : "free", i % 2 == 0 ? "f" : "m"));
        }
        world.write("users.csv", users);
        String metrics = "metrics: {conversion_rate: {kind: proportion, outcome: purchase, within: 1d}}";
        world.write(
                "experiments/layered.yaml",
                List.of(
                        "experiment_id: layered",
                        "feature_id: checkout",
                        "salt: layered-2026",
                        "layer: {name: shop, from: 0.2, to: 0.9}",
                        "allocation: {percentage_allocation: 40%, exploration: 20%, unscored: 30%}",
                        metrics));
        world.write(
                "experiments/choosy.yaml",
                List.of(
                        "experiment_id: choosy",
                        "feature_id: checkout",
                        "salt: choosy-2026",
                        "eligibility: \"plan = 'pro'\"",
                        "allocation: {percentage_allocation: 90%, unscored: 90%}",
                        metrics));
        world.write(
                "experiments/paused.yaml",
                List.of(
                        "experiment_id: paused",
                        "feature_id: checkout",
                        "status: paused",
                        "salt: paused-2026",
                        "allocation: {percentage_allocation: 90%, unscored: 90%}",
                        metrics));
        List<String> events = new ArrayList<>(List.of("user_id,feature_id,value,occurred_at"));
        for (int i = 0; i < KNOWN / 4; i++) {
            for (int item = 0; item <= i % 3; item++) {
                events.add("u%d,%s,%d,2026-02-20T00:00:00Z".formatted(i, ITEMS.get((i + 2 * item) % 4), 1 + i % 7));
            }
        }
        world.write("events.csv", events);
        world.append(
                "flagcast.conf",
                "flagcast.sources.events { format = csv, path = ${flagcast.conf-dir}\"/events.csv\" }",
                "flagcast.training.factors.rank = 0",
                "flagcast.training.collaborative { rank = 2, alpha = 10, blocks = 2, iterations = 3 }");
        ITEMS.forEach(
                item -> world.append("flagcast.conf", "flagcast.features." + item + ".objective = collaborative"));
        Invocation run = world.run(CsvWorld.FIRST, "--set", "flagcast.lake.holdout=0.1");
        assertThat(run.code()).as(run.err()).isZero();
    }

    private static String lake() {
        return folder.resolve("lake").toString();
    }

    private static FlagcastClient client() throws IOException {
        return FlagcastClient.of(lake()).snapshots(folder.resolve("snapshots")).start();
    }

    /** A session that anybody started, with the functions. */
    private static Lake registered(Session session) {
        Lake lake = new Lake(session.spark(), lake());
        LakeViews.register(lake);
        LakeFunctions.register(lake);
        return lake;
    }

    @Test
    void tenThousandUsersGetTheAnswersOfTheClient() throws IOException {
        try (FlagcastClient client = client();
                Session session = Session.open(Path.of("target"))) {
            List<Row> answers =
                    registered(session).spark().sql("""
                            SELECT user_id, experiment_id, allocate_feature(user_id, experiment_id) AS enabled
                            FROM (SELECT concat('u', id) AS user_id FROM range(%d))
                            CROSS JOIN (SELECT explode(array('rollout', 'layered', 'choosy', 'paused', 'nowhere', NULL))
                                AS experiment_id)""".formatted(ALL)).collectAsList();
            List<Row> scores = session.spark().sql("""
                            SELECT user_id, feature_id, predict_responsiveness(user_id, feature_id) AS score
                            FROM (SELECT concat('u', id) AS user_id FROM range(%d))
                            CROSS JOIN (SELECT explode(array('checkout', 'nothing', NULL)) AS feature_id)""".formatted(ALL)).collectAsList();

            assertThat(answers).hasSize(6 * ALL);
            assertThat(answers)
                    .filteredOn(row -> row.getBoolean(2) != client.allocateFeature(row.getString(0), row.getString(1)))
                    .isEmpty();
            assertThat(answers)
                    .filteredOn(row -> Integer.parseInt(row.getString(0).substring(1)) >= KNOWN && row.getBoolean(2))
                    .extracting(row -> row.getString(1))
                    .contains("rollout", "layered")
                    .doesNotContain("choosy", "paused", "nowhere");
            assertThat(scores).hasSize(3 * ALL);
            assertThat(scores)
                    .filteredOn(row -> !Objects.equals(
                            row.get(2),
                            known(client.predictResponsiveness(row.getString(0), row.getString(1))
                                    .score())))
                    .isEmpty();
            assertThat(scores).filteredOn(row -> !row.isNullAt(2)).hasSize(KNOWN);
        }
    }

    /** The client knows affinities to a 16,383rd of a feature's largest. */
    @Test
    void featuresAreRankedAlike() throws IOException {
        try (FlagcastClient client = client();
                Session session = Session.open(Path.of("target"))) {
            List<Row> ranked =
                    registered(session).spark().sql("""
                            SELECT user_id, rank_features(user_id, 3) AS best
                            FROM (SELECT concat('u', id) AS user_id FROM range(%d))""".formatted(ALL)).collectAsList();
            int known = 0;
            for (Row row : ranked) {
                Map<String, Double> best = client.rankFeatures(row.getString(0), 3);
                List<Row> expected = row.isNullAt(1) ? List.of() : row.getList(1);
                assertThat(best).as(row.getString(0)).hasSize(expected.size());
                List<Double> affinities = List.copyOf(best.values());
                for (int i = 0; i < expected.size(); i++) {
                    assertThat(affinities.get(i)).isCloseTo(expected.get(i).getDouble(1), within(2e-4));
                }
                boolean clear = expected.size() == 3
                        && expected.get(0).getDouble(1) - expected.get(1).getDouble(1) > 4e-4;
                known += expected.size() == 3 ? 1 : 0;
                assertThat(!clear
                                || best.keySet()
                                        .iterator()
                                        .next()
                                        .equals(expected.get(0).getString(0)))
                        .isTrue();
            }
            assertThat(known).isGreaterThanOrEqualTo(KNOWN / 4);
            assertThat(client.rankFeatures("u7", 1)).hasSize(1);
            assertThatThrownBy(() -> client.rankFeatures("u7", 0)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static Double known(OptionalDouble score) {
        return score.isPresent() ? score.getAsDouble() : null;
    }

    @Test
    void theyStandWhereverAnExpressionOfOneRowStands() throws IOException {
        try (FlagcastClient client = client();
                Session session = Session.open(Path.of("target"))) {
            Lake lake = registered(session);
            long enabled = 0;
            for (int i = 0; i < KNOWN; i++) {
                enabled += client.allocateFeature("u" + i, "rollout") ? 1 : 0;
            }
            double score =
                    client.predictResponsiveness("u7", "checkout").score().getAsDouble();

            assertThat(only(lake, "SELECT predict_responsiveness('u7', 'checkout')"))
                    .isEqualTo(score);
            assertThat(only(lake, "SELECT predict_responsiveness(NULL, 'checkout')"))
                    .isNull();
            assertThat(only(lake, "SELECT allocate_feature(NULL, 'rollout')")).isEqualTo(false);
            assertThat(only(lake, """
                            SELECT count(*) FROM (SELECT explode(array('', ' ', '\\t', '\\u00a0', '\\u200b')) AS id)
                            WHERE allocate_feature(id, 'layered') OR allocate_feature(id, 'rollout')
                                OR predict_responsiveness(id, 'checkout') IS NOT NULL""")).isEqualTo(0L);
            assertThat(only(lake, "SELECT count(*) FROM user_profiles WHERE allocate_feature(user_id, 'rollout')"))
                    .isEqualTo(enabled);
            assertThat(only(
                            lake,
                            "SELECT n FROM (SELECT allocate_feature(user_id, 'rollout') AS enabled, count(*) AS n"
                                    + " FROM user_profiles GROUP BY 1) WHERE enabled"))
                    .isEqualTo(enabled);
            assertThat(only(lake, "SELECT count_if(allocate_feature(user_id, 'rollout')) FROM user_profiles"))
                    .isEqualTo(enabled);
        }
    }

    private static Object only(Lake lake, String query) {
        List<Row> rows = lake.spark().sql(query).collectAsList();
        assertThat(rows).hasSize(1);
        return rows.get(0).get(0);
    }

    @Test
    void theCommandKnowsThemToo() {
        Invocation sql = Invocation.of(
                "sql",
                "SELECT allocate_feature('u7', 'paused') AS paused, predict_responsiveness('nobody', 'checkout') AS score",
                "--json",
                "--conf",
                folder.resolve("flagcast.conf").toString());

        assertThat(sql.out()).isEqualTo("{\"paused\":false,\"score\":null}\n");
    }

    @Test
    void withoutAPublicationThereIsNothingToAnswerFrom(@TempDir Path empty) {
        try (Session session = Session.open(Path.of("target"))) {
            assertThatThrownBy(() -> LakeFunctions.register(new Lake(session.spark(), empty.toString())))
                    .isInstanceOf(Refusal.class)
                    .hasMessage(empty + " has no publication yet: run flagcast run first");
        }
    }
}
