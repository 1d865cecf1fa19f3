package io.flagcast.training;

import io.flagcast.training.usage.Family;
import io.flagcast.training.usage.GroupFactors;
import io.flagcast.training.usage.ItemFactors;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Affinities to all features of a {@link Family} from usage alone: item factors once, and a kilobyte for each feature.
 *
 * @param items frozen factors of all features that the pattern matches and enough users use
 * @param references affinities of the training users, per feature that is scored
 * @param groups factors of the users of attributes' levels, for users without usage
 * @param metrics of the fit, measured on a validation slice
 */
public record FamilyModel(
        ItemFactors items,
        NavigableMap<String, Percentiles> references,
        List<GroupFactors> groups,
        Map<String, Double> metrics)
        implements ResponsivenessModel {

    public FamilyModel {
        references = Collections.unmodifiableNavigableMap(new TreeMap<>(references));
        groups = List.copyOf(groups);
        metrics = Map.copyOf(metrics);
    }

    /** The features that it scores, in the order of their names. */
    public List<String> features() {
        return List.copyOf(references.keySet());
    }

    @Override
    public String learner() {
        return CollaborativeModel.LEARNER;
    }

    @Override
    public List<String> inputs() {
        return groups.stream().map(GroupFactors::attribute).toList();
    }
}
