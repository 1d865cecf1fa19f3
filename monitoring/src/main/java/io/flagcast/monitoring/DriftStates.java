package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_distinct;
import static org.apache.spark.sql.functions.array_sort;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.floor;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.percentile_approx;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.struct;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.StringType;

/** How scores and predictors are distributed over the users. */
public final class DriftStates {

    /** Bins of a score: tenths of its range, each with its lower end, the last with both. */
    public static final int SCORE_BINS = 10;

    /** Levels of a category that have a bin of their own. */
    private static final int LEVELS = 20;

    private static final double[] TENTHS =
            IntStream.range(1, 10).mapToDouble(i -> i / 10.0).toArray();
    /** The rank of an edge is exact to a ten-thousandth. */
    private static final int ACCURACY = 10_000;

    private DriftStates() {}

    /** The bin of a score, 0 to 100. */
    public static int scoreBin(double score) {
        return Math.min((int) (score * SCORE_BINS / 100), SCORE_BINS - 1);
    }

    /**
     * How many users have which scores of a model.
     *
     * @param scores rows of {@code responsiveness_scores} of one run; left out are those of users of whom the model itself
     *     knows nothing, by their group or prior: its reference has none
     * @return {@code feature_id}, {@code model_id}, {@code bin} as {@link #scoreBin} and {@code users}
     */
    public static Dataset<Row> scores(Dataset<Row> scores) {
        Column bin = least(floor(col("score").multiply(SCORE_BINS).divide(100)), lit((long) SCORE_BINS - 1));
        return scores.where(col("source").isin("model", "collaborative"))
                .groupBy(col("feature_id"), col("model_id"), bin.cast("int").as("bin"))
                .agg(count(lit(1)).as("users"));
    }

    /**
     * Bins that later distributions are compared in: tenths of the users by a number, the most frequent levels of a
     * category.
     *
     * @param profiles rows of {@code user_profiles} of one run
     * @param names of the predictors, at least one
     * @return {@code predictor}, {@code edges} and {@code levels}, to be read by {@link PredictorBins#of}
     */
    public static Dataset<Row> bins(Dataset<Row> profiles, List<String> names) {
        List<String> categories = names.stream()
                .filter(name -> profiles.schema().apply(name).dataType() instanceof StringType)
                .toList();
        List<String> numbers =
                names.stream().filter(name -> !categories.contains(name)).toList();
        List<Dataset<Row>> bins = new ArrayList<>();
        if (!numbers.isEmpty()) {
            bins.add(edges(profiles, numbers));
        }
        if (!categories.isEmpty()) {
            bins.add(levels(profiles, categories));
        }
        return bins.stream().reduce(Dataset::union).orElseThrow();
    }

    private static Dataset<Row> edges(Dataset<Row> profiles, List<String> numbers) {
        Column[] cuts = columns(
                numbers,
                name -> percentile_approx(col(name), lit(TENTHS), lit(ACCURACY)).as(name));
        return profiles.agg(cuts[0], Arrays.copyOfRange(cuts, 1, cuts.length))
                .select(explode(array(columns(
                                numbers,
                                name -> struct(
                                        lit(name).as("predictor"),
                                        coalesce(array_distinct(col(name)), array().cast("array<double>"))
                                                .as("edges")))))
                        .as("of"))
                .select(
                        col("of.predictor"),
                        col("of.edges"),
                        array().cast("array<string>").as("levels"));
    }

    private static Dataset<Row> levels(Dataset<Row> profiles, List<String> categories) {
        Column each = array(columns(
                categories, name -> struct(lit(name).as("predictor"), col(name).as("level"))));
        Dataset<Row> frequent = profiles.select(explode(each).as("of"))
                .groupBy("of.predictor", "of.level")
                .agg(count(lit(1)).as("users"))
                .where(col("level").isNotNull())
                .withColumn(
                        "place",
                        row_number()
                                .over(Window.partitionBy("predictor")
                                        .orderBy(col("users").desc(), col("level"))))
                .where(col("place").leq(LEVELS));
        return frequent.groupBy("predictor")
                .agg(array_sort(collect_list(struct("place", "level"))).as("levels"))
                .select(
                        col("predictor"),
                        array().cast("array<double>").as("edges"),
                        expr("levels.level").as("levels"));
    }

    /**
     * How many users are in which bin.
     *
     * @param profiles rows of {@code user_profiles} of one run
     * @param bins at least one; a predictor may be there more than once
     * @return {@code place} in the list, {@code bin} and {@code users}; an empty bin has no row
     */
    public static Dataset<Row> predictors(Dataset<Row> profiles, List<PredictorBins> bins) {
        Column each = array(IntStream.range(0, bins.size())
                .mapToObj(place ->
                        struct(lit(place).as("place"), bins.get(place).bin().as("bin")))
                .toArray(Column[]::new));
        return profiles.select(explode(each).as("of"))
                .groupBy("of.place", "of.bin")
                .agg(count(lit(1)).as("users"));
    }

    private static Column[] columns(List<String> names, Function<String, Column> column) {
        return names.stream().map(column).toArray(Column[]::new);
    }
}
