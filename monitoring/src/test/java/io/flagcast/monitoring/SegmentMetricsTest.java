package io.flagcast.monitoring;

import static io.flagcast.monitoring.Shop.AS_OF;
import static io.flagcast.monitoring.Shop.CONVERSION;
import static io.flagcast.monitoring.Shop.EXPOSURES;
import static io.flagcast.monitoring.Shop.ORDER_VALUE;
import static io.flagcast.monitoring.Shop.OUTCOMES;
import static io.flagcast.monitoring.Shop.RETURN;
import static io.flagcast.monitoring.Shop.REVENUE;
import static io.flagcast.monitoring.Shop.counted;
import static io.flagcast.monitoring.Shop.exposures;
import static io.flagcast.monitoring.Shop.outcomes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.statistics.Arrivals;
import io.flagcast.tables.Tables;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class SegmentMetricsTest {

    /** Rows by exposures and evidence: most tests look at the same ones. */
    private static final Map<String, Dataset<Row>> MEASURED = new ConcurrentHashMap<>();

    private final SparkSession spark;

    SegmentMetricsTest(SparkSession spark) {
        this.spark = spark;
    }

    private Dataset<Row> measure(String exposures, Map<String, Long> evidence) {
        return MEASURED.computeIfAbsent(exposures + evidence, key -> {
            List<MeasuredExperiment> experiments =
                    List.of(new MeasuredExperiment("e", List.of(CONVERSION, REVENUE, ORDER_VALUE, RETURN), evidence));
            Dataset<Row> measured = SegmentMetrics.measure(
                    AS_OF, counted(exposures(spark, exposures), outcomes(spark, OUTCOMES), experiments), experiments);
            return spark.createDataFrame(measured.collectAsList(), measured.schema());
        });
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

    /** Within two days a buys three times for 22, c once for 1, b and d not. */
    @Test
    void aRatioIsTheSumOfNumeratorsPerThatOfDenominators() {
        Row enabled = one(EXPOSURES, of("high", "enabled", "order_value", "total"));
        assertThat(sums(enabled)).isEqualTo(tuple(2L, 22.0, 484.0, 22.0 / 3));
        assertThat(sums(one(EXPOSURES, of("high", "everyone", "order_value", "total"))))
                .isEqualTo(tuple(4L, 23.0, 485.0, 23.0 / 4));
        // Users of 22 of 3 and 0 of 0 differ in nothing that is left of y - R d: no spread.
        assertThat(enabled.<Double>getAs("m2")).isZero();
        Row everyone = one(EXPOSURES, of("high", "everyone", "order_value", "total"));
        // y - R d is 22 - 17.25 of a, 1 - 5.75 of c, 0 of b and d; the variance of R is their squares over (sum of d)².
        double variance = (4.75 * 4.75 + 4.75 * 4.75) / 16;
        assertThat(everyone.<Double>getAs("m2")).isCloseTo(variance * 4 * 3, within(1e-9));
        assertThat(everyone.<Double>getAs("upper")).isCloseTo(5.75 + 1.959964 * Math.sqrt(variance), within(1e-5));
    }

    /** The weights of a, b, c and d are 2, 4, 2 and 4. */
    @Test
    void theEffectOnARatioIsWeightedByPropensityAndDenominator() {
        Row enabled = one(EXPOSURES, of("high", "enabled", "order_value", "total"));
        assertThat(enabled.<Double>getAs("effect")).isCloseTo((2 * 22.0) / (2 * 3) - 1, within(1e-12));
        // One user of each arm has a denominator.
        assertThat(enabled.<Double>getAs("effective_sample_size")).isCloseTo(2, within(1e-12));
    }

    /** The ratio of all is 5.75 and the mean denominator 1: a adds 22 − 3 · 5.75 to it, c 1 − 5.75, b and d nothing. */
    @Test
    void whatAUserAddsToARatioIsItsReward() {
        List<MeasuredExperiment> experiments = List.of(new MeasuredExperiment("e", List.of(ORDER_VALUE), Map.of()));
        assertThat(SegmentMetrics.rewards(
                                Arrivals.complete(AS_OF),
                                exposures(spark, EXPOSURES),
                                outcomes(spark, OUTCOMES),
                                experiments)
                        .collectAsList())
                .extracting(row -> row.getAs("user_id"), row -> row.getAs("reward"))
                .containsExactlyInAnyOrder(tuple("a", 10.5), tuple("b", 5.75), tuple("c", 1.0), tuple("d", 5.75));
    }

    @Test
    void aRatioOfUsersWithoutDenominatorsIsAbsent() {
        Row row = one(
                "('b', true, '2026-01-01 10:00:00', 0.5, 'high', 1L)", of("high", "enabled", "order_value", "total"));
        assertThat(row.<Long>getAs("n")).isEqualTo(1);
        assertThat(row.isNullAt(row.fieldIndex("metric_value"))).isTrue();
    }

    /** a buys on the second day after the exposure, the first instant of which is in. */
    @Test
    void aWindowMayBeginLater() {
        assertThat(sums(one(EXPOSURES, of("high", "enabled", "return", "total"))))
                .isEqualTo(tuple(2L, 1.0, 1.0, 0.5));
        assertThat(sums(one(EXPOSURES, of("high", "control", "return", "total"))))
                .isEqualTo(tuple(2L, 0.0, 0.0, 0.0));
        // 9 January at 0:00 closes on the 11th, after the as-of.
        assertThat(rows("('late', true, '2026-01-08 00:00:01', 0.5, 'high', 1L)", Map.of(), "metric = 'return'"))
                .isEmpty();
        assertThat(one("('in', true, '2026-01-08 00:00:00', 0.5, 'high', 1L)", of("high", "enabled", "return", "day"))
                        .getTimestamp(one(
                                        "('in', true, '2026-01-08 00:00:00', 0.5, 'high', 1L)",
                                        of("high", "enabled", "return", "day"))
                                .fieldIndex("window_start"))
                        .toInstant())
                .isEqualTo("2026-01-10T00:00:00Z");
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

    /**
     * Windows of a day close on 2 to 12 January. The newest seven days are 6 to 12: b, who came on both sides of its beginning, counts in
     * them as who came on the 7th; a, who came before alone, not; c once, by the first of two days.
     */
    @Test
    void theNewestSevenDaysCountUsersByTheirFirstExposureInThem() {
        String exposures = "('a', true, '2026-01-01 10:00:00', 0.5, 'high', 1L),"
                + "('b', true, '2026-01-03 10:00:00', 0.5, 'high', 1L),"
                + "('b', false, '2026-01-07 10:00:00', 0.5, 'high', 1L),"
                + "('c', true, '2026-01-08 10:00:00', 0.5, 'high', 1L),"
                + "('c', false, '2026-01-10 10:00:00', 0.5, 'high', 1L),"
                + "('d', true, '2026-01-11 10:00:00', 0.5, 'high', 1L)";
        List<MeasuredExperiment> experiments =
                List.of(new MeasuredExperiment("e", List.of(REVENUE, CONVERSION), Map.of()));
        Instant asOf = Instant.parse("2026-01-20T00:00:00Z");
        List<Row> recent = SegmentMetrics.measure(
                        asOf,
                        Shop.counted(
                                exposures(spark, exposures),
                                outcomes(spark, "('c', 'buy', 5, '2026-01-08 11:00:00')"),
                                Arrivals.complete(asOf),
                                experiments),
                        experiments)
                .where("`window` = 'recent' AND metric = 'conversion'")
                .collectAsList();
        assertThat(recent)
                .filteredOn(row -> row.getAs("segment").equals("all"))
                .extracting(
                        row -> row.getAs("population"),
                        row -> row.getAs("n"),
                        row -> row.<BigDecimal>getAs("sum").intValue(),
                        row -> row.getAs("window_start").toString().substring(0, 10),
                        row -> row.getAs("window_end").toString().substring(0, 10),
                        row -> row.getAs("place"),
                        row -> row.getAs("better"))
                .containsExactlyInAnyOrder(
                        tuple("enabled", 2L, 1, "2026-01-09", "2026-01-13", 2, "higher"),
                        tuple("control", 1L, 0, "2026-01-08", "2026-01-13", 2, "higher"),
                        tuple("everyone", 3L, 1, "2026-01-08", "2026-01-13", 2, "higher"));
        assertThat(recent).extracting(row -> row.getAs("cell")).containsOnly("");
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
        assertThat(counted(exposures(spark, EXPOSURES), outcomes(spark, OUTCOMES), other)
                        .collectAsList())
                .isEmpty();
    }

    /** Of c's window of a day the outcomes are in, of those of d and of a's later one they are not. */
    @Test
    void aUserCountsWhenTheOutcomesUpToTheEndOfTheWindowAreIn() {
        List<MeasuredExperiment> experiments = List.of(new MeasuredExperiment("e", List.of(CONVERSION), Map.of()));
        Arrivals arrivals = new Arrivals(AS_OF, Map.of("buy", Instant.parse("2026-01-02T13:00:00Z")));
        assertThat(SegmentMetrics.measure(
                                AS_OF,
                                counted(exposures(spark, EXPOSURES), outcomes(spark, OUTCOMES), arrivals, experiments),
                                experiments)
                        .where(of("high", "everyone", "conversion", "total"))
                        .collectAsList())
                .extracting(row -> row.<Long>getAs("n"))
                .containsExactly(3L);
    }
}
