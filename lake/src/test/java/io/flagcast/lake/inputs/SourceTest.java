package io.flagcast.lake.inputs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.features.InputMapping;
import io.flagcast.fixtures.SharedSpark;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.inputs.SourceSettings.Duplicates;
import io.flagcast.lake.inputs.SourceSettings.Lacking;
import io.flagcast.tables.Pseudonym;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.MetadataBuilder;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Files as people have them. */
@ExtendWith(SharedSpark.class)
class SourceTest {

    @TempDir
    private Path folder;

    private final SparkSession spark;

    SourceTest(SparkSession spark) {
        this.spark = spark;
    }

    private SourceSettings settings(String format, String path, Map<String, String> options, String schema) {
        return new SourceSettings(
                format,
                folder.resolve(path).toString(),
                options,
                schema,
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                Duplicates.ONCE,
                Lacking.QUARANTINE,
                Optional.empty());
    }

    private static SourceSettings lacking(SourceSettings settings, Lacking lacking) {
        return new SourceSettings(
                settings.format(),
                settings.path(),
                settings.options(),
                settings.schema(),
                settings.columns(),
                settings.each(),
                settings.where(),
                settings.duplicates(),
                lacking,
                Optional.empty());
    }

    /** Outcomes of one day, several of a row. */
    private static SourceSettings each(
            SourceSettings settings, Map<String, String> columns, String each, String where) {
        Map<String, String> all = new TreeMap<>(Map.of("outcome", "each", "occurred_at", "'2026-03-01'"));
        all.putAll(columns);
        return new SourceSettings(
                settings.format(),
                settings.path(),
                settings.options(),
                settings.schema(),
                all,
                Optional.of(each),
                Optional.of(where),
                settings.duplicates(),
                settings.lacking(),
                Optional.empty());
    }

    private Source open(Table table, String format, String path) {
        return Source.open(spark, table, settings(format, path, Map.of(), ""));
    }

    private void write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    /** Some columns of all rows as text, sorted. */
    private static List<String> rows(Dataset<Row> rows, String... columns) {
        return rows.collectAsList().stream()
                .map(row -> String.join(
                        " ",
                        Arrays.stream(columns)
                                .map(column -> String.valueOf(row.<Object>getAs(column)))
                                .toList()))
                .sorted()
                .toList();
    }

    @Test
    void csvColumnsAreFoundByNameFileByFile() throws IOException {
        write("in/a.csv", "user_id,outcome,value,occurred_at\nu1,buy,1,2026-03-01\n");
        write("in/b.csv", "\ufeffoutcome,user_id,occurred_at,value\r\nbuy,u2,2026-03-02,2\r\n");
        write("in/c.csv", "\n");
        Source source = open(Tables.OUTCOMES, "csv", "in");
        assertThat(rows(source.rows(), "user_id", "outcome", "value", "occurred_at"))
                .containsExactly("u1 buy 1 2026-03-01", "u2 buy 2 2026-03-02");
        List<String> second = source.files().orElseThrow().addresses().subList(1, 2);
        assertThat(rows(source.rows(second), "user_id", "outcome")).containsExactly("u2 buy");
        assertThat(source.notes()).isEmpty();
    }

    /** The last column may be named by nothing but the tab before it. */
    @Test
    void aTabSeparatesAndAnOptionThatIsNoneIsAMatterOfConfiguration() throws IOException {
        write("in/plays.dat", "user_id\tplays\t\nu1\t13\tx\n");
        Source source = Source.open(spark, Tables.USERS, settings("csv", "in/plays.dat", Map.of("sep", "\t"), ""));
        assertThat(rows(source.rows(), "user_id", "plays")).containsExactly("u1 13");
        assertThat(source.notes()).isEmpty();
        for (Map<String, String> wrong :
                List.of(Map.of("sep", ""), Map.of("quote", "ab"), Map.of("encoding", "no such charset"))) {
            assertThatThrownBy(() -> Source.open(spark, Tables.USERS, settings("csv", "in/plays.dat", wrong, ""))
                            .rows())
                    .satisfies(error -> assertThat(refusal(error).exitCode()).isEqualTo(ExitCode.CONFIGURATION))
                    .satisfies(error -> assertThat(refusal(error))
                            .hasMessageContaining("flagcast.sources.users.options { "
                                    + wrong.keySet().iterator().next() + " }: "));
        }
    }

