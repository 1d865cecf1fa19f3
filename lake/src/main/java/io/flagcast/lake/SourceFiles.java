package io.flagcast.lake;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.max;

import io.flagcast.tables.Table;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaLog;
import org.apache.spark.sql.delta.Snapshot;
import org.apache.spark.sql.delta.actions.AddFile;
import scala.Option;
import scala.jdk.javaapi.CollectionConverters;

/**
 * The files of a source at one moment. Each has an identity that changes when its content does: size and time, or the
 * deletion vector of a Delta table, whose other files never change.
 *
 * @param identities by address of the file
 * @param delta state of the Delta table; absent for other formats
 */
record SourceFiles(Map<String, String> identities, Optional<DeltaFiles> delta) {

    private record DeltaFiles(DeltaLog log, Snapshot snapshot, Map<String, AddFile> added) {}

    SourceFiles {
        identities = Map.copyOf(identities);
    }

    /** The files of a source; absent where it has none, as a database. */
    static Optional<SourceFiles> of(SparkSession spark, SourceSettings source, Dataset<Row> raw) {
        if (source.path().isBlank()) {
            return Optional.empty();
        }
        return Optional.of(
                source.format().equalsIgnoreCase("delta") ? delta(spark, source.path()) : plain(spark, raw, source));
    }

    private static SourceFiles plain(SparkSession spark, Dataset<Row> raw, SourceSettings source) {
        Map<String, String> identities = new HashMap<>();
        try {
            for (String file : raw.inputFiles()) {
                Path path = new Path(URI.create(file));
                FileStatus status =
                        path.getFileSystem(spark.sessionState().newHadoopConf()).getFileStatus(path);
                identities.put(
                        path.toString(),
                        "%s %d bytes %s"
                                .formatted(path, status.getLen(), Instant.ofEpochMilli(status.getModificationTime())));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(source.path() + " cannot be listed", e);
        }
        return new SourceFiles(identities, Optional.empty());
    }

    private static SourceFiles delta(SparkSession spark, String path) {
        DeltaLog log = DeltaLog.forTable(spark, path);
        Snapshot snapshot = log.update(false, Option.empty(), Option.empty());
        Map<String, AddFile> added = new TreeMap<>();
        Map<String, String> identities = new HashMap<>();
        for (AddFile file : snapshot.allFiles().collectAsList()) {
            String address = new Path(log.dataPath(), new Path(URI.create(file.path()))).toString();
            added.put(address, file);
            identities.put(
                    address,
                    address
                            + (file.getDeletionVectorUniqueId().isEmpty()
                                    ? ""
                                    : " less "
                                            + file.getDeletionVectorUniqueId().get()));
        }
        return new SourceFiles(identities, Optional.of(new DeltaFiles(log, snapshot, added)));
    }

    /** Whether all of these are still there as they were. */
    boolean have(Set<String> known) {
        return identities.values().containsAll(known);
    }

    /** Addresses of the files that are not among these. */
    List<String> beyond(Set<String> known) {
        return identities.entrySet().stream()
                .filter(entry -> !known.contains(entry.getValue()))
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }

    /** The rows of some of the files. */
    Dataset<Row> read(SparkSession spark, Table table, SourceSettings source, List<String> addresses) {
        if (delta.isPresent()) {
            List<AddFile> files =
                    addresses.stream().map(delta.get().added()::get).toList();
            return delta.get()
                    .log()
                    .createDataFrame(
                            delta.get().snapshot(),
                            CollectionConverters.asScala(files).toSeq(),
                            false,
                            Option.empty());
        }
        return Sources.read(spark, table, source, addresses);
    }

    /**
     * Identities of the files that have no row at or after the as-of: nothing in them is left for a later run.
     *
     * @param raw rows of files of this source
     * @param time when a row happened
     */
    Set<String> complete(Dataset<Row> raw, Column time, Collection<String> addresses, Instant asOf) {
        Set<String> complete = new HashSet<>();
        addresses.forEach(address -> complete.add(identities.get(address)));
        List<Row> newest =
                new ArrayList<>(raw.groupBy(col("_metadata.file_path").as("file"))
                        .agg(max(time).as("newest"))
                        .collectAsList());
        for (Row row : newest) {
            if (!row.isNullAt(1) && !Lake.instant(row, "newest").isBefore(asOf)) {
                complete.remove(identities.get(new Path(URI.create(row.getString(0))).toString()));
            }
        }
        return complete;
    }
}
