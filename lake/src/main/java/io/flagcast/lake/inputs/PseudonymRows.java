package io.flagcast.lake.inputs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.length;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.regexp_replace;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.flagcast.features.InputMapping;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.tables.Pseudonym;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.AtomicType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;

/**
 * The rows of a source with pseudonyms in the place of users' ids, before anything else looks at them: no table, quarantine or
 * message has an id then. The text of a row that could not be read is withheld, since an id may stand in it.
 */
final class PseudonymRows {

    private static final String USER_ID = "user_id";
    private static final String WITHHELD = "(withheld)";

    private final FileReading reading;
    private final UserDefinedFunction pseudonym;

    PseudonymRows(FileReading reading, String key) {
        this.reading = reading;
        Pseudonym made = new Pseudonym(key);
        this.pseudonym = udf((UDF1<String, String>) made::of, DataTypes.StringType);
    }

    /**
     * Rows in which the column that is {@code user_id} holds pseudonyms.
     *
     * @param rows as they are written, with {@link InputMapping#PROBLEM}
     * @throws Refusal with exit code 78 where the id is made of a column by an expression: of one id two sources would make two
     *     pseudonyms, and nobody else the same
     */
    Dataset<Row> of(Dataset<Row> rows) {
        Dataset<Row> veiled = rows.withColumn(InputMapping.PROBLEM, withheld());
        for (StructField field : rows.schema().fields()) {
            if (!InputMapping.OWN.contains(field.name()) && reading.makes(USER_ID, field.name())) {
                requireIsColumn(field.name());
                // Of another type it is no id, and the mapping says so.
                if (field.dataType() instanceof AtomicType) {
                    veiled = veiled.withColumn(
                            field.name(),
                            pseudonym.apply(InputMapping.quoted(field.name()).cast(DataTypes.StringType)));
                }
            }
        }
        return veiled;
    }

    private void requireIsColumn(String name) {
        String expression =
                reading.settings().columns().getOrDefault(USER_ID, name).strip();
        if (!expression.equalsIgnoreCase(name) && !expression.equalsIgnoreCase("`" + name + "`")) {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    "%s.columns.%s = \"%s\": with flagcast.users.pseudonym-key an id has to be a column as it is written; write it as one where the source is made"
                            .formatted(reading.key(), USER_ID, expression));
        }
    }

    /** As many lines as before: each of them is a row. */
    private static Column withheld() {
        Column problem = col(InputMapping.PROBLEM);
        Column text = problem.substr(lit(InputMapping.MALFORMED.length() + 1), length(problem));
        return when(
                        problem.startsWith(InputMapping.MALFORMED),
                        concat(lit(InputMapping.MALFORMED), regexp_replace(text, "[^\\n]+", WITHHELD)))
                .otherwise(problem);
    }
}
