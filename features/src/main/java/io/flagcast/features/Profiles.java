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
     * @param events valid events before the as-of
     * @return {@code user_id}, the attributes (numeric as DOUBLE, categorical as STRING), the usage aggregates
     *     and {@link Usage#AMOUNTS}
     */
    public static Dataset<Row> at(
            Instant asOf, Dataset<Row> users, Dataset<Row> events, Predictors predictors, Usage usage) {
        Dataset<Row> everyone = users.select("user_id")
                .union(events.select("user_id"))
                .distinct()
                .withColumn("cut_at", lit(asOf));
        Dataset<Row> attributes = attributes(users, predictors);
        List<String> columnNames = new ArrayList<>(List.of("user_id"));
        columnNames.addAll(names(predictors, usage));
        columnNames.add(Usage.AMOUNTS);
        return usage.before(everyone, events)
                .join(attributes, new String[] {"user_id"}, "left")
                .select(columns(columnNames));
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
