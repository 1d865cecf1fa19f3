package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What all experiments together are worth, as a person asks for it: without a holdout, and with every tenth user held out. */
class WorthIT {

    @TempDir
    private Path folder;

    private static Invocation worth(CsvWorld world, String... further) {
        List<String> arguments =
                new ArrayList<>(List.of("worth", "--conf", world.conf().toString()));
        arguments.addAll(List.of(further));
        return Invocation.of(arguments.toArray(String[]::new));
    }

    @Test
    void whereNobodyIsHeldOutItSaysHowToGetAHoldoutAndWhatThatCosts() {
        CsvWorld world = CsvWorld.published(folder);

        Invocation plan = worth(world);

        assertThat(plan.code()).as(plan.err()).isZero();
        assertThat(plan.out())
                .contains("Nobody is held out", "flagcast.lake.holdout = 2%", "held out a day", "conversion_rate");
        // 1,200 users were met on one day, and the first window closed on the next: seven days until the as-of.
        assertThat(worth(world, "--format", "csv").out())
                .startsWith(
                        "experiment,metric,now,users_per_day,held_out_per_day,tells_apart\nrollout,conversion_rate,");
        Invocation unknown = worth(world, "--metric", "revenue");
        assertThat(unknown.code()).isEqualTo(64);
        assertThat(unknown.err()).contains("--metric revenue: no experiment has it, there are conversion_rate");
    }

    @Test
    void everybodyElseIsComparedWithTheHeldOutUsersInTheCommandAndInTheTable() throws IOException {
        CsvWorld world = CsvWorld.in(folder);
        List<String> exposures =
                new ArrayList<>(List.of(world.read("exposures.csv").get(0) + ",reason"));
        world.read("exposures.csv").stream()
                .skip(1)
                .forEach(line -> exposures.add(
                        isHeldOut(line)
                                ? line.replaceAll("(true|false)", "false").replace(",0.5", ",0.0") + ",holdout"
                                : line + ",policy"));
        world.write("exposures.csv", exposures);
        Set<String> buyers = world.read("outcomes.csv").stream()
                .skip(1)
                .map(line -> line.substring(0, line.indexOf(',')))
                .collect(Collectors.toSet());
        double heldOut = buyers.stream().filter(user -> user.endsWith("0")).count() / 120.0;
        double others = buyers.stream().filter(user -> !user.endsWith("0")).count() / 1080.0;

        assertThat(world.run(CsvWorld.FIRST, "--set=flagcast.lake.holdout=10%").code())
                .isZero();
        Invocation said = worth(world, "--set=flagcast.lake.holdout=10%", "--json");

        assertThat(said.code()).as(said.err()).isZero();
        JsonNode row = new ObjectMapper().readTree(said.out());
        assertThat(row.path("held_out").asLong()).isEqualTo(120);
        assertThat(row.path("everybody_else").asLong()).isEqualTo(1080);
        assertThat(row.path("worth").asDouble()).isCloseTo(others - heldOut, within(1e-9));
        assertThat(said.err()).doesNotContain("not to be believed");

        List<JsonNode> rows = Invocation.rows(
                world.conf(),
                "SELECT population, n, effect, effect_lower, effect_upper FROM segment_metrics WHERE `window` = 'holdout'"
                        + " ORDER BY population");
        assertThat(rows)
                .extracting(
                        each -> each.path("population").asText(),
                        each -> each.path("n").asLong())
                .containsExactly(tuple("everybody_else", 1080L), tuple("held_out", 120L));
        assertThat(rows.get(0).path("effect_lower").asDouble())
                .isEqualTo(row.path("worth_lower").asDouble());
        assertThat(rows.get(0).path("effect_upper").asDouble())
                .isEqualTo(row.path("worth_upper").asDouble());
    }

    /** Every tenth user: u0, u10, u20 and so on. */
    private static boolean isHeldOut(String exposure) {
        return exposure.split(",", -1)[1].endsWith("0");
    }
}
