package io.flagcast.features;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StringType;

/** A user's predictors and usage as they stand at the as-of. */
public final class Profiles {

    private Profiles() {}

    /**
     * One row per user of the users table and per user with events.
     *
     * @param users valid users
     * @param histories of the valid events before the as-of, from {@link Usage#histories}
     * @return {@code user_id}, the attributes (numeric as DOUBLE, categorical as STRING), the usage aggregates
     *     and {@link Usage#AMOUNTS}
     */
    public static Dataset<Row> at(
            Instant asOf, Dataset<Row> users, Dataset<Row> histories, Predictors predictors, Usage usage) {
        Dataset<Row> everyone = attributes(users, predictors)
                .join(histories, new String[] {"user_id"}, "full")
                .withColumn("cut_at", lit(asOf));
        List<String> columnNames = new ArrayList<>(List.of("user_id"));
        columnNames.addAll(names(predictors, usage));
        columnNames.add(Usage.AMOUNTS);
        return usage.of(everyone).select(columns(columnNames));
    }

    /** Names of all predictors, attributes first. */
    public static List<String> names(Predictors predictors, Usage usage) {
        List<String> names = new ArrayList<>(predictors.attributes());
        names.addAll(usage.names());
        return names;
    }

    static Dataset<Row> attributes(Dataset<Row> users, Predictors predictors) {
        List<Column> columns = new ArrayList<>(List.of(col("user_id")));
        for (String name : predictors.attributes()) {
            boolean categorical = users.schema().apply(name).dataType() instanceof StringType;
            columns.add(categorical ? col(name) : col(name).cast("double").as(name));
        }
        return users.select(columns.toArray(Column[]::new));
    }

    static Column[] columns(List<String> names) {
        return names.stream().map(functions::col).toArray(Column[]::new);
    }
}
