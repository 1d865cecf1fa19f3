package io.flagcast.features;

import static org.apache.spark.sql.functions.abs;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.length;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.regexp_replace;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.when;

import io.flagcast.tables.Ids;
import io.flagcast.tables.Table;
import io.flagcast.tables.Table.ColumnSet;
import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.parser.ParseException;
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
 * nothing is said. No row is lost: one that breaks the contract keeps its place with a reason, one that is left out says so.
 *
 * @param table the input table
 * @param origin path or address of the source, for messages
 * @param expressions by column of the table; for an open table also attributes by name
 * @param where Spark SQL condition over the columns of the source; a row for which it is not true is left out
 */
public record InputMapping(Table table, String origin, Map<String, String> expressions, Optional<String> where) {

    /** Column of a source that says why a row could not be read; NULL for one that could. */
    public static final String PROBLEM = "_problem";
    /** What {@link #PROBLEM} begins with for a record that could not be parsed; its text follows. */
    public static final String MALFORMED = "malformed row: ";
    /** Column of a source that says which file a row is of. */
    public static final String FILE = "_file";
    /** Why a mapped row is rejected; NULL for a valid row. */
    public static final String REASON = "_reason";
    /** The source row as JSON; only where there is a reason. */
    public static final String SOURCE_ROW = "_row";
    /** Why a row is left out that nothing is wrong with; NULL for one that counts. */
    public static final String LEFT_OUT = "_left_out";
    /** {@link #LEFT_OUT} of a row for which {@code where} is not true. */
    public static final String FILTERED = "filtered";
    /** {@link #LEFT_OUT} of a row that is there before. */
    public static final String REPEATED = "repeated";

    /** Where the row stands in its file, from 1: the id of a file that has none. Only there where an expression asks for it. */
    public static final String NUMBER = "_number";

    /** Columns that are ours, not the source's or the table's. */
    public static final Set<String> OWN = Set.of(PROBLEM, FILE, NUMBER, REASON, SOURCE_ROW, LEFT_OUT);

    /** When a row reached the lake: another time whenever it is delivered. */
    private static final String ARRIVAL = "ingested_at";
    /** Columns of the ids that rows of a table may have. */
    private static final Map<String, String> IDENTITIES =
            Map.of("events", "event_id", "exposures", "exposure_id", "outcomes", "outcome_id");

    /** Longer ids are no ids: they would be keys of every table. */
    private static final int LONGEST_ID = 1_000;

    /** An answer that a user had less chance to get weighs more than a million users. */
    private static final double LEAST_CHANCE = 1e-6;

    private static final Map<String, String> LIMITS = Map.of(
            "propensity", "propensity BETWEEN 0 AND 1",
            "score", "score BETWEEN 0 AND 100",
            "parameters_version", "parameters_version >= 0");

    public InputMapping {
        Objects.requireNonNull(table, "table");
        Objects.requireNonNull(origin, "origin");
        expressions = Map.copyOf(expressions);
        Objects.requireNonNull(where, "where");
    }

    /**
     * Maps a source.
     *
     * @param raw rows as Spark read them
     * @return the table's columns (and attributes), {@link #REASON}, {@link #SOURCE_ROW} and {@link #LEFT_OUT}
     * @throws InputException where a required column is missing or has a type that cannot be read as the table's
     */
    public Dataset<Row> apply(Dataset<Row> raw) {
        Dataset<Row> mapped = raw.select(columns(raw).values().toArray(Column[]::new));
        return table.key().isEmpty() ? mapped : Repeats.onePerKey(mapped, table, lit(false));
    }

    /**
     * Maps a source in which rows may be delivered again: of those with one id, or without ids of those alike in every
     * column, one counts. The others are {@link #REPEATED}.
     *
     * @param raw rows as Spark read them
     * @param folders columns of the source that stand in the names of its folders: the same row may lie in two
     * @return as {@link #apply}
     */
    public Dataset<Row> once(Dataset<Row> raw, Set<String> folders) {
        Map<String, Column> mapped = columns(raw);
        if (!table.key().isEmpty()) {
            return Repeats.onePerKey(raw.select(mapped.values().toArray(Column[]::new)), table, Repeats.ALIKE);
        }
        List<Column> written = names(raw).stream()
                .filter(name -> !folders.contains(name) && !name.equals(expressions.getOrDefault(ARRIVAL, ARRIVAL)))
                .map(name ->
                        Repeats.hashable(quoted(name), raw.schema().apply(name).dataType()))
                .collect(Collectors.toCollection(ArrayList::new));
        if (!folders.isEmpty() || isOfPlace()) {
            // Rows that are alike, and of which the place says different things, are no repeats.
            mapped.forEach((name, value) -> {
                if (!OWN.contains(name) && !name.equals(ARRIVAL)) {
                    written.add(value);
                }
            });
        }
        Column id = mapped.getOrDefault(IDENTITIES.get(table.name()), lit(null));
        mapped.putAll(Repeats.key(id, written));
        return Repeats.once(raw.select(mapped.values().toArray(Column[]::new)), table);
    }

