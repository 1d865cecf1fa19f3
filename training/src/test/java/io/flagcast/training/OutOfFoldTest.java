package io.flagcast.training;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;
import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.heterogeneity.BestLinearPrediction;
import io.flagcast.statistics.heterogeneity.CrossFitting;
import io.flagcast.statistics.heterogeneity.RepeatedVerdict;
import io.flagcast.training.ResponseTraining.Result.Trained;
import io.flagcast.training.ResponsivenessModel.Propensity;
import io.flagcast.training.ResponsivenessModel.Uplift;
import io.flagcast.training.encoding.PredictorEncoding;
import io.flagcast.training.encoding.PredictorEncoding.Numeric;
import io.flagcast.training.encoding.PredictorEncoding.Scale;
import io.flagcast.training.learners.CrossFit;
import io.flagcast.training.learners.Estimate;
import io.flagcast.training.learners.Folds;
import io.flagcast.training.learners.ResponseModel.Linear;
import io.flagcast.training.learners.ResponseModel.Link;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Scores of users whom a model may have learned from, without what it has learned from them. */
@ExtendWith(SharedSpark.class)
class OutOfFoldTest {

    private static final PredictorEncoding ENCODING =
            new PredictorEncoding(List.of(new Numeric("x", Scale.LINEAR, 0, 1, -1, 1)), List.of(), null, List.of());
    private static final Reference REFERENCE = Reference.of(new double[] {-0.1, 0, 0.1, 0.2});

    private final SparkSession spark;

    OutOfFoldTest(SparkSession spark) {
        this.spark = spark;
    }

    private static Linear constant(double value) {
        return new Linear(new double[2], value, Link.IDENTITY);
    }

    /** A model whose fold 0 says an uplift of 0.15 of everybody, and whose fold 1 one of -0.05. */
    private static Uplift model(Folds folds, double slope) {
        BestLinearPrediction calibration = new BestLinearPrediction(100, 0.05, 0.05, 0.01, slope, 0.1);
        return new Uplift(
                "t_linear",
                Metric.Kind.PROPORTION,
                ENCODING,
                Estimate.ofArms(constant(9), constant(0), 0.5),
                folds,
                0.5,
                calibration,
                RepeatedVerdict.first(0.01).judge(calibration, 0.1, new CrossFitting(5, OptionalInt.empty())),
                REFERENCE,
                Collections.nCopies(10, 0.1),
                Simulated.NOTHING_SHOWN,
                Simulated.NOTHING_SHOWN.supported(),
                Map.of(),
                new Evaluation.Curves(List.of(), List.of()));
    }

    private static final Folds FOLDS = new Folds(
            7,
            List.of(
                    Estimate.ofArms(constant(0.15), constant(0), 0.5),
                    Estimate.ofArms(constant(0), constant(0.05), 0.5)));

    private Dataset<Row> users() {
        return spark.range(40)
                .selectExpr(
                        "concat('u', id) AS user_id",
                        "IF(id = 0, NULL, 0.5D) AS x",
                        "CAST(map() AS MAP<STRING, DOUBLE>) AS usage");
    }

    @Test
    void aUserHasTheScoreThatTheOtherFoldsSay() {
        Map<String, Double> scores = Scoring.outOfFold(users(), model(FOLDS, 1)).collectAsList().stream()
                .collect(Collectors.toMap(row -> row.getString(0), row -> row.getDouble(1)));
        Map<String, Integer> folds = users().select(col("user_id"), FOLDS.fold()).collectAsList().stream()
                .collect(Collectors.toMap(row -> row.getString(0), row -> row.getInt(1)));

        assertThat(scores)
                .as("all but the one of whom nothing is known")
                .hasSize(39)
                .doesNotContainKey("u0");
        // Above three of the four of the reference, and above one of them.
        assertThat(scores).allSatisfy((user, score) -> assertThat(score).isEqualTo(folds.get(user) == 0 ? 75 : 25));
        assertThat(scores.values()).contains(75.0, 25.0);
    }

    @Test
    void nobodyHasOneWhereTheModelTellsNobodyApartOrItsFoldsWereNotKept() {
        assertThat(model(FOLDS, 0).heterogeneous()).isFalse();
        assertThat(Scoring.outOfFold(users(), model(FOLDS, 0)).collectAsList()).isEmpty();
        assertThat(Scoring.outOfFold(users(), model(Folds.NONE, 1)).collectAsList())
                .isEmpty();
    }

    /** Every response of one fold is turned round: what scores that fold is the same to the last bit. */
    @Test
    void theFoldThatScoresAUserKnowsNoOutcomeOfThatUser() {
        Dataset<Row> examples = Simulated.examples(spark, 1500, 5);
        Dataset<Row> turned = examples.withColumn(
                "response",
                when(CrossFit.fold(Simulated.SETTINGS).equalTo(0), lit(1.0).minus(col("response")))
                        .otherwise(col("response")));
        double[] user = new double[20];
        user[0] = 0.7;

        for (boolean learnsUplift : new boolean[] {true, false}) {
            List<Estimate> before = trained(examples, learnsUplift).folds().without();
            List<Estimate> after = trained(turned, learnsUplift).folds().without();
            assertThat(before).hasSize(Simulated.SETTINGS.folds());
            assertThat(after.get(0).predict(user)).isEqualTo(before.get(0).predict(user));
            assertThat(after.get(1).predict(user)).isNotEqualTo(before.get(1).predict(user));
        }
    }

    private static ResponsivenessModel trained(Dataset<Row> examples, boolean learnsUplift) {
        ResponseTraining training =
                new ResponseTraining(Simulated.PREDICTORS, Optional.empty(), 0.05, Simulated.SETTINGS);
        Trained trained = (Trained)
                (learnsUplift
                        ? training.uplift(examples, Metric.Kind.PROPORTION, Optional.empty())
                        : training.propensity(examples, Metric.Kind.PROPORTION));
        assertThat(trained.champion()).isInstanceOf(learnsUplift ? Uplift.class : Propensity.class);
        return trained.champion();
    }
}
