package io.flagcast.jobs.questions;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.Cell;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.allocation.ParameterChange.Origin;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.rules.RuleDecision.Outcome;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

class RuleHistoryTest {

    private static final StructType SCHEMA = StructType.fromDDL(
            "decision_id STRING, experiment_id STRING, rule_id STRING, outcome STRING, mode STRING, adjustment STRING");
    private static final String SHARES = "{\"shares\":{\"mid\":0.5,\"high\":0.8},\"learned\":[]}";

    private static Row decision(String id, String mode, String adjustment) {
        return new GenericRowWithSchema(new Object[] {id, "rollout", "pull_back", "fired", mode, adjustment}, SCHEMA);
    }

    private static ParameterChange made(String decisionId, long version) {
        return new ParameterChange(
                "rollout",
                version,
                Cell.whole("high"),
                0.8,
                OptionalDouble.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                OptionalLong.empty(),
                Optional.empty(),
                Instant.EPOCH,
                new Origin(Cause.RULE, Optional.of("pull_back"), decisionId, "{}"));
    }

    private static final RuleHistory HISTORY = new RuleHistory(List.of(), new ParameterLog(List.of(made("made-1", 3))));

    @Test
    void aDecisionThatAsksForNothingHasNoChange() {
        assertThat(HISTORY.change(decision("held-1", "enforce", null))).isEmpty();
    }

    @Test
    void whatWasMadeHasItsVersion() {
        assertThat(HISTORY.change(decision("made-1", "enforce", SHARES)))
                .isEqualTo("high -> 80 %, mid -> 50 % (version 3)");
    }

    @Test
    void whatWasNotMadeSaysWhy() {
        assertThat(HISTORY.change(decision("asked-1", "propose", SHARES)))
                .isEqualTo("high -> 80 %, mid -> 50 % (proposed)");
        assertThat(HISTORY.change(decision("tried-1", "dry_run", "{\"shares\":{},\"learned\":[],\"active_tier\":2}")))
                .isEqualTo("tier -> 2 (dry_run)");
        assertThat(HISTORY.change(decision("tried-2", "dry_run", "{\"activity\":\"inactive\",\"restores\":4}")))
                .isEqualTo("paused, as version 4 (dry_run)");
    }

    @Test
    void onlyDecisionsWithAllThatIsAskedForAreIncluded() {
        Row fired = decision("made-1", "enforce", SHARES);
        assertThat(new RuleHistory.Wanted(Optional.empty(), Optional.empty(), Optional.empty()).includes(fired))
                .isTrue();
        assertThat(new RuleHistory.Wanted(Optional.of("rollout"), Optional.of("pull_back"), Optional.of(Outcome.FIRED))
                        .includes(fired))
                .isTrue();
        assertThat(new RuleHistory.Wanted(Optional.of("rollout"), Optional.empty(), Optional.of(Outcome.HELD))
                        .includes(fired))
                .isFalse();
        assertThat(new RuleHistory.Wanted(Optional.of("other"), Optional.empty(), Optional.empty()).includes(fired))
                .isFalse();
    }
}
