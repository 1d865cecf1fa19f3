package io.flagcast.jobs.printing;

import io.flagcast.lake.Json;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;
import scala.collection.Seq;
import scala.jdk.javaapi.CollectionConverters;

/** Rows of Spark, whatever columns they have. */
public final class RowSheet {

    private RowSheet() {}

    /** Every column by its name. */
    public static Sheet<Row> of(StructType schema) {
        return of(schema, true);
    }

    /** Every column by its name for programs alone: what people are shown of the rows is to be added. */
    public static Sheet<Row> values(StructType schema) {
        return of(schema, false);
    }

    private static Sheet<Row> of(StructType schema, boolean isForPeople) {
        Sheet<Row> sheet = Sheet.unnamed();
        String[] names = schema.fieldNames();
        for (int i = 0; i < names.length; i++) {
            int place = i;
            sheet = sheet.with(new Column<>(
                    isForPeople ? Optional.of(names[i]) : Optional.empty(),
                    row -> cell(value(row.get(place))),
                    Optional.of(names[i]),
                    row -> value(row.get(place))));
        }
        return sheet;
    }

    /** Structs, maps and lists as programs read them, too. */
    private static String cell(Object value) {
        return value instanceof Map || value instanceof Collection ? Json.write(Values.json(value)) : text(value);
    }

    /** A value of a row as people read it. */
    public static String text(Object value) {
        return Values.text(value);
    }

    private static Object value(Object value) {
        if (value instanceof Row row) {
            Map<String, Object> object = new LinkedHashMap<>();
            for (int i = 0; i < row.size(); i++) {
                object.put(row.schema().fieldNames()[i], value(row.get(i)));
            }
            return object;
        }
        if (value instanceof scala.collection.Map<?, ?> map) {
            Map<String, Object> object = new LinkedHashMap<>();
            CollectionConverters.asJava(map).forEach((key, each) -> object.put(text(key), value(each)));
            return object;
        }
        return value instanceof Seq<?> list
                ? CollectionConverters.asJava(list).stream()
                        .map(RowSheet::value)
                        .toList()
                : value;
    }
}
