package io.flagcast.experiments;

import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Direction;
import java.math.BigDecimal;
import java.util.Objects;
import java.util.OptionalDouble;

/**
 * What users earn and what enabling them costs, both in one unit, as a currency: {@code per} for each of the metric, less the
 * cost of every user who is enabled.
 *
 * @param metric what is earned, higher is better
 * @param per value of one of the metric, above 0
 * @param cost of enabling a user
 */
public record NetValue(Metric metric, double per, Cost cost) {

    /** What it is called where metrics are listed; no metric has a name with a space. */
    public static final String NAME = "net value";

    /** What enabling a user costs, in the unit of the value. */
    public sealed interface Cost {

        /**
         * The same for all.
         *
         * @param perUser at least 0
         */
        record Constant(double perUser) implements Cost {
            public Constant {
                if (!(perUser >= 0 && Double.isFinite(perUser))) {
                    throw new IllegalArgumentException(
                            "cost %s is below 0; write what enabling a user costs, 0 or more".formatted(perUser));
                }
            }
        }

        /**
         * What the user's profile says.
         *
         * @param column numeric column of the profile; users in whom it is unknown, below 0 or no number are not eligible
         */
        record Column(String column) implements Cost {}
    }

    public NetValue {
        Objects.requireNonNull(cost, "cost");
        if (!(per > 0 && Double.isFinite(per))) {
            throw new IllegalArgumentException(
                    "per %s is not above 0; write what one of the metric is worth".formatted(per));
        }
        if (metric.direction() != Direction.HIGHER_IS_BETTER) {
            throw new IllegalArgumentException(
                    "metric '%s' is better when lower; name one of which more is worth more".formatted(metric.name()));
        }
    }

    /** Change of the metric from which on enabling a user pays; absent where it differs between users. */
    public OptionalDouble breakEven() {
        return cost instanceof Cost.Constant constant
                ? OptionalDouble.of(constant.perUser() / per)
                : OptionalDouble.empty();
    }

    /** In words, as {@code 10 x conversion_rate - 0.15 for each user enabled}. */
    public String formula() {
        String subtracted = cost instanceof Cost.Constant constant
                ? constant.perUser() == 0 ? "" : " - %s for each user enabled".formatted(plain(constant.perUser()))
                : " - %s of each user enabled".formatted(((Cost.Column) cost).column());
        return "%s x %s%s".formatted(plain(per), metric.name(), subtracted);
    }

    private static String plain(double number) {
        return BigDecimal.valueOf(number).stripTrailingZeros().toPlainString();
    }
}
