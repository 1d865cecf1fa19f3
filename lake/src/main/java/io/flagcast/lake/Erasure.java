package io.flagcast.lake;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.from_json;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.regexp_replace;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.when;

import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;

/**
 * What is left of a table's rows without a user: rows of the user go, and so do rejected input rows that name the id; in sentences
 * the id is replaced.
 *
 * @param userId the user
 */
public record Erasure(String userId) {

    /** What stands in the place of an id. */
    public static final String ERASED = "(erased)";

    /** Columns in which people read sentences: they may name users, as examples of ids that are not found. */
    private static final Map<Table, List<String>> SENTENCES = Map.of(
            Tables.HEALTH_CHECKS, List.of("reason", "detail"),
            Tables.RULE_DECISIONS, List.of("reason"),
            Tables.RAMPS, List.of("reason", "sentence"),
            Tables.ALLOCATION_PARAMETERS, List.of("decision"),
            Tables.ALERTS, List.of("annotations"),
            Tables.ALERT_DELIVERIES, List.of("detail"),
            Tables.ALERT_NOTES, List.of("comment"),
            Tables.RUNS, List.of("exit_reason"));

    public Erasure {
        Objects.requireNonNull(userId, "userId");
    }

    /** The id where it is not part of a longer word, as it is and as JSON has it. */
    private String pattern() {
        String json = Json.write(userId);
        String written = json.substring(1, json.length() - 1);
        return "(?<![\\p{L}\\p{N}_-])(?:" + Pattern.quote(userId) + "|" + Pattern.quote(written)
                + ")(?![\\p{L}\\p{N}_-])";
    }

    /** Whether a text names the user. */
    public boolean isIn(String text) {
        return Pattern.compile(pattern()).matcher(text).find();
    }

    /** Whether rows of the table can name the user. */
    public static boolean concerns(Table table) {
        return hasRowsOfUsers(table) || SENTENCES.containsKey(table);
    }

    /** Whether rows of the table are of one user each: runs alone write it, under the lease of the lake. */
    public static boolean hasRowsOfUsers(Table table) {
        return isOfUsers(table) || table.equals(Tables.QUARANTINE);
    }

    private static boolean isOfUsers(Table table) {
        return table.columns().stream().anyMatch(column -> column.name().equals("user_id"));
    }

    /** Whether a row names the user. */
    public Column names(Table table) {
        if (isOfUsers(table)) {
            return col("user_id").equalTo(userId);
        }
        if (table.equals(Tables.QUARANTINE)) {
            return coalesce(col("row").rlike(pattern()), lit(false))
                    .or(coalesce(col("reason").rlike(pattern()), lit(false)));
        }
        return SENTENCES.getOrDefault(table, List.of()).stream()
                .map(name -> coalesce(to_json(struct(col(name))).rlike(pattern()), lit(false)))
                .reduce(Column::or)
                .orElse(lit(false));
    }

    /** The rows without the user. */
    public Dataset<Row> without(Table table, Dataset<Row> rows) {
        if (hasRowsOfUsers(table)) {
            return rows.where(names(table).equalTo(false));
        }
        Dataset<Row> erased = rows;
        for (String name : SENTENCES.getOrDefault(table, List.of())) {
            DataType type = rows.schema().apply(name).dataType();
            Column text = type.equals(DataTypes.StringType) ? col(name) : to_json(col(name));
            Column replaced = regexp_replace(text, lit(pattern()), lit(ERASED));
            erased = erased.withColumn(
                    name,
                    when(
                                    coalesce(text.rlike(pattern()), lit(false)),
                                    type.equals(DataTypes.StringType) ? replaced : from_json(replaced, type))
                            .otherwise(col(name)));
        }
        return erased;
    }
}
