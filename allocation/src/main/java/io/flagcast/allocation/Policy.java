package io.flagcast.allocation;

import io.flagcast.allocation.ramp.Level;
import io.flagcast.allocation.ramp.Level.Unit;
import io.flagcast.allocation.ramp.Ramp;
import io.flagcast.allocation.ramp.Step;
import java.io.Serializable;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** How an experiment turns a score into the base probability of being enabled. */
public sealed interface Policy extends Serializable {

    /**
     * The base probability, in [0, 1].
     *
     * @param score responsiveness score, 0 to 100
     * @param cell segment of the score, with the user's context
     */
    double baseProbability(double score, Cell cell);

    /** The same of a user with a score, where the policy looks at more of the user than that. */
    default double baseProbability(Candidate candidate, Cell cell) {
        return baseProbability(candidate.score().getAsDouble(), cell);
    }

    /**
     * The base probability of a user without a score.
     *
     * @param unscored what the experiment gives those of whom nothing is known
     */
    default double unscored(Candidate candidate, double unscored) {
        return unscored;
    }

    /**
     * This policy as a run uses it.
     *
     * @param parameters what rules, bandit and people have set
     * @param asOf instant of the run
     */
    default Policy inForce(AllocationParameters parameters, Instant asOf) {
        return this;
    }

    /** The active tier: those above it are enabled, no other is. Absent without tiers, or with a probability per tier. */
    default OptionalInt activeTier() {
        return OptionalInt.empty();
    }

    /** The steps by which it gives the feature to more users; none where its type has no ramp. */
    default Ramp ramp() {
        return Ramp.none(Unit.PERCENTAGE);
    }

    /** How far it goes, as a ramp counts it; absent where its probabilities are not of one number. */
    default Optional<Level> level() {
        OptionalInt tier = activeTier();
        return tier.isPresent() ? Optional.of(Level.ofTier(tier.getAsInt())) : Optional.empty();
    }

    /** The tier of a score; only tiered allocation has tiers. */
    default OptionalInt tier(double score) {
        return OptionalInt.empty();
    }

    /** The tier of a user with a score. */
    default OptionalInt tier(Candidate candidate) {
        return tier(candidate.score().getAsDouble());
    }

    /** How many tiers there are. */
    default OptionalInt tiers() {
        return OptionalInt.empty();
    }

    /**
     * Tier 0 is the highest: score at or above the first threshold.
     *
     * @param thresholds strictly descending scores, 0 to 100; n of them make n + 1 tiers
     * @param probabilities base probability per tier, each in [0, 1], never rising with the tier
     * @param ramp later active tiers
     */
    record Tiered(List<Double> thresholds, List<Double> probabilities, Ramp ramp) implements Policy {

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
            requireUnit(ramp, Unit.TIER);
            for (Step step : ramp.steps()) {
                requireTier((int) step.to(), thresholds);
            }
        }

        /** @param ramp steps of a ramp; none for no ramp */
        public Tiered(List<Double> thresholds, List<Double> probabilities, List<Step> ramp) {
            this(thresholds, probabilities, new Ramp(Unit.TIER, ramp));
        }

        private static void requireTier(int activeTier, List<Double> thresholds) {
            if (activeTier < 0 || activeTier > thresholds.size() + 1) {
                throw new IllegalArgumentException("active tier %d is outside [0, %d]: %d thresholds make %d tiers"
                        .formatted(activeTier, thresholds.size() + 1, thresholds.size(), thresholds.size() + 1));
            }
        }

        /**
         * Enabled where tier &lt; activeTier.
         *
         * @param activeTier 0 (nobody) to the number of tiers (everybody)
         */
        public static Tiered upTo(int activeTier, List<Double> thresholds) {
            requireTier(activeTier, thresholds);
            List<Double> probabilities = new ArrayList<>();
            for (int tier = 0; tier <= thresholds.size(); tier++) {
                probabilities.add(tier < activeTier ? 1.0 : 0.0);
            }
            return new Tiered(thresholds, probabilities, List.of());
        }

        /** This policy with a ramp: until it begins the probabilities hold as they are. */
        public Tiered withRamp(List<Step> steps) {
            return new Tiered(thresholds, probabilities, steps);
        }

        @Override
        public OptionalInt activeTier() {
            int enabled = (int) probabilities.stream()
                    .filter(probability -> probability == 1)
                    .count();
            boolean isAll = probabilities.stream().allMatch(probability -> probability == 0 || probability == 1);
            return isAll ? OptionalInt.of(enabled) : OptionalInt.empty();
        }

        @Override
        public OptionalInt tier(double score) {
            return OptionalInt.of(tierOf(score));
        }

        @Override
        public OptionalInt tiers() {
            return OptionalInt.of(probabilities.size());
        }

