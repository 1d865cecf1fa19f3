package io.flagcast.lake.inputs;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.rtrim;
import static org.apache.spark.sql.functions.when;

import io.flagcast.features.InputMapping;
import io.flagcast.tables.Table;
import io.flagcast.tables.Table.ColumnSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.util.CharVarcharUtils;
import org.apache.spark.sql.types.CharType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.Option;

/**
 * How files of a source are read, whatever their format.
 *
 * @param spark the session
 * @param table the table that they are read for
 * @param settings the source
 * @param files its files at one moment; absent where it has none
 * @param notes takes what a person should know
 */
record FileReading(
        SparkSession spark, Table table, SourceSettings settings, Optional<SourceFiles> files, Consumer<String> notes) {

    /** Column that Spark keeps a malformed record in. */
    private static final String MALFORMED = "_malformed";

    /**
     * A reader of the format, with the options of the source over some defaults.
     *
     * @param defaults options that hold where the source says nothing of them
     */
    DataFrameReader reader(Map<String, String> defaults) {
        return spark.read().format(settings.format()).options(defaults).options(settings.options());
    }

    /**
     * A reader of text that keeps records which it cannot parse.
     *
     * @param defaults as for {@link #reader}
     */
    DataFrameReader keeping(Map<String, String> defaults) {
        return reader(defaults).option("mode", "PERMISSIVE").option("columnNameOfCorruptRecord", MALFORMED);
    }

    /**
     * The rows of some files by a {@link #keeping} reader.
     *
     * @param schema of the columns of the files
     * @param otherwise what else is wrong with each of the rows; NULL where nothing is
     */
    Dataset<Row> told(DataFrameReader reader, StructType schema, List<String> addresses, Column otherwise) {
        return load(reader.schema(schema.add(MALFORMED, DataTypes.StringType)), addresses)
                .withColumn(InputMapping.FILE, col("_metadata.file_path"))
                .withColumn(
                        InputMapping.PROBLEM,
                        coalesce(
                                when(col(MALFORMED).isNotNull(), concat(lit(InputMapping.MALFORMED), col(MALFORMED))),
                                otherwise))
                .drop(MALFORMED);
    }

    /** The columns that Spark finds by a reader, but its own. */
    StructType inferred(DataFrameReader reader) {
        StructType found = new StructType();
        for (StructField field : load(reader, addresses()).schema().fields()) {
            if (!field.name().equals(MALFORMED)) {
                found = found.add(field);
            }
        }
        return found;
    }

    /** Whether a column is of type CHAR(n): its values have blanks up to n that they were not given. */
    static boolean isPadded(StructField field) {
        Option<DataType> written = CharVarcharUtils.getRawType(field.metadata());
        return written.isDefined() && written.get() instanceof CharType;
    }

    /** A column as it was given: an id with blanks at its end is another one. */
    static Column value(StructField field) {
        Column column = InputMapping.quoted(field.name());
        return isPadded(field) ? rtrim(column) : column;
    }

    /** The rows of some files by a reader. */
    Dataset<Row> load(DataFrameReader reader, List<String> addresses) {
        if (files.isEmpty()) {
            return settings.path().isBlank() ? reader.load() : reader.load(settings.path());
        }
        // Folders named as day=2026-03-01 are columns of the files in them, which a file alone would not have.
        DataFrameReader based = files.get()
                .base()
                .filter(base -> !settings.options().containsKey("basePath"))
                .map(base -> reader.option("basePath", base))
                .orElse(reader);
        return based.load(addresses.stream().map(SourceFiles::literal).toArray(String[]::new));
    }

    /** The rows of some files as Spark reads them. */
    Dataset<Row> plain(List<String> addresses) {
        return load(reader(Map.of()), addresses);
    }

    List<String> addresses() {
        return files.map(SourceFiles::addresses).orElse(List.of());
    }

    /** Columns of files without a record, as an export of a quiet day. */
    StructType ofNothing() {
        StructType schema = new StructType();
        for (String name : table.columnNames()) {
            schema = schema.add(name, DataTypes.StringType);
        }
        return schema;
    }

    /** Types that the source declares. */
    StructType declared() {
        return settings.schema().isBlank() ? new StructType() : StructType.fromDDL(settings.schema());
    }

    /** Whether a column becomes one of the table's own: by its name, or in the expression for one. */
    boolean isMapped(String name) {
        return table.columnNames().stream().anyMatch(column -> makes(column, name));
    }

    /** Whether a column of the table is made of a column of the source: by its name, or in an expression. */
    boolean makes(String column, String name) {
        return settings.columns().containsKey(column)
                ? mentions(settings.columns().get(column), name)
                : column.equalsIgnoreCase(name);
    }

    /** Whether the condition on rows, or what makes several rows of one, mentions a column. */
    boolean isAskedFor(String name) {
        return settings.where().filter(text -> mentions(text, name)).isPresent()
                || settings.each().filter(text -> mentions(text, name)).isPresent();
    }

    /** Whether anything looks at a column: of users, attributes by any name. */
    boolean isRead(String name) {
        return isMapped(name) || isAskedFor(name) || table.columnSet() == ColumnSet.OPEN;
    }

    private static boolean mentions(String expression, String name) {
        return Pattern.compile("(?iu)(?<![\\w])" + Pattern.quote(name) + "(?![\\w])")
                .matcher(expression)
                .find();
    }

    /** The configuration key of the source. */
    String key() {
        return "flagcast.sources." + table.name();
    }
}
