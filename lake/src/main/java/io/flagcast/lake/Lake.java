package io.flagcast.lake;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.lit;

import io.delta.tables.DeltaTable;
import io.flagcast.features.InputException;
import io.flagcast.tables.Table;
import io.flagcast.tables.Table.ColumnSet;
import io.flagcast.tables.Table.Kind;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Observation;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** The Delta tables below one root: the only place that knows paths, slices and publications. */
public final class Lake {

    private static final String PUBLISHER = "flagcast-publisher";
    /** Tenths of a second that a table may take another process to create. */
    private static final int MOST_PAUSES = 300;
    /** How often a run publishes anew where metrics came first. */
    private static final int MOST_ATTEMPTS = 10;

    private final SparkSession spark;
    private final String root;
    private final Set<Table> created = new HashSet<>();

    public Lake(SparkSession spark, String root) {
        this.spark = Objects.requireNonNull(spark, "spark");
        this.root = root.endsWith("/") ? root.substring(0, root.length() - 1) : root;
    }

    public SparkSession spark() {
        return spark;
    }

    /** Where a table lies, as an absolute address. */
    public String location(Table table) {
        return absolute(table.name()).toString();
    }

    private Path absolute(String name) {
        Path path = new Path(root, name);
        return fileSystem(path).makeQualified(path);
    }

    private FileSystem fileSystem(Path path) {
        try {
            return path.getFileSystem(spark.sessionState().newHadoopConf());
        } catch (IOException e) {
            throw new UncheckedIOException("flagcast.lake.root " + root + " cannot be reached", e);
        }
    }

    public boolean exists(Table table) {
        return created.contains(table) || DeltaTable.isDeltaTable(spark, location(table));
    }

    private void create(Table table) {
        if (!created.contains(table)) {
            if (!exists(table)) {
                createOrWait(table);
            }
            created.add(table);
        }
    }

