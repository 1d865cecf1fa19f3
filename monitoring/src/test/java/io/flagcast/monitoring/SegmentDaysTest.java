package io.flagcast.monitoring;

import static io.flagcast.monitoring.Shop.AS_OF;
import static io.flagcast.monitoring.Shop.CONVERSION;
import static io.flagcast.monitoring.Shop.ORDER_VALUE;
import static io.flagcast.monitoring.Shop.OUTCOMES;
import static io.flagcast.monitoring.Shop.RETURN;
import static io.flagcast.monitoring.Shop.REVENUE;
import static io.flagcast.monitoring.Shop.counted;
import static io.flagcast.monitoring.Shop.described;
import static io.flagcast.monitoring.Shop.exposures;
import static io.flagcast.monitoring.Shop.outcomes;
import static java.util.stream.Collectors.joining;
import static org.apache.spark.sql.functions.max;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.statistics.Arrivals;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The sums of a day's users, of which windows of every length and place are made. */
@ExtendWith(SharedSpark.class)
class SegmentDaysTest {

    private final SparkSession spark;

    SegmentDaysTest(SparkSession spark) {
        this.spark = spark;
    }

    private static final List<MeasuredExperiment> MEASURED_BY_DAY = List.of(new MeasuredExperiment(
            "e",
            List.of(CONVERSION, REVENUE, ORDER_VALUE, RETURN),
            Optional.of(Duration.ofDays(2)),
            MeasuredExperiment.Scores.STAY,
            28,
            Map.of("low", 1L)));

    /** 700 exposures of 300 users, whose arms, segments, versions and runs come from a hash; {@code id} is their number. */
    private Dataset<Row> met() {
        return spark.sql("SELECT id, 'e' AS experiment_id, concat('u', pmod(id, 300)) AS user_id,"
                + " pmod(xxhash64(id, 1), 2) = 0 AS enabled,"
                + " TIMESTAMP '2026-01-01' + make_dt_interval(0, pmod(xxhash64(id, 2), 150)) AS exposed_at,"
                + " pmod(xxhash64(id, 3), 5) / 4D AS propensity, 10D AS score, 'policy' AS reason,"
                + " element_at(array('low', 'high', NULL), CAST(pmod(xxhash64(id, 4), 3) AS INT) + 1) AS segment,"
                + " pmod(xxhash64(id, 5), 3) AS parameters_version, concat('r', pmod(xxhash64(id, 9), 2)) AS run_id"
                + " FROM range(700)");
    }

    private Dataset<Row> done() {
        return spark.sql(
                "SELECT id, concat('u', pmod(xxhash64(id, 6), 300)) AS user_id, 'buy' AS outcome,"
                        + " CAST(pmod(xxhash64(id, 7), 2000) AS DOUBLE) / 100 AS value,"
                        + " TIMESTAMP '2025-12-30' + make_dt_interval(0, pmod(xxhash64(id, 8), 230)) AS occurred_at FROM range(800)");
    }

    private List<Row> simulated(String users) {
        Dataset<Row> counted = counted(met().where(users), done(), MEASURED_BY_DAY);
        return SegmentMetrics.measure(AS_OF, counted, MEASURED_BY_DAY).collectAsList();
    }

    /** n, sum, sum of squares, the weighted sums, and those of covariates and denominators of each group, to the last digit. */
    private static Map<String, List<BigDecimal>> states(List<Row> rows, String... keys) {
        Map<String, List<BigDecimal>> states = new HashMap<>();
        for (Row row : rows) {
            StringBuilder key = new StringBuilder();
            for (String name : keys) {
                key.append(row.get(row.fieldIndex(name))).append('|');
            }
            List<BigDecimal> state = new ArrayList<>(List.of(BigDecimal.valueOf(row.<Long>getAs("n"))));
            state.add(row.getAs("sum"));
            state.add(row.getAs("sum_squares"));
            for (String sums : List.of("weighted", "covariate", "denominator", "ratio_covariate")) {
                Row structure = row.getAs(sums);
                for (int i = 0; structure != null && i < structure.length(); i++) {
                    state.add(new BigDecimal(structure.get(i).toString()));
                }
            }
            states.merge(key.toString(), state, SegmentDaysTest::sum);
        }
        return states;
    }

