package io.flagcast.rules;

import static io.flagcast.rules.Given.CONVERSION;
import static io.flagcast.rules.Given.day;
import static io.flagcast.rules.Given.engine;
import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.ParameterLog;
import io.flagcast.rules.Condition.Level;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Quality;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Condition.VersusBaseline;
import io.flagcast.rules.Condition.VersusControl;
import io.flagcast.rules.Given.RuleOf;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.rules.Rule.Evidence.Method;
import io.flagcast.rules.Rule.Mode;
import io.flagcast.rules.RuleDecision.Outcome;
import io.flagcast.statistics.Moments;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * 8,000 users who come every second day, half of them enabled for good. Each converts with a probability of its own, 8 % on
 * average, in the day after a visit; from some day on no enabled user does. Rules look every day. Seeds from 0 on.
 */
@Tag("simulation")
class ReturningUsersTest {

    private static final int USERS = 8_000;
    private static final int BREAK = 10;

    private static final VersusControl WORSE =
            new VersusControl("conversion_rate", Quality.WORSE, new Amount(0, Amount.Unit.RELATIVE));

    private static Level below(double level) {
        return new Level(Population.ENABLED, "conversion_rate", Side.BELOW, level);
    }

    private static Rule rule(String id, Condition when, Optional<Duration> window) {
        return RuleOf.id(id)
                .evidence(new Evidence(1_000, Method.CONFIDENCE_SEQUENCE, 0.95, 10_000, window, 1))
                .when(when)
                .mode(Mode.DRY_RUN)
                .rule();
    }

    /** How often users come. */
    private interface Visits {
        boolean comes(int user, int day, SplittableRandom random);
    }

    private static final Visits EVERY_SECOND_DAY = (user, day, random) -> (user + day) % 2 == 0;
    private static final Visits NOW_AND_THEN = (user, day, random) -> random.nextInt(2 + user % 5) == 0;

    /** What is measured day by day: the users of each arm by how long they had not come. */
    private static List<List<Observation>> world(long seed, int days, int breaksOn, Visits visits) {
        SplittableRandom random = new SplittableRandom(seed);
        double[] rate = new double[USERS];
        int[] last = new int[USERS];
        for (int user = 0; user < USERS; user++) {
            // From 0 to 16 %: some convert nearly always twice as often as others, day after day.
            rate[user] = 0.16 * random.nextDouble();
            last[user] = -1;
        }
        List<List<Observation>> world = new ArrayList<>();
        for (int day = 0; day < days; day++) {
            Map<Integer, long[]> counts = new TreeMap<>();
            for (int user = 0; user < USERS; user++) {
                if (visits.comes(user, day, random)) {
                    boolean enabled = user % 4 < 2;
                    int after = last[user] < 0 ? 0 : Math.min(28, day - last[user]);
                    last[user] = day;
                    boolean converts = random.nextDouble() < rate[user] && !(enabled && day >= breaksOn);
                    long[] count = counts.computeIfAbsent(after, each -> new long[4]);
                    count[enabled ? 0 : 2]++;
                    count[enabled ? 1 : 3] += converts ? 1 : 0;
                }
            }
            int of = day;
            world.add(counts.entrySet().stream()
                    .flatMap(entry -> IntStream.of(0, 2)
                            .filter(arm -> entry.getValue()[arm] > 0)
                            .mapToObj(arm -> Given.returned(
                                    arm == 0 ? Population.ENABLED : Population.CONTROL,
                                    CONVERSION,
                                    of + 1,
                                    entry.getKey(),
                                    Moments.ofProportion(entry.getValue()[arm + 1], entry.getValue()[arm]))))
                    .toList());
        }
        return world;
    }

