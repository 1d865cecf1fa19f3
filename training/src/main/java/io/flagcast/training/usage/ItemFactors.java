package io.flagcast.training.usage;

import java.io.Serializable;
import java.util.List;

/**
 * Item factors of an implicit matrix factorisation (Hu, Koren, Volinsky, Collaborative Filtering for Implicit Feedback
 * Datasets, 2008). They are frozen: users are folded in, see {@link FoldIn}, so that users of two days compare.
 *
 * @param items features with factors
 * @param factors one row per item
 * @param alpha confidence of one unit of log1p(usage)
 * @param regularisation penalty per observation
 */
@SuppressWarnings("ArrayRecordComponent") // Models are told apart by id, never by equals.
public record ItemFactors(List<String> items, double[][] factors, double alpha, double regularisation)
        implements Serializable {

    public ItemFactors {
        items = List.copyOf(items);
    }

    /** Number of factors. */
    public int rank() {
        return factors.length == 0 ? 0 : factors[0].length;
    }
}
