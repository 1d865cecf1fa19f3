package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Session;
import io.flagcast.tables.Tables;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is live moves forward with a run, back where a person says so, and not with a backfill. */
class PublicationsIT {

    private static final Instant FIFTH = CsvWorld.FIRST.plus(Duration.ofDays(4));

    @TempDir
    private Path folder;

    private static List<JsonNode> allocations(CsvWorld world) {
        return Invocation.rows(world.conf(), "SELECT * FROM allocations ORDER BY user_id");
    }

    @Test
    void aPublicationIsTakenBackAndGivenAgain() {
        CsvWorld world = CsvWorld.published(folder);
        List<JsonNode> first = allocations(world);
        assertThat(world.run(CsvWorld.SECOND).code()).isZero();
        List<JsonNode> second = allocations(world);

        assertThat(world.command("rollback", "--publication", "7").err()).contains("--publication 7: there are 1 to 2");
        Invocation live = world.command("rollback", "--publication", "2");
        assertThat(live.code()).isZero();
        assertThat(live.err())
                .contains("the tables of publication 2 are live already, as publication 2: nothing to do");
        assertThat(world.command("rollback", "--publication", "1", "--experiment", "rollout")
                        .code())
                .isEqualTo(64);
        assertThat(world.command("rollback", "--publication", "1", "--dry-run").err())
                .contains("would take the place of publication 2", "nothing is written");
        assertThat(allocations(world)).isEqualTo(second);

        Invocation back = world.command("rollback", "--publication", "1");
        assertThat(back.code()).as(back.err()).isZero();
        assertThat(back.err())
                .contains(
                        "publication 3, run 20260310T000000Z-g1 as of 2026-03-10T00:00:00Z, is live in the place of publication 2",
                        "flagcast rollback --publication 2 undoes this");
        assertThat(allocations(world)).isEqualTo(first);
        assertThat(world.command("status").out()).contains("publication 3 (rollback) of 20260310T000000Z-g1");
        assertThat(world.run(CsvWorld.SECOND).err())
                .contains("is published already as run 20260311T000000Z-g1, which was rolled back: nothing to do");

        assertThat(world.command("rollback", "--publication", "2").code()).isZero();
        assertThat(allocations(world)).isEqualTo(second);
    }

    @Test
    void missedDaysAreMadeUpForOfWhatWasKnownThen() {
        CsvWorld world = CsvWorld.published(folder);
        // Two purchases of the second day: of the first the lake heard at once, of the other three days later.
        List<String> outcomes = new ArrayList<>(List.of("user_id,outcome,value,occurred_at,ingested_at"));
        world.read("outcomes.csv").stream().skip(1).forEach(line -> outcomes.add(line + ","));
        List<String> quiet = world.read("exposures.csv").stream()
                .skip(1)
                .map(line -> line.split(",", -1)[1])
                .filter(user -> outcomes.stream().noneMatch(line -> line.startsWith(user + ",")))
                .limit(2)
                .toList();
        outcomes.add(quiet.get(0) + ",purchase,10,2026-03-02T13:00:00Z,2026-03-02T14:00:00Z");
        outcomes.add(quiet.get(1) + ",purchase,10,2026-03-02T13:00:00Z,2026-03-13T12:00:00Z");
        world.write("outcomes.csv", outcomes);
        List<String> exposures =
                new ArrayList<>(List.of("experiment_id,user_id,enabled,exposed_at,propensity,score,segment"));
        world.read("exposures.csv").stream().skip(1).forEach(line -> exposures.add(line + ",,"));
        for (int i = 0; i < 5_000; i++) {
            exposures.add("rollout,v%d,true,2026-03-05T10:00:00Z,0.975,90,high".formatted(i));
        }
        world.write("exposures.csv", exposures);

        Invocation older = world.command("backfill", "--from", "2026-03-11", "--to", "2026-03-09");
        assertThat(older.code()).isEqualTo(64);
        Invocation later =
                world.command("run", "--as-of", FIFTH.toString(), "--set", "flagcast.experiments=" + paused(world));
        assertThat(later.code()).as(later.err()).isZero();
        List<JsonNode> live = allocations(world);
        assertThat(world.run(CsvWorld.SECOND).err()).contains("flagcast backfill makes up for a missed as-of");

        Invocation missed = world.command("backfill", "--from", "2026-03-10", "--to", "2026-03-13");
        assertThat(missed.code()).as(missed.err()).isZero();
        assertThat(missed.err())
                .contains(
                        "as of 2026-03-11T00:00:00Z, 2 of 4",
                        "a backfill: no rule is evaluated",
                        "made up for 2026-03-13T00:00:00Z, beside what is live",
                        "3 of 4 as-ofs were made up for, the others were there");
        assertThat(allocations(world)).as("what is live stays").isEqualTo(live);
        assertThat(Invocation.rows(world.conf(), "SELECT * FROM allocation_parameters"))
                .isEmpty();
        assertThat(purchases("20260311T000000Z-g1")).isEqualTo(purchases("20260313T000000Z-g1"));
        assertThat(purchases(live.get(0).get("run_id").asText()))
                .as("of the second purchase the lake heard between")
                .isEqualTo(purchases("20260313T000000Z-g1") + 1);

        assertThat(world.command("backfill", "--from", "2026-03-10", "--to", "2026-03-13")
                        .err())
                .contains("0 of 4 as-ofs were made up for");
        assertThat(Invocation.rows(world.conf(), "SELECT run_id FROM runs WHERE state = 'backfilled'"))
                .hasSize(3);

        Invocation onwards = world.command("backfill", "--from", "2026-03-13", "--to", "2026-03-15", "--live");
        assertThat(onwards.code()).as(onwards.err()).isZero();
        assertThat(onwards.err()).contains("published 3: 1,200 scores", "1 of 3 as-ofs were made up for");
        assertThat(world.command("rollback", "--publication", "1").code()).isZero();
        assertThat(world.command("score", "--as-of", "2026-03-12").err())
                .as("a backfill is over")
                .contains("run 20260312T000000Z-g1a2 has no features yet");
    }

    /** The experiment as it is, without its rule: it may not fire on the day that is live. */
    private static String paused(CsvWorld world) {
        List<String> lines = world.read("experiments/rollout.yaml");
        world.write("without/rollout.yaml", lines.subList(0, lines.indexOf("rules:")));
        return world.folder().resolve("without").toString();
    }

    /** How many of the users of a day that was measured have bought something. */
    private long purchases(String runId) {
        try (Session session = Session.open(Path.of("target"))) {
            Lake lake = new Lake(session.spark(), folder.resolve("lake").toString());
            return lake
                    .slice(Tables.SEGMENT_METRICS, runId)
                    .where(
                            "segment = 'all' AND metric = 'conversion_rate' AND window = 'total' AND population IN ('enabled', 'control')")
                    .collectAsList()
                    .stream()
                    .mapToLong(row -> row.<BigDecimal>getAs("sum").longValueExact())
                    .sum();
        }
    }
}
