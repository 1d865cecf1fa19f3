package io.flagcast.lake;

import io.flagcast.features.InputMapping;
import io.flagcast.tables.Column;
import io.flagcast.tables.ContentHash;
import io.flagcast.tables.Table;
import io.flagcast.tables.Table.ColumnSet;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaLog;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** Reads input tables from wherever Spark can. */
final class Sources {

    private Sources() {}

    /**
     * The rows of a source as Spark reads them. Malformed lines of CSV and JSON keep their text in
     * {@link InputMapping#CORRUPT_RECORD}.
     *
     * @throws Refusal with exit code 66 where there is nothing at the path, 65 where it cannot be read as the format
     */
    static Dataset<Row> read(SparkSession spark, Table table, SourceSettings source) {
        return read(spark, table, source, source.path().isBlank() ? List.of() : List.of(source.path()));
    }

    /**
     * The rows of some files of a source.
     *
     * @param paths files, folders or globs; none for a source that has none
     * @throws Refusal as {@link #read(SparkSession, Table, SourceSettings)}
     */
    static Dataset<Row> read(SparkSession spark, Table table, SourceSettings source, List<String> paths) {
        try {
            return switch (source.format().toLowerCase(Locale.ROOT)) {
                case "csv" -> csv(spark, table, source, paths);
                case "json" -> json(spark, source, paths);
                default -> load(reader(spark, source), source, paths);
            };
        } catch (Exception e) {
            // Spark declares no checked exceptions in Java, yet throws AnalysisException.
            if (e instanceof AnalysisException analysis) {
                throw refusal(table, source, analysis);
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
        return new Refusal(
                ExitCode.DATA_REFUSED,
                "%s: %s cannot be read as %s: %s"
                        .formatted(
                                key,
                                source.origin(),
                                source.format(),
                                e.getMessage().lines().findFirst().orElse(condition)),
                e);
    }

    private static DataFrameReader reader(SparkSession spark, SourceSettings source) {
        return spark.read().format(source.format()).options(source.options());
    }

    private static Dataset<Row> load(DataFrameReader reader, SourceSettings source, List<String> paths) {
        if (paths.isEmpty()) {
            return reader.load();
        }
        // Folders named as day=2026-03-01 are columns of the files in them, which a file alone would not have.
        boolean inFolders = !source.options().containsKey("recursiveFileLookup")
                && !source.path().matches(".*[*?{\\[].*")
                && paths.stream().anyMatch(path -> path.matches(".*/[^/]+=[^/]*/[^/]+"));
        return (inFolders ? reader.option("basePath", source.path()) : reader).load(paths.toArray(String[]::new));
    }

    /** The table's own columns as text, which the mapping reads strictly; attributes as declared or inferred. */
    private static Dataset<Row> csv(SparkSession spark, Table table, SourceSettings source, List<String> paths) {
        DataFrameReader plain =
                spark.read().format("csv").option("header", true).options(source.options());
        String[] header =
                load(plain.option("inferSchema", false), source, paths).columns();
        StructType declared = source.schema().isBlank() ? new StructType() : StructType.fromDDL(source.schema());
        requireInHeader(declared, header, table, source);
        boolean allKnown = table.columnSet() == ColumnSet.CLOSED
                || Arrays.stream(header).allMatch(name -> isDeclared(declared, name) || isText(table, name));
        StructType inferred = allKnown
                ? new StructType()
                : load(
                                spark.read()
                                        .format("csv")
                                        .option("header", true)
                                        .options(source.options())
                                        .option("inferSchema", true),
                                source,
                                paths)
                        .schema();
        StructType schema = new StructType();
        for (String name : header) {
            if (isDeclared(declared, name)) {
                schema = schema.add(name, declared.apply(name).dataType());
            } else if (isText(table, name) || allKnown) {
                schema = schema.add(name, DataTypes.StringType);
            } else {
                schema = schema.add(name, inferred.apply(name).dataType());
            }
        }
        return load(
                spark.read()
                        .format("csv")
                        .option("header", true)
                        .options(source.options())
                        .option("mode", "PERMISSIVE")
                        .option("columnNameOfCorruptRecord", InputMapping.CORRUPT_RECORD)
                        .schema(schema.add(InputMapping.CORRUPT_RECORD, DataTypes.StringType)),
                source,
                paths);
    }

    private static void requireInHeader(StructType declared, String[] header, Table table, SourceSettings source) {
        for (StructField field : declared.fields()) {
            if (!Arrays.asList(header).contains(field.name())) {
                throw new Refusal(
                        ExitCode.DATA_REFUSED,
                        "flagcast.sources.%s.schema declares column '%s', but %s has %s: correct the schema or the file"
                                .formatted(table.name(), field.name(), source.origin(), Arrays.toString(header)));
            }
        }
    }

    private static boolean isDeclared(StructType schema, String name) {
        return Arrays.asList(schema.fieldNames()).contains(name);
    }

    private static boolean isText(Table table, String name) {
        return table.columns().stream().map(Column::name).anyMatch(name::equals);
    }

    private static Dataset<Row> json(SparkSession spark, SourceSettings source, List<String> paths) {
        DataFrameReader reader = reader(spark, source)
                .option("mode", "PERMISSIVE")
                .option("columnNameOfCorruptRecord", InputMapping.CORRUPT_RECORD);
        if (source.schema().isBlank()) {
            return load(reader, source, paths);
        }
        StructType schema = StructType.fromDDL(source.schema());
        return load(reader.schema(schema.add(InputMapping.CORRUPT_RECORD, DataTypes.StringType)), source, paths);
    }

    /**
     * What identifies the content of a source: the version of a Delta table, a hash over names, sizes and times of
     * files; {@code unversioned} for a database.
     */
    static String version(SparkSession spark, SourceSettings source, Dataset<Row> raw) {
        if (source.format().equalsIgnoreCase("delta")) {
            return "delta version "
                    + DeltaLog.forTable(spark, source.path())
                            .update(false, scala.Option.empty(), scala.Option.empty())
                            .version();
        }
        return SourceFiles.of(spark, source, raw)
                .map(files -> "files " + files.identities().size() + " sha256 "
                        + ContentHash.sha256(
                                String.join(
                                        "\n", new TreeSet<>(files.identities().values())),
                                16))
                .orElse("unversioned");
    }
}
