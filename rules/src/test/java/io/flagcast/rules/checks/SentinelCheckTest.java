package io.flagcast.rules.checks;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.rules.checks.Finding.State;
import io.flagcast.rules.checks.SentinelCheck.Sentinel;
import io.flagcast.statistics.ids.RowsPerId;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SentinelCheckTest {

    /** As many ids with as many rows each, and some further ones. */
    private static RowsPerId spread(int ids, long rows, long... further) {
        return RowsPerId.of(Stream.concat(
                        Stream.generate(() -> rows).limit(ids),
                        LongStream.of(further).boxed())
                .toList());
    }

    private static State state(RowsPerId spread) {
        return SentinelCheck.of("outcomes", spread, List.of(new Sentinel("anonymous", spread.most())))
                .state();
    }

    @Test
    void anIdWithFarMoreRowsThanAnybodyIsNamedWithItsShareAndTheRemedy() {
        RowsPerId spread = spread(2_000, 2, 1_000);
        Finding found = SentinelCheck.of("outcomes", spread, List.of(new Sentinel("anonymous", 1_000)));

        assertThat(found.failed()).isTrue();
        assertThat(found.observed()).hasValue(1_000);
        assertThat(found.threshold()).hasValue(100);
        assertThat(found.reason())
                .isEqualTo(
                        "'anonymous' has 1,000 (20 %) of the 5,000 rows of outcomes, hardly anybody else more than 2: one id"
                                + " for many users or for none, or a bot. Leave it out with flagcast.sources.outcomes.where ="
                                + " \"user_id <> 'anonymous'\"");
        assertThat(found.blocksIncreases()).isFalse();
    }

    @Test
    void severalAreLeftOutTogether() {
        assertThat(SentinelCheck.of(
                                "events",
                                spread(4_000, 1, 900, 800),
                                List.of(new Sentinel("0", 900), new Sentinel("o'k", 800)))
                        .reason())
                .startsWith("'0' has 900 (15.8 %), 'o'k' has 800 (14 %) of the 5,700 rows of events")
                .endsWith("\"user_id NOT IN ('0', 'o\\'k')\"");
    }

    /** A hundred rows; more than a hundredth; more than fifty times as many as the third of few, or 99.9 % of many, have. */
    @Test
    void itTakesManyRowsALargeShareAndNobodyLikeIt() {
        assertThat(state(spread(1_000, 1, 99))).isEqualTo(State.PASSED);
        assertThat(state(spread(1_000, 1, 100))).isEqualTo(State.FAILED);
        assertThat(state(spread(50_000, 1, 500))).isEqualTo(State.PASSED);
        assertThat(state(spread(50_000, 1, 510))).isEqualTo(State.FAILED);
        assertThat(state(spread(1_000, 1, 30, 30, 1_500))).isEqualTo(State.PASSED);
        assertThat(state(spread(1_000, 1, 30, 1_501, 1_502))).isEqualTo(State.FAILED);
        assertThat(state(spread(1_000, 1, 601, 602, 603))).isEqualTo(State.PASSED);
        assertThat(state(spread(9_990, 1, 601, 602, 603, 604, 605, 606, 607, 608, 609)))
                .isEqualTo(State.FAILED);
        assertThat(state(spread(98, 1, 5_000))).isEqualTo(State.UNKNOWN);
        assertThat(state(spread(99, 1, 5_000))).isEqualTo(State.FAILED);
        assertThat(state(spread(64_000, 1))).isEqualTo(State.PASSED);
    }

    /**
     * Heavy-tailed usage: rows whose logarithm is normal with a standard deviation of 1.5, so that the busiest of a million users has
     * 1,250 times as many as the median, in 200 tables of 300 to 100,000 users (seeds 1 to 200).
     */
    @Test
    void heavyUsersAreNoSentinels() {
        List<Integer> failed = IntStream.rangeClosed(1, 200)
                .filter(seed -> {
                    SplittableRandom random = new SplittableRandom(seed);
                    int ids = (int) (300 * Math.pow(100_000 / 300.0, random.nextDouble()));
                    List<Long> rows = new ArrayList<>();
                    for (int i = 0; i < ids; i++) {
                        double normal = Math.sqrt(-2 * Math.log(1 - random.nextDouble()))
                                * Math.cos(2 * Math.PI * random.nextDouble());
                        rows.add(1 + (long) Math.exp(1 + 1.5 * normal));
                    }
                    return SentinelCheck.has(RowsPerId.of(rows));
                })
                .boxed()
                .toList();
        assertThat(failed).isEmpty();
    }
}
