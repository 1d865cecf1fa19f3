package io.flagcast.statistics.ranking;

import java.util.List;
import java.util.Objects;

/**
 * What an order of users is worth in both forms of the rank-weighted average treatment effect, and whether that is more
 * than nothing. Neither form alone would do: the area under the curve sees effects of the few that come first, the Qini
 * form effects that differ over everybody.
 *
 * @param autoc the area under the targeting curve
 * @param qini the Qini form
 */
public record OrderEvidence(RankWeightedEffect autoc, RankWeightedEffect qini) {

    private static final int FORMS = 2;

    public OrderEvidence {
        Objects.requireNonNull(autoc, "autoc");
        Objects.requireNonNull(qini, "qini");
    }

    /** Of users of whom the order knows nothing. */
    public static OrderEvidence of(TargetingCurve curve) {
        return new OrderEvidence(curve.autoc(), curve.qini());
    }

    /**
     * Of orders that were learned by cross-fitting, see {@link RankWeightedEffect#crossFitted}.
     *
     * @param folds one per fold, each of the order that was learned without it
     * @throws IllegalArgumentException without folds
     */
    public static OrderEvidence crossFitted(List<TargetingCurve> folds) {
        return new OrderEvidence(
                RankWeightedEffect.crossFitted(
                        folds.stream().map(TargetingCurve::autoc).toList()),
                RankWeightedEffect.crossFitted(
                        folds.stream().map(TargetingCurve::qini).toList()));
    }

    /**
     * The p-value of an order that is worth more than nothing in one form or the other, one-sided: the smaller one of
     * both forms, times two for having looked twice (Bonferroni).
     *
     * @return in [0, 1]
     */
    public double p() {
        return Math.min(1, FORMS * Math.min(autoc.p(), qini.p()));
    }
}
