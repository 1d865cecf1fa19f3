package io.flagcast.training.learners;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.flagcast.training.learners.Estimate.Part;
import io.flagcast.training.learners.ResponseModel.Linear;
import java.util.List;
import java.util.Set;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF2;

/** How regressions of the response become an uplift. */
enum Metalearner {
    /** One response model per arm (Künzel and others, Metalearners for estimating heterogeneous effects, 2019, section 2). */
    T {
        @Override
        Estimate fit(CrossFit data, Method method, Set<Integer> without) {
            return data.ofArms(method, without);
        }
    },

    /** Imputed effects per arm, regressed and mixed by the mean propensity (the same, algorithm 3). */
    X {
        @Override
        Estimate fit(CrossFit data, Method method, Set<Integer> without) {
            Estimate arms = data.ofArms(method, without);
            Dataset<Row> rows = data.examples(without).withColumn("predicted", CrossFit.predicted(arms, col("vector")));
            Dataset<Row> enabled = CrossFit.labelled(
                    rows.where(col("enabled")),
                    col("response").minus(data.arms().ifNot()),
                    lit(1.0));
            Dataset<Row> control = CrossFit.labelled(
                    rows.where(col("enabled").equalTo(false)),
                    data.arms().ifEnabled().minus(col("response")),
                    lit(1.0));
            return arms.withUplift(
                    0,
                    List.of(
                            new Part(method.value(enabled, data.settings()), 1 - data.share(), 0),
                            new Part(method.value(control, data.settings()), data.share(), 0)));
        }
    },

    /** Doubly robust pseudo-outcomes from cross-fitted arms, regressed (E. Kennedy 2023, algorithm 1). */
    DR {
        @Override
        Estimate fit(CrossFit data, Method method, Set<Integer> without) {
            Dataset<Row> rows = CrossFit.labelled(
                    data.withNuisances(method, without), data.arms().pseudoOutcome(), lit(1.0));
            return data.ofArms(method, without)
                    .withUplift(0, List.of(new Part(method.value(rows, data.settings()), 1, 0)));
        }
    },

    /**
     * One model of both arms with the treatment and its product with every predictor as further inputs (the S-learner of
     * Künzel and others, section 2; without the products a linear model could not differ between users but by its link).
     */
    S {
        @Override
        Estimate fit(CrossFit data, Method method, Set<Integer> without) {
            UDF2<Vector, Boolean, Vector> interact = (vector, enabled) -> {
                int size = vector.size();
                double[] all = new double[2 * size + 1];
                for (int i = 0; i < size; i++) {
                    all[i] = vector.apply(i);
                    all[size + 1 + i] = enabled ? vector.apply(i) : 0;
                }
                all[size] = enabled ? 1 : 0;
                return Vectors.dense(all);
            };
            Dataset<Row> rows = data.examples(without)
                    .withColumn(
                            "vector", udf(interact, SQLDataTypes.VectorType()).apply(col("vector"), col("enabled")));
            Linear both = (Linear) data.response(method, CrossFit.labelled(rows, col("response"), lit(1.0)));
            int size = both.coefficients().length / 2;
            double[] enabled = new double[size];
            double[] control = new double[size];
            for (int i = 0; i < size; i++) {
                control[i] = both.coefficients()[i];
                enabled[i] = control[i] + both.coefficients()[size + 1 + i];
            }
            return Estimate.ofArms(
                    new Linear(enabled, both.intercept() + both.coefficients()[size], both.link()),
                    new Linear(control, both.intercept(), both.link()),
                    data.share());
        }
    },

    /**
     * The class "responded as treated", weighted by the inverse propensity: M. Jaskowski, S. Jaroszewicz, Uplift modeling
     * for clinical trial data, 2012, section 3; uplift is twice its probability minus one.
     */
    CLASS {
        @Override
        Estimate fit(CrossFit data, Method method, Set<Integer> without) {
            Dataset<Row> rows = CrossFit.labelled(
                    data.examples(without),
                    col("enabled").cast("double").equalTo(col("response")).cast("double"),
                    when(col("enabled"), lit(0.5).divide(col("propensity")))
                            .otherwise(lit(0.5).divide(lit(1.0).minus(col("propensity")))));
            return data.ofArms(method, without)
                    .withUplift(-1, List.of(new Part(method.probability(rows, data.settings()), 2, 0)));
        }
    };

    /** Fits on all folds but those. */
    abstract Estimate fit(CrossFit data, Method method, Set<Integer> without);
}
