package io.flagcast.statistics;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Means of many groups, each drawn towards the mean of all by as much as its own is noise: for groups of which some
 * have few rows, closer to the true means together than the raw ones. A single group's mean is biased towards the rest,
 * so this ranks and predicts; it does not test.
 *
 * <p>The model is normal in both layers: true means around the overall one with variance A, a group's raw mean of n
 * rows around its true one with variance s²/n. The shrunken mean is the posterior one, overall + (A / (A + s²/n)) ·
 * (raw − overall), with A and the overall mean estimated. Sources: C. N. Morris, "Parametric Empirical Bayes
 * Inference: Theory and Applications", JASA 78 (1983), without its correction for few groups; the moment estimate of A,
 * R. DerSimonian, N. Laird, "Meta-Analysis in Clinical Trials", Controlled Clinical Trials 7 (1986).
 *
 * <p>The variance s² within a group is the pooled one for every group. A group's own would be all noise where rows are
 * few, 0 where none of them converted, and for rates rise with the mean, so that low groups would weigh more.
 *
 * @param overall mean of the groups, each weighted by 1 / (A + s²/n)
 * @param betweenVariance A, variance of the true means, at least 0; 0 where the groups differ no more than noise does,
 *     and then every mean is the overall one
 * @param means shrunken mean by group; the overall one for a group without rows
 */
public record EmpiricalBayes(double overall, double betweenVariance, Map<String, Double> means) {

    /** @throws IllegalArgumentException if a number is not finite, or the variance is negative */
    public EmpiricalBayes {
        means = Map.copyOf(means);
        if (!Double.isFinite(overall)) {
            throw new IllegalArgumentException("EmpiricalBayes: overall is " + overall + ", it must be finite");
        }
        if (!Double.isFinite(betweenVariance) || betweenVariance < 0) {
            throw new IllegalArgumentException("EmpiricalBayes: variance between groups is " + betweenVariance
                    + ", it must be finite and at least 0");
        }
        means.forEach((group, mean) -> {
            if (!Double.isFinite(mean)) {
                throw new IllegalArgumentException(
                        "EmpiricalBayes: mean of group " + group + " is " + mean + ", it must be finite");
            }
        });
    }

    /**
     * The shrunken means of the groups.
     *
     * @param groups moments of each group's rows, by its name
     * @return absent where no group has two rows, which leaves the noise unknown
     */
    public static Optional<EmpiricalBayes> of(Map<String, Moments> groups) {
        Collection<Moments> withRows =
                groups.values().stream().filter(group -> group.n() > 0).toList();
        long rows = withRows.stream().mapToLong(Moments::n).sum();
        if (rows == withRows.size()) {
            return Optional.empty();
        }
        double within = withRows.stream().mapToDouble(Moments::m2).sum() / (rows - withRows.size());
        double between = betweenVariance(withRows, within);
        double weights = 0;
        double weighted = 0;
        for (Moments group : withRows) {
            // In proportion to 1 / (A + s²/n), and defined where both are 0.
            double weight = between > 0 ? group.n() / (group.n() * between + within) : group.n();
            weights += weight;
            weighted += weight * group.mean();
        }
        double overall = weighted / weights;
        Map<String, Double> means = new HashMap<>();
        groups.forEach((name, group) -> {
            double kept = between > 0 && group.n() > 0 ? group.n() * between / (group.n() * between + within) : 0;
            means.put(name, overall + kept * (group.mean() - overall));
        });
        return Optional.of(new EmpiricalBayes(overall, between, means));
    }

    /**
     * DerSimonian and Laird's estimate for weights n/s²: (Q − (k − 1)) / (Σw − Σw²/Σw) with Q = Σ w (mean − grand
     * mean)², here with numerator and denominator times s². At least 0.
     */
    private static double betweenVariance(Collection<Moments> groups, double within) {
        Moments all = groups.stream().reduce(Moments.EMPTY, Moments::merge);
        double betweenSquares = 0;
        double squaredSizes = 0;
        for (Moments group : groups) {
            betweenSquares += group.n() * Math.pow(group.mean() - all.mean(), 2);
            squaredSizes += (double) group.n() * group.n();
        }
        double excess = betweenSquares - (groups.size() - 1) * within;
        return excess > 0 ? excess / (all.n() - squaredSizes / all.n()) : 0;
    }
}
