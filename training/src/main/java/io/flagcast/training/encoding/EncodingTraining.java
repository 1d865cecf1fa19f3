package io.flagcast.training.encoding;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;

import io.flagcast.training.encoding.PredictorEncoding.Categorical;
import io.flagcast.training.encoding.PredictorEncoding.Numeric;
import io.flagcast.training.encoding.PredictorEncoding.Scale;
import io.flagcast.training.usage.FoldIn;
import io.flagcast.training.usage.ItemFactors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.types.StringType;

/** Learns a {@link PredictorEncoding} from examples: means, scales and levels. */
public final class EncodingTraining {

    /** A level that fewer users have has no place of its own. */
    static final int LEAST_USERS_OF_A_LEVEL = 20;

    private static final int MOST_LEVELS = 100;
    private static final double SKEWED = 2;

    private EncodingTraining() {}

    /**
     * Learns from examples.
     *
     * @param examples the predictors and {@code usage}
     * @param predictors names of columns
     * @param items item factors that users are folded in against, where usage is a predictor
     */
    public static PredictorEncoding train(Dataset<Row> examples, List<String> predictors, Optional<ItemFactors> items) {
        List<String> numeric = new ArrayList<>();
        List<String> categorical = new ArrayList<>();
        for (String name : predictors) {
            boolean isString = examples.schema().apply(name).dataType() instanceof StringType;
            (isString ? categorical : numeric).add(name);
        }
        Map<String, Column> columns = new LinkedHashMap<>();
        numeric.forEach(name -> columns.put(name, col(name).cast("double")));
        int rank = items.map(ItemFactors::rank).orElse(0);
        for (int i = 0; i < rank; i++) {
            columns.put("usage factor " + (i + 1), col("_factors").getItem(i));
        }
        Dataset<Row> folded = items.map(known -> examples.withColumn("_factors", new FoldIn(known).column()))
                .orElse(examples);
        List<Numeric> all = numbers(folded, columns);
        return new PredictorEncoding(
                all.subList(0, numeric.size()),
                categories(examples, categorical),
                items.orElse(null),
                all.subList(numeric.size(), all.size()));
    }

    private static List<Numeric> numbers(Dataset<Row> examples, Map<String, Column> columns) {
        if (columns.isEmpty()) {
            return List.of();
        }
        List<ColumnMoments> moments = ColumnMoments.of(examples, columns.values());
        List<Numeric> numbers = new ArrayList<>();
        for (String name : columns.keySet()) {
            numbers.add(number(name, moments.get(numbers.size())));
        }
        return numbers;
    }

    private static Numeric number(String name, ColumnMoments of) {
        if (of.n() == 0) {
            // Never present in training: without influence.
            return new Numeric(name, Scale.LINEAR, 0, 0, 0, 0);
        }
        boolean skewed = of.low() >= 0 && of.skewness() > SKEWED;
        return skewed
                ? new Numeric(
                        name,
                        Scale.LOG1P,
                        of.logMean(),
                        deviation(of.logDeviation(), Math.log1p(of.high())),
                        Math.log1p(of.low()),
                        Math.log1p(of.high()))
                : new Numeric(
                        name,
                        Scale.LINEAR,
                        of.mean(),
                        deviation(of.deviation(), Math.max(Math.abs(of.low()), Math.abs(of.high()))),
                        of.low(),
                        of.high());
    }

    /** What is no more than rounding is no deviation. */
    private static double deviation(double measured, double size) {
        return measured <= 1e-9 * size ? 0 : measured;
    }

    private static List<Categorical> categories(Dataset<Row> examples, List<String> names) {
        if (names.isEmpty()) {
            return List.of();
        }
        Column[] pairs = names.stream()
                .map(name -> struct(lit(name).as("name"), col(name).as("level")))
                .toArray(Column[]::new);
        WindowSpec ofName = Window.partitionBy("name");
        List<Row> frequent = examples.select(explode(array(pairs)).as("pair"))
                .groupBy("pair.name", "pair.level")
                .agg(count(lit(1)).as("n"))
                .withColumn("seen", count("level").over(ofName))
                .withColumn("users", sum("n").over(ofName))
                .where(col("level").isNotNull())
                .withColumn("place", row_number().over(ofName.orderBy(col("n").desc(), col("level"))))
                .where(col("place").leq(MOST_LEVELS))
                .orderBy("name", "place")
                .collectAsList();
        return names.stream()
                .map(name -> categorical(
                        name,
                        frequent.stream()
                                .filter(row -> row.getAs("name").equals(name))
                                .toList()))
                .toList();
    }

    private static Categorical categorical(String name, List<Row> frequent) {
        List<Row> own = frequent.stream()
                .filter(row -> row.<Long>getAs("n") >= LEAST_USERS_OF_A_LEVEL)
                .toList();
        return new Categorical(
                name,
                own.stream().map(row -> row.<String>getAs("level")).toList(),
                own.stream()
                        .map(row -> row.<Long>getAs("n") / (double) row.<Long>getAs("users"))
                        .toList(),
                frequent.isEmpty() ? 0 : frequent.get(0).getAs("seen"));
    }
}
