package io.flagcast.jobs.questions;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.Experiment.Stickiness;
import io.flagcast.experiments.NetValue;
import io.flagcast.jobs.decision.NetColumns;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What a user is expected to gain and costs, in an experiment that says what both are worth.
 *
 * @param value what users earn and cost
 * @param bound upper bound of the uplift that users like this one have shown; absent where it is not known
 * @param shown uplift that they have shown, as far as evidence goes; absent where it is not known
 * @param cost of enabling the user; absent where it is not known
 */
record GainAndCost(NetValue value, Optional<Double> bound, Optional<Double> shown, Optional<Double> cost) {

    /**
     * Of one user, as {@link io.flagcast.jobs.decision.DecideUsers} decides by.
     *
     * @param profile the user's row
     * @param scores the user's
     * @param enrolments the user's
     * @return absent where the experiment does not say what users earn
     */
    static Optional<GainAndCost> of(
            Experiment experiment, Dataset<Row> profile, Dataset<Row> scores, Dataset<Row> enrolments) {
        return experiment.value().map(value -> {
            boolean keeps = experiment.stickiness() == Stickiness.ENROLMENT;
            Dataset<Row> kept = enrolments
                    .where(col("experiment_id")
                            .equalTo(experiment.experimentId())
                            .and(lit(keeps)))
                    .select(
                            col("user_id"),
                            col("uplift_bound").as("kept_bound"),
                            col("uplift_shown").as("kept_shown"));
            Row row = profile.select(
                            col("user_id"),
                            NetColumns.cost(experiment, value, profile.schema()).as("cost"))
                    .join(
                            scores.where(col("feature_id").equalTo(experiment.featureId()))
                                    .select("user_id", "uplift_bound", "uplift_shown"),
                            new String[] {"user_id"},
                            "left")
                    .join(kept, new String[] {"user_id"}, "left")
                    .select(either("kept_bound", "uplift_bound"), either("kept_shown", "uplift_shown"), col("cost"))
                    .head();
            return new GainAndCost(value, number(row, 0), number(row, 1), number(row, 2));
        });
    }

    private static Column either(String kept, String newest) {
        return coalesce(col(kept), col(newest));
    }

    private static Optional<Double> number(Row row, int place) {
        return row.isNullAt(place) ? Optional.empty() : Optional.of(row.getDouble(place));
    }

    /** Whether even the upper bound is worth more than the user costs. */
    String ofBound() {
        return bound.map(uplift -> "users like this one gain at most " + compared(uplift))
                .orElse("what users like this one gain at most is not known");
    }

    /** Whether what is shown is worth more than the user costs. */
    String ofShown() {
        return shown.map(uplift -> "users like this one are shown to gain " + compared(uplift))
                .orElse("it is not shown what users like this one gain");
    }

    private String compared(double uplift) {
        double worth = value.per() * uplift;
        return "%+.5f, worth %+.4f, %s"
                .formatted(
                        uplift,
                        worth,
                        cost.map(known -> "%s what enabling this one costs, %.4f"
                                        .formatted(worth > known ? "above" : "not above", known))
                                .orElse("and what enabling this one costs is not known"));
    }
}
