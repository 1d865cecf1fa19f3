package io.flagcast.training;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.greatest;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.log1p;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.skewness;
import static org.apache.spark.sql.functions.struct;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StringType;

/**
 * From named predictors to the vector that a model reads: numbers (skewed counts by log1p, missing ones by the mean and
 * an indicator), then one-hot levels with a place of their own for levels that training did not see.
 *
 * @param numbers numeric predictors
 * @param categories categorical predictors
 */
record PredictorEncoding(List<Numeric> numbers, List<Categorical> categories) implements Serializable {
    private static final double SKEWED = 2;
    private static final int MOST_LEVELS = 100;

    /**
     * A numeric predictor.
     *
     * @param name column
     * @param scale of its values
     * @param mean what a missing value is taken for, on that scale
     */
    record Numeric(String name, Scale scale, double mean) implements Serializable {}

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
     */
    record Categorical(String name, List<String> levels) implements Serializable {}

    PredictorEncoding {
        numbers = List.copyOf(numbers);
        categories = List.copyOf(categories);
    }

    /** Learns means, scales and levels from examples. */
    static PredictorEncoding fit(Dataset<Row> examples, List<String> predictors) {
        List<String> numeric = new ArrayList<>();
        List<String> categorical = new ArrayList<>();
        for (String name : predictors) {
            boolean isString = examples.schema().apply(name).dataType() instanceof StringType;
            (isString ? categorical : numeric).add(name);
        }
        return new PredictorEncoding(numbers(examples, numeric), categories(examples, categorical));
    }

    private static List<Numeric> numbers(Dataset<Row> examples, List<String> names) {
        if (names.isEmpty()) {
            return List.of();
        }
        List<Column> aggregates = new ArrayList<>();
        for (String name : names) {
            aggregates.add(min(name));
            aggregates.add(skewness(name));
            aggregates.add(avg(name));
            aggregates.add(avg(log1p(greatest(col(name), lit(0.0)))));
        }
        Row row = examples.agg(
                        aggregates.get(0),
                        aggregates.subList(1, aggregates.size()).toArray(Column[]::new))
                .head();
        List<Numeric> numbers = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            if (row.isNullAt(4 * i)) {
                // Never present in training: a constant, which the regression ignores.
                numbers.add(new Numeric(names.get(i), Scale.LINEAR, 0));
                continue;
            }
            boolean skewed = row.getDouble(4 * i) >= 0 && !row.isNullAt(4 * i + 1) && row.getDouble(4 * i + 1) > SKEWED;
            numbers.add(new Numeric(
                    names.get(i), skewed ? Scale.LOG1P : Scale.LINEAR, row.getDouble(4 * i + (skewed ? 3 : 2))));
        }
        return numbers;
    }

    private static List<Categorical> categories(Dataset<Row> examples, List<String> names) {
        if (names.isEmpty()) {
            return List.of();
        }
        Column[] pairs = names.stream()
                .map(name -> struct(lit(name).as("name"), col(name).as("level")))
                .toArray(Column[]::new);
        List<Row> counts = examples.select(explode(array(pairs)).as("pair"))
                .groupBy("pair.name", "pair.level")
                .agg(count(lit(1)).as("n"))
                .where(col("level").isNotNull())
                .orderBy(col("name"), col("n").desc(), col("level"))
                .collectAsList();
        return names.stream()
                .map(name -> new Categorical(
                        name,
                        counts.stream()
                                .filter(row -> row.getString(0).equals(name))
                                .limit(MOST_LEVELS)
                                .map(row -> row.getString(1))
                                .toList()))
                .toList();
    }

    /** Columns that {@link #encode} reads, in its order. */
    List<String> names() {
        List<String> names = new ArrayList<>();
        numbers.forEach(number -> names.add(number.name()));
        categories.forEach(category -> names.add(category.name()));
        return names;
    }

    /** What each place of the vector stands for. */
    List<String> places() {
        List<String> places = new ArrayList<>();
        for (Numeric number : numbers) {
            places.add(number.name());
            places.add(number.name() + " is missing");
        }
        for (Categorical category : categories) {
            places.add(category.name() + " is another");
            category.levels().forEach(level -> places.add(category.name() + " = " + level));
        }
        return places;
    }

    /**
     * The vector of a row.
     *
     * @param row values of {@link #names} in that order, from {@code offset} on
     */
    Vector encode(Row row, int offset) {
        double[] values = new double[size()];
        int place = 0;
        int index = offset;
        for (Numeric number : numbers) {
            if (row.isNullAt(index)) {
                values[place] = number.mean();
                values[place + 1] = 1;
            } else {
                double value = row.getDouble(index);
                values[place] = number.scale() == Scale.LOG1P ? Math.log1p(Math.max(0, value)) : value;
            }
            place += 2;
            index++;
        }
        for (Categorical category : categories) {
            int level = row.isNullAt(index) ? -1 : category.levels().indexOf(row.getString(index));
            values[place + 1 + level] = 1;
            place += 1 + category.levels().size();
            index++;
        }
        return Vectors.dense(values);
    }

    private int size() {
        return 2 * numbers.size()
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
