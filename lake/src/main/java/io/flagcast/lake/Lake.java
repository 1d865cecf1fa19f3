package io.flagcast.lake;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.lit;

import io.delta.exceptions.ProtocolChangedException;
import io.delta.tables.DeltaTable;
import io.flagcast.features.InputException;
import io.flagcast.tables.Table;
import io.flagcast.tables.Table.ColumnSet;
import io.flagcast.tables.Table.Kind;
import io.flagcast.tables.Tables;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Observation;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaLog;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** The Delta tables below one root and the slices of runs in them. {@link Publications} says which slices are live. */
public final class Lake {

    /** Tenths of a second that a table may take another process to create. */
    private static final int MOST_PAUSES = 300;

    private final SparkSession spark;
    private final LakeFiles files;
    private final Writing writing;
    private final Set<Table> existing = new HashSet<>();
    private Optional<Lease> lease = Optional.empty();

    /** What becomes of what is to be written, replaced or removed. */
    public enum Writing {
        DONE,
        /** All stays as it is, and those who write go on as if it did not. */
        REFRAINED
    }

    /** @throws Refusal where the root is no folder and cannot become one, or is not reached */
    public Lake(SparkSession spark, String root) {
        this(spark, root, Writing.DONE);
    }

    /** The same where it may be that nothing is written. */
    public Lake(SparkSession spark, String root, Writing writing) {
        this.spark = Objects.requireNonNull(spark, "spark");
        this.writing = Objects.requireNonNull(writing, "writing");
        this.files = new LakeFiles(spark, root, writing);
        files.requireFolder();
    }

    /** Whether nothing is written here. */
    public boolean isDry() {
        return writing == Writing.REFRAINED;
    }

    public SparkSession spark() {
        return spark;
    }

    /** What lies beside the tables. */
    public LakeFiles files() {
        return files;
    }

    /**
     * Works while this process has the lease of this lake: whatever is written here meanwhile is written only as long as nobody else
     * has it.
     *
     * @param what the work is, as others are told
     * @param expiry how long its owner may be silent, where the lake is on no local disk
     * @throws Refusal with exit code 75 where another process has it
     */
    public <T> T leased(String what, Duration expiry, Supplier<T> work) {
        if (isDry()) {
            return work.get();
        }
        try (Lease taken = Lease.take(files, what, expiry)) {
            lease = Optional.of(taken);
            return work.get();
        } finally {
            lease = Optional.empty();
        }
    }

    /** Whether to write; with the lease alone, where one was taken. */
    private boolean mayWrite() {
        lease.ifPresent(Lease::require);
        return !isDry();
    }

    /** All publications, oldest first. */
    public List<Publication> publications() {
        return new Publications(this).all();
    }

    /** The newest publication. */
    public Optional<Publication> live() {
        return new Publications(this).live();
    }

    /**
     * The newest publication, for those who can do nothing without one.
     *
     * @throws Refusal with exit code 66 where there is none
     */
    public Publication requireLive() {
        return new Publications(this).requireLive();
    }

    /** Where a table lies, as an absolute address. */
    public String location(Table table) {
        return files.location(table.name());
    }

    public boolean exists(Table table) {
        if (!existing.contains(table) && DeltaTable.isDeltaTable(spark, location(table))) {
            existing.add(table);
        }
        return existing.contains(table);
    }

    private void create(Table table) {
        if (!exists(table)) {
            createOrWait(table);
        }
    }

    /** Where another process creates the table at the same time, its folder is there a moment before the table is. */
    private void createOrWait(Table table) {
        try {
            spark.sql(table.ddl(location(table)));
        } catch (Exception e) {
            // All that Spark throws: a folder that is no table yet is an AnalysisException, which is checked and
            // undeclared.
            if (StorageFailure.isAmong(e) || Interruption.isAmong(e)) {
                throw e;
            }
            for (int waited = 0; waited < MOST_PAUSES && !existsByNow(table); waited++) {
                pause();
            }
            if (!existsByNow(table)) {
                throw e;
            }
        }
    }

    /** Delta remembers that there was no table when it was asked before. */
    boolean existsByNow(Table table) {
        DeltaLog.invalidateCache(spark, new Path(location(table)));
        return exists(table);
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
                ? newest(table).rows()
                : spark.createDataFrame(List.of(), StructType.fromDDL(table.schema()));
    }

