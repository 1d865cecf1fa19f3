package io.flagcast.house;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Decision.Reason;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ramp.Level;
import io.flagcast.delivery.Note;
import io.flagcast.jobs.pipeline.Stage;
import io.flagcast.jobs.records.ModelRegistry;
import io.flagcast.lake.Publication;
import io.flagcast.rules.Rule;
import io.flagcast.rules.RuleDecision;
import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.checks.Check;
import io.flagcast.rules.checks.Finding;
import io.flagcast.rules.ramps.RampDecision;
import io.flagcast.serving.Prediction;
import io.flagcast.tables.Column;
import io.flagcast.tables.Table;
import io.flagcast.tables.Table.Kind;
import io.flagcast.tables.Tables;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The texts that a column may hold, by its contract, are those that the code knows. */
class CodesTest {

    private static Arguments column(Table table, String column, Class<? extends Enum<?>> type) {
        return Arguments.of(table, column, type);
    }

    static Stream<Arguments> columns() {
        return Stream.of(
                column(Tables.ALLOCATIONS, "reason", Reason.class),
                column(Tables.RESPONSIVENESS_SCORES, "source", Prediction.Source.class),
                column(Tables.EXPERIMENTS, "activity", Activity.class),
                column(Tables.ALLOCATION_PARAMETERS, "activity", Activity.class),
                column(Tables.ALLOCATION_PARAMETERS, "cause", ParameterChange.Cause.class),
                column(Tables.HEALTH_CHECKS, "check", Check.class),
                column(Tables.HEALTH_CHECKS, "state", Finding.State.class),
                column(Tables.RULE_DECISIONS, "outcome", RuleDecision.Outcome.class),
                column(Tables.RULE_DECISIONS, "mode", Rule.Mode.class),
                column(Tables.RULE_DECISIONS, "method", Rule.Evidence.Method.class),
                column(Tables.RAMPS, "outcome", RampDecision.Outcome.class),
                column(Tables.RAMPS, "ramp_of", Level.Unit.class),
                column(Tables.MODEL_RUNS, "status", ModelRegistry.Status.class),
                column(Tables.MODEL_RUNS, "cause", ModelRegistry.Cause.class),
                column(Tables.ALERTS, "state", AlertChange.State.class),
                column(Tables.ALERT_NOTES, "kind", Note.Kind.class),
                column(Tables.PUBLICATIONS, "kind", Publication.Kind.class));
    }

    @ParameterizedTest
    @MethodSource("columns")
    void aColumnHoldsWhatTheCodeKnows(Table table, String column, Class<? extends Enum<?>> type) {
        assertThat(codes(table, column))
                .containsExactlyInAnyOrderElementsOf(Arrays.stream(type.getEnumConstants())
                        .map(constant -> constant.name().toLowerCase(Locale.ROOT))
                        .toList());
    }

    @Test
    void aRunIsBegunAndHasStages() {
        assertThat(codes(Tables.RUNS, "stage"))
                .containsExactlyElementsOf(
                        Stream.concat(Stream.of("run"), Stage.ORDER.stream().map(Stage::label))
                                .toList());
    }

    @Test
    void aRejectedRowIsOfAnInput() {
        assertThat(codes(Tables.QUARANTINE, "source_table"))
                .containsExactlyElementsOf(
                        Tables.of(Kind.INPUT).stream().map(Table::name).toList());
    }

    private static List<String> codes(Table table, String name) {
        return table.columns().stream()
                .filter(column -> column.name().equals(name))
                .map(Column::codes)
                .findFirst()
                .orElseThrow();
    }
}
