package io.flagcast.lake.inputs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode_outer;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.monotonically_increasing_id;

import io.flagcast.features.FirstSentence;
import io.flagcast.features.InputMapping;
import io.flagcast.lake.DatabaseFailure;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.tables.ContentHash;
import io.flagcast.tables.Table;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.spark.SparkRuntimeException;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructField;

/**
 * A source of an input table at one moment: its files, and its rows as they are written, with {@link InputMapping#PROBLEM}
 * where one cannot be read.
 */
final class Source {

    /** Rows of some files of a source. What all files have in common is found once. */
    interface Format {
        Dataset<Row> rows(List<String> addresses);
    }

    private final SparkSession spark;
    private final Table table;
    private final SourceSettings settings;
    private final Optional<SourceFiles> files;
    private final FileReading reading;
    private final Format format;
    private final List<String> notes = new ArrayList<>();

    private Source(SparkSession spark, Table table, SourceSettings settings) {
        this.spark = spark;
        this.table = table;
        this.settings = settings;
        this.files = SourceFiles.of(spark, settings);
        if (files.filter(
                        known -> known.version().isEmpty() && known.identities().isEmpty())
                .isPresent()) {
            throw new Refusal(
                    ExitCode.NO_INPUT,
                    "flagcast.sources.%s.path %s: there is no file; folders below it that are not named as day=2026-03-01 are read with options { recursiveFileLookup = true }"
                            .formatted(table.name(), settings.path()));
        }
        files.ifPresent(known -> known.addresses().stream()
                .filter(Source::isUnreadable)
                .findFirst()
                .ifPresent(address -> {
                    throw new Refusal(
                            ExitCode.DATA_REFUSED,
                            "flagcast.sources.%s.path: %s has a colon in its name, and Hadoop reads no such file from a local disk: name it without, as 2026-03-01T06-00.csv"
                                    .formatted(table.name(), address));
                }));
        this.reading = new FileReading(spark, table, settings, files, notes::add);
        this.format = format();
    }

    private static boolean isUnreadable(String address) {
        return address.startsWith("file:") && address.indexOf(':', address.lastIndexOf('/')) >= 0;
    }

    /**
     * Opens a source.
     *
     * @throws Refusal with exit code 66 where there is nothing at the path, 65 where it cannot be read as the format, 78
     *     where there is no such format
     */
    static Source open(SparkSession spark, Table table, SourceSettings settings) {
        return refusing(table, settings, () -> new Source(spark, table, settings));
    }

    private Format format() {
        return switch (settings.format().toLowerCase(Locale.ROOT)) {
            case "csv" -> CsvFiles.of(reading);
            case "json" -> JsonFiles.of(reading);
            case "parquet", "orc" -> ColumnarFiles.of(reading);
            case "delta" -> addresses -> files.orElseThrow().delta(spark, addresses);
            case "jdbc" -> DatabaseRows.of(reading);
            default -> reading::plain;
        };
    }

    /** All rows. */
    Dataset<Row> rows() {
        return rows(files.map(SourceFiles::addresses).orElse(List.of()));
    }

    /**
     * The rows of some files.
     *
     * @param addresses of {@link #files}
     * @throws Refusal as {@link #open}
     */
    Dataset<Row> rows(List<String> addresses) {
        return refusing(table, settings, () -> each(withoutPadding(format.rows(addresses))));
    }

    private static Dataset<Row> withoutPadding(Dataset<Row> rows) {
        Dataset<Row> without = rows;
        for (StructField field : rows.schema().fields()) {
            if (FileReading.isPadded(field)) {
                without = without.withColumn(field.name(), FileReading.value(field));
            }
        }
        return without;
    }

    private Dataset<Row> each(Dataset<Row> rows) {
        Dataset<Row> located =
                files.isPresent() && !Arrays.asList(rows.columns()).contains(InputMapping.FILE)
                        ? rows.withColumn(InputMapping.FILE, col("_metadata.file_path"))
                        : rows;
        Dataset<Row> told = Arrays.asList(located.columns()).contains(InputMapping.PROBLEM)
                ? located
                : located.withColumn(InputMapping.PROBLEM, lit(null).cast("string"));
        Dataset<Row> veiled = settings.pseudonymKey()
                .map(key -> new PseudonymRows(reading, key).of(told))
                .orElse(told);
        Dataset<Row> numbered = reading.isMapped(InputMapping.NUMBER) || reading.isAskedFor(InputMapping.NUMBER)
                ? numbered(veiled)
                : veiled;
        return settings.each()
                .map(array -> numbered.withColumn("each", explode_outer(expr(array))))
                .orElse(numbered);
    }

