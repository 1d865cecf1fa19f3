package io.flagcast.statistics.ranking;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.commons.math3.special.Gamma;

/**
 * What it is worth to enable those with the highest scores first: the targeting operator characteristic. With users
 * taken by falling score and a score Γ of each one's effect, its height at rank j is the mean Γ of the first j less
 * that of all. A rank-weighted average treatment effect is its weighted mean over the ranks, (1/n) Σ<sub>j</sub> α(j/n)
 * · height(j):
 *
 * <ul>
 *   <li>{@link #autoc} with α(q) = 1, the area under the curve, in which the first users weigh most: by −ln q − 1 as a
 *       function of the share q that comes before. It finds effects that a small part of the users have;
 *   <li>{@link #qini} with α(q) = q, in which a user weighs by ½ − q, as in the area under a Qini curve. It finds
 *       effects that differ over the whole population.
 * </ul>
 *
 * <p>Source: S. Yadlowsky, S. Fleming, N. Shah, E. Brunskill, S. Wager, "Evaluating Treatment Prioritization Rules via
 * Rank-Weighted Average Treatment Effects", arXiv 2111.07966 (JASA 120, 2025): section 2 for the curve and the
 * weightings, section 3 for estimates from doubly robust scores, their central limit theorem and tests. Users with one
 * score have the mean of their Γ each, which is the mean over all orders of the tied.
 *
 * <p>The estimate is linear in Γ, with weights that depend on the ranks alone. So users with one score need only be
 * known by their sums, and the curve of users in cells of similar scores is exactly that of the score rounded to its
 * cell, with the error of that rounded score.
 *
 * <p>The error is that of the delta method. With shares b<sub>k</sub> of users in the first k cells, m<sub>k</sub> the
 * mean Γ of a cell, w(q) the weight above and φ(q) its integral from 0 (−q ln q, and (q − q²)/2), the effect is
 * Σ m<sub>k</sub> (φ(b<sub>k</sub>) − φ(b<sub>k−1</sub>)), and a user of cell g moves it by
 *
 * <pre>
 *   (Γ − m<sub>g</sub>) (φ(b<sub>g</sub>) − φ(b<sub>g−1</sub>)) / (b<sub>g</sub> − b<sub>g−1</sub>)
 *       + Σ<sub>k</sub> w(b<sub>k</sub>) (m<sub>k</sub> − m<sub>k+1</sub>) (1[g ≤ k] − b<sub>k</sub>)
 * </pre>
 *
 * over n, the second part being what the estimated ranks contribute. This is the influence function of the paper's
 * central limit theorem, whose variance the paper's authors estimate by a half-sample bootstrap of users; from the
 * cells it is had without users and without a seed.
 *
 * @param cells by falling score, one per score, each with users. Given in any order, those of equal scores are
 *     {@linkplain Cell#plus added} and those without users left out
 */
public record TargetingCurve(List<Cell> cells) {

    /** Up to so many steps a difference of harmonic numbers is summed. */
    private static final long SUMMED = 64;

    /** @throws IllegalArgumentException without users */
    public TargetingCurve {
        Map<Double, Cell> byFallingScore = new TreeMap<>(Comparator.reverseOrder());
        for (Cell cell : cells) {
            if (cell.users() > 0) {
                byFallingScore.merge(cell.score(), cell, Cell::plus);
            }
        }
        if (byFallingScore.isEmpty()) {
            throw new IllegalArgumentException("TargetingCurve: no users; an order needs some");
        }
        cells = List.copyOf(byFallingScore.values());
    }

    /**
     * The curve of single users, one element per user in each array.
     *
     * @param score any finite number
     * @param effect Γ: a score of the effect whose mean given the score is the effect, as a doubly robust
     *     pseudo-outcome
     * @throws IllegalArgumentException if lengths differ, a number is not finite, or there are no users
     */
    public static TargetingCurve of(double[] score, double[] effect) {
        if (score.length != effect.length) {
            throw new IllegalArgumentException("TargetingCurve: " + score.length + " scores and " + effect.length
                    + " effects; there must be one of each per user");
        }
        return new TargetingCurve(IntStream.range(0, score.length)
                .mapToObj(user -> new Cell(score[user], 1, effect[user], effect[user] * effect[user]))
                .toList());
    }

    /** The area under the curve. */
    public RankWeightedEffect autoc() {
        return effect(Weighting.LOGARITHMIC);
    }

    /**
     * The Qini form. Where all propensities are one number e and Γ knows no predictions it is about {@link
     * UpliftCurve#qiniGain} over e: that is what was gained by enabling those that were enabled.
     */
    public RankWeightedEffect qini() {
        return effect(Weighting.LINEAR);
    }

    /** All users. */
    public long users() {
        return cells.stream().mapToLong(Cell::users).sum();
    }