    /** The rows that a run wrote, whether it is published or not. */
    public Dataset<Row> slice(Table table, String runId) {
        return exists(table) ? newest(table).rows(runId) : history(table);
    }

    /** Bytes of what a run wrote, as they lie in the store. */
    public long bytes(Table table, String runId) {
        return exists(table) ? newest(table).bytes(runId) : 0;
    }

    private TableFiles newest(Table table) {
        return TableFiles.of(spark, location(table));
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
     * @throws InputException where rows hold a NaN or a score outside [0, 100], or a column has another type than in earlier slices;
     *     {@link Audit} checks the keys
     */
    public long replaceSlice(Table table, RunId runId, Dataset<Row> rows) {
        if (!mayWrite()) {
            return rows.count();
        }
        create(table);
        Dataset<Row> slice = TableContract.conformed(
                table, rows.withColumn("run_id", lit(runId.toString())).withColumn("as_of", lit(runId.asOf())));
        if (table.columnSet() == ColumnSet.OPEN) {
            TableContract.requireTypes(table, history(table).schema(), slice.schema());
        }
        Observation written = new Observation();
        DataFrameWriter<Row> writer = slice.observe(
                        written,
                        count(lit(1)).as("rows"),
                        count_if(TableContract.impossible(slice.schema())).as("impossible"))
                .write()
                .format("delta")
                .option("mergeSchema", table.columnSet() == ColumnSet.OPEN);
        // Delta looks for rows to replace by queries, also where there are none.
        (newest(table).haveNoneOf(Set.of(runId.toString()))
                        ? writer.mode("append")
                        : writer.mode("overwrite").option("replaceWhere", "run_id = '" + runId + "'"))
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

    /**
     * Commits; again where another process created the table at the same instant: this one may still have thought that there
     * was none, and has committed nothing.
     */
    private void committed(Table table, Runnable commit) {
        try {
            commit.run();
        } catch (Exception e) {
            // Exception: what Delta throws is checked and undeclared.
            if (!(e instanceof ProtocolChangedException)) {
                throw e;
            }
            DeltaLog.invalidateCache(spark, new Path(location(table)));
            commit.run();
        }
    }

    private static Map<String, Object> counts(Observation written) {
        try {
            return written.getAsJava();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a slice was written", e);
        }
    }

    /** Appends rows, given with the table's columns in order. */
    public void append(Table table, List<Row> rows) {
        if (!rows.isEmpty() && mayWrite()) {
            create(table);
            committed(
                    table,
                    () -> frame(table, rows)
                            .write()
                            .format("delta")
                            .mode("append")
                            .save(location(table)));
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
        if (!mayWrite()) {
            return true;
        }
        create(table);
        Dataset<Row> frame = frame(table, rows);
        try {
            committed(
                    table,
                    () -> frame.write()
                            .format("delta")
                            .mode("append")
                            .option("txnAppId", writer)
                            .option("txnVersion", version)
                            .save(location(table)));
        } catch (RuntimeException e) {
            if (isConcurrentTransaction(e)) {
                return false;
            }
            throw e;
        }
        // Delta skips a version that was written before without saying so: only reading tells who came first.
        String first = frame.columns()[0];
        return history(table)
                .where(col(first)
                        .isin(rows.stream().map(row -> row.get(0)).distinct().toArray()))
                .collectAsList()
                .containsAll(frame.collectAsList());
    }

    private static boolean isConcurrentTransaction(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause.getClass().getSimpleName().startsWith("Concurrent")) {
                return true;
            }
        }
        return false;
    }

    /** Replaces all rows of a table that only grows: those of the past too. */
    public void rewrite(Table table, Dataset<Row> rows) {
        if (!mayWrite()) {
            return;
        }
        rows.write().format("delta").mode("overwrite").save(location(table));
    }

    /** An instant of a row, whichever of the two classes Spark is set to. */
    public static Instant instant(Row row, String column) {
        Object value = row.getAs(column);
        return value instanceof java.sql.Timestamp timestamp ? timestamp.toInstant() : (Instant) value;
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
        if (!mayWrite()) {
            return;
        }
        tables.stream()
                .filter(this::exists)
                .filter(table -> !newest(table).haveNoneOf(runIds))
                .forEach(table -> DeltaTable.forPath(spark, location(table))
                        .delete(col("run_id").isin(runIds.toArray())));
    }
}
