package io.flagcast.rules;

import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterChange.Cause;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * What rules have taken from the share of a segment and not given back. The last that took is the first to give back, and
 * what a person sets is taken by nobody.
 */
final class Reductions {

    private Reductions() {}

    /**
     * What one rule has taken.
     *
     * @param ruleId the rule
     * @param from share before it took
     */
    record Taken(String ruleId, double from) {}

    /**
     * The last reduction that stands.
     *
     * @param changes of the experiment, oldest first
     */
    static Optional<Taken> last(List<ParameterChange> changes, String segment) {
        Deque<Taken> taken = new ArrayDeque<>();
        double share = 1;
        for (ParameterChange change : changes) {
            if (!change.cell().segment().equals(segment) || change.share() == share) {
                continue;
            }
            double to = change.share();
            Optional<String> rule = change.origin().ruleId();
            if (rule.isEmpty() && change.origin().cause() == Cause.PERSON) {
                taken.clear();
            } else if (to > share) {
                while (!taken.isEmpty() && taken.peek().from() <= to) {
                    taken.pop();
                }
            } else if (rule.isPresent()
                    && (taken.isEmpty() || !taken.peek().ruleId().equals(rule.get()))) {
                taken.push(new Taken(rule.get(), share));
            }
            share = to;
        }
        return Optional.ofNullable(taken.peek());
    }
}