    @Test
    void aCsvFileThatLacksAColumnIsNamedAndItsRowsAreWhatTheSourceSays() throws IOException {
        write("in/a.csv", "user_id,outcome,value,occurred_at\nu1,buy,1,2026-03-01\n");
        write("in/b.csv", "user_id,outcome,occurred_at,coupon\nu2,buy,2026-03-02,x\n");
        SourceSettings settings = settings("csv", "in", Map.of(), "");
        Source source = Source.open(spark, Tables.OUTCOMES, settings);
        assertThat(rows(source.rows(), "user_id", "value", InputMapping.PROBLEM))
                .containsExactly("u1 1 null", "u2 null column 'value' is missing from this file");
        // A file is judged by all of them, whichever is read.
        List<String> second = source.files().orElseThrow().addresses().subList(1, 2);
        assertThat(rows(source.rows(second), "value", InputMapping.PROBLEM))
                .containsExactly("null column 'value' is missing from this file");
        assertThat(source.notes())
                .containsExactly(
                        "outcomes: column 'value' is missing from file:%s, other files of %s have it: its rows are quarantined"
                                .formatted(folder.resolve("in/b.csv"), folder.resolve("in")));

        Source tolerant = Source.open(spark, Tables.OUTCOMES, lacking(settings, Lacking.ABSENT));
        assertThat(rows(tolerant.rows(), "user_id", "value", InputMapping.PROBLEM))
                .containsExactly("u1 1 null", "u2 null null");
        assertThatThrownBy(() -> Source.open(spark, Tables.OUTCOMES, lacking(settings, Lacking.REFUSE)))
                .isInstanceOfSatisfying(
                        Refusal.class, refusal -> assertThat(refusal.exitCode()).isEqualTo(ExitCode.DATA_REFUSED))
                .hasMessageContaining("column 'value' is missing from file:" + folder.resolve("in/b.csv"));
    }

    @Test
    void csvIsReadByRfc4180() throws IOException {
        write(
                "in.csv",
                "user_id,\"note,\n of two lines\",plan\r\n\"\"\"quoted\"\"\",\"a\nb\",free\r\nu2,\"x, \"\"y\"\"\",\"\"\r\nu3,\\,pro\n");
        assertThat(rows(open(Tables.USERS, "csv", "in.csv").rows(), "user_id", "note,\n of two lines", "plan"))
                .containsExactly("\"quoted\" a\nb free", "u2 x, \"y\" null", "u3 \\ pro");
    }

    @Test
    void aRowWithTooFewColumnsKeepsItsText() throws IOException {
        write("in.csv", "user_id,plan\nu1,free\nu2\nu3,pro,extra\n");
        assertThat(rows(open(Tables.USERS, "csv", "in.csv").rows(), InputMapping.PROBLEM))
                .containsExactly("malformed row: u2", "malformed row: u3,pro,extra", "null");
    }

    @Test
    void everyLineThatAnOpenQuoteSwallowsIsABadRow() throws IOException {
        write(
                "in.csv",
                "user_id,outcome,occurred_at\nu1,buy,2026-03-01\nu2,\"buy,2026-03-01\nu3,buy,2026-03-01\nu4,buy,2026-03-01\n");
        SourceSettings settings = settings("csv", "in.csv", Map.of(), "");
        InputMapping mapping = new InputMapping(Tables.OUTCOMES, "in.csv", Map.of(), Optional.empty());
        Dataset<Row> mapped =
                mapping.once(Source.open(spark, Tables.OUTCOMES, settings).rows(), Set.of());
        assertThat(rows(InputMapping.valid(mapped), "user_id")).containsExactly("u1");
        assertThat(mapped.agg(sum(InputMapping.lines())).head().getLong(0)).isEqualTo(4);

        write("header.csv", "user_id,\"outcome,occurred_at\n" + "u1,buy,2026-03-01\n".repeat(60_000));
        assertThatThrownBy(() -> open(Tables.OUTCOMES, "csv", "header.csv"))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("header.csv goes on for more than 1,000,000 characters: close the quote");
    }