    private static List<BigDecimal> sum(List<BigDecimal> one, List<BigDecimal> other) {
        return IntStream.range(0, one.size())
                .mapToObj(i -> one.get(i).add(other.get(i)))
                .toList();
    }

    private static void assertSame(Map<String, List<BigDecimal>> actual, Map<String, List<BigDecimal>> expected) {
        assertThat(actual.keySet()).isNotEmpty().isEqualTo(expected.keySet());
        assertThat(actual).isEqualTo(expected);
    }

    @Test
    void theMetricOfTwoSetsOfUsersIsTheMergeOfBoth() {
        String[] keys = {"segment", "cell", "population", "metric", "window", "window_end"};
        String half = "pmod(xxhash64(user_id), 2) = 0";
        List<Row> parts = new ArrayList<>(simulated(half));
        parts.addAll(simulated("NOT " + half));
        assertSame(states(simulated("true"), keys), states(parts, keys));
    }

    /** Whoever counts in a window is found here from the exposures alone: user by user, the first one since it began. */
    @Test
    void theStatesOfAWindowAreThoseOfUsersByTheirFirstExposureInIt() {
        Dataset<Row> counted = inMemory(counted(met(), done(), MEASURED_BY_DAY));
        List<Row> states = SegmentMetrics.states(counted, MEASURED_BY_DAY)
                .where("since_version = 0 AND cell = ''")
                .collectAsList();
        for (int first = 1; first < 8; first++) {
            Instant begin = Instant.parse("2026-01-01T00:00:00Z").plus(Duration.ofDays(first));
            Map<String, Double> expected = new TreeMap<>();
            Map<String, Row> firsts = new TreeMap<>();
            for (Row row : counted.orderBy("exposed_at", "enabled").collectAsList()) {
                // Windows of a day close from the next day on.
                if (!instant(row, "exposed_at").isBefore(begin.minus(Duration.ofDays(1)))) {
                    firsts.putIfAbsent(row.getAs("user_id") + "|all", row);
                    firsts.putIfAbsent(row.getAs("user_id") + "|" + row.getAs("segment"), row);
                }
            }
            firsts.forEach((key, row) -> row.<Row>getList(row.fieldIndex("counted")).stream()
                    .filter(metric -> metric.getAs("metric").equals("conversion") && metric.<Boolean>getAs("settled"))
                    .forEach(metric -> {
                        String group = key.substring(key.indexOf('|') + 1) + row.getAs("enabled");
                        expected.merge(group + " n", 1.0, Double::sum);
                        expected.merge(group + " sum", metric.<Double>getAs("y"), Double::sum);
                    }));
            Map<String, Double> actual = new TreeMap<>();
            for (Row state : states) {
                Instant day = instant(state, "day");
                int after = state.getAs("returned_after");
                if (state.getAs("metric").equals("conversion")
                        && !day.isBefore(begin)
                        && (after == 0 || day.minus(Duration.ofDays(after)).isBefore(begin))) {
                    String group = state.<String>getAs("segment")
                            + state.getAs("population").equals("enabled");
                    actual.merge(group + " n", (double) state.<Long>getAs("n"), Double::sum);
                    actual.merge(group + " sum", state.<BigDecimal>getAs("sum").doubleValue(), Double::sum);
                }
            }
            assertThat(actual).as("from %s on", begin).isNotEmpty().isEqualTo(expected);
        }
    }

    private static Instant instant(Row row, String column) {
        return row.getTimestamp(row.fieldIndex(column)).toInstant();
    }

