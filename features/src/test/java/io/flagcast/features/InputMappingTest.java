package io.flagcast.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class InputMappingTest {

    private static final Timestamp NEW_YEAR = Timestamp.from(Instant.parse("2026-01-01T00:00:00Z"));
    private static final String TEXT = "(user_id, feature_id, value, occurred_at)";

    private final SparkSession spark;

    InputMappingTest(SparkSession spark) {
        this.spark = spark;
    }

    private Dataset<Row> values(String rows, String columns) {
        return spark.sql("SELECT * FROM VALUES " + rows + " AS t" + columns);
    }

    private static InputMapping identity(Table table) {
        return mapping(table, Map.of());
    }

    private static InputMapping mapping(Table table, Map<String, String> expressions) {
        return new InputMapping(table, "/in/" + table.name(), expressions, Optional.empty());
    }

    private static List<Row> valid(InputMapping mapping, Dataset<Row> raw) {
        return InputMapping.valid(mapping.apply(raw)).collectAsList();
    }

    /** Reasons of the rejected rows, sorted. */
    private static List<String> reasons(InputMapping mapping, Dataset<Row> raw) {
        return mapping.rejected(mapping.apply(raw)).collectAsList().stream()
                .map(row -> row.getString(1))
                .sorted()
                .toList();
    }

    @Test
    void columnsAreFoundByNameWhateverTheirOrder() {
        Dataset<Row> raw = values(
                "(TIMESTAMP '2026-01-01', 'f', 2.5D, 'u', 'ignored')",
                "(occurred_at, feature_id, value, user_id, other)");
        assertThat(valid(identity(Tables.EVENTS), raw))
                .containsExactly(RowFactory.create("u", "f", 2.5, NEW_YEAR, null, null));
        assertThat(InputMapping.valid(identity(Tables.EVENTS).apply(raw)).columns())
                .containsExactlyElementsOf(Tables.EVENTS.columnNames());
    }

    @Test
    void anExpressionReplacesTheColumnOfItsName() {
        InputMapping mapping = mapping(
                Tables.EVENTS,
                Map.of(
                        "user_id", "concat('de-', id)",
                        "feature_id", "lower(feature_id)",
                        "occurred_at", "timestamp_seconds(at)"));
        Dataset<Row> raw = values("(7, 'SEARCH', 1767225600)", "(id, feature_id, at)");
        assertThat(valid(mapping, raw))
                .containsExactly(RowFactory.create("de-7", "search", null, NEW_YEAR, null, null));
    }

    @Test
    void textThatReadsAsTheTypeIsCast() {
        assertThat(valid(identity(Tables.EVENTS), values("('u', 'f', '2.5', '2026-01-01')", TEXT)))
                .containsExactly(RowFactory.create("u", "f", 2.5, NEW_YEAR, null, null));
    }

    @Test
    void aMissingRequiredColumnIsRefusedWithTheKeyThatMapsIt() {
        assertThatThrownBy(() -> identity(Tables.EVENTS).apply(values("('u', 'f')", "(user_id, feature_id)")))
                .isInstanceOf(InputException.class)
                .hasMessage("events: column 'occurred_at' is missing from /in/events, which has [user_id, feature_id]:"
                        + " map it with flagcast.sources.events.columns.occurred_at");
    }

    @Test
    void aHeaderThatWasNotPartedIsCalledThat() {
        assertThatThrownBy(() -> identity(Tables.EVENTS).apply(values("('u;f')", "(`user_id;feature_id`)")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(
                        "which has [user_id;feature_id] and nothing else (is options { sep = \";\" } missing?)");
    }

    @Test
    void aColumnOfAnotherTypeIsRefusedWithTheKeyThatConvertsIt() {
        Dataset<Row> raw = values("('u', 'f', true)", "(user_id, feature_id, occurred_at)");
        assertThatThrownBy(() -> identity(Tables.EVENTS).apply(raw))
                .isInstanceOf(InputException.class)
                .hasMessage("events: column 'occurred_at' is BOOLEAN in /in/events, expected TIMESTAMP:"
                        + " convert it with flagcast.sources.events.columns.occurred_at");
    }

    @Test
    void anExpressionThatCannotBeReadIsRefusedWithItsKey() {
        Dataset<Row> raw = values("('u')", "(id)");
        for (String expression : List.of("idd", "concat(id")) {
            assertThatThrownBy(() ->
                            mapping(Tables.USERS, Map.of("user_id", expression)).apply(raw))
                    .isInstanceOf(InputException.class)
                    .hasMessageStartingWith(
                            "users: flagcast.sources.users.columns.user_id = \"%s\" cannot be read from /in/users, which has [id]: ",
                            expression);
        }
    }

    @Test
    void everyBadValueHasItsReasonAndNoRowIsLost() {
        Dataset<Row> raw = values(
                "('ok', 'f', '1', '2026-01-01'), ('no value', 'f', NULL, '2026-01-01'),"
                        + "('u', 'f', 'abc', '2026-01-01'), ('u', 'f', 'NaN', '2026-01-01'),"
                        + "('u', 'f', '1e400', '2026-01-01'), ('u', 'f', '-Infinity', '2026-01-01'),"
                        + "(NULL, 'f', '1', '2026-01-01'), ('', 'f', '1', '2026-01-01'),"
                        + "('u', NULL, '1', '2026-01-01'), ('u', 'f', '1', 'soon'), ('u', 'f', '1', NULL)",
                TEXT);
        InputMapping mapping = identity(Tables.EVENTS);
        assertThat(valid(mapping, raw)).extracting(row -> row.getString(0)).containsExactlyInAnyOrder("ok", "no value");
        assertThat(reasons(mapping, raw))
                .containsExactly(
                        "feature_id is null",
                        "occurred_at 'soon' is no TIMESTAMP",
                        "occurred_at is null",
                        "user_id is empty",
                        "user_id is null",
                        "value 'abc' is no DOUBLE",
                        "value is -Infinity",
                        "value is Infinity",
                        "value is NaN");
    }

    @Test
    void aRejectedRowIsKeptAsItCame() {
        InputMapping mapping = mapping(Tables.EVENTS, Map.of("user_id", "id"));
        Dataset<Row> raw = values("('u', 'f', 'abc', '2026-01-01', 3)", "(id, feature_id, value, occurred_at, `a.b`)");
        assertThat(mapping.rejected(mapping.apply(raw)).collectAsList())
                .containsExactly(
                        RowFactory.create(
                                "events",
                                "value 'abc' is no DOUBLE",
                                "{\"id\":\"u\",\"feature_id\":\"f\",\"value\":\"abc\",\"occurred_at\":\"2026-01-01\",\"a.b\":3}"));
    }

    @Test
    void aPropensityScoreOrVersionOutsideItsLimitsIsRejected() {
        Dataset<Row> raw = values(
                        "(-0.1D, 0D, 0L), (0D, 0D, 0L), (1D, 100D, 1L), (NULL, NULL, NULL), (1.1D, 0D, 0L),"
                                + "(double('NaN'), 0D, 0L), (0.5D, 100.5D, 0L), (0.5D, 50D, -1L)",
                        "(propensity, score, parameters_version)")
                .selectExpr(
                        "'e' experiment_id", "'u' user_id", "true enabled", "TIMESTAMP '2026-01-01' exposed_at", "*");
        InputMapping mapping = identity(Tables.EXPOSURES);
        assertThat(valid(mapping, raw)).hasSize(3);
        assertThat(reasons(mapping, raw))
                .containsExactly(
                        "parameters_version -1 breaks parameters_version >= 0",
                        "propensity -0.1 breaks propensity BETWEEN 0 AND 1",
                        "propensity 1.1 breaks propensity BETWEEN 0 AND 1",
                        "propensity is NaN",
                        "score 100.5 breaks score BETWEEN 0 AND 100");
    }

    @Test
    void anAnswerThatWasAllButImpossibleIsRejectedAndOneThatWasAllButCertainIsNot() {
        Dataset<Row> raw = values(
                        "(true, 1e-300D), (true, 1e-7D), (false, 0.99999999D), (true, 0D), (false, 1D), (true, NULL),"
                                + "(false, 1e-300D), (true, 0.99999999D), (true, 1e-6D), (false, 0.5D)",
                        "(enabled, propensity)")
                .selectExpr("'e' experiment_id", "'u' user_id", "TIMESTAMP '2026-01-01' exposed_at", "*");
        InputMapping mapping = identity(Tables.EXPOSURES);
        assertThat(valid(mapping, raw)).hasSize(7);
        assertThat(reasons(mapping, raw))
                .containsExactly(
                        "propensity 0.99999999 of a user who was not enabled: with a chance below 1e-6 one user outweighs a"
                                + " million",
                        "propensity 1.0E-300 of an enabled user: with a chance below 1e-6 one user outweighs a million",
                        "propensity 1.0E-7 of an enabled user: with a chance below 1e-6 one user outweighs a million");
    }

    @Test
    void ofAUserWhoAppearsTwiceExactlyOneRowIsKeptWhateverThePartitions() {
        Dataset<Row> raw =
                values("('u', 'FR'), ('v', 'DE'), ('u', 'DE'), ('u', 'DE'), ('u', 'IT')", "(user_id, country)");
        InputMapping mapping = identity(Tables.USERS);
        for (int partitions : new int[] {1, 3, 5}) {
            Dataset<Row> shuffled = raw.repartition(partitions);
            assertThat(valid(mapping, shuffled))
                    .containsExactlyInAnyOrder(RowFactory.create("u", "DE"), RowFactory.create("v", "DE"));
            assertThat(mapping.rejected(mapping.apply(shuffled)).collectAsList())
                    .extracting(row -> row.getString(1), row -> row.getString(2))
                    .containsExactlyInAnyOrder(
                            tuple("duplicate user_id", "{\"user_id\":\"u\",\"country\":\"DE\"}"),
                            tuple("duplicate user_id", "{\"user_id\":\"u\",\"country\":\"FR\"}"),
                            tuple("duplicate user_id", "{\"user_id\":\"u\",\"country\":\"IT\"}"));
        }
    }

    @Test
    void aRejectedRowNeverTakesThePlaceOfAValidOneOfItsKey() {
        Dataset<Row> raw = values("('u', double('NaN')), ('u', 3D)", "(user_id, spend)");
        InputMapping mapping = identity(Tables.USERS);
        assertThat(valid(mapping, raw)).containsExactly(RowFactory.create("u", 3.0));
        assertThat(reasons(mapping, raw)).containsExactly("spend is NaN");
    }

    @Test
    void aRowThatCouldNotBeReadIsRejectedWithTheProblem() {
        Dataset<Row> raw = values(
                "('u', 30, NULL), (NULL, NULL, 'malformed row: u;')",
                "(user_id, age, %s)".formatted(InputMapping.PROBLEM));
        InputMapping mapping = identity(Tables.USERS);
        assertThat(valid(mapping, raw)).containsExactly(RowFactory.create("u", 30));
        assertThat(reasons(mapping, raw)).containsExactly("malformed row: u;");
        assertThatThrownBy(() -> identity(Tables.OUTCOMES).apply(raw))
                .hasMessageContaining("column 'outcome' is missing from /in/outcomes, which has [user_id, age]:");
    }

    @Test
    void anIdOfSpacesOrOfAThousandLettersIsNone() {
        Dataset<Row> raw = values(
                "(' '), ('\t'), ('\u00a0'), ('\u200b'), (repeat('x', 1001)), (repeat('x', 1000)), (' u ')",
                "(user_id)");
        InputMapping mapping = identity(Tables.USERS);
        assertThat(reasons(mapping, raw))
                .containsExactly(
                        "user_id has 1001 characters, at most 1,000 are an id",
                        "user_id is empty",
                        "user_id is empty",
                        "user_id is empty",
                        "user_id is empty");
        assertThat(valid(mapping, raw)).contains(RowFactory.create(" u "));
    }

    /** What is left out, by the user and why. */
    private static List<String> leftOut(Dataset<Row> mapped) {
        return mapped.where(InputMapping.LEFT_OUT + " IS NOT NULL").collectAsList().stream()
                .map(row -> row.getAs("user_id") + " " + row.getAs(InputMapping.LEFT_OUT))
                .sorted()
                .toList();
    }

    @Test
    void rowsForWhichTheConditionIsNotTrueAreLeftOutAndWhatCouldNotBeReadIsNot() {
        Dataset<Row> raw = values(
                "('u', false, NULL), ('bot', true, NULL), ('nobody', NULL, NULL), (NULL, NULL, 'malformed row: x')",
                "(user_id, is_bot, %s)".formatted(InputMapping.PROBLEM));
        InputMapping mapping = new InputMapping(Tables.USERS, "/in/users", Map.of(), Optional.of("NOT is_bot"));
        Dataset<Row> mapped = mapping.apply(raw);
        assertThat(leftOut(mapped)).containsExactly("bot filtered", "nobody filtered");
        assertThat(valid(mapping, raw)).containsExactly(RowFactory.create("u", false));
        assertThat(reasons(mapping, raw)).containsExactly("malformed row: x");
        InputMapping other = new InputMapping(Tables.USERS, "/in/users", Map.of(), Optional.of("user_id"));
        assertThatThrownBy(() -> other.apply(raw))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("flagcast.sources.users.where = \"user_id\" is STRING, not a condition");
    }

    private static final String OUTCOMES = "(user_id, outcome, value, occurred_at, sku, day, outcome_id)";

    @Test
    void rowsAlikeInEveryColumnCountOnce() {
        Dataset<Row> raw = values(
                "('u', 'buy', '1', '2026-01-01', 'a', '1', NULL), ('u', 'buy', '1', '2026-01-01', 'a', '2', NULL),"
                        + "('u', 'buy', '1', '2026-01-01', 'b', '1', NULL),"
                        + "('v', 'buy', 'x', '2026-01-01', 'a', '1', NULL), ('v', 'buy', 'x', '2026-01-01', 'a', '1', NULL)",
                OUTCOMES);
        InputMapping mapping = identity(Tables.OUTCOMES);
        assertThat(leftOut(mapping.once(raw, Set.of()))).isEmpty();
        // The folder that a batch lies in is not what happened, but for what is mapped from it.
        assertThat(leftOut(mapping.once(raw, Set.of("day")))).containsExactly("u repeated");
        InputMapping byFolder = mapping(Tables.OUTCOMES, Map.of("outcome", "concat(outcome, day)"));
        assertThat(leftOut(byFolder.once(raw, Set.of("day")))).isEmpty();
        assertThat(mapping.rejected(mapping.once(raw, Set.of("day"))).count()).isEqualTo(2);
        assertThat(leftOut(mapping.apply(raw))).isEmpty();
    }

    @Test
    void rowsWithOneIdCountOnceWhateverElseTheySayAndWhateverThePartitions() {
        Dataset<Row> raw = values(
                "('u', 'buy', '1', '2026-01-01', 'a', '1', 'o1'), ('u', 'buy', '2', '2026-01-02', 'a', '2', 'o1'),"
                        + "('u', 'buy', '1', '2026-01-01', 'a', '1', 'o2'), ('v', 'buy', 'x', '2026-01-01', 'a', '1', 'o3'),"
                        + "('v', 'buy', '3', '2026-01-01', 'a', '1', 'o3')",
                OUTCOMES);
        InputMapping mapping = identity(Tables.OUTCOMES);
        List<Row> kept = InputMapping.valid(mapping.once(raw, Set.of())).collectAsList();
        assertThat(kept).hasSize(3);
        assertThat(kept).extracting(row -> row.getString(5)).containsExactlyInAnyOrder("o1", "o2", "o3");
        for (int partitions : new int[] {1, 3, 5}) {
            assertThat(InputMapping.valid(mapping.once(raw.repartition(partitions), Set.of()))
                            .collectAsList())
                    .containsExactlyInAnyOrderElementsOf(kept);
        }
    }

    /** The export of a day that says its day in its name alone; a file of which no column is an id. */
    @Test
    void rowsOfWhichTheirPlaceSaysDifferentThingsAreNoRepeats() {
        Dataset<Row> raw = values(
                "('u', 'buy', '2026-03-06.csv', 1), ('u', 'buy', '2026-03-07.csv', 1), ('u', 'buy', '2026-03-07.csv', 2)",
                "(user_id, outcome, _file, _number)");
        InputMapping dated = mapping(Tables.OUTCOMES, Map.of("occurred_at", "substr(_file, 1, 10)"));
        assertThat(leftOut(dated.once(raw, Set.of()))).containsExactly("u repeated");
        InputMapping numbered = mapping(Tables.OUTCOMES, Map.of("user_id", "_number", "occurred_at", "'2026-03-06'"));
        assertThat(leftOut(numbered.once(raw, Set.of()))).containsExactly("1 repeated");
    }

    @Test
    void aRowIsTheSameWheneverItReachedTheLake() {
        Dataset<Row> raw = values(
                "('u', 'buy', '2026-01-01', '2026-01-02'), ('u', 'buy', '2026-01-01', '2026-01-03')",
                "(user_id, outcome, occurred_at, loaded)");
        InputMapping mapping = mapping(Tables.OUTCOMES, Map.of("ingested_at", "loaded"));
        assertThat(leftOut(mapping.once(raw, Set.of()))).containsExactly("u repeated");
    }

    @Test
    void aUserWhoIsDeliveredAgainIsNotABadRow() {
        Dataset<Row> raw = values("('u', 'DE'), ('u', 'DE'), ('u', 'FR')", "(user_id, country)");
        InputMapping mapping = identity(Tables.USERS);
        Dataset<Row> mapped = mapping.once(raw, Set.of());
        assertThat(leftOut(mapped)).containsExactly("u repeated");
        assertThat(InputMapping.valid(mapped).collectAsList()).containsExactly(RowFactory.create("u", "DE"));
        assertThat(mapping.rejected(mapped).collectAsList())
                .containsExactly(
                        RowFactory.create("users", "duplicate user_id", "{\"user_id\":\"u\",\"country\":\"FR\"}"));
    }

    @Test
    void anOpenTableKeepsItsAttributesAndThoseThatConfigurationAdds() {
        InputMapping mapping = mapping(Tables.USERS, Map.of("user_id", "id", "is_adult", "age >= 18"));
        Dataset<Row> mapped = InputMapping.valid(mapping.apply(values("('u', 30, 'DE')", "(id, age, country)")));
        assertThat(mapped.columns()).containsExactly("user_id", "age", "country", "is_adult");
        assertThat(mapped.collectAsList()).containsExactly(RowFactory.create("u", 30, "DE", true));
    }
}
