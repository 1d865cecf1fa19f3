package io.flagcast.rules.checks;

import static java.util.stream.Collectors.joining;

import io.flagcast.rules.Texts;
import io.flagcast.rules.checks.Finding.State;
import io.flagcast.statistics.ids.RowsPerId;
import java.util.List;

/**
 * Whether one id stands for many users or for none, as "anonymous" or "0" where an application knows no user, or is a bot: {@link
 * Check#SENTINEL}. It counts as one user with the outcomes of all of them.
 *
 * <p>Usage is heavy-tailed, so having the most rows is no fault. An id is one where it has at least a hundred rows, more than 1 % of
 * the table, and more than fifty times as many as 99.9 % of the ids have at most; with fewer than 3,000 ids, as the third has. Of
 * 66,300 simulated tables of 300 to 100,000 users whose rows have a normal logarithm, 3 failed where a standard deviation makes them
 * 4.5 times as many, 84 where it makes them 7.4 times as many.
 */
public final class SentinelCheck {

    private static final long LEAST_IDS = 100;
    private static final long LEAST_ROWS = 100;
    private static final double SHARE = 0.01;
    private static final int TIMES = 50;
    private static final long PLACE = 3;

    private SentinelCheck() {}

    /**
     * An id.
     *
     * @param rows it has
     */
    public record Sentinel(String id, long rows) {}

    /** As many rows as an id may have. */
    public static long limit(RowsPerId spread) {
        return Math.max(LEAST_ROWS - 1, Math.max((long) (SHARE * spread.rows()), TIMES * usual(spread)));
    }

    private static long usual(RowsPerId spread) {
        return spread.mostFrom(Math.max(PLACE, (spread.ids() + 999) / 1_000));
    }

    /** Whether an id has more. */
    public static boolean has(RowsPerId spread) {
        return spread.ids() >= LEAST_IDS && spread.most() > limit(spread);
    }

    /**
     * Judges a table.
     *
     * @param sentinels ids with more rows than the {@link #limit}, those with the most first; some of them are enough
     */
    public static Finding of(String table, RowsPerId spread, List<Sentinel> sentinels) {
        if (spread.ids() < LEAST_IDS) {
            return finding(
                    table,
                    State.UNKNOWN,
                    spread,
                    "%s has %s users, it takes %d".formatted(table, Texts.count(spread.ids()), LEAST_IDS));
        }
        if (!has(spread)) {
            return finding(
                    table,
                    State.PASSED,
                    spread,
                    "no user has more than %s of the %s rows of %s"
                            .formatted(Texts.count(spread.most()), Texts.count(spread.rows()), table));
        }
        return finding(
                table,
                State.FAILED,
                spread,
                "%s of the %s rows of %s, hardly anybody else more than %s: one id for many users or for none, or a bot. Leave it out with flagcast.sources.%s.where = \"user_id %s\""
                        .formatted(
                                sentinels.stream()
                                        .map(sentinel -> "'%s' has %s (%s)"
                                                .formatted(
                                                        sentinel.id,
                                                        Texts.count(sentinel.rows),
                                                        Texts.roughPercent((double) sentinel.rows / spread.rows())))
                                        .collect(joining(", ")),
                                Texts.count(spread.rows()),
                                table,
                                Texts.count(usual(spread)),
                                table,
                                condition(sentinels)));
    }

    private static String condition(List<Sentinel> sentinels) {
        List<String> ids = sentinels.stream()
                .map(sentinel -> "'" + sentinel.id.replace("'", "\\'") + "'")
                .toList();
        return ids.size() == 1 ? "<> " + ids.get(0) : "NOT IN (" + String.join(", ", ids) + ")";
    }

    private static Finding finding(String table, State state, RowsPerId spread, String reason) {
        return Finding.of(Check.SENTINEL, "", Finding.ALL, table, state, spread.ids(), reason)
                .measured((double) spread.most(), (double) limit(spread));
    }
}