    @Test
    void anAbsenceLongerThanIsToldApartCountsAsThatLong() {
        String exposures = Stream.of("01", "04", "05")
                .map("('a', true, '2026-01-%s 10:00:00', 0.5, 'high', 1L)"::formatted)
                .collect(joining(","));
        List<MeasuredExperiment> twoDays = List.of(new MeasuredExperiment(
                "e", List.of(CONVERSION), Optional.empty(), MeasuredExperiment.Scores.STAY, 2, Map.of()));
        assertThat(SegmentMetrics.states(
                                counted(exposures(spark, exposures), outcomes(spark, OUTCOMES), twoDays), twoDays)
                        .where("cell = '' AND segment = 'high'")
                        .orderBy("day")
                        .collectAsList())
                .extracting(row -> row.getAs("returned_after"), row -> row.getAs("told_apart"))
                .containsExactly(tuple(0, 2), tuple(2, 2), tuple(1, 2));
    }

    /** a has a first score of 90 and moves to low by what was served; b had none first. */
    @Test
    void whereScoresMoveAUserBelongsToTheSegmentOfTheFirstScore() {
        String exposures =
                "('a', true, '2026-01-01 10:00:00', 0.5, 'high', 1L), ('a', true, '2026-01-04 10:00:00', 0.5, 'low', 1L),"
                        + "('b', true, '2026-01-01 10:00:00', 0.5, NULL, 1L), ('b', true, '2026-01-04 10:00:00', 0.5, 'low', 1L),"
                        + "('b', true, '2026-01-05 10:00:00', 0.5, 'high', 1L)";
        List<MeasuredExperiment> moving = List.of(new MeasuredExperiment(
                "e", List.of(CONVERSION), Optional.empty(), MeasuredExperiment.Scores.MOVE, 28, Map.of()));
        assertThat(SegmentMetrics.states(
                                counted(exposures(spark, exposures), outcomes(spark, OUTCOMES), moving), moving)
                        .where("cell = '' AND segment != 'all'")
                        .collectAsList())
                .extracting(
                        row -> row.getAs("segment"),
                        row -> instant(row, "day").toString().substring(0, 10),
                        row -> row.getAs("returned_after"),
                        row -> row.getAs("n"))
                .containsExactlyInAnyOrder(
                        tuple("high", "2026-01-02", 0, 1L),
                        tuple("high", "2026-01-05", 3, 1L),
                        tuple("unscored", "2026-01-02", 0, 1L),
                        tuple("low", "2026-01-05", 0, 1L),
                        tuple("low", "2026-01-06", 1, 1L));
    }

    @Test
    void theUsersOfADaySumToTheDayThoseOfTheFirstTimeToTheTotalAndTheArmsToEveryone() {
        List<Row> rows = simulated("true");
        List<Row> states = SegmentMetrics.states(counted(met(), done(), MEASURED_BY_DAY), MEASURED_BY_DAY)
                .where("since_version = 0")
                .withColumnRenamed("day", "window_start")
                .collectAsList();
        assertSame(
                states(
                        rows.stream()
                                .filter(row -> row.getAs("window").equals("day")
                                        && !row.getAs("population").equals("everyone"))
                                .toList(),
                        "segment",
                        "cell",
                        "population",
                        "metric",
                        "window_start"),
                states(states, "segment", "cell", "population", "metric", "window_start"));
        assertSame(
                states(
                        ofWindow(rows, "total").stream()
                                .filter(row -> !row.getAs("population").equals("everyone"))
                                .toList(),
                        "segment",
                        "cell",
                        "population",
                        "metric"),
                states(
                        states.stream()
                                .filter(row -> row.<Integer>getAs("returned_after") == 0)
                                .toList(),
                        "segment",
                        "cell",
                        "population",
                        "metric"));
        List<Row> arms = rows.stream()
                .filter(row -> !row.getAs("population").equals("everyone"))
                .toList();
        List<Row> everyone = rows.stream()
                .filter(row -> row.getAs("population").equals("everyone"))
                .toList();
        String[] keys = {"segment", "cell", "metric", "window", "window_end"};
        assertSame(states(arms, keys), states(everyone, keys));
    }

