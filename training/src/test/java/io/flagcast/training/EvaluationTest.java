package io.flagcast.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.heterogeneity.BestLinearPrediction;
import io.flagcast.statistics.heterogeneity.BestLinearPrediction.Sums;
import io.flagcast.statistics.ranking.OrderEvidence;
import io.flagcast.statistics.ranking.TargetingCurve;
import io.flagcast.statistics.ranking.UpliftCurve;
import io.flagcast.training.learners.PredictedArms;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class EvaluationTest {

    private static final StructType ROWS =
            StructType.fromDDL("fold INT, score DOUBLE, enabled BOOLEAN, propensity DOUBLE, response DOUBLE,"
                    + " predicted STRUCT<uplift: DOUBLE, response: DOUBLE>");
    private static final double SHARE = 0.4;
    private static final PredictedArms ARMS = new PredictedArms(SHARE);

    private final SparkSession spark;

    EvaluationTest(SparkSession spark) {
        this.spark = spark;
    }

    private record User(
            int fold, double score, boolean enabled, double propensity, double response, double uplift, double mean) {

        double factual() {
            return enabled ? mean + (1 - SHARE) * uplift : mean - SHARE * uplift;
        }

        double effect() {
            double residual = response - factual();
            return uplift + (enabled ? residual / propensity : -residual / (1 - propensity));
        }

        double weight() {
            return enabled ? SHARE / propensity : (1 - SHARE) / (1 - propensity);
        }
    }

    /** 40 users, four of each of ten scores, one score per decile. */
    private static List<User> users(boolean equalPropensities) {
        Random random = new Random(3);
        List<User> users = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            int decile = i % 10;
            users.add(new User(
                    i % 2,
                    10 * decile + 2.5,
                    random.nextBoolean(),
                    equalPropensities ? SHARE : 0.2 + 0.5 * random.nextDouble(),
                    random.nextInt(2),
                    0.05 * (decile - 3),
                    0.3 + 0.1 * random.nextDouble()));
        }
        return users;
    }

    private Dataset<Row> rows(List<User> users) {
        return spark.createDataFrame(
                users.stream()
                        .map(user -> RowFactory.create(
                                user.fold,
                                user.score,
                                user.enabled,
                                user.propensity,
                                user.response,
                                RowFactory.create(user.uplift, user.mean)))
                        .toList(),
                ROWS);
    }

    private Evaluation evaluation(List<User> users, Metric.Kind kind) {
        return Evaluation.of(rows(users), List.of(), ARMS, kind).get(List.of());
    }

    @Test
    void measuresOfARankingAreThoseOfTheCurve() {
        List<User> users = users(true);
        Evaluation evaluation = evaluation(users, Metric.Kind.PROPORTION);
        UpliftCurve curve = curve(users);
        assertThat(evaluation.users()).isEqualTo(40);
        assertThat(evaluation.qini().orElseThrow()).isCloseTo(curve.qini(), within(1e-12));
        Map<String, Double> metrics = evaluation.metrics(1);
        assertThat(metrics.get("qini")).isCloseTo(curve.qini(), within(1e-12));
        assertThat(metrics.get("uplift_auc")).isCloseTo(curve.upliftAuc(), within(1e-12));
        assertThat(metrics.get("uplift_at_30")).isCloseTo(curve.upliftAt(0.3), within(1e-12));
        List<UpliftCurve.Point> points = curve.qiniPoints(100);
        assertThat(evaluation.curves().qini()).hasSize(101);
        for (int i = 0; i < 101; i++) {
            assertThat(evaluation.curves().qini().get(i).gain())
                    .isCloseTo(points.get(i).gain(), within(1e-12));
        }
        assertThat(evaluation(users, Metric.Kind.MEAN).qini().orElseThrow()).isCloseTo(curve.qiniGain(), within(1e-12));
    }

    private static UpliftCurve curve(List<User> users) {
        double[] scores = users.stream().mapToDouble(User::score).toArray();
        double[] responses = users.stream().mapToDouble(User::response).toArray();
        boolean[] enabled = new boolean[users.size()];
        for (int i = 0; i < enabled.length; i++) {
            enabled[i] = users.get(i).enabled;
        }
        return UpliftCurve.of(scores, responses, enabled);
    }

    @Test
    void lossesAreMeasuredOfTheArmThatTheUserWasIn() {
        List<User> users = users(true);
        double logLoss = users.stream()
                .mapToDouble(user -> -Math.log(user.response == 1 ? user.factual() : 1 - user.factual()))
                .average()
                .orElseThrow();
        double brier = users.stream()
                .mapToDouble(user -> Math.pow(user.response - user.factual(), 2))
                .average()
                .orElseThrow();
        Evaluation proportion = evaluation(users, Metric.Kind.PROPORTION);
        assertThat(proportion.loss()).isCloseTo(logLoss, within(1e-12));
        assertThat(proportion.metrics(1).get("log_loss")).isCloseTo(logLoss, within(1e-12));
        assertThat(proportion.metrics(1).get("brier")).isCloseTo(brier, within(1e-12));
        Evaluation mean = evaluation(users, Metric.Kind.MEAN);
        assertThat(mean.loss()).isCloseTo(brier, within(1e-12));
        assertThat(mean.metrics(1).get("squared_error")).isCloseTo(brier, within(1e-12));
    }

    @Test
    void aProbabilityOutsideItsRangeCountsAsAlmostCertain() {
        Evaluation evaluation = evaluation(List.of(new User(0, 50, true, SHARE, 0, 0.5, 1.2)), Metric.Kind.PROPORTION);
        assertThat(evaluation.loss()).isCloseTo(-Math.log(1e-6), within(1e-9));
        assertThat(evaluation.qini()).isEmpty();
    }

    @Test
    void decilesHoldPredictedAndObservedEffects() {
        for (boolean equal : new boolean[] {true, false}) {
            List<User> users = users(equal);
            List<Evaluation.Calibration> deciles =
                    evaluation(users, Metric.Kind.PROPORTION).curves().deciles();
            assertThat(deciles).hasSize(10);
            for (int decile = 0; decile < 10; decile++) {
                double score = 10 * decile + 2.5;
                double[] effects = users.stream()
                        .filter(user -> user.score == score)
                        .mapToDouble(User::effect)
                        .toArray();
                double mean = Arrays.stream(effects).average().orElseThrow();
                double variance = Arrays.stream(effects)
                                .map(effect -> (effect - mean) * (effect - mean))
                                .sum()
                        / 3;
                Evaluation.Calibration own = deciles.get(decile);
                assertThat(own.decile()).isEqualTo(decile + 1);
                assertThat(own.users()).isEqualTo(4);
                assertThat(own.predicted()).isCloseTo(0.05 * (decile - 3), within(1e-12));
                assertThat(own.observed()).isCloseTo(mean, within(1e-12));
                assertThat(own.error()).isCloseTo(Math.sqrt(variance / 4), within(1e-9));
            }
        }
    }

    @Test
    void theCalibrationIsTheLineThroughPseudoOutcomes() {
        List<User> users = users(false);
        Sums sums = Sums.EMPTY;
        for (User user : users) {
            sums = sums.plus(user.uplift, user.effect());
        }
        BestLinearPrediction expected = sums.interpret().orElseThrow();
        BestLinearPrediction line =
                evaluation(users, Metric.Kind.PROPORTION).calibration().orElseThrow();
        assertThat(line.slope()).isCloseTo(expected.slope(), within(1e-9));
        assertThat(line.slopeError()).isCloseTo(expected.slopeError(), within(1e-9));
        assertThat(line.effect()).isCloseTo(expected.effect(), within(1e-9));
        List<User> same = users.stream()
                .map(user -> new User(user.fold, 50, user.enabled, user.propensity, user.response, 0.1, user.mean))
                .toList();
        assertThat(evaluation(same, Metric.Kind.PROPORTION).calibration()).isEmpty();
    }

    @Test
    void theWorthOfAnOrderIsThatOfPseudoOutcomesByScore() {
        List<User> users = users(false);
        TargetingCurve curve = TargetingCurve.of(
                users.stream().mapToDouble(User::score).toArray(),
                users.stream().mapToDouble(User::effect).toArray());
        Map<String, Double> metrics = evaluation(users, Metric.Kind.MEAN).metrics(1);
        assertThat(metrics.get("autoc")).isCloseTo(curve.autoc().estimate(), within(1e-12));
        assertThat(metrics.get("autoc_lower"))
                .isCloseTo(curve.autoc().interval(0.95).lower(), within(1e-9));
        assertThat(metrics.get("autoc_upper"))
                .isCloseTo(curve.autoc().interval(0.95).upper(), within(1e-9));
        assertThat(metrics.get("autoc_p")).isCloseTo(curve.autoc().p(), within(1e-9));
        assertThat(metrics.get("rate_qini")).isCloseTo(curve.qini().estimate(), within(1e-12));
        assertThat(metrics.get("rate_qini_lower"))
                .isCloseTo(curve.qini().interval(0.95).lower(), within(1e-9));
        assertThat(metrics.get("rate_qini_p")).isCloseTo(curve.qini().p(), within(1e-9));
        assertThat(metrics.get("order_p")).isCloseTo(OrderEvidence.of(curve).p(), within(1e-9));
    }

    @Test
    void usersWeighByTheirInversePropensity() {
        List<User> users = users(false);
        double weight = users.stream().mapToDouble(User::weight).sum();
        Evaluation evaluation = evaluation(users, Metric.Kind.PROPORTION);
        assertThat(evaluation.bins().stream()
                        .mapToDouble(UpliftCurve.Bin::weight)
                        .sum())
                .isCloseTo(weight, within(1e-12));
        double enabledResponses = users.stream()
                .filter(User::enabled)
                .mapToDouble(user -> user.weight() * user.response)
                .sum();
        assertThat(evaluation.bins().stream()
                        .mapToDouble(bin -> bin.enabledPositive().sum())
                        .sum())
                .isCloseTo(enabledResponses, within(1e-12));
    }

    @Test
    void anEvaluationOfAllIsTheMergedOneOfTheParts() {
        List<User> users = users(false);
        for (Metric.Kind kind : Metric.Kind.values()) {
            Map<List<Object>, Evaluation> parts = Evaluation.of(rows(users), List.of("fold"), ARMS, kind);
            assertThat(parts).containsOnlyKeys(List.of(0), List.of(1));
            assertThat(parts.get(List.of(0)))
                    .usingRecursiveComparison()
                    .isEqualTo(evaluation(
                            users.stream().filter(user -> user.fold == 0).toList(), kind));
            Evaluation merged = Evaluation.merged(kind, parts.values());
            Evaluation all = evaluation(users, kind);
            assertThat(merged.users()).isEqualTo(all.users());
            assertThat(merged.loss()).isCloseTo(all.loss(), within(1e-12));
            Map<String, Double> metrics = merged.metrics(1);
            assertThat(metrics).containsOnlyKeys(all.metrics(1).keySet());
            all.metrics(1)
                    .forEach((name, value) ->
                            assertThat(metrics.get(name)).as(name).isCloseTo(value, within(1e-9)));
            assertThat(merged.curves().deciles())
                    .usingRecursiveComparison()
                    .withComparatorForType((a, b) -> Math.abs(a - b) < 1e-9 ? 0 : 1, Double.class)
                    .isEqualTo(all.curves().deciles());
        }
    }

    @Test
    void aDecileHoldsTenPointsAndTheLastOneHundredToo() {
        assertThat(List.of(0.0, 9.99, 10.0, 89.99, 90.0, 100.0))
                .extracting(Evaluation::decile)
                .containsExactly(0, 0, 1, 8, 9, 9);
    }
}
