package io.flagcast.rules;

import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Direction;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a rule looks for in the metrics of its segment. Structured, so that an engine can compare the confidence bound
 * and not the point estimate with the limit.
 */
public sealed interface Condition {

    /** Users whose outcomes a comparison looks at. */
    enum Population {
        ENABLED,
        CONTROL,
        EVERYONE;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Side of a limit on which a comparison holds. */
    enum Side {
        BELOW,
        ABOVE;

        public Side opposite() {
            return this == BELOW ? ABOVE : BELOW;
        }

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The comparisons that it is made of, at least one. */
    Stream<Comparison> comparisons();

    /** The condition in words. */
    String describe();

    /** One metric of one population against a limit. */
    sealed interface Comparison extends Condition {

        String metric();

        Population population();

        @Override
        default Stream<Comparison> comparisons() {
            return Stream.of(this);
        }
    }

    /**
     * Against a level.
     *
     * @param population users of the segment
     * @param metric metric of the experiment
     * @param side side of the level on which it holds
     * @param level the limit, in the metric's unit
     */
    record Level(Population population, String metric, Side side, double level) implements Comparison {

        public Level {
            Objects.requireNonNull(population, "population");
            Objects.requireNonNull(metric, "metric");
            Objects.requireNonNull(side, "side");
            if (!Double.isFinite(level)) {
                throw new IllegalArgumentException("level " + level + " is not a finite number");
            }
        }

        @Override
        public String describe() {
            return "%s of %s %s %s".formatted(metric, population.label(), side.label(), Texts.number(level));
        }
    }

    /** Which way the enabled differ from the control, by what the metric calls better. */
    enum Quality {
        WORSE,
        BETTER
    }

    /**
     * The enabled against the control of the same segment, weighted by the inverse of their logged propensities.
     *
     * @param metric metric of the experiment
     * @param quality worse or better
     * @param by by more than this, of the control's mean or in points of a proportion
     */
    record VersusControl(String metric, Quality quality, Amount by) implements Comparison {

        public VersusControl {
            Objects.requireNonNull(metric, "metric");
            Objects.requireNonNull(quality, "quality");
            Objects.requireNonNull(by, "by");
            if (quality == Quality.WORSE && by.value() == 1) {
                throw new IllegalArgumentException("by is all of it: nothing is worse by 100%; write less");
            }
        }

        @Override
        public Population population() {
            return Population.ENABLED;
        }

        /** The side of the limit on which the enabled are, where it holds. */
        Side side(Metric metric) {
            return (quality == Quality.WORSE) == (metric.direction() == Direction.HIGHER_IS_BETTER)
                    ? Side.BELOW
                    : Side.ABOVE;
        }

        /** What control's mean is multiplied with before it is taken from that of the enabled. */
        double factor(Metric metric) {
            return by.unit() == Amount.Unit.RELATIVE ? 1 + signed(metric) : 1;
        }

        /** What the rest is compared with. */
        double limit(Metric metric) {
            return by.unit() == Amount.Unit.RELATIVE ? 0 : signed(metric);
        }

        private double signed(Metric metric) {
            return side(metric) == Side.BELOW ? -by.value() : by.value();
        }

        @Override
        public String describe() {
            return "%s %s than control by %s".formatted(metric, quality == Quality.WORSE ? "worse" : "better", by);
        }
    }

    /**
     * Against what the same population did on the same weekdays before the evidence window.
     *
     * @param population users of the segment
     * @param metric metric of the experiment
     * @param side below where it drops, above where it rises
     * @param by by more than this fraction of the baseline's mean, in [0, 1]
     * @param versus how far back the baseline reaches from where the window begins; whole days, a week at least
     */
    record VersusBaseline(Population population, String metric, Side side, double by, Duration versus)
            implements Comparison {

        private static final Duration WEEK = Duration.ofDays(7);

        public VersusBaseline {
            Objects.requireNonNull(population, "population");
            Objects.requireNonNull(metric, "metric");
            Objects.requireNonNull(side, "side");
            if (!(by >= 0 && by <= 1) || (side == Side.BELOW && by == 1)) {
                throw new IllegalArgumentException("by " + by + " must be at least 0% and below 100%");
            }
            requireWholeDays("versus", versus);
            if (versus.compareTo(WEEK) < 0) {
                throw new IllegalArgumentException("versus %s is shorter than a week: days are compared with the same"
                                .formatted(Texts.duration(versus))
                        + " weekday of the weeks before; write 7d or more");
            }
        }

        /** From one window of the baseline to the one before it: whole weeks, so that weekdays are alike. */
        Duration step(Duration window) {
            long weeks = (window.toDays() + WEEK.toDays() - 1) / WEEK.toDays();
            return WEEK.multipliedBy(weeks);
        }

        /** What the baseline's mean is multiplied with to be the limit. */
        double factor() {
            return side == Side.BELOW ? 1 - by : 1 + by;
        }

        @Override
        public String describe() {
            return "%s of %s %s by %s versus the %s before"
                    .formatted(
                            metric,
                            population.label(),
                            side == Side.BELOW ? "drops" : "rises",
                            Texts.percent(by),
                            Texts.duration(versus));
        }
    }

    /**
     * Holds where all hold. Each may be wrong with the whole error of the rule, as all would have to be.
     *
     * @param conditions at least two
     */
    record All(List<Condition> conditions) implements Condition {

        public All {
            conditions = requireSeveral("all", conditions);
            requireNoContradiction(conditions);
        }

        @Override
        public Stream<Comparison> comparisons() {
            return conditions.stream().flatMap(Condition::comparisons);
        }

        @Override
        public String describe() {
            return described(conditions, " and ");
        }
    }

    /**
     * Holds where any holds. They share the error of the rule equally.
     *
     * @param conditions at least two
     */
    record Any(List<Condition> conditions) implements Condition {

        public Any {
            conditions = requireSeveral("any", conditions);
        }

        @Override
        public Stream<Comparison> comparisons() {
            return conditions.stream().flatMap(Condition::comparisons);
        }

        @Override
        public String describe() {
            return described(conditions, " or ");
        }
    }

    private static List<Condition> requireSeveral(String name, List<Condition> conditions) {
        if (conditions.size() < 2) {
            throw new IllegalArgumentException("%s has %d conditions; give at least two, or write the one without it"
                    .formatted(name, conditions.size()));
        }
        return List.copyOf(conditions);
    }

    private static void requireNoContradiction(List<Condition> conditions) {
        List<Level> levels = conditions.stream()
                .filter(Level.class::isInstance)
                .map(Level.class::cast)
                .toList();
        for (Level below : levels) {
            for (Level above : levels) {
                if (below.side() == Side.BELOW
                        && above.side() == Side.ABOVE
                        && below.metric().equals(above.metric())
                        && below.population() == above.population()
                        && below.level() <= above.level()) {
                    throw new IllegalArgumentException("all of '%s' and '%s' can never hold together; correct one"
                            .formatted(below.describe(), above.describe()));
                }
            }
        }
    }

    private static String described(List<Condition> conditions, String joint) {
        return conditions.stream()
                .map(condition ->
                        condition instanceof Comparison ? condition.describe() : "(" + condition.describe() + ")")
                .collect(Collectors.joining(joint));
    }

    static void requireWholeDays(String name, Duration duration) {
        if (duration.isNegative()
                || duration.isZero()
                || duration.toSeconds() % Duration.ofDays(1).toSeconds() != 0) {
            throw new IllegalArgumentException("%s %s is no whole number of days: metrics are counted by day; write 7d"
                    .formatted(name, Texts.duration(duration)));
        }
    }
}
