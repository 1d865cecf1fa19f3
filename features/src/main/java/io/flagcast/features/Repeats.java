package io.flagcast.features;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.first;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import io.flagcast.tables.Table;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;

/** Mapped rows of an input that say again what another one says; which of them stays is the same on any partitioning. */
final class Repeats {

    /** Whether a row of {@link #onePerKey} only repeats the one that is kept. */
    static final Column ALIKE = col("_json").equalTo(col("_first"));

    private static final List<String> KEY = List.of("_key", "_further_key");

    private Repeats() {}

    /**
     * The columns by which {@link #once} knows a row again.
     *
     * @param id identity of the row; where it is NULL, all that is written in the row
     */
    static Map<String, Column> key(Column id, List<Column> written) {
        Map<String, Column> key = new LinkedHashMap<>();
        for (int part = 0; part < KEY.size(); part++) {
            Column known = when(id.isNotNull(), hash(-1 - part, List.of(id)));
            key.put(KEY.get(part), coalesce(known, hash(part, written)).as(KEY.get(part)));
        }
        return key;
    }

    /** Two hashes of 64 bits: two of a million million rows share both by chance once in a hundred million million times. */
    private static Column hash(int seed, List<Column> values) {
        return xxhash64(Stream.concat(Stream.of(lit(seed)), values.stream()).toArray(Column[]::new));
    }

    /** A value that has a hash. */
    static Column hashable(Column value, DataType type) {
        return type.sql().contains("MAP<") || type.typeName().equals("variant") ? to_json(struct(value)) : value;
    }

    /** Of the rows with one {@link #key} that count one goes on counting. */
    static Dataset<Row> once(Dataset<Row> keyed, Table table) {
        Column[] contract = table.columnNames().stream().map(functions::col).toArray(Column[]::new);
        Column place = row_number()
                .over(Window.partitionBy(KEY.stream().map(functions::col).toArray(Column[]::new))
                        .orderBy(not(counts()), xxhash64(contract)));
        return keyed.withColumn("_place", place)
                .withColumn(
                        InputMapping.LEFT_OUT,
                        when(counts().and(col("_place").gt(1)), lit(InputMapping.REPEATED))
                                .otherwise(col(InputMapping.LEFT_OUT)))
                .drop("_place")
                .drop(KEY.toArray(String[]::new));
    }

    private static Column counts() {
        return col(InputMapping.REASON).isNull().and(col(InputMapping.LEFT_OUT).isNull());
    }

    /**
     * Rejects all but one valid row of each key, the smallest in the order of their JSON.
     *
     * @param repeated which further rows are left out instead
     */
    static Dataset<Row> onePerKey(Dataset<Row> rows, Table table, Column repeated) {
        Column[] key = table.key().stream().map(functions::col).toArray(Column[]::new);
        Column[] all = Arrays.stream(rows.columns()).map(InputMapping::quoted).toArray(Column[]::new);
        WindowSpec ofKey = Window.partitionBy(key).orderBy(not(counts()), col("_json"));
        Column further = counts().and(col("_place").gt(1));
        return rows.withColumn("_json", to_json(struct(all)))
                .withColumn("_place", row_number().over(ofKey))
                .withColumn("_first", first("_json").over(ofKey))
                .withColumn("_fate", when(further.and(repeated), lit(1)).when(further, lit(2)))
                .withColumn(
                        InputMapping.SOURCE_ROW,
                        when(col("_fate").equalTo(2), col("_json")).otherwise(col(InputMapping.SOURCE_ROW)))
                .withColumn(
                        InputMapping.LEFT_OUT,
                        when(col("_fate").equalTo(1), lit(InputMapping.REPEATED))
                                .otherwise(col(InputMapping.LEFT_OUT)))
                .withColumn(
                        InputMapping.REASON,
                        when(col("_fate").equalTo(2), lit("duplicate " + String.join(", ", table.key())))
                                .otherwise(col(InputMapping.REASON)))
                .drop("_json", "_place", "_first", "_fate");
    }
}
