package io.flagcast.allocation;

import io.flagcast.allocation.BanditUpdate.Step;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Normal;
import io.flagcast.statistics.WeightedMoments;
import io.flagcast.statistics.posterior.BetaPosterior;
import io.flagcast.statistics.posterior.Comparison;
import io.flagcast.statistics.posterior.Comparison.Belief;
import io.flagcast.statistics.posterior.PartialPooling;
import io.flagcast.statistics.posterior.Posterior;
import io.flagcast.statistics.posterior.StudentPosterior;
import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.ToDoubleFunction;
import org.apache.commons.math3.distribution.NormalDistribution;

/**
 * How a bandit learns, in batches, which base probability each of its cells gets.
 *
 * <p>An update is a pure function of the evidence and of the probabilities in force: posteriors are compared by quadrature
 * and never sampled, so that a run can be repeated. Cells of one segment are partially pooled: the effects of the others are
 * the prior of each ({@link PartialPooling}), so that a small cell follows its segment. Segments are not pooled: scores are
 * there to tell them apart.
 *
 * <p>A probability beyond {@link #START} is a bet on an arm. A bet is raised only as far as the gate lets it
 * ({@link BanditUpdate.Gate}). It is taken back without proof, by {@code maxStep} per update, once the belief or the recent
 * evidence favours the other arm; before, it is kept, since the certainty of a belief wavers with every day's luck.
 *
 * <p>Sources: Thompson sampling, D. Russo and others, "A Tutorial on Thompson Sampling", 2018, section 3; forgetting by
 * discounted counts, V. Raj, S. Kalyani, "Taming Non-stationary Bandits: A Bayesian Approach", 2017; upper bounds of
 * posteriors, E. Kaufmann, O. Cappé, A. Garivier, "On Bayesian Upper Confidence Bounds for Bandit Problems", 2012, here
 * those of a normal law with the posterior's mean and variance at the level 1 − 1/n, n the effective users of both arms.
 *
 * @param algorithm how beliefs become a probability
 * @param reward the metric that it raises, or lowers where lower is better
 * @param floor probability in [0, 0.5] that each arm keeps whatever is believed: base probability = floor + (1 − 2
 *     floor) · weight of the enabled arm
 * @param maxStep most that one update moves a probability, in (0, 1]
 * @param minUsers effective users (Kish's, discounted by their age) that each arm of a segment needs before any of its cells
 *     moves away from {@link #START}, at least 1. With fewer, cells go back towards it: there both arms are learned soonest,
 *     so that an arm which gets too few users for what is forgotten is not starved for ever
 * @param dailyDiscount fraction of its weight that evidence keeps per day, in (0, 1]; 1 forgets nothing
 */
