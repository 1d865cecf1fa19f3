package io.flagcast.jobs.lake;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A moment when the tables of a run became the live ones.
 *
 * @param sequence 1, 2, 3, …; the greatest is live
 * @param runId run that was published
 * @param asOf instant up to which it looked
 * @param kind publish, metrics or rollback
 * @param publishedAt when it became live
 * @param tables per slice table the live run and its row count
 * @param configHash hash of configuration and experiments
 */
public record Publication(
        long sequence,
        String runId,
        Instant asOf,
        String kind,
        Instant publishedAt,
        Map<String, LiveSlice> tables,
        String configHash) {

    /**
     * The live slice of a table.
     *
     * @param runId run that wrote it
     * @param rows rows it has
     */
    public record LiveSlice(String runId, long rows) {}

    public Publication {
        Objects.requireNonNull(runId, "runId");
        tables = Map.copyOf(tables);
    }

    /** The last of all publications, which are given oldest first. */
    public static Optional<Publication> newest(List<Publication> publications) {
        return publications.isEmpty() ? Optional.empty() : Optional.of(publications.get(publications.size() - 1));
    }
}
