package io.flagcast.lake;

import io.delta.tables.DeltaTable;
import io.flagcast.tables.Table;
import io.flagcast.tables.Table.Kind;
import io.flagcast.tables.Tables;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaLog;
import scala.Console;

/**
 * What a lake needs now and then, whoever reads it: many small files become few, what no version of a table needs any more is
 * removed from the disk, and a log begins from a checkpoint.
 *
 * @param lake the lake
 */
public record Upkeep(Lake lake) {

    /** Switched off: Delta refuses to keep less than a week, and takes no other time than that of the table for what is asked. */
    private static final List<String> OWN_RETENTION = List.of(
            "spark.databricks.delta.retentionDurationCheck.enabled",
            "spark.databricks.delta.vacuum.retentionWindowIgnore.enabled");

    /**
     * What became of a table.
     *
     * @param before live files before
     * @param after live files after
     * @param bytes of them after
     */
    public record Tended(Table table, long before, long after, long bytes) {}

    public Upkeep {
        Objects.requireNonNull(lake, "lake");
    }

    /** The tables that the lake has, without those that it reads. */
    public List<Table> tables() {
        return Tables.ALL.stream()
                .filter(table -> table.kind() != Kind.INPUT && lake.exists(table))
                .toList();
    }

    /**
     * Tends a table.
     *
     * @param keep for how long files stay that only older versions need: longer than anybody reads one
     */
    public Tended tend(Table table, Duration keep) {
        DeltaTable delta = DeltaTable.forPath(lake.spark(), lake.location(table));
        Row now = detail(delta);
        long before = now.getAs("numFiles");
        if (lake.isDry()) {
            return new Tended(table, before, before, now.<Long>getAs("sizeInBytes"));
        }
        delta.optimize().executeCompaction();
        checkpoint(table);
        removeUnneeded(table, keep);
        Row after = detail(delta);
        return new Tended(table, before, after.<Long>getAs("numFiles"), after.<Long>getAs("sizeInBytes"));
    }

    private static Row detail(DeltaTable delta) {
        return delta.detail().head();
    }

    private void checkpoint(Table table) {
        DeltaLog log = DeltaLog.forTable(lake.spark(), new Path(lake.location(table)));
        log.checkpoint(log.update(false, scala.Option.empty(), scala.Option.empty()), scala.Option.empty());
    }

    /**
     * Removes the files from the disk that no version within a time needs, and those that no commit names: where {@code keep} is
     * shorter than a write takes, nobody else may write the table meanwhile.
     */
    public void removeUnneeded(Table table, Duration keep) {
        vacuum(table, "FULL", keep);
    }

    /**
     * Removes the files from the disk that the newest version does not need and an older one did: whoever writes is not disturbed, as
     * long as the log goes back to when files were last removed. Where it does not, this is {@link #removeUnneeded}.
     */
    public void removeReplaced(Table table) {
        try {
            vacuum(table, "LITE", Duration.ZERO);
        } catch (RuntimeException e) {
            if (!(e instanceof SparkThrowable delta) || !"DELTA_CANNOT_VACUUM_LITE".equals(delta.getCondition())) {
                throw e;
            }
            // The log begins after files were replaced that are still there: only the disk knows them.
            removeUnneeded(table, Duration.ZERO);
        }
    }

    /** How many files {@link #removeUnneeded} would remove. */
    public long unneeded(Table table, Duration keep) {
        return vacuum(table, "FULL", keep, " DRY RUN").count();
    }

    private void vacuum(Table table, String kind, Duration keep) {
        if (!lake.isDry()) {
            vacuum(table, kind, keep, "");
        }
    }

    private Dataset<Row> vacuum(Table table, String kind, Duration keep, String how) {
        SparkSession spark = lake.spark();
        OWN_RETENTION.forEach(key -> spark.conf().set(key, "false"));
        try {
            // Delta prints what it does on standard output, which is a command's own.
            return Console.withOut(
                    OutputStream.nullOutputStream(),
                    () -> spark.sql("VACUUM delta.`%s` %s RETAIN %s HOURS%s"
                            .formatted(lake.location(table), kind, keep.toSeconds() / 3_600.0, how)));
        } finally {
            OWN_RETENTION.forEach(spark.conf()::unset);
        }
    }
}
