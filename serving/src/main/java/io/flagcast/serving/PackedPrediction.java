package io.flagcast.serving;

import io.flagcast.serving.Prediction.Source;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A prediction in four bytes: from the lowest bit on the score in hundredths plus 1 (14 bits; 0 for no prediction), the uplift in
 * thousandths plus 1001 (11 bits; 0 for none), no_benefit (1 bit), the source (2 bits).
 */
final class PackedPrediction {

    /** A user without a prediction. */
    static final int NONE = 0;

    private static final int UPLIFT = 14;
    private static final int NO_BENEFIT = 25;
    private static final int SOURCE = 26;
    /** As the format numbers them. */
    private static final List<Source> SOURCES = List.of(Source.MODEL, Source.COLLABORATIVE, Source.GROUP, Source.PRIOR);

    private PackedPrediction() {}

    /**
     * Packs.
     *
     * @param score 0 to 100
     * @param uplift in [-1, 1]; NaN for none
     * @throws IllegalArgumentException where one is outside
     */
    static int pack(double score, double uplift, boolean noBenefit, Source source) {
        if (!(score >= 0 && score <= 100)) {
            throw new IllegalArgumentException("score " + score + " is outside [0, 100]");
        }
        if (uplift < -1 || uplift > 1) {
            throw new IllegalArgumentException("uplift " + uplift + " is outside [-1, 1]");
        }
        int hundredths = (int) Math.round(score * 100) + 1;
        int thousandths = Double.isNaN(uplift) ? 0 : (int) Math.round(uplift * 1000) + 1001;
        return hundredths
                | (thousandths << UPLIFT)
                | (noBenefit ? 1 << NO_BENEFIT : 0)
                | (SOURCES.indexOf(source) << SOURCE);
    }

    static Prediction unpack(int packed) {
        if (packed == NONE) {
            return Prediction.NONE;
        }
        int hundredths = (packed & ((1 << UPLIFT) - 1)) - 1;
        int thousandths = (packed >>> UPLIFT) & ((1 << (NO_BENEFIT - UPLIFT)) - 1);
        return new Prediction(
                OptionalDouble.of(hundredths / 100.0),
                thousandths == 0 ? OptionalDouble.empty() : OptionalDouble.of((thousandths - 1001) / 1000.0),
                ((packed >>> NO_BENEFIT) & 1) == 1,
                Optional.of(SOURCES.get((packed >>> SOURCE) & 3)));
    }
}
