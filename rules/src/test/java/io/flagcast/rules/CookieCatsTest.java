package io.flagcast.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.Policy;
import io.flagcast.rules.Amount.Unit;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Quality;
import io.flagcast.rules.Condition.VersusControl;
import io.flagcast.rules.Given.RuleOf;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.rules.RuleDecision.Outcome;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Direction;
import io.flagcast.statistics.Metric.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A real test of a mobile game: a gate moved from level 30 (control) to 40, and who of 90,189 players came back. */
@Tag("simulation")
class CookieCatsTest {

    private static final Path DATA = Path.of("../../shared/data/cookie_cats");
    private static final Map<String, Boolean> ENABLED = new HashMap<>();
    private static final Map<String, Set<String>> RETAINED = new HashMap<>();

    @BeforeAll
    static void read() throws IOException {
        assumeTrue(Files.isDirectory(DATA), "skipped: no data in " + DATA);
        try (Stream<String> lines = Files.lines(DATA.resolve("exposures.csv"))) {
            lines.skip(1)
                    .map(line -> line.split(",", -1))
                    .forEach(cells -> ENABLED.put(cells[1], Boolean.parseBoolean(cells[2])));
        }
        try (Stream<String> lines = Files.lines(DATA.resolve("outcomes.csv"))) {
            lines.skip(1)
                    .map(line -> line.split(",", -1))
                    .forEach(cells -> RETAINED.computeIfAbsent(cells[1], name -> new HashSet<>())
                            .add(cells[0]));
        }
    }

    private static Observation arm(String metric, Population population) {
        List<String> players = ENABLED.entrySet().stream()
                .filter(player -> player.getValue() == (population == Population.ENABLED))
                .map(Map.Entry::getKey)
                .toList();
        long retained = players.stream().filter(RETAINED.get(metric)::contains).count();
        return Given.proportion("high", population, metric(metric), 0, retained, players.size());
    }

    private static Metric metric(String name) {
        return new Metric(name, Kind.PROPORTION, name, Duration.ofDays(7), Direction.HIGHER_IS_BETTER);
    }

    @ParameterizedTest
    @CsvSource({
        "retention_7, 0, 0.95, FIRED, -0.0082",
        "retention_1, 0, 0.99, HELD, -0.0059",
        "retention_7, 0.1, 0.95, HELD, 0.0108"
    })
    void aSingleRuleAgainstControlTunedAtFiftyThousand(
            String metric, double by, double confidence, Outcome outcome, double difference) {
        Rule rule = RuleOf.id("worse")
                .when(new VersusControl(metric, Quality.WORSE, new Amount(by, Unit.RELATIVE)))
                .evidence(Evidence.of(5_000, confidence, 50_000))
                .rule();
        RuleEngine engine = new RuleEngine(
                "gate_40",
                "a hash",
                List.of(rule),
                List.of(metric(metric)),
                Given.SEGMENTS,
                new Policy.Percentage(0.5));
        Measurements measured = Given.evidence(arm(metric, Population.ENABLED), arm(metric, Population.CONTROL));

        RuleDecision decision = engine.evaluate(measured, ParameterLog.EMPTY, Map.of(), Health.SOUND, Given.day(1))
                .get(0);

        assertThat(decision.outcome()).as(decision.reason()).isEqualTo(outcome);
        assertThat(decision.deciding().n()).isEqualTo(90_189);
        assertThat(decision.deciding().observed().orElseThrow()).isCloseTo(difference, within(1e-4));
    }
}
