package io.flagcast.lake;

import java.time.LocalDate;
import java.util.List;
import java.util.Objects;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Rows as an application leaves them for the lake: Parquet files in {@code root/table/day}. A day is written whole, so
 * writing it again changes nothing.
 *
 * @param spark the session
 * @param root folder or object prefix
 */
public record DailyFiles(SparkSession spark, String root) {

    public DailyFiles {
        Objects.requireNonNull(spark, "spark");
        Objects.requireNonNull(root, "root");
    }

    /** Writes the rows of a table of one day in place of those that are there. */
    public void write(String table, LocalDate day, List<Row> rows, StructType schema) {
        spark.createDataFrame(rows, schema)
                .coalesce(1)
                .write()
                .mode("overwrite")
                .parquet("%s/%s/%s".formatted(root, table, day));
    }

    /** The rows of a table of all days. */
    public Dataset<Row> read(String table) {
        return spark.read().option("recursiveFileLookup", true).parquet(root + "/" + table);
    }
}
