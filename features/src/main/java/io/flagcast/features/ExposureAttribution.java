package io.flagcast.features;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.struct;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Completes exposures that were logged without their decision from the publication that was live at the time. */
public final class ExposureAttribution {

    private static final List<String> COMPLETED =
            List.of("propensity", "score", "segment", "reason", "parameters_version", "run_id");

    private static final Column BARE =
            col("run_id").isNull().and(col("propensity").isNull());

    private ExposureAttribution() {}

    /** The exposures that were logged without their decision. */
    public static Dataset<Row> incomplete(Dataset<Row> exposures) {
        return exposures.where(BARE);
    }

    /**
     * Fills the decision of every exposure that lacks it; what was logged is kept.
     *
     * @param exposures valid exposures
     * @param publications all publications: {@code published_at}, {@code publish_seq} and the {@code allocations_run_id}
     *     that each made live
     * @param allocations the allocation slices of those runs
     * @return the exposures; the decision stays absent where nothing was live or the user was not allocated
     */
    public static Dataset<Row> complete(Dataset<Row> exposures, Dataset<Row> publications, Dataset<Row> allocations) {
        Dataset<Row> bare = incomplete(exposures);
        Dataset<Row> logged = exposures.where(not(BARE));
        Dataset<Row> instants = bare.select("exposed_at").distinct();
        Dataset<Row> live = instants.join(
                        publications, publications.col("published_at").leq(instants.col("exposed_at")))
                .groupBy("exposed_at")
                .agg(max(struct("publish_seq", "allocations_run_id")).as("live"))
                .select(col("exposed_at"), col("live.allocations_run_id").as("live_run_id"));
        List<Column> decision = new ArrayList<>(
                List.of(col("experiment_id"), col("user_id"), col("run_id").as("live_run_id")));
        COMPLETED.forEach(name -> decision.add(col(name).as("live_" + name + "_")));
        List<Column> completed = new ArrayList<>();
        for (String name : exposures.columns()) {
            completed.add(
                    COMPLETED.contains(name)
                            ? coalesce(col(name), col("live_" + name + "_")).as(name)
                            : col(name));
        }
        Dataset<Row> found = bare.join(live, new String[] {"exposed_at"}, "left")
                .join(
                        allocations.select(decision.toArray(Column[]::new)),
                        new String[] {"experiment_id", "user_id", "live_run_id"},
                        "left")
                .select(completed.toArray(Column[]::new));
        return logged.unionByName(found);
    }
}
