package io.flagcast.jobs.commands;

import io.flagcast.jobs.printing.TextTable;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Json;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import io.flagcast.tables.Tables;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.parser.ParseException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import scala.collection.Seq;
import scala.jdk.javaapi.CollectionConverters;

@Command(
        name = "sql",
        mixinStandardHelpOptions = true,
        description = "Spark SQL over the tables of the live publication by their names, and over all runs as"
                + " history.<table>. Only the result goes to standard output.")
final class SqlCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Parameters(paramLabel = "QUERY", description = "As \"SELECT reason, count(*) FROM allocations GROUP BY 1\".")
    private String query;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "TABLE",
            description = "table, csv or json (an object a line). Default: table.")
    private Format format;

    @Mixin
    private ConfigurationOptions configuration;

    /** How rows are printed. */
    enum Format {
        TABLE,
        CSV,
        JSON
    }

    SqlCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        String root = configuration.lake().root();
        try (Session session = surroundings.session()) {
            Lake lake = new Lake(session.spark(), root);
            if (!lake.exists(Tables.RUNS)) {
                throw new Refusal(
                        ExitCode.NO_INPUT,
                        "flagcast.lake.root %s: there is no lake; correct it or run flagcast run first"
                                .formatted(root));
            }
            lake.registerViews(query);
            print(query(session.spark()), new PrintStream(System.out, true, StandardCharsets.UTF_8));
        }
        return ExitCode.DONE.code();
    }

    private Dataset<Row> query(SparkSession spark) {
        try {
            return spark.sql(query);
        } catch (Exception e) {
            // Spark declares no checked exceptions in Java, yet throws AnalysisException and ParseException.
            if (e instanceof AnalysisException || e instanceof ParseException) {
                throw new Refusal(ExitCode.USAGE, "sql: " + e.getMessage().strip(), e);
            }
            throw e;
        }
    }

    private void print(Dataset<Row> rows, PrintStream out) {
        List<String> columns = List.of(rows.columns());
        Iterator<Row> iterator = rows.toLocalIterator();
        if (format == Format.TABLE) {
            TextTable table = new TextTable(columns);
            iterator.forEachRemaining(row -> table.add(cells(row)));
            out.print(table);
            return;
        }
        if (format == Format.CSV) {
            out.println(
                    String.join(",", columns.stream().map(SqlCommand::quoted).toList()));
        }
        iterator.forEachRemaining(row -> out.println(
                format == Format.CSV
                        ? String.join(
                                ",", cells(row).stream().map(SqlCommand::quoted).toList())
                        : Json.write(object(row))));
    }

    private static List<String> cells(Row row) {
        List<String> cells = new ArrayList<>();
        for (int i = 0; i < row.size(); i++) {
            cells.add(text(row.get(i)));
        }
        return cells;
    }

    static String text(Object value) {
        if (value == null) {
            return "";
        }
        return value instanceof java.sql.Timestamp time ? time.toInstant().toString() : String.valueOf(value);
    }

    /** RFC 4180. */
    private static String quoted(String cell) {
        return cell.matches("(?s).*[\",\r\n].*") ? '"' + cell.replace("\"", "\"\"") + '"' : cell;
    }

    /** A row as JSON has it: structs and lists inside it too. */
    static Map<String, Object> object(Row row) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (String name : row.schema().fieldNames()) {
            object.put(name, json(row.getAs(name)));
        }
        return object;
    }

    private static Object json(Object value) {
        if (value == null || value instanceof Number || value instanceof Boolean) {
            return value;
        }
        if (value instanceof Row row) {
            return object(row);
        }
        return value instanceof Seq<?> list
                ? CollectionConverters.asJava(list).stream()
                        .map(SqlCommand::json)
                        .toList()
                : text(value);
    }
}
