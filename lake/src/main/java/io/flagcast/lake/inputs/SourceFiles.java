package io.flagcast.lake.inputs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.max;

import io.flagcast.features.InputMapping;
import io.flagcast.lake.Lake;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.Snapshot;
import org.apache.spark.sql.delta.actions.AddFile;
import org.apache.spark.sql.delta.catalog.DeltaTableV2;
import org.apache.spark.sql.delta.sources.DeltaDataSource;
import scala.Option;
import scala.jdk.javaapi.CollectionConverters;

/**
 * The files of a source at one moment. Each has an identity that changes when its content does: size and time, or the
 * deletion vector of a Delta table, whose other files never change.
 *
 * @param root address of the folder (or file) that is named, up to the first part of a pattern
 * @param identities by address of the file
 * @param bytes of all of them
 * @param snapshot state of the Delta table; absent for other formats
 */
record SourceFiles(String root, Map<String, String> identities, long bytes, Optional<DeltaFiles> snapshot) {

    private record DeltaFiles(SourceSettings source, Snapshot snapshot, Map<String, AddFile> added) {}

    SourceFiles {
        identities = Map.copyOf(identities);
    }

    /** The files of a source; absent where it has none, as a database. */
    static Optional<SourceFiles> of(SparkSession spark, SourceSettings source) {
        return switch (source.format().toLowerCase(Locale.ROOT)) {
            case "delta" -> Optional.of(delta(spark, source));
            // Listed as bytes: no format looks into them yet.
            case "csv", "json", "parquet", "orc" -> Optional.of(listed(spark, source, "binaryFile"));
            case "jdbc" -> Optional.empty();
            default ->
                Optional.of(listed(spark, source, source.format()))
                        .filter(files -> !files.identities().isEmpty());
        };
    }

    private static SourceFiles listed(SparkSession spark, SourceSettings source, String format) {
        boolean there = isThere(spark, source.path());
        DataFrameReader reader = spark.read().format(format).options(source.options());
        Map<String, String> identities = new HashMap<>();
        long bytes = 0;
        try {
            for (String file :
                    reader.load(there ? literal(source.path()) : source.path()).inputFiles()) {
                Path path = new Path(URI.create(file));
                FileStatus status =
                        path.getFileSystem(spark.sessionState().newHadoopConf()).getFileStatus(path);
                bytes += status.getLen();
                identities.put(
                        path.toString(),
                        "%s %d bytes %s"
                                .formatted(path, status.getLen(), Instant.ofEpochMilli(status.getModificationTime())));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(source.path() + " cannot be listed", e);
        }
        return new SourceFiles(
                qualified(spark, there ? source.path() : beforePattern(source.path())),
                identities,
                bytes,
                Optional.empty());
    }

    /** The folders of a path that come before the first which is a pattern. */
    private static String beforePattern(String path) {
        return Stream.of(path.split("/"))
                .takeWhile(name -> !name.matches(".*[*?{\\[].*"))
                .collect(Collectors.joining("/"));
    }

    private static String qualified(SparkSession spark, String path) {
        try {
            Path written = new Path(path.isEmpty() ? "/" : path);
            return written.getFileSystem(spark.sessionState().newHadoopConf())
                    .makeQualified(written)
                    .toString();
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be reached", e);
        }
    }

    /** A path that Spark takes as it is written: for a pattern it would take {@code out [1].csv}. */
    static String literal(String path) {
        return path.replaceAll("[*?{}\\[\\]\\\\]", "\\\\$0");
    }

    /** Whether a path is one of a file or folder as it is written, be it also a pattern. */
    private static boolean isThere(SparkSession spark, String path) {
        try {
            Path written = new Path(path);
            written.getFileSystem(spark.sessionState().newHadoopConf()).getFileStatus(written);
            return true;
        } catch (FileNotFoundException e) {
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be looked up", e);
        }
    }

    private static SourceFiles delta(SparkSession spark, SourceSettings source) {
        // Says what is wrong with the path or the version in words that people know.
        spark.read().format("delta").options(source.options()).load(source.path());
        scala.collection.immutable.Map<String, String> options =
                scala.collection.immutable.Map.from(CollectionConverters.asScala(source.options()));
        DeltaTableV2 table = new DeltaTableV2(
                spark,
                new Path(source.path()),
                Option.empty(),
                Option.empty(),
                DeltaDataSource.getTimeTravelVersion(options),
                options);
        Snapshot snapshot = table.initialSnapshot();
        Map<String, AddFile> added = new TreeMap<>();
        Map<String, String> identities = new HashMap<>();
        for (AddFile file : snapshot.allFiles().collectAsList()) {
            String address = new Path(snapshot.deltaLog().dataPath(), new Path(URI.create(file.path()))).toString();
            added.put(address, file);
            identities.put(
                    address,
                    address
                            + (file.getDeletionVectorUniqueId().isEmpty()
                                    ? ""
                                    : " less "
                                            + file.getDeletionVectorUniqueId().get()));
        }
        return new SourceFiles(
                snapshot.deltaLog().dataPath().toString(),
                identities,
                added.values().stream().mapToLong(AddFile::size).sum(),
                Optional.of(new DeltaFiles(source, snapshot, added)));
    }

    /** Addresses of all files. */
    List<String> addresses() {
        return identities.keySet().stream().sorted().toList();
    }

    /** The folder below which folders as {@code day=2026-03-01} are columns; absent where there are none. */
    Optional<String> base() {
        Set<Optional<String>> bases =
                identities.keySet().stream().map(this::aboveFirstColumn).collect(Collectors.toSet());
        return bases.size() == 1 ? bases.iterator().next() : Optional.empty();
    }

    private Optional<String> aboveFirstColumn(String address) {
        List<String> names = Arrays.asList(address.split("/"));
        for (int i = root.split("/").length; i < names.size() - 1; i++) {
            if (names.get(i).contains("=")) {
                return Optional.of(String.join("/", names.subList(0, i)));
            }
        }
        return Optional.empty();
    }

    /** Columns that stand in the names of folders. */
    Set<String> columns() {
        int below = base().map(folder -> folder.split("/").length).orElse(Integer.MAX_VALUE);
        return identities.keySet().stream()
                .flatMap(address -> Stream.of(address.split("/")).skip(below))
                .filter(name -> name.contains("="))
                .map(name -> name.substring(0, name.indexOf('=')))
                .collect(Collectors.toSet());
    }

    /** The version of a Delta table. */
    Optional<Long> version() {
        return snapshot.map(delta -> delta.snapshot().version());
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

    /** The rows of some files of a Delta table. */
    Dataset<Row> delta(SparkSession spark, List<String> addresses) {
        DeltaFiles delta = snapshot.orElseThrow();
        if (addresses.size() == identities.size()) {
            return spark.read()
                    .format("delta")
                    .options(delta.source().options())
                    .load(delta.source().path());
        }
        List<AddFile> files = addresses.stream().map(delta.added()::get).toList();
        return delta.snapshot()
                .deltaLog()
                .createDataFrame(
                        delta.snapshot(), CollectionConverters.asScala(files).toSeq(), false, Option.empty());
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
        List<Row> newest = new ArrayList<>(raw.groupBy(col(InputMapping.FILE).as("file"))
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
