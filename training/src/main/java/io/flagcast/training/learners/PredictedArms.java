package io.flagcast.training.learners;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import org.apache.spark.sql.Column;

/**
 * Columns over rows with {@code predicted} (uplift and response, see {@link Estimate}), {@code enabled}, {@code propensity}
 * and {@code response}.
 *
 * @param share mean propensity
 */
public record PredictedArms(double share) {

    Column ifEnabled() {
        return col("predicted.response").plus(lit(1 - share).multiply(col("predicted.uplift")));
    }

    Column ifNot() {
        return col("predicted.response").minus(lit(share).multiply(col("predicted.uplift")));
    }

    /** What is predicted for the arm that the user was in. */
    public Column factual() {
        return when(col("enabled"), ifEnabled()).otherwise(ifNot());
    }

    /**
     * The doubly robust pseudo-outcome, whose mean given the predictors is the uplift: E. Kennedy, Towards optimal doubly
     * robust estimation of heterogeneous causal effects, 2023, equation 1.
     */
    public Column pseudoOutcome() {
        Column residual = col("response").minus(factual());
        Column e = col("propensity");
        return col("predicted.uplift")
                .plus(when(col("enabled"), residual.divide(e))
                        .otherwise(residual.unary_$minus().divide(lit(1.0).minus(e))));
    }

    /** Stabilised inverse propensity: 1 where every propensity is the same. */
    public Column weight() {
        return when(col("enabled"), lit(share).divide(col("propensity")))
                .otherwise(lit(1 - share).divide(lit(1.0).minus(col("propensity"))));
    }
}
