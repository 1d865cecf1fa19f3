package io.flagcast.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.statistics.Arrivals;
import io.flagcast.statistics.Metric.Kind;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class TrainingExamplesTest {

    private static final Instant AS_OF = Instant.parse("2026-01-20T00:00:00Z");
    private static final Predictors PREDICTORS = new Predictors(List.of("age"), List.of());
    private static final Usage USAGE = new Usage(List.of("search"), Duration.ofDays(7), Duration.ofDays(1));
    private static final TrainingExamples SEARCH = search(Kind.PROPORTION);

    private static final String EXPOSURE = "('e1', 'u', true, '2026-01-10 12:00:00')";
    private static final String EVENT = "('u', 'search', '2026-01-10 11:59:59')";
    private static final String OUTCOME = "('u', 'buy', '2026-01-10 12:00:00')";

    private final SparkSession spark;

    TrainingExamplesTest(SparkSession spark) {
        this.spark = spark;
    }

    private static TrainingExamples search(Kind kind) {
        return new TrainingExamples(
                List.of(new ResponseDefinition("search", kind, "buy", Duration.ofDays(2))),
                Map.of("e1", "search", "e2", "search", "other", "chat"),
                PREDICTORS,
                USAGE);
    }

    private List<Row> examples(String exposures, String events, String outcomes) {
        return dataset(exposures, events, outcomes).collectAsList();
    }

    private Dataset<Row> dataset(String exposures, String events, String outcomes) {
        return dataset(
                SEARCH,
                spark.sql(
                        "SELECT experiment_id, user_id, enabled, CAST(at AS TIMESTAMP) AS exposed_at, 0.5D AS propensity,"
                                + " CAST(NULL AS STRING) AS exposure_id, 1L AS parameters_version, CAST(NULL AS STRING) AS run_id,"
                                + " CAST(NULL AS STRING) AS reason"
                                + " FROM VALUES " + exposures + " AS t(experiment_id, user_id, enabled, at)"),
                events,
                spark.sql("SELECT user_id, outcome, 1D AS value, CAST(at AS TIMESTAMP) AS occurred_at FROM VALUES "
                        + outcomes + " AS t(user_id, outcome, at)"));
    }

    private Dataset<Row> dataset(
            TrainingExamples definition, Dataset<Row> exposures, String events, Dataset<Row> outcomes) {
        return definition.before(
                Arrivals.complete(AS_OF),
                spark.sql("SELECT * FROM VALUES ('u', 30), ('v', 40) AS t(user_id, age)"),
                Usage.histories(spark.sql(
                        "SELECT user_id, feature_id, 1D AS value, CAST(at AS TIMESTAMP) AS occurred_at FROM VALUES "
                                + events + " AS t(user_id, feature_id, at)")),
                exposures,
                outcomes);
    }

    /** Exposures of (experiment, user, enabled, at, id, version). */
    private Dataset<Row> answers(String exposures) {
        return spark.sql("SELECT experiment_id, user_id, enabled, CAST(at AS TIMESTAMP) AS exposed_at,"
                + " 0.5D AS propensity, CAST(id AS STRING) AS exposure_id,"
                + " CAST(version AS BIGINT) AS parameters_version, CAST(NULL AS STRING) AS run_id,"
                + " CAST(NULL AS STRING) AS reason"
                + " FROM VALUES " + exposures + " AS t(experiment_id, user_id, enabled, at, id, version)");
    }

    /** Users, repeated exposures and contradictory users of search, and the users who are examples of it. */
    private Map.Entry<List<Long>, List<String>> repeats(String exposures) {
        Dataset<Row> answers = answers(exposures);
        List<Row> counts = TrainingExamples.repeats(SEARCH.met(answers)).collectAsList();
        assertThat(counts).extracting(row -> row.getAs("feature_id")).containsExactly("search");
        List<Row> examples = dataset(
                        SEARCH,
                        answers,
                        EVENT,
                        spark.sql("SELECT 'u' AS user_id, 'buy' AS outcome, 1D AS value,"
                                + " TIMESTAMP '2026-01-11' AS occurred_at"))
                .collectAsList();
        return Map.entry(
                Stream.of("users", "repeated", "contradictory")
                        .map(name -> counts.get(0).<Long>getAs(name))
                        .toList(),
                examples.stream()
                        .map(row -> row.<String>getAs("user_id"))
                        .sorted()
                        .toList());
    }

    private List<Double> responses(String outcomes) {
        return examples(EXPOSURE, EVENT, outcomes).stream()
                .map(row -> row.<Double>getAs("response"))
                .toList();
    }

    @Test
    void theColumnsAreThoseOfTheTableThenThePredictors() {
        assertThat(Tables.TRAINING_EXAMPLES.kind()).isEqualTo(Table.Kind.SLICE);
        List<String> expected = new ArrayList<>(Tables.TRAINING_EXAMPLES.columnNames());
        expected.removeAll(List.of("run_id", "as_of", Usage.AMOUNTS));
        expected.addAll(Profiles.names(PREDICTORS, USAGE));
        expected.add(Usage.AMOUNTS);
        assertThat(dataset(EXPOSURE, EVENT, OUTCOME).columns()).containsExactlyElementsOf(expected);
    }

    @Test
    void theFirstExposureToTheFeatureCountsWhateverTheExperiment() {
        List<Row> rows = examples(
                "('e1', 'u', true, '2026-01-11 00:00:00'), ('e2', 'u', false, '2026-01-10 00:00:00'),"
                        + "('other', 'u', true, '2026-01-01 00:00:00'), ('unknown', 'u', true, '2026-01-01 00:00:00'),"
                        + "('e1', 'v', true, '2026-01-12 00:00:00')",
                EVENT,
                OUTCOME);
        assertThat(rows)
                .extracting(row -> row.getAs("user_id"), row -> row.getAs("experiment_id"), row -> row.getAs("enabled"))
                .containsExactlyInAnyOrder(tuple("u", "e2", false), tuple("v", "e1", true));
    }

    @Test
    void eventsAtOrAfterTheExposureChangeNothing() {
        List<Row> before = examples(EXPOSURE, EVENT, OUTCOME);
        assertThat(before).extracting(row -> row.getAs("usage_count")).containsExactly(1.0);
        assertThat(examples(
                        EXPOSURE,
                        EVENT + ", ('u', 'search', '2026-01-10 12:00:00'), ('u', 'search', '2026-01-12 00:00:00')",
                        OUTCOME))
                .isEqualTo(before);
    }

    @Test
    void anExposureWhoseWindowIsStillOpenIsAbsent() {
        assertThat(examples(
                        "('e1', 'u', true, '2026-01-18 00:00:00'), ('e1', 'v', true, '2026-01-18 00:00:01')",
                        EVENT,
                        OUTCOME))
                .extracting(row -> row.getAs("user_id"))
                .containsExactly("u");
    }

    @Test
    void onlyTheOutcomeOfTheUserInsideTheWindowIsAResponse() {
        assertThat(responses(OUTCOME)).containsExactly(1.0);
        assertThat(responses("('u', 'buy', '2026-01-12 11:59:59'), ('u', 'buy', '2026-01-12 11:59:58')"))
                .containsExactly(1.0);
        for (String outside : List.of(
                "('u', 'buy', '2026-01-10 11:59:59')",
                "('u', 'buy', '2026-01-12 12:00:00')",
                "('u', 'click', '2026-01-11 00:00:00')",
                "('v', 'buy', '2026-01-11 00:00:00')")) {
            assertThat(responses(outside)).as(outside).containsExactly(0.0);
        }
    }

    @Test
    void whatHappensAtOrAfterTheAsOfChangesNothing() {
        List<Row> before = examples(EXPOSURE, EVENT, OUTCOME);
        List<String> after =
                Stream.of("2026-01-20 00:00:00", "2026-01-21 00:00:00").toList();
        for (String at : after) {
            assertThat(examples(
                            EXPOSURE + ", ('e2', 'u', false, '" + at + "'), ('e1', 'v', true, '" + at + "')",
                            EVENT + ", ('u', 'search', '" + at + "')",
                            OUTCOME + ", ('u', 'buy', '" + at + "')"))
                    .isEqualTo(before);
        }
    }

    @Test
    void theUsageHasTheTypeOfTheTable() {
        DataType declared = StructType.fromDDL(Tables.TRAINING_EXAMPLES.schema())
                .apply(Usage.AMOUNTS)
                .dataType();
        DataType computed =
                dataset(EXPOSURE, EVENT, OUTCOME).schema().apply(Usage.AMOUNTS).dataType();
        assertThat(computed.sql()).isEqualTo(declared.sql()).isEqualTo("MAP<STRING, DOUBLE>");
    }

    @Test
    void aMeanIsTheSumOfTheValuesInsideTheWindow() {
        String inside = "('u', 'buy', 2.5, '2026-01-10 12:00:00'), ('u', 'buy', NULL, '2026-01-12 11:59:59')";
        String outside = "('u', 'buy', 9, '2026-01-10 11:59:59'), ('u', 'buy', 9, '2026-01-12 12:00:00'),"
                + "('u', 'click', 9, '2026-01-11 00:00:00'), ('v', 'buy', 9, '2026-01-11 00:00:00')";
        assertThat(mean(inside)).containsExactly(3.5);
        assertThat(mean(inside + ", " + outside)).containsExactly(3.5);
        assertThat(mean(outside)).containsExactly(0.0);
        assertThat(mean("('u', 'buy', -2, '2026-01-11 00:00:00'), ('u', 'buy', 0.5, '2026-01-11 00:00:00')"))
                .containsExactly(-1.5);
    }

    private List<Double> mean(String outcomes) {
        return dataset(
                        search(Kind.MEAN),
                        answers("('e1', 'u', true, '2026-01-10 12:00:00', NULL, 1)"),
                        EVENT,
                        spark.sql("SELECT user_id, outcome, CAST(value AS DOUBLE) AS value,"
                                + " CAST(at AS TIMESTAMP) AS occurred_at FROM VALUES " + outcomes
                                + " AS t(user_id, outcome, value, at)"))
                .collectAsList()
                .stream()
                .map(row -> row.<Double>getAs("response"))
                .toList();
    }

    @Test
    void outcomesBeforeTheExposureOrAfterItsWindowChangeNothing() {
        List<Row> before = examples(EXPOSURE, EVENT, OUTCOME);
        for (String at :
                List.of("2026-01-01 00:00:00", "2026-01-10 11:59:59", "2026-01-12 12:00:00", "2026-01-19 00:00:00")) {
            assertThat(examples(EXPOSURE, EVENT, OUTCOME + ", ('u', 'buy', '" + at + "')"))
                    .as(at)
                    .isEqualTo(before);
        }
    }

    @Test
    void repeatedExposuresAreCountedAndTheFirstCounts() {
        assertThat(repeats(
                        "('e1', 'u', true, '2026-01-10 12:00:00', NULL, 1), ('e1', 'u', true, '2026-01-11 00:00:00', NULL, 1),"
                                + "('e2', 'u', false, '2026-01-12 00:00:00', 'a', 1), ('e1', 'v', false, '2026-01-10 00:00:00', 'b', 1),"
                                + "('other', 'v', true, '2026-01-10 00:00:00', 'c', 1)"))
                .isEqualTo(Map.entry(List.of(2L, 2L, 0L), List.of("u", "v")));
    }

    @Test
    void anExposureThatWasDeliveredTwiceIsNoRepeatedOne() {
        assertThat(repeats(
                        "('e1', 'u', true, '2026-01-10 12:00:00', 'a', 1), ('e1', 'u', true, '2026-01-10 12:00:00', 'a', 1),"
                                + "('e1', 'u', true, '2026-01-10 12:00:00', 'b', 1)"))
                .isEqualTo(Map.entry(List.of(1L, 1L, 0L), List.of("u")));
    }

    @Test
    void aUserWithContradictoryAnswersIsCountedAndNoExample() {
        assertThat(
                        repeats(
                                "('e1', 'u', true, '2026-01-10 12:00:00', NULL, 1), ('e1', 'u', false, '2026-01-11 00:00:00', NULL, 1),"
                                        + "('e1', 'u', true, '2026-01-12 00:00:00', NULL, 2), ('e1', 'v', true, '2026-01-10 00:00:00', NULL, NULL), ('e2', 'v', true, '2026-01-11 00:00:00', NULL, NULL),"
                                        + "('e2', 'v', false, '2026-01-12 00:00:00', NULL, NULL), ('e1', 'w', true, '2026-01-10 00:00:00', NULL, 1)"))
                .isEqualTo(Map.entry(List.of(3L, 4L, 2L), List.of("w")));
    }

    @Test
    void answersOfOtherVersionsExperimentsAndFeaturesDoNotContradict() {
        assertThat(
                        repeats(
                                "('e1', 'u', true, '2026-01-10 12:00:00', NULL, 1), ('e1', 'u', false, '2026-01-11 00:00:00', NULL, 2),"
                                        + "('e1', 'u', false, '2026-01-12 00:00:00', NULL, NULL), ('e2', 'v', true, '2026-01-10 00:00:00', NULL, 1),"
                                        + "('e1', 'v', false, '2026-01-11 00:00:00', NULL, 1), ('e1', 'w', false, '2026-01-11 00:00:00', NULL, 1),"
                                        + "('other', 'w', true, '2026-01-10 00:00:00', NULL, 1), ('other', 'w', false, '2026-01-10 00:00:00', NULL, 1)"))
                .isEqualTo(Map.entry(List.of(3L, 3L, 0L), List.of("u", "v", "w")));
    }

    @Test
    void anAnswerAtTheAsOfContradictsNothing() {
        List<Row> before = examples(EXPOSURE, EVENT, OUTCOME);
        assertThat(examples(EXPOSURE + ", ('e1', 'u', false, '2026-01-20 00:00:00')", EVENT, OUTCOME))
                .hasSize(1)
                .isEqualTo(before);
    }

    @Test
    void exposuresOfOneInstantAreTakenInTheOrderOfTheirExperiments() {
        String first = "('e1', 'u', true, '2026-01-10 12:00:00')";
        String second = "('e2', 'u', false, '2026-01-10 12:00:00')";
        for (String both : List.of(first + ", " + second, second + ", " + first)) {
            assertThat(examples(both, EVENT, OUTCOME))
                    .extracting(row -> row.getAs("experiment_id"))
                    .containsExactly("e1");
        }
    }

    @Test
    void answersOfTwoRunsDoNotContradictEachOther() {
        Dataset<Row> both = answers("('e1', 'u', true, '2026-01-10 10:00:00', NULL, 1),"
                + " ('e1', 'u', false, '2026-01-10 11:00:00', NULL, 1)");
        assertThat(TrainingExamples.repeats(SEARCH.met(both.withColumn("run_id", functions.lit("r1"))))
                        .head()
                        .<Long>getAs("contradictory"))
                .isEqualTo(1);
        assertThat(TrainingExamples.repeats(
                                SEARCH.met(both.withColumn("run_id", functions.expr("concat('r', exposed_at)"))))
                        .head()
                        .<Long>getAs("contradictory"))
                .isZero();
    }

    /** What was decided in another run does not contradict; what nobody decided here contradicts whatever the user was told besides. */
    @Test
    void anAnswerFromElsewhereContradictsEveryOtherAnswerToTheUserInTheExperiment() {
        Dataset<Row> answers = answers("('e1', 'u', true, '2026-01-10 10:00:00', NULL, 1),"
                + " ('e1', 'u', false, '2026-01-11 10:00:00', NULL, 2)");
        assertThat(TrainingExamples.repeats(SEARCH.met(answers)).head().<Long>getAs("contradictory"))
                .isZero();
        assertThat(TrainingExamples.repeats(SEARCH.met(answers.withColumn(
                                "reason", functions.when(functions.col("enabled"), ExposureAttribution.ELSEWHERE))))
                        .head()
                        .<Long>getAs("contradictory"))
                .isEqualTo(1);
    }
}
