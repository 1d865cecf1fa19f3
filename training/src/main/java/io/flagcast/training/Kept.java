package io.flagcast.training;

import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;

/**
 * Rows that many fits read: kept until closed, without the plan that made them (every fit would analyse it anew, and a
 * cached table costs adaptive execution a job per reader) and in few partitions, as a fit is a hundred small jobs.
 *
 * @param rows what to read
 * @param kept what is to be released
 */
record Kept(Dataset<Row> rows, JavaRDD<Row> kept) implements AutoCloseable {

    private static final long ROWS_PER_PARTITION = 50_000;

    /**
     * Keeps rows.
     *
     * @param rows rows
     * @param about how many they are
     */
    static Kept of(Dataset<Row> rows, long about) {
        SparkSession spark = rows.sparkSession();
        // By the rows alone: the same model on any machine.
        long partitions = about / ROWS_PER_PARTITION + 1;
        JavaRDD<Row> kept = rows.javaRDD().coalesce((int) partitions).persist(StorageLevel.MEMORY_AND_DISK());
        return new Kept(spark.createDataFrame(kept, rows.schema()), kept);
    }

    @Override
    public void close() {
        kept.unpersist();
    }
}
