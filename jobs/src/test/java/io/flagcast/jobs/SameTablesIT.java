package io.flagcast.jobs;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The same input makes the same tables under the real spark-submit, wherever the machine stands and however Spark cuts the work;
 * {@link SubmitIT} has them on a cluster in New York.
 */
class SameTablesIT {

    static final Instant AS_OF = Instant.parse("2026-03-31T00:00:00Z");

    private static final Pattern LONG_NUMBER = Pattern.compile("-?[0-9]+\\.[0-9]{9,}(E-?[0-9]+)?");

    @TempDir
    private static Path folder;

    private static Map<String, List<String>> expected;

    /** Users come again around the hours that New York and Berlin leave out in that month. */
    static CsvWorld world(Path folder) {
        CsvWorld world = CsvWorld.in(folder);
        List<Instant> changes = List.of(Instant.parse("2026-03-08T07:00:00Z"), Instant.parse("2026-03-29T01:00:00Z"));
        for (int i = 0; i < 1200; i++) {
            Instant at = changes.get(i % 2).plus(Duration.ofMinutes(10L * (i % 144) - 720));
            world.append("exposures.csv", "rollout,u%d,%b,%s,0.5".formatted(i, i % 3 == 0, at));
            if (i % 7 == 0) {
                world.append("outcomes.csv", "u%d,purchase,3,%s".formatted(i, at.plusSeconds(3_000)));
            }
        }
        world.append("experiments/rollout.yaml", "dimensions: [plan]", "pre_period: 3d");
        return world;
    }

    /** All digits but the last few of a number that is a sum: they hang on the order in which Spark adds. */
    private static String rounded(MatchResult number) {
        return new BigDecimal(number.group()).round(new MathContext(10)).toString();
    }

    /** The tables without what a model is called by, which is all of its digits. */
    static Map<String, List<String>> tables(CsvWorld world) {
        return LiveTables.of(world.folder().resolve("lake").toString(), "model_id").entrySet().stream()
                .collect(toMap(
                        Map.Entry::getKey,
                        table -> table.getValue().stream()
                                .map(row -> LONG_NUMBER.matcher(row).replaceAll(SameTablesIT::rounded))
                                .toList()));
    }

    @BeforeAll
    static void run() {
        CsvWorld world = world(folder.resolve("here"));
        Invocation run = world.run(AS_OF);
        assertThat(run.code()).as(run.err()).isZero();
        expected = tables(world);
        assertThat(expected.get("segment_metrics")).hasSizeGreaterThan(100);
    }

    private static void same(String zone, int partitions, boolean adaptive) throws Exception {
        CsvWorld world = world(folder.resolve(zone.replace('/', '-')));
        Path said = world.folder().resolve("said.txt");
        ProcessBuilder run = Submission.of(
                        world.folder(),
                        "local[2]",
                        Map.of(
                                "spark.sql.shuffle.partitions",
                                Integer.toString(partitions),
                                "spark.sql.adaptive.enabled",
                                Boolean.toString(adaptive)),
                        "run",
                        "--conf",
                        world.conf().toString(),
                        "--as-of",
                        AS_OF.toString())
                .redirectError(said.toFile());
        run.environment().put("TZ", zone);
        assertThat(run.start().waitFor()).as(Files.readString(said)).isZero();
        assertThat(tables(world)).isEqualTo(expected);
    }

    @ParameterizedTest
    @Tag("proof")
    @CsvSource({"Europe/Berlin, 1, false", "Asia/Kathmandu, 200, true", "America/New_York, 200, false"})
    void elsewhereInOtherPartitions(String zone, int partitions, boolean adaptive) throws Exception {
        same(zone, partitions, adaptive);
    }
}
