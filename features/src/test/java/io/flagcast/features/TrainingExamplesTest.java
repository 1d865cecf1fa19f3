package io.flagcast.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.flagcast.tables.Table.Kind;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class TrainingExamplesTest {

    private static final Instant AS_OF = Instant.parse("2026-01-20T00:00:00Z");
    private static final Predictors PREDICTORS = new Predictors(List.of("age"), List.of());
    private static final Usage USAGE = new Usage(List.of("search"), Duration.ofDays(7));
    private static final TrainingExamples SEARCH = new TrainingExamples(
            List.of(new ResponseDefinition("search", "buy", Duration.ofDays(2))),
            Map.of("e1", "search", "e2", "search", "other", "chat"),
            PREDICTORS,
            USAGE);

    private static final String EXPOSURE = "('e1', 'u', true, '2026-01-10 12:00:00')";
    private static final String EVENT = "('u', 'search', '2026-01-10 11:59:59')";
    private static final String OUTCOME = "('u', 'buy', '2026-01-10 12:00:00')";

    private final SparkSession spark;

    TrainingExamplesTest(SparkSession spark) {
        this.spark = spark;
    }

    private List<Row> examples(String exposures, String events, String outcomes) {
        return dataset(exposures, events, outcomes).collectAsList();
    }

    private Dataset<Row> dataset(String exposures, String events, String outcomes) {
        return SEARCH.before(
                AS_OF,
                spark.sql("SELECT * FROM VALUES ('u', 30), ('v', 40) AS t(user_id, age)"),
                spark.sql("SELECT user_id, feature_id, 1D AS value, CAST(at AS TIMESTAMP) AS occurred_at FROM VALUES "
                        + events + " AS t(user_id, feature_id, at)"),
                spark.sql(
                        "SELECT experiment_id, user_id, enabled, CAST(at AS TIMESTAMP) AS exposed_at, 0.5D AS propensity"
                                + " FROM VALUES " + exposures + " AS t(experiment_id, user_id, enabled, at)"),
                spark.sql("SELECT user_id, outcome, 1D AS value, CAST(at AS TIMESTAMP) AS occurred_at FROM VALUES "
                        + outcomes + " AS t(user_id, outcome, at)"));
    }

    private List<Double> responses(String outcomes) {
        return examples(EXPOSURE, EVENT, outcomes).stream()
                .map(row -> row.<Double>getAs("response"))
                .toList();
    }

    @Test
    void theColumnsAreThoseOfTheTableThenThePredictors() {
        assertThat(Tables.TRAINING_EXAMPLES.kind()).isEqualTo(Kind.SLICE);
        List<String> expected = new ArrayList<>(Tables.TRAINING_EXAMPLES.columnNames());
        expected.removeAll(List.of("run_id", "as_of"));
        expected.addAll(Profiles.names(PREDICTORS, USAGE));
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
}
