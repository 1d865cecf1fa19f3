package io.flagcast.lake.inputs;

import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.util.Arrays;
import java.util.Optional;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Users that a file names, as those whom no model may see. */
public final class UserList {

    private UserList() {}

    /**
     * A list of users.
     *
     * @param path CSV file with a column {@code user_id}
     * @return its rows, all columns as text
     */
    public static Dataset<Row> read(SparkSession spark, String path) {
        Dataset<Row> list;
        try {
            list = spark.read().option("header", true).csv(path);
        } catch (Exception e) {
            // Spark declares no checked exceptions in Java, yet throws AnalysisException.
            if (e instanceof AnalysisException) {
                throw new Refusal(ExitCode.NO_INPUT, "list of users " + path + ": there is no such file", e);
            }
            throw e;
        }
        if (!Arrays.asList(list.columns()).contains("user_id")) {
            throw new Refusal(
                    ExitCode.DATA_REFUSED,
                    "list of users %s has no column user_id, it has %s"
                            .formatted(path, Arrays.toString(list.columns())));
        }
        return list;
    }

    /**
     * Users that no model may see, by {@code user_id}.
     *
     * @param path CSV file, where there is one
     */
    public static Optional<Dataset<Row>> withheld(Optional<String> path, SparkSession spark) {
        return path.map(file -> read(spark, file).select("user_id").distinct());
    }

    /** The rows of other users. */
    public static Dataset<Row> without(Dataset<Row> rows, Optional<Dataset<Row>> withheld) {
        return withheld.map(users -> rows.join(users, new String[] {"user_id"}, "left_anti"))
                .orElse(rows);
    }
}
