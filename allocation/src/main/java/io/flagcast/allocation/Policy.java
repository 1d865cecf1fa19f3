package io.flagcast.allocation;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.TreeMap;

/** How an experiment turns a score into the base probability of being enabled. */
public sealed interface Policy extends Serializable {

    /**
     * The base probability, in [0, 1].
     *
     * @param score responsiveness score, 0 to 100
     * @param segment its segment
     */
    double baseProbability(double score, String segment);

    /** This policy with what rules, bandit and people have set. */
    default Policy with(AllocationParameters parameters) {
        return this;
    }

    /** The tier of a score; only tiered allocation has tiers. */
    default OptionalInt tier(double score) {
        return OptionalInt.empty();
    }

    /**
     * Tier 0 is the highest: score at or above the first threshold.
     *
     * @param thresholds strictly descending scores, 0 to 100; n of them make n + 1 tiers
     * @param probabilities base probability per tier, each in [0, 1], never rising with the tier
     */
    record Tiered(List<Double> thresholds, List<Double> probabilities) implements Policy {

        public Tiered {
            thresholds = List.copyOf(thresholds);
            probabilities = List.copyOf(probabilities);
            for (int i = 0; i < thresholds.size(); i++) {
                double threshold = thresholds.get(i);
                if (!(threshold >= 0 && threshold <= 100)) {
                    throw new IllegalArgumentException("tier threshold " + threshold + " is outside [0, 100]");
                }
                if (i > 0 && thresholds.get(i - 1) <= threshold) {
                    throw new IllegalArgumentException("tier thresholds " + thresholds
                            + " are out of order: tier 0 is the highest, list them descending");
                }
            }
            if (thresholds.isEmpty()) {
                throw new IllegalArgumentException("tier thresholds are empty: give at least one");
            }
            if (probabilities.size() != thresholds.size() + 1) {
                throw new IllegalArgumentException(
                        "%d tier thresholds make %d tiers, but there are %d tier probabilities"
                                .formatted(thresholds.size(), thresholds.size() + 1, probabilities.size()));
            }
            for (int i = 0; i < probabilities.size(); i++) {
                requireProbability("tier probability", probabilities.get(i));
                if (i > 0 && probabilities.get(i) > probabilities.get(i - 1)) {
                    throw new IllegalArgumentException("tier probabilities " + probabilities
                            + " rise with the tier: a higher tier (earlier in the list) is enabled at least as often");
                }
            }
        }

        /**
         * Enabled where tier &lt; activeTier.
         *
         * @param activeTier 0 (nobody) to the number of tiers (everybody)
         */
        public static Tiered upTo(int activeTier, List<Double> thresholds) {
            if (activeTier < 0 || activeTier > thresholds.size() + 1) {
                throw new IllegalArgumentException("active tier %d is outside [0, %d]: %d thresholds make %d tiers"
                        .formatted(activeTier, thresholds.size() + 1, thresholds.size(), thresholds.size() + 1));
            }
            List<Double> probabilities = new ArrayList<>();
            for (int tier = 0; tier <= thresholds.size(); tier++) {
                probabilities.add(tier < activeTier ? 1.0 : 0.0);
            }
            return new Tiered(thresholds, probabilities);
        }

        @Override
        public OptionalInt tier(double score) {
            return OptionalInt.of(tierOf(score));
        }

        @Override
        public Policy with(AllocationParameters parameters) {
            return parameters.activeTier().isPresent()
                    ? upTo(parameters.activeTier().getAsInt(), thresholds)
                    : this;
        }

        @Override
        public double baseProbability(double score, String segment) {
            return probabilities.get(tierOf(score));
        }

        private int tierOf(double score) {
            int tier = 0;
            while (tier < thresholds.size() && score < thresholds.get(tier)) {
                tier++;
            }
            return tier;
        }
    }

    /**
     * {@code floor + (ceiling - floor) * curve(score)}: higher scores are enabled more often, nobody is excluded.
     *
     * @param curve weight of a score
     * @param floor base probability at weight 0, in [0, 1]
     * @param ceiling base probability at weight 1, in [floor, 1]
     */
    record WeightedRandom(Curve curve, double floor, double ceiling) implements Policy {

        public WeightedRandom {
            Objects.requireNonNull(curve, "curve");
            requireProbability("floor", floor);
            requireProbability("ceiling", ceiling);
            if (floor > ceiling) {
                throw new IllegalArgumentException("floor " + floor + " is above ceiling " + ceiling);
            }
        }

        @Override
        public double baseProbability(double score, String segment) {
            return floor + (ceiling - floor) * curve.weight(score);
        }
    }

    /**
     * The same for every score.
     *
     * @param probability in [0, 1]
     */
    record Percentage(double probability) implements Policy {

        public Percentage {
            requireProbability("percentage allocation", probability);
        }

        @Override
        public double baseProbability(double score, String segment) {
            return probability;
        }
    }

    /**
     * What the bandit has learned for the segment; {@link ThompsonSampling#START} before it has learned anything.
     *
     * @param learner how it learns
     * @param learned base probability per segment, each in [0, 1]
     */
    record Bandit(ThompsonSampling learner, Map<String, Double> learned) implements Policy {

        public Bandit {
            Objects.requireNonNull(learner, "learner");
            learned = Map.copyOf(learned);
            learned.values().forEach(probability -> requireProbability("learned probability", probability));
        }

        @Override
        public Policy with(AllocationParameters parameters) {
            Map<String, Double> probabilities = new TreeMap<>(learned);
            parameters
                    .segments()
                    .forEach((segment, setting) -> setting.baseProbability()
                            .ifPresent(probability -> probabilities.put(segment, probability)));
            return new Bandit(learner, probabilities);
        }

        @Override
        public double baseProbability(double score, String segment) {
            return learned.getOrDefault(segment, ThompsonSampling.START);
        }
    }

    private static void requireProbability(String name, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException(name + " " + value + " is outside [0, 1]");
        }
    }
}
