package io.flagcast.tables;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.tables.Table.ColumnSet;
import io.flagcast.tables.Table.Kind;
import java.lang.reflect.Field;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TablesTest {

    @Test
    void everySliceStartsWithItsRunAndAsOf() {
        assertThat(Tables.of(Kind.SLICE))
                .isNotEmpty()
                .allSatisfy(table -> assertThat(table.columnNames()).startsWith("run_id", "as_of"));
    }

    @Test
    void onlySlicesArePartitionedByRun() {
        assertThat(Tables.ALLOCATIONS.ddl("/lake/allocations"))
                .startsWith("CREATE TABLE IF NOT EXISTS delta.`/lake/allocations` (run_id STRING NOT NULL")
                .contains("score DOUBLE COMMENT", "PARTITIONED BY (run_id)");
        assertThat(Tables.PUBLICATIONS.ddl("/lake/publications")).doesNotContain("PARTITIONED");
    }

    @Test
    void apostrophesInDocsAreEscaped() {
        assertThat(Column.required("a", "INT", "the user's").ddl()).isEqualTo("a INT NOT NULL COMMENT 'the user\\'s'");
    }

    @Test
    void theCommentOfAColumnNamesTheTextsThatMayStandThere() {
        Column state = Column.required("state", "STRING", "how it ended").oneOf("done", "failed");

        assertThat(state.ddl()).isEqualTo("state STRING NOT NULL COMMENT 'how it ended: done or failed'");
        assertThat(state.comment()).isEqualTo("how it ended: done or failed");
    }

    @Test
    void aMapIsDeclaredWithTheTypesOfItsKeysAndValues() {
        assertThat(Tables.TRAINING_EXAMPLES.ddl("/lake/training_examples"))
                .contains(", usage MAP<STRING, DOUBLE> NOT NULL COMMENT 'per feature_id");
        assertThat(Tables.USER_PROFILES.ddl("/lake/user_profiles")).contains(", usage MAP<STRING, DOUBLE> NOT NULL");
    }

    @Test
    void aModelHasARowForEveryStatusItWasGiven() {
        assertThat(Tables.MODEL_RUNS.key()).containsExactly("model_id", "changed_at");
        assertThat(Tables.MODEL_RUNS.columnNames())
                .containsSubsequence("status", "verdict", "cause", "effective_as_of", "changed_at", "as_of")
                .containsSubsequence("metrics", "curves", "provenance");
    }

    @Test
    void namesAreUniqueAndFound() {
        assertThat(Tables.ALL).extracting(Table::name).doesNotHaveDuplicates();
        assertThat(Tables.named("allocations")).contains(Tables.ALLOCATIONS);
        assertThat(Tables.named("allocation")).isEmpty();
    }

    @Test
    void everyTableIsInTheCatalogueAndStandsWithThoseOfItsKind() {
        assertThat(Tables.of(Kind.INPUT)).containsExactlyInAnyOrderElementsOf(declaredIn(InputTables.class));
        assertThat(Tables.of(Kind.SLICE))
                .containsExactlyInAnyOrderElementsOf(
                        Stream.concat(declaredIn(SliceTables.class).stream(), declaredIn(MeasureTables.class).stream())
                                .toList());
        assertThat(Tables.of(Kind.APPEND)).containsExactlyInAnyOrderElementsOf(declaredIn(LogTables.class));
        assertThat(declaredIn(Tables.class)).containsExactlyInAnyOrderElementsOf(Tables.ALL);
    }

    private static List<Table> declaredIn(Class<?> type) {
        return Stream.of(type.getDeclaredFields())
                .filter(field -> field.getType() == Table.class)
                .map(TablesTest::table)
                .toList();
    }

    private static Table table(Field constant) {
        try {
            return (Table) constant.get(null);
        } catch (IllegalAccessException e) {
            throw new AssertionError(constant + " is out of reach", e);
        }
    }

    @Test
    void aTableThatDeclaresAColumnTwiceIsRefused() {
        Column twice = Column.required("a", "INT", "");
        assertThatThrownBy(
                        () -> new Table("t", Kind.APPEND, List.of(twice, twice), List.of(), ColumnSet.CLOSED, "a row"))
                .hasMessage("table t declares a column twice: [a, a]");
    }

    @Test
    void aKeyOutsideTheColumnsIsRefused() {
        assertThatThrownBy(() -> new Table(
                        "t",
                        Kind.APPEND,
                        List.of(Column.required("a", "INT", "")),
                        List.of("b"),
                        ColumnSet.CLOSED,
                        "a row"))
                .hasMessage("table t has a key outside its columns: [b]");
    }
}
