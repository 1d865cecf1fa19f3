package io.flagcast.benchmarks;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Whether two folders hold the same. Of a demo: every Delta table of {@code demo/lake} and every table of {@code demo/world} as
 * a multiset of rows, every model, the reports {@code demo/report.html} and {@code demo.html}; of the run on Hillstrom's data:
 * {@code hillstrom} and {@code hillstrom.html} likewise. Each but for what {@link Neutral} and {@link ReportText} name.
 */
final class Same {

    /** What is shown of a difference: so many rows, or one line, each cut to so many characters. */
    private static final int SHOWN = 5;

    private static final int WIDTH = 1000;

    private final SparkSession spark;
    private final Path left;
    private final Path right;
    private int compared;
    private int different;

    private Same(SparkSession spark, Path left, Path right) {
        this.spark = spark;
        this.left = left;
        this.right = right;
    }

    /**
     * Prints a line per table, model and report, and what differs.
     *
     * @return whether nothing differs, and there was something
     */
    static boolean compare(SparkSession spark, Path left, Path right) throws IOException {
        Same same = new Same(spark, left, right);
        System.out.printf("left:  %s%nright: %s%n%n", left, right);
        same.lake("demo", "demo/lake", Neutral.Clock.OF_THE_WORLD);
        same.lake("hillstrom", "hillstrom", Neutral.Clock.OF_THE_WALL);
        System.out.printf("%n%d compared, %d different%n", same.compared, same.different);
        return same.compared > 0 && same.different == 0;
    }

    private void lake(String name, String place, Neutral.Clock clock) throws IOException {
        List<Path> without = Stream.of(left, right)
                .filter(side -> !Files.isDirectory(side.resolve(place)))
                .toList();
        if (without.size() == 2) {
            System.out.printf("%-48s in neither folder%n", place);
            return;
        }
        if (without.size() == 1) {
            found(place, "", "not in " + without.get(0));
            return;
        }
        Neutral ofLeft = Neutral.of(spark, left.resolve(place).toString(), clock);
        Neutral ofRight = Neutral.of(spark, right.resolve(place).toString(), clock);
        for (String table : both(place, folder -> Files.isDirectory(folder.resolve("_delta_log")))) {
            table("delta", place + "/" + table, ofLeft, ofRight);
        }
        for (String table : both(name + "/world", Files::isDirectory)) {
            table("parquet", name + "/world/" + table, ofLeft, ofRight);
        }
        texts(models(left.resolve(place), ofLeft), models(right.resolve(place), ofRight));
        texts(reports(left, name, ofLeft), reports(right, name, ofRight));
    }

    /** Names within a folder, on either side. */
    private Set<String> both(String place, Predicate<Path> wanted) throws IOException {
        Set<String> names = new TreeSet<>();
        for (Path side : List.of(left, right)) {
            if (Files.isDirectory(side.resolve(place))) {
                try (Stream<Path> files = Files.list(side.resolve(place))) {
                    files.filter(wanted)
                            .forEach(file -> names.add(file.getFileName().toString()));
                }
            }
        }
        return names;
    }

    private void table(String format, String place, Neutral ofLeft, Neutral ofRight) {
        for (Path side : List.of(left, right)) {
            if (!Files.isDirectory(side.resolve(place))) {
                found(place, "", "not in " + side);
                return;
            }
        }
        Dataset<Row> one = read(format, left.resolve(place));
        Dataset<Row> other = read(format, right.resolve(place));
        if (!one.schema().equals(other.schema())) {
            found(
                    place,
                    "",
                    "columns differ\n" + one.schema().toDDL() + "\n"
                            + other.schema().toDDL());
            return;
        }
        String table = Path.of(place).getFileName().toString();
        List<Row> unlike = counted(one, table, ofLeft, "left")
                .join(counted(other, table, ofRight, "right"), new String[] {"row"}, "full")
                .where("NOT (left <=> right)")
                .orderBy("row")
                .limit(SHOWN)
                .collectAsList();
        StringBuilder rows = new StringBuilder();
        for (Row row : unlike) {
            rows.append("%n  %s times left, %s right: %s"
                    .formatted(or0(row.getAs("left")), or0(row.getAs("right")), cut(row.getAs("row"), 0)));
        }
        found(place, "%,d rows".formatted(one.count()), rows.toString());
    }

