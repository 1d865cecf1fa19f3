package io.flagcast.serving.lake;

import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A publication: what is live in a lake.
 *
 * @param sequence 1, 2, 3, …; the greatest is live
 * @param slices per table the run and its row count
 * @param publishedAt when it became live
 */
public record Published(long sequence, Map<String, Slice> slices, Instant publishedAt) {

    /** What a client reads. */
    static final List<Table> SERVED = List.of(Tables.EXPERIMENTS, Tables.ALLOCATIONS, Tables.RESPONSIVENESS_SCORES);

    /**
     * The slice of a table.
     *
     * @param runId run that wrote it
     * @param rows rows it has
     */
    public record Slice(String runId, long rows) {}

    public Published {
        slices = Map.copyOf(slices);
        Objects.requireNonNull(publishedAt, "publishedAt");
    }

    /**
     * The run whose decisions it serves.
     *
     * @throws RefusedException where a table is missing, or the tables are of several runs
     */
    public String runId() throws RefusedException {
        for (Table table : SERVED) {
            if (!slices.containsKey(table.name())) {
                throw new RefusedException("publication %d has no table %s: run flagcast run with this version once"
                        .formatted(sequence, table.name()));
            }
        }
        List<String> runs =
                SERVED.stream().map(table -> slice(table).runId()).distinct().toList();
        if (runs.size() != 1) {
            throw new RefusedException(
                    "publication %d mixes runs %s: decisions and experiments of one run belong together"
                            .formatted(sequence, String.join(" and ", runs)));
        }
        return runs.get(0);
    }

    public Slice slice(Table table) {
        return slices.get(table.name());
    }
}