    /** Whether a column is made of where the row stands. */
    private boolean isOfPlace() {
        return expressions.values().stream().anyMatch(text -> text.contains(FILE) || text.contains(NUMBER));
    }

    private Map<String, Column> columns(Dataset<Row> raw) {
        Map<String, Column> mapped = new LinkedHashMap<>();
        List<Column> reasons = new ArrayList<>();
        if (Arrays.asList(raw.columns()).contains(PROBLEM)) {
            reasons.add(col(PROBLEM));
        }
        StructType contract = StructType.fromDDL(table.schema());
        for (StructField field : contract.fields()) {
            mapDeclared(raw, field, mapped, reasons);
        }
        if (table.equals(Tables.EXPOSURES)) {
            reasons.add(tooUnlikely(mapped.get("enabled"), mapped.get("propensity")));
        }
        if (table.columnSet() == ColumnSet.OPEN) {
            attributes(raw, contract).forEach((name, attribute) -> {
                mapped.put(name, attribute.value.as(name));
                if (attribute.type instanceof DoubleType || attribute.type instanceof FloatType) {
                    reasons.add(notFinite(name, attribute.value));
                }
            });
        }
        Column leftOut = leftOut(raw);
        Column reason = when(leftOut.isNull(), coalesce(reasons.toArray(Column[]::new)));
        Column[] source = Arrays.stream(raw.columns())
                .filter(name -> !OWN.contains(name))
                .map(InputMapping::quoted)
                .toArray(Column[]::new);
        mapped.put(REASON, reason.as(REASON));
        mapped.put(SOURCE_ROW, when(reason.isNotNull(), to_json(struct(source))).as(SOURCE_ROW));
        mapped.put(LEFT_OUT, leftOut.as(LEFT_OUT));
        return mapped;
    }

    /** One user would stand for as many as all there are; of an answer that had no chance at all nothing is compared. */
    private static Column tooUnlikely(Column enabled, Column propensity) {
        Column chance = when(enabled, propensity).otherwise(lit(1).minus(propensity));
        return when(
                chance.gt(0).and(chance.lt(LEAST_CHANCE)),
                concat(
                        lit("propensity "),
                        propensity.cast(DataTypes.StringType),
                        when(enabled, lit(" of an enabled user")).otherwise(lit(" of a user who was not enabled")),
                        lit(": with a chance below 1e-6 one user outweighs a million")));
    }

    /** A row that could not be read is not left out: nobody knows what it says. */
    private Column leftOut(Dataset<Row> raw) {
        if (where.isEmpty()) {
            return lit(null).cast(DataTypes.StringType);
        }
        DataType type = typeOf(raw, "where", where.get());
        if (!type.equals(DataTypes.BooleanType)) {
            throw new InputException("%s: flagcast.sources.%s.where = \"%s\" is %s, not a condition, as is_bot = 'no'"
                    .formatted(table.name(), table.name(), where.get(), type.sql()));
        }
        Column excluded = coalesce(expr(where.get()), lit(false)).equalTo(false);
        return when(
                Arrays.asList(raw.columns()).contains(PROBLEM)
                        ? col(PROBLEM).isNull().and(excluded)
                        : excluded,
                lit(FILTERED));
    }

    /** The names of a source's own columns. */
    private static List<String> names(Dataset<Row> raw) {
        return Arrays.stream(raw.columns()).filter(name -> !OWN.contains(name)).toList();
    }

    /** The same for a message. A single one whose name has a separator in it is a header that was not parted. */
    private static String shown(Dataset<Row> raw) {
        String only = names(raw).size() == 1 ? names(raw).get(0).replaceAll("[^;|\t]+", "") : "";
        String hint = " and nothing else (is options { sep = \"%.1s\" } missing?)";
        return names(raw) + (only.isEmpty() ? "" : hint.formatted(only));
    }