    @Test
    void aColumnThatIsGivenAnotherNameInBackticksIsNotThereTwice() throws IOException {
        write("in.csv", "user_id,Device Age (months)\nu1,7\n");
        InputMapping mapping = new InputMapping(
                Tables.USERS, "in.csv", Map.of("device_age", "`Device Age (months)`"), Optional.empty());
        Dataset<Row> users = InputMapping.valid(
                mapping.apply(open(Tables.USERS, "csv", "in.csv").rows()));
        assertThat(users.columns()).containsExactly("user_id", "device_age");
        assertThat(rows(users, "device_age")).containsExactly("7");
    }

    @Test
    void codesStayTextAndNumbersAreNumbers() throws IOException {
        write(
                "in/a.csv",
                "user_id,zip,group,age,spend,is_pro,since,hex,big\n1,02139,01,30,1.5,true,2026-01-01,1d,9007199254740993\n");
        write("in/b.csv", "user_id,age,zip,group,spend,is_pro,since,hex,big\n2,,10001,1,1e3,FALSE,2026-01-02,2f,1\n");
        Source source = open(Tables.USERS, "csv", "in");
        Dataset<Row> users = source.rows();
        assertThat(rows(users, "user_id", "zip", "group", "age", "spend", "is_pro", "hex", "big"))
                .containsExactly("1 02139 01 30 1.5 true 1d 9007199254740993", "2 10001 1 null 1000.0 false 2f 1");
        assertThat(Map.of(
                        "zip", DataTypes.StringType,
                        "group", DataTypes.StringType,
                        "age", DataTypes.LongType,
                        "spend", DataTypes.DoubleType,
                        "is_pro", DataTypes.BooleanType,
                        "since", DataTypes.DateType,
                        "hex", DataTypes.StringType))
                .allSatisfy(
                        (name, type) -> assertThat(users.schema().apply(name).dataType())
                                .as(name)
                                .isEqualTo(type));
        assertThat(source.notes())
                .containsExactlyInAnyOrder(
                        "users: 'zip' has codes as 02139: it stays text",
                        "users: 'group' has codes as 01: it stays text");
    }

    @Test
    void aFolderNamedByACodeSaysTheCode() throws IOException {
        spark.conf().set("spark.sql.sources.partitionColumnTypeInference.enabled", "false");
        write("in/zip=02139/a.csv", "user_id\nu1\n");
        write("in/zip=10001/a.csv", "user_id\nu2\n");
        Source source = open(Tables.USERS, "csv", "in");
        assertThat(rows(source.rows(), "user_id", "zip")).containsExactly("u1 02139", "u2 10001");
        List<String> second = source.files().orElseThrow().addresses().subList(1, 2);
        assertThat(rows(source.rows(second), "user_id", "zip")).containsExactly("u2 10001");
        assertThat(source.files().orElseThrow().columns()).isEqualTo(Set.of("zip"));
    }

    @Test
    void idsOfJsonAreWhatIsWritten() throws IOException {
        write("in.json", """
                {"user_id": 7, "outcome": "buy", "occurred_at": 1772793000}
                {"user_id": 9007199254740993, "outcome": "buy", "occurred_at": "2026-03-06"}
                {"user_id": 9007199254740992, "outcome": "buy", "value": 2, "occurred_at": "2026-03-06"}
                {"user_id": 12.0, "outcome": "buy", "value": 2.50, "occurred_at": "2026-03-06", "who": {"id": 1.0}}
                {"user_id": "007", "outcome": "buy", "occurred_at":
                """);
        assertThat(rows(open(Tables.OUTCOMES, "json", "in.json").rows(), "user_id", "value", "occurred_at", "who"))
                .containsExactly(
                        "12.0 2.50 2026-03-06 [1.0]",
                        "7 null 1772793000 null",
                        "9007199254740992 2 2026-03-06 null",
                        "9007199254740993 null 2026-03-06 null",
                        "null null null null");
    }

