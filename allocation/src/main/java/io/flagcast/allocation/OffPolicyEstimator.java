package io.flagcast.allocation;

import io.flagcast.allocation.OffPolicySums.Correction;

/**
 * Estimators of the mean reward that a policy would have had on users whom another policy decided about. Those with weights
 * are right where every action of the policy was logged with a known probability above 0; {@link #DM} is as good as its
 * reward model.
 */
public enum OffPolicyEstimator {
    /** Inverse propensity scoring, E[w r] (D. G. Horvitz, D. J. Thompson, JASA 47, 1952). */
    IPS("IPS", "without bias, the noisiest") {
        @Override
        public double value(OffPolicySums sums) {
            return sums.weightedReward();
        }
    },
    /** Self-normalised: E[w r] / E[w] (A. Swaminathan, T. Joachims, NIPS 2015). */
    SNIPS("SNIPS", "self-normalised IPS") {
        @Override
        public double value(OffPolicySums sums) {
            return sums.weightedReward() / sums.weight();
        }
    },
    /** Direct method: what the reward model expects, E[Σ π q] (A. Beygelzimer, J. Langford, KDD 2009). */
    DM("DM", "the reward model alone: no weights, no guarantee") {
        @Override
        public double value(OffPolicySums sums) {
            return sums.direct();
        }
    },
    /** Doubly robust: E[Σ π q + w (r − q)] (M. Dudík, J. Langford, L. Li, ICML 2011). */
    DR("DR", "doubly robust: the reward model, corrected") {
        @Override
        public double value(OffPolicySums sums) {
            return sums.corrected();
        }
    },
    /** Doubly robust, the correction left out above a weight (Y.-X. Wang, A. Agarwal, M. Dudík, ICML 2017). */
    SWITCH_DR("SWITCH-DR", "not corrected where weights are large") {
        @Override
        public double value(OffPolicySums sums) {
            return sums.corrected(Correction.SWITCH);
        }

        @Override
        double widening(OffPolicySums sums) {
            return sums.errorPerStandardError(Correction.SWITCH);
        }
    },
    /** Doubly robust with optimistic shrinkage, ŵ = λw / (w² + λ) (Y. Su and others, ICML 2020). */
    DROS("DRos", "corrected with shrunken weights") {
        @Override
        public double value(OffPolicySums sums) {
            return sums.corrected(Correction.SHRINKAGE);
        }

        @Override
        double widening(OffPolicySums sums) {
            return sums.errorPerStandardError(Correction.SHRINKAGE);
        }
    };

    private final String label;
    private final String description;

    OffPolicyEstimator(String label, String description) {
        this.label = label;
        this.description = description;
    }

    /** As in the literature. */
    public String label() {
        return label;
    }

    /** What it is, in a few words. */
    public String description() {
        return description;
    }

    /**
     * The estimate, in the unit of the reward.
     *
     * @param sums over at least one row; NaN without any, and for SNIPS where every weight is 0
     */
    public abstract double value(OffPolicySums sums);

    /** By how much an interval for chance alone has to be widened, at least 1, since the estimate may be biased. */
    double widening(OffPolicySums sums) {
        return 1;
    }
}
