package io.flagcast.statistics.ranking;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * How good the first k of a ranked list are for one user, where an item is relevant or not. Each measure is in [0, 1],
 * larger being better; a quality of many users is the mean of theirs, over those with something relevant.
 *
 * <p>Sources: discounted gain, K. Järvelin, J. Kekäläinen, "Cumulated Gain-Based Evaluation of IR Techniques", ACM
 * Transactions on Information Systems 20 (2002), here with the usual discount 1 / log₂(rank + 1), which also discounts
 * rank 2; average precision, precision and recall, C. D. Manning, P. Raghavan, H. Schütze, "Introduction to
 * Information Retrieval" (2008), sections 8.3 and 8.4.
 *
 * @param ndcg Σ 1 / log₂(rank + 1) over the relevant items within rank k, divided by the same sum of the best list: 1
 *     where the first min(k, relevant) are all relevant
 * @param averagePrecision sum over the relevant items within rank k of the relevant share down to their rank, divided
 *     by min(k, relevant), so that the best list has 1 for every k
 * @param precision relevant items within rank k, divided by k even where the list is shorter
 * @param recall relevant items within rank k, divided by all relevant ones; at most k / relevant
 */
public record RankingQuality(double ndcg, double averagePrecision, double precision, double recall) {

    /** @throws IllegalArgumentException if a measure is outside [0, 1] */
    public RankingQuality {
        requireShare("ndcg", ndcg);
        requireShare("average precision", averagePrecision);
        requireShare("precision", precision);
        requireShare("recall", recall);
    }

    /**
     * The quality of the first k.
     *
     * @param k at least 1
     * @param ranked items, best first, none twice; may be shorter than k
     * @param relevant the items that are relevant, at least one, whether ranked or not
     * @throws IllegalArgumentException if an argument is outside its range: without relevant items every list is as
     *     good as another
     */
    public static RankingQuality at(int k, List<String> ranked, Set<String> relevant) {
        if (k < 1) {
            throw new IllegalArgumentException("RankingQuality: k is " + k + ", it must be at least 1");
        }
        if (relevant.isEmpty()) {
            throw new IllegalArgumentException(
                    "RankingQuality: no item is relevant; leave out users without a relevant item");
        }
        int distinct = new HashSet<>(ranked).size();
        if (distinct < ranked.size()) {
            throw new IllegalArgumentException("RankingQuality: " + ranked.size() + " ranked items of which " + distinct
                    + " are distinct; each may occur once");
        }
        int hits = 0;
        double gain = 0;
        double precisions = 0;
        for (int rank = 1; rank <= Math.min(k, ranked.size()); rank++) {
            if (relevant.contains(ranked.get(rank - 1))) {
                hits++;
                gain += discount(rank);
                precisions += (double) hits / rank;
            }
        }
        int best = Math.min(k, relevant.size());
        double bestGain = 0;
        for (int rank = 1; rank <= best; rank++) {
            bestGain += discount(rank);
        }
        return new RankingQuality(
                gain / bestGain, precisions / best, (double) hits / k, (double) hits / relevant.size());
    }

    private static double discount(int rank) {
        return Math.log(2) / Math.log(rank + 1.0);
    }

    private static void requireShare(String measure, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException(
                    "RankingQuality: " + measure + " is " + value + ", it must lie between 0 and 1");
        }
    }
}
