package io.flagcast.training;

import java.util.List;
import java.util.Map;

/**
 * Item factors of an implicit matrix factorisation (Hu, Koren, Volinsky, Collaborative Filtering for Implicit Feedback
 * Datasets, 2008). They are frozen: users are folded in, see {@link FoldIn}, so that affinities of two days compare.
 *
 * @param items features with factors
 * @param factors one row per item
 * @param alpha confidence of one unit of log1p(usage)
 * @param regularisation λ
 * @param references affinities of the training users, per feature that is scored
 * @param metrics of the fit
 */
@SuppressWarnings("ArrayRecordComponent") // Models are told apart by id, never by equals.
public record CollaborativeModel(
        List<String> items,
        double[][] factors,
        double alpha,
        double regularisation,
        Map<String, Reference> references,
        Map<String, Double> metrics)
        implements ResponsivenessModel {

    public CollaborativeModel {
        items = List.copyOf(items);
        references = Map.copyOf(references);
        metrics = Map.copyOf(metrics);
    }
}