        @Override
        public Policy inForce(AllocationParameters parameters, Instant asOf) {
            OptionalInt set = parameters.activeTier();
            return set.isPresent()
                    ? upTo(Math.min(set.getAsInt(), thresholds.size() + 1), thresholds)
                    : ramp.level(parameters.rampLevel(), asOf)
                            // The file may have fewer tiers by now.
                            .map(level -> upTo((int) Math.min(level.value(), thresholds.size() + 1), thresholds))
                            .orElseGet(() -> new Tiered(thresholds, probabilities, List.of()));
        }

        @Override
        public double baseProbability(double score, Cell cell) {
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
     * Two tiers that are found: users of whom it is shown that enabling them pays ({@link Candidate#pays}), and the others. What
     * a user gains is known by the score, what he costs is his own, so that no one score parts them.
     *
     * @param tiering probabilities of both, and a ramp, by {@link #THRESHOLDS}
     */
    record Best(Tiered tiering) implements Policy {

        /** Of a score of 100 for those who pay, and 0 for the others. */
        public static final List<Double> THRESHOLDS = List.of(100.0);

        public Best {
            if (!tiering.thresholds().equals(THRESHOLDS)) {
                throw new IllegalArgumentException(
                        "best tiers are two, those who pay and the others, not by thresholds " + tiering.thresholds());
            }
        }

        private static double place(boolean pays) {
            return pays ? 100 : 0;
        }

        @Override
        public OptionalInt activeTier() {
            return tiering.activeTier();
        }

        @Override
        public OptionalInt tier(Candidate candidate) {
            return tiering.tier(place(candidate.pays()));
        }

        @Override
        public OptionalInt tiers() {
            return tiering.tiers();
        }

        @Override
        public Ramp ramp() {
            return tiering.ramp();
        }

        @Override
        public Policy inForce(AllocationParameters parameters, Instant asOf) {
            return new Best((Tiered) tiering.inForce(parameters, asOf));
        }

        /** Of a score alone it is not known whether it pays: that of those who do not. */
        @Override
        public double baseProbability(double score, Cell cell) {
            return tiering.baseProbability(place(false), cell);
        }

        @Override
        public double baseProbability(Candidate candidate, Cell cell) {
            return tiering.baseProbability(place(candidate.pays()), cell);
        }

        /** Where the average user pays, those without a score do; and where everybody is let in, they are, too. */
        @Override
        public double unscored(Candidate candidate, double unscored) {
            return Math.max(unscored, tiering.baseProbability(place(candidate.pays()), Cell.whole("unscored")));
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
        public double baseProbability(double score, Cell cell) {
            return floor + (ceiling - floor) * curve.weight(score);
        }
    }

    /**
     * The same for every score.
     *
     * @param probability in [0, 1], until the ramp begins
     * @param ramp later probabilities
     */
    record Percentage(double probability, Ramp ramp) implements Policy {

        public Percentage {
            requireProbability("percentage allocation", probability);
            requireUnit(ramp, Unit.PERCENTAGE);
        }

        /** Without a ramp. */
        public Percentage(double probability) {
            this(probability, Ramp.none(Unit.PERCENTAGE));
        }

        @Override
        public Policy inForce(AllocationParameters parameters, Instant asOf) {
            return new Percentage(
                    ramp.level(parameters.rampLevel(), asOf).map(Level::value).orElse(probability));
        }

        @Override
        public double baseProbability(double score, Cell cell) {
            return probability;
        }

        @Override
        public Optional<Level> level() {
            return Optional.of(Level.ofPercentage(probability));
        }
    }

    /**
     * What the bandit has learned for the cell; for a cell that it has not met, what it has learned for the whole segment;
     * {@link BanditLearner#START} before it has learned anything.
     *
     * @param learner how it learns
     * @param context profile columns, all categorical, that split a segment into cells; empty for none
     * @param learned base probability per cell, each in [0, 1]
     */
    record Bandit(BanditLearner learner, List<String> context, Map<Cell, Double> learned) implements Policy {

        /** Most cells of one experiment. */
        public static final int MOST_CELLS = 200;

        public Bandit {
            Objects.requireNonNull(learner, "learner");
            context = List.copyOf(context);
            if (context.size() != Set.copyOf(context).size()) {
                throw new IllegalArgumentException("context " + context + " names a column twice");
            }
            learned = Map.copyOf(learned);
            learned.values().forEach(probability -> requireProbability("learned probability", probability));
        }

        @Override
        public Policy inForce(AllocationParameters parameters, Instant asOf) {
            return new Bandit(learner, context, parameters.learned());
        }

        @Override
        public double baseProbability(double score, Cell cell) {
            Double own = learned.get(cell);
            return own != null ? own : learned.getOrDefault(Cell.whole(cell.segment()), BanditLearner.START);
        }
    }

    private static void requireUnit(Ramp ramp, Unit unit) {
        if (ramp.unit() != unit) {
            throw new IllegalArgumentException(
                    "ramp of %ss where one of %ss belongs".formatted(ramp.unit().label(), unit.label()));
        }
    }

    private static void requireProbability(String name, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException(name + " " + value + " is outside [0, 1]");
        }
    }
}
