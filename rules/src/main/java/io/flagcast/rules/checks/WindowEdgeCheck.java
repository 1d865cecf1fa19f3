package io.flagcast.rules.checks;

import io.flagcast.rules.Texts;
import io.flagcast.rules.checks.Finding.State;
import io.flagcast.statistics.Metric;
import java.time.Duration;

/**
 * Whether the window of a metric is shorter than what the times of its outcomes tell apart: {@link Check#WINDOW_EDGE}. Where times
 * are days, a window of one day after an exposure at midnight holds that day alone, and the next begins exactly where it ends; after
 * an exposure at noon it may hold no outcome at all.
 */
public final class WindowEdgeCheck {

    private static final double FEW = 0.01;
    private static final long LEAST = 10;
    private static final long LEAST_USERS = 100;
    private static final Duration DAY = Duration.ofDays(1);

    private WindowEdgeCheck() {}

    /**
     * Judges the outcomes of users by their first exposure.
     *
     * @param users who were exposed
     * @param inside those of them with an outcome in the window
     * @param onEdge outcomes at the very instant at which the window closes
     * @param before outcomes of the day of the exposure that stand before it
     */
    public static Finding of(String experimentId, Metric metric, long users, long inside, long onEdge, long before) {
        boolean cut = onEdge >= LEAST && onEdge >= FEW * (inside + onEdge);
        // A window that begins later is not about the day of the exposure.
        boolean missed = metric.after().isZero() && inside == 0 && before >= LEAST;
        double share = inside + onEdge == 0 ? 0 : (double) onEdge / (inside + onEdge);
        String numbers =
                "%s outcomes '%s' lie exactly at the end of the window of %s, %s after the exposure, and %s users have one in it"
                        .formatted(
                                Texts.count(onEdge),
                                metric.outcome(),
                                metric.name(),
                                Texts.duration(metric.closesAfter()),
                                Texts.count(inside));
        return Finding.of(
                        Check.WINDOW_EDGE,
                        experimentId,
                        Finding.ALL,
                        metric.name(),
                        cut || missed ? State.FAILED : users < LEAST_USERS ? State.UNKNOWN : State.PASSED,
                        users,
                        cut
                                ? numbers + "; there it counts no more: " + remedy(metric)
                                : missed ? missed(metric, before) : numbers)
                .measured(share, FEW);
    }

    private static String remedy(Metric metric) {
        return "where times are days, write within: %s to count that day too, or map times of the day"
                .formatted(longer(metric.within()));
    }

    private static String missed(Metric metric, long before) {
        return ("no outcome '%s' lies in the window of %s, %s after the exposure, and %s are of the day of the exposure but before"
                        + " it: where their times are days, map occurred_at to the end of the day, or write within: %s")
                .formatted(
                        metric.outcome(),
                        metric.name(),
                        Texts.duration(metric.within()),
                        Texts.count(before),
                        longer(metric.within()));
    }

    /** By a day, as a file has it. */
    private static String longer(Duration within) {
        Duration longer = within.plus(DAY);
        return longer.equals(Duration.ofDays(longer.toDays()))
                ? longer.toDays() + "d"
                : longer.equals(Duration.ofHours(longer.toHours())) ? longer.toHours() + "h" : longer.toMinutes() + "m";
    }
}
