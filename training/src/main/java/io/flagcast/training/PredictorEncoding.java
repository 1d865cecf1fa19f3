package io.flagcast.training;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;

import io.flagcast.training.usage.FoldIn;
import io.flagcast.training.usage.ItemFactors;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF2;

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
                                        EncodingTraining.LEAST_USERS_OF_A_LEVEL));
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

    int size() {
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
