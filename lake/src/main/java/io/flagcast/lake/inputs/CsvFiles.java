package io.flagcast.lake.inputs;

import static org.apache.spark.sql.functions.lit;

import io.flagcast.features.InputMapping;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * CSV files by RFC 4180, each by its own header: columns are found by name, file by file. Values are text, which the mapping
 * reads strictly, but for declared columns and attributes of users.
 */
final class CsvFiles implements Source.Format {

    /** Where a source says nothing else. */
    static final Map<String, String> RFC_4180 = Map.of("header", "true", "escape", "\"", "multiLine", "true");

    /** A longer first record is none: one of its quotes is not closed. */
    private static final int LONGEST_HEADER = 1_000_000;

    private static final char BYTE_ORDER_MARK = '\ufeff';

    /**
     * How a file is laid out.
     *
     * @param columns in the order of the file
     * @param lineBreak what its first record ends with, where Spark would find another one within its quotes before; else empty
     */
    private record Layout(List<String> columns, String lineBreak) {}

    private final FileReading reading;
    /** By address; a file without a record has no entry. */
    private final Map<String, Layout> layouts;

    private final Map<String, DataType> attributes;

    private CsvFiles(FileReading reading) {
        this.reading = reading;
        this.layouts = layouts();
        requireDeclared();
        sayUneven();
        this.attributes = attributes();
    }

    static CsvFiles of(FileReading reading) {
        return new CsvFiles(reading);
    }

    private DataFrameReader reader() {
        return reading.keeping(RFC_4180).option("inferSchema", false);
    }

    private boolean hasHeader() {
        return option("header", "true").equalsIgnoreCase("true");
    }

    /** An option of the source by its name, in any case as Spark takes it. */
    private String option(String name, String otherwise) {
        return reading.settings().options().entrySet().stream()
                .filter(entry -> entry.getKey().equalsIgnoreCase(name))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(otherwise);
    }

    private Map<String, Layout> layouts() {
        List<String> addresses = reading.addresses();
        if (!hasHeader()) {
            List<String> names = List.of(reading.load(reader(), addresses).columns());
            return addresses.stream().collect(Collectors.toMap(address -> address, address -> new Layout(names, "")));
        }
        Configuration hadoop = reading.spark().sessionState().newHadoopConf();
        List<String> records = addresses.parallelStream()
                .map(address -> firstRecord(new Path(address), hadoop))
                .toList();
        Map<String, Layout> parsed = new HashMap<>();
        for (String record : Set.copyOf(records)) {
            if (!record.isBlank()) {
                // A blank or a tab may be what separates columns.
                String text = record.replaceFirst("[\r\n]+$", "");
                parsed.put(
                        record,
                        new Layout(
                                List.of(reader().csv(reading.spark().createDataset(List.of(text), Encoders.STRING()))
                                        .columns()),
                                text.indexOf('\n') < 0 ? "" : record.endsWith("\r\n") ? "\r\n" : "\n"));
            }
        }
        Map<String, Layout> layouts = new TreeMap<>();
        for (int i = 0; i < addresses.size(); i++) {
            if (parsed.containsKey(records.get(i))) {
                layouts.put(addresses.get(i), parsed.get(records.get(i)));
            }
        }
        return layouts;
    }

    /** The first record with its line break: lines up to one where every quote is closed; empty where there is none. */
    private String firstRecord(Path file, Configuration hadoop) {
        Charset charset = Charset.forName(option("encoding", option("charset", "UTF-8")));
        String comment = option("comment", "");
        char quote = (option("quote", "\"") + '\0').charAt(0);
        CompressionCodec codec = new CompressionCodecFactory(hadoop).getCodec(file);
        try (InputStream raw = file.getFileSystem(hadoop).open(file);
                InputStream plain = codec == null ? raw : codec.createInputStream(raw);
                Reader letters = new BufferedReader(new InputStreamReader(plain, charset))) {
            StringBuilder record = new StringBuilder();
            boolean quoted = false;
            for (int next = letters.read(); next >= 0; next = letters.read()) {
                char letter = (char) next;
                if (!(record.isEmpty() && letter == BYTE_ORDER_MARK)) {
                    record.append(letter);
                }
                quoted ^= letter == quote;
                if (letter == '\n' && !quoted) {
                    boolean isComment = !comment.isEmpty() && record.indexOf(comment) == 0;
                    if (!isComment && !record.toString().isBlank()) {
                        break;
                    }
                    record.setLength(0);
                }
                if (record.length() > LONGEST_HEADER) {
                    throw new Refusal(
                            ExitCode.DATA_REFUSED,
                            "%s: the header of %s goes on for more than %,d characters: close the quote in it that is open"
                                    .formatted(reading.table().name(), file, LONGEST_HEADER));
                }
            }
            return record.toString();
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be read", e);
        }
    }

    private void requireDeclared() {
        for (StructField field : reading.declared().fields()) {
            if (!layouts.isEmpty() && columns().noneMatch(field.name()::equals)) {
                throw new Refusal(
                        ExitCode.DATA_REFUSED,
                        "%s.schema declares column '%s', but %s has %s: correct the schema or the file"
                                .formatted(
                                        reading.key(),
                                        field.name(),
                                        reading.settings().origin(),
                                        layouts.values().iterator().next().columns()));
            }
        }
    }