    /** Per rule the day of the visits after which it first fires, looked at when they count; none for never. */
    private static Map<String, Integer> fires(List<Rule> rules, List<List<Observation>> world) {
        Map<String, Integer> fires = new TreeMap<>();
        List<Observation> known = new ArrayList<>();
        for (int day = 0; day < world.size(); day++) {
            known.addAll(world.get(day));
            for (Rule rule : rules) {
                if (!fires.containsKey(rule.ruleId())
                        && engine(List.of(rule))
                                        .evaluate(
                                                new Measurements(known, known),
                                                ParameterLog.EMPTY,
                                                Map.of(),
                                                Health.SOUND,
                                                day(day + 2))
                                        .get(0)
                                        .outcome()
                                == Outcome.FIRED) {
                    fires.put(rule.ruleId(), day);
                }
            }
        }
        return fires;
    }

    private static final Optional<Duration> WEEK = Optional.of(Duration.ofDays(7));

    private static void aBreakIsFound(int seeds) {
        List<Rule> rules = List.of(
                rule("level, no window", below(0.05), Optional.empty()),
                rule("level, 7d", below(0.05), WEEK),
                rule("control, 7d", WORSE, WEEK),
                rule(
                        "drop, 7d",
                        new VersusBaseline(Population.ENABLED, "conversion_rate", Side.BELOW, 0.2, Duration.ofDays(14)),
                        WEEK));
        Map<String, List<Integer>> found = new TreeMap<>();
        for (int seed = 0; seed < seeds; seed++) {
            fires(rules, world(seed, BREAK + 10, BREAK, EVERY_SECOND_DAY))
                    .forEach((rule, day) -> found.computeIfAbsent(rule, each -> new ArrayList<>())
                            .add(day));
        }
        System.out.printf(
                "enabled users convert no more from day %d on, %,d seeds; fires by days after it:%n", BREAK, seeds);
        rules.forEach(rule -> System.out.printf(
                "  %s: %s%n",
                rule.ruleId(),
                found.getOrDefault(rule.ruleId(), List.of()).stream()
                        .collect(Collectors.groupingBy(day -> day - BREAK, TreeMap::new, Collectors.counting()))));
        assertThat(found).doesNotContainKey("level, no window");
        for (String rule : List.of("level, 7d", "control, 7d")) {
            assertThat(found.get(rule).stream()
                            .filter(day -> day >= BREAK && day <= BREAK + 3)
                            .count())
                    .as(rule)
                    .isGreaterThanOrEqualTo(Math.round(0.95 * seeds));
        }
    }

    private static void nothingIsFoundWhereNothingIs(int seeds, Visits visits) {
        List<Rule> rules = List.of(
                rule("below 5 %", below(0.05), WEEK),
                rule("below 8 %", below(0.08), WEEK),
                rule("control", WORSE, WEEK));
        Map<String, Integer> fired = new TreeMap<>();
        for (int seed = 0; seed < seeds; seed++) {
            fires(rules, world(seed, 60, 60, visits)).keySet().forEach(rule -> fired.merge(rule, 1, Integer::sum));
        }
        System.out.printf("8 %% for 60 days, %,d seeds, fired in: %s%n", seeds, fired);
        assertThat(fired.values()).allSatisfy(count -> assertThat(count).isLessThanOrEqualTo(seeds / 20));
    }

    @Test
    void aFeatureThatBreaksAfterItsUsersHaveMetItIsFoundByRulesWithAWindow() {
        aBreakIsFound(20);
    }

    @Test
    void usersWhoComeAgainSetOffNoFalseAlarm() {
        nothingIsFoundWhereNothingIs(20, NOW_AND_THEN);
    }

    @Test
    @Tag("proof")
    void aFeatureThatBreaksIsFoundInAThousandWorlds() {
        aBreakIsFound(1_000);
    }

    @Test
    @Tag("proof")
    void usersWhoComeAgainSetOffNoFalseAlarmInAThousandWorlds() {
        nothingIsFoundWhereNothingIs(1_000, EVERY_SECOND_DAY);
        nothingIsFoundWhereNothingIs(1_000, NOW_AND_THEN);
    }
}
