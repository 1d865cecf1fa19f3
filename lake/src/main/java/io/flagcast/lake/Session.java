package io.flagcast.lake;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import scala.Option;

/**
 * The Spark session of a command. What {@code --conf} of spark-submit says always wins.
 *
 * <p>Where Spark runs already, as in a notebook, a command has a session of its own within it: settings and temporary views
 * of either do not reach the other. Who started Spark stops it: a command that found it running leaves it running.
 */
public final class Session implements AutoCloseable {

    /** Options that stand before whatever else executors are started with. */
    private static final String EXECUTOR_OPTIONS = "spark.executor.defaultJavaOptions";

    private static final Map<String, String> DEFAULTS = Map.ofEntries(
            Map.entry("spark.app.name", "flagcast"),
            Map.entry("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension"),
            Map.entry("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog"),
            Map.entry("spark.delta.logStore.file.impl", ExclusiveLogStore.class.getName()),
            Map.entry("spark.delta.logStore.s3a.impl", ExclusiveLogStore.class.getName()),
            // The logs of a lake are short: fifty tasks to read one, as Delta has it, take longer than one.
            Map.entry("spark.databricks.delta.snapshotPartitions", "1"),
            Map.entry("spark.sql.debug.maxToStringFields", "200"),
            // A folder zip=02139 says 02139.
            Map.entry("spark.sql.sources.partitionColumnTypeInference.enabled", "false"),
            // Events and outcomes are gathered per user: by hash, before Spark gives up and sorts.
            Map.entry("spark.sql.objectHashAggregate.sortBased.fallbackThreshold", "100000"),
            // Rows that lie by user need not be moved to be joined by user and experiment.
            Map.entry("spark.sql.requireAllClusterKeysForCoPartition", "false"),
            // A slice is one partition of its table: its rows need not be sorted to be written.
            Map.entry("spark.sql.maxConcurrentOutputFileWriters", "2"),
            Map.entry("spark.sql.sources.parallelPartitionDiscovery.parallelism", "8"));

    private final SparkSession spark;
    /** The session that this one stands in for until it is closed; empty where this one started Spark. */
    private final Optional<SparkSession> outer;

    private Session(SparkSession spark, Optional<SparkSession> outer) {
        this.spark = spark;
        this.outer = outer;
    }

    /**
     * Starts Spark, or opens a session within the Spark that runs.
     *
     * @param temporary folder for what a session leaves behind
     */
    public static Session open(Path temporary) {
        Optional<SparkSession> outer =
                running(SparkSession.getActiveSession()).or(() -> running(SparkSession.getDefaultSession()));
        SparkSession spark = outer.map(Session::within).orElseGet(() -> start(temporary));
        // Not a matter of taste: days and instants of all tables are UTC, wherever the cluster stands.
        spark.conf().set("spark.sql.session.timeZone", "UTC");
        return new Session(spark, outer);
    }

    private static Optional<SparkSession> running(Option<SparkSession> session) {
        return session.isDefined() ? Optional.of(session.get()) : Optional.empty();
    }

    private static SparkSession start(Path temporary) {
        SparkConf conf = new SparkConf();
        DEFAULTS.forEach(conf::setIfMissing);
        // A database's driver takes a time without a zone for one of the machine's.
        conf.set(EXECUTOR_OPTIONS, (conf.get(EXECUTOR_OPTIONS, "") + " -Duser.timezone=UTC").strip());
        if (conf.get("spark.master", "").startsWith("local")) {
            // An executor ends its process where memory or stack is out. Here that is the command's own, which says
            // what to do.
            conf.setIfMissing("spark.executor.killOnFatalError.depth", "0");
        }
        // Views of `sql` are kept there and nothing else.
        requireWritable("java.io.tmpdir", List.of(temporary));
        requireWritable(
                "spark.local.dir",
                Arrays.stream(conf.get("spark.local.dir", temporary.toString()).split(",", -1))
                        .map(Path::of)
                        .toList());
        conf.setIfMissing("spark.sql.warehouse.dir", temporary + "/flagcast-warehouse");
        return SparkSession.builder().config(conf).getOrCreate();
    }

    /** One of the folders is enough. Without any, Spark would end the process. */
    private static void requireWritable(String key, List<Path> folders) {
        IOException last = null;
        for (Path folder : folders) {
            try {
                Files.createDirectories(folder);
                Files.delete(Files.createTempDirectory(folder, "flagcast"));
                return;
            } catch (IOException e) {
                last = e;
            }
        }
        throw new Refusal(
                ExitCode.CONFIGURATION,
                "%s %s: no temporary files can be kept there (%s): make room or correct its rights, or name another folder, as by FLAGCAST_OPTS=-D%s=/path"
                        .formatted(
                                key,
                                folders.stream().map(Path::toString).collect(Collectors.joining(",")),
                                StorageFailure.of(last)
                                        .map(StorageFailure::reason)
                                        .orElse(last.getMessage()),
                                key),
                last);
    }

    private static SparkSession within(SparkSession outer) {
        SparkSession spark = outer.newSession();
        DEFAULTS.forEach((key, value) -> {
            if (!spark.conf().getAll().contains(key) && spark.conf().isModifiable(key)) {
                spark.conf().set(key, value);
            }
        });
        SparkSession.setActiveSession(spark);
        return spark;
    }

    /** Ends the jobs of the Spark that runs, where one does. What it says of their end is nobody's concern. */
    static void cancelJobs() {
        running(SparkSession.getDefaultSession())
                .map(SparkSession::sparkContext)
                .filter(context -> !context.isStopped())
                .ifPresent(context -> {
                    context.setLogLevel("OFF");
                    context.cancelAllJobs();
                });
    }

    public SparkSession spark() {
        return spark;
    }

    @Override
    public void close() {
        outer.ifPresentOrElse(SparkSession::setActiveSession, spark::stop);
    }
}
