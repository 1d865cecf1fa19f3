package io.flagcast.lake.inputs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import io.flagcast.features.InputMapping;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * JSON files. What the mapping reads is text as it is written: numbers are not made doubles because one of them has a point.
 * Attributes of users have the types of JSON; declared columns those that are declared.
 */
final class JsonFiles implements Source.Format {

    /** Column that Spark keeps a malformed record in. */
    private static final String MALFORMED = "_malformed";

    private final FileReading reading;
    private final StructType schema;

    private JsonFiles(FileReading reading) {
        this.reading = reading;
        this.schema = schema();
    }

    static JsonFiles of(FileReading reading) {
        return new JsonFiles(reading);
    }

    private DataFrameReader reader() {
        return reading.reader(Map.of()).option("mode", "PERMISSIVE").option("columnNameOfCorruptRecord", MALFORMED);
    }

    private StructType schema() {
        StructType text = inferred(reader().option("primitivesAsString", true));
        boolean allMapped =
                Arrays.stream(text.fieldNames()).allMatch(name -> reading.isMapped(name) || !reading.isRead(name));
        StructType typed = allMapped ? text : inferred(reader());
        StructType declared = reading.declared();
        StructType schema = new StructType();
        for (StructField field : text.fields()) {
            if (!has(declared, field.name())) {
                schema = schema.add(
                        field.name(), reading.isMapped(field.name()) ? field.dataType() : type(typed, field));
            }
        }
        for (StructField field : declared.fields()) {
            schema = schema.add(field);
        }
        if (schema.isEmpty()) {
            // Files without a record, as an export of a quiet day.
            for (String name : reading.table().columnNames()) {
                schema = schema.add(name, DataTypes.StringType);
            }
        }
        return schema;
    }

    private static boolean has(StructType schema, String name) {
        return Arrays.stream(schema.fieldNames()).anyMatch(name::equalsIgnoreCase);
    }

    private static DataType type(StructType typed, StructField field) {
        return has(typed, field.name()) ? typed.apply(field.name()).dataType() : field.dataType();
    }

    private StructType inferred(DataFrameReader reader) {
        StructType found = new StructType();
        for (StructField field :
                reading.load(reader, reading.addresses()).schema().fields()) {
            if (!field.name().equals(MALFORMED)) {
                found = found.add(field);
            }
        }
        return found;
    }

    @Override
    public Dataset<Row> rows(List<String> addresses) {
        return reading.load(reader().schema(schema.add(MALFORMED, DataTypes.StringType)), addresses)
                .withColumn(InputMapping.FILE, col("_metadata.file_path"))
                .withColumn(
                        InputMapping.PROBLEM,
                        when(col(MALFORMED).isNotNull(), concat(lit("malformed row: "), col(MALFORMED))))
                .drop(MALFORMED);
    }
}