    private static List<Row> ofWindow(List<Row> rows, String window) {
        return rows.stream().filter(row -> row.getAs("window").equals(window)).toList();
    }

    /**
     * Rows arrive in five batches by a hash, so that most are late; every fifth arrives twice. After each the measurement
     * goes on with a later as-of, and the evidence of a segment begins anew with the fourth.
     */
    @Test
    void whatIsMeasuredBatchByBatchIsWhatIsMeasuredAtOnce() {
        Dataset<Row> earlier = null;
        Dataset<Row> states = null;
        Instant before = null;
        List<MeasuredExperiment> experiments = MEASURED_BY_DAY;
        for (int batch = 0; batch < 5; batch++) {
            Instant asOf = Instant.parse("2026-01-03T07:00:00Z").plus(Duration.ofHours(35L * batch));
            String arrives = "(pmod(xxhash64(id, 20), 5) = %d OR (pmod(id, 5) = 0 AND pmod(xxhash64(id, 21), 5) = %d))"
                    .formatted(batch, batch);
            String arrived =
                    "(pmod(xxhash64(id, 20), 5) <= %d OR (pmod(id, 5) = 0 AND pmod(xxhash64(id, 21), 5) <= %d))"
                            .formatted(batch, batch);
            String past = " AND %s < TIMESTAMP '" + asOf + "'";
            // What a batch holds of the time after the as-of is read again with the next.
            String further = before == null
                    ? arrives
                    : "(%s OR (%s AND %%s >= TIMESTAMP '%s'))".formatted(arrives, arrived, before);
            Dataset<Row> newMet = met().where((further + past).replace("%s", "exposed_at"));
            Dataset<Row> newDone = done().where((further + past).replace("%s", "occurred_at"));
            Dataset<Row> allMet = met().where((arrived + past).replace("%s", "exposed_at"));
            Dataset<Row> allDone = done().where((arrived + past).replace("%s", "occurred_at"));
            if (batch == 3) {
                experiments = List.of(new MeasuredExperiment(
                        "e",
                        List.of(CONVERSION, REVENUE, ORDER_VALUE, RETURN),
                        Optional.of(Duration.ofDays(2)),
                        MeasuredExperiment.Scores.STAY,
                        28,
                        Map.of("low", 1L, "high", 2L, "all", 1L)));
            }
            Instant newest =
                    allDone.agg(max("occurred_at")).head().getTimestamp(0).toInstant();
            Arrivals arrivals = new Arrivals(asOf, Map.of("buy", newest.minus(Duration.ofHours(30))));
            Dataset<Row> atOnce = counted(allMet, allDone, arrivals, experiments);
            List<Row> expected =
                    SegmentMetrics.measure(asOf, atOnce, experiments).collectAsList();
            if (earlier == null) {
                earlier = inMemory(atOnce);
                states = inMemory(SegmentMetrics.states(earlier, experiments));
            } else {
                Dataset<Row> merged =
                        inMemory(FirstExposures.merge(earlier, described(FirstExposures.of(newMet, experiments))));
                Dataset<Row> counted = inMemory(FirstExposures.counted(
                        FirstExposures.touched(merged, newDone, experiments), allDone, arrivals, experiments));
                Dataset<Row> all = inMemory(FirstExposures.with(merged, counted));
                states = inMemory(SegmentMetrics.goOn(
                        new SegmentMetrics.Measurement(earlier, states), all, counted, experiments));
                earlier = all;
            }
            assertThat(sorted(
                            SegmentMetrics.interpret(asOf, states, experiments).collectAsList()))
                    .as("batch %d", batch)
                    .isEqualTo(sorted(expected));
            before = asOf;
        }
        assertThat(states.where("since_version > 0").isEmpty()).isFalse();
    }

    private Dataset<Row> inMemory(Dataset<Row> rows) {
        return spark.createDataFrame(rows.collectAsList(), rows.schema());
    }

    private static List<String> sorted(List<Row> rows) {
        return rows.stream().map(Row::json).sorted().toList();
    }
}
