package io.flagcast.statistics;

import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * What is counted of every exposed user in a window of fixed length, which begins at or after the exposure, so that early and
 * late users compare.
 *
 * @param name the metric's name in the experiment, not blank
 * @param kind share of users, mean over users or ratio of two sums
 * @param outcome the outcome that counts, as in {@code outcomes.outcome}, not blank; of a ratio that of its numerator
 * @param per denominator of a ratio; absent for other kinds
 * @param after from the exposure to the beginning of the window, not negative
 * @param within length of the half-open window [exposed_at + after, exposed_at + after + within), above zero
 * @param direction which way is better
 * @param cap where the value of a user stops to count; absent for values without a limit. Only a mean has one
 * @param heavyTails whether rules may act on a mean without a cap
 * @param settle how long after its window a user's outcomes are in, not negative; absent where the data tell
 */
public record Metric(
        String name,
        Kind kind,
        String outcome,
        Optional<Denominator> per,
        Duration after,
        Duration within,
        Direction direction,
        Optional<Cap> cap,
        HeavyTails heavyTails,
        Optional<Duration> settle)
        implements Serializable {

    /** How the outcomes of a user's window become one number, and the numbers of all users another. */
    public enum Kind {
        /** Share of the exposed users with at least one such outcome in their window, in [0, 1]. */
        PROPORTION,
        /** Mean over the exposed users of the sum of the outcome's value in their window, 0 for a user without any. */
        MEAN,
        /**
         * The sum of the outcome's value over all exposed users, each in the own window, over the sum of their denominators
         * in the same windows: what is earned per order, clicked per view. Users, not views, are what is independent, so its
         * variance is the delta method's (A. Deng, U. Knoblich, J. Lu, "Applying the Delta Method in Metric Analytics: A
         * Practical Guide with Novel Ideas", KDD 2018, section 2).
         */
        RATIO
    }

    /**
     * What a ratio divides by.
     *
     * @param outcome as in {@code outcomes.outcome}, not blank
     * @param counted what of it
     */
    public record Denominator(String outcome, Counted counted) implements Serializable {

        /** What of an outcome makes the denominator. */
        public enum Counted {
            /** How often it happened. */
            ROWS,
            /** The sum of its values; one below 0 is 0. */
            VALUES
        }

        /** @throws IllegalArgumentException for a blank outcome */
        public Denominator {
            requireText("per", outcome);
            Objects.requireNonNull(counted, "counted");
        }
    }

    /** Which way of the metric is the good one. */
    public enum Direction {
        /** A rise is good, as of a conversion rate. */
        HIGHER_IS_BETTER,
        /** A fall is good, as of an error rate. */
        LOWER_IS_BETTER
    }

    /** What is said of values without a limit, of which a few may be worth more than all others together. */
    public enum HeavyTails {
        /** Nothing: rules that would act on an uncapped mean are refused. */
        NOT_ACCEPTED,
        /** The errors of rules on this metric may be several times what they declare, and that is accepted. */
        ACCEPTED
    }

    /**
     * @throws IllegalArgumentException for a blank name or outcome, a window that is not above zero or begins before the
     *     exposure, a ratio without a denominator and another kind with one, a proportion or a ratio with a cap, a proportion
     *     with heavy tails, or a negative settling time
     */
    public Metric {
        requireText("name", name);
        Objects.requireNonNull(kind, "kind");
        requireText("outcome", outcome);
        Objects.requireNonNull(per, "per");
        Objects.requireNonNull(after, "after");
        Objects.requireNonNull(within, "within");
        Objects.requireNonNull(direction, "direction");
        Objects.requireNonNull(cap, "cap");
        Objects.requireNonNull(heavyTails, "heavyTails");
        Objects.requireNonNull(settle, "settle");
        if (within.isNegative() || within.isZero()) {
            throw new IllegalArgumentException(
                    "Metric " + name + ": within is " + within + ", the window must be longer than zero");
        }
        if (after.isNegative()) {
            throw new IllegalArgumentException("Metric " + name + ": after is " + after
                    + ", what was before the exposure is no effect of it; write at least 0d");
        }
        if (per.isPresent() != (kind == Kind.RATIO)) {
            throw new IllegalArgumentException("per of metric " + name + ": "
                    + (per.isPresent()
                            ? "only a ratio has a denominator; remove it, or write kind: ratio"
                            : "a ratio needs one; name the outcome whose rows it divides by"));
        }
        if (settle.isPresent() && settle.get().isNegative()) {
            throw new IllegalArgumentException(
                    "Metric " + name + ": settle is " + settle.get() + ", it must not be negative");
        }
        if (kind != Kind.MEAN && cap.isPresent()) {
            throw new IllegalArgumentException("cap of metric " + name + ": "
                    + (kind == Kind.PROPORTION
                            ? "a proportion counts 0 or 1 of each user, nothing is there to cap; remove it"
                            : "a ratio has none, as what a user adds to it depends on two sums; remove it, or cap the mean"
                                    + " of its outcome as a metric of its own"));
        }
        if (heavyTails == HeavyTails.ACCEPTED && (kind == Kind.PROPORTION || cap.isPresent())) {
            throw new IllegalArgumentException("heavy_tails of metric " + name + ": "
                    + (cap.isPresent() ? "a capped mean" : "a proportion") + " has none; remove it");
        }
    }

    /** The same without a cap, whose heavy tails are not accepted. */
    public Metric(String name, Kind kind, String outcome, Duration within, Direction direction) {
        this(name, kind, outcome, within, direction, Optional.empty(), HeavyTails.NOT_ACCEPTED);
    }

    /** A metric that counts from the exposure on, with outcomes that are in when the data say so. */
    public Metric(
            String name,
            Kind kind,
            String outcome,
            Duration within,
            Direction direction,
            Optional<Cap> cap,
            HeavyTails heavyTails) {
        this(
                name,
                kind,
                outcome,
                Optional.empty(),
                Duration.ZERO,
                within,
                direction,
                cap,
                heavyTails,
                Optional.empty());
    }

    /**
     * This metric with a quantile's value in its place.
     *
     * @param value above 0, finite
     */
    public Metric frozenAt(double value) {
        return new Metric(
                name, kind, outcome, per, after, within, direction, Optional.of(new Cap.At(value)), heavyTails, settle);
    }

    /** The outcomes that are counted: of a ratio the numerator's and the denominator's. */
    public List<String> outcomes() {
        return Stream.concat(Stream.of(outcome), per.map(Denominator::outcome).stream())
                .distinct()
                .toList();
    }

    /** From the exposure to the end of the window. */
    public Duration closesAfter() {
        return after.plus(within);
    }

    /** The largest value of a user that counts; absent without a cap, and while a quantile has no value yet. */
    public OptionalDouble limit() {
        return cap.filter(Cap.At.class::isInstance)
                .map(at -> OptionalDouble.of(((Cap.At) at).value()))
                .orElseGet(OptionalDouble::empty);
    }

    /** Whether nothing limits the values of this metric, so that bounds on it are approximate. */
    public boolean isUnlimited() {
        return kind != Kind.PROPORTION && cap.isEmpty();
    }

    /**
     * Why values with these moments are not what this metric counts, as values beyond its cap, that were counted before it
     * had one; absent where they may be, and without a cap.
     */
    public Optional<String> misfit(Moments values) {
        return misfit(() -> Limited.of(values, this));
    }

    /** As {@link #misfit(Moments)}, of the rows of an arm. */
    public Optional<String> misfit(WeightedMoments rows) {
        return rows.n() < 2 ? Optional.empty() : misfit(() -> Limited.of(rows, this));
    }

    private Optional<String> misfit(Supplier<Limited> limited) {
        if (cap.isEmpty()) {
            return Optional.empty();
        }
        if (limit().isEmpty()) {
            return Optional.of("its cap, a quantile of its values, is not known yet");
        }
        try {
            Objects.requireNonNull(limited.get(), "limited");
            return Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.of(e.getMessage());
        }
    }

    private static void requireText(String component, String text) {
        if (Objects.requireNonNull(text, component).isBlank()) {
            throw new IllegalArgumentException("Metric: " + component + " is blank, it needs a name");
        }
    }

    /** Engines ship metrics to where the users are, which an Optional cannot be. */
    private Object writeReplace() {
        return new Shipped(
                name,
                kind,
                outcome,
                per.orElse(null),
                after,
                within,
                direction,
                cap.orElse(null),
                heavyTails,
                settle.orElse(null));
    }

    private record Shipped(
            String name,
            Kind kind,
            String outcome,
            Denominator per,
            Duration after,
            Duration within,
            Direction direction,
            Cap cap,
            HeavyTails heavyTails,
            Duration settle)
            implements Serializable {

        private Object readResolve() {
            return new Metric(
                    name,
                    kind,
                    outcome,
                    Optional.ofNullable(per),
                    after,
                    within,
                    direction,
                    Optional.ofNullable(cap),
                    heavyTails,
                    Optional.ofNullable(settle));
        }
    }
}