    private static long or0(Long count) {
        return count == null ? 0 : count;
    }

    private Dataset<Row> read(String format, Path place) {
        return spark.read()
                .format(format)
                .option("recursiveFileLookup", format.equals("parquet"))
                .load(place.toString());
    }

    private static Dataset<Row> counted(Dataset<Row> rows, String table, Neutral neutral, String count) {
        Map<String, String> whole =
                Map.of("ignoreNullFields", "false", "timestampFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX");
        return rows.select(to_json(struct(col("*")), whole).as("row"))
                .as(Encoders.STRING())
                .map((MapFunction<String, String>) row -> neutral.row(table, row), Encoders.STRING())
                .toDF("row")
                .groupBy("row")
                .count()
                .withColumnRenamed("count", count);
    }

    /** Lines of every model by the name of its file. */
    private static Map<String, List<String>> models(Path lake, Neutral neutral) throws IOException {
        Map<String, List<String>> models = new TreeMap<>();
        Path place = lake.resolve("models");
        if (Files.isDirectory(place)) {
            try (Stream<Path> files = Files.walk(place)) {
                for (Path file :
                        files.filter(file -> file.toString().endsWith(".json")).toList()) {
                    String content = neutral.row("model", Files.readString(file));
                    models.put(
                            neutral.text(lake.getParent().relativize(file).toString()),
                            content.replace(",", ",\n").lines().toList());
                }
            }
        }
        return models;
    }

    private static Map<String, List<String>> reports(Path side, String name, Neutral neutral) throws IOException {
        Map<String, List<String>> reports = new TreeMap<>();
        for (String file : List.of(name + "/report.html", name + ".html")) {
            if (Files.exists(side.resolve(file))) {
                reports.put(file, ReportText.lines(Files.readString(side.resolve(file)), neutral));
            }
        }
        return reports;
    }

    private void texts(Map<String, List<String>> one, Map<String, List<String>> other) {
        Set<String> names = new TreeSet<>(one.keySet());
        names.addAll(other.keySet());
        for (String name : names) {
            List<String> before = one.get(name);
            List<String> after = other.get(name);
            if (before == null || after == null) {
                found(name, "", "not in " + (before == null ? left : right));
            } else {
                found(name, "%,d lines".formatted(before.size()), firstDifference(before, after));
            }
        }
    }

    private static String firstDifference(List<String> one, List<String> other) {
        if (one.equals(other)) {
            return "";
        }
        int line = IntStream.range(0, Math.min(one.size(), other.size()))
                .filter(i -> !one.get(i).equals(other.get(i)))
                .findFirst()
                .orElse(Math.min(one.size(), other.size()));
        String before = line < one.size() ? one.get(line) : "";
        String after = line < other.size() ? other.get(line) : "";
        int at = IntStream.range(0, Math.min(before.length(), after.length()))
                .filter(i -> before.charAt(i) != after.charAt(i))
                .findFirst()
                .orElse(0);
        return "%n  line %,d%n  left:  %s%n  right: %s".formatted(line + 1, cut(before, at), cut(after, at));
    }

    /** The part of a long text that shows what is at a place. */
    private static String cut(String text, int at) {
        int from = Math.max(0, Math.min(at - WIDTH / 2, text.length() - WIDTH));
        int to = Math.min(text.length(), from + WIDTH);
        return (from > 0 ? "…" : "") + text.substring(from, to) + (to < text.length() ? "…" : "");
    }

    private void found(String what, String size, String difference) {
        compared++;
        different += difference.isEmpty() ? 0 : 1;
        System.out.printf("%-48s %14s  %s%n", what, size, difference.isEmpty() ? "equal" : "DIFFERENT " + difference);
    }
}
