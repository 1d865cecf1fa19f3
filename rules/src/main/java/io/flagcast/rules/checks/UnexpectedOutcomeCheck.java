package io.flagcast.rules.checks;

import io.flagcast.rules.Texts;
import io.flagcast.rules.checks.Finding.State;
import io.flagcast.statistics.ConfidenceSequence;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Moments;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Whether segments respond as their scores predicted: {@link Check#UNEXPECTED_OUTCOME}, one finding per segment. One
 * does not where all of the confidence sequence of observed minus predicted lies beyond a tenth of the predicted, as no
 * model is exact. The segments of an experiment share the error.
 */
public final class UnexpectedOutcomeCheck {

    /** Part of the predicted response by which the observed may differ. */
    static final double TOLERANCE = 0.1;

    private UnexpectedOutcomeCheck() {}

    /**
     * How users responded beside what was predicted of them in the arm they were in.
     *
     * @param difference of each user's response (1, or 0) less the predicted probability
     * @param predictedMean mean of the predicted probabilities, in [0, 1]
     */
    public record Residual(Moments difference, double predictedMean) {

        /** @throws IllegalArgumentException if the mean is no probability, or with the difference makes none */
        public Residual {
            Objects.requireNonNull(difference, "difference");
            double observed = predictedMean + difference.mean();
            if (!(predictedMean >= 0 && predictedMean <= 1) || !(observed >= -1e-9 && observed <= 1 + 1e-9)) {
                throw new IllegalArgumentException("Residual: the predicted mean is " + predictedMean
                        + " and the observed " + observed + ", shares of users who respond lie in [0, 1]");
            }
        }

        double observedMean() {
            return Math.max(0, Math.min(1, predictedMean + difference.mean()));
        }

        double tolerance() {
            return TOLERANCE * predictedMean;
        }

        /** Whether the users suffice to say anything. */
        boolean isEnough() {
            return difference.n() >= Chance.LEAST_USERS;
        }

        /**
         * Bounds of observed minus predicted. The variance is not below that of responses with the predicted mean: few
         * responses, or none, have too little of their own.
         */
        Interval interval(ConfidenceSequence sequence) {
            double variance = Math.max(difference.variance(), predictedMean * (1 - predictedMean));
            return sequence.interval(difference.mean(), Math.sqrt(variance / difference.n()), difference.n());
        }

        boolean isBeyondTolerance(ConfidenceSequence sequence) {
            Interval interval = interval(sequence);
            return interval.upper() < -tolerance() || interval.lower() > tolerance();
        }
    }

    /**
     * Compares every segment with its prediction.
     *
     * @param metricName the metric that the scores predict
     * @param segments by segment; all users together are left out beside others, as one segment would fail them too
     */
    public static List<Finding> of(String experimentId, String metricName, Map<String, Residual> segments) {
        Map<String, Residual> compared = new TreeMap<>(segments);
        if (compared.size() > 1) {
            compared.remove(Finding.ALL);
        }
        return compared.entrySet().stream()
                .map(segment -> of(
                        experimentId,
                        metricName,
                        segment.getKey(),
                        segment.getValue(),
                        Chance.twoSided(compared.size())))
                .toList();
    }

    private static Finding of(
            String experimentId, String metricName, String segment, Residual residual, ConfidenceSequence sequence) {
        long users = residual.difference().n();
        if (!residual.isEnough()) {
            return Finding.of(
                    Check.UNEXPECTED_OUTCOME,
                    experimentId,
                    segment,
                    metricName,
                    State.UNKNOWN,
                    users,
                    Texts.count(users) + " users of " + segment + " are too few to compare their " + metricName
                            + " with the predicted; it takes " + Chance.LEAST_USERS);
        }
        Interval interval = residual.interval(sequence);
        boolean failed = residual.isBeyondTolerance(sequence);
        return Finding.of(
                        Check.UNEXPECTED_OUTCOME,
                        experimentId,
                        segment,
                        metricName,
                        State.failedWhere(failed),
                        users,
                        metricName + " of " + Texts.count(users) + " users of " + segment + " is "
                                + Texts.roughPercent(residual.observedMean()) + " where their scores predicted "
                                + Texts.roughPercent(residual.predictedMean()) + "; the difference lies in "
                                + Texts.points(interval) + (failed ? ", beyond" : ", not beyond") + " the tolerance of "
                                + Texts.rough(100 * residual.tolerance()))
                .measured(residual.difference().mean(), residual.tolerance())
                .within(interval);
    }
}
