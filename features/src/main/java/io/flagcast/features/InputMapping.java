package io.flagcast.features;

import static org.apache.spark.sql.functions.abs;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.when;

import io.flagcast.tables.Table;
import io.flagcast.tables.Table.ColumnSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.parser.ParseException;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * How the rows of a source become rows of an input table: per column a Spark SQL expression, identity by name where
 * nothing is said. No row is lost: one that breaks the contract keeps its place with a reason.
 *
 * @param table the input table
 * @param origin path or address of the source, for messages
 * @param expressions by column of the table; for an open table also attributes by name
 */
public record InputMapping(Table table, String origin, Map<String, String> expressions) {

    /** Column that a malformed line of CSV or JSON is kept in. */
    public static final String CORRUPT_RECORD = "_corrupt_record";
    /** Why a mapped row is rejected; NULL for a valid row. */
    public static final String REASON = "_reason";
    /** The source row as JSON; only where there is a reason. */
    public static final String SOURCE_ROW = "_row";

    private static final Map<String, String> LIMITS = Map.of(
            "propensity", "propensity BETWEEN 0 AND 1",
            "score", "score BETWEEN 0 AND 100",
            "parameters_version", "parameters_version >= 0");

    public InputMapping {
        Objects.requireNonNull(table, "table");
        Objects.requireNonNull(origin, "origin");
        expressions = Map.copyOf(expressions);
    }

    /**
     * Maps a source.
     *
     * @param raw rows as Spark read them
     * @return the table's columns (and attributes), {@link #REASON} and {@link #SOURCE_ROW}
     * @throws InputException where a required column is missing or has a type that cannot be read as the table's
     */
    public Dataset<Row> apply(Dataset<Row> raw) {
        Map<String, Column> mapped = new LinkedHashMap<>();
        List<Column> reasons = new ArrayList<>();
        boolean mayBeCorrupt = Arrays.asList(raw.columns()).contains(CORRUPT_RECORD);
        if (mayBeCorrupt) {
            reasons.add(when(col(CORRUPT_RECORD).isNotNull(), concat(lit("malformed row: "), col(CORRUPT_RECORD))));
        }
        StructType contract = StructType.fromDDL(table.schema());
        for (StructField field : contract.fields()) {
            mapDeclared(raw, field, mapped, reasons);
        }
        if (table.columnSet() == ColumnSet.OPEN) {
            attributes(raw, contract).forEach((name, attribute) -> {
                mapped.put(name, attribute.value.as(name));
                if (attribute.type instanceof DoubleType || attribute.type instanceof FloatType) {
                    reasons.add(notFinite(name, attribute.value));
                }
            });
        }
        Column reason = coalesce(reasons.toArray(Column[]::new));
        Column[] source = Arrays.stream(raw.columns()).map(InputMapping::quoted).toArray(Column[]::new);
        mapped.put(REASON, reason.as(REASON));
        mapped.put(SOURCE_ROW, when(reason.isNotNull(), to_json(struct(source))).as(SOURCE_ROW));
        return onePerKey(raw.select(mapped.values().toArray(Column[]::new)));
    }

    /** The further columns of an open table: of the source by name, then those that configuration adds. */
    private Map<String, Typed> attributes(Dataset<Row> raw, StructType contract) {
        Set<String> declared = Set.of(contract.fieldNames());
        Set<String> consumed = expressions.entrySet().stream()
                .filter(entry -> declared.contains(entry.getKey()))
                .map(Map.Entry::getValue)
                .collect(Collectors.toSet());
        Map<String, Typed> result = new TreeMap<>();
        for (String name : raw.columns()) {
            if (!declared.contains(name) && !consumed.contains(name) && !name.equals(CORRUPT_RECORD)) {
                result.put(
                        name, new Typed(quoted(name), raw.schema().apply(name).dataType()));
            }
        }
        expressions.forEach((name, expression) -> {
            if (!declared.contains(name)) {
                result.put(name, new Typed(expr(expression), typeOf(raw, name, expression)));
            }
        });
        return result;
    }

    private record Typed(Column value, DataType type) {}

