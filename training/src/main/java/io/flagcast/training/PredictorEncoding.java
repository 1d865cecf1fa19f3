package io.flagcast.training;

import static org.apache.spark.sql.functions.abs;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.greatest;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.log1p;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.skewness;
import static org.apache.spark.sql.functions.stddev_pop;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.types.StringType;

/**
 * From named predictors to the vector that a model reads: standardised numbers (skewed counts by log1p, missing ones by the
 * mean and an indicator, values beyond those of training by the nearest of training), a user's factors, then one-hot levels
 * with a place of their own for levels that training did not see.
 *
 * @param numbers numeric predictors
 * @param categories categorical predictors
 * @param items frozen item factors that users are folded in against; absent (null) where usage is no predictor
 * @param factors scale of each of a user's factors; empty without items
 */
record PredictorEncoding(List<Numeric> numbers, List<Categorical> categories, ItemFactors items, List<Numeric> factors)
        implements Serializable {
    private static final double SKEWED = 2;
    private static final int MOST_LEVELS = 100;
    private static final int LEAST_USERS_OF_A_LEVEL = 20;

    /**
     * A numeric predictor; all numbers are on its scale.
     *
     * @param name column
     * @param scale of its values
     * @param mean what a missing value is taken for
     * @param deviation standard deviation; 0 for a constant, which then has no influence
     * @param low least value of training
     * @param high greatest value of training
     */
    record Numeric(String name, Scale scale, double mean, double deviation, double low, double high)
            implements Serializable {

        private double standardised(double value) {
            double scaled = scale == Scale.LOG1P ? Math.log1p(Math.max(0, value)) : value;
            return deviation == 0 ? 0 : (Math.max(low, Math.min(high, scaled)) - mean) / deviation;
        }
    }

    /** Scale on which a number enters the model. */
    enum Scale {
        LINEAR,
        LOG1P
    }

    /**
     * A categorical predictor.
     *
     * @param name column
     * @param levels levels with a place of their own, the most frequent of training
     * @param shares of the training users who had each of those levels
     * @param seen how many levels training saw
     */
    record Categorical(String name, List<String> levels, List<Double> shares, long seen) implements Serializable {

        Categorical {
            levels = List.copyOf(levels);
            shares = List.copyOf(shares);
        }
    }

    PredictorEncoding {
        numbers = List.copyOf(numbers);
        categories = List.copyOf(categories);
        factors = List.copyOf(factors);
    }

    /**
     * Learns means, scales and levels from examples.
     *
     * @param examples the predictors and {@code usage}
     * @param predictors names of columns
     * @param items item factors that users are folded in against, where usage is a predictor
     */
    static PredictorEncoding fit(Dataset<Row> examples, List<String> predictors, Optional<ItemFactors> items) {
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
        List<Column> aggregates = new ArrayList<>();
        for (Column column : columns.values()) {
            // As encode reads it: what is not finite is missing.
            Column value = when(not(column.isNaN()).and(abs(column).notEqual(Double.POSITIVE_INFINITY)), column);
            Column logarithm = log1p(greatest(value, lit(0.0)));
            aggregates.add(struct(
                    min(value).as("low"),
                    max(value).as("high"),
                    skewness(value).as("skewness"),
                    avg(value).as("mean"),
                    stddev_pop(value).as("deviation"),
                    avg(logarithm).as("log_mean"),
                    stddev_pop(logarithm).as("log_deviation")));
        }
        Row row = examples.select(struct(aggregates.toArray(Column[]::new)))
                .head()
                .getStruct(0);
        List<Numeric> numbers = new ArrayList<>();
        for (String name : columns.keySet()) {
            numbers.add(number(name, row.getStruct(numbers.size())));
        }
        return numbers;
    }

    private static Numeric number(String name, Row of) {
        if (of.isNullAt(0)) {
            // Never present in training: without influence.
            return new Numeric(name, Scale.LINEAR, 0, 0, 0, 0);
        }
        double low = of.getAs("low");
        double high = of.getAs("high");
        boolean skewed = low >= 0 && !of.isNullAt(2) && of.<Double>getAs("skewness") > SKEWED;
        return skewed
                ? new Numeric(
                        name,
                        Scale.LOG1P,
                        of.getAs("log_mean"),
                        deviation(of.getAs("log_deviation"), Math.log1p(high)),
                        Math.log1p(low),
                        Math.log1p(high))
                : new Numeric(
                        name,
                        Scale.LINEAR,
                        of.getAs("mean"),
                        deviation(of.getAs("deviation"), Math.max(Math.abs(low), Math.abs(high))),
                        low,
                        high);
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

    /** What a person should know of the predictors, a sentence each. */
    List<String> notes() {
        List<String> notes = new ArrayList<>();
        List<String> constant = new ArrayList<>();
        numbers.stream().filter(number -> number.deviation() == 0).forEach(number -> constant.add(number.name()));
        for (Categorical category : categories) {
            if (category.seen() < 2) {
                constant.add(category.name());
            } else if (category.levels().size() < category.seen()) {
                notes.add(
                        "predictor %s has %,d levels: the %,d most frequent with %d users or more count, the others as one"
                                .formatted(
                                        category.name(),
                                        category.seen(),
                                        category.levels().size(),
                                        LEAST_USERS_OF_A_LEVEL));
            }
        }
        if (!constant.isEmpty()) {
            notes.add("constant or empty, so without influence: " + String.join(", ", constant));
        }
        return notes;
    }

    /** Columns that {@link #encode} reads, in its order. */
    List<String> names() {
        List<String> names = new ArrayList<>();
        numbers.forEach(number -> names.add(number.name()));
        categories.forEach(category -> names.add(category.name()));
        return names;
    }

    /** The predictor that each place of the vector belongs to; a user's factors are one. */
    List<String> places() {
        List<String> places = new ArrayList<>();
        for (Numeric number : numbers) {
            places.add(number.name());
            places.add(number.name());
        }
        factors.forEach(factor -> places.add("usage factors"));
        for (Categorical category : categories) {
            places.addAll(Collections.nCopies(1 + category.levels().size(), category.name()));
        }
        return places;
    }

    /**
     * The vector of a row.
     *
     * @param row values of {@link #names} in that order
     * @param user the user's factors; empty without items
     */
    double[] encode(Row row, double[] user) {
        double[] values = new double[size()];
        int place = 0;
        int index = 0;
        for (Numeric number : numbers) {
            if (row.isNullAt(index) || !Double.isFinite(row.getDouble(index))) {
                values[place + 1] = 1;
            } else {
                values[place] = number.standardised(row.getDouble(index));
            }
            place += 2;
            index++;
        }
        for (int i = 0; i < factors.size(); i++) {
            values[place++] = factors.get(i).standardised(user[i]);
        }
        for (Categorical category : categories) {
            int level = row.isNullAt(index) ? -1 : category.levels().indexOf(row.getString(index));
            values[place + 1 + level] = 1;
            place += 1 + category.levels().size();
            index++;
        }
        return values;
    }

    /** The vector of a user who is average in everything. */
    double[] average() {
        double[] values = new double[size()];
        int place = 2 * numbers.size() + factors.size();
        for (Categorical category : categories) {
            values[place] =
                    1 - category.shares().stream().mapToDouble(share -> share).sum();
            for (int level = 0; level < category.levels().size(); level++) {
                values[place + 1 + level] = category.shares().get(level);
            }
            place += 1 + category.levels().size();
        }
        return values;
    }

    /** Whether anything is known of a user: an attribute, or any usage. */
    boolean knowsAny(Row row, Map<String, Double> usage) {
        List<String> names = names();
        boolean readsUsage = items != null || names.stream().anyMatch(name -> name.startsWith("usage_"));
        return (readsUsage && !usage.isEmpty())
                || IntStream.range(0, row.size())
                        // Aggregates of usage are numbers without any usage too.
                        .anyMatch(i -> !row.isNullAt(i) && !names.get(i).startsWith("usage_"));
    }

    /** The vectors of rows with the predictors and {@code usage}. */
    Column vector() {
        PredictorEncoding encoding = this;
        Column user = foldIn().map(FoldIn::column).orElse(expr("array()").cast("array<double>"));
        UDF2<Row, scala.collection.Seq<Double>, Vector> encode =
                (row, factors) -> Vectors.dense(encoding.encode(row, FoldIn.doubles(factors)));
        return udf(encode, SQLDataTypes.VectorType()).apply(struct(columns()), user);
    }

    /** What folds users in, where usage is a predictor. */
    Optional<FoldIn> foldIn() {
        return Optional.ofNullable(items).map(FoldIn::new);
    }

    private int size() {
        return 2 * numbers.size()
                + factors.size()
                + categories.stream()
                        .mapToInt(category -> 1 + category.levels().size())
                        .sum();
    }

    /** The columns of {@link #names} as {@link #encode} reads them. */
    Column[] columns() {
        return names().stream()
                .map(name -> numbers.stream().anyMatch(number -> number.name().equals(name))
                        ? col(name).cast("double")
                        : col(name))
                .toArray(Column[]::new);
    }
}