    private Stream<String> columns() {
        return layouts.values().stream()
                .map(Layout::columns)
                .flatMap(List::stream)
                .distinct();
    }

    /** Columns of any file, in alphabetical order and lower case as Spark compares them. */
    private Set<String> anywhere() {
        return columns().map(name -> name.toLowerCase(Locale.ROOT)).collect(Collectors.toCollection(TreeSet::new));
    }

    private List<String> lacked(List<String> header) {
        Set<String> lacked = anywhere();
        header.forEach(name -> lacked.remove(name.toLowerCase(Locale.ROOT)));
        return List.copyOf(lacked);
    }

    /** What is said, or refused, where files differ in their columns. */
    private void sayUneven() {
        for (String name : anywhere()) {
            List<String> without = layouts.entrySet().stream()
                    .filter(entry -> lacked(entry.getValue().columns()).contains(name))
                    .map(Map.Entry::getKey)
                    .sorted()
                    .toList();
            if (without.isEmpty() || !reading.isRead(name)) {
                continue;
            }
            String sentence = "%s: column '%s' is missing from %s%s, other files of %s have it"
                    .formatted(
                            reading.table().name(),
                            name,
                            without.get(0),
                            without.size() == 1 ? "" : " and %,d more".formatted(without.size() - 1),
                            reading.settings().origin());
            if (reading.settings().lacking() == SourceSettings.Lacking.REFUSE) {
                throw new Refusal(
                        ExitCode.DATA_REFUSED,
                        sentence + ": mend the file, or set " + reading.key() + ".lacking to quarantine or absent");
            }
            reading.notes()
                    .accept(sentence
                            + (reading.settings().lacking() == SourceSettings.Lacking.ABSENT
                                    ? ": absent there"
                                    : ": its rows are quarantined"));
        }
    }

    /**
     * Types of the columns that are read, but not mapped to the table's own: attributes of users, and what conditions ask
     * for. Text where nothing else holds for every value.
     */
    private Map<String, DataType> attributes() {
        StructType declared = reading.declared();
        List<String> open = columns()
                .filter(name -> !Arrays.asList(declared.fieldNames()).contains(name)
                        && !reading.isMapped(name)
                        && reading.isRead(name))
                .toList();
        if (open.isEmpty()) {
            return Map.of();
        }
        TextTypes types = TextTypes.of(text(reading.addresses()), open);
        types.codes()
                .forEach((name, example) -> reading.notes()
                        .accept("%s: '%s' has codes as %s: it stays text"
                                .formatted(reading.table().name(), name, example)));
        return types.types();
    }

    @Override
    public Dataset<Row> rows(List<String> addresses) {
        Dataset<Row> text = text(addresses);
        for (Map.Entry<String, DataType> attribute : attributes.entrySet()) {
            if (!attribute.getValue().equals(DataTypes.StringType)) {
                text = text.withColumn(
                        attribute.getKey(),
                        InputMapping.quoted(attribute.getKey()).try_cast(attribute.getValue()));
            }
        }
        return text;
    }

    /** The rows of files, column by column as they are written. */
    private Dataset<Row> text(List<String> addresses) {
        Map<Layout, List<String>> byLayout = new LinkedHashMap<>();
        addresses.stream()
                .filter(layouts::containsKey)
                .forEach(address -> byLayout.computeIfAbsent(layouts.get(address), layout -> new ArrayList<>())
                        .add(address));
        return byLayout.entrySet().stream()
                .sorted(Comparator.comparing(entry -> entry.getValue().get(0)))
                .map(entry -> alike(entry.getKey(), entry.getValue()))
                .reduce((one, other) -> one.unionByName(other, true))
                .map(this::withAllColumns)
                .orElseGet(this::nothing);
    }

    /** Files without a record, as an export of a quiet day: a table without rows. */
    private Dataset<Row> nothing() {
        return reading.spark()
                .createDataFrame(List.of(), reading.ofNothing().add(InputMapping.FILE, DataTypes.StringType));
    }

    /** Some files may all lack a column that others have. */
    private Dataset<Row> withAllColumns(Dataset<Row> rows) {
        Dataset<Row> all = rows;
        for (String name : columns().toList()) {
            if (Arrays.stream(all.columns()).noneMatch(name::equalsIgnoreCase)) {
                all = all.withColumn(name, lit(null).cast(type(name)));
            }
        }
        return all;
    }

    private DataType type(String name) {
        StructType declared = reading.declared();
        return Arrays.asList(declared.fieldNames()).contains(name)
                ? declared.apply(name).dataType()
                : DataTypes.StringType;
    }

    private Dataset<Row> alike(Layout layout, List<String> addresses) {
        StructType schema = new StructType();
        for (String name : layout.columns()) {
            schema = schema.add(name, type(name));
        }
        List<String> lacked = reading.settings().lacking() == SourceSettings.Lacking.ABSENT
                ? List.of()
                : lacked(layout.columns()).stream().filter(reading::isRead).toList();
        Column missing = lacked.isEmpty()
                ? lit(null).cast(DataTypes.StringType)
                : lit("column '%s' is missing from this file".formatted(String.join("', '", lacked)));
        DataFrameReader reader = reader();
        if (!layout.lineBreak().isEmpty() && option("lineSep", "").isEmpty()) {
            reader = reader.option("lineSep", layout.lineBreak());
        }
        return reading.told(reader, schema, addresses, missing);
    }
}
