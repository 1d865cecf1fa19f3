package io.flagcast.lake.inputs;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toMap;
import static org.apache.spark.sql.functions.col;

import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Refusal;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;

/**
 * How many rows the inputs had in earlier runs that were published.
 *
 * @param runs oldest publication first
 */
public record InputHistory(List<Past> runs) {

    /**
     * What a run has read.
     *
     * @param asOf instant up to which it looked
     * @param valid rows of each input; of one that it did not read none
     */
    public record Past(String runId, Instant asOf, Map<Table, Long> valid) {

        public Past {
            valid = Map.copyOf(valid);
        }
    }

    public InputHistory {
        runs = List.copyOf(runs);
    }

    /**
     * The runs that were published with an earlier as-of: a restatement is compared with what it restates no more than a backfill is
     * with what came after.
     *
     * @param publications oldest first
     */
    public static InputHistory of(Lake lake, List<Publication> publications, Instant before) {
        List<String> runIds = publications.stream()
                .filter(publication -> publication.asOf().isBefore(before))
                .flatMap(publication ->
                        Optional.ofNullable(publication.tables().get(Tables.USER_PROFILES.name())).stream())
                .map(Publication.LiveSlice::runId)
                .toList();
        Map<String, Past> known = new HashMap<>();
        lake.history(Tables.RUNS)
                .where("stage = 'features' AND state = 'done'")
                .where(col("run_id").isin(runIds.toArray()))
                .collectAsList()
                .forEach(row -> known.put(
                        row.getAs("run_id"),
                        new Past(
                                row.getAs("run_id"),
                                Lake.instant(row, "as_of"),
                                valid(row.getJavaMap(row.fieldIndex("detail"))))));
        return new InputHistory(
                runIds.stream().filter(known::containsKey).map(known::get).toList());
    }

    private static Map<Table, Long> valid(Map<String, String> detail) {
        Map<Table, Long> valid = new HashMap<>();
        for (Table table : Tables.of(Table.Kind.INPUT)) {
            OptionalLong rows = Counts.valid(detail.getOrDefault(table.name(), ""));
            rows.ifPresent(count -> valid.put(table, count));
        }
        return valid;
    }

    /** Rows of an input by the as-of of the runs, the last of each. */
    public List<Long> rows(Table table) {
        return runs.stream()
                .filter(run -> run.valid.containsKey(table))
                .collect(toMap(Past::asOf, run -> run.valid.get(table), (earlier, later) -> later))
                .entrySet()
                .stream()
                .sorted(Map.Entry.comparingByKey())
                .map(Map.Entry::getValue)
                .toList();
    }

    /**
     * Refuses inputs that have no row, where the newest publication had read some: the past cannot lose rows, and whoever went on
     * would publish that nothing ever happened. Rows may age out, as of a source that keeps thirty days, as long as newer ones come.
     *
     * @param valid rows now
     * @param origin where one is read from
     * @param declared names of the inputs that may be empty
     * @throws Refusal with exit code 65
     */
    public void requireRows(Map<Table, Long> valid, Function<Table, String> origin, Set<String> declared) {
        if (runs.isEmpty()) {
            return;
        }
        Past newest = runs.get(runs.size() - 1);
        List<Table> emptied = valid.keySet().stream()
                .filter(table -> valid.get(table) == 0
                        && newest.valid.getOrDefault(table, 0L) > 0
                        && !declared.contains(table.name()))
                .sorted(Comparator.comparing(Table::name))
                .toList();
        if (!emptied.isEmpty()) {
            throw new Refusal(
                    ExitCode.DATA_REFUSED,
                    emptied.stream()
                                    .map(table -> "%s (%s) is empty, run %s read %,d rows of it"
                                            .formatted(
                                                    table.name(),
                                                    origin.apply(table),
                                                    newest.runId,
                                                    newest.valid.get(table)))
                                    .collect(joining("; "))
                            + ": the past cannot lose rows. Bring them back, or declare that they may be gone with"
                            + " flagcast.quality.may-be-empty = ["
                            + emptied.stream().map(Table::name).collect(joining(", "))
                            + "]");
        }
    }
}