    /** Where another process creates the table at the same time, its folder is there a moment before the table is. */
    private void createOrWait(Table table) {
        try {
            spark.sql(table.ddl(location(table)));
        } catch (RuntimeException e) {
            for (int waited = 0; waited < MOST_PAUSES && !exists(table); waited++) {
                pause();
            }
            if (!exists(table)) {
                throw e;
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while another process created a table", e);
        }
    }

    /** All rows of a table, of every run; no rows where it does not exist yet. */
    public Dataset<Row> history(Table table) {
        return exists(table)
                ? spark.read().format("delta").load(location(table))
                : spark.createDataFrame(List.of(), StructType.fromDDL(table.schema()));
    }

    /** The rows that a run wrote, whether it is published or not. */
    public Dataset<Row> slice(Table table, String runId) {
        return history(table).where(col("run_id").equalTo(runId));
    }

    /** The rows of a table in a publication; none without one, all rows of a table that only grows. */
    public Dataset<Row> published(Table table, Optional<Publication> publication) {
        if (table.kind() == Kind.APPEND) {
            return history(table);
        }
        return slice(
                table,
                publication
                        .flatMap(live -> Optional.ofNullable(live.tables().get(table.name())))
                        .map(Publication.LiveSlice::runId)
                        .orElse(""));
    }

    /**
     * Replaces the slice of a run.
     *
     * @param rows the table's columns without {@code run_id} and {@code as_of}
     * @return how many rows were written
     * @throws InputException where rows hold a NaN or a score outside [0, 100]; {@link Audit} checks the keys
     */
    public long replaceSlice(Table table, RunId runId, Dataset<Row> rows) {
        create(table);
        Dataset<Row> slice = conformed(
                table, rows.withColumn("run_id", lit(runId.toString())).withColumn("as_of", lit(runId.asOf())));
        Observation written = new Observation();
        slice.observe(
                        written,
                        count(lit(1)).as("rows"),
                        count_if(impossible(slice.schema())).as("impossible"))
                .write()
                .format("delta")
                .mode("overwrite")
                .option("replaceWhere", "run_id = '" + runId + "'")
                .option("mergeSchema", table.columnSet() == ColumnSet.OPEN)
                .save(location(table));
        Map<String, Object> counts = counts(written);
        if ((Long) counts.get("impossible") > 0) {
            throw new InputException(
                    "%s of run %s: %,d rows have a NaN or a score outside [0, 100]: nothing is published"
                            .formatted(table.name(), runId, (Long) counts.get("impossible")));
        }
        return (Long) counts.get("rows");
    }

    /** Replaces the slice of a run by few rows, given with the table's columns in order, without {@code run_id} and {@code as_of}. */
    public long replaceSlice(Table table, RunId runId, List<Row> rows) {
        StructField[] columns = StructType.fromDDL(table.schema()).fields();
        StructType own = new StructType(Arrays.copyOfRange(columns, 2, columns.length));
        return replaceSlice(table, runId, spark.createDataFrame(rows, own).coalesce(1));
    }

    private static Map<String, Object> counts(Observation written) {
        try {
            return written.getAsJava();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a slice was written", e);
        }
    }

    private static Column impossible(StructType schema) {
        Column impossible = lit(false);
        for (StructField field : schema.fields()) {
            if (field.dataType() instanceof DoubleType) {
                impossible = impossible.or(col(field.name()).isNaN());
            }
            if (field.name().equals("score")) {
                impossible = impossible.or(col("score").lt(0)).or(col("score").gt(100));
            }
        }
        return impossible;
    }

    private Dataset<Row> conformed(Table table, Dataset<Row> rows) {
        StructType contract = StructType.fromDDL(table.schema());
        Set<String> actual = new HashSet<>(Arrays.asList(rows.columns()));
        List<String> missing = Arrays.stream(contract.fieldNames())
                .filter(name -> !actual.contains(name))
                .toList();
        List<String> further = Arrays.stream(rows.columns())
                .filter(name -> !Arrays.asList(contract.fieldNames()).contains(name))
                .toList();
        if (!missing.isEmpty() || (table.columnSet() == ColumnSet.CLOSED && !further.isEmpty())) {
            throw new IllegalStateException(
                    "rows for %s lack %s and have %s beyond its columns".formatted(table.name(), missing, further));
        }
        List<Column> columns = new ArrayList<>();
        for (StructField field : contract.fields()) {
            columns.add(col(field.name()).cast(field.dataType()).as(field.name()));
        }
        further.forEach(name -> columns.add(col(name)));
        return rows.select(columns.toArray(Column[]::new));
    }

    /** Appends rows, given with the table's columns in order. */
    public void append(Table table, List<Row> rows) {
        if (!rows.isEmpty()) {
            create(table);
            frame(table, rows).write().format("delta").mode("append").save(location(table));
        }
    }

    private Dataset<Row> frame(Table table, List<Row> rows) {
        return spark.createDataFrame(rows, StructType.fromDDL(table.schema())).coalesce(1);
    }

    /**
     * Appends rows of one run if nobody has appended this version yet: compare-and-set over processes.
     *
     * @param writer identity of the sequence of versions
     * @param version greater than every version before
     * @return whether the table has these rows, from this process or, to the last value the same, from another
     */
    public boolean appendOnce(Table table, List<Row> rows, String writer, long version) {
        create(table);
        Dataset<Row> frame = frame(table, rows);
        try {
            frame.write()
                    .format("delta")
                    .mode("append")
                    .option("txnAppId", writer)
                    .option("txnVersion", version)
                    .save(location(table));
        } catch (RuntimeException e) {
            if (isConcurrentTransaction(e)) {
                return false;
            }
            throw e;
        }
        // Delta skips a version that was written before without saying so: only reading tells who came first.
        return history(table).collectAsList().containsAll(frame.collectAsList());
    }

    private static boolean isConcurrentTransaction(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause.getClass().getSimpleName().startsWith("Concurrent")) {
                return true;
            }
        }
        return false;
    }

    /** All publications, oldest first. */
    public List<Publication> publications() {
        return history(Tables.PUBLICATIONS).collectAsList().stream()
                .map(Lake::publication)
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
                instant(row, "as_of"),
                Publication.Kind.of(row.getAs("kind")),
                instant(row, "published_at"),
                tables,
                row.getAs("config_hash"));
    }

    /** An instant of a row, whichever of the two classes Spark is set to. */
    public static Instant instant(Row row, String column) {
        Object value = row.getAs(column);
        return value instanceof java.sql.Timestamp timestamp ? timestamp.toInstant() : (Instant) value;
    }

    /** The newest publication. */
    public Optional<Publication> live() {
        return Publication.newest(publications());
    }

    /**
     * The newest publication, for those who can do nothing without one.
     *
     * @throws Refusal with exit code 66 where there is none
     */
    public Publication requireLive() {
        return live().orElseThrow(() ->
                new Refusal(ExitCode.NO_INPUT, "%s has no publication yet: run flagcast run first".formatted(root)));
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
            List<Publication> since = publications().stream()
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
                        .formatted(known + 1, root));
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
        return appendOnce(Tables.PUBLICATIONS, List.of(row), PUBLISHER, publication.sequence());
    }

    /** Removes the slices of these runs, all but those of rule decisions: their record is kept for good. */
    public void removeSlices(List<String> runIds) {
        removeSlices(
                Tables.of(Kind.SLICE).stream()
                        .filter(table -> !table.equals(Tables.RULE_DECISIONS))
                        .toList(),
                runIds);
    }

    /** Removes the slices of these runs from some tables. */
    public void removeSlices(List<Table> tables, List<String> runIds) {
        tables.stream()
                .filter(this::exists)
                .forEach(table -> DeltaTable.forPath(spark, location(table))
                        .delete(col("run_id").isin(runIds.toArray())));
    }

    /** Writes a text file below the root, as a model. */
    public void writeText(String name, String text) {
        Path path = absolute(name);
        try (OutputStream out = fileSystem(path).create(path, true)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be written", e);
        }
    }

    /** Reads a text file below the root. */
    public String readText(String name) {
        Path path = absolute(name);
        try (FSDataInputStream in = fileSystem(path).open(path)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be read", e);
        }
    }

    /**
     * Makes the tables that a query names views: by their name over the live publication, as {@code history.<table>}
     * over all runs.
     */
    public void registerViews(String query) {
        Optional<Publication> live = live();
        spark.sql("CREATE DATABASE IF NOT EXISTS history");
        for (Table table : Tables.ALL) {
            if (table.kind() == Kind.INPUT || !query.toLowerCase(Locale.ROOT).contains(table.name())) {
                continue;
            }
            published(table, live).createOrReplaceTempView(table.name());
            if (exists(table)) {
                spark.sql("CREATE OR REPLACE VIEW history.%s AS SELECT * FROM delta.`%s`"
                        .formatted(table.name(), location(table)));
            }
        }
    }
}
