package io.flagcast.training.encoding;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;

import io.flagcast.training.usage.FoldIn;
import io.flagcast.training.usage.ItemFactors;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
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
public record PredictorEncoding(
        List<Numeric> numbers, List<Categorical> categories, ItemFactors items, List<Numeric> factors)
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
    public record Numeric(String name, Scale scale, double mean, double deviation, double low, double high)
            implements Serializable {}

    /** Scale on which a number enters the model. */
    public enum Scale {
        LINEAR,
        LOG1P;

        public double of(double value) {
            return this == LOG1P ? Math.log1p(Math.max(0, value)) : value;
        }
    }

    /**
     * A categorical predictor.
     *
     * @param name column
     * @param levels levels with a place of their own, the most frequent of training
     * @param shares of the training users who had each of those levels
     * @param seen how many levels training saw
     */
    public record Categorical(String name, List<String> levels, List<Double> shares, long seen)
            implements Serializable {

        public Categorical {
            levels = List.copyOf(levels);
            shares = List.copyOf(shares);
        }
    }

    public PredictorEncoding {
        numbers = List.copyOf(numbers);
        categories = List.copyOf(categories);
        factors = List.copyOf(factors);
    }

    /** What a person should know of the predictors, a sentence each. */
    public List<String> notes() {
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
    public List<String> names() {
        List<String> names = new ArrayList<>();
        numbers.forEach(number -> names.add(number.name()));
        categories.forEach(category -> names.add(category.name()));
        return names;
    }

    /** The predictor that each place of the vector belongs to; a user's factors are one. */
    public List<String> places() {
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
    public double[] encode(Row row, double[] user) {
        return encode(new Encoder(this), row, user);
    }

    private double[] encode(Encoder encoder, Row row, double[] user) {
        return encoder.encode(
                new Encoder.Values() {
                    @Override
                    public double number(int index, Scale scale) {
                        return row.isNullAt(index) || !Double.isFinite(row.getDouble(index))
                                ? Double.NaN
                                : scale.of(row.getDouble(index));
                    }

                    @Override
                    public int level(int index) {
                        return row.isNullAt(index)
                                ? -1
                                : categories
                                        .get(index - numbers.size())
                                        .levels()
                                        .indexOf(row.getString(index));
                    }
                },
                user);
    }

    /** The vector of a user who is average in everything. */
    public double[] average() {
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
    public boolean knowsAny(Row row, Map<String, Double> usage) {
        return (readsUsage() && !usage.isEmpty())
                || Arrays.stream(attributes()).anyMatch(index -> !row.isNullAt(index));
    }

    /** Whether usage is a predictor: its factors, or an aggregate of it. */
    public boolean readsUsage() {
        return items != null || names().stream().anyMatch(name -> name.startsWith("usage_"));
    }

    /** Which of {@link #names} are no aggregates of usage, which are numbers without any usage too. */
    public int[] attributes() {
        List<String> names = names();
        return IntStream.range(0, names.size())
                .filter(index -> !names.get(index).startsWith("usage_"))
                .toArray();
    }

    /** The vectors of rows with the predictors and {@code usage}. */
    public Column vector() {
        PredictorEncoding encoding = this;
        Encoder encoder = new Encoder(this);
        Column user = foldIn().map(FoldIn::column).orElse(expr("array()").cast("array<double>"));
        UDF2<Row, scala.collection.Seq<Double>, Vector> encode =
                (row, factors) -> Vectors.dense(encoding.encode(encoder, row, FoldIn.doubles(factors)));
        return udf(encode, SQLDataTypes.VectorType()).apply(struct(columns()), user);
    }

    /** What folds users in, where usage is a predictor. */
    public Optional<FoldIn> foldIn() {
        return Optional.ofNullable(items).map(FoldIn::new);
    }

    public int size() {
        return 2 * numbers.size()
                + factors.size()
                + categories.stream()
                        .mapToInt(category -> 1 + category.levels().size())
                        .sum();
    }

    /** The columns of {@link #names} as {@link #encode} reads them. */
    public Column[] columns() {
        return names().stream()
                .map(name -> numbers.stream().anyMatch(number -> number.name().equals(name))
                        ? col(name).cast("double")
                        : col(name))
                .toArray(Column[]::new);
    }
}
