package io.flagcast.notebooks;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.fixtures.SharedSpark;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a notebook shows of rows. */
@ExtendWith(SharedSpark.class)
class RowsTest {

    private SparkSession spark;

    @BeforeEach
    void open(SparkSession session) {
        spark = session;
    }

    private Rows rows(String query) {
        return new Rows(spark.sql(query), Style.of(List.of("low", "mid", "high")));
    }

    /** The cells of a table, row by row, without the header. */
    private static List<String> cells(Rows rows) {
        return java.util.regex.Pattern.compile("<td[^>]*>(.*?)</td>")
                .matcher(rows.html())
                .results()
                .map(cell -> cell.group(1))
                .toList();
    }

    @Test
    void decimalsHaveTheDigitsThatAPersonReads() {
        assertThat(
                        cells(
                                rows(
                                        "SELECT CAST(12.5 AS DECIMAL(38, 15)) AS sum, 0.123456789D AS rate, 1234567 AS n, 97.4D AS score")))
                .containsExactly("12.5", "0.123", "1,234,567", "97.4");
    }

    @Test
    void fractionsAreShownInPercentAndDifferencesInPointsWithTheirSign() {
        assertThat(cells(rows("SELECT 0.1234D AS rate, 0.0567D AS lower, -0.0123D AS effect, 0D AS none")
                        .inPercent("rate", "lower")
                        .inPoints("effect", "none")))
                .containsExactly("12.3\u00a0%", "5.7\u00a0%", "\u22121.2\u00a0pp", "0\u00a0pp");
    }

    @Test
    void daysAreDaysAbsentValuesADashAndMarkupIsText() {
        assertThat(cells(rows("SELECT TIMESTAMP '2026-03-01 00:00:00' AS day, CAST(NULL AS DOUBLE) AS effect,"
                        + " TIMESTAMP '2026-03-01 14:05:00' AS at, true AS enabled, '<b>' AS reason")))
                .containsExactly("2026-03-01", "–", "2026-03-01 14:05", "yes", "&lt;b&gt;");
    }

    @Test
    void ofManyRowsItShowsTwentyAndSaysHowManyThereAreBesides() {
        Rows many = rows("SELECT id FROM range(250)");

        assertThat(cells(many)).hasSize(20);
        assertThat(many.html()).contains("… 230 more");
        assertThat(rows("SELECT id FROM range(20)").html()).doesNotContain("more");
    }

    @Test
    void segmentsStandInTheOrderOfTheirScoresAndAllOfThemBehind() {
        Rows segments = rows("SELECT * FROM VALUES ('all'), ('high'), ('low'), ('unscored'), ('mid') AS t(segment)");

        assertThat(cells(segments.orderBy("segment"))).containsExactly("low", "mid", "high", "unscored", "all");
        assertThat(cells(segments.orderBy("segment desc"))).startsWith("all", "unscored");
    }

    @Test
    void numbersStandToTheRightAndWordsToTheLeft() {
        assertThat(rows("SELECT 'low' AS segment, 5 AS n").html())
                .containsPattern("<th [^>]*text-align:left[^>]*>segment</th>")
                .containsPattern("<th [^>]*text-align:right[^>]*>n</th>");
    }
}
