package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.flagcast.jobs.records.ModelRegistry;
import io.flagcast.jobs.records.ModelRegistry.Entry;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Session;
import io.flagcast.serving.FlagcastClient;
import io.flagcast.training.Explanation;
import io.flagcast.training.FamilyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * Features that are declared together: 500 users of ten tastes use 300 artists, of which four are declared otherwise. An artist
 * is new on the second day, one has too few users, one has an id of odd characters.
 */
@TestInstance(Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class FamiliesIT {

    private static final int USERS = 500;
    private static final int ARTISTS = 300;
    private static final int TASTES = 10;
    private static final String ODD = "artist_*, \"'` \\E ü\n";

    @TempDir
    private static Path folder;

    private CsvWorld world;

    @BeforeAll
    void twoDays() {
        world = CsvWorld.in(folder);
        world.write(
                "users.csv",
                Stream.concat(
                                Stream.of("user_id,age,plan,gender"),
                                IntStream.range(0, USERS).mapToObj("u%d,30,free,f"::formatted))
                        .toList());
        for (String input : List.of("exposures.csv", "outcomes.csv")) {
            world.write(input, world.read(input).subList(0, 1));
        }
        world.write("events.csv", events());
        world.write(
                "experiments/shelf.yaml",
                List.of(
                        "experiment_id: shelf",
                        "feature_id: artist_7",
                        "salt: shelf-2026",
                        "segments: {low: [0, 50], high: [50, 100]}",
                        "allocation: {percentage_allocation: 50%}",
                        "metrics: {conversion_rate: {kind: proportion, outcome: purchase, within: 1d}}"));
        world.write(
                "experiments/novelty.yaml",
                List.of(
                        "experiment_id: novelty",
                        "feature_id: artist_new",
                        "salt: novelty-2026",
                        "allocation: {percentage_allocation: 50%, unscored: 20%}",
                        "metrics: {conversion_rate: {kind: proportion, outcome: purchase, within: 1d}}"));
        world.append(
                "flagcast.conf",
                "flagcast.sources.events { format = csv, path = ${flagcast.conf-dir}\"/events.csv\" }",
                "flagcast.features { \"artist_*\" { objective = collaborative, min-users = 5 } }",
                "flagcast.features { \"artist_1*\" { objective = collaborative, min-users = 5, keep = 3 } }",
                "flagcast.features { artist_4 { objective = collaborative } }",
                "flagcast.training.factors.rank = 0",
                "flagcast.training.collaborative { rank = 8, alpha = 10, blocks = 2, iterations = 5 }",
                "flagcast.quality.may-be-empty = [exposures, outcomes]");
    }

    /** Every user uses twenty artists, most of one taste. */
    private static List<String> events() {
        SplittableRandom random = new SplittableRandom(5);
        List<String> events = new ArrayList<>(List.of("user_id,feature_id,value,occurred_at"));
        for (int user = 0; user < USERS; user++) {
            for (int i = 0; i < 20; i++) {
                int artist = random.nextInt(5) > 0
                        ? TASTES * random.nextInt(ARTISTS / TASTES) + user % TASTES
                        : random.nextInt(ARTISTS);
                events.add("u%d,artist_%d,%d,2026-03-0%dT00:00:00Z"
                        .formatted(user, artist, 1 + random.nextInt(9), 1 + i % 9));
            }
            if (user < 4) {
                events.add("u%d,artist_rare,1,2026-03-05T00:00:00Z".formatted(user));
            }
            if (user % TASTES == 3) {
                events.add("u%d,\"%s\",2,2026-03-05T00:00:00Z".formatted(user, ODD.replace("\"", "\"\"")));
            }
        }
        return events;
    }

    private List<JsonNode> rows(String query) {
        return Invocation.rows(world.conf(), query);
    }

    @Test
    @Order(1)
    void aPatternIsOneModelInOneFileAndItsLinesListNoFeatures() throws IOException {
        Invocation run = world.run(CsvWorld.FIRST);

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err())
                .contains("artist_*: 1 of ")
                .contains(" features have fewer than 5 users, and are left out (min-users)")
                .contains("note: artist_new has no score: the model of family artist_* does not know it")
                .contains(" features of family artist_*; ")
                .contains(" features of family artist_1*")
                .contains("\nfamily artist_*, ");
        assertThat(Stream.concat(run.err().lines(), run.out().lines()))
                .allSatisfy(line -> assertThat(line).hasSizeLessThan(400));
        assertThat(run.err().lines().filter(line -> line.contains("artist_2"))).isEmpty();

        List<JsonNode> models = rows("SELECT feature_id, model_id, path FROM model_runs ORDER BY feature_id");
        assertThat(models)
                .extracting(row -> row.get("feature_id").asText())
                .containsExactly("artist_*", "artist_1*", "artist_4");
        for (JsonNode model : models) {
            Path file = folder.resolve("lake").resolve(model.get("path").asText());
            assertThat(Files.size(file)).as(file.toString()).isLessThan(1_000_000);
        }
        assertThat(world.command("validate").out())
                .contains(
                        "artist_*: a family, all features of events like it with 5 users or more, at most 10,000; all are published")
                .contains(
                        "artist_1*: a family, all features of events like it with 5 users or more, at most 10,000; the best 3 of each user are published");
    }

    @Test
    @Order(2)
    void everyUserHasAScoreOfEveryFeatureOrOfTheBest() {
        Map<String, Long> users = new TreeMap<>();
        rows("SELECT coalesce(family, feature_id) AS of, count(*) AS n, count(DISTINCT user_id, feature_id) AS pairs,"
                        + " count(DISTINCT feature_id) AS features FROM responsiveness_scores GROUP BY 1")
                .forEach(row -> {
                    assertThat(row.get("pairs").asLong()).isEqualTo(row.get("n").asLong());
                    users.put(row.get("of").asText() + " rows", row.get("n").asLong());
                    users.put(
                            row.get("of").asText() + " features",
                            row.get("features").asLong());
                });
        assertThat(users)
                .containsEntry("artist_* rows", USERS * users.get("artist_* features"))
                .containsEntry("artist_1* rows", 3L * USERS)
                .containsEntry("artist_4 rows", (long) USERS)
                .containsEntry("checkout rows", (long) USERS);
        // Of 300 artists 111 begin with 1 and one is declared by itself; the odd one comes to them, and the one of the
        // experiment.
        assertThat(users.get("artist_* features")).isBetween(185L, 190L);
        assertThat(
                        rows(
                                "SELECT DISTINCT family FROM responsiveness_scores WHERE feature_id IN ('artist_1', 'artist_19')"))
                .hasSize(1);
        assertThat(rows("SELECT feature_id FROM responsiveness_scores WHERE feature_id = 'artist_rare'"))
                .isEmpty();
        assertThat(
                        rows(
                                "SELECT source, count(*) AS n FROM responsiveness_scores WHERE feature_id = 'artist_new' GROUP BY 1"))
                .extracting(
                        row -> row.get("source").asText() + " " + row.get("n").asLong())
                .containsExactly("prior " + USERS);
    }

    @Test
    @Order(3)
    void rankFeaturesRanksAsTheModelDoes() throws IOException {
        Map<String, List<String>> ranked = new TreeMap<>();
        rows("SELECT user_id, transform(filter(rank_features(user_id, 400), f -> f.feature_id != 'artist_4'), f -> f.feature_id) AS best"
                        + " FROM (SELECT concat('u', id) AS user_id FROM range(20))")
                .forEach(row -> {
                    List<String> best = new ArrayList<>();
                    row.get("best").forEach(id -> best.add(id.asText()));
                    ranked.put(row.get("user_id").asText(), best);
                });
        Map<String, Double> served;
        try (FlagcastClient client = FlagcastClient.of(folder.resolve("lake").toString())
                .snapshots(folder.resolve("snapshots"))
                .start()) {
            served = client.rankFeatures("u3", 5);
        }
        try (Session session = Session.open(Path.of("target"))) {
            Lake lake = new Lake(session.spark(), folder.resolve("lake").toString());
            ModelRegistry registry = ModelRegistry.read(lake);
            Entry entry = registry.live("artist_*", CsvWorld.FIRST).orElseThrow();
            FamilyModel model = (FamilyModel) registry.load(entry);
            for (int user = 0; user < 20; user++) {
                Map<String, Double> usage = lake.spark()
                        .sql("SELECT 1")
                        .sparkSession()
                        .read()
                        .format("delta")
                        .load(folder.resolve("lake/user_profiles").toString())
                        .where("user_id = 'u" + user + "'")
                        .select("usage")
                        .head()
                        .<String, Double>getJavaMap(0);
                Map<String, Double> affinities = new TreeMap<>();
                model.features()
                        .forEach(id -> affinities.put(
                                id,
                                Explanation.of(model, id, RowFactory.create(), usage)
                                        .orElseThrow()
                                        .value()));
                List<String> best = affinities.entrySet().stream()
                        .filter(one -> !one.getKey().startsWith("artist_1"))
                        .sorted(Comparator.comparing((Map.Entry<String, Double> one) -> -one.getValue())
                                .thenComparing(Map.Entry::getKey))
                        .map(Map.Entry::getKey)
                        .filter(model.features()::contains)
                        .toList();
                assertThat(ranked.get("u" + user).stream().filter(id -> !id.startsWith("artist_1")))
                        .as("u" + user)
                        .containsExactlyElementsOf(best);
                if (user == 3) {
                    assertThat(best.subList(0, 20)).contains(ODD);
                    String first = served.keySet().stream()
                            .filter(affinities::containsKey)
                            .findFirst()
                            .orElseThrow();
                    assertThat(served.get(first)).isCloseTo(affinities.get(first), within(1e-3));
                }
            }
        }
    }

    @Test
    @Order(4)
    void peopleAskForFeaturesOfAFamilyAsForOthers() {
        assertThat(world.command("explain", "--user", "u3", "--feature", ODD).out())
                .contains("collaborative", "(implicit_als)", "closer to it by usage than");
        assertThat(world.command("explain", "--user", "u3", "--feature", "artist_rare")
                        .err())
                .contains("its family artist_* scores features of enough users");
        assertThat(world.command("models", "list", "--feature", "artist_19").out())
                .contains("artist_1*", "artist_*")
                .doesNotContain("artist_4");
        assertThat(world.command("models", "rollback", "artist_20").err())
                .contains("artist_20 is scored by the model of family artist_*: flagcast models rollback 'artist_*'");
        assertThat(world.command("evaluate", "--feature", "artist_20", "--as-of", "2026-03-10")
                        .err())
                .contains("--feature artist_20 is of family artist_*, which is judged as one: --feature 'artist_*'");
        Invocation evaluated = world.command("evaluate", "--feature", "artist_1*", "--as-of", "2026-03-10");
        assertThat(evaluated.out()).contains("artist_1*: a random quarter", "implicit_als", "popularity");
        Path page = folder.resolve("report.html");
        assertThat(world.command("report", "--output", page.toString()).code()).isZero();
        assertThat(page).content().contains("artist_1*", "features, trained on").doesNotContain("artist_22");
    }

    @Test
    @Order(5)
    void aNewFeatureWaitsForTheNextTrainingAndIsSaidToDoSo() {
        for (int user = 0; user < 40; user++) {
            world.append("events.csv", "u%d,artist_new,3,2026-03-10T12:00:00Z".formatted(user));
        }
        Invocation kept = world.run(CsvWorld.SECOND);
        assertThat(kept.code()).as(kept.err()).isZero();
        assertThat(kept.err())
                .contains("artist_*: 1 more feature joins it at its next training, from 2026-03-17T00:00:00Z on")
                .contains("artist_* keeps m-");

        Invocation trained = world.run(CsvWorld.SECOND, "--restate", "--set", "flagcast.training.retrain-every=1d");
        assertThat(trained.code()).as(trained.err()).isZero();
        assertThat(trained.err()).contains("artist_* trains m-").doesNotContain("has no score");
        assertThat(
                        rows(
                                "SELECT source, count(*) AS n FROM responsiveness_scores WHERE feature_id = 'artist_new' GROUP BY 1"))
                .extracting(
                        row -> row.get("source").asText() + " " + row.get("n").asLong())
                .containsExactly("collaborative " + USERS);
    }

    @Test
    @Order(6)
    void aFeatureThatVanishesIsScoredUntilTheNextTrainingAndTooManyAreRefusedWithWhatToDo() {
        List<String> events = new ArrayList<>(world.read("events.csv"));
        events.removeIf(event -> event.contains(",artist_25,"));
        world.write("events.csv", events);
        Invocation kept = world.run(CsvWorld.SECOND, "--restate");
        assertThat(kept.code()).as(kept.err()).isZero();
        String scored = "SELECT count(*) AS n FROM responsiveness_scores WHERE feature_id = 'artist_25'";
        assertThat(rows(scored).get(0).get("n").asLong()).isEqualTo(USERS);

        Invocation refused = world.run(
                CsvWorld.SECOND,
                "--restate",
                "--set",
                "flagcast.training.retrain-every=1h",
                "--set",
                "flagcast.features.\"artist_*\".max-features=20");
        assertThat(refused.code()).as(refused.err()).isZero();
        assertThat(refused.err())
                .containsPattern(
                        "note: artist_\\*: no new model: \\d+ features have 5 users or more, and max-features is 20: raise min-users \\(\\d+ leaves \\d+ of them\\), or max-features")
                .contains("artist_* keeps m-");

        // Of two models of one as-of the later one is used: the clock has to go on.
        Invocation trained = Invocation.at(
                Instant.parse("2026-06-01T07:00:00Z"),
                "run",
                "--conf",
                world.conf().toString(),
                "--as-of",
                CsvWorld.SECOND.toString(),
                "--restate",
                "--set",
                "flagcast.training.retrain-every=1h");
        assertThat(trained.code()).as(trained.err()).isZero();
        assertThat(rows(scored).get(0).get("n").asLong()).isZero();

        Invocation rolledBack = world.command("models", "rollback", "artist_*");
        assertThat(rolledBack.code()).as(rolledBack.err()).isZero();
        assertThat(rolledBack.err()).contains("artist_*: m-", "is used from the next run on instead of");
    }
}
