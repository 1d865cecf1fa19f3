package io.flagcast.rules;

import io.flagcast.rules.Condition.Comparison;
import io.flagcast.rules.Condition.Level;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Condition.VersusBaseline;
import io.flagcast.rules.Condition.VersusControl;
import io.flagcast.statistics.Metric;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What is taken for the truth when a rule is designed. Where nothing is said, a metric lies beyond a level by a fifth of it,
 * and beyond the margin of a comparison by a tenth of what it is compared with.
 *
 * @param level the metric, in its unit, for comparisons with a level
 * @param effect how far the enabled differ from control, or the recent users from the baseline, towards the side that the
 *     rule looks for
 */
public record Assumption(OptionalDouble level, Optional<Amount> effect) {

    /** What is assumed where nothing is said. */
    public static final Assumption USUAL = new Assumption(OptionalDouble.empty(), Optional.empty());

    /** Of a level. */
    public static final double BEYOND_LEVEL = 0.2;

    /** Of what is compared with. */
    public static final double BEYOND_MARGIN = 0.1;

    public Assumption {
        Objects.requireNonNull(level, "level");
        Objects.requireNonNull(effect, "effect");
    }

    /**
     * The mean that a comparison is about.
     *
     * @param reference mean of control, or of the baseline; of a level it is not asked
     */
    double truth(Comparison comparison, Metric metric, double reference) {
        if (comparison instanceof Level) {
            return level.orElseGet(() -> beyond(comparison, metric, reference, 1));
        }
        int sign = side(comparison, metric) == Side.BELOW ? -1 : 1;
        return effect.map(amount ->
                        reference + sign * amount.value() * (amount.unit() == Amount.Unit.RELATIVE ? reference : 1))
                .orElseGet(() -> beyond(comparison, metric, reference, 1));
    }

    /** The mean that lies so many times the usual distance beyond the limit. */
    static double beyond(Comparison comparison, Metric metric, double reference, double times) {
        double usual = comparison instanceof Level
                ? BEYOND_LEVEL * Math.abs(limit(comparison, metric, reference))
                : BEYOND_MARGIN * Math.abs(reference);
        return limit(comparison, metric, reference) + (side(comparison, metric) == Side.BELOW ? -1 : 1) * times * usual;
    }

    /** The mean at which a comparison begins to hold. */
    static double limit(Comparison comparison, Metric metric, double reference) {
        if (comparison instanceof Level level) {
            return level.level();
        }
        return comparison instanceof VersusControl versus
                ? versus.factor(metric) * reference + versus.limit(metric)
                : ((VersusBaseline) comparison).factor() * reference;
    }

    /** What the mean is compared with is multiplied by it; 0 where it is a level. */
    static double factor(Comparison comparison, Metric metric) {
        if (comparison instanceof Level) {
            return 0;
        }
        return comparison instanceof VersusControl versus
                ? versus.factor(metric)
                : ((VersusBaseline) comparison).factor();
    }

    static Side side(Comparison comparison, Metric metric) {
        if (comparison instanceof Level level) {
            return level.side();
        }
        return comparison instanceof VersusControl versus ? versus.side(metric) : ((VersusBaseline) comparison).side();
    }
}
