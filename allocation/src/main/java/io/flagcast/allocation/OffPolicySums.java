package io.flagcast.allocation;

import java.io.Serializable;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.math3.distribution.NormalDistribution;

/**
 * Mergeable sums over logged choices, from which every {@link OffPolicyEstimator} is computed without the rows.
 *
 * <p>SWITCH and shrinkage correct the reward model with weights that are cut or shrunk by a parameter. The sums are kept for
 * eight values of each, the last of which leaves the weights as they are, so that the value with the least estimated error
 * can be chosen afterwards.
 */
public final class OffPolicySums implements Serializable {

    // Where the sums stand; ρ = reward − predicted.
    private static final int N = 0;
    private static final int WR = 1;
    private static final int DIRECT = 2;
    private static final int UNSUPPORTED = 3;
    private static final int EXPECTED_W2 = 4;
    private static final int ABSOLUTE_RHO = 5;
    private static final int RHO2 = 6;
    private static final int AGAINST = 7;
    // For both signs of d = weight − weight under the other policy: Σ |d|, Σ d², Σ |d| ρ², Σ d² ρ².
    private static final int AGAINST_SUMS = 4;
    private static final int CORRECTIONS = AGAINST + 2 * AGAINST_SUMS;

    // Behind them for each correction and value, ŵ the weight that it leaves, t = direct + ŵ ρ, u = direct + w ρ.
    private static final int T = 0;
    private static final int T2 = 1;
    private static final int DEPARTURE2 = 2;
    private static final int W = 3;
    private static final int W2 = 4;
    private static final int W2_RHO2 = 5;

    private static final double ONE_SIDED_95 = new NormalDistribution(null, 0, 1).inverseCumulativeProbability(0.95);

    /** No rows; the neutral element of {@link #merge}. */
    public static final OffPolicySums EMPTY =
            new OffPolicySums(new double[CORRECTIONS + 2 * Correction.SUMS * Correction.VALUES], 0);

    /** How weights are tamed. */
    enum Correction {
        /** ŵ = w up to a threshold and 0 above, where the reward model is trusted alone. */
        SWITCH(CORRECTIONS),
        /** ŵ = λw / (w² + λ). */
        SHRINKAGE(CORRECTIONS + Correction.SUMS * Correction.VALUES);

        private static final int VALUES = 8;
        private static final int AS_LOGGED = VALUES - 1;
        private static final int SUMS = 6;

        private static final double[] THRESHOLDS = {1, 2, 4, 8, 16, 32, 64, Double.POSITIVE_INFINITY};
        private static final double[] SHRINKAGES = {1, 4, 16, 64, 256, 1_024, 4_096, Double.POSITIVE_INFINITY};

        private final int first;

        Correction(int first) {
            this.first = first;
        }

        private double weight(double w, int value) {
            if (this == SWITCH) {
                return w <= THRESHOLDS[value] ? w : 0;
            }
            return value == AS_LOGGED ? w : SHRINKAGES[value] * w / (w * w + SHRINKAGES[value]);
        }

        private int at(int value, int sum) {
            return first + SUMS * value + sum;
        }
    }

    private final double[] sums;
    private final double largestWeight;

    private OffPolicySums(double[] sums, double largestWeight) {
        this.sums = sums;
        this.largestWeight = largestWeight;
    }

    /** These sums with one more row, of a policy that is compared with none. */
    public OffPolicySums plus(LoggedReward row) {
        return plus(row, row);
    }

    /**
     * These sums with one more row.
     *
     * @param row as this policy sees it
     * @param other the same row as the policy sees it with which this one is compared
     * @throws IllegalArgumentException if they are not the same row
     */
    public OffPolicySums plus(LoggedReward row, LoggedReward other) {
        if (row.reward() != other.reward() || row.predicted() != other.predicted()) {
            throw new IllegalArgumentException("%s and %s are two rows".formatted(row, other));
        }
        double[] more = sums.clone();
        double residual = row.reward() - row.predicted();
        addDifference(more, row.weight() - other.weight(), residual);
        double w = row.weight();
        more[N] += 1;
        more[WR] += w * row.reward();
        more[DIRECT] += row.direct();
        more[UNSUPPORTED] += row.unsupported();
        more[EXPECTED_W2] += row.expectedSquare();
        more[ABSOLUTE_RHO] += Math.abs(residual);
        more[RHO2] += residual * residual;
        for (Correction correction : Correction.values()) {
            for (int value = 0; value < Correction.VALUES; value++) {
                double corrected = correction.weight(w, value);
                double term = row.direct() + corrected * residual;
                double departure = (corrected - w) * residual;
                int first = correction.at(value, 0);
                more[first + T] += term;
                more[first + T2] += term * term;
                more[first + DEPARTURE2] += departure * departure;
                more[first + W] += corrected;
                more[first + W2] += corrected * corrected;
                more[first + W2_RHO2] += corrected * corrected * residual * residual;
            }
        }
        return new OffPolicySums(more, Math.max(largestWeight, w));
    }

