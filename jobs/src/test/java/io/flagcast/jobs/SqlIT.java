package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.flagcast.lake.Lake;
import io.flagcast.lake.LakeFunctions;
import io.flagcast.lake.LakeViews;
import io.flagcast.lake.Session;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
        String column = "propensity,double,\"exact probability of being enabled, in [0, 1]\"";

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
            SELECT xyzzy FROM runs                             | no column 'xyzzy'; DESCRIBE and the name of the table list them
            SELECT weighted.x FROM segment_metrics             | no field 'x'; there are: n, w, w2, wy, wy2, w2y, w2y2
            SELECT alocate_feature('u', 'x')                   | no function 'alocate_feature'; nearest: allocate_feature
            SELECT lentgh('u')                                 | no function 'lentgh'; SHOW FUNCTIONS lists them
            SELECT * FORM runs                                 | Syntax error at or near 'runs': extra input 'runs'. (line 1, pos 14)
            SELECT segment, count(*) FROM segment_metrics      | The query does not include a GROUP BY clause. Add GROUP BY or turn it into the window functions using OVER clauses. (line 1, pos 0)
            SELECT user_id FROM allocations ORDER BY allocate_feature(user_id, 'x') | Using SQL function `allocate_feature` in Sort is not supported. (line 1, pos 41) Select the function's value by a name first, and use that name here.
            """)
    void aMistakeIsOneSentenceWithTheNearestName(String query, String sentence) {
        Invocation sql = sql(query);

        assertThat(sql.code()).isEqualTo(64);
        assertThat(sql.out()).isEmpty();
        assertThat(sql.err().strip().lines()).last().isEqualTo("flagcast: sql: " + sentence);
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
    void sumsHaveTheDigitsThatTheyNeed() {
        String query = "SELECT DISTINCT CAST(1.5 AS DECIMAL(38, 15)) AS d, weighted.n FROM segment_metrics";

        assertThat(sql(query, "--format", "csv").out()).isEqualTo("d,n\n1.5,0\n");
        assertThat(sql(query, "--json").out()).isEqualTo("{\"d\":1.5,\"n\":0}\n");
    }
}
