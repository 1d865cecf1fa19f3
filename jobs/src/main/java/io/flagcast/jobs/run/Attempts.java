package io.flagcast.jobs.run;

import static org.apache.spark.sql.functions.col;

import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Publication.LiveSlice;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.RunId;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * The runs that were begun, as {@code runs} has them: one row where an attempt starts, and one where it ends without becoming
 * live.
 *
 * @param lake the lake
 * @param started oldest first
 * @param backfilled the tables of as-ofs that were made up for, in the order in which they were
 */
public record Attempts(Lake lake, List<Started> started, List<Publication> backfilled) {

    private static final String RUN = "run";
    private static final String STARTED = "started";
    private static final String BACKFILLED = "backfilled";
    private static final int MOST_TRIES = 10;

    /**
     * An attempt.
     *
     * @param at when it began
     */
    public record Started(RunId id, Instant at) {}

    public Attempts {
        started = List.copyOf(started);
        backfilled = List.copyOf(backfilled);
    }

    public static Attempts read(Lake lake) {
        List<Row> rows = lake.history(Tables.RUNS)
                .where(col("stage").equalTo(RUN))
                .orderBy("started_at", "run_id")
                .collectAsList();
        return new Attempts(
                lake,
                rows.stream()
                        .filter(row -> row.getAs("state").equals(STARTED))
                        .map(row -> new Started(RunId.parse(row.getAs("run_id")), Lake.instant(row, "started_at")))
                        .toList(),
                rows.stream()
                        .filter(row -> row.getAs("state").equals(BACKFILLED))
                        .map(Attempts::backfill)
                        .toList());
    }

    private static Publication backfill(Row row) {
        Map<String, LiveSlice> tables = new HashMap<>();
        row.<String, String>getJavaMap(row.fieldIndex("detail"))
                .forEach(
                        (table, count) -> tables.put(table, new LiveSlice(row.getAs("run_id"), Long.parseLong(count))));
        return new Publication(
                Publication.NEVER_LIVE,
                row.getAs("run_id"),
                Lake.instant(row, "as_of"),
                Publication.Kind.PUBLISH,
                Lake.instant(row, "started_at"),
                tables,
                row.getAs("config_hash"));
    }

    /** The newest attempt of an as-of and generation that stages can go on with: one that made up for its as-of is over. */
    public Optional<RunId> open(Instant asOf, int generation) {
        return newest(asOf, generation)
                .filter(id -> backfilled.stream()
                        .noneMatch(backfill -> backfill.runId().equals(id.toString())));
    }

    /** The next attempt, which nobody has begun yet. */
    public RunId next(Instant asOf, int generation) {
        return new RunId(
                asOf, generation, newest(asOf, generation).map(RunId::attempt).orElse(0) + 1);
    }

    private Optional<RunId> newest(Instant asOf, int generation) {
        return started.stream()
                .map(Started::id)
                .filter(id -> id.asOf().equals(asOf) && id.generation() == generation)
                .max(Comparator.comparingInt(RunId::attempt));
    }

    /**
     * Begins another attempt, which nobody else has begun.
     *
     * @throws Refusal with exit code 75 where others are always faster
     */
    public RunId begin(Instant asOf, int generation, String configHash, Instant now) {
        int next = next(asOf, generation).attempt();
        for (int attempt = next; attempt < next + MOST_TRIES; attempt++) {
            RunId id = new RunId(asOf, generation, attempt);
            Row row = row(id, STARTED, now, Map.of(), configHash);
            if (lake.appendOnce(Tables.RUNS, List.of(row), "flagcast-" + new RunId(asOf, generation), attempt)) {
                return id;
            }
        }
        throw new Refusal(
                ExitCode.TRY_AGAIN,
                "%s: %s is begun by other processes again and again: end them, and run it again"
                        .formatted(lake.files().root(), new RunId(asOf, generation)));
    }

    /**
     * Ends an attempt that made up for an as-of.
     *
     * @param rows per slice table how many rows it has
     */
    public static void backfilled(Run run, Map<String, Long> rows, Instant now) {
        Map<String, String> counts = new HashMap<>();
        rows.forEach((table, count) -> counts.put(table, Long.toString(count)));
        run.lake().append(Tables.RUNS, List.of(row(run.id(), BACKFILLED, now, counts, run.configHash())));
    }

    private static Row row(RunId id, String state, Instant now, Map<String, String> detail, String configHash) {
        return RowFactory.create(
                id.toString(), id.asOf(), RUN, state, now, 0.0, 0L, 0L, 0L, detail, Map.of(), configHash, null);
    }

    /** The newest tables of an as-of before this one, published or made up for; of one as-of the last that were published. */
    public Optional<Publication> earlier(List<Publication> publications, Instant asOf) {
        Optional<Publication> published = Publication.newest(before(publications, asOf));
        return before(backfilled, asOf).stream()
                .max(Comparator.comparing(Publication::asOf))
                .filter(backfill -> published
                        .filter(known -> !known.asOf().isBefore(backfill.asOf()))
                        .isEmpty())
                .or(() -> published);
    }

    private static List<Publication> before(List<Publication> publications, Instant asOf) {
        return publications.stream()
                .filter(publication -> publication.asOf().isBefore(asOf))
                .toList();
    }

    /** Attempts that nothing came of, begun at an instant or later. */
    public List<Started> unfinished(List<Publication> publications, Instant after) {
        return started.stream()
                .filter(attempt -> !attempt.at().isBefore(after))
                .filter(attempt -> publications.stream()
                        .noneMatch(publication ->
                                publication.runId().equals(attempt.id().toString())))
                .filter(attempt -> backfilled.stream()
                        .noneMatch(
                                backfill -> backfill.runId().equals(attempt.id().toString())))
                .toList();
    }
}
