package io.flagcast.statistics.heterogeneity;

import io.flagcast.statistics.Interval;
import java.io.Serializable;
import java.util.OptionalDouble;

/**
 * Whether users differ in their effect, judged again at every training of a feature, with one error for all trainings
 * together.
 *
 * <p>The k-th training spends level · 6/(π²k²) of the error, which adds up to level over however many trainings
 * (Σ 1/k² = π²/6): by the union bound a claim is ever made without any difference with a probability of at most level,
 * whatever the trainings have in common. They share examples where these accumulate and some where the source is a
 * moving window; predictors, learners and outcomes behind the same examples may change. Each training's test is that of
 * {@link CrossFitting#p}, asymptotic as it says.
 *
 * <p>A claim that is in force stays in force until its opposite is shown: until the upper bound of the spread of the
 * uplift, of error {@code level} for this training alone, lies below half of the spread that was claimed. Half is a
 * convention: it leaves room for a claim that was made on a day when the spread looked larger than it is. The error of the
 * bound is not spent: a moving window holds as many examples as ever, and with less and less error it could refute nothing.
 *
 * @param level error of all trainings together, in (0, ½)
 * @param training which training of the feature this is, from 1 on
 * @param claimed spread that the claim in force rests on, see {@link Verdict#claimed}; absent where none is in force
 */
public record RepeatedVerdict(double level, int training, OptionalDouble claimed) {

    /** A claim is refuted by a spread below this part of it. */
    private static final double KEPT_PART = 0.5;

    /** @throws IllegalArgumentException for a level outside (0, ½), a training below 1, or a negative claim */
    public RepeatedVerdict {
        if (!(level > 0 && level < 0.5)) {
            throw new IllegalArgumentException("RepeatedVerdict: level is " + level + ", it must be in (0, 0.5)");
        }
        if (training < 1) {
            throw new IllegalArgumentException("RepeatedVerdict: training is " + training + ", it must be at least 1");
        }
        if (claimed.isPresent() && !(claimed.getAsDouble() >= 0)) {
            throw new IllegalArgumentException(
                    "RepeatedVerdict: the spread claimed is " + claimed.getAsDouble() + ", it must be at least 0");
        }
    }

    /** The first training of a feature. */
    public static RepeatedVerdict first(double level) {
        return new RepeatedVerdict(level, 1, OptionalDouble.empty());
    }

    /** What came of a test. */
    public enum Outcome {
        /** Users differ: the p-value lies below what this training spends. */
        SHOWN,
        /** Not shown again, not refuted either: the claim in force stays. */
        KEPT,
        /** Users differ by less than half of what the claim in force says, at most. */
        REFUTED,
        /** Nothing is shown, in either direction. */
        NOT_SHOWN
    }

    /**
     * The verdict of a training, with what it rests on.
     *
     * @param outcome what came of the test
     * @param training which training of the feature it was, from 1 on
     * @param level error that it spends: a smaller p-value shows a difference
     * @param p of {@link CrossFitting#p}
     * @param spread standard deviation of the calibrated uplift: slope times that of the predictions, in the unit of the
     *     effect; negative where the slope is
     * @param upper upper bound of the spread, for one look
     * @param claimed spread that the claim rests on from now on; 0 where nothing is claimed
     */
    public record Verdict(
            Outcome outcome, int training, double level, double p, double spread, double upper, double claimed)
            implements Serializable {

        /** Whether the predictions that were judged tell users apart. */
        public boolean heterogeneous() {
            return outcome == Outcome.SHOWN || outcome == Outcome.KEPT;
        }

        /** Why, in words. */
        public String reason() {
            String test = "p = %.2g, %s %.2g at training %d"
                    .formatted(p, outcome == Outcome.SHOWN ? "below" : "not below", level, training);
            return switch (outcome) {
                case SHOWN, NOT_SHOWN -> test;
                case KEPT ->
                    test
                            + "; kept, as the spread of the uplift may be up to %.2g, not below half of the %.2g claimed"
                                    .formatted(upper, claimed);
                case REFUTED ->
                    test
                            + "; refuted, as the spread of the uplift is at most %.2g, below half of what was claimed"
                                    .formatted(upper);
            };
        }
    }

    /** The part of the error that this training spends. */
    public double spent() {
        return level * 6 / (Math.PI * Math.PI * training * training);
    }

    /**
     * Judges the line through out-of-fold predictions.
     *
     * @param line of the doubly robust pseudo-outcomes by the predictions
     * @param deviation standard deviation of the predictions, at least 0
     * @param made how the predictions were made
     */
    public Verdict judge(BestLinearPrediction line, double deviation, CrossFitting made) {
        if (!(deviation >= 0)) {
            throw new IllegalArgumentException(
                    "RepeatedVerdict: the deviation of the predictions is " + deviation + ", it must be at least 0");
        }
        double p = made.p(line);
        double spread = line.slope() * deviation;
        double z = -Interval.STANDARD_NORMAL.inverseCumulativeProbability(level);
        double upper = spread + z * made.slopeError(line) * deviation;
        Outcome outcome = outcome(p, spread, upper, line.slopeError() > 0 && deviation > 0);
        double rests = switch (outcome) {
            case SHOWN -> spread;
            case KEPT -> claimed.orElseThrow();
            case REFUTED, NOT_SHOWN -> 0;
        };
        return new Verdict(outcome, training, spent(), p, spread, upper, rests);
    }

    private Outcome outcome(double p, double spread, double upper, boolean bounded) {
        if (p < spent()) {
            return Outcome.SHOWN;
        }
        if (claimed.isEmpty()) {
            return Outcome.NOT_SHOWN;
        }
        if (bounded && upper < KEPT_PART * claimed.getAsDouble()) {
            return Outcome.REFUTED;
        }
        // Predictions that fall where effects rise would turn everybody's score round.
        return spread > 0 ? Outcome.KEPT : Outcome.NOT_SHOWN;
    }
}
