package io.flagcast.lake;

import java.nio.file.Path;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/**
 * The Spark session of a command. What {@code --conf} of spark-submit says always wins.
 *
 * @param spark the session, stopped on close
 */
public record Session(SparkSession spark) implements AutoCloseable {

    private static final Map<String, String> DEFAULTS = Map.ofEntries(
            Map.entry("spark.app.name", "flagcast"),
            Map.entry("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension"),
            Map.entry("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog"),
            Map.entry("spark.delta.logStore.file.impl", ExclusiveLogStore.class.getName()),
            Map.entry("spark.delta.logStore.s3a.impl", ExclusiveLogStore.class.getName()),
            Map.entry("spark.sql.debug.maxToStringFields", "200"),
            // Events and outcomes are gathered per user: by hash, before Spark gives up and sorts.
            Map.entry("spark.sql.objectHashAggregate.sortBased.fallbackThreshold", "100000"),
            Map.entry("spark.sql.sources.parallelPartitionDiscovery.parallelism", "8"));

    /**
     * Opens a session, or takes the one that is open.
     *
     * @param temporary folder for what a session leaves behind
     */
    public static Session open(Path temporary) {
        SparkConf conf = new SparkConf();
        DEFAULTS.forEach(conf::setIfMissing);
        // Views of `sql` are kept there and nothing else.
        conf.setIfMissing("spark.sql.warehouse.dir", temporary + "/flagcast-warehouse");
        SparkSession spark = SparkSession.builder().config(conf).getOrCreate();
        // Not a matter of taste: days and instants of all tables are UTC, wherever the cluster stands.
        spark.conf().set("spark.sql.session.timeZone", "UTC");
        return new Session(spark);
    }

    @Override
    public void close() {
        spark.stop();
    }
}
