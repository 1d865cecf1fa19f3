package io.flagcast.statistics.posterior;

import io.flagcast.statistics.Normal;
import java.util.HashMap;
import java.util.Map;

/**
 * What the effects of like groups say of one another: each group's effect is drawn from one normal law, whose spread is
 * estimated from all of them. A group's own data are not in its own prior, so that they count once.
 *
 * <p>Sources: the normal hierarchical model, A. Gelman and others, "Bayesian Data Analysis", 3rd edition 2013, section
 * 5.4 (given the spread, and with any mean as likely as any other beforehand); the moment estimate of the spread, R.
 * DerSimonian, N. Laird, "Meta-Analysis in Clinical Trials", Controlled Clinical Trials 7 (1986). The spread is taken as
 * known, which is too sure with few groups.
 */
public final class PartialPooling {

    private PartialPooling() {}

    /**
     * For each group what the others say of its effect.
     *
     * @param effects estimate and squared standard error by group
     * @return a law by group; none where there is one group only, which has no others
     */
    public static <K> Map<K, Normal> priorsFromOthers(Map<K, Normal> effects) {
        double spread = spread(effects.values());
        double precision = 0;
        double weighted = 0;
        for (Normal effect : effects.values()) {
            double weight = 1 / (effect.variance() + spread);
            precision += weight;
            weighted += weight * effect.mean();
        }
        Map<K, Normal> priors = new HashMap<>();
        if (effects.size() > 1) {
            for (Map.Entry<K, Normal> group : effects.entrySet()) {
                double own = 1 / (group.getValue().variance() + spread);
                double others = precision - own;
                priors.put(
                        group.getKey(),
                        new Normal((weighted - own * group.getValue().mean()) / others, spread + 1 / others));
            }
        }
        return priors;
    }

    /** (Q − (k − 1)) / (Σw − Σw²/Σw) with w = 1 / variance and Q = Σ w (effect − weighted mean)²; at least 0. */
    private static double spread(Iterable<Normal> effects) {
        double weights = 0;
        double squaredWeights = 0;
        double weighted = 0;
        int groups = 0;
        for (Normal effect : effects) {
            double weight = 1 / effect.variance();
            weights += weight;
            squaredWeights += weight * weight;
            weighted += weight * effect.mean();
            groups++;
        }
        if (groups < 2) {
            return 0;
        }
        double mean = weighted / weights;
        double q = 0;
        for (Normal effect : effects) {
            q += (effect.mean() - mean) * (effect.mean() - mean) / effect.variance();
        }
        return Math.max(0, (q - (groups - 1)) / (weights - squaredWeights / weights));
    }
}
