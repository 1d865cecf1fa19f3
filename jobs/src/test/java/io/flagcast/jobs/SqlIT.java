package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.flagcast.jobs.questions.MistakenQuery;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.LakeFunctions;
import io.flagcast.lake.LakeViews;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import io.flagcast.lake.ViewScript;
import io.flagcast.tables.Table;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What an analyst who knows no name yet is told. */
@TestInstance(Lifecycle.PER_CLASS)
class SqlIT {

    @TempDir
    private static Path folder;

    @BeforeAll
    void write() {
        try (Session session = Session.open(Path.of("target"))) {
            ReportLake.write(new Lake(session.spark(), folder.toString()));
        }
    }

    private static Invocation sql(String query, String... further) {
        String[] arguments = new String[4 + further.length];
        arguments[0] = "sql";
        arguments[1] = query;
        arguments[2] = "--set";
        arguments[3] = "flagcast.lake.root=" + folder;
        System.arraycopy(further, 0, arguments, 4, further.length);
        return Invocation.of(arguments);
    }

    @Test
    void showTablesListsThem() {
        assertThat(sql("SHOW TABLES", "--format", "csv").out().lines())
                .contains(",segment_metrics,true", ",alert_notes,true", ",live,true");
        assertThat(sql("show tables in history", "--format", "csv").out().lines())
                .contains("history,segment_metrics,false");
    }

    @Test
    void describeSaysWhatAColumnIs() {
        String column = "propensity,double,\"exact probability of being enabled, in [0, 1]; 0 for who is shut out\"";

        assertThat(sql("DESCRIBE allocations", "--format", "csv").out().lines()).contains(column);
        assertThat(sql("DESCRIBE history.allocations", "--format", "csv").out().lines())
                .contains(column);
    }

    /** Nothing has been written there: it is empty, not unknown. */
    @Test
    void aTableThatNoRunHasWrittenYetIsEmpty() {
        assertThat(sql(
                                "SELECT count(*) AS n FROM history.segment_days UNION ALL SELECT count(*) FROM enrolments",
                                "--json")
                        .out())
                .isEqualTo("{\"n\":0}\n{\"n\":0}\n");
    }

