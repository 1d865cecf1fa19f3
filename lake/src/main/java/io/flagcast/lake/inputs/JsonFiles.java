package io.flagcast.lake.inputs;

import static org.apache.spark.sql.functions.lit;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * JSON files. What the mapping reads is text as it is written: numbers are not made doubles because one of them has a point.
 * Attributes of users have the types of JSON; declared columns those that are declared.
 */
final class JsonFiles implements Source.Format {

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
        return reading.keeping(Map.of());
    }

    private StructType schema() {
        StructType declared = reading.declared();
        StructType schema = new StructType();
        for (StructField field : reading.inferred(reader()).fields()) {
            if (Arrays.stream(declared.fieldNames()).noneMatch(field.name()::equalsIgnoreCase)) {
                boolean isTyped = reading.isRead(field.name()) && !reading.isMapped(field.name());
                schema = schema.add(field.name(), isTyped ? field.dataType() : text(field.dataType()));
            }
        }
        for (StructField field : declared.fields()) {
            schema = schema.add(field);
        }
        return schema.isEmpty() ? reading.ofNothing() : schema;
    }

    /** The same objects and lists, of text. */
    private static DataType text(DataType type) {
        if (type instanceof StructType struct) {
            StructType text = new StructType();
            for (StructField field : struct.fields()) {
                text = text.add(field.name(), text(field.dataType()));
            }
            return text;
        }
        return type instanceof ArrayType array
                ? DataTypes.createArrayType(text(array.elementType()))
                : DataTypes.StringType;
    }

    @Override
    public Dataset<Row> rows(List<String> addresses) {
        return reading.told(reader(), schema, addresses, lit(null).cast(DataTypes.StringType));
    }
}
