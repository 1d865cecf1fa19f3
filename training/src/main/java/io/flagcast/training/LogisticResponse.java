package io.flagcast.training;

import java.io.Serializable;
import org.apache.spark.ml.classification.LogisticRegression;
import org.apache.spark.ml.classification.LogisticRegressionModel;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * A logistic model of the response probability of one arm.
 *
 * @param coefficients one per place of the encoding, on the scale of the encoding
 * @param intercept log odds at zero
 */
@SuppressWarnings("ArrayRecordComponent") // Models are told apart by id, never by equals.
record LogisticResponse(double[] coefficients, double intercept) implements Serializable {

    /**
     * Fits by penalised maximum likelihood.
     *
     * @param rows {@code vector} and {@code response} in {0, 1}
     */
    static LogisticResponse fit(Dataset<Row> rows, double regularisation) {
        LogisticRegressionModel model = new LogisticRegression()
                .setFeaturesCol("vector")
                .setLabelCol("response")
                .setFamily("binomial")
                .setRegParam(regularisation)
                .setElasticNetParam(0)
                .setStandardization(true)
                .setMaxIter(100)
                .setTol(1e-6)
                .fit(rows);
        return new LogisticResponse(model.coefficients().toArray(), model.intercept());
    }

    /** The response probability, in (0, 1). */
    double probability(Vector vector) {
        double logOdds = intercept;
        for (int i = 0; i < coefficients.length; i++) {
            logOdds += coefficients[i] * vector.apply(i);
        }
        return 1 / (1 + StrictMath.exp(-logOdds));
    }
}
