package io.flagcast.benchmarks;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.pipeline.Pipeline;
import io.flagcast.jobs.questions.RunSummary;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.Interruption;
import io.flagcast.lake.Lake;
import io.flagcast.lake.LakeFunctions;
import io.flagcast.lake.Publication;
import io.flagcast.report.Report;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.Settings;
import io.flagcast.settings.SettingsReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;

/**
 * What whole runs cost where many features are scored from usage: a day on which they are trained and the one after it, the
 * summary and the page, and one user's ranking. An experiment rolls one of the features out.
 */
final class FamilyScale {

    private static final Instant FIRST = Instant.parse("2026-02-01T00:00:00Z");
    private static final int TASTES = 50;
    private static final int ITEMS_PER_USER = 100;
    private static final Map<String, String> DECLARED = Map.of(
            "family", "\"item_*\" { objective = collaborative }",
            "best", "\"item_*\" { objective = collaborative, keep = 200 }");

    private final SparkSession spark;
    private final Path folder;
    private final int users;
    private final int items;

    private FamilyScale(SparkSession spark, Path folder, int users, int items) {
        this.spark = spark;
        this.folder = folder;
        this.users = users;
        this.items = items;
    }

    /** @param how {@code family}, {@code best} (a family of which 200 features of each user are kept) or {@code each}, declared one by one */
    static int run(SparkSession spark, int users, int items, String how) throws IOException {
        FamilyScale scale = new FamilyScale(spark, Files.createTempDirectory("flagcast-family"), users, items);
        scale.simulate();
        Settings settings = scale.configure(how);
        List<Experiment> experiments = ConfiguredExperiments.read(settings);
        Lake lake = new Lake(spark, settings.lake().root());
        System.out.printf("%,d users, %,d features declared as %s%n", users, items, how);
        Optional<Publication> published = Optional.empty();
        for (Instant day : List.of(FIRST, FIRST.plus(Duration.ofDays(1)))) {
            published = measured(
                    "run",
                    () -> new Pipeline(
                                    settings,
                                    experiments,
                                    lake,
                                    Clock.fixed(day.plusSeconds(60), ZoneOffset.UTC),
                                    Progress.on(System.out),
                                    new Interruption())
                            .run(day, Pipeline.Repeat.SKIP));
        }
        Publication live = published.orElseThrow();
        measured("summary", () -> {
            RunSummary.of(lake, live, experiments).lines().forEach(System.out::println);
            return live;
        });
        measured("page", () -> {
            Report.write(lake, live, List.of(), scale.folder.resolve("report.html"));
            return live;
        });
        measured("ranking of one user", () -> {
            LakeFunctions.register(lake);
            return spark.sql("SELECT rank_features('user-7', 10)").collectAsList();
        });
        System.out.printf(
                "models %,d bytes in %,d files, scores %,d bytes, page %,d bytes%n",
                bytes(scale.folder.resolve("lake/models")),
                files(scale.folder.resolve("lake/models")).size(),
                bytes(scale.folder.resolve("lake/responsiveness_scores")),
                Files.size(scale.folder.resolve("report.html")));
        return 0;
    }

    private interface Work<T> {
        T done();
    }

    private static <T> T measured(String what, Work<T> work) {
        try (PeakHeap heap = new PeakHeap()) {
            long began = System.nanoTime();
            T result = work.done();
            System.out.printf(
                    "%s: %.1f s, peak heap %.2f GiB of %.1f, %d cores%n",
                    what,
                    (System.nanoTime() - began) / 1e9,
                    heap.gibibytes(),
                    Runtime.getRuntime().maxMemory() / 0x1p30,
                    Runtime.getRuntime().availableProcessors());
            return result;
        }
    }

    private static List<Path> files(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(file -> Files.isRegularFile(file)
                            && !file.getFileName().toString().endsWith(".crc"))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long bytes(Path folder) {
        return files(folder).stream().mapToLong(file -> file.toFile().length()).sum();
    }

    private Settings configure(String how) throws IOException {
        String features = how.equals("each")
                ? IntStream.range(0, items)
                        .mapToObj("item_%d { objective = collaborative }"::formatted)
                        .collect(Collectors.joining("\n"))
                : Optional.ofNullable(DECLARED.get(how))
                        .orElseThrow(() -> new IllegalArgumentException(how + " is none of family, best and each"));
        Files.createDirectories(folder.resolve("experiments"));
        Files.writeString(folder.resolve("experiments/shelf.yaml"), """
                experiment_id: shelf
                feature_id: item_7
                salt: shelf-2026
                segments: {low: [0, 50], high: [50, 100]}
                allocation: {percentage_allocation: 50%}
                metrics: {conversion: {kind: proportion, outcome: purchase, within: 1d}}
                """);
        Path file = Files.writeString(folder.resolve("flagcast.conf"), """
                flagcast {
                  lake.root = ${flagcast.conf-dir}"/lake"
                  experiments = ${flagcast.conf-dir}"/experiments"
                  sources {
                    users { format = parquet, path = ${flagcast.conf-dir}"/users" }
                    events { format = parquet, path = ${flagcast.conf-dir}"/events" }
                    exposures { format = parquet, path = ${flagcast.conf-dir}"/exposures" }
                    outcomes { format = parquet, path = ${flagcast.conf-dir}"/outcomes" }
                  }
                  users.predictors = [plan]
                  features {
                  %s
                  }
                }
                """.formatted(features));
        return SettingsReader.read(Optional.of(file), List.of(), Map.of());
    }

    /** Users of fifty tastes, each with a hundred items, four of five of the own taste; one in twenty uses nothing. */
    private void simulate() {
        write(
                "users",
                ("SELECT concat('user-', id) AS user_id, element_at(array('free', 'plus', 'pro'), CAST(id %% 3 + 1 AS INT)) AS plan"
                                + " FROM range(%d)")
                        .formatted(users));
        String item =
                "IF(pmod(xxhash64(id, 2), 5) > 0, %1$d * pmod(xxhash64(id, 3), %2$d DIV %1$d) + pmod(user, %1$d), pmod(xxhash64(id, 4), %2$d))"
                        .formatted(TASTES, items);
        write(
                "events",
                ("SELECT concat('user-', user) AS user_id, concat('item_', " + item + ") AS feature_id,"
                                + " CAST(1 + pmod(xxhash64(id, 5), 9) AS DOUBLE) AS value,"
                                + " TIMESTAMP '2026-01-10' + make_dt_interval(0, 0, 0, pmod(xxhash64(id, 6), 20 * 86400)) AS occurred_at"
                                + " FROM (SELECT id, id DIV %d AS user FROM range(%d)) WHERE user %% 20 > 0")
                        .formatted(ITEMS_PER_USER, (long) users * ITEMS_PER_USER));
        write(
                "exposures",
                ("SELECT 'shelf' AS experiment_id, concat('user-', id) AS user_id, id %% 2 = 0 AS enabled,"
                                + " TIMESTAMP '2026-01-25' AS exposed_at, 0.5D AS propensity FROM range(%d)")
                        .formatted(users));
        write(
                "outcomes",
                ("SELECT concat('user-', id) AS user_id, 'purchase' AS outcome, 1D AS value, TIMESTAMP '2026-01-25 12:00:00' AS occurred_at"
                                + " FROM range(%d) WHERE pmod(xxhash64(id, 7), 10) < IF(id %% 2 = 0 AND id %% 3 = 0, 4, 2)")
                        .formatted(users));
    }

    private void write(String name, String query) {
        spark.sql(query).write().parquet(folder.resolve(name).toString());
    }
}
