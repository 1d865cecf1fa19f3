package io.flagcast.rules.checks;

import io.flagcast.rules.Texts;
import io.flagcast.rules.checks.Finding.State;
import io.flagcast.statistics.assignment.Assignment;
import io.flagcast.statistics.assignment.SampleRatio;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Whether both arms are as large as the logged propensities make them, by {@link SampleRatio}: {@link
 * Check#SAMPLE_RATIO}, one finding per segment. The segments of an experiment share the error.
 */
public final class SampleRatioCheck {

    /**
     * A smaller shift of the log odds of being enabled does not matter: it is what the loss of two rows in a hundred of
     * one arm makes, whichever arm and however small. Half a point of enabled where half are, a fiftieth of a point
     * where one in a hundred is.
     */
    private static final double LEAST_SHIFT = 0.02;

    private SampleRatioCheck() {}

    /**
     * Compares the arms of every segment.
     *
     * @param segments first exposures with a propensity strictly between 0 and 1, by segment or all
     */
    public static List<Finding> of(String experimentId, Map<String, Assignment> segments) {
        return new TreeMap<>(segments)
                .entrySet().stream()
                        .map(segment ->
                                of(experimentId, segment.getKey(), segment.getValue(), Chance.ALPHA / segments.size()))
                        .toList();
    }

    private static Finding of(String experimentId, String segment, Assignment rows, double alpha) {
        if (rows.n() == 0) {
            return Finding.of(
                    Check.SAMPLE_RATIO,
                    experimentId,
                    segment,
                    "",
                    State.UNKNOWN,
                    0,
                    "nobody in " + segment + " had a propensity between 0 and 1");
        }
        // A row's propensity rises by p(1 − p) for each unit of its log odds: the derivative of the logistic function.
        double leastDeviation = LEAST_SHIFT * rows.variance() / rows.n();
        SampleRatio ratio = SampleRatio.of(rows, alpha, leastDeviation);
        String numbers = String.format(
                Locale.ROOT,
                "in %s: %,d enabled and %,d control users, %s points of enabled against the logged propensities"
                        + " (chi-squared p = %.2g)",
                segment,
                ratio.enabled(),
                ratio.control(),
                points(ratio.deviation()),
                ratio.chiSquaredPValue());
        return Finding.of(
                        Check.SAMPLE_RATIO,
                        experimentId,
                        segment,
                        "",
                        State.failedWhere(ratio.mismatch()),
                        rows.n(),
                        (ratio.mismatch() ? "sample ratio mismatch " : "no sample ratio mismatch ") + numbers)
                .measured(ratio.deviation(), leastDeviation)
                .withPValue(ratio.chiSquaredPValue());
    }

    /** Half of one enabled in a hundred is half a point: below a whole one, further digits say how much. */
    private static String points(double deviation) {
        double points = 100 * deviation;
        return Math.abs(points) < 1
                ? (points > 0 ? "+" : "") + Texts.rough(points)
                : String.format(Locale.ROOT, "%+.1f", points);
    }
}
