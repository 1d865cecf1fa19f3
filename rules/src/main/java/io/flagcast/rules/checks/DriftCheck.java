package io.flagcast.rules.checks;

import io.flagcast.rules.Texts;
import io.flagcast.rules.checks.Finding.Part;
import io.flagcast.rules.checks.Finding.State;
import io.flagcast.statistics.PopulationStability;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Whether a distribution has moved away from the frozen reference, by {@link PopulationStability}: {@link
 * Check#PREDICTOR_DRIFT} and {@link Check#SCORE_DRIFT}. It has where the index is above 0.2 and above what chance alone
 * gives as many rows.
 */
public final class DriftCheck {

    /** The usual line above which a population has shifted. */
    private static final double SHIFT = 0.2;

    private DriftCheck() {}

    /**
     * Compares the shares of the bins.
     *
     * @param check predictor or score drift
     * @param subject the predictor; empty for scores
     * @param bins names of the bins
     * @param expected rows of the reference in each
     * @param actual rows at hand in each
     * @throws IllegalArgumentException for another check or for lists of different lengths
     */
    public static Finding of(
            Check check, String experimentId, String subject, List<String> bins, long[] expected, long[] actual) {
        if (!Set.of(Check.PREDICTOR_DRIFT, Check.SCORE_DRIFT).contains(check)) {
            throw new IllegalArgumentException("DriftCheck: " + check + " is not about drift");
        }
        if (bins.size() != expected.length) {
            throw new IllegalArgumentException(
                    "DriftCheck: " + bins.size() + " names of " + expected.length + " bins of " + subject);
        }
        String what = check == Check.SCORE_DRIFT ? "the scores" : subject;
        long rows = Arrays.stream(actual).sum();
        Optional<PopulationStability> stability = PopulationStability.of(expected, actual);
        if (stability.isEmpty()) {
            return Finding.of(
                    check,
                    experimentId,
                    Finding.ALL,
                    subject,
                    State.UNKNOWN,
                    rows,
                    "the reference of " + what + " has "
                            + Texts.count(Arrays.stream(expected).sum()) + " rows and the present " + Texts.count(rows)
                            + ", both must have some");
        }
        double index = stability.get().index();
        double limit = Math.max(SHIFT, stability.get().noise(Chance.ALPHA));
        boolean moved = index > limit;
        return Finding.of(
                        check,
                        experimentId,
                        Finding.ALL,
                        subject,
                        State.failedWhere(moved),
                        rows,
                        what + (moved ? " have moved" : " are where they were")
                                + ": population stability index " + Texts.rough(index) + " of " + Texts.count(rows)
                                + " rows against the reference, limit " + Texts.rough(limit))
                .measured(index, limit)
                .withDetail(parts(bins, expected, actual, stability.get()));
    }

    private static List<Part> parts(List<String> bins, long[] expected, long[] actual, PopulationStability stability) {
        return IntStream.range(0, bins.size())
                .mapToObj(bin -> new Part(
                        bins.get(bin),
                        actual[bin],
                        OptionalDouble.of((double) expected[bin] / stability.expected()),
                        OptionalDouble.of((double) actual[bin] / stability.actual()),
                        Optional.empty()))
                .toList();
    }
}
