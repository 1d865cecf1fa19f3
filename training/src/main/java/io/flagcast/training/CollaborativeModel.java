package io.flagcast.training;

import io.flagcast.training.usage.ItemFactors;
import java.util.List;
import java.util.Map;

/**
 * Affinities to features from usage alone.
 *
 * @param items frozen item factors
 * @param references affinities of the training users, per feature that is scored
 * @param groups affinities of users without usage, per feature that is scored; a feature whose groups do not differ has none
 * @param metrics of the fit, measured on a validation slice
 */
public record CollaborativeModel(
        ItemFactors items, Map<String, Reference> references, Map<String, Groups> groups, Map<String, Double> metrics)
        implements ResponsivenessModel {

    /** The learner of all models from usage alone. */
    public static final String LEARNER = "implicit_als";

    /**
     * What is expected of the users of an attribute's levels.
     *
     * @param attribute a categorical predictor
     * @param affinities expected affinity by level, shrunken by empirical Bayes
     */
    record Groups(String attribute, Map<String, Double> affinities) implements java.io.Serializable {

        Groups {
            affinities = Map.copyOf(affinities);
        }
    }

    public CollaborativeModel {
        references = Map.copyOf(references);
        groups = Map.copyOf(groups);
        metrics = Map.copyOf(metrics);
    }

    /** What scores one feature. */
    public CollaborativeModel of(String featureId) {
        return new CollaborativeModel(
                items,
                Map.of(featureId, references.get(featureId)),
                groups.containsKey(featureId) ? Map.of(featureId, groups.get(featureId)) : Map.of(),
                metrics);
    }

    @Override
    public String learner() {
        return LEARNER;
    }

    @Override
    public List<String> inputs() {
        return groups.values().stream()
                .map(Groups::attribute)
                .distinct()
                .sorted()
                .toList();
    }
}