    private RankWeightedEffect effect(Weighting weighting) {
        long n = users();
        List<Long> upTo = new ArrayList<>();
        double estimate = 0;
        long above = 0;
        for (Cell cell : cells) {
            long rank = above + cell.users();
            estimate += weighting.mean(above, rank, n) * cell.sum() / n;
            upTo.add(rank);
            above = rank;
        }
        return new RankWeightedEffect(n, estimate, Math.sqrt(variance(weighting, upTo, n)));
    }

    private double variance(Weighting weighting, List<Long> upTo, long n) {
        // What the estimated ranks contribute, the same for every user of a cell, but for a constant.
        double[] ofRanks = new double[cells.size()];
        double mean = 0;
        for (int k = cells.size() - 2; k >= 0; k--) {
            double share = (double) upTo.get(k) / n;
            double step = weighting.weight(share)
                    * (cells.get(k).mean() - cells.get(k + 1).mean());
            ofRanks[k] = ofRanks[k + 1] + step;
            mean += step * share;
        }
        double squares = 0;
        double before = 0;
        for (int k = 0; k < ofRanks.length; k++) {
            Cell cell = cells.get(k);
            double share = (double) upTo.get(k) / n;
            double weight = (weighting.integral(share) - weighting.integral(before)) * n / cell.users();
            double constant = ofRanks[k] - mean;
            squares += weight * weight * cell.squaresAboutMean() + cell.users() * constant * constant;
            before = share;
        }
        return squares / n / n;
    }

    /** By how much users weigh. */
    private enum Weighting {
        /** α(q) = 1: H(n) − H(i − 1) − 1 at rank i of n, H(k) = 1 + 1/2 + … + 1/k. */
        LOGARITHMIC {
            @Override
            double mean(long above, long upTo, long n) {
                // Σ (H(last) − H(i)) over i from above to last = upTo − 1 is Σ (k − above)/k over k from above + 1.
                long last = upTo - 1;
                double tied = (last - above - above * harmonic(above, last)) / (upTo - above);
                return harmonic(last, n) - 1 + tied;
            }

            @Override
            double weight(double share) {
                return -Math.log(share) - 1;
            }

            @Override
            double integral(double share) {
                return share == 0 ? 0 : -share * Math.log(share);
            }
        },

        /** α(q) = q: (n − i + 1)/n − (n + 1)/(2n) at rank i of n. */
        LINEAR {
            @Override
            double mean(long above, long upTo, long n) {
                return (double) (n - above - upTo) / (2 * n);
            }

            @Override
            double weight(double share) {
                return 0.5 - share;
            }

            @Override
            double integral(double share) {
                return (share - share * share) / 2;
            }
        };

        /** Mean weight of the ranks above + 1 to upTo of n. */
        abstract double mean(long above, long upTo, long n);

        /** Weight at a share of the users, in the limit of many. */
        abstract double weight(double share);

        /** Integral of the weight from 0 to a share. */
        abstract double integral(double share);

        /** 1/(from + 1) + … + 1/to. */
        private static double harmonic(long from, long to) {
            if (to - from > SUMMED) {
                return Gamma.digamma(to + 1.0) - Gamma.digamma(from + 1.0);
            }
            double sum = 0;
            for (long k = to; k > from; k--) {
                sum += 1.0 / k;
            }
            return sum;
        }
    }

    /**
     * Users of one score.
     *
     * @param score finite
     * @param users how many, at least 0
     * @param sum Σ Γ
     * @param squares Σ Γ², at least 0
     */
    public record Cell(double score, long users, double sum, double squares) implements Serializable {

        /** @throws IllegalArgumentException for a negative count, a number that is not finite, or sums of nobody */
        public Cell {
            if (users < 0) {
                throw new IllegalArgumentException(
                        "TargetingCurve: users is " + users + ", a count cannot be negative");
            }
            if (!Double.isFinite(score) || !Double.isFinite(sum) || !Double.isFinite(squares) || squares < 0) {
                throw new IllegalArgumentException("TargetingCurve: score is " + score + ", the sum of effects " + sum
                        + " and that of their squares " + squares
                        + "; all must be finite and squares at least 0");
            }
            if (users == 0 && (sum != 0 || squares != 0)) {
                throw new IllegalArgumentException("TargetingCurve: no users, yet the sum of effects is " + sum
                        + " and that of their squares " + squares + "; both must be 0");
            }
            // -0.0 becomes 0.0: they are one score.
            score += 0.0;
        }

        /** The users of both, at this score. */
        public Cell plus(Cell other) {
            return new Cell(score, Math.addExact(users, other.users), sum + other.sum, squares + other.squares);
        }

        private double mean() {
            return sum / users;
        }

        private double squaresAboutMean() {
            return Math.max(0, squares - sum * sum / users);
        }
    }
}
