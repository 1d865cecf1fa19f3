package io.flagcast.lake;

import java.util.Collection;
import java.util.List;
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
 * The files of a table at its newest version. Delta asks its log by a query of its own each time a table is read, which in a small lake
 * costs more than the reading; a version's checksum lists the same files, so long as they are not many thousands.
 *
 * @param log the table's log
 * @param snapshot its newest version
 * @param files some or all files of that version
 */
record TableFiles(DeltaLog log, Snapshot snapshot, List<AddFile> files) {

    TableFiles {
        files = List.copyOf(files);
    }

    /** All files of a table. */
    static TableFiles of(SparkSession spark, String location) {
        DeltaLog log = DeltaLog.forTable(spark, new Path(location));
        Snapshot snapshot = log.update(false, Option.empty(), Option.empty());
        List<AddFile> files = snapshot.checksumOpt()
                .flatMap(checksum -> checksum.allFiles())
                .map(CollectionConverters::asJava)
                .getOrElse(() -> snapshot.allFiles().collectAsList());
        return new TableFiles(log, snapshot, files);
    }

    /** Those of the slices of some runs. */
    TableFiles ofRuns(Collection<String> runIds) {
        return new TableFiles(
                log,
                snapshot,
                files.stream()
                        .filter(file -> runIds.contains(file.partitionValues().apply("run_id")))
                        .toList());
    }

    /** Their rows. */
    Dataset<Row> rows() {
        return log.createDataFrame(snapshot, CollectionConverters.asScala(files).toSeq(), false, Option.empty());
    }
}
