package io.flagcast.rules;

import static io.flagcast.rules.Given.CONVERSION;
import static io.flagcast.rules.Given.conversions;
import static io.flagcast.rules.Given.day;
import static io.flagcast.rules.Given.engine;
import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.ParameterLog;
import io.flagcast.rules.Given.RuleOf;
import io.flagcast.rules.Rule.Mode;
import io.flagcast.rules.RuleDecision.Outcome;
import io.flagcast.statistics.Arrivals;
import io.flagcast.statistics.Metric;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * 1,000 new users a day, of whom a share converts at some time in the day after the exposure; the rows of conversions arrive
 * late, or for two days not at all. The rule "below 5 %" looks every midnight for 30 days. Seeds from 0 on.
 */
@Tag("simulation")
class LateOutcomesTest {

    private static final int USERS = 1_000;
    private static final int DAYS = 30;
    private static final double DAY = 24;
    private static final double NEVER = Double.POSITIVE_INFINITY;

    /** When a row of this hour arrives. */
    private interface Feed {
        double arrives(double hour);
    }

    private static Feed late(double hours) {
        return hour -> hour + hours;
    }

    /** Nothing arrives on days 15 and 16; then all of it does. */
    private static final Feed STOPS = hour -> hour >= 15 * DAY && hour < 17 * DAY ? 17 * DAY : hour;

    /** How it is decided who counts. */
    private enum Counting {
        SETTLED,
        CLOSED
    }

    private static Instant at(double hour) {
        return Given.START.plus(Duration.ofMillis(Math.round(3_600_000 * hour)));
    }

    /** Whether the rule ever fires, and how many users waited at most for outcomes although their windows had closed. */
    private record Result(boolean fired, long waited) {}

    private static Result run(long seed, double rate, Feed feed, Counting counting) {
        SplittableRandom random = new SplittableRandom(seed);
        double[] exposed = new double[USERS * DAYS];
        double[] converts = new double[USERS * DAYS];
        for (int user = 0; user < exposed.length; user++) {
            int day = user / USERS;
            exposed[user] = DAY * (day + random.nextDouble());
            converts[user] = random.nextDouble() < rate ? exposed[user] + DAY * random.nextDouble() : NEVER;
        }
        RuleEngine engine = engine(List.of(RuleOf.id("r").mode(Mode.DRY_RUN).rule()));
        long waited = 0;
        for (int asOf = 2; asOf <= DAYS; asOf++) {
            double now = asOf * DAY;
            double newest = 0;
            for (double hour : converts) {
                newest = hour < now && feed.arrives(hour) <= now ? Math.max(newest, hour) : newest;
            }
            Arrivals arrivals = counting == Counting.CLOSED
                    ? Arrivals.complete(at(now))
                    : new Arrivals(at(now), Map.of(CONVERSION.outcome(), at(newest)));
            Instant settled = arrivals.settledUntil(CONVERSION);
            long[] n = new long[DAYS];
            long[] successes = new long[DAYS];
            long waits = 0;
            for (int user = 0; user < exposed.length; user++) {
                Instant closes = at(exposed[user] + DAY);
                if (!closes.isAfter(settled)) {
                    n[user / USERS]++;
                    successes[user / USERS] += feed.arrives(converts[user]) <= now ? 1 : 0;
                } else if (!closes.isAfter(at(now))) {
                    waits++;
                }
            }
            waited = Math.max(waited, waits);
            List<Observation> days = new ArrayList<>();
            for (int day = 0; day < DAYS - 1; day++) {
                if (n[day] > 0) {
                    days.add(conversions(day + 1, successes[day], n[day]));
                }
            }
            if (engine.evaluate(new Measurements(days, days), ParameterLog.EMPTY, Map.of(), Health.SOUND, day(asOf))
                            .get(0)
                            .outcome()
                    == Outcome.FIRED) {
                return new Result(true, waited);
            }
        }
        return new Result(false, waited);
    }

    private static int fired(String name, int seeds, double rate, Feed feed, Counting counting) {
        int fired = 0;
        long waited = 0;
        for (int seed = 0; seed < seeds; seed++) {
            Result result = run(seed, rate, feed, counting);
            fired += result.fired() ? 1 : 0;
            waited = Math.max(waited, result.waited());
        }
        System.out.printf(
                "below 5 %% at %.0f %%, outcomes %s, users count when %s: fired in %,d of %,d seeds, at most %,d users waited%n",
                100 * rate,
                name,
                counting == Counting.SETTLED ? "outcomes are in" : "windows close",
                fired,
                seeds,
                waited);
        return fired;
    }

    private static void lateOutcomesFireNothing(int seeds) {
        Map<String, Feed> feeds =
                Map.of("6 h late", late(6), "36 h late", late(36), "60 h late", late(60), "stop for two days", STOPS);
        feeds.forEach((name, feed) -> {
            assertThat(fired(name, seeds, 0.08, feed, Counting.SETTLED))
                    .as(name)
                    .isZero();
            // The error is that of a sequence at its limit: at most 5 %, and three standard deviations of so many
            // seeds.
            assertThat((double) fired(name, seeds, 0.05, feed, Counting.SETTLED))
                    .as(name)
                    .isLessThanOrEqualTo(0.05 * seeds + 3 * Math.sqrt(0.05 * 0.95 * seeds));
        });
        assertThat(fired("36 h late", seeds, 0.08, late(36), Counting.CLOSED)).isGreaterThanOrEqualTo(seeds * 99 / 100);
    }

    @Test
    void outcomesThatAreLateFireNoRule() {
        lateOutcomesFireNothing(10);
    }

    @Test
    @Tag("proof")
    void outcomesThatAreLateFireNoRuleInAThousandWorlds() {
        lateOutcomesFireNothing(1_000);
    }

    @Test
    void aMetricMaySayHowLongItsOutcomesTake() {
        Arrivals arrivals = new Arrivals(day(10), Map.of("purchase", day(9), "click", day(10)));
        assertThat(arrivals.settledUntil(CONVERSION)).isEqualTo(day(9));
        assertThat(arrivals.settledUntil(new Metric(
                        "m",
                        CONVERSION.kind(),
                        "purchase",
                        CONVERSION.per(),
                        CONVERSION.after(),
                        CONVERSION.within(),
                        CONVERSION.direction(),
                        CONVERSION.cap(),
                        CONVERSION.heavyTails(),
                        Optional.of(Duration.ofHours(36)))))
                .isEqualTo(day(10).minus(Duration.ofHours(36)));
    }
}
