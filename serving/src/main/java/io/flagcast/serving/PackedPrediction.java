package io.flagcast.serving;

import io.flagcast.serving.Prediction.Source;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A prediction in four bytes: from the lowest bit on the score in hundredths plus 1 (14 bits; 0 for no prediction), no_benefit (1
 * bit), the source (2 bits), the uplift, or the affinity of a source that rests on usage, in units of its feature plus 16,384 (15 bits; 0 for
 * none).
 */
final class PackedPrediction {

    /** A user without a prediction. */
    static final int NONE = 0;

    /** The unit of an uplift that is a change of a probability, and of amounts that are not large. */
    static final double THOUSANDTH = 0.001;

    private static final int NO_BENEFIT = 14;
    private static final int SOURCE = 15;
    private static final int EXPECTED = 17;
    private static final int ZERO = 1 << 14;
    private static final int MOST_UNITS = ZERO - 1;
    /** As the format numbers them. */
    private static final List<Source> SOURCES = List.of(Source.MODEL, Source.COLLABORATIVE, Source.GROUP, Source.PRIOR);

    private PackedPrediction() {}

    /** The unit in which uplifts of up to so much, above or below zero, are packed. */
    static double unit(double most) {
        return Math.max(THOUSANDTH, most / MOST_UNITS);
    }

    /** The unit in which affinities of up to so much, above or below zero, are packed: their order is what they are for. */
    static double fineUnit(double most) {
        return most > 0 ? most / MOST_UNITS : THOUSANDTH;
    }

    /**
     * Packs.
     *
     * @param score 0 to 100
     * @param expected uplift, or affinity of a source that rests on usage, of at most 16,383 units; NaN for none
     * @throws IllegalArgumentException where one is outside
     */
    static int pack(double score, double expected, double unit, boolean noBenefit, Source source) {
        if (!(score >= 0 && score <= 100)) {
            throw new IllegalArgumentException("score " + score + " is outside [0, 100]");
        }
        long units = Math.round(expected / unit);
        if (Math.abs(units) > MOST_UNITS) {
            throw new IllegalArgumentException(
                    (source.isOfUsage() ? "affinity " : "uplift ") + expected + " is not within 16,383 times " + unit);
        }
        int hundredths = (int) Math.round(score * 100) + 1;
        int packedExpected = Double.isNaN(expected) ? 0 : (int) units + ZERO;
        return hundredths
                | (noBenefit ? 1 << NO_BENEFIT : 0)
                | (SOURCES.indexOf(source) << SOURCE)
                | (packedExpected << EXPECTED);
    }

    static Prediction unpack(int packed, double unit) {
        if (packed == NONE) {
            return Prediction.NONE;
        }
        int hundredths = (packed & ((1 << NO_BENEFIT) - 1)) - 1;
        int units = packed >>> EXPECTED;
        Source source = SOURCES.get((packed >>> SOURCE) & 3);
        OptionalDouble expected = units == 0 ? OptionalDouble.empty() : OptionalDouble.of(expected(units - ZERO, unit));
        return new Prediction(
                OptionalDouble.of(hundredths / 100.0),
                source.isOfUsage() ? OptionalDouble.empty() : expected,
                source.isOfUsage() ? expected : OptionalDouble.empty(),
                ((packed >>> NO_BENEFIT) & 1) == 1,
                Optional.of(source));
    }

    private static double expected(int units, double unit) {
        return unit == THOUSANDTH ? units / 1000.0 : units * unit;
    }
}