    /** The further columns of an open table: of the source by name, then those that configuration adds. */
    private Map<String, Typed> attributes(Dataset<Row> raw, StructType contract) {
        Set<String> declared = Set.of(contract.fieldNames());
        // A column that becomes one of the table's, or is given another name because its own needs quotes.
        Set<String> consumed = expressions.entrySet().stream()
                .map(entry ->
                        unquoted(entry.getValue()).orElse(declared.contains(entry.getKey()) ? entry.getValue() : ""))
                .collect(Collectors.toSet());
        Map<String, Typed> result = new TreeMap<>();
        for (String name : raw.columns()) {
            if (!declared.contains(name) && !consumed.contains(name) && !OWN.contains(name)) {
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

    /** The name of a column that an expression is, in backticks. */
    private static Optional<String> unquoted(String expression) {
        return expression.matches("`([^`]|``)+`")
                ? Optional.of(expression.substring(1, expression.length() - 1).replace("``", "`"))
                : Optional.empty();
    }

    private record Typed(Column value, DataType type) {}

    private void mapDeclared(Dataset<Row> raw, StructField field, Map<String, Column> mapped, List<Column> reasons) {
        String name = field.name();
        boolean present = Arrays.asList(raw.columns()).contains(name);
        if (!expressions.containsKey(name) && !present) {
            if (!field.nullable()) {
                throw new InputException(
                        "%s: column '%s' is missing from %s, which has %s: map it with flagcast.sources.%s.columns.%s"
                                .formatted(table.name(), name, origin, shown(raw), table.name(), name));
            }
            mapped.put(name, lit(null).cast(field.dataType()).as(name));
            return;
        }
        String expression = expressions.getOrDefault(name, "`" + name + "`");
        DataType type = typeOf(raw, name, expression);
        requireReadable(name, type, field.dataType());
        Column value = expr(expression);
        Column cast = cast(value, type, field.dataType());
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
                reasons.add(when(cast.rlike(Ids.BLANK), lit(name + " is empty")));
                reasons.add(when(
                        length(cast).gt(LONGEST_ID),
                        concat(
                                lit(name + " has "),
                                length(cast).cast(DataTypes.StringType),
                                lit(" characters, at most %,d are an id".formatted(LONGEST_ID)))));
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

    /** A value as the table's type; NULL where it is none. */
    private static Column cast(Column value, DataType from, DataType to) {
        return to.equals(DataTypes.TimestampType) ? Times.instant(value, from) : value.try_cast(to);
    }

    /** A column of the table as the source's text has it. */
    public Column text(String column) {
        return expr(expressions.getOrDefault(column, "`" + column + "`")).cast(DataTypes.StringType);
    }

    /** Whether a source has a column of the table. */
    public boolean has(Dataset<Row> raw, String column) {
        return expressions.containsKey(column) || Arrays.asList(raw.columns()).contains(column);
    }

    /**
     * When the rows of a source happened, as the mapping reads it.
     *
     * @param column of the table
     */
    public Column instant(Dataset<Row> raw, String column) {
        String expression = expressions.getOrDefault(column, column);
        return Times.instant(expr(expression), typeOf(raw, column, expression));
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
                throw new InputException("%s: flagcast.sources.%s.%s = \"%s\" cannot be read from %s, which has %s: %s"
                        .formatted(
                                table.name(),
                                table.name(),
                                name.equals("where") ? name : "columns." + name,
                                expression,
                                origin,
                                shown(raw),
                                FirstSentence.of(e)));
            }
            throw e;
        }
    }

    private void requireReadable(String name, DataType actual, DataType expected) {
        boolean readable = actual.equals(expected)
                || actual instanceof StringType
                || (expected instanceof StringType && !(actual instanceof StructType))
                || (actual instanceof NumericType && expected instanceof NumericType)
                || (expected.equals(DataTypes.TimestampType) && Times.isReadable(actual))
                || actual.equals(DataTypes.NullType);
        if (!readable) {
            throw new InputException(
                    "%s: column '%s' is %s in %s, expected %s: convert it with flagcast.sources.%s.columns.%s"
                            .formatted(table.name(), name, actual.sql(), origin, expected.sql(), table.name(), name));
        }
    }

    /** A column by its name, whatever letters are in it. */
    public static Column quoted(String name) {
        return col("`" + name.replace("`", "``") + "`");
    }

    /**
     * How many rows a mapped row is: a quote that is not closed makes one record of many lines, and each of them is a row that
     * nobody could read.
     */
    public static Column lines() {
        return when(
                        col(REASON).startsWith(MALFORMED),
                        length(regexp_replace(col(REASON), "[^\\n]", "")).plus(1))
                .otherwise(1)
                .cast(DataTypes.LongType);
    }

    /** The valid rows of a mapped source, with the table's columns. */
    public static Dataset<Row> valid(Dataset<Row> mapped) {
        return mapped.where(col(REASON).isNull().and(col(LEFT_OUT).isNull())).drop(REASON, SOURCE_ROW, LEFT_OUT);
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
