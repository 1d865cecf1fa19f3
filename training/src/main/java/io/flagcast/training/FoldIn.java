package io.flagcast.training;

import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.CholeskyDecomposition;
import org.apache.commons.math3.linear.RealMatrix;

/**
 * A user's factors from usage, against frozen item factors, by the closed form
 * {@code (YᵀY + Yᵀ(C - I)Y + λ n I)⁻¹ YᵀC 1} (Hu, Koren, Volinsky 2008, equation 4; λ scaled by the user's number of
 * observations n as in Zhou, Wilkinson, Schreiber, Pan 2008, section 3.1).
 */
final class FoldIn implements Serializable {

    private static final long serialVersionUID = 1L;

    private final CollaborativeModel model;
    private final Map<String, Integer> places = new HashMap<>();
    private final double[][] gram;

    FoldIn(CollaborativeModel model) {
        this.model = model;
        for (int item = 0; item < model.items().size(); item++) {
            places.put(model.items().get(item), item);
        }
        RealMatrix y = new Array2DRowRealMatrix(model.factors(), false);
        this.gram = y.transpose().multiply(y).getData();
    }

    /**
     * The factors of a user.
     *
     * @param usage log1p of usage per item, as {@code item -> amount}; items without factors are ignored
     * @return one number per factor; zeros without usage
     */
    double[] user(Map<String, Double> usage) {
        int rank = gram.length;
        RealMatrix left = new Array2DRowRealMatrix(gram);
        double[] right = new double[rank];
        int observations = 0;
        // In one order, so that the sums have the same bits wherever the map was made.
        for (Map.Entry<String, Double> used : new TreeMap<>(usage).entrySet()) {
            Integer item = places.get(used.getKey());
            if (item == null || !(used.getValue() > 0)) {
                continue;
            }
            observations++;
            double extra = model.alpha() * used.getValue();
            double[] y = model.factors()[item];
            for (int i = 0; i < rank; i++) {
                right[i] += (1 + extra) * y[i];
                for (int j = 0; j <= i; j++) {
                    left.addToEntry(i, j, extra * y[i] * y[j]);
                }
            }
        }
        if (observations == 0) {
            return right;
        }
        for (int i = 0; i < rank; i++) {
            left.addToEntry(i, i, model.regularisation() * observations);
            for (int j = 0; j < i; j++) {
                left.setEntry(j, i, left.getEntry(i, j));
            }
        }
        return new CholeskyDecomposition(left)
                .getSolver()
                .solve(new ArrayRealVector(right, false))
                .toArray();
    }

    /** Whether anything that was used has factors. */
    boolean knowsAny(Map<String, Double> usage) {
        return usage.entrySet().stream().anyMatch(used -> places.containsKey(used.getKey()) && used.getValue() > 0);
    }

    /** Affinity of a user to a feature that has factors: the product of both. */
    double affinity(double[] user, String featureId) {
        double[] item = model.factors()[places.get(featureId)];
        double product = 0;
        for (int i = 0; i < item.length; i++) {
            product += user[i] * item[i];
        }
        return product;
    }
}
