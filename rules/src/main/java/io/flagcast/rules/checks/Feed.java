package io.flagcast.rules.checks;

import io.flagcast.statistics.Metric;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Rows that arrive together and stop together: an input, or a part of one that has a name of its own.
 *
 * @param table the input: events, exposures or outcomes
 * @param part the experiment of exposures, or what outcomes are called; absent for the whole input
 */
public record Feed(Table table, Optional<String> part) {

    private static final List<Table> TABLES = List.of(Tables.EVENTS, Tables.EXPOSURES, Tables.OUTCOMES);
    private static final Set<Check> CHECKS = Set.of(Check.FRESHNESS, Check.VOLUME, Check.UNMATCHED);

    public Feed {
        Objects.requireNonNull(part, "part");
        if (!TABLES.contains(table)) {
            throw new IllegalArgumentException("Feed: " + table.name() + " has no times, so it cannot stop");
        }
    }

    /** All rows of an input. */
    public static Feed of(Table table) {
        return new Feed(table, Optional.empty());
    }

    /** The exposures of an experiment. */
    public static Feed exposures(String experimentId) {
        return new Feed(Tables.EXPOSURES, Optional.of(experimentId));
    }

    /** One of the outcomes. */
    public static Feed outcome(String outcome) {
        return new Feed(Tables.OUTCOMES, Optional.of(outcome));
    }

    /** One row of it, as "outcome purchase": what {@link Check#FRESHNESS} is said of. */
    public String row() {
        String name = table.name();
        return named(name.substring(0, name.length() - 1));
    }

    /** Many rows of it, as "exposures of checkout": what other checks are said of. */
    public String rows() {
        return table.equals(Tables.OUTCOMES) && part.isPresent() ? row() : named(table.name());
    }

    private String named(String what) {
        return part.map(name -> what + (table.equals(Tables.OUTCOMES) ? " " : " of ") + name)
                .orElse(what);
    }

    /** Whether all rows of another are its own. */
    public boolean has(Feed other) {
        return table.equals(other.table) && (part.isEmpty() || part.equals(other.part));
    }

    /** Whether a metric counts what this feed brings. */
    public boolean isOf(Metric metric) {
        return metric.outcomes().stream().anyMatch(outcome -> has(outcome(outcome)));
    }

    /** What a finding looked at, where it is one of feeds: whether rows come, how many, and whose. */
    public static Optional<Feed> of(Finding finding) {
        return CHECKS.contains(finding.check())
                ? TABLES.stream()
                        .flatMap(table -> of(table, finding.subject()).stream())
                        .findFirst()
                : Optional.empty();
    }

    private static Optional<Feed> of(Table table, String subject) {
        Feed whole = of(table);
        if (subject.equals(whole.row()) || subject.equals(whole.rows())) {
            return Optional.of(whole);
        }
        // Any name stands at the end, whatever is in it.
        return List.of(whole.rows(), whole.row()).stream()
                .map(what -> what + (table.equals(Tables.OUTCOMES) ? " " : " of "))
                .filter(subject::startsWith)
                .map(prefix -> new Feed(table, Optional.of(subject.substring(prefix.length()))))
                .findFirst();
    }
}
