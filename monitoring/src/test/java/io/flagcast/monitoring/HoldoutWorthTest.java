package io.flagcast.monitoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.statistics.HoldoutEffect;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import io.flagcast.tables.Tables;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class HoldoutWorthTest {

    private static final Instant AS_OF = Instant.parse("2026-01-20T00:00:00Z");
    private static final Instant BEGINS = Instant.parse("2026-01-05T00:00:00Z");

    /** Two experiments that count purchases within a day under two names, and one of them money as well. */
    private static final List<MeasuredExperiment> EXPERIMENTS = List.of(
            new MeasuredExperiment(
                    "e",
                    List.of(metric("conversion", Metric.Kind.PROPORTION, 1), metric("revenue", Metric.Kind.MEAN, 2)),
                    Map.of()),
            new MeasuredExperiment("f", List.of(metric("bought", Metric.Kind.PROPORTION, 1)), Map.of()));

    private final SparkSession spark;

    HoldoutWorthTest(SparkSession spark) {
        this.spark = spark;
    }

    private static Metric metric(String name, Metric.Kind kind, int days) {
        return new Metric(name, kind, "buy", Duration.ofDays(days), Metric.Direction.HIGHER_IS_BETTER);
    }

    /** Rows of {@code first_exposures}: experiment, user, day of January, reason, what is counted of the first metric. */
    private Dataset<Row> exposed(String rows) {
        return spark.sql(
                "SELECT experiment_id, user_id, 'high' AS segment, 1L AS parameters_version, 'r' AS decided_by,"
                        + " exposed_at, CAST(reason AS STRING) AS reason, array_compact(array("
                        + "named_struct('metric', IF(experiment_id = 'e', 'conversion', 'bought'), 'closes_at',"
                        + " exposed_at + INTERVAL 1 DAY, 'settled', exposed_at + INTERVAL 1 DAY <= timestamp'" + AS_OF
                        + "', 'y',"
                        + " CAST(y > 0 AS DOUBLE), 'before', CAST(NULL AS DOUBLE), 'd', CAST(NULL AS DOUBLE), 'd_before',"
                        + " CAST(NULL AS DOUBLE)),"
                        + " IF(experiment_id = 'e', named_struct('metric', 'revenue', 'closes_at', exposed_at + INTERVAL 2 DAY,"
                        + " 'settled', exposed_at + INTERVAL 2 DAY <= timestamp'" + AS_OF + "',"
                        + " 'y', CAST(y AS DOUBLE), 'before', CAST(NULL AS DOUBLE), 'd', CAST(NULL AS DOUBLE), 'd_before',"
                        + " CAST(NULL AS DOUBLE)), NULL))) AS counted"
                        + " FROM (SELECT *, timestamp'2026-01-01 00:00:00' + make_dt_interval(day - 1) AS exposed_at FROM VALUES "
                        + rows + " AS t(experiment_id, user_id, day, reason, y))");
    }

    private List<HoldoutWorth> worth(Dataset<Row> exposed, Optional<Instant> since) {
        Dataset<Row> metrics = HoldoutWorth.measure(AS_OF, exposed, EXPERIMENTS, since);
        return HoldoutWorth.read(metrics);
    }

    @Test
    void aUserCountsOnceWithTheFirstExposureSinceTheHoldoutBegan() {
        List<HoldoutWorth> worth = worth(
                exposed(
                        "('e', 'held', 5, 'holdout', 3), ('e', 'held', 9, 'holdout', 0)," // once
                                + " ('e', 'early', 2, 'policy', 9)," // nobody could be held out yet
                                + " ('e', 'again', 3, 'policy', 9), ('e', 'again', 7, 'policy', 0)," // counts from then
                                // on
                                + " ('e', 'not_enabled', 8, 'no_benefit', 6), ('e', 'outside', 8, 'layer', 0)," // intention to treat
                                + " ('e', 'paused', 8, 'inactive', 9), ('e', 'unknown', 8, NULL, 9)," // no decision
                                + " ('e', 'open', 19, 'policy', 9)"), // closes at 20 for conversion, 21 for revenue
                Optional.empty());

        assertThat(worth)
                .extracting(
                        HoldoutWorth::experimentId,
                        HoldoutWorth::metricName,
                        HoldoutWorth::from,
                        known -> known.effect().everybodyElse(),
                        known -> known.effect().heldOut())
                .containsExactly(
                        tuple(
                                "",
                                "users with buy within 1d",
                                BEGINS.plus(Duration.ofDays(1)),
                                Moments.of(0, 1, 0, 1),
                                Moments.of(1)),
                        tuple(
                                "e",
                                "conversion",
                                BEGINS.plus(Duration.ofDays(1)),
                                Moments.of(0, 1, 0, 1),
                                Moments.of(1)),
                        tuple("e", "revenue", BEGINS.plus(Duration.ofDays(2)), Moments.of(0, 6, 0), Moments.of(3)));
        HoldoutWorth revenue = worth.get(2);
        assertThat(revenue.effect().estimate().orElseThrow()).isCloseTo(2 - 3, within(1e-12));
        assertThat(revenue.effect().bounds()).isEmpty();
        // One held-out user in 13 days.
        assertThat(revenue.days()).isEqualTo(13);
        assertThat(revenue.forgonePerDay().orElseThrow()).isCloseTo(-1.0 / 13, within(1e-12));
    }

    @Test
    void whatTwoExperimentsCountAlikeIsCountedOnceForBothByTheFirstExposureToEither() {
        List<HoldoutWorth> worth = worth(
                exposed("('e', 'held', 5, 'holdout', 0), ('f', 'held', 6, 'holdout', 1),"
                        + " ('f', 'a', 6, 'policy', 1), ('e', 'a', 7, 'policy', 0), ('e', 'b', 7, 'policy', 1)"),
                Optional.empty());

        assertThat(worth)
                .extracting(
                        HoldoutWorth::experimentId,
                        HoldoutWorth::metricName,
                        known -> known.effect().everybodyElse().n(),
                        known -> known.effect().everybodyElse().mean(),
                        known -> known.effect().heldOut().mean())
                .containsExactly(
                        tuple(HoldoutWorth.ALL_EXPERIMENTS, "users with buy within 1d", 2L, 1.0, 0.0),
                        tuple("e", "conversion", 2L, 0.5, 0.0),
                        tuple("e", "revenue", 2L, 0.5, 0.0),
                        tuple("f", "bought", 1L, 1.0, 1.0));
    }

    @Test
    void sinceALaterDayUsersCountByTheirFirstExposureFromThenOn() {
        Dataset<Row> exposed = exposed("('e', 'held', 5, 'holdout', 0), ('e', 'held', 9, 'holdout', 1),"
                + " ('e', 'a', 6, 'policy', 1), ('e', 'b', 8, 'policy', 0)");

        HoldoutWorth conversion =
                worth(exposed, Optional.of(BEGINS.plus(Duration.ofDays(3)))).get(1);

        assertThat(conversion.effect().everybodyElse()).isEqualTo(Moments.of(0));
        assertThat(conversion.effect().heldOut()).isEqualTo(Moments.of(1));
        assertThat(worth(exposed, Optional.of(Instant.EPOCH))).isEqualTo(worth(exposed, Optional.empty()));
    }

    @Test
    void whereNobodyIsHeldOutThereAreNoRows() {
        assertThat(worth(exposed("('e', 'a', 6, 'policy', 1), ('e', 'b', 6, NULL, 1)"), Optional.empty()))
                .isEmpty();
    }

    @Test
    void everybodyElseHasTheEffectWithItsBoundsAndTheRowsHaveTheColumnsOfTheTable() {
        StringBuilder rows = new StringBuilder();
        for (int user = 0; user < 300; user++) {
            rows.append(user == 0 ? "" : ", ")
                    .append("('e', 'u%d', %d, '%s', %d)"
                            .formatted(user, 6, user < 120 ? "holdout" : "policy", user % 3 == 0 ? 0 : user));
        }
        Dataset<Row> metrics = HoldoutWorth.measure(AS_OF, exposed(rows.toString()), EXPERIMENTS, Optional.empty());

        assertThat(metrics.columns())
                .containsExactlyElementsOf(Tables.SEGMENT_METRICS.columnNames().stream()
                        .filter(name -> !List.of("run_id", "as_of").contains(name))
                        .toList());
        Map<String, Row> conversion = metrics.where("metric = 'conversion'").collectAsList().stream()
                .collect(Collectors.toMap(row -> row.getAs("population"), row -> row));
        HoldoutEffect expected =
                HoldoutEffect.of(Moments.ofProportion(120, 180), Moments.ofProportion(80, 120), Metric.Kind.PROPORTION);
        Row everybodyElse = conversion.get(HoldoutWorth.EVERYBODY_ELSE);
        assertThat(everybodyElse.<Double>getAs("effect"))
                .isCloseTo(expected.estimate().orElseThrow(), within(1e-12));
        Interval bounds = expected.bounds().orElseThrow();
        assertThat(everybodyElse.<Double>getAs("effect_lower")).isCloseTo(bounds.lower(), within(1e-12));
        assertThat(everybodyElse.<Double>getAs("effect_upper")).isCloseTo(bounds.upper(), within(1e-12));
        Row heldOut = conversion.get(HoldoutWorth.HELD_OUT);
        assertThat(heldOut.<Double>getAs("effect")).isNull();
        assertThat(heldOut.<Double>getAs("lower"))
                .isCloseTo(Interval.wilson(80, 120, 0.95).lower(), within(1e-12));
        assertThat(metrics.select(Tables.SEGMENT_METRICS.key().stream()
                                .map(functions::col)
                                .toArray(Column[]::new))
                        .distinct()
                        .count())
                .isEqualTo(metrics.count());
    }

    @Test
    void anotherShareOfHeldOutUsersThanTheLakeHoldsOutIsSaid() {
        HoldoutEffect effect = HoldoutEffect.of(
                Moments.ofProportion(900, 9_900), Moments.ofProportion(9, 100), Metric.Kind.PROPORTION);
        HoldoutWorth worth = new HoldoutWorth("e", "conversion", BEGINS, AS_OF, HoldoutWorth.Of.USER, effect);

        assertThat(worth.mismatch(0.01)).isEmpty();
        assertThat(worth.mismatch(0.02).orElseThrow())
                .contains("e, conversion: 1.00 % of the users are held out where it should be 2.00 %");
    }
}