    @Test
    void viewLiveSaysWhereTheLiveRowsOfEachTableAre() {
        assertThat(sql(
                                "SELECT count(*) = any_value(row_count) AS same, count(DISTINCT run_id) AS runs"
                                        + " FROM history.allocations JOIN live USING (run_id) WHERE table_name = 'allocations'",
                                "--json")
                        .out())
                .isEqualTo("{\"same\":true,\"runs\":1}\n");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            SELECT * FROM segment_metric                       | no table 'segment_metric'; nearest: segment_metrics
            SELECT * FROM metrics                              | no table 'metrics'; nearest: segment_metrics
            SELECT * FROM history.alocations                   | no table 'history.alocations'; nearest: history.allocations
            DESCRIBE helth_checks                              | no table 'helth_checks'; nearest: health_checks
            SELECT * FROM unheard_of                           | no table 'unheard_of'; SHOW TABLES lists them
            SELECT * FROM exposures                            | 'exposures' is an input: it is read from its source and is not in the lake
            SELECT user_segment FROM segment_metrics           | no column 'user_segment'; nearest: segment
            SELECT m.value FROM segment_metrics m              | no column 'value'; nearest: metric_value
            SELECT seconds FROM (SELECT run_id FROM runs)      | column 'seconds' is not there: a GROUP BY and a subquery hand on only what they select
            SELECT xyzzy FROM runs                             | no column 'xyzzy'; DESCRIBE and the name of the table list them
            SELECT weighted.x FROM segment_metrics             | no field 'x'; there are: n, w, w2, wy, wy2, w2y, w2y2
            SELECT alocate_feature('u', 'x')                   | no function 'alocate_feature'; nearest: allocate_feature
            SELECT lentgh('u')                                 | no function 'lentgh'; SHOW FUNCTIONS lists them
            SELECT * FORM runs                                 | Syntax error at or near 'runs': extra input 'runs'. (line 1, column 15)
            SELECT segment, count(*) FROM segment_metrics      | The query does not include a GROUP BY clause. Add GROUP BY or turn it into the window functions using OVER clauses. (line 1, column 1)
            SELECT user_id FROM allocations ORDER BY allocate_feature(user_id, 'x') | Using SQL function `allocate_feature` in Sort is not supported. Select the function's value by a name first, and use that name here. (line 1, column 42)
            """)
    void aMistakeIsOneSentenceWithTheNearestName(String query, String sentence) {
        Invocation sql = sql(query);

        assertThat(sql.code()).isEqualTo(64);
        assertThat(sql.out()).isEmpty();
        assertThat(sql.err().lines().filter(line -> line.startsWith("flagcast: ")))
                .singleElement()
                .asString()
                .startsWith("flagcast: sql: " + sentence);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            SELECT segment,~  metric_valu~FROM segment_metrics          | (line 2, column 3)  |   metric_valu                      |   ^^^^^^^^^^^
            SELECT run_id~FROM runs~ORDER run_id                        | (line 3, column 7)  | ORDER run_id                       |       ^
            SELECT run_id,~ 1 / (rows_in - rows_in)~FROM runs           | (line 2, column 2)  |  1 / (rows_in - rows_in)           |  ^^^^^^^^^^^^^^^^^^^^^^^
            SELECT 2147483647 + 1 FROM runs                             | (line 1, column 8)  | SELECT 2147483647 + 1 FROM runs    |        ^^^^^^^^^^^^^^
            """, ignoreLeadingAndTrailingWhitespace = false)
    void aMistakeIsShownAtItsPlaceAndWithoutAPlan(String query, String place, String line, String mark) {
        Invocation sql = sql(query.strip().replace('~', '\n'));

        assertThat(sql.code()).isEqualTo(64);
        assertThat(sql.err().stripTrailing().lines().toList())
                .satisfies(lines -> assertThat(lines.get(lines.size() - 3)).endsWith(place.strip()))
                .endsWith(
                        "  " + line.substring(1).stripTrailing(),
                        "  " + mark.substring(1).stripTrailing());
        assertThat(sql.err()).doesNotContain("Project", "SQLSTATE", "\tat ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            DELETE FROM runs                              | DELETE
            -- all~UPDATE runs SET state = 'done'         | UPDATE
            DROP VIEW runs                                | DROP
            CREATE TABLE mine AS SELECT 1                 | CREATE
            SET spark.sql.ansi.enabled = false            | SET
            EXECUTE IMMEDIATE 'DELETE FROM runs'          | EXECUTE
            WITH q AS (SELECT * FROM runs) INSERT INTO runs SELECT * FROM q | what follows WITH
            """)
    void whatWouldChangeSomethingIsRefused(String query, String named) {
        Invocation sql = sql(" " + query.replace('~', '\n'));

        assertThat(sql.code()).isEqualTo(64);
        assertThat(sql.err())
                .isEqualTo(
                        "flagcast: sql: " + named + " is refused: a query changes nothing; it begins with SELECT, WITH,"
                                + " FROM, VALUES, TABLE, SHOW, DESCRIBE or EXPLAIN\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/* all */ (SELECT 1)", "WITH q AS (SELECT 1) SELECT * FROM q", "EXPLAIN DELETE FROM runs"})
    void whatReadsIsAnswered(String query) {
        assertThat(sql(query).code()).isZero();
    }

    @Test
    void aQueryThatIsNestedTooDeeplyIsAMistakeToo() {
        Invocation sql = sql("SELECT " + "1 + ".repeat(20_000) + "1");

        assertThat(sql.code()).as(sql.err()).isEqualTo(64);
        assertThat(sql.err()).contains("too complex to parse").doesNotContain("\tat ");
        assertThat(MistakenQuery.of(new IllegalStateException(new StackOverflowError()), "SELECT 1"))
                .get()
                .returns(ExitCode.USAGE, Refusal::exitCode)
                .satisfies(refusal -> assertThat(refusal).hasMessageContaining("take it apart by WITH"));
    }

    @Test
    void aValueThatCannotBeReadIsAMistakeOfTheQueryToo() {
        Invocation sql = sql("SELECT CAST(reason AS INT) FROM allocations");

        assertThat(sql.code()).isEqualTo(64);
        assertThat(sql.err()).contains("sql: The value 'policy' of the type \"STRING\" cannot be cast to \"INT\"");
    }

    /** The page says that each runs as it stands. */
    @Test
    void theTwentyQuestionsOfThePageAreAnswered() throws IOException {
        String page = Files.readString(Path.of(System.getProperty("flagcast.home"), "docs", "tables.md"));
        List<String> queries = Pattern.compile("```sql\n(.*?)```", Pattern.DOTALL)
                .matcher(page)
                .results()
                .map(query -> query.group(1))
                .toList();
        List<String> questions = page.substring(page.indexOf("## Twenty questions"), page.indexOf("<!--"))
                .lines()
                .filter(line -> line.startsWith("### "))
                .toList();

        assertThat(questions).hasSize(20).allMatch(question -> question.endsWith("?"));
        assertThat(queries).as("with that of the functions").hasSize(21);
        try (Session session = Session.open(Path.of("target"))) {
            Lake lake = new Lake(session.spark(), folder.toString());
            LakeViews.register(lake);
            LakeFunctions.register(lake);
            assertThat(queries)
                    .allSatisfy(query -> assertThatCode(
                                    () -> session.spark().sql(query).collectAsList())
                            .doesNotThrowAnyException());
        }
    }

    @Test
    void theViewsOfTheScriptShowWhatTheCommandShows(@TempDir Path to) throws IOException {
        Path file = to.resolve("views.sql");
        Invocation views = Invocation.of("views", "--to", file.toString(), "--set", "flagcast.lake.root=" + folder);
        assertThat(views.code()).as(views.err()).isZero();

        try (Session session = Session.open(Path.of("target"))) {
            Lake lake = new Lake(session.spark(), folder.toString());
            session.spark().sql("CREATE DATABASE script");
            session.spark().sql("USE script");
            for (String statement : Files.readString(file).split(";\\s*\\n", -1)) {
                if (!statement.isBlank()) {
                    session.spark().sql(statement);
                }
            }
            for (Table table : LakeViews.tables()) {
                if (lake.exists(table)) {
                    assertThat(session.spark().table("script." + table.name()).collectAsList())
                            .as(table.name())
                            .containsExactlyInAnyOrderElementsOf(
                                    lake.published(table, lake.live()).collectAsList());
                    assertThat(session.spark().table("history." + table.name()).count())
                            .isEqualTo(lake.history(table).count());
                }
            }
            assertThat(session.spark()
                            .table("script.live")
                            .drop("as_of", "published_at")
                            .collectAsList())
                    .extracting(Row::toString)
                    .hasSize(lake.requireLive().tables().size())
                    .contains("[allocations,20260318T000000Z-g1,1800,4]");
            session.spark().sql("USE default");
            session.spark().sql("DROP DATABASE script CASCADE");
        }
    }

    @Test
    void aFileThatIsThereIsWrittenOverOnlyWhenForced(@TempDir Path to) throws IOException {
        Path file = Files.writeString(to.resolve("views.sql"), "mine");
        String[] arguments = {"views", "--to", file.toString(), "--set", "flagcast.lake.root=" + folder, "--force"};

        Invocation refused = Invocation.of(Arrays.copyOf(arguments, 5));

        assertThat(refused.code()).isEqualTo(64);
        assertThat(refused.err()).contains(file + " is there already: --force writes over it");
        assertThat(file).hasContent("mine");
        assertThat(Invocation.of(arguments).code()).isZero();
        assertThat(Files.readString(file)).contains("CREATE OR REPLACE VIEW live AS");
    }

    /** By the documentation of each: there is no engine here to ask. */
    @Test
    void otherEnginesGetTheirOwnWords() {
        try (Session session = Session.open(Path.of("target"))) {
            Lake lake = new Lake(session.spark(), folder.toString());
            String location = "file://" + folder + "/allocations";

            assertThat(ViewScript.DUCKDB.of(lake))
                    .contains(
                            "FROM (SELECT unnest(map_entries(tables)) AS entry, publish_seq, as_of, published_at FROM delta_scan('",
                            "CREATE OR REPLACE VIEW history.allocations AS\nSELECT * FROM delta_scan('" + location
                                    + "');",
                            "CREATE OR REPLACE VIEW allocations AS\nSELECT t.* FROM delta_scan('" + location
                                    + "') AS t\n"
                                    + "JOIN live ON live.table_name = 'allocations' AND live.run_id = t.run_id;",
                            "CREATE OR REPLACE VIEW runs AS\nSELECT t.* FROM delta_scan('file://" + folder
                                    + "/runs') AS t;")
                    .doesNotContain("`");
            assertThat(ViewScript.TRINO.of(lake))
                    .contains(
                            "CALL system.register_table(schema_name => 'history', table_name => 'allocations', table_location => '"
                                    + location + "');",
                            "FROM history.publications CROSS JOIN UNNEST(tables) AS t (table_name, slice)",
                            "CREATE OR REPLACE VIEW flagcast.allocations AS\nSELECT t.* FROM history.allocations AS t\n"
                                    + "JOIN flagcast.live AS live ON live.table_name = 'allocations' AND live.run_id = t.run_id;")
                    .doesNotContain("`", "VIEW live", "VIEW history");
        }
    }

    @Test
    void sumsHaveTheDigitsThatTheyNeed() {
        String query = "SELECT DISTINCT CAST(1.5 AS DECIMAL(38, 15)) AS d, weighted.n FROM segment_metrics";

        assertThat(sql(query, "--format", "csv").out()).isEqualTo("d,n\n1.5,0\n");
        assertThat(sql(query, "--json").out()).isEqualTo("{\"d\":1.5,\"n\":0}\n");
    }
}
