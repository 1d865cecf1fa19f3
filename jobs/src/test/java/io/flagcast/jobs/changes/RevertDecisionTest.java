package io.flagcast.jobs.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.allocation.ParameterChange.Origin;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class RevertDecisionTest {

    private static ParameterLog with(ParameterLog log, String decisionId, Adjustment adjustment) {
        return log.with(log.changesTo(
                "rollout", adjustment, Instant.EPOCH, new Origin(Cause.RULE, Optional.of("rule"), decisionId, "{}")));
    }

    private static final ParameterLog FIRST =
            with(ParameterLog.EMPTY, "first", Adjustment.ofShares(Map.of("high", 0.8)));
    private static final ParameterLog SECOND =
            with(FIRST, "second", Adjustment.ofShares(Map.of("high", 0.5, "mid", 0.9)));

    @Test
    void whatWasBeforeADecisionIsGivenBack() {
        assertThat(RevertDecision.before(SECOND, SECOND.ofDecision("second")))
                .isEqualTo(Adjustment.ofShares(Map.of("high", 0.8, "mid", 1.0)));
    }

    @Test
    void aTierIsGivenBackToTheFile() {
        ParameterLog advanced = with(ParameterLog.EMPTY, "advanced", Adjustment.ofTier(2));

        assertThat(RevertDecision.before(advanced, advanced.ofDecision("advanced"))
                        .activeTier())
                .contains(OptionalInt.empty());
    }

    @Test
    void aChangeOfAnotherSegmentSinceDoesNotMatter() {
        ParameterLog other = with(FIRST, "other", Adjustment.ofShares(Map.of("low", 0.1)));

        assertThat(RevertDecision.before(other, other.ofDecision("first")))
                .isEqualTo(Adjustment.ofShares(Map.of("high", 1.0)));
    }

    @Test
    void whatWasChangedAgainIsNotTakenBack() {
        assertThatThrownBy(() -> RevertDecision.before(SECOND, SECOND.ofDecision("first")))
                .isInstanceOf(Refusal.class)
                .hasMessage("high of rollout was changed again after version 1: return to a version with flagcast"
                        + " rollback --experiment rollout --to-version N")
                .extracting(refusal -> ((Refusal) refusal).exitCode())
                .isEqualTo(ExitCode.CHECK_FAILED);
    }
}