    @Test
    void attributesOfJsonHaveItsTypesAndDeclaredColumnsTheirs() throws IOException {
        write("in.json", """
                {"user_id": 7, "age": 30, "zip": "02139", "pro": true}
                {"user_id": 8.5, "age": 31, "zip": "10001", "pro": false}
                """);
        Dataset<Row> users = Source.open(spark, Tables.USERS, settings("json", "in.json", Map.of(), "age DOUBLE"))
                .rows();
        assertThat(rows(users, "user_id", "age", "zip", "pro"))
                .containsExactly("7 30.0 02139 true", "8.5 31.0 10001 false");
        assertThat(users.schema().apply("pro").dataType()).isEqualTo(DataTypes.BooleanType);
    }

    private void save(String format, String path, String sql) {
        spark.sql(sql)
                .coalesce(1)
                .write()
                .mode("append")
                .format(format)
                .save(folder.resolve(path).toString());
    }

    @Test
    void columnsThatLaterFilesAddOrWidenAreRead() {
        for (String format : List.of("parquet", "orc")) {
            save(
                    format,
                    format + "/day=1",
                    "SELECT 'u1' user_id, 'buy' outcome, DATE '2026-03-06' occurred_at, 1 amount");
            save(
                    format,
                    format + "/day=2",
                    "SELECT 'u2' user_id, 'buy' outcome, TIMESTAMP '2026-03-07' occurred_at, 2.5D value, 2.5D amount");
            save(
                    format,
                    format + "/day=3",
                    "SELECT 3L user_id, 'buy' outcome, TIMESTAMP '2026-03-07' occurred_at, '4' value, 3L amount");
            SourceSettings settings = settings(format, format, Map.of(), "");
            Source source = Source.open(spark, Tables.OUTCOMES, settings);
            assertThat(rows(source.rows(), "user_id", "value", "amount", "day"))
                    .as(format)
                    .containsExactly("3 4 3.0 3", "u1 null 1.0 1", "u2 2.5 2.5 2");
            assertThat(source.notes())
                    .singleElement()
                    .asString()
                    .startsWith("outcomes: column 'value' is in 2 of 3 files of " + folder.resolve(format)
                            + ": NULL in the others");
            List<String> first = source.files().orElseThrow().addresses().subList(0, 1);
            assertThat(rows(source.rows(first), "user_id", "value", "amount", "day"))
                    .containsExactly("u1 null 1.0 1");
        }
    }

    @Test
    void aColumnThatLaterFilesLackIsSaidToo() {
        for (String format : List.of("parquet", "orc")) {
            save(format, format + "/day=1", "SELECT 'u1' user_id, 'buy' outcome, NOW() occurred_at, 1D value");
            save(format, format + "/day=2", "SELECT 'u2' user_id, 'buy' outcome, NOW() occurred_at");
            Source source = Source.open(spark, Tables.OUTCOMES, settings(format, format, Map.of(), ""));

            assertThat(rows(source.rows(), "user_id", "value")).as(format).containsExactly("u1 1.0", "u2 null");
            assertThat(source.notes())
                    .singleElement()
                    .asString()
                    .contains("column 'value' is in 1 of 2 files of ")
                    .contains("/day=2/part-");
        }
    }

    @Test
    void typesOfWhichNeitherHoldsTheOtherAreRefusedWithFileAndColumn() {
        save("parquet", "in", "SELECT 'u1' user_id, 1 age");
        save("parquet", "in", "SELECT 'u2' user_id, 'thirty' age");
        assertThatThrownBy(() -> open(Tables.USERS, "parquet", "in"))
                .isInstanceOfSatisfying(
                        Refusal.class, refusal -> assertThat(refusal.exitCode()).isEqualTo(ExitCode.DATA_REFUSED))
                .hasMessageContaining("users: column 'age' is ")
                .hasMessageContaining("in file:" + folder.resolve("in"));
    }

    private static Throwable thrown(Dataset<Row> rows) {
        try {
            rows.collectAsList();
            return null;
        } catch (Exception e) {
            return e;
        }
    }

