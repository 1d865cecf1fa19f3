package io.flagcast.rules.checks;

import io.flagcast.statistics.Effect;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Trend;
import java.util.List;
import java.util.Optional;

/**
 * How an effect changes along days or predictions.
 *
 * @param line through the effects, each weighted by its precision
 * @param slope bounds of its slope, at every look
 */
record EffectTrend(Trend line, Interval slope) {

    /** The effect at one x, with a standard error above 0. */
    record At(double x, Effect effect) {

        private Trend.Point point() {
            return new Trend.Point(x, effect.estimate(), effect.standardError());
        }
    }

    /** The trend of independent effects; absent where they do not lie at two different x at least. */
    static Optional<EffectTrend> of(List<At> effects) {
        double size = effects.stream()
                .mapToDouble(at -> at.effect().effectiveSampleSize())
                .sum();
        return Trend.of(effects.stream().map(At::point).toList())
                .map(line -> new EffectTrend(line, Chance.interval(line.slope(), line.slopeError(), size)));
    }

    /** Rows behind the effects. */
    static long rows(List<At> effects) {
        return effects.stream().mapToLong(at -> at.effect().n()).sum();
    }
}
