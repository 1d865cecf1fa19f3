package io.flagcast.monitoring;

import static java.util.stream.Collectors.joining;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.statistics.Arrivals;
import io.flagcast.statistics.Metric;
import io.flagcast.tables.Tables;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class SegmentMetricsTest {

    private static final Instant AS_OF = Instant.parse("2026-01-10T00:00:00Z");
    private static final Metric CONVERSION = new Metric(
            "conversion", Metric.Kind.PROPORTION, "buy", Duration.ofDays(1), Metric.Direction.HIGHER_IS_BETTER);
    private static final Metric REVENUE =
            new Metric("revenue", Metric.Kind.MEAN, "buy", Duration.ofDays(2), Metric.Direction.HIGHER_IS_BETTER);

    /** Four users of segment high; a is met twice, in another arm the second time. */
    private static final String EXPOSURES = "('a', true, '2026-01-01 10:00:00', 0.5, 'high', 1L),"
            + "('a', false, '2026-01-02 09:00:00', 0.5, 'high', 1L),"
            + "('b', true, '2026-01-01 12:00:00', 0.25, 'high', 1L),"
            + "('c', false, '2026-01-01 13:00:00', 0.5, 'high', 2L),"
            + "('d', false, '2026-01-02 08:00:00', 0.75, 'high', 2L)";
    /** Within a day a buys for 15, within two for 22; c for 1, which is no value; b not; d only before. */
    private static final String OUTCOMES =
            "('a', 'buy', 10, '2026-01-01 10:00:00'), ('a', 'buy', 5, '2026-01-02 09:59:59'),"
                    + "('a', 'buy', 7, '2026-01-02 10:00:00'), ('a', 'buy', 99, '2026-01-03 10:00:00'),"
                    + "('a', 'click', 99, '2026-01-01 11:00:00'), ('c', 'buy', NULL, '2026-01-01 14:00:00'),"
                    + "('d', 'buy', 4, '2026-01-02 07:59:59'), ('stranger', 'buy', 4, '2026-01-02 09:00:00')";

    /** Rows by exposures and evidence: most tests look at the same ones. */
    private static final Map<String, Dataset<Row>> MEASURED = new ConcurrentHashMap<>();

    private final SparkSession spark;

    SegmentMetricsTest(SparkSession spark) {
        this.spark = spark;
    }

    private Dataset<Row> exposures(String rows) {
        return spark.sql("SELECT 'e' AS experiment_id, user_id, enabled, CAST(at AS TIMESTAMP) AS exposed_at,"
                + " CAST(propensity AS DOUBLE) AS propensity, CAST(segment AS STRING) AS segment,"
                + " CAST(version AS BIGINT) AS parameters_version, 0D AS score, 'policy' AS reason, 'r' AS run_id FROM VALUES "
                + rows + " AS t(user_id, enabled, at, propensity, segment, version)");
    }

    private Dataset<Row> outcomes(String rows) {
        return spark.sql("SELECT user_id, outcome, CAST(value AS DOUBLE) AS value, CAST(at AS TIMESTAMP) AS occurred_at"
                + " FROM VALUES " + rows + " AS t(user_id, outcome, value, at)");
    }

    private Dataset<Row> measure(String exposures, Map<String, Long> evidence) {
        return MEASURED.computeIfAbsent(exposures + evidence, key -> {
            List<MeasuredExperiment> experiments =
                    List.of(new MeasuredExperiment("e", List.of(CONVERSION, REVENUE), evidence));
            Dataset<Row> measured = SegmentMetrics.measure(
                    AS_OF, counted(exposures(exposures), outcomes(OUTCOMES), experiments), experiments);
            return spark.createDataFrame(measured.collectAsList(), measured.schema());
        });
    }

    private static Dataset<Row> counted(
            Dataset<Row> exposures, Dataset<Row> outcomes, List<MeasuredExperiment> experiments) {
        return counted(exposures, outcomes, Arrivals.complete(AS_OF), experiments);
    }

    private static Dataset<Row> counted(
            Dataset<Row> exposures, Dataset<Row> outcomes, Arrivals arrivals, List<MeasuredExperiment> experiments) {
        return FirstExposures.counted(
                described(FirstExposures.of(exposures, experiments)), outcomes, arrivals, experiments);
    }

    /** User b is in a cell that a bandit learns of where there is a score, and every second letter is in Germany. */
    private static Dataset<Row> described(Dataset<Row> first) {
        return first.withColumn("response_if_enabled", lit(0.5))
                .withColumn("response_if_not", lit(0.25))
                .withColumn(
                        "cells",
                        expr(
                                "array_compact(array(IF(user_id = 'b' AND segment != 'unscored', '{\"plan\":\"pro\"}', NULL),"
                                        + " IF(user_id IN ('b', 'd'), 'country=DE', NULL)))"));
    }

    private List<Row> rows(String exposures, Map<String, Long> evidence, String condition) {
        return measure(exposures, evidence).where(condition).collectAsList();
    }

    private Row one(String exposures, String condition) {
        List<Row> rows = rows(exposures, Map.of(), condition);
        assertThat(rows).hasSize(1);
        return rows.get(0);
    }

    private static String of(String segment, String population, String metric, String window) {
        return "segment = '%s' AND cell = '' AND population = '%s' AND metric = '%s' AND `window` = '%s'"
                .formatted(segment, population, metric, window);
    }

    private static Tuple sums(Row row) {
        return tuple(
                row.getAs("n"),
                row.<BigDecimal>getAs("sum").doubleValue(),
                row.<BigDecimal>getAs("sum_squares").doubleValue(),
                row.getAs("metric_value"));
    }

    @Test
    void theColumnsAreThoseOfTheTable() {
        List<String> expected = new ArrayList<>(Tables.SEGMENT_METRICS.columnNames());
        expected.removeAll(List.of("run_id", "as_of"));
        assertThat(measure(EXPOSURES, Map.of()).columns()).containsExactlyElementsOf(expected);
    }

    @Test
    void aProportionCountsTheUsersWhoDidItAndAMeanSumsWhatTheyDid() {
        assertThat(sums(one(EXPOSURES, of("high", "enabled", "conversion", "total"))))
                .isEqualTo(tuple(2L, 1.0, 1.0, 0.5));
        assertThat(sums(one(EXPOSURES, of("high", "control", "conversion", "total"))))
                .isEqualTo(tuple(2L, 1.0, 1.0, 0.5));
        assertThat(sums(one(EXPOSURES, of("high", "enabled", "revenue", "total"))))
                .isEqualTo(tuple(2L, 22.0, 484.0, 11.0));
        assertThat(sums(one(EXPOSURES, of("high", "control", "revenue", "total"))))
                .isEqualTo(tuple(2L, 1.0, 1.0, 0.5));
    }

    @Test
    void aUserWithAContextCountsInTheCellTooAndNobodyElseDoes() {
        assertThat(rows(EXPOSURES, Map.of(), "cell LIKE '{%' AND metric = 'conversion' AND `window` = 'total'"))
                .extracting(
                        row -> row.getAs("segment"),
                        row -> row.getAs("cell"),
                        row -> row.getAs("population"),
                        row -> row.getAs("n"))
                .containsExactlyInAnyOrder(
                        tuple("high", "{\"plan\":\"pro\"}", "enabled", 1L),
                        tuple("high", "{\"plan\":\"pro\"}", "everyone", 1L));
    }

    @Test
    void aDimensionBreaksSegmentsAndAllUsersDown() {
        assertThat(rows(EXPOSURES, Map.of(), "cell = 'country=DE' AND metric = 'conversion' AND `window` = 'total'"))
                .extracting(row -> row.getAs("segment"), row -> row.getAs("population"), row -> row.getAs("n"))
                .containsExactlyInAnyOrder(
                        tuple("high", "enabled", 1L),
                        tuple("high", "control", 1L),
                        tuple("high", "everyone", 2L),
                        tuple("all", "enabled", 1L),
                        tuple("all", "control", 1L),
                        tuple("all", "everyone", 2L));
    }

    @Test
    void everyoneIsEnabledPlusControl() {
        assertThat(sums(one(EXPOSURES, of("high", "everyone", "conversion", "total"))))
                .isEqualTo(tuple(4L, 2.0, 2.0, 0.5));
        assertThat(sums(one(EXPOSURES, of("high", "everyone", "revenue", "total"))))
                .isEqualTo(tuple(4L, 23.0, 485.0, 5.75));
    }

    @Test
    void theIntervalIsWilsonsForAProportionAndNormalForAMean() {
        // Wilson 1927 for 1 of 2: 1/2 ± z/(1 + z²/2) √(1/8 + z²/16) with z = 1.959964.
        Row proportion = one(EXPOSURES, of("high", "enabled", "conversion", "total"));
        assertThat(proportion.<Double>getAs("lower")).isCloseTo(0.094531, within(1e-5));
        assertThat(proportion.<Double>getAs("upper")).isCloseTo(0.905469, within(1e-5));
        // Values 22 and 0: mean 11, sample variance 242, standard error √(242/2) = 11.
        Row mean = one(EXPOSURES, of("high", "enabled", "revenue", "total"));
        assertThat(mean.<Double>getAs("lower")).isCloseTo(11 - 1.959964 * 11, within(1e-4));
        assertThat(mean.<Double>getAs("upper")).isCloseTo(11 + 1.959964 * 11, within(1e-4));
    }

    @Test
    void aMeanOfOneUserHasNoInterval() {
        Row row = one("('a', true, '2026-01-01 10:00:00', 0.5, 'high', 1L)", of("high", "enabled", "revenue", "total"));
        assertThat(sums(row)).isEqualTo(tuple(1L, 22.0, 484.0, 22.0));
        assertThat(row.isNullAt(row.fieldIndex("lower"))).isTrue();
        assertThat(row.isNullAt(row.fieldIndex("upper"))).isTrue();
    }

    @Test
    void aUserCountsOnTheDayTheOutcomeWindowCloses() {
        String exposures = "('closed', true, '2026-01-09 00:00:00', 0.5, 'high', 1L),"
                + "('open', true, '2026-01-09 00:00:01', 0.5, 'high', 1L)";
        assertThat(sums(one(exposures, of("high", "enabled", "conversion", "total"))))
                .isEqualTo(tuple(1L, 0.0, 0.0, 0.0));
        assertThat(rows(exposures, Map.of(), "metric = 'revenue'")).isEmpty();
        assertThat(rows(
                        EXPOSURES,
                        Map.of(),
                        "segment = 'high' AND cell = '' AND metric = 'conversion' AND `window` = 'day'"))
                .extracting(
                        row -> row.getAs("population"),
                        row -> row.getTimestamp(row.fieldIndex("window_start"))
                                .toInstant()
                                .toString(),
                        row -> row.getTimestamp(row.fieldIndex("window_end"))
                                .toInstant()
                                .toString(),
                        row -> row.getAs("n"),
                        row -> row.<BigDecimal>getAs("sum").doubleValue())
                .containsExactlyInAnyOrder(
                        tuple("enabled", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", 2L, 1.0),
                        tuple("control", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", 1L, 1.0),
                        tuple("everyone", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", 3L, 2.0),
                        // d, and a, who is met again.
                        tuple("control", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z", 2L, 1.0),
                        tuple("everyone", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z", 2L, 1.0));
    }

    @Test
    void theTotalSpansFromTheFirstDayToTheAsOf() {
        Row row = one(EXPOSURES, of("high", "everyone", "conversion", "total"));
        assertThat(row.getTimestamp(row.fieldIndex("window_start")).toInstant()).isEqualTo("2026-01-02T00:00:00Z");
        assertThat(row.getTimestamp(row.fieldIndex("window_end")).toInstant()).isEqualTo(AS_OF);
    }

    @Test
    void evidenceBeginsWithTheVersionThatSetTheShare() {
        String exposures = EXPOSURES + ", ('a', false, '2026-01-03 00:00:00', 0.5, 'high', 2L),"
                + "('x', true, '2026-01-01 00:00:00', 0.5, 'high', NULL)";
        Map<String, Long> since = Map.of("high", 2L);
        // a met version 2 as control, two days after the purchases that the total counts.
        assertThat(rows(
                        exposures,
                        since,
                        "segment = 'high' AND cell = '' AND metric = 'revenue' AND `window` = 'evidence'"))
                .extracting(
                        row -> row.getAs("population"),
                        row -> row.getAs("n"),
                        row -> row.<BigDecimal>getAs("sum").doubleValue())
                .containsExactlyInAnyOrder(tuple("control", 3L, 100.0), tuple("everyone", 3L, 100.0));
        assertThat(rows(exposures, since, of("high", "enabled", "revenue", "total")))
                .extracting(
                        row -> row.getAs("n"),
                        row -> row.<BigDecimal>getAs("sum").doubleValue())
                .containsExactly(tuple(3L, 22.0));
        assertThat(rows(exposures, since, of("all", "everyone", "revenue", "evidence")))
                .extracting(row -> row.<Long>getAs("n"))
                .containsExactly(5L);
    }

    @Test
    void usersWithoutAScoreAreASegmentOfTheirOwnAndAllCountsEveryUserOnce() {
        String exposures = EXPOSURES + ", ('f', true, '2026-01-01 00:00:00', 0.5, NULL, 1L),"
                + "('b', true, '2026-01-02 00:00:00', 0.5, 'low', 1L)";
        assertThat(rows(
                        exposures,
                        Map.of(),
                        "cell = '' AND metric = 'conversion' AND population = 'everyone' AND `window` = 'total'"))
                .extracting(row -> row.getAs("segment"), row -> row.getAs("n"))
                .containsExactlyInAnyOrder(
                        tuple("high", 4L), tuple("unscored", 1L), tuple("low", 1L), tuple("all", 5L));
    }

    @Test
    void theEffectIsTheDifferenceOfTheHajekMeans() {
        // Enabled: weights 1/0.5 and 1/0.25 for 22 and 0; control: 1/(1 − 0.5) and 1/(1 − 0.75) for 1 and 0.
        double enabled = 2 * 22 / 6.0;
        double control = 2 * 1 / 6.0;
        double variance = (4 * Math.pow(22 - enabled, 2) + 16 * enabled * enabled) / 36
                + (4 * Math.pow(1 - control, 2) + 16 * control * control) / 36;
        Row row = one(EXPOSURES, of("high", "enabled", "revenue", "total"));
        assertThat(row.<Double>getAs("effect")).isCloseTo(7, within(1e-12));
        assertThat(row.<Double>getAs("effect_lower")).isCloseTo(7 - 1.959964 * Math.sqrt(variance), within(1e-4));
        assertThat(row.<Double>getAs("effect_upper")).isCloseTo(7 + 1.959964 * Math.sqrt(variance), within(1e-4));
        // Kish per arm: (2 + 4)² / (4 + 16) = 1.8.
        assertThat(row.<Double>getAs("effective_sample_size")).isCloseTo(3.6, within(1e-12));
        assertThat(rows(EXPOSURES, Map.of(), "population != 'enabled' AND effect IS NOT NULL"))
                .isEmpty();
    }

    @Test
    void exposuresWithoutAPropensityBetweenZeroAndOneAreLeftOutOfTheEffectOnly() {
        Row without = one(EXPOSURES, of("high", "enabled", "revenue", "total"));
        String exposures = EXPOSURES + ", ('p1', true, '2026-01-01 00:00:00', 1, 'high', 1L),"
                + "('p0', false, '2026-01-01 00:00:00', 0, 'high', 1L),"
                + "('none', true, '2026-01-01 00:00:00', NULL, 'high', 1L)";
        Row with = one(exposures, of("high", "enabled", "revenue", "total"));
        assertThat(with.<Long>getAs("n")).isEqualTo(4);
        assertThat(with.<Row>getAs("weighted")).isEqualTo(without.<Row>getAs("weighted"));
        assertThat(with.<Double>getAs("effect")).isEqualTo(without.<Double>getAs("effect"));
        assertThat(one(exposures, of("high", "control", "revenue", "total")).<Long>getAs("n"))
                .isEqualTo(3);
    }

    @Test
    void theEffectIsAbsentWhereNobodyQualifies() {
        String certain =
                "('a', true, '2026-01-01 10:00:00', 1, 'high', 1L), ('b', true, '2026-01-01 10:00:00', 1, 'high', 1L),"
                        + "('c', false, '2026-01-01 10:00:00', 0, 'high', 1L), ('d', false, '2026-01-01 10:00:00', NULL, 'high', 1L)";
        assertThat(rows(certain, Map.of(), "effect IS NOT NULL OR effective_sample_size IS NOT NULL"))
                .isEmpty();
        assertThat(rows(certain, Map.of(), of("high", "enabled", "revenue", "total")))
                .hasSize(1);
    }

    /** b met the experiment without a score first, with one later; c never with one; d's window is open. */
    @Test
    void aRewardIsThatOfTheFirstExposureWithAScoreOrOfTheFirstAtAll() {
        Dataset<Row> met =
                spark.sql("SELECT 'e' AS experiment_id, user_id, enabled, CAST(at AS TIMESTAMP) AS exposed_at,"
                        + " 0.5D AS propensity, CAST(score AS DOUBLE) AS score, 'policy' AS reason, 'r' AS run_id FROM VALUES"
                        + " ('b', false, '2026-01-01 00:00:00', NULL), ('b', true, '2026-01-01 12:00:00', 70),"
                        + " ('b', false, '2026-01-01 13:00:00', 80), ('c', true, '2026-01-01 00:00:00', NULL),"
                        + " ('d', true, '2026-01-03 18:00:00', 10) AS t(user_id, enabled, at, score)");
        Dataset<Row> bought = spark.sql("SELECT 'b' AS user_id, 'buy' AS outcome, 5D AS value,"
                + " TIMESTAMP '2026-01-02 11:00:00' AS occurred_at");

        assertThat(SegmentMetrics.rewards(
                                Arrivals.complete(Instant.parse("2026-01-04T00:00:00Z")),
                                met,
                                bought,
                                List.of(new MeasuredExperiment("e", List.of(CONVERSION), Map.of())))
                        .collectAsList())
                .extracting(
                        row -> row.getAs("user_id"),
                        row -> row.getAs("enabled"),
                        row -> row.getAs("score"),
                        row -> row.getAs("reward"))
                .containsExactlyInAnyOrder(tuple("b", true, 70.0, 1.0), tuple("c", true, null, 0.0));
    }

    @Test
    void anExperimentThatIsNotMeasuredHasNoRows() {
        List<MeasuredExperiment> other = List.of(new MeasuredExperiment("other", List.of(CONVERSION), Map.of()));
        assertThat(counted(exposures(EXPOSURES), outcomes(OUTCOMES), other).collectAsList())
                .isEmpty();
    }

    private static final List<MeasuredExperiment> MEASURED_BY_DAY = List.of(new MeasuredExperiment(
            "e",
            List.of(CONVERSION, REVENUE),
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

    /** n, sum, sum of squares, the seven weighted sums and the six of the covariate of each group, to the last digit. */
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
            for (String sums : List.of("weighted", "covariate")) {
                Row structure = row.getAs(sums);
                for (int i = 0; i < structure.length(); i++) {
                    state.add(new BigDecimal(structure.get(i).toString()));
                }
            }
            states.merge(key.toString(), state, SegmentMetricsTest::sum);
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
        assertThat(SegmentMetrics.states(counted(exposures(exposures), outcomes(OUTCOMES), twoDays), twoDays)
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
        assertThat(SegmentMetrics.states(counted(exposures(exposures), outcomes(OUTCOMES), moving), moving)
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

    /** Of c's window of a day the outcomes are in, of those of d and of a's later one they are not. */
    @Test
    void aUserCountsWhenTheOutcomesUpToTheEndOfTheWindowAreIn() {
        List<MeasuredExperiment> experiments = List.of(new MeasuredExperiment("e", List.of(CONVERSION), Map.of()));
        Arrivals arrivals = new Arrivals(AS_OF, Map.of("buy", Instant.parse("2026-01-02T13:00:00Z")));
        assertThat(SegmentMetrics.measure(
                                AS_OF,
                                counted(exposures(EXPOSURES), outcomes(OUTCOMES), arrivals, experiments),
                                experiments)
                        .where(of("high", "everyone", "conversion", "total"))
                        .collectAsList())
                .extracting(row -> row.<Long>getAs("n"))
                .containsExactly(3L);
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
                        List.of(CONVERSION, REVENUE),
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
