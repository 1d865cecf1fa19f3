package io.flagcast.lake.inputs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.flagcast.features.InputMapping;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.IntegralType;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.TimestampNTZType;
import org.apache.spark.sql.types.TimestampType;

/**
 * Parquet and ORC files, each by its own schema: a column that later files have is NULL in those before, and one whose type
 * they widen has the wider type.
 */
final class ColumnarFiles implements Source.Format {

    /** So many files are asked one by one; of more, one that lacks a column of the first is read without a note. */
    private static final int FEW = 100;

    private final FileReading reading;
    /** Schema by address, of the columns in the file and in the names of its folders. */
    private final Map<String, StructType> schemas;
    /** Type by column in lower case. */
    private final Map<String, DataType> types = new LinkedHashMap<>();
    /** Names as they are first written, by lower case. */
    private final Map<String, String> names = new LinkedHashMap<>();

    private ColumnarFiles(FileReading reading) {
        this.reading = reading;
        this.schemas = schemas();
        schemas.forEach((address, schema) -> {
            for (StructField field : schema.fields()) {
                String name = field.name().toLowerCase(Locale.ROOT);
                names.putIfAbsent(name, field.name());
                types.merge(name, field.dataType(), (one, other) -> widest(address, field.name(), one, other));
            }
        });
        sayUneven();
    }

    static ColumnarFiles of(FileReading reading) {
        return new ColumnarFiles(reading);
    }

    private Map<String, StructType> schemas() {
        Map<String, StructType> found = new TreeMap<>();
        List<String> addresses = reading.addresses();
        StructType first = reading.plain(addresses).schema();
        if (addresses.size() > FEW && merged().filter(first::equals).isPresent()) {
            addresses.forEach(address -> found.put(address, first));
            return found;
        }
        List<StructType> each = addresses.parallelStream()
                .map(address -> reading.plain(List.of(address)).schema())
                .toList();
        for (int i = 0; i < each.size(); i++) {
            found.put(addresses.get(i), each.get(i));
        }
        return found;
    }

    /** The columns of all files; absent where some differ in their types. */
    private Optional<StructType> merged() {
        try {
            return Optional.of(reading.load(reading.reader(Map.of("mergeSchema", "true")), reading.addresses())
                    .schema());
        } catch (Exception e) {
            // Spark declares no checked exceptions in Java, yet throws SparkException.
            if (e instanceof SparkThrowable spark
                    && String.valueOf(spark.getCondition()).contains("MERGE")) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private DataType widest(String address, String name, DataType one, DataType other) {
        if (one.equals(other)) {
            return one;
        }
        // The mapping reads text as strictly as any type: nothing is lost on the way.
        if (reading.isMapped(name) && isPlain(one) && isPlain(other)) {
            return DataTypes.StringType;
        }
        return wider(one, other)
                .or(() -> wider(other, one))
                .orElseThrow(() -> new Refusal(
                        ExitCode.DATA_REFUSED,
                        "%s: column '%s' is %s in %s and %s in files before it, of which neither holds the other: convert the file, or leave it out with %s.path"
                                .formatted(
                                        reading.table().name(), name, other.sql(), address, one.sql(), reading.key())));
    }

    private static boolean isPlain(DataType type) {
        return !(type instanceof StructType)
                && type.defaultSize() > 0
                && !type.typeName().matches("array|map|binary");
    }

    /** The type that holds the values of both, the first being the narrower. */
    private static Optional<DataType> wider(DataType narrow, DataType wide) {
        if (narrow.equals(DataTypes.NullType)) {
            return Optional.of(wide);
        }
        if (narrow instanceof IntegralType && wide instanceof IntegralType) {
            return Optional.of(narrow.defaultSize() > wide.defaultSize() ? narrow : wide);
        }
        if (narrow instanceof NumericType && wide instanceof NumericType) {
            return Optional.of(DataTypes.DoubleType);
        }
        boolean instants = (narrow instanceof DateType || narrow instanceof TimestampNTZType)
                && (wide instanceof TimestampType || wide instanceof TimestampNTZType);
        return instants ? Optional.of(wide) : Optional.empty();
    }

    private void sayUneven() {
        types.keySet().forEach(name -> {
            List<String> without = schemas.entrySet().stream()
                    .filter(entry ->
                            Arrays.stream(entry.getValue().fieldNames()).noneMatch(name::equalsIgnoreCase))
                    .map(Map.Entry::getKey)
                    .toList();
            if (!without.isEmpty() && reading.isRead(name)) {
                reading.notes()
                        .accept("%s: column '%s' is in %,d of %,d files of %s: NULL in the others, as %s"
                                .formatted(
                                        reading.table().name(),
                                        names.get(name),
                                        schemas.size() - without.size(),
                                        schemas.size(),
                                        reading.settings().origin(),
                                        without.get(0)));
            }
        });
    }

    @Override
    public Dataset<Row> rows(List<String> addresses) {
        Map<StructType, List<String>> bySchema = new LinkedHashMap<>();
        addresses.forEach(address -> bySchema.computeIfAbsent(schemas.get(address), schema -> new ArrayList<>())
                .add(address));
        return bySchema.entrySet().stream()
                .map(entry -> alike(entry.getKey(), entry.getValue()))
                .reduce(Dataset::unionByName)
                .orElseGet(() -> reading.spark().createDataFrame(List.of(), all()));
    }

    private StructType all() {
        StructType all = new StructType();
        for (Map.Entry<String, DataType> column : types.entrySet()) {
            all = all.add(names.get(column.getKey()), column.getValue());
        }
        return all.add(InputMapping.FILE, DataTypes.StringType);
    }

    private Dataset<Row> alike(StructType schema, List<String> addresses) {
        List<Column> columns = new ArrayList<>();
        types.forEach((name, type) -> {
            Column value = Arrays.stream(schema.fields())
                    .filter(field -> field.name().equalsIgnoreCase(name))
                    .findFirst()
                    .map(FileReading::value)
                    .orElse(lit(null));
            columns.add(value.cast(type).as(names.get(name)));
        });
        columns.add(col("_metadata.file_path").as(InputMapping.FILE));
        return reading.plain(addresses).select(columns.toArray(Column[]::new));
    }
}
