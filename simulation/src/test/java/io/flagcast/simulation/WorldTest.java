package io.flagcast.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.simulation.World.User;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class WorldTest {

    private static final World WORLD = World.of(7, 5_000);

    private static double uplift(User user, String featureId) {
        return World.responseIfEnabled(user, featureId) - World.responseIfNot(user, featureId);
    }

    private static double share(Predicate<User> holds) {
        return WORLD.users().stream().filter(holds).count()
                / (double) WORLD.users().size();
    }

    @Test
    void theSameSeedIsTheSameWorldAndAnotherSeedAnother() {
        assertThat(World.of(7, 5_000)).isEqualTo(WORLD);
        assertThat(World.of(8, 5_000).users()).isNotEqualTo(WORLD.users());
        assertThat(World.of(7, 100).users()).isEqualTo(WORLD.users().subList(0, 100));
        User user = WORLD.users().get(0);
        assertThat(WORLD.draws(user, 3, "visit").nextLong())
                .isEqualTo(WORLD.draws(user, 3, "visit").nextLong())
                .isNotEqualTo(WORLD.draws(user, 4, "visit").nextLong())
                .isNotEqualTo(WORLD.draws(user, 3, "habit").nextLong());
    }

    @Test
    void checkoutHelpsSomeALotDarkModeNobodyAndExpressPayHarmsSome() {
        assertThat(share(user -> uplift(user, "checkout_v2") > 0.03)).isBetween(0.2, 0.6);
        assertThat(share(user -> uplift(user, "checkout_v2") < 0)).isBetween(0.2, 0.6);
        assertThat(share(user -> uplift(user, "dark_mode") != 0)).isZero();
        assertThat(share(user -> uplift(user, "express_pay") < -0.02)).isBetween(0.2, 0.6);
        assertThat(share(user -> uplift(user, "express_pay") > 0.02)).isBetween(0.2, 0.6);
    }

    @Test
    void theDropHitsThoseWhomCheckoutHelpedAndNobodyElse() {
        assertThat(WORLD.users()).allSatisfy(user -> {
            double broken = World.responseIfEnabledBroken(user, "checkout_v2");
            double sound = World.responseIfEnabled(user, "checkout_v2");
            if (uplift(user, "checkout_v2") > 0) {
                assertThat(broken).isLessThan(0.1 * sound);
            } else {
                assertThat(broken).isEqualTo(sound);
            }
            assertThat(World.responseIfEnabledBroken(user, "express_pay"))
                    .isEqualTo(World.responseIfEnabled(user, "express_pay"));
        });
    }

    @Test
    void usageFollowsTheTastes() {
        User shopper = new User("u", 30, "DE", "free", "f", 10, 2, -2);
        List<Double> rates =
                World.AREAS.stream().map(area -> World.usageRate(shopper, area)).toList();
        assertThat(rates.get(World.AREAS.indexOf("wishlist")))
                .isGreaterThan(10 * rates.get(World.AREAS.indexOf("radio")));
    }
}
