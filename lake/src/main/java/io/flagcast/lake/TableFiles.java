package io.flagcast.lake;

import static org.apache.spark.sql.functions.col;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaLog;
import org.apache.spark.sql.delta.Snapshot;
import org.apache.spark.sql.delta.actions.AddFile;
import scala.Option;
import scala.jdk.javaapi.CollectionConverters;

/**
 * The newest version of a table. Delta asks its log by a query of its own each time a table is read, which in a small lake costs more than
 * the reading; the checksum of a version of up to 50 files lists them. Of more files Delta is asked.
 *
 * @param location address of the table
 * @param log its log
 * @param snapshot its newest version
 * @param listed all files of that version; absent where its checksum does not list them
 */
record TableFiles(
        SparkSession spark, String location, DeltaLog log, Snapshot snapshot, Optional<List<AddFile>> listed) {

    TableFiles {
        listed = listed.map(List::copyOf);
    }

    static TableFiles of(SparkSession spark, String location) {
        DeltaLog log = DeltaLog.forTable(spark, new Path(location));
        Snapshot snapshot = log.update(false, Option.empty(), Option.empty());
        List<AddFile> files = snapshot.checksumOpt()
                .flatMap(checksum -> checksum.allFiles())
                .map(CollectionConverters::asJava)
                .getOrElse(() -> null);
        return new TableFiles(spark, location, log, snapshot, Optional.ofNullable(files));
    }

    /** All rows. */
    Dataset<Row> rows() {
        return listed.map(this::frame).orElseGet(this::read);
    }

    /** The rows of a slice. */
    Dataset<Row> rows(String runId) {
        return listed.map(files -> frame(ofRuns(files, Set.of(runId))))
                .orElseGet(() -> read().where(col("run_id").equalTo(runId)));
    }

    /** Bytes of a slice. */
    long bytes(String runId) {
        return ofRuns(listed.orElseGet(() -> snapshot.allFiles().collectAsList()), Set.of(runId)).stream()
                .mapToLong(AddFile::size)
                .sum();
    }

    /** Whether none of these runs is known to have a slice; false where that takes a query. */
    boolean haveNoneOf(Collection<String> runIds) {
        return listed.filter(files -> ofRuns(files, runIds).isEmpty()).isPresent();
    }

    private static List<AddFile> ofRuns(List<AddFile> files, Collection<String> runIds) {
        return files.stream()
                .filter(file -> runIds.contains(file.partitionValues().apply("run_id")))
                .toList();
    }

    private Dataset<Row> read() {
        return spark.read().format("delta").load(location);
    }

    private Dataset<Row> frame(List<AddFile> files) {
        return log.createDataFrame(snapshot, CollectionConverters.asScala(files).toSeq(), false, Option.empty());
    }
}
