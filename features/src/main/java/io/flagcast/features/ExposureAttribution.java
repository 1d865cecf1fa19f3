package io.flagcast.features;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Completes exposures that were logged without their decision from the publication that was live at the time. */
public final class ExposureAttribution {

    /** The reason of an answer that the decision which was live is not: it came from somewhere else, as an imported test. */
    public static final String ELSEWHERE = "elsewhere";

    /** What is known of a user, whoever answered. */
    private static final List<String> OF_USER = List.of("score", "segment");
    /** What is known of an answer. */
    private static final List<String> OF_ANSWER = List.of("propensity", "parameters_version", "run_id");

    private static final List<String> COMPLETED = Stream.of(OF_USER, OF_ANSWER, List.of("reason"))
            .flatMap(List::stream)
            .toList();
    /** Reasons for which nobody is enabled, and which say who counts: they stay whatever the answer was. */
    private static final List<String> STANDING = List.of("holdout", "inactive");

    private static final Column BARE =
            col("run_id").isNull().and(col("propensity").isNull());

    private ExposureAttribution() {}

    private static Column live(String name) {
        Column live = col("live_" + name + "_");
        Column isAnswer = col("live_enabled_").equalTo(col("enabled"));
        if (OF_USER.contains(name)) {
            return live;
        }
        return OF_ANSWER.contains(name)
                ? when(isAnswer, live)
                : when(isAnswer.or(live.isin(STANDING.toArray())), live)
                        .when(col("live_enabled_").isNotNull(), ELSEWHERE);
    }

    /** The exposures that were logged without their decision. */
    public static Dataset<Row> incomplete(Dataset<Row> exposures) {
        return exposures.where(BARE);
    }

    /**
     * Fills the decision of every exposure that lacks it; what was logged is kept. Where the answer is not the decision, it is filled with
     * what is known of the user, and its reason is {@link #ELSEWHERE}.
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
        List<Column> decision = new ArrayList<>(List.of(
                col("experiment_id"),
                col("user_id"),
                col("run_id").as("live_run_id"),
                col("enabled").as("live_enabled_")));
        COMPLETED.forEach(name -> decision.add(col(name).as("live_" + name + "_")));
        List<Column> completed = new ArrayList<>();
        for (String name : exposures.columns()) {
            completed.add(
                    COMPLETED.contains(name) ? coalesce(col(name), live(name)).as(name) : col(name));
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
