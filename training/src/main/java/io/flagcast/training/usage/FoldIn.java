package io.flagcast.training.usage;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udf;

import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.CholeskyDecomposition;
import org.apache.commons.math3.linear.DecompositionSolver;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import scala.jdk.javaapi.CollectionConverters;

/**
 * A user's factors from usage, against frozen item factors, by the closed form
 * {@code (YᵀY + Yᵀ(C - I)Y + λ n I)⁻¹ YᵀC 1} (Hu, Koren, Volinsky 2008, equation 4; λ scaled by the user's number of
 * observations n as in Zhou, Wilkinson, Schreiber, Pan 2008, section 3.1).
 */
public final class FoldIn implements Serializable {

    private static final long serialVersionUID = 1L;

    private final ItemFactors items;
    private final Map<String, Integer> places = new HashMap<>();
    private final double[][] gram;

    public FoldIn(ItemFactors items) {
        this.items = items;
        for (int item = 0; item < items.items().size(); item++) {
            places.put(items.items().get(item), item);
        }
        RealMatrix y = new Array2DRowRealMatrix(items.factors(), false);
        this.gram = y.transpose().multiply(y).getData();
    }

    /**
     * What a used item adds to an affinity.
     *
     * @param item the item
     * @param amount of usage
     * @param effect what it adds
     */
    public record Part(String item, double amount, double effect) {}

    /**
     * The factors of a user.
     *
     * @param usage amount per item; items without factors are ignored
     * @return one number per factor; zeros without usage
     */
    public double[] user(Map<String, Double> usage) {
        Map<Integer, Double> confidences = confidences(usage);
        double[] right = new double[gram.length];
        confidences.forEach((item, extra) -> add(right, 1 + extra, item));
        return confidences.isEmpty()
                ? right
                : solver(confidences).solve(new ArrayRealVector(right, false)).toArray();
    }

    /**
     * What each used item adds to the affinity of a user to a feature: Hu, Koren, Volinsky 2008, section 5. The sum is the
     * affinity.
     */
    public List<Part> contributions(Map<String, Double> usage, String featureId) {
        Map<Integer, Double> confidences = confidences(usage);
        double[] weighted = solver(confidences)
                .solve(new ArrayRealVector(factors(featureId), false))
                .toArray();
        return confidences.entrySet().stream()
                .map(used -> new Part(
                        items.items().get(used.getKey()),
                        usage.get(items.items().get(used.getKey())),
                        (1 + used.getValue()) * product(weighted, items.factors()[used.getKey()])))
                .toList();
    }

    /** Confidence beyond 1 by place of the used item, in one order, so that sums have the same bits wherever the map was made. */
    private Map<Integer, Double> confidences(Map<String, Double> usage) {
        Map<Integer, Double> confidences = new TreeMap<>();
        usage.forEach((name, amount) -> {
            Integer item = places.get(name);
            if (item != null && amount > 0) {
                confidences.put(item, items.alpha() * Math.log1p(amount));
            }
        });
        return confidences;
    }

    private DecompositionSolver solver(Map<Integer, Double> confidences) {
        int rank = gram.length;
        RealMatrix left = new Array2DRowRealMatrix(gram);
        confidences.forEach((item, extra) -> {
            double[] y = items.factors()[item];
            for (int i = 0; i < rank; i++) {
                for (int j = 0; j <= i; j++) {
                    left.addToEntry(i, j, extra * y[i] * y[j]);
                }
            }
        });
        for (int i = 0; i < rank; i++) {
            left.addToEntry(i, i, items.regularisation() * confidences.size());
            for (int j = 0; j < i; j++) {
                left.setEntry(j, i, left.getEntry(i, j));
            }
        }
        return new CholeskyDecomposition(left).getSolver();
    }

    private void add(double[] sum, double weight, int item) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += weight * items.factors()[item][i];
        }
    }

    /** A usage map as Spark gives it; absent (null) for none. */
    public static Map<String, Double> amounts(scala.collection.Map<String, Double> usage) {
        return usage == null ? Map.of() : CollectionConverters.asJava(usage);
    }

    /** An array of numbers as Spark gives it. */
    public static double[] doubles(scala.collection.Seq<Double> values) {
        return CollectionConverters.asJava(values).stream()
                .mapToDouble(Double::doubleValue)
                .toArray();
    }

    /** The factors by {@code usage}. */
    public Column column() {
        UDF1<scala.collection.Map<String, Double>, double[]> factors = usage -> user(amounts(usage));
        return udf(factors, DataTypes.createArrayType(DataTypes.DoubleType)).apply(col("usage"));
    }

    /** Whether anything of {@code usage} has factors. */
    public Column known() {
        UDF1<scala.collection.Map<String, Double>, Boolean> known = usage -> knowsAny(amounts(usage));
        return udf(known, DataTypes.BooleanType).apply(col("usage"));
    }

    /** The factors of a feature that has some. */
    public double[] factors(String featureId) {
        return items.factors()[places.get(featureId)];
    }

    /** The affinity of a feature by {@code factors} of the user. */
    public Column affinity(String featureId) {
        double[] item = factors(featureId);
        UDF1<scala.collection.Seq<Double>, Double> affinity = user -> product(doubles(user), item);
        return udf(affinity, DataTypes.DoubleType).apply(col("factors"));
    }

    /** Whether anything that was used has factors. */
    public boolean knowsAny(Map<String, Double> usage) {
        return usage.entrySet().stream().anyMatch(used -> places.containsKey(used.getKey()) && used.getValue() > 0);
    }

    /** Affinity of a user to a feature that has factors: the product of both. */
    public double affinity(double[] user, String featureId) {
        return product(user, factors(featureId));
    }

    /** The product of the factors of a user and an item. */
    public static double product(double[] user, double[] item) {
        double product = 0;
        for (int i = 0; i < item.length; i++) {
            product += user[i] * item[i];
        }
        return product;
    }
}
