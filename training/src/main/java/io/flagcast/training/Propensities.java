package io.flagcast.training;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.greatest;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.udf;

import io.flagcast.training.learners.CrossFit;
import io.flagcast.training.learners.Method;
import io.flagcast.training.learners.ResponseModel;
import io.flagcast.training.learners.TrainingSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;

/**
 * The propensities of examples: logged ones are clipped, others are estimated.
 *
 * @param clippedAt propensities are clipped to [this, 1 − this]; at least 0, below 0.5
 * @param settings how models are fitted
 */
record Propensities(double clippedAt, TrainingSettings settings) {

    /** An estimate is never so sure that a user counts more than a hundredfold. */
    private static final double LEAST_ESTIMATED = 0.01;

    /** Whether the user could have been in either arm, as far as is known. */
    static Column usable() {
        return coalesce(col("propensity").gt(0).and(col("propensity").lt(1)), lit(true));
    }

    Column clipped(Column propensity) {
        return clipped(propensity, clippedAt);
    }

    private static Column clipped(Column propensity, double least) {
        return greatest(least(propensity, lit(1 - least)), lit(least));
    }

    /** What a person should know of the propensities of such examples, a sentence each. */
    List<String> notes(ExampleCounts counts) {
        List<String> notes = new ArrayList<>();
        if (counts.certain() > 0) {
            notes.add("%,d users with propensity 0 or 1 are left out: nobody like them was in the other arm"
                    .formatted(counts.certain()));
        }
        if (counts.clipped() > 0) {
            notes.add("propensities of %,d users are clipped to [%s, %s]"
                    .formatted(counts.clipped(), clippedAt, 1 - clippedAt));
        }
        if (counts.unknown() > 0) {
            notes.add("propensities of %,d users are not logged: estimated from the predictors"
                    .formatted(counts.unknown()));
        }
        return notes;
    }

    /**
     * The examples with propensities that are all known and clipped; those that were not logged are estimated out of fold.
     *
     * @param encoded {@code vector}, {@code fold}, {@code enabled} and {@code propensity} of users who are {@link #usable}
     */
    Dataset<Row> complete(Dataset<Row> encoded, ExampleCounts counts) {
        Column propensity = col("propensity");
        if (counts.unknown() > 0) {
            propensity = coalesce(propensity, clipped(estimated(encoded), Math.max(clippedAt, LEAST_ESTIMATED)));
        }
        return encoded.withColumn("propensity", clipped(propensity));
    }

    private Column estimated(Dataset<Row> encoded) {
        Map<Integer, ResponseModel> byFold = new HashMap<>();
        for (int fold = 0; fold < settings.folds(); fold++) {
            byFold.put(
                    fold,
                    Method.LINEAR.probability(
                            CrossFit.labelled(
                                    encoded.where(col("fold").notEqual(fold)),
                                    col("enabled").cast("double"),
                                    lit(1.0)),
                            settings));
        }
        UDF2<Vector, Integer, Double> estimate =
                (vector, fold) -> byFold.get(fold).predict(vector.toArray());
        return udf(estimate, DataTypes.DoubleType).apply(col("vector"), col("fold"));
    }
}
