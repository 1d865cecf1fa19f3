package io.flagcast.training.usage;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Item factors of an implicit matrix factorisation (Hu, Koren, Volinsky, Collaborative Filtering for Implicit Feedback
 * Datasets, 2008). They are frozen: users are folded in, see {@link FoldIn}, so that users of two days compare.
 *
 * @param items features with factors
 * @param factors one row per item
 * @param alpha confidence of one unit of log1p(usage)
 * @param regularisation penalty per observation
 */
@SuppressWarnings("ArrayRecordComponent") // Equal by what is in it, see below.
public record ItemFactors(List<String> items, double[][] factors, double alpha, double regularisation)
        implements Serializable {

    public ItemFactors {
        items = List.copyOf(items);
    }

    /** Models of several features may have been given the same ones, and have read them from files of their own. */
    @Override
    public boolean equals(Object other) {
        return other instanceof ItemFactors that
                && items.equals(that.items)
                && Arrays.deepEquals(factors, that.factors)
                && alpha == that.alpha
                && regularisation == that.regularisation;
    }

    @Override
    public int hashCode() {
        return Objects.hash(items, Arrays.deepHashCode(factors), alpha, regularisation);
    }

    /** Number of factors. */
    public int rank() {
        return factors.length == 0 ? 0 : factors[0].length;
    }
}
