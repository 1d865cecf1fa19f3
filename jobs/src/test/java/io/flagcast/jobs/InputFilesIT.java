package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files as people have them, through configuration alone. */
class InputFilesIT {

    private static final String EXPERIMENT = """
            experiment_id: gate
            feature_id: gate
            salt: gate-2026
            segments: {low: [0, 50], high: [50, 100]}
            allocation: {type: percentage, percentage_allocation: 50%}
            metrics:
              - day_7: {kind: proportion, outcome: day_7, within: 1d, settle: 0d}
              - rounds
              - rounds_per_return
            rules:
              - rule_id: fewer_rounds_per_return
                description: the late gate takes a tenth of the rounds that are played for a return
                when: {segment: all, metric: rounds_per_return, worse_than_control: {by: 10%}}
                evidence: {min_users: 50}
                then: {reduce_allocation: 20%, not_below: 5%}
                mode: propose
            """;

    private static final String CATALOGUE = """
            rounds: {kind: mean, outcome: rounds, within: 1d, settle: 0d}
            rounds_per_return: {kind: ratio, outcome: rounds, per: day_7, within: 1d, settle: 0d}
            """;

    /** The recipe as the page has it. */
    private static String recipe(Path folder) throws IOException {
        String page = Files.readString(Path.of("..", "docs", "inputs.md"));
        String chapter = page.substring(page.indexOf("## One wide file"));
        int begin = chapter.indexOf("```hocon\n") + "```hocon\n".length();
        return chapter.substring(begin, chapter.indexOf("```", begin)).replace("games.csv", folder + "/games.csv");
    }

    /** 600 players below a folder that few shells like, of whom every second of one gate and every third of the other stays. */
    @Test
    void oneWideFileHoldsUsersExposuresAndOutcomes(@TempDir Path temporary) throws IOException {
        CsvWorld world = new CsvWorld(temporary.resolve("ü [x] y"));
        List<String> games = new ArrayList<>(List.of("userid,version,sum_gamerounds,retention_1,retention_7"));
        for (int i = 0; i < 600; i++) {
            boolean late = i % 2 == 0;
            boolean stays = (i / 2) % (late ? 2 : 3) == 0;
            games.add("%d,%s,%d,%s,%s"
                    .formatted(i, late ? "gate_40" : "gate_30", i % 5, i % 4 == 0, stays ? "True" : "False"));
        }
        games.add(games.get(600));
        world.write("games.csv", games);
        world.write("experiments/gate.yaml", EXPERIMENT.lines().toList());
        world.write("experiments/metrics.yaml", CATALOGUE.lines().toList());
        world.write("flagcast.conf", ("""
                flagcast {
                  lake.root = ${flagcast.conf-dir}"/lake"
                  experiments = ${flagcast.conf-dir}"/experiments"
                  quality.stale-after = 30d
                  features.gate { objective = uplift, outcome = day_7, within = 1d }
                }
                """ + recipe(world.folder())).lines().toList());

        Invocation run = world.run(CsvWorld.FIRST);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err())
                .contains("600 profiles", "0 rows quarantined", "published 1")
                .contains("users: 1 of 601 rows repeat another one and count once")
                .contains("of 1,803 rows are left out by flagcast.sources.outcomes.where");
        List<JsonNode> metrics = Invocation.rows(world.conf(), """
                SELECT metric, population, metric_value, n FROM segment_metrics
                WHERE segment = 'all' AND cell = '' AND "window" = 'total' ORDER BY metric, population
                """.replace("\"window\"", "`window`"));
        assertThat(metrics)
                .extracting(row -> "%s %s %.4f %d"
                        .formatted(
                                row.get("metric").asText(),
                                row.get("population").asText(),
                                row.get("metric_value").asDouble(),
                                row.get("n").asLong()))
                .contains("day_7 enabled 0.5000 300", "day_7 control 0.3333 300", "rounds enabled 2.0000 300")
                // 600 rounds of each gate, 150 and 100 returns.
                .contains("rounds_per_return enabled 4.0000 300", "rounds_per_return control 6.0000 300");
        assertThat(Invocation.rows(world.conf(), "SELECT outcome, reason FROM rule_decisions"))
                .singleElement()
                .satisfies(decision -> {
                    // 4 - 0.9 * 6, of users too few and too different to show it.
                    assertThat(decision.get("outcome").asText()).isEqualTo("held");
                    assertThat(decision.get("reason").asText()).contains("1.4", "not proven for heavy tails");
                });
    }
}
