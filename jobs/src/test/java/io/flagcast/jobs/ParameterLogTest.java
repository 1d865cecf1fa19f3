package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.jobs.ParameterLog.Cause;
import io.flagcast.jobs.ParameterLog.Change;
import java.time.Instant;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class ParameterLogTest {

    private static final Instant MONDAY = Instant.parse("2026-03-02T00:00:00Z");

    private static Change change(long version, double share, OptionalDouble base, Cause cause) {
        return new Change("e", version, "high", share, base, MONDAY, cause, cause + "-" + version, "{}");
    }

    private static final ParameterLog LOG = new ParameterLog(
                    List.of(change(1, 0.8, OptionalDouble.empty(), Cause.RULE)))
            .with(List.of(change(2, 0.8, OptionalDouble.of(0.3), Cause.BANDIT)));

    @Test
    void aChangeIsUsedByLaterRunsOnly() {
        assertThat(LOG.before(MONDAY)).isEmpty();
        assertThat(LOG.before(MONDAY.plusSeconds(1)).get("e").share("high")).isEqualTo(0.8);
    }

    @Test
    void whatTheBanditLearnsInTheRunOfARuleLeavesTheShareAndItsEvidence() {
        AllocationParameters parameters = LOG.before(Instant.MAX).get("e");

        assertThat(parameters.version()).isEqualTo(2);
        assertThat(parameters.share("high")).isEqualTo(0.8);
        assertThat(parameters.baseProbability("high")).hasValue(0.3);
        assertThat(parameters.setting("high").shareVersion()).isEqualTo(1);
        assertThat(LOG.nextVersion("e")).isEqualTo(3);
    }
}
