package io.flagcast.jobs.run;

import io.flagcast.tables.Table;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * What a stage did.
 *
 * @param rowsIn rows read
 * @param rowsOut rows written; for features the valid input rows
 * @param rowsQuarantined input rows rejected
 * @param detail counts by table
 * @param summary one line for people
 */
public record StageResult(long rowsIn, long rowsOut, long rowsQuarantined, Map<String, String> detail, String summary) {

    public StageResult {
        detail = Map.copyOf(detail);
        Objects.requireNonNull(summary, "summary");
    }

    /** A stage that wrote slices. */
    public static StageResult wrote(long rowsIn, Map<Table, Long> written, String summary) {
        Map<String, String> detail = new TreeMap<>();
        written.forEach((table, rows) -> detail.put(table.name(), Long.toString(rows)));
        long out = written.values().stream().mapToLong(Long::longValue).sum();
        return new StageResult(rowsIn, out, 0, detail, summary);
    }

    /** The line, or that it is done. */
    String said() {
        return summary.isEmpty() ? "done" : summary;
    }
}
