package io.flagcast.lake;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.flagcast.features.InputException;
import io.flagcast.tables.Table;
import io.flagcast.tables.Table.ColumnSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** What rows have to be before they are written to a table. */
final class TableContract {

    private TableContract() {}

    /**
     * The columns of the table in its order and of its types, then further ones where it takes them.
     *
     * @throws IllegalStateException where a column is missing, or one too many
     */
    static Dataset<Row> conformed(Table table, Dataset<Row> rows) {
        StructType contract = StructType.fromDDL(table.schema());
        Set<String> actual = new HashSet<>(Arrays.asList(rows.columns()));
        List<String> missing = Arrays.stream(contract.fieldNames())
                .filter(name -> !actual.contains(name))
                .toList();
        List<String> further = Arrays.stream(rows.columns())
                .filter(name -> !Arrays.asList(contract.fieldNames()).contains(name))
                .toList();
        if (!missing.isEmpty() || (table.columnSet() == ColumnSet.CLOSED && !further.isEmpty())) {
            throw new IllegalStateException(
                    "rows for %s lack %s and have %s beyond its columns".formatted(table.name(), missing, further));
        }
        List<Column> columns = new ArrayList<>();
        for (StructField field : contract.fields()) {
            columns.add(col(field.name()).cast(field.dataType()).as(field.name()));
        }
        further.forEach(name -> columns.add(col(name)));
        return rows.select(columns.toArray(Column[]::new));
    }

    /**
     * Sees that further columns have the types that they have in the table since earlier runs.
     *
     * @throws InputException where one has another
     */
    static void requireTypes(Table table, StructType known, StructType rows) {
        for (StructField field : rows.fields()) {
            Arrays.stream(known.fields())
                    .filter(other -> other.name().equalsIgnoreCase(field.name())
                            && !other.dataType().equals(field.dataType()))
                    .findFirst()
                    .ifPresent(other -> {
                        throw new InputException(
                                "%s: %s is %s in this run, and %s since earlier ones: declare what it is, as flagcast.sources.users.schema = \"%s %s\", or give it another name, as columns { %s_2 = %s }"
                                        .formatted(
                                                table.name(),
                                                field.name(),
                                                field.dataType().sql(),
                                                other.dataType().sql(),
                                                field.name(),
                                                other.dataType().sql(),
                                                field.name(),
                                                field.name()));
                    });
        }
    }

    /** Whether a row holds a NaN or a score outside [0, 100]. */
    static Column impossible(StructType schema) {
        Column impossible = lit(false);
        for (StructField field : schema.fields()) {
            if (field.dataType() instanceof DoubleType) {
                impossible = impossible.or(col(field.name()).isNaN());
            }
            if (field.name().equals("score")) {
                impossible = impossible.or(col("score").lt(0)).or(col("score").gt(100));
            }
        }
        return impossible;
    }
}