    private static Refusal refusal(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            Optional<Refusal> refusal = Refusal.of(cause);
            if (refusal.isPresent()) {
                return refusal.get();
            }
        }
        throw new AssertionError("not refused", error);
    }

    @Test
    void aFileThatIsCutShortIsRefusedByItsName() throws IOException {
        StringBuilder text = new StringBuilder("user_id,outcome,occurred_at\n");
        for (int i = 0; i < 20_000; i++) {
            text.append("u").append(Integer.toHexString(i * 7919)).append(",buy,2026-03-01\n");
        }
        Path whole = folder.resolve("whole.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(whole))) {
            out.write(text.toString().getBytes(StandardCharsets.UTF_8));
        }
        byte[] bytes = Files.readAllBytes(whole);
        Files.createDirectories(folder.resolve("in"));
        Files.write(folder.resolve("in/cut.csv.gz"), Arrays.copyOf(bytes, bytes.length / 2));
        Refusal cut = refusal(thrown(open(Tables.OUTCOMES, "csv", "in").rows()));
        assertThat(cut.exitCode()).isEqualTo(ExitCode.DATA_REFUSED);
        assertThat(cut).hasMessageContaining("cut.csv.gz");

        write("footer/part.parquet", "PAR1 this is no footer");
        assertThatThrownBy(() -> open(Tables.OUTCOMES, "parquet", "footer"))
                .satisfies(error -> assertThat(refusal(error).exitCode()).isEqualTo(ExitCode.DATA_REFUSED))
                .satisfies(error -> assertThat(refusal(error)).hasMessageContaining("part.parquet"));
    }

    private static SourceSettings database(Map<String, String> options) {
        return new SourceSettings(
                "jdbc",
                "",
                options,
                "",
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                Duplicates.ONCE,
                Lacking.QUARANTINE,
                Optional.empty());
    }

    @Test
    void aMissingDriverIsAMatterOfConfiguration() {
        Map<String, String> unknown = Map.of("url", "jdbc:nosuch://db", "dbtable", "t");
        Map<String, String> absent = Map.of("url", "jdbc:nosuch://db", "dbtable", "t", "driver", "com.example.Driver");
        for (Map<String, String> options : List.of(unknown, absent)) {
            assertThatThrownBy(() -> Source.open(spark, Tables.USERS, database(options)))
                    .satisfies(error -> assertThat(refusal(error).exitCode()).isEqualTo(ExitCode.CONFIGURATION))
                    .satisfies(error -> assertThat(refusal(error))
                            .hasMessageContaining("flagcast.sources.users: no driver can be had for its url")
                            .hasMessageContaining("FLAGCAST_JARS="));
        }
    }

    @Test
    void anIdOfFixedLengthHasNoBlanksThatItWasNotGiven() {
        StructType schema = new StructType()
                .add(
                        "user_id",
                        DataTypes.StringType,
                        true,
                        new MetadataBuilder()
                                .putString("__CHAR_VARCHAR_TYPE_STRING", "char(8)")
                                .build())
                .add("plan", DataTypes.StringType);
        for (String format : List.of("parquet", "delta")) {
            Path place = folder.resolve("fixed-" + format);
            spark.createDataFrame(List.of(RowFactory.create("u1      ", " a ")), schema)
                    .write()
                    .format(format)
                    .save(place.toString());

            assertThat(open(Tables.USERS, format, place.getFileName().toString())
                            .rows()
                            .selectExpr("concat('[', user_id, '][', plan, ']')")
                            .collectAsList())
                    .as(format)
                    .extracting(row -> row.getString(0))
                    .containsExactly("[u1][ a ]");
        }
    }

    @Test
    void fileNamesAreReadAsTheyAreWritten() throws IOException {
        List<String> names = List.of("out [1].csv", "out {a,b}.csv", "ü ö%20.csv", "a?b*.csv", "x=1;y\\z.csv");
        for (String name : names) {
            write("in [x]/" + name, "user_id\n" + name.replace(',', '_') + "\n");
        }
        Source source = open(Tables.USERS, "csv", "in [x]");
        assertThat(source.rows().collectAsList()).hasSize(names.size());
        SourceFiles files = source.files().orElseThrow();
        for (String address : files.addresses()) {
            Dataset<Row> one = source.rows(List.of(address));
            assertThat(rows(one, "user_id")).as(address).hasSize(1);
            assertThat(files.complete(
                            one.withColumn("at", lit(null).cast("timestamp")),
                            col("at"),
                            List.of(address),
                            Instant.EPOCH))
                    .containsExactly(files.identities().get(address));
            assertThat(rows(
                            open(
                                            Tables.USERS,
                                            "csv",
                                            "in [x]/" + Path.of(address).getFileName())
                                    .rows(),
                            "user_id"))
                    .as(address)
                    .hasSize(1);
        }
        assertThat(open(Tables.USERS, "csv", "in ?x?/*.csv").rows().collectAsList())
                .hasSize(names.size());
    }

    @Test
    void aVersionOfADeltaTableIsWhatIsReadAndRecorded() throws IOException {
        save("delta", "in ü", "SELECT 'u1' user_id");
        save("delta", "in ü", "SELECT 'u2' user_id");
        Source latest = open(Tables.USERS, "delta", "in ü");
        assertThat(latest.version()).isEqualTo("delta version 1");
        assertThat(rows(latest.rows(), "user_id")).containsExactly("u1", "u2");
        Source first = Source.open(spark, Tables.USERS, settings("delta", "in ü", Map.of("versionAsOf", "0"), ""));
        assertThat(first.version()).isEqualTo("delta version 0");
        assertThat(rows(first.rows(), "user_id")).containsExactly("u1");
        assertThat(first.files().orElseThrow().addresses()).hasSize(1);
        String last = latest.files()
                .orElseThrow()
                .beyond(Set.copyOf(first.files().orElseThrow().identities().values()))
                .get(0);
        assertThat(rows(latest.rows(List.of(last)), "user_id")).containsExactly("u2");
        // The second commit, by the time at which it was made.
        String time = spark.sql("DESCRIBE HISTORY delta.`%s`".formatted(folder.resolve("in ü")))
                .where("version = 0")
                .selectExpr("CAST(timestamp AS STRING)")
                .head()
                .getString(0);
        Source then = Source.open(spark, Tables.USERS, settings("delta", "in ü", Map.of("timestampAsOf", time), ""));
        assertThat(then.version()).isEqualTo("delta version 0");
        assertThat(rows(then.rows(), "user_id")).containsExactly("u1");
    }

    @Test
    void oneRowStandsForOneOfEachElement() throws IOException {
        write("in.csv", "id,version,rounds,retained\n1,gate_30,3,True\n2,gate_40,,False\n");
        SourceSettings settings = each(
                settings("csv", "in.csv", Map.of(), ""),
                Map.of("user_id", "id", "value", "if(each = 'rounds', rounds, 1)"),
                "array('retained', 'rounds')",
                "each = 'rounds' AND rounds > 0 OR each = 'retained' AND retained");
        Source source = Source.open(spark, Tables.OUTCOMES, settings);
        InputMapping mapping =
                new InputMapping(Tables.OUTCOMES, settings.origin(), settings.columns(), settings.where());
        assertThat(rows(InputMapping.valid(mapping.once(source.rows(), Set.of())), "user_id", "outcome", "value"))
                .containsExactly("1 retained 1.0", "1 rounds 3.0");
    }

    /** As many published tests are: no id, and rows that are alike are users nevertheless. */
    @Test
    void rowsOfAFileWithoutIdsAreToldApartByTheirPlace() throws IOException {
        write("in/a.csv", "arm,visit,spend\nA,1,0\nA,1,0\nB,0,2.5\nA,1,0\n");
        SourceSettings settings = each(
                settings("csv", "in", Map.of(), "spend DOUBLE"),
                Map.of("user_id", "_number"),
                "array('visit', 'spend')",
                "each = 'visit' AND visit = 1 OR each = 'spend' AND spend > 0");
        Source source = Source.open(spark, Tables.OUTCOMES, settings);
        InputMapping mapping =
                new InputMapping(Tables.OUTCOMES, settings.origin(), settings.columns(), settings.where());
        assertThat(rows(InputMapping.valid(mapping.once(source.rows(), Set.of())), "user_id", "outcome"))
                .containsExactly("1 visit", "2 visit", "3 spend", "4 visit");
        assertThat(rows(source.rows(), "_number")).hasSize(8).startsWith("1", "1", "2");

        write("in/b.csv", "arm,visit,spend\nA,1,0\n");
        Source two = Source.open(spark, Tables.OUTCOMES, settings);
        assertThatThrownBy(two::rows)
                .satisfies(error -> assertThat(refusal(error))
                        .hasMessageContaining("flagcast.sources.outcomes: _number is where a row stands in its file")
                        .returns(ExitCode.CONFIGURATION, Refusal::exitCode));
    }

    @Test
    void aColonInTheNameOfAFileIsSaid() throws IOException {
        for (String format : List.of("csv", "json")) {
            write(format + "/2026-03-01T06:00:00Z." + format, "user_id\nu\n");
            assertThatThrownBy(() -> open(Tables.USERS, format, format))
                    .isInstanceOfSatisfying(
                            Refusal.class,
                            refusal -> assertThat(refusal.exitCode()).isEqualTo(ExitCode.DATA_REFUSED))
                    .hasMessageContaining("/2026-03-01T06:00:00Z." + format + " has a colon in its name");
        }
        write("day=2026-03-01T06:00/a.csv", "user_id\nu\n");
        assertThat(open(Tables.USERS, "csv", "day=2026-03-01T06:00").rows().collectAsList())
                .hasSize(1);
    }

    @Test
    void whereThereIsNothingThatIsSaid() throws IOException {
        Files.createDirectories(folder.resolve("in/2026/03"));
        write("in/2026/03/a.csv", "user_id\nu\n");
        assertThatThrownBy(() -> open(Tables.USERS, "csv", "in"))
                .isInstanceOfSatisfying(
                        Refusal.class, refusal -> assertThat(refusal.exitCode()).isEqualTo(ExitCode.NO_INPUT))
                .hasMessageContaining("recursiveFileLookup");
        assertThatThrownBy(() -> open(Tables.USERS, "csv", "absent"))
                .isInstanceOfSatisfying(
                        Refusal.class, refusal -> assertThat(refusal.exitCode()).isEqualTo(ExitCode.NO_INPUT));
        write("quiet/a.csv", "");
        write("quiet/b.json", "");
        assertThat(open(Tables.OUTCOMES, "csv", "quiet").rows().collectAsList()).isEmpty();
        assertThat(open(Tables.OUTCOMES, "json", "quiet/b.json").rows().columns())
                .contains("user_id", "outcome");
    }

    private SourceSettings veiled(String userId) {
        SourceSettings plain =
                SourceSettings.of("csv", folder.resolve("ids.csv").toString());
        return new SourceSettings(
                plain.format(),
                plain.path(),
                plain.options(),
                plain.schema(),
                Map.of("user_id", userId),
                plain.each(),
                plain.where(),
                plain.duplicates(),
                plain.lacking(),
                Optional.of("a key that is long enough"));
    }

    @Test
    void withAKeyAnIdIsItsPseudonymAndNoExpression() throws IOException {
        Files.writeString(folder.resolve("ids.csv"), "customer,age\nAda,30\n");
        assertThat(Source.open(spark, Tables.USERS, veiled("`customer`"))
                        .rows()
                        .head()
                        .<String>getAs("customer"))
                .isEqualTo(new Pseudonym("a key that is long enough").of("Ada"));
        assertThatThrownBy(() -> Source.open(spark, Tables.USERS, veiled("lower(customer)"))
                        .rows())
                .satisfies(error -> assertThat(refusal(error).exitCode()).isEqualTo(ExitCode.CONFIGURATION))
                .hasMessageContaining("flagcast.sources.users.columns.user_id = \"lower(customer)\"");
    }
}
