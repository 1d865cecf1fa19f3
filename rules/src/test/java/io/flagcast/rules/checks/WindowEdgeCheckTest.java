package io.flagcast.rules.checks;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.rules.checks.Finding.State;
import io.flagcast.statistics.Metric;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class WindowEdgeCheckTest {

    private static Metric metric(Duration after, Duration within) {
        return new Metric(
                "conversion",
                Metric.Kind.PROPORTION,
                "buy",
                Optional.empty(),
                after,
                within,
                Metric.Direction.HIGHER_IS_BETTER,
                Optional.empty(),
                Metric.HeavyTails.NOT_ACCEPTED,
                Optional.empty());
    }

    private static Finding check(Metric metric, long users, long inside, long onEdge, long before) {
        return WindowEdgeCheck.of("e", metric, users, inside, onEdge, before);
    }

    @Test
    void tenOutcomesAndAHundredthAtTheEndOfAWindowFailAndSayWhatToWrite() {
        Metric day = metric(Duration.ZERO, Duration.ofDays(1));
        assertThat(check(day, 5_000, 990, 10, 0).failed()).isTrue();
        assertThat(check(day, 5_000, 991, 10, 0).state()).isEqualTo(State.PASSED);
        assertThat(check(day, 5_000, 0, 9, 0).state()).isEqualTo(State.PASSED);
        assertThat(check(day, 99, 0, 9, 0).state()).isEqualTo(State.UNKNOWN);

        Finding cut = check(day, 90_189, 12_000, 40_153, 0);
        assertThat(cut.blocksIncreases()).isFalse();
        assertThat(cut.reason())
                .isEqualTo(
                        "40,153 outcomes 'buy' lie exactly at the end of the window of conversion, 1 d after the exposure, and"
                                + " 12,000 users have one in it; there it counts no more: where times are days, write within: 2d to"
                                + " count that day too, or map times of the day");
    }

    @Test
    void aWindowWithoutAnOutcomeBesideOutcomesOfTheSameDayFails() {
        Metric hours = metric(Duration.ZERO, Duration.ofHours(12));
        assertThat(check(hours, 5_000, 0, 0, 9).state()).isEqualTo(State.PASSED);
        assertThat(check(hours, 5_000, 1, 0, 900).state()).isEqualTo(State.PASSED);
        assertThat(check(hours, 5_000, 0, 0, 10)).satisfies(found -> {
            assertThat(found.failed()).isTrue();
            assertThat(found.reason())
                    .startsWith(
                            "no outcome 'buy' lies in the window of conversion, 12 h after the exposure, and 10 are")
                    .endsWith("or write within: 36h");
        });
    }

    /** Who bought on the day of the exposure says nothing of who comes back on the seventh. */
    @Test
    void aWindowThatBeginsLaterEndsLaterAndIsNotAboutTheDayOfTheExposure() {
        Metric seventh = metric(Duration.ofDays(6), Duration.ofDays(1));
        assertThat(check(seventh, 5_000, 0, 0, 900).state()).isEqualTo(State.PASSED);
        assertThat(check(seventh, 5_000, 100, 50, 0).reason())
                .contains("the window of conversion, 7 d after the exposure")
                .contains("write within: 2d");
    }
}
