package io.flagcast.rules.checks;

import io.flagcast.rules.checks.Finding.State;
import io.flagcast.statistics.Assignment;
import io.flagcast.statistics.SampleRatio;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Whether both arms are as large as the logged propensities make them, by {@link SampleRatio}: {@link
 * Check#SAMPLE_RATIO}, one finding per segment. The segments of an experiment share the error.
 */
public final class SampleRatioCheck {

    /** A smaller deviation of the share of the enabled does not matter. */
    private static final double LEAST_DEVIATION = 0.005;

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
        SampleRatio ratio = SampleRatio.of(rows, alpha, LEAST_DEVIATION);
        String numbers = String.format(
                Locale.ROOT,
                "in %s: %,d enabled and %,d control users, %+.1f points of enabled against the logged propensities"
                        + " (chi-squared p = %.2g)",
                segment,
                ratio.enabled(),
                ratio.control(),
                100 * ratio.deviation(),
                ratio.chiSquaredPValue());
        return Finding.of(
                        Check.SAMPLE_RATIO,
                        experimentId,
                        segment,
                        "",
                        State.failedWhere(ratio.mismatch()),
                        rows.n(),
                        (ratio.mismatch() ? "sample ratio mismatch " : "no sample ratio mismatch ") + numbers)
                .measured(ratio.deviation(), LEAST_DEVIATION)
                .withPValue(ratio.chiSquaredPValue());
    }
}
