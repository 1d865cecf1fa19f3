package io.flagcast.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Worlds whose users are drawn one by one and counted by the rule engine, against what was designed for them. Left out are
 * those in which the rule speaks within a week or after more than 45 days, and those in which it never speaks in a fifth of
 * all histories: there the median is where hardly anything happens any more.
 */
@Tag("simulation")
class RuleDesignTest {

    /** Median days between which a world can be told to 15 % in whole days, and drawn in a minute. */
    private static final int LEAST_DAYS = 7;

    private static final int MOST_DAYS = 45;

    private record Compared(DesignWorld world, RuleDesign design, int simulated) {

        double error() {
            return (double) design.medianDays().orElseThrow() / simulated - 1;
        }
    }

    private static List<Compared> compared(int worlds, int seeds) {
        List<Compared> compared = new ArrayList<>();
        for (long seed = 0; compared.size() < worlds; seed++) {
            DesignWorld world = DesignWorld.drawn(seed);
            long started = System.nanoTime();
            RuleDesign design = world.design();
            double seconds = (System.nanoTime() - started) / 1e9;
            int median = design.medianDays().orElse(Integer.MAX_VALUE);
            if (median < LEAST_DAYS || median > MOST_DAYS || design.powerDays().isEmpty()) {
                continue;
            }
            int[] fired = world.fired(seeds);
            Compared each = new Compared(world, design, fired[seeds / 2]);
            compared.add(each);
            System.out.printf(
                    "world %d: %s%s, %s: designed %d days (%,d users; 80 %%: %d), simulated %d (80 %%: %d): %+.1f %%; %.2f s%n",
                    seed,
                    world.condition().describe(),
                    world.window() > 0 ? ", window " + world.window() + " d" : "",
                    world.people() > 0 ? "the same users" : "new users",
                    median,
                    design.medianUsers().orElseThrow(),
                    design.powerDays().getAsInt(),
                    each.simulated(),
                    fired[(int) Math.ceil(0.8 * seeds) - 1],
                    100 * each.error(),
                    seconds);
        }
        return compared;
    }

    /** Worlds whose simulated median is farther from the designed one than that. */
    private static List<String> beyond(double tolerance, List<Compared> compared) {
        return compared.stream()
                .filter(each -> Math.abs(each.error()) > tolerance)
                .map(each -> "%+.3f: %s".formatted(each.error(), each.world()))
                .toList();
    }

    @Test
    void oneLookNeedsWhatTheTextbookSays() {
        DesignWorld world = DesignWorld.level(0.05, 0.04, 1, 1_000);

        // (1.64485 √(0.05 · 0.95) + 0.84162 √(0.04 · 0.96))² / 0.01²
        assertThat(world.design().fixedHorizonUsers()).hasValue(2_740);
    }

    @Test
    void whatCanBeFoundIsWhatSpeaksInFourFifths() {
        RuleDesign design = DesignWorld.level(0.05, 0.04, 1, 300).design();
        double detectable = design.parts().get(0).detectable().orElseThrow();

        RuleDesign there = DesignWorld.level(0.05, detectable, 1, 300).design();
        assertThat(there.powerDays().orElseThrow()).isBetween(26, 28);
        assertThat(DesignWorld.level(0.05, 0.98 * detectable, 1, 300)
                        .design()
                        .powerDays()
                        .orElseThrow())
                .isLessThanOrEqualTo(28);
    }

    @Test
    void rulesThatShareTheErrorNeedLonger() {
        RuleDesign alone = DesignWorld.level(0.05, 0.04, 1, 300).design();
        RuleDesign sharing = DesignWorld.level(0.05, 0.04, 4, 300).design();

        assertThat(sharing.medianDays().orElseThrow())
                .isGreaterThan(alone.medianDays().orElseThrow());
    }

    @Test
    void aRuleWhoseTruthIsSoundNeverSpeaks() {
        RuleDesign design = DesignWorld.level(0.05, 0.06, 1, 300).design();

        assertThat(design.medianDays()).isEmpty();
        assertThat(design.fixedHorizonUsers()).isEmpty();
        assertThat(design.parts().get(0).detectable()).isPresent();
    }

    @Test
    void whereTooFewUsersComeItSaysSo() {
        RuleDesign design = DesignWorld.level(0.05, 0.04, 1, 1).design();

        assertThat(design.tooFew()).hasValue("within 28 days 14 users count, needs min_users 500");
        assertThat(design.parts().get(0).detectable()).isEmpty();
    }

    @Test
    void aRuleSpeaksWhenItsDesignSays() {
        // The median of so few seeds is itself known to a tenth or two.
        assertThat(beyond(0.3, compared(5, 101))).isEmpty();
    }

    @Test
    @Tag("proof")
    void aRuleSpeaksWhenItsDesignSaysInThirtyWorlds() {
        assertThat(beyond(0.15, compared(30, 1_001))).isEmpty();
    }
}