    private void mapDeclared(Dataset<Row> raw, StructField field, Map<String, Column> mapped, List<Column> reasons) {
        String name = field.name();
        boolean present = Arrays.asList(raw.columns()).contains(name);
        if (!expressions.containsKey(name) && !present) {
            if (!field.nullable()) {
                throw new InputException(
                        "%s: column '%s' is missing from %s, which has %s: map it with flagcast.sources.%s.columns.%s"
                                .formatted(
                                        table.name(),
                                        name,
                                        origin,
                                        Arrays.toString(raw.columns()),
                                        table.name(),
                                        name));
            }
            mapped.put(name, lit(null).cast(field.dataType()).as(name));
            return;
        }
        String expression = expressions.getOrDefault(name, "`" + name + "`");
        DataType type = typeOf(raw, name, expression);
        requireReadable(name, type, field.dataType());
        Column value = expr(expression);
        Column cast = value.try_cast(field.dataType());
        mapped.put(name, cast.as(name));
        reasons.add(when(
                value.isNotNull().and(cast.isNull()),
                concat(
                        lit(name + " '"),
                        value.cast(DataTypes.StringType),
                        lit("' is no " + field.dataType().sql()))));
        if (!field.nullable()) {
            reasons.add(when(cast.isNull(), lit(name + " is null")));
            if (field.dataType() instanceof StringType) {
                reasons.add(when(cast.equalTo(""), lit(name + " is empty")));
            }
        }
        if (field.dataType() instanceof DoubleType) {
            reasons.add(notFinite(name, cast));
        }
        if (LIMITS.containsKey(name)) {
            String limit = LIMITS.get(name);
            reasons.add(when(
                    expr(limit.replace(name, "try_cast((" + expression + ") AS DOUBLE)"))
                            .equalTo(false),
                    concat(lit(name + " "), cast.cast(DataTypes.StringType), lit(" breaks " + limit))));
        }
    }

    private static Column notFinite(String name, Column value) {
        return when(
                value.isNaN().or(abs(value).equalTo(Double.POSITIVE_INFINITY)),
                concat(lit(name + " is "), value.cast(DataTypes.StringType)));
    }

    private DataType typeOf(Dataset<Row> raw, String name, String expression) {
        try {
            return raw.select(expr(expression)).schema().fields()[0].dataType();
        } catch (Exception e) {
            if (e instanceof AnalysisException || e instanceof ParseException) {
                throw new InputException(
                        "%s: flagcast.sources.%s.columns.%s = \"%s\" cannot be read from %s, which has %s: %s"
                                .formatted(
                                        table.name(),
                                        table.name(),
                                        name,
                                        expression,
                                        origin,
                                        Arrays.toString(raw.columns()),
                                        e.getMessage().lines().findFirst().orElse("")));
            }
            throw e;
        }
    }

    private void requireReadable(String name, DataType actual, DataType expected) {
        boolean readable = actual.equals(expected)
                || actual instanceof StringType
                || (expected instanceof StringType && !(actual instanceof StructType))
                || (actual instanceof NumericType && expected instanceof NumericType)
                || (actual.typeName().matches("timestamp_ntz|date") && expected.equals(DataTypes.TimestampType))
                || actual.equals(DataTypes.NullType);
        if (!readable) {
            throw new InputException(
                    "%s: column '%s' is %s in %s, expected %s: convert it with flagcast.sources.%s.columns.%s"
                            .formatted(table.name(), name, actual.sql(), origin, expected.sql(), table.name(), name));
        }
    }

    /** Rejects all but one valid row of each key, the smallest in the order of their JSON, whatever the partitions. */
    private Dataset<Row> onePerKey(Dataset<Row> rows) {
        if (table.key().isEmpty()) {
            return rows;
        }
        Column[] key = table.key().stream().map(functions::col).toArray(Column[]::new);
        Column[] all = Arrays.stream(rows.columns()).map(InputMapping::quoted).toArray(Column[]::new);
        Column place =
                row_number().over(Window.partitionBy(key).orderBy(col(REASON).isNotNull(), to_json(struct(all))));
        Column duplicate = col(REASON).isNull().and(col("_place").gt(1));
        return rows.withColumn("_place", place)
                .withColumn(SOURCE_ROW, when(duplicate, to_json(struct(all))).otherwise(col(SOURCE_ROW)))
                .withColumn(
                        REASON,
                        when(duplicate, lit("duplicate " + String.join(", ", table.key())))
                                .otherwise(col(REASON)))
                .drop("_place");
    }

    private static Column quoted(String name) {
        return col("`" + name.replace("`", "``") + "`");
    }

    /** The valid rows of a mapped source, with the table's columns. */
    public static Dataset<Row> valid(Dataset<Row> mapped) {
        return mapped.where(col(REASON).isNull()).drop(REASON, SOURCE_ROW);
    }

    /** The rejected rows as {@code source_table}, {@code reason}, {@code row}. */
    public Dataset<Row> rejected(Dataset<Row> mapped) {
        return mapped.where(col(REASON).isNotNull())
                .select(
                        lit(table.name()).as("source_table"),
                        col(REASON).as("reason"),
                        col(SOURCE_ROW).as("row"));
    }
}
