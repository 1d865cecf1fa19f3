package io.flagcast.lake.inputs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.inputs.InputHistory.Past;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class InputHistoryTest {

    private static final Instant MONDAY = Instant.parse("2026-03-09T00:00:00Z");
    private static final Instant TUESDAY = Instant.parse("2026-03-10T00:00:00Z");
    private static final InputHistory HISTORY = new InputHistory(List.of(
            new Past("monday-g1", MONDAY, Map.of(Tables.USERS, 10L, Tables.EVENTS, 500L)),
            new Past("monday-g2", MONDAY, Map.of(Tables.USERS, 11L, Tables.EVENTS, 500L)),
            new Past("tuesday-g1", TUESDAY, Map.of(Tables.USERS, 12L, Tables.EVENTS, 0L, Tables.OUTCOMES, 3_000L))));

    private static void require(InputHistory history, Map<Table, Long> now, Set<String> declared) {
        history.requireRows(now, table -> "/in/" + table.name(), declared);
    }

    @Test
    void anInputThatLostAllThatTheNewestPublicationHadReadIsRefused() {
        assertThatThrownBy(() -> require(HISTORY, Map.of(Tables.USERS, 12L, Tables.OUTCOMES, 0L), Set.of()))
                .isInstanceOf(Refusal.class)
                .hasMessage(
                        "outcomes (/in/outcomes) is empty, run tuesday-g1 read 3,000 rows of it: the past cannot lose"
                                + " rows. Bring them back, or declare that they may be gone with flagcast.quality.may-be-empty ="
                                + " [outcomes]")
                .extracting(refused -> ((Refusal) refused).exitCode())
                .isEqualTo(ExitCode.DATA_REFUSED);
        assertThatThrownBy(() -> require(HISTORY, Map.of(Tables.USERS, 0L, Tables.OUTCOMES, 0L), Set.of("events")))
                .hasMessageContaining(
                        "outcomes (/in/outcomes) is empty, run tuesday-g1 read 3,000 rows of it; users (/in/users)"
                                + " is empty, run tuesday-g1 read 12 rows of it")
                .hasMessageEndingWith("= [outcomes, users]");
    }

    @Test
    void rowsMayAgeOutBeDeclaredNeverHaveBeenThereOrBeGoneForARunAlready() {
        assertThatCode(() -> {
                    require(HISTORY, Map.of(Tables.USERS, 1L, Tables.OUTCOMES, 1L), Set.of());
                    require(HISTORY, Map.of(Tables.OUTCOMES, 0L), Set.of("outcomes"));
                    require(HISTORY, Map.of(Tables.EXPOSURES, 0L), Set.of());
                    require(HISTORY, Map.of(Tables.EVENTS, 0L), Set.of());
                    require(new InputHistory(List.of()), Map.of(Tables.OUTCOMES, 0L), Set.of());
                })
                .doesNotThrowAnyException();
    }

    @Test
    void theRowsOfAnAsOfAreThoseOfItsLastPublication() {
        assertThat(HISTORY.rows(Tables.USERS)).containsExactly(11L, 12L);
        assertThat(HISTORY.rows(Tables.OUTCOMES)).containsExactly(3_000L);
        assertThat(HISTORY.rows(Tables.EXPOSURES)).isEmpty();
    }
}
