package io.flagcast.benchmarks;

import io.flagcast.jobs.questions.RunSummary;
import io.flagcast.lake.LakeFunctions;
import io.flagcast.lake.Publication;
import io.flagcast.report.Report;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
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
        WholeRuns runs = scale.configured(how);
        System.out.printf("%,d users, %,d features declared as %s%n", users, items, how);
        measured("run", () -> runs.published(FIRST));
        Publication live = measured("run", () -> runs.published(FIRST.plus(Duration.ofDays(1))));
        measured("summary", () -> {
            RunSummary.of(runs.lake(), live, runs.experiments()).lines().forEach(System.out::println);
            return live;
        });
        measured("page", () -> {
            Report.write(runs.lake(), live, List.of(), scale.folder.resolve("report.html"));
            return live;
        });
        measured("ranking of one user", () -> {
            LakeFunctions.register(runs.lake());
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

    private WholeRuns configured(String how) throws IOException {
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
        return WholeRuns.in(spark, folder, List.of("plan"), features, List.of());
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
