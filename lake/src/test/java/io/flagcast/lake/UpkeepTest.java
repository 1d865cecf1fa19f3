package io.flagcast.lake;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaLog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import scala.Option;

/** What is removed from the disk, and what is not. */
@ExtendWith(SharedSpark.class)
class UpkeepTest {

    @TempDir
    private Path folder;

    private List<Path> data() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve(Tables.ALERT_NOTES.name()))) {
            return files.filter(file -> file.toString().endsWith(".parquet")).toList();
        }
    }

    private static void note(Lake lake, String comment) {
        lake.append(
                Tables.ALERT_NOTES,
                List.of(RowFactory.create(
                        "a1", "silence", Map.of("check", "bias"), null, null, comment, "somebody", Instant.EPOCH)));
    }

    @Test
    void replacedFilesGoAndThoseOfACommitToComeStayAsLongAsTheLogRemembers(SparkSession spark) throws IOException {
        // As Session has it: Delta lists a folder in as many parts.
        spark.conf().set("spark.sql.sources.parallelPartitionDiscovery.parallelism", "2");
        Lake lake = new Lake(spark, folder.toString());
        Upkeep upkeep = new Upkeep(lake);
        note(lake, "one");
        lake.rewrite(Tables.ALERT_NOTES, lake.history(Tables.ALERT_NOTES));
        Path toCome = Files.writeString(folder.resolve(Tables.ALERT_NOTES.name() + "/part-to-come.parquet"), "rows");
        assertThat(data()).hasSize(3);

        upkeep.removeReplaced(Tables.ALERT_NOTES);
        assertThat(data()).hasSize(2).contains(toCome);

        // As after months: the log begins with a checkpoint.
        note(lake, "two");
        lake.rewrite(Tables.ALERT_NOTES, lake.history(Tables.ALERT_NOTES).coalesce(1));
        DeltaLog delta = DeltaLog.forTable(
                spark, folder.resolve(Tables.ALERT_NOTES.name()).toString());
        delta.checkpoint(delta.update(false, Option.empty(), Option.empty()), Option.empty());
        Path log = folder.resolve(Tables.ALERT_NOTES.name() + "/_delta_log");
        Files.deleteIfExists(log.resolve("_last_vacuum_info"));
        for (int version = 0; version < 4; version++) {
            Files.delete(log.resolve("%020d.json".formatted(version)));
        }
        DeltaLog.clearCache();
        note(lake, "three");
        lake.rewrite(Tables.ALERT_NOTES, lake.history(Tables.ALERT_NOTES).coalesce(1));

        upkeep.removeReplaced(Tables.ALERT_NOTES);
        assertThat(lake.history(Tables.ALERT_NOTES).count()).isEqualTo(3);
        assertThat(data()).as("what the log has forgotten is found on the disk").hasSize(1);
    }

    @Test
    void whatNoVersionNeedsGoesWhenItIsAsOldAsIsAsked(SparkSession spark) throws IOException {
        spark.conf().set("spark.sql.sources.parallelPartitionDiscovery.parallelism", "2");
        Lake lake = new Lake(spark, folder.toString());
        Upkeep upkeep = new Upkeep(lake);
        note(lake, "one");
        Path left = Files.writeString(folder.resolve(Tables.ALERT_NOTES.name() + "/part-left.parquet"), "rows");
        Files.setLastModifiedTime(left, FileTime.from(Instant.now().minus(Duration.ofDays(2))));

        upkeep.removeUnneeded(Tables.ALERT_NOTES, Duration.ofDays(3));
        assertThat(data()).hasSize(2);
        upkeep.removeUnneeded(Tables.ALERT_NOTES, Duration.ofDays(1));
        assertThat(data()).hasSize(1).doesNotContain(left);
    }
}
