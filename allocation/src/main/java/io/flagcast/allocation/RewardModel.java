package io.flagcast.allocation;

import io.flagcast.statistics.WeightedMoments;
import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What users of a band of scores earn in each arm: the reward model of the direct method and of what corrects it. Means are
 * weighted by inverse propensities and drawn towards the mean of the arm by as much as {@value #PRIOR_USERS} users would.
 *
 * <p>Cross-fitted: a user is predicted from the users of the other folds, so that the estimate does not learn from the
 * reward that it is about to correct (V. Chernozhukov and others, "Double/debiased machine learning", The Econometrics
 * Journal 21, 2018, section 3).
 */
public final class RewardModel implements Serializable {

    /** Number of folds. */
    public static final int FOLDS = 5;

    private static final int SCORE_BANDS = 20;
    private static final double PRIOR_USERS = 10;

    private final Map<Group, Arms> others;
    private final Map<Integer, Arms> whole;

    /**
     * Users who are predicted alike.
     *
     * @param fold 0 to {@link #FOLDS} − 1
     * @param band from {@link #band}
     */
    public record Group(int fold, int band) implements Serializable {}

    private RewardModel(Map<Group, Arms> others, Map<Integer, Arms> whole) {
        this.others = others;
        this.whole = whole;
    }

    /** The band of a score: twenty of five points each, and one for users without a score. */
    public static int band(OptionalDouble score) {
        return score.isPresent()
                ? Math.min(SCORE_BANDS - 1, (int) (score.getAsDouble() * SCORE_BANDS / 100))
                : SCORE_BANDS;
    }

    /**
     * The direct method's value of every policy: the model is fitted to the given users and asked what each of them would
     * earn.
     *
     * @param users by group, the same number of policies in each
     * @return one value per policy, in the unit of the reward; NaN without users
     */
    public static double[] direct(Map<Group, BandRewards> users) {
        Map<Group, Arms> rewards = new HashMap<>();
        users.forEach((group, band) -> rewards.put(group, band.arms()));
        RewardModel model = of(rewards);
        int policies = users.values().stream()
                .findFirst()
                .map(band -> band.enabled().size())
                .orElse(0);
        double[] values = new double[policies];
        long n = rewards.values().stream().mapToLong(Arms::n).sum();
        users.forEach((group, band) -> {
            double ifEnabled = model.ifEnabled(group);
            double ifNot = model.ifNot(group);
            for (int policy = 0; policy < policies; policy++) {
                double enabled = band.enabled().get(policy);
                values[policy] += (enabled * ifEnabled + (band.arms().n() - enabled) * ifNot) / n;
            }
        });
        return values;
    }

    /** Fits the model to the rewards of every group. */
    public static RewardModel of(Map<Group, Arms> rewards) {
        Map<Group, Arms> others = new HashMap<>();
        Map<Integer, Arms> whole = new HashMap<>();
        for (int fold = 0; fold < FOLDS; fold++) {
            int left = fold;
            rewards.forEach((group, arms) -> {
                if (group.fold() != left) {
                    others.merge(new Group(left, group.band()), arms, Arms::merge);
                    whole.merge(left, arms, Arms::merge);
                }
            });
        }
        return new RewardModel(others, whole);
    }

    /** Expected reward of an enabled user of the group; 0 where nobody was enabled at all. */
    public double ifEnabled(Group group) {
        return mean(
                others.getOrDefault(group, Arms.EMPTY).enabled(),
                whole.getOrDefault(group.fold(), Arms.EMPTY).enabled());
    }

    /** Expected reward of a user of the group who is not enabled; 0 where everybody was. */
    public double ifNot(Group group) {
        return mean(
                others.getOrDefault(group, Arms.EMPTY).control(),
                whole.getOrDefault(group.fold(), Arms.EMPTY).control());
    }

    private static double mean(WeightedMoments own, WeightedMoments all) {
        double prior = all.mean().orElse(0);
        double users = own.effectiveSampleSize();
        return (users * own.mean().orElse(prior) + PRIOR_USERS * prior) / (users + PRIOR_USERS);
    }
}
