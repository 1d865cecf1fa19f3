package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.BanditLearner;
import io.flagcast.allocation.Cell;
import io.flagcast.jobs.ParameterLog.Cause;
import io.flagcast.jobs.ParameterLog.Change;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class ParameterLogTest {

    private static final Instant MONDAY = Instant.parse("2026-03-02T00:00:00Z");
    private static final Cell HIGH = Cell.whole("high");
    private static final Cell PRO = new Cell("high", "{\"plan\":\"pro\"}");

    private static Change change(long version, Cell cell, double share, OptionalDouble base, Cause cause) {
        return new Change(
                "e", version, cell, share, base, Optional.empty(), MONDAY, cause, cause + "-" + version, "{}");
    }

    private static final ParameterLog LOG = new ParameterLog(
                    List.of(change(1, HIGH, 0.8, OptionalDouble.empty(), Cause.RULE)))
            .with(List.of(
                    change(2, HIGH, 0.8, OptionalDouble.of(0.3), Cause.BANDIT),
                    change(2, PRO, 0.8, OptionalDouble.of(0.6), Cause.BANDIT)));

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
        assertThat(parameters.learned()).containsEntry(HIGH, 0.3).containsEntry(PRO, 0.6);
        assertThat(parameters.setting("high").shareVersion()).isEqualTo(1);
        assertThat(LOG.nextVersion("e")).isEqualTo(3);
    }

    @Test
    void goingBackToAVersionGivesItsSharesAndProbabilitiesAgain() {
        assertThat(LOG.backTo("e", 2, MONDAY)).isEmpty();

        ParameterLog toTheRule = LOG.with(LOG.backTo("e", 1, MONDAY.plusSeconds(1)));
        assertThat(toTheRule.newest("e").share("high")).isEqualTo(0.8);
        assertThat(toTheRule.newest("e").learned())
                .containsEntry(HIGH, BanditLearner.START)
                .containsEntry(PRO, BanditLearner.START);
        assertThat(toTheRule.newest("e").version()).isEqualTo(3);

        Cell added = new Cell("high", "{\"plan\":\"new\"}");
        ParameterLog later = LOG.with(List.of(change(3, added, 0.8, OptionalDouble.of(0.9), Cause.BANDIT)));
        assertThat(later.with(later.backTo("e", 2, MONDAY.plusSeconds(1)))
                        .newest("e")
                        .learned())
                .containsEntry(added, 0.3);

        ParameterLog toTheBeginning = LOG.with(LOG.backTo("e", 0, MONDAY.plusSeconds(1)));
        assertThat(toTheBeginning.newest("e").share("high")).isEqualTo(1);
        assertThat(toTheBeginning.newest("e").setting("high").shareVersion()).isEqualTo(3);
        assertThat(toTheBeginning.at("e", 2)).isEqualTo(LOG.newest("e"));
    }
}
