package io.flagcast.rules.checks;

import io.flagcast.rules.Texts;
import io.flagcast.rules.checks.Finding.State;

/**
 * Whether users got two different answers under one version of the parameters: {@link Check#CONTRADICTION}. The
 * decision is a function of user and parameters, so that one such user is a fault of serving or of logging.
 */
public final class ContradictionCheck {

    /** What is said of a log that does not tell under what an answer was given, and what to do. */
    private static final String UNLOGGED =
            " of these by exposures that log neither parameters_version nor run_id: they crossed over, count by the arm of the"
                    + " first exposure and teach no model, so take their rows out of the log where they should not count; where the"
                    + " allocation was changed on purpose meanwhile, map flagcast.sources.exposures.columns.parameters_version";

    private ContradictionCheck() {}

    /**
     * Judges the users of an experiment.
     *
     * @param users exposed users, at least 0
     * @param contradictory those of them with two answers, from 0 to {@code users}
     * @param unlogged those of the contradictory whose exposures log neither version nor run
     * @throws IllegalArgumentException if a count is outside its range
     */
    public static Finding of(String experimentId, long users, long contradictory, long unlogged) {
        if (unlogged < 0 || contradictory < unlogged || contradictory > users) {
            throw new IllegalArgumentException("ContradictionCheck: " + contradictory + " contradictory, " + unlogged
                    + " of them unlogged, of " + users + " users of " + experimentId
                    + ", each must lie between 0 and what it is counted of");
        }
        if (users == 0) {
            return Finding.of(
                    Check.CONTRADICTION, experimentId, Finding.ALL, "", State.UNKNOWN, 0, "no user was exposed");
        }
        return Finding.of(
                        Check.CONTRADICTION,
                        experimentId,
                        Finding.ALL,
                        "",
                        State.failedWhere(contradictory > 0),
                        users,
                        (contradictory == 0 ? "none" : Texts.count(contradictory)) + " of " + Texts.count(users)
                                + " exposed users got both answers under one version of the parameters"
                                + (unlogged == 0 ? "" : "; " + Texts.count(unlogged) + UNLOGGED))
                .measured((double) contradictory / users, 0);
    }
}
