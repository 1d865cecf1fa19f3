package io.flagcast.statistics;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Up to when outcomes are in. A user counts when the outcomes up to the end of the window are: whoever counts sooner takes
 * what has not arrived for what did not happen.
 *
 * @param asOf instant up to which a run looks
 * @param until per outcome the instant up to which its rows have arrived (a high-water mark)
 */
public record Arrivals(Instant asOf, Map<String, Instant> until) {

    /** Age of the newest row from which on no more is expected. */
    static final Duration OVER = Duration.ofDays(3);

    public Arrivals {
        Objects.requireNonNull(asOf, "asOf");
        until = Map.copyOf(until);
    }

    /** Everything that happened before the as-of is in. */
    public static Arrivals complete(Instant asOf) {
        return new Arrivals(asOf, Map.of("", asOf));
    }

    /**
     * The instant up to which an outcome is in, at most the as-of. One that has never come is in as far as any is.
     */
    public Instant settledUntil(String outcome) {
        return Optional.ofNullable(until.get(outcome))
                .or(this::newest)
                .filter(in -> in.isBefore(asOf))
                .orElseGet(() -> until.isEmpty() ? Instant.EPOCH : asOf);
    }

    /** Windows of the metric that closed at or before it have all their outcomes. */
    public Instant settledUntil(Metric metric) {
        return metric.settle()
                .map(asOf::minus)
                .orElseGet(() -> metric.outcomes().stream()
                        .map(this::settledUntil)
                        .min(Comparator.naturalOrder())
                        .orElseThrow());
    }

    /**
     * The same; or all that is there, where the history is over: for three days neither an outcome nor an exposure has come.
     *
     * @param exposed the newest exposure
     */
    public Arrivals unlessOver(Optional<Instant> exposed) {
        return isSilent() && exposed.filter(this::isRecent).isEmpty() ? complete(asOf) : this;
    }

    /** Whether no outcome has come for three days. */
    public boolean isSilent() {
        return newest().filter(this::isRecent).isEmpty();
    }

    private Optional<Instant> newest() {
        return until.values().stream().max(Comparator.naturalOrder());
    }

    private boolean isRecent(Instant row) {
        return row.isAfter(asOf.minus(OVER));
    }
}
