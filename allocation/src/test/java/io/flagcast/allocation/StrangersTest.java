package io.flagcast.allocation;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Decision.Reason;
import io.flagcast.allocation.Strangers.Eligibility;
import io.flagcast.allocation.Strangers.Salts;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StrangersTest {

    private static Strangers strangers(Activity activity, Eligibility eligibility) {
        return new Strangers(
                activity, new Salts("experiment", "holdout"), 0.1, new Layer("shop", 0.2, 0.9), eligibility, 0.2, 0.3);
    }

    private static long enabled(Strangers strangers) {
        return IntStream.range(0, 20_000)
                .filter(i -> strangers.decide("user" + i).enabled())
                .count();
    }

    /** 0.9 · 0.7 · (0.2 · ½ + 0.8 · 0.3) of 20,000 are 4,284, with a standard deviation of 58. */
    @Test
    void theyAreEnabledAsUsersWithoutAScoreAre() {
        assertThat(enabled(strangers(Activity.ACTIVE, Eligibility.UNDECLARED))).isBetween(4_110L, 4_458L);
    }

    @Test
    void whoHasNoProfileFulfilsNoCondition() {
        Strangers strangers = strangers(Activity.ACTIVE, Eligibility.DECLARED);

        assertThat(enabled(strangers)).isZero();
        assertThat(IntStream.range(0, 100)
                        .mapToObj(i -> strangers.decide("user" + i).reason()))
                .contains(Reason.INELIGIBLE);
    }

    @Test
    void anInactiveExperimentEnablesNobody() {
        assertThat(enabled(strangers(Activity.INACTIVE, Eligibility.UNDECLARED)))
                .isZero();
    }

    @Test
    void theyDecideTheSameWhereverTheyAreShipped() throws IOException, ClassNotFoundException {
        Strangers here = strangers(Activity.ACTIVE, Eligibility.UNDECLARED);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(here);
        }
        Strangers there;
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            there = (Strangers) in.readObject();
        }

        assertThat(IntStream.range(0, 1_000)
                        .filter(i -> !there.decide("user" + i).equals(here.decide("user" + i))))
                .isEmpty();
    }
}