    private static void addDifference(double[] sums, double difference, double residual) {
        int first = difference < 0 ? AGAINST + AGAINST_SUMS : AGAINST;
        double size = Math.abs(difference);
        sums[first] += size;
        sums[first + 1] += size * size;
        sums[first + 2] += size * residual * residual;
        sums[first + 3] += size * size * residual * residual;
    }

    /** The sums over the rows of both. */
    public OffPolicySums merge(OffPolicySums other) {
        double[] both = sums.clone();
        addTo(both, other);
        return new OffPolicySums(both, Math.max(largestWeight, other.largestWeight));
    }

    /** The sums over the rows of many, some of them perhaps several times. */
    static OffPolicySums of(List<OffPolicySums> parts, int[] chosen) {
        double[] all = EMPTY.sums.clone();
        double largest = 0;
        for (int index : chosen) {
            addTo(all, parts.get(index));
            largest = Math.max(largest, parts.get(index).largestWeight);
        }
        return new OffPolicySums(all, largest);
    }

    private static void addTo(double[] sums, OffPolicySums other) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += other.sums[i];
        }
    }

    /** Σ w. */
    double totalWeight() {
        return asLogged(W);
    }

    /** Σ w r. */
    double totalWeightedReward() {
        return sums[WR];
    }

    /** The sum of which {@link #corrected()} is the mean. */
    double totalCorrected() {
        return asLogged(T);
    }

    /** A sum of a correction that leaves the weights as they are. */
    private double asLogged(int sum) {
        return sums[Correction.SWITCH.at(Correction.AS_LOGGED, sum)];
    }

    private double mean(int sum) {
        return sums[sum] / sums[N];
    }

    /** Rows. */
    public long n() {
        return (long) sums[N];
    }

    /** Kish's effective sample size (Σw)² / Σw², in rows: what the rows are worth under the evaluated policy; 0 without any. */
    public double effectiveSampleSize() {
        return kish(asLogged(W), asLogged(W2));
    }

    /**
     * Kish's effective sample size as it was expected before it was known which actions would be taken, in rows. Where few rows
     * would weigh much and none of them happened to be met, the effective size of the others is large, and says nothing.
     */
    public double expectedSampleSize() {
        return kish(sums[N] - sums[UNSUPPORTED], sums[EXPECTED_W2]);
    }

    private static double kish(double sum, double squares) {
        return sum == 0 ? 0 : sum * sum / squares;
    }

    /**
     * What the log is worth where this policy and the other one differ, in rows: the lesser of two of Kish's effective sample
     * sizes, that of the rows with more weight here and that of the rows with more weight there. The difference of two policies
     * is that of two arms, and no better known than the arm of which less is known; 0 where they never differ.
     */
    public double effectiveDifference() {
        return Math.min(effectiveDifference(AGAINST), effectiveDifference(AGAINST + AGAINST_SUMS));
    }

    private double effectiveDifference(int first) {
        return kish(sums[first], sums[first + 1]);
    }

    /**
     * Variance that the doubly robust mean has to have beyond what its rows show: Σ w² σ² − Σ w² ρ² where that is positive, over
     * n², σ² the mean of ρ² over all rows, which is what the log as it is knows best. So a few heavy rows that all happen to earn
     * nothing do not look certain.
     */
    double unseenVariance() {
        return unseenVariance(Correction.SWITCH, Correction.AS_LOGGED);
    }

    private double unseenVariance(Correction correction, int value) {
        double expected = sums[correction.at(value, W2)] * mean(RHO2);
        return Math.max(0, expected - sums[correction.at(value, W2_RHO2)]) / (sums[N] * sums[N]);
    }

    /**
     * The same of the mean difference from the other policy: for each of the two arms of {@link #effectiveDifference},
     * Σ d² σ² − Σ d² ρ² where that is positive, over n². Here σ² is the greater of the arms' weighted mean squares Σ |d| ρ² / Σ |d|:
     * both stand for the same users, and if the policies earned the same, they would spread alike. So the score test of two
     * proportions takes the variance under the hypothesis that they are equal.
     */
    double unseenVarianceOfDifference() {
        int[] arms = {AGAINST, AGAINST + AGAINST_SUMS};
        double spread = 0;
        for (int arm : arms) {
            spread = Math.max(spread, sums[arm] == 0 ? 0 : sums[arm + 2] / sums[arm]);
        }
        double unseen = 0;
        for (int arm : arms) {
            unseen += Math.max(0, sums[arm + 1] * spread - sums[arm + 3]);
        }
        return unseen / (sums[N] * sums[N]);
    }

    /** The largest importance weight. */
    public double largestWeight() {
        return largestWeight;
    }

    /** Mean probability of actions that were never taken, in [0, 1]: nothing in the log says what they earn. */
    public double unsupported() {
        return n() == 0 ? 0 : mean(UNSUPPORTED);
    }

    /** E[w r]. */
    double weightedReward() {
        return mean(WR);
    }

    /** E[w]: 1 but for chance where every action of the policy was taken. */
    double weight() {
        return totalWeight() / sums[N];
    }

    /** What the reward model expects of the policy. */
    double direct() {
        return mean(DIRECT);
    }

    /** The doubly robust mean with weights as they are. */
    double corrected() {
        return totalCorrected() / sums[N];
    }

    private double corrected(Correction correction, int value) {
        return sums[correction.at(value, T)] / sums[N];
    }

    /**
     * The doubly robust mean with the parameter of the least estimated error: variance of the mean, with
     * {@link #unseenVariance()}, plus the square of an upper bound of its bias. The bound is the lesser of two:
     *
     * <ul>
     *   <li>what the rows say: the distance from the mean with weights as they are, which has no bias, plus its one-sided 95 %
     *       by the normal law (Y. Su and others, "Doubly Robust Off-Policy Evaluation with Shrinkage", ICML 2020, direct bias
     *       estimation, where they use a concentration inequality). Where few rows are heavy it is as uncertain as that mean,
     *       and could never prefer another one to it;
     *   <li>what the weights say: the part of the policy's decisions that is left to the reward model, 1 − E[ŵ] and its one-sided
     *       95 %, times the most by which the model may be wrong on average there (Y.-X. Wang and others, "Optimal and Adaptive
     *       Off-policy Evaluation in Contextual Bandits", ICML 2017, on choosing the threshold of SWITCH). They take the largest
     *       reward for the most; this takes half the mean absolute residual, which is how wrong the model would be if no residual
     *       of one sign came.
     * </ul>
     */
    double corrected(Correction correction) {
        return corrected(correction, best(correction));
    }

    /** Root of the estimated squared error over the standard error, at least 1, of {@link #corrected(Correction)}. */
    double errorPerStandardError(Correction correction) {
        int best = best(correction);
        double variance = varianceOfMean(sums[correction.at(best, T2)], corrected(correction, best));
        return variance == 0 ? 1 : Math.sqrt(error(correction, best) / variance);
    }

    private int best(Correction correction) {
        return IntStream.range(0, Correction.VALUES)
                .boxed()
                .min((one, other) -> Double.compare(error(correction, one), error(correction, other)))
                .orElseThrow();
    }

    private double error(Correction correction, int value) {
        double mean = corrected(correction, value);
        double bias = value == Correction.AS_LOGGED
                ? 0
                : Math.min(biasByRows(correction, value, mean), biasByWeights(correction, value));
        return varianceOfMean(sums[correction.at(value, T2)], mean) + unseenVariance(correction, value) + bias * bias;
    }

    private double biasByRows(Correction correction, int value, double mean) {
        double departure = mean - corrected();
        return Math.abs(departure)
                + ONE_SIDED_95 * Math.sqrt(varianceOfMean(sums[correction.at(value, DEPARTURE2)], departure));
    }

    private double biasByWeights(Correction correction, int value) {
        double kept = sums[correction.at(value, W)] / sums[N];
        double left = 1 - kept + ONE_SIDED_95 * Math.sqrt(varianceOfMean(sums[correction.at(value, W2)], kept));
        return Math.max(0, left) * mean(ABSOLUTE_RHO) / 2;
    }

    private double varianceOfMean(double squares, double mean) {
        double n = sums[N];
        return Math.max(0, squares / n - mean * mean) / n;
    }
}