    /** With the place of each row. It is one where a single file is read from its beginning to its end. */
    private Dataset<Row> numbered(Dataset<Row> rows) {
        boolean isWhole = settings.format().equalsIgnoreCase("csv")
                && reading.addresses().size() == 1
                && rows.javaRDD().getNumPartitions() == 1;
        if (!isWhole) {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    "%s: %s is where a row stands in its file, and %s is not one csv file that is read as a whole: name one file, without options.multiLine = false, or use an id that its rows have"
                            .formatted(reading.key(), InputMapping.NUMBER, settings.origin()));
        }
        return rows.withColumn(
                InputMapping.NUMBER, monotonically_increasing_id().plus(1));
    }

    /** The files; absent where there are none, as of a database. */
    Optional<SourceFiles> files() {
        return files;
    }

    /** What a person should know of how the source was read. */
    List<String> notes() {
        return List.copyOf(notes);
    }

    /**
     * What identifies the content: the version of a Delta table, a hash over names, sizes and times of files;
     * {@code unversioned} for a database.
     */
    String version() {
        return files.map(known -> known.version()
                        .map(version -> "delta version " + version)
                        .orElseGet(() -> "files " + known.identities().size() + " sha256 "
                                + ContentHash.sha256(
                                        String.join(
                                                "\n",
                                                new TreeSet<>(known.identities().values())),
                                        16)))
                .orElse("unversioned");
    }

    private static <T> T refusing(Table table, SourceSettings settings, Supplier<T> read) {
        try {
            return read.get();
        } catch (Exception e) {
            // Spark declares no checked exceptions in Java, yet throws AnalysisException.
            if (e instanceof AnalysisException analysis) {
                throw refusal(table, settings, analysis);
            }
            DatabaseFailure.among(e).ifPresent(failure -> {
                throw failure.refusal("flagcast.sources." + table.name(), e);
            });
            if ((e instanceof IllegalArgumentException || e instanceof SparkRuntimeException)
                    && !settings.options().isEmpty()) {
                // What Spark says of an option that is none; its value may be a secret.
                throw new Refusal(
                        ExitCode.CONFIGURATION,
                        "flagcast.sources.%s.options { %s }: %s"
                                .formatted(
                                        table.name(),
                                        settings.options().keySet().stream()
                                                .sorted()
                                                .collect(Collectors.joining(", ")),
                                        FirstSentence.of(e)),
                        e);
            }
            throw e;
        }
    }

    private static Refusal refusal(Table table, SourceSettings source, AnalysisException e) {
        String condition = String.valueOf(e.getCondition());
        String key = "flagcast.sources." + table.name();
        if (condition.equals("PATH_NOT_FOUND")
                || condition.contains("DELTA_MISSING")
                || condition.contains("DELTA_TABLE_NOT_FOUND")
                || condition.contains("PATH_DOES_NOT_EXIST")) {
            return new Refusal(
                    ExitCode.NO_INPUT,
                    "%s.path %s: there is nothing; correct the path or create the %s first"
                            .formatted(key, source.path(), table.name()),
                    e);
        }
        if (condition.equals("DATA_SOURCE_NOT_FOUND")) {
            return new Refusal(
                    ExitCode.CONFIGURATION,
                    "%s.format is '%s': Spark knows no such format; delta, parquet, orc, csv, json and jdbc are built in"
                            .formatted(key, source.format()),
                    e);
        }
        if (SourceSettings.isDatabase(source.format())) {
            return new Refusal(
                    ExitCode.CONFIGURATION,
                    "%s.options: %s cannot be read so: %s Correct them, or make the columns that they need in dbtable"
                            .formatted(key, source.origin(), FirstSentence.of(e)),
                    e);
        }
        return new Refusal(
                ExitCode.DATA_REFUSED,
                "%s: %s cannot be read as %s: %s".formatted(key, source.origin(), source.format(), FirstSentence.of(e)),
                e);
    }
}
