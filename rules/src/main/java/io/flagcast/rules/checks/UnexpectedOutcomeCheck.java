package io.flagcast.rules.checks;

import io.flagcast.rules.Texts;
import io.flagcast.rules.checks.Finding.State;
import io.flagcast.statistics.ConfidenceSequence;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Moments;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Whether segments respond as their scores predicted: {@link Check#UNEXPECTED_OUTCOME}, one finding per segment, of all its users and
 * of each arm in the newest days, as what breaks today is little of all that has been. One does not where all of the confidence sequence of observed minus predicted lies beyond a tenth of the predicted, as no
 * model is exact. It does where all of it lies within a half of the predicted; where neither holds, the check cannot tell. The segments
 * of an experiment and their parts share the error.
 */
public final class UnexpectedOutcomeCheck {

    /** All users of a segment, as a part of them. */
    public static final String WHOLE = "";

    /** Part of the predicted response by which the observed may differ. */
    static final double TOLERANCE = 0.1;
    /** What is not known to this part of the predicted response is not known. */
    static final double COARSE = 0.5;

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

        boolean isBeyondTolerance(Interval interval) {
            return interval.upper() < -tolerance() || interval.lower() > tolerance();
        }

        boolean isWithinCoarse(Interval interval) {
            double coarse = COARSE * predictedMean;
            return interval.lower() >= -coarse && interval.upper() <= coarse;
        }
    }

    /**
     * Compares every segment with its prediction.
     *
     * @param metricName the metric that the scores predict
     * @param segments by segment its parts, {@link #WHOLE} and others by what they are called; all users together are left out beside other
     *     segments, as one segment would fail them too
     */
    public static List<Finding> of(
            String experimentId, String metricName, Map<String, Map<String, Residual>> segments) {
        Map<String, Map<String, Residual>> compared = new TreeMap<>(segments);
        if (compared.size() > 1) {
            compared.remove(Finding.ALL);
        }
        int comparisons = compared.values().stream().mapToInt(Map::size).sum();
        ConfidenceSequence sequence = Chance.twoSided(Math.max(1, comparisons));
        return compared.entrySet().stream()
                .map(segment -> ofSegment(experimentId, metricName, segment.getKey(), segment.getValue(), sequence))
                .toList();
    }

    /** A part that fails, the newest before the whole; otherwise the whole. */
    private static Finding ofSegment(
            String experimentId,
            String metricName,
            String segment,
            Map<String, Residual> parts,
            ConfidenceSequence sequence) {
        Map<String, Finding> findings = new TreeMap<>(Comparator.reverseOrder());
        parts.forEach((part, residual) -> findings.put(
                part,
                of(
                        experimentId,
                        metricName,
                        segment,
                        part.equals(WHOLE) ? segment : segment + ", " + part + ",",
                        residual,
                        sequence)));
        return findings.values().stream().filter(Finding::failed).findFirst().orElseGet(() -> findings.get(WHOLE));
    }

    private static Finding of(
            String experimentId,
            String metricName,
            String segment,
            String named,
            Residual residual,
            ConfidenceSequence sequence) {
        long users = residual.difference().n();
        if (!residual.isEnough()) {
            return Finding.of(
                    Check.UNEXPECTED_OUTCOME,
                    experimentId,
                    segment,
                    metricName,
                    State.UNKNOWN,
                    users,
                    Texts.count(users) + " users of " + named + " are too few to compare their " + metricName
                            + " with the predicted; it takes " + Chance.LEAST_USERS);
        }
        Interval interval = residual.interval(sequence);
        boolean failed = residual.isBeyondTolerance(interval);
        boolean informative = residual.isWithinCoarse(interval);
        return Finding.of(
                        Check.UNEXPECTED_OUTCOME,
                        experimentId,
                        segment,
                        metricName,
                        failed ? State.FAILED : informative ? State.PASSED : State.UNKNOWN,
                        users,
                        metricName + " of " + Texts.count(users) + " users of " + named + " is "
                                + Texts.roughPercent(residual.observedMean()) + " where their scores predicted "
                                + Texts.roughPercent(residual.predictedMean()) + "; the difference lies in "
                                + Texts.points(interval)
                                + (failed || informative
                                        ? (failed ? ", beyond" : ", not beyond") + " the tolerance of "
                                                + Texts.rough(100 * residual.tolerance())
                                        : ": too wide to tell, half of the predicted is not excluded"))
                .measured(residual.difference().mean(), residual.tolerance())
                .within(interval);
    }
}
