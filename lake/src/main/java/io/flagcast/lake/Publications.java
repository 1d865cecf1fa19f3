package io.flagcast.lake;

import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * What became live in a lake and when. One append makes all tables of a run live at once; of several runs that append
 * at the same time one wins.
 *
 * @param lake the lake
 */
public record Publications(Lake lake) {

    private static final String PUBLISHER = "flagcast-publisher";
    /** How often a run publishes anew where metrics came first. */
    private static final int MOST_ATTEMPTS = 10;

    public Publications {
        Objects.requireNonNull(lake, "lake");
    }

    /** All publications, oldest first. */
    public List<Publication> all() {
        return lake.history(Tables.PUBLICATIONS).collectAsList().stream()
                .map(Publications::publication)
                .sorted(Comparator.comparingLong(Publication::sequence))
                .toList();
    }

    private static Publication publication(Row row) {
        Map<String, Publication.LiveSlice> tables = new TreeMap<>();
        row.<String, Row>getJavaMap(row.fieldIndex("tables"))
                .forEach((table, slice) ->
                        tables.put(table, new Publication.LiveSlice(slice.getString(0), slice.getLong(1))));
        return new Publication(
                row.getAs("publish_seq"),
                row.getAs("run_id"),
                Lake.instant(row, "as_of"),
                Publication.Kind.of(row.getAs("kind")),
                Lake.instant(row, "published_at"),
                tables,
                row.getAs("config_hash"));
    }

    /** The newest publication. */
    public Optional<Publication> live() {
        return Publication.newest(all());
    }

    /**
     * The newest publication, for those who can do nothing without one.
     *
     * @throws Refusal with exit code 66 where there is none
     */
    public Publication requireLive() {
        return live().orElseThrow(() -> new Refusal(
                ExitCode.NO_INPUT,
                "%s has no publication yet: run flagcast run first"
                        .formatted(lake.files().root())));
    }

    /**
     * Makes the slices of a run the live ones, all at once. Metrics that were published meanwhile give way.
     *
     * @param before the publication that was live when the run began
     * @param rows per slice table how many rows the run wrote
     * @throws Refusal with exit code 75 where another run was published first
     */
    public Publication publish(
            Optional<Publication> before, RunId runId, Map<String, Long> rows, String configHash, Instant now) {
        long known = before.map(Publication::sequence).orElse(0L);
        for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
            List<Publication> since = all().stream()
                    .filter(publication -> publication.sequence() > known)
                    .toList();
            if (since.stream().anyMatch(publication -> publication.kind() != Publication.Kind.METRICS)) {
                break;
            }
            long sequence = Publication.newest(since).map(Publication::sequence).orElse(known) + 1;
            Publication publication = new Publication(
                    sequence,
                    runId.toString(),
                    runId.asOf(),
                    Publication.Kind.PUBLISH,
                    now,
                    slices(runId, rows),
                    configHash);
            if (append(publication)) {
                return publication;
            }
        }
        throw new Refusal(
                ExitCode.TRY_AGAIN,
                "publication %d of %s was taken by another run: this run stays unpublished, run it again"
                        .formatted(known + 1, lake.files().root()));
    }

    /**
     * Makes the metrics of a run live beside the other tables.
     *
     * @param before the publication that they were measured on
     * @param rows per slice table how many rows the run wrote
     * @return absent where a run was published meanwhile: these metrics are outdated
     */
    public Optional<Publication> publishMetrics(
            Publication before, RunId runId, Map<String, Long> rows, String configHash, Instant now) {
        Publication newest = requireLive();
        if (newest.sequence() != before.sequence()) {
            return Optional.empty();
        }
        Map<String, Publication.LiveSlice> tables = new TreeMap<>(newest.tables());
        tables.putAll(slices(runId, rows));
        Publication publication = new Publication(
                newest.sequence() + 1,
                runId.toString(),
                runId.asOf(),
                Publication.Kind.METRICS,
                now,
                tables,
                configHash);
        return append(publication) ? Optional.of(publication) : Optional.empty();
    }

    /**
     * Makes the tables of an earlier publication live again.
     *
     * @throws Refusal as {@link #rolledBack}; with exit code 75 where another process published meanwhile
     */
    public Publication rollBack(long sequence, Instant now) {
        Publication again = rolledBack(sequence, now);
        if (!append(again)) {
            throw new Refusal(
                    ExitCode.TRY_AGAIN,
                    "publication %d of %s was taken by another process: nothing is rolled back, look at flagcast status and run it again"
                            .formatted(again.sequence(), lake.files().root()));
        }
        return again;
    }

    /**
     * A publication.
     *
     * @throws Refusal with exit code 64 where there is none of this sequence
     */
    public Publication of(long sequence) {
        List<Publication> all = all();
        return all.stream()
                .filter(publication -> publication.sequence() == sequence)
                .findFirst()
                .orElseThrow(() -> new Refusal(
                        ExitCode.USAGE, "--publication %d: there are 1 to %d".formatted(sequence, all.size())));
    }

    /**
     * The publication that makes the tables of an earlier one live again; it is not appended.
     *
     * @throws Refusal with exit code 64 where there is none of this sequence, or its tables are not kept any more
     */
    public Publication rolledBack(long sequence, Instant now) {
        Publication earlier = of(sequence);
        Publication live = requireLive();
        earlier.tables()
                .forEach((name, slice) ->
                        requireWhole(earlier, Tables.named(name).orElseThrow(), slice));
        return new Publication(
                live.sequence() + 1,
                earlier.runId(),
                earlier.asOf(),
                Publication.Kind.ROLLBACK,
                now,
                earlier.tables(),
                earlier.configHash());
    }

    private void requireWhole(Publication publication, Table table, Publication.LiveSlice slice) {
        long rows = lake.slice(table, slice.runId()).count();
        if (rows != slice.rows()) {
            throw new Refusal(
                    ExitCode.USAGE,
                    "--publication %d: %s of run %s has %,d of its %,d rows: flagcast.lake.keep-publications says how many publications are kept"
                            .formatted(publication.sequence(), table.name(), slice.runId(), rows, slice.rows()));
        }
    }

    private static Map<String, Publication.LiveSlice> slices(RunId runId, Map<String, Long> rows) {
        return rows.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, entry -> new Publication.LiveSlice(runId.toString(), entry.getValue())));
    }

    /** Whether nobody else has taken its place. */
    private boolean append(Publication publication) {
        Map<String, Row> slices = publication.tables().entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey,
                        entry -> RowFactory.create(
                                entry.getValue().runId(), entry.getValue().rows())));
        Row row = RowFactory.create(
                publication.sequence(),
                publication.runId(),
                publication.asOf(),
                publication.kind().label(),
                publication.publishedAt(),
                slices,
                publication.configHash());
        return lake.appendOnce(Tables.PUBLICATIONS, List.of(row), PUBLISHER, publication.sequence());
    }
}