public record BanditLearner(
        Algorithm algorithm, Metric reward, double floor, double maxStep, long minUsers, double dailyDiscount)
        implements Serializable {

    /** Base probability before anything is learned: both arms alike. */
    public static final double START = 0.5;

    /** Most that an update may lose, as a fraction of the mean reward in force. */
    public static final double MARGIN = 0.01;

    /** Least effective sample size of an update. */
    public static final double LEAST_SAMPLE = 200;

    /**
     * How much faster evidence fades where it is asked what is true of late. The faster, the sooner a bet on an arm that has
     * turned bad is taken back, and the more often one on a good arm: chosen in the world of {@code BanditFlipTest}.
     */
    public static final double RECENT = 3.3;

    /** Evidence of a lower weight is forgotten: sums of squares of such weights would be 0. */
    private static final double LEAST_WEIGHT = 1e-12;

    /** How beliefs become the weight of the enabled arm, in [0, 1]. */
    public enum Algorithm {
        /** The probability that the enabled arm is better. */
        THOMPSON,
        /** 1 where the enabled arm's mean is better, 0 where it is worse; epsilon is twice the floor. */
        EPSILON_GREEDY,
        /** 1 where the enabled arm's upper bound is better, 0 where it is worse. */
        UCB
    }

    public BanditLearner {
        Objects.requireNonNull(algorithm, "algorithm");
        Objects.requireNonNull(reward, "reward");
        if (!(floor >= 0 && floor <= 0.5)) {
            throw new IllegalArgumentException("floor " + floor + " is outside [0, 0.5]");
        }
        if (!(maxStep > 0 && maxStep <= 1)) {
            throw new IllegalArgumentException("max_step " + maxStep + " is outside (0, 1]");
        }
        if (minUsers < 1) {
            throw new IllegalArgumentException("min_users " + minUsers + " is below 1");
        }
        if (!(dailyDiscount > 0 && dailyDiscount <= 1)) {
            throw new IllegalArgumentException("daily discount " + dailyDiscount + " is outside (0, 1]");
        }
    }

    /**
     * How much evidence of some age counts, in [0, 1]; 0 where it is forgotten.
     *
     * @param age since its outcome windows closed, not negative
     */
    public double weightOf(Duration age) {
        return weightOf(age, 1);
    }

    /** How much evidence of some age counts where it is asked what is true of late: that of {@link #RECENT} times the age. */
    public double recentWeightOf(Duration age) {
        return weightOf(age, RECENT);
    }

    private double weightOf(Duration age, double times) {
        double weight = Math.pow(dailyDiscount, times * age.toSeconds() / 86_400.0);
        return weight < LEAST_WEIGHT ? 0 : weight;
    }

    /** Days in which evidence loses half its weight, rounded up; the largest number where nothing is forgotten. */
    public long halfLifeDays() {
        if (dailyDiscount == 1) {
            return Long.MAX_VALUE;
        }
        // A discount is rounded: the half-life of whole days may lie a hair above them.
        return (long) Math.ceil(Math.log(0.5) / Math.log(dailyDiscount) - 1e-6);
    }

    /**
     * The next base probabilities.
     *
     * @param evidence rewards of every cell since the experiment began, discounted by {@link #weightOf}: whole segments where
     *     the experiment has no context, cells with a context where it has one
     * @param recent the same rewards, discounted by {@link #recentWeightOf}
     * @param inForce base probability of a cell
     * @return a step for every cell of the evidence and, where cells have a context, for their whole segments too: users with
     *     a context that nobody was seen with get that probability
     */
    public BanditUpdate update(Map<Cell, Arms> evidence, Map<Cell, Arms> recent, ToDoubleFunction<Cell> inForce) {
        Map<String, Map<Cell, Arms>> segments = new TreeMap<>();
        evidence.forEach((cell, arms) -> segments.computeIfAbsent(cell.segment(), name -> new TreeMap<>())
                .put(cell, arms));
        List<Step> steps = new ArrayList<>();
        segments.forEach((segment, cells) -> steps.addAll(steps(segment, cells, recent, inForce)));
        return new BanditUpdate(
                steps,
                BanditGate.judge(
                        steps.stream()
                                .filter(step -> evidence.containsKey(step.cell()))
                                .toList(),
                        reward.direction()));
    }

    private List<Step> steps(
            String segment, Map<Cell, Arms> cells, Map<Cell, Arms> recent, ToDoubleFunction<Cell> inForce) {
        Arms all = cells.values().stream().reduce(Arms.EMPTY, Arms::merge);
        if (all.enabled().effectiveSampleSize() < minUsers || all.control().effectiveSampleSize() < minUsers) {
            String reason =
                    ("%,d enabled and %,d control users in the segment are worth %,.0f and %,.0f, needs min_users %,d of"
                                    + " each")
                            .formatted(
                                    all.enabled().n(),
                                    all.control().n(),
                                    Math.floor(all.enabled().effectiveSampleSize()),
                                    Math.floor(all.control().effectiveSampleSize()),
                                    minUsers);
            return steps(segment, cells, all, (cell, arms) -> unlearned(cell, arms, START, reason, inForce));
        }
        Optional<Comparison> whole = belief(all);
        if (whole.isEmpty()) {
            String reason = "rewards that do not vary, or of fewer than five users: nothing to compare";
            return steps(
                    segment,
                    cells,
                    all,
                    (cell, arms) -> unlearned(cell, arms, inForce.applyAsDouble(cell), reason, inForce));
        }
        Arms lately = cells.keySet().stream()
                .map(cell -> recent.getOrDefault(cell, Arms.EMPTY))
                .reduce(Arms.EMPTY, Arms::merge);
        Map<Cell, Comparison> pooled = pooled(cells, all);
        return steps(
                segment,
                cells,
                all,
                (cell, arms) -> step(
                        cell,
                        arms,
                        cells.containsKey(cell) ? recent.getOrDefault(cell, Arms.EMPTY) : lately,
                        pooled.getOrDefault(cell, whole.get()),
                        inForce));
    }

    /** A step for every cell and, where none is the whole segment, for that too. */
    private static List<Step> steps(
            String segment, Map<Cell, Arms> cells, Arms all, BiFunction<Cell, Arms, Step> propose) {
        List<Step> steps = new ArrayList<>();
        cells.forEach((cell, arms) -> steps.add(propose.apply(cell, arms)));
        if (cells.keySet().stream().noneMatch(Cell::isWhole)) {
            steps.add(propose.apply(Cell.whole(segment), all));
        }
        return steps;
    }

    private Step unlearned(Cell cell, Arms arms, double target, String reason, ToDoubleFunction<Cell> inForce) {
        double before = inForce.applyAsDouble(cell);
        return new Step(cell, arms, Optional.empty(), target, before, towards(target, before), reason);
    }

    private Step step(Cell cell, Arms arms, Arms recent, Comparison belief, ToDoubleFunction<Cell> inForce) {
        double before = inForce.applyAsDouble(cell);
        // The floor is added, never cut off and renormalised: the order of beliefs stays, and each arm has its floor.
        double target = floor + (1 - 2 * floor) * weight(belief, arms);
        double better = isHigherBetter() ? belief.probabilityGreater() : 1 - belief.probabilityGreater();
        boolean kept = before > START
                ? target < before && better > 0.5 && favour(recent) > 0
                : before < START && target > before && better < 0.5 && favour(recent) < 0;
        String reason = "enabled %.4f ± %.4f, control %.4f ± %.4f, %s with probability %.3f%s"
                .formatted(
                        belief.first().mean(),
                        belief.first().standardDeviation(),
                        belief.second().mean(),
                        belief.second().standardDeviation(),
                        isHigherBetter() ? "higher" : "lower",
                        better,
                        kept ? "; kept, as recent evidence agrees" : "");
        return new Step(
                cell, arms, Optional.of(belief), target, before, kept ? before : towards(target, before), reason);
    }

    private double towards(double target, double before) {
        return before + Math.max(-maxStep, Math.min(maxStep, target - before));
    }

    /** By how much the enabled arm's mean is better, in the unit of the reward; 0 where an arm has none. */
    private double favour(Arms arms) {
        double difference = difference(arms).orElse(0);
        return isHigherBetter() ? difference : -difference;
    }

    /** Enabled minus control; absent where an arm has no mean: nobody, or of a ratio nothing to divide by. */
    private static OptionalDouble difference(Arms arms) {
        OptionalDouble enabled = arms.enabled().mean();
        OptionalDouble control = arms.control().mean();
        return enabled.isPresent() && control.isPresent()
                ? OptionalDouble.of(enabled.getAsDouble() - control.getAsDouble())
                : OptionalDouble.empty();
    }

    private boolean isHigherBetter() {
        return reward.direction() == Metric.Direction.HIGHER_IS_BETTER;
    }

    /** Weight of the enabled arm, in [0, 1]. */
    private double weight(Comparison belief, Arms arms) {
        return switch (algorithm) {
            case THOMPSON -> isHigherBetter() ? belief.probabilityGreater() : 1 - belief.probabilityGreater();
            case EPSILON_GREEDY -> choice(belief, 0);
            case UCB ->
                choice(
                        belief,
                        new NormalDistribution(null, 0, 1)
                                .inverseCumulativeProbability(1
                                        - 1
                                                / (arms.enabled().effectiveSampleSize()
                                                        + arms.control().effectiveSampleSize()
                                                        + 1)));
        };
    }

    /** 1 for the enabled arm, 0 for the other, ½ where neither is ahead. */
    private double choice(Comparison belief, double deviations) {
        return (1 + Math.signum(index(belief.first(), deviations) - index(belief.second(), deviations))) / 2;
    }

    private double index(Belief arm, double deviations) {
        return (isHigherBetter() ? arm.mean() : -arm.mean()) + deviations * arm.standardDeviation();
    }

    private Optional<Comparison> belief(Arms arms) {
        return posterior(arms.enabled())
                .flatMap(enabled -> posterior(arms.control()).map(control -> Comparison.of(enabled, control)));
    }

    /**
     * What each cell's own data and the effects of the other cells say together; only cells with data of both arms.
     *
     * @param all the rewards of the segment: how much they vary, and how high a proportion is, one cell cannot tell alone
     */
    private Map<Cell, Comparison> pooled(Map<Cell, Arms> cells, Arms all) {
        Map<Cell, Normal> effects = new TreeMap<>();
        cells.forEach((cell, arms) -> effect(arms, all).ifPresent(effect -> effects.put(cell, effect)));
        Map<Cell, Comparison> beliefs = new TreeMap<>();
        PartialPooling.priorsFromOthers(effects)
                .forEach((cell, prior) -> likelihood(cells.get(cell).enabled(), all)
                        .ifPresent(enabled -> likelihood(cells.get(cell).control(), all)
                                .ifPresent(control -> beliefs.put(cell, Comparison.of(enabled, control, prior)))));
        return beliefs;
    }

    /**
     * The difference of a cell's means, with the variance that rows have in the whole segment. Means of posteriors would
     * not do: each is drawn towards its prior by how few its rows are, and over many cells that adds up.
     */
    private Optional<Normal> effect(Arms arms, Arms all) {
        OptionalDouble difference = difference(arms);
        if (difference.isEmpty()) {
            return Optional.empty();
        }
        double variance = rowVariance(all.enabled()) / arms.enabled().effectiveSampleSize()
                + rowVariance(all.control()) / arms.control().effectiveSampleSize();
        return Optional.of(new Normal(difference.getAsDouble(), variance));
    }

    private double rowVariance(WeightedMoments rewards) {
        if (reward.kind() == Metric.Kind.PROPORTION) {
            double rate = posterior(rewards).map(Posterior::mean).orElse(0.5);
            return rate * (1 - rate);
        }
        return rewards.variance().orElse(0) * rewards.effectiveSampleSize();
    }

    /**
     * The belief in an arm of a cell, before what other cells say of the effect: a proportion begins at the segment's, worth
     * as many users as have one success or one failure together, in both arms alike.
     */
    private Optional<Posterior> likelihood(WeightedMoments rewards, Arms all) {
        if (reward.kind() != Metric.Kind.PROPORTION || rewards.n() == 0) {
            return posterior(rewards);
        }
        double rows = rewards.effectiveSampleSize();
        double successes = Math.max(0, Math.min(rows, rows * rewards.mean().orElseThrow()));
        double users = all.enabled().effectiveSampleSize() + all.control().effectiveSampleSize();
        double level = (1
                        + all.enabled().effectiveSampleSize()
                                * all.enabled().mean().orElseThrow()
                        + all.control().effectiveSampleSize()
                                * all.control().mean().orElseThrow())
                / (2 + users);
        double worth = 1 / Math.min(level, 1 - level);
        return Optional.of(new BetaPosterior(
                Math.max(1, successes + worth * level), Math.max(1, rows - successes + worth * (1 - level))));
    }

    /** Absent where rows are too few, or do not vary although they are no proportion. */
    private Optional<Posterior> posterior(WeightedMoments rewards) {
        double rows = rewards.effectiveSampleSize();
        if (reward.kind() == Metric.Kind.PROPORTION) {
            double successes = rewards.n() == 0 ? 0 : rows * rewards.mean().orElseThrow();
            // Rounding of weighted sums must not leave a negative count.
            return rewards.n() == 0
                    ? Optional.empty()
                    : Optional.of(BetaPosterior.of(Math.max(0, successes), Math.max(0, rows - successes)));
        }
        double variance = rewards.variance().orElse(0);
        return rows > 4 && variance > 0
                ? Optional.of(new StudentPosterior(rewards.mean().orElseThrow(), Math.sqrt(variance), rows - 1))
                : Optional.empty();
    }
}
