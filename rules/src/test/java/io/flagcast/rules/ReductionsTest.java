package io.flagcast.rules;

import static io.flagcast.rules.Given.EXPERIMENT;
import static io.flagcast.rules.Given.day;
import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.allocation.ParameterChange.Origin;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.rules.Reductions.Taken;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The last that took is the first to give back. */
class ReductionsTest {

    private ParameterLog log = ParameterLog.EMPTY;

    private Optional<Taken> after(Cause cause, String rule, double share) {
        long version = log.nextVersion(EXPERIMENT);
        log = log.with(log.changesTo(
                EXPERIMENT,
                Adjustment.ofShares(Map.of("high", share)),
                day((int) version),
                new Origin(cause, Optional.ofNullable(rule), "d" + version, "{}")));
        return Reductions.last(log.of(EXPERIMENT), "high");
    }

    @Test
    void twoRulesGiveBackInTheOppositeOrder() {
        assertThat(after(Cause.RULE, "a", 0.8)).contains(new Taken("a", 1));
        assertThat(after(Cause.RULE, "a", 0.64)).contains(new Taken("a", 1));
        assertThat(after(Cause.RULE, "b", 0.32)).contains(new Taken("b", 0.64));
        assertThat(after(Cause.RECOVERY, "b", 0.5)).contains(new Taken("b", 0.64));
        assertThat(after(Cause.RECOVERY, "b", 0.64)).contains(new Taken("a", 1));
        assertThat(after(Cause.RECOVERY, "a", 1)).isEmpty();
    }

    @Test
    void whatAPersonSetsIsTakenByNobody() {
        after(Cause.RULE, "a", 0.8);
        assertThat(after(Cause.PERSON, null, 0.3)).isEmpty();
        assertThat(after(Cause.RULE, "a", 0.2)).contains(new Taken("a", 0.3));
        assertThat(Reductions.last(log.of(EXPERIMENT), "low")).isEmpty();
    }
}
