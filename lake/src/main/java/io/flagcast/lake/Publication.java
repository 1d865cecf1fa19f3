package io.flagcast.lake;

import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * A moment when the tables of a run became the live ones.
 *
 * @param sequence 1, 2, 3, …; the greatest is live; {@link #NEVER_LIVE} of a run that only made up for an as-of
 * @param runId run that was published
 * @param asOf instant up to which it looked
 * @param kind what became live
 * @param publishedAt when it became live
 * @param tables per slice table the live run and its row count
 * @param configHash hash of configuration and experiments
 */
public record Publication(
        long sequence,
        String runId,
        Instant asOf,
        Kind kind,
        Instant publishedAt,
        Map<String, LiveSlice> tables,
        String configHash) {

    /** The sequence of what was never live. */
    public static final long NEVER_LIVE = 0;

    /** What a publication makes live. */
    public enum Kind {
        /** All tables of a run. */
        PUBLISH,
        /** Metrics and health checks of a run, beside the other tables that were live before. */
        METRICS,
        /** All tables of an earlier publication again. */
        ROLLBACK;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Kind of(String label) {
            return valueOf(label.toUpperCase(Locale.ROOT));
        }
    }

    /**
     * The live slice of a table.
     *
     * @param runId run that wrote it
     * @param rows rows it has
     */
    public record LiveSlice(String runId, long rows) {}

    public Publication {
        Objects.requireNonNull(runId, "runId");
        Objects.requireNonNull(kind, "kind");
        tables = Map.copyOf(tables);
    }

    /** The runs whose slices it makes live, this one first. */
    public Set<String> runIds() {
        Set<String> runIds = new LinkedHashSet<>(List.of(runId));
        tables.values().forEach(slice -> runIds.add(slice.runId()));
        return runIds;
    }

    /** The publications of runs, without those of metrics between them. */
    public static List<Publication> ofRuns(List<Publication> publications) {
        return publications.stream()
                .filter(publication -> publication.kind() != Kind.METRICS)
                .toList();
    }

    /** How many runs of an as-of were published. */
    public static int generations(List<Publication> publications, Instant asOf) {
        return (int) ofRuns(publications).stream()
                .filter(publication -> publication.asOf().equals(asOf))
                .map(Publication::runId)
                .distinct()
                .count();
    }

    /** The last of all publications, which are given oldest first. */
    public static Optional<Publication> newest(List<Publication> publications) {
        return publications.isEmpty() ? Optional.empty() : Optional.of(publications.get(publications.size() - 1));
    }
}
