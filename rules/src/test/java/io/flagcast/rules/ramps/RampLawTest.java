package io.flagcast.rules.ramps;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Bucketing;
import io.flagcast.allocation.Bucketing.Purpose;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.ramp.Gate;
import io.flagcast.allocation.ramp.Step;
import io.flagcast.fixtures.Dice;
import io.flagcast.rules.Health;
import io.flagcast.rules.ramps.RampDecision.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Whatever happens, and however the file is edited, a ramp takes nobody out, skips no gate, and goes on when all is well again. */
class RampLawTest {

    /**
     * A month of a ramp.
     *
     * @param before steps of the file at first
     * @param after steps of the file from some day on
     * @param editedOn that day
     * @param days what happens on each
     */
    private record World(List<Step> before, List<Step> after, int editedOn, List<Day> days) {

        static World draw(Dice dice) {
            List<Step> before = steps(dice);
            List<Day> days =
                    IntStream.range(0, 30).mapToObj(day -> Day.draw(dice)).toList();
            return new World(before, dice.oneOf(List.of(before, steps(dice))), dice.integer(0, 29), days);
        }

        private static List<Step> steps(Dice dice) {
            List<Step> steps = new ArrayList<>();
            int at = 0;
            for (int left = dice.integer(1, 5); left > 0 && at < 100; left--) {
                at = dice.integer(at + 1, 100);
                Gate gate = new Gate(dice.integer(0, 300), Duration.ofDays(dice.integer(0, 4)));
                steps.add(new Step(Step.AT_ONCE, at / 100.0, gate));
            }
            return steps;
        }
    }

    private record Day(int users, boolean fires, boolean sick, boolean paused) {

        static Day draw(Dice dice) {
            return new Day(
                    dice.integer(0, 200), dice.integer(0, 9) == 0, dice.integer(0, 9) == 0, dice.integer(0, 9) == 0);
        }
    }

    private static final double[] BUCKETS = IntStream.range(0, 100)
            .mapToDouble(user -> Bucketing.of("salt", Purpose.ENROLMENT).bucket("user-" + user))
            .toArray();

    private static Set<Integer> enabled(double level) {
        return IntStream.range(0, BUCKETS.length)
                .filter(user -> BUCKETS[user] < level)
                .boxed()
                .collect(Collectors.toSet());
    }

    @Test
    void itOnlyAddsAndSkipsNoGateAndGoesOnWhenAllIsWellAgain() {
        cases(1, 200, World::draw).allSatisfy(world -> {
            Days days = new Days(ramp(world.before()));
            Policy edited = ramp(world.after());
            double level = 0;
            int since = 0;
            int lastFiring = -100;
            int users = 0;
            for (int day = 0; day < world.days().size(); day++) {
                Day happens = world.days().get(day);
                if (day == world.editedOn()) {
                    days.edit(edited);
                }
                days.file(happens.paused() ? Activity.INACTIVE : Activity.ACTIVE);
                days.data(happens.sick() ? Days.SICK : Health.SOUND);
                double before = level;
                RampDecision decision = happens.fires() ? days.nextFiring("r") : days.next(happens.users());
                lastFiring = happens.fires() ? day : lastFiring;
                // Of a ramp that no run has noted the file alone says where it is.
                boolean noted = days.parameters().ramp().isPresent();
                level = days.level();
                if (noted) {
                    assertThat(level).isGreaterThanOrEqualTo(before);
                    assertThat(enabled(level)).containsAll(enabled(before));
                }
                if (level != before) {
                    since = day;
                    users = 0;
                }
                if (decision.outcome() == Outcome.RAISED) {
                    Gate gate = days.gate(level);
                    assertThat(happens.sick() || happens.paused() || happens.fires())
                            .isFalse();
                    assertThat((long) users).isGreaterThanOrEqualTo(gate.minUsers());
                    assertThat((long) (day - Math.max(since, lastFiring)))
                            .isGreaterThanOrEqualTo(gate.quiet().toDays());
                }
                users += happens.fires() ? 0 : happens.users();
            }

            days.file(Activity.ACTIVE);
            days.data(Health.SOUND);
            // Each of five steps waits for at most four days, and for 300 users at 150 a day.
            IntStream.range(0, 5 * 6).forEach(day -> days.next(150));
            List<Step> last = world.after();
            assertThat(days.level())
                    .isGreaterThanOrEqualTo(last.get(last.size() - 1).to());
        });
    }

    private static Policy ramp(List<Step> steps) {
        return Days.ramp(steps.toArray(Step[]::new));
    }
}
