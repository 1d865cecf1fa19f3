package io.flagcast.report.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flagcast.report.page.Chart.Kind;
import io.flagcast.report.page.ReportData.Column;
import io.flagcast.report.page.ReportData.Figure;
import io.flagcast.report.page.ReportData.Group;
import io.flagcast.report.page.ReportData.Item;
import io.flagcast.report.page.ReportData.Section;
import io.flagcast.report.page.ReportData.Summary;
import io.flagcast.report.page.ReportData.Table;
import io.flagcast.report.page.ReportData.Tone;
import io.flagcast.report.page.ReportData.Topic;
import io.flagcast.statistics.Interval;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class PageTest {

    private static final String HOSTILE = "</script><img src=x onerror='alert(1)'><!-- \"&amp; {{d3}} $1";

    private static Chart chart(String series) {
        return Chart.of(
                Kind.INTERVALS,
                Map.of("label", "segment", "value", "effect"),
                Format.POINTS,
                List.of(series),
                "enabled − control");
    }

    private static ReportData of(String text) {
        Table table = new Table(
                text,
                List.of(Column.text("segment", text), new Column("effect", "effect", Format.POINTS)),
                List.of(
                        List.of(text, Estimate.of(0.0123, new Interval(-0.001, 0.0256))),
                        List.of("low", Optional.empty())));
        return new ReportData(
                text,
                List.of(text),
                new Summary(
                        text,
                        List.of(new Topic(
                                text, List.of(new Item(Tone.URGENT, text, text, Optional.of("one"))), "nothing"))),
                List.of(new Section(
                        "one",
                        text,
                        text,
                        List.of(new Group(
                                text,
                                text,
                                List.of(Figure.drawn(text, chart(text), table), Figure.table(text, table)))))));
    }

    @Test
    void noTextOfTheLakeBecomesMarkupOrScript() throws Exception {
        String page = Page.of(of(HOSTILE));

        assertThat(page).doesNotContain("<img").contains("&lt;/script&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;");
        Matcher data = Pattern.compile("<script type=\"application/json\" id=\"data\">(.*?)</script>")
                .matcher(page);
        assertThat(data.find()).isTrue();
        assertThat(data.group(1)).doesNotContain("<", ">", "&");
        JsonNode figures = new ObjectMapper().readTree(data.group(1));
        assertThat(figures).hasSize(1);
        assertThat(figures.get(0).get("rows").get(0).get("segment").asText()).isEqualTo(HOSTILE);
        assertThat(figures.get(0).get("series").get(0).asText()).isEqualTo(HOSTILE);
    }

    @Test
    void aPageIsCompleteInItself() {
        String page = Page.of(of("plain"));

        assertThat(page)
                .contains(
                        "<html lang=\"en\">",
                        "Copyright 2010-2023 Mike Bostock",
                        "default-src 'none'",
                        "d3.scaleLinear")
                .doesNotContain("<link rel=\"stylesheet\"", "<script src", "@import", "url(")
                .doesNotContainPattern("\\{\\{[a-z0-9-]+}}");
    }

    @Test
    void theScriptDrawsEveryKindOfChart() {
        String page = Page.of(of("plain"));

        assertThat(Kind.values()).allSatisfy(kind -> assertThat(page).contains("charts.%s = ".formatted(kind.label())));
    }

    @Test
    void chartAndTableHaveOneSetOfValues() throws Exception {
        JsonNode figure = new ObjectMapper().readTree(ChartJson.of(of("plain"))).get(0);

        assertThat(figure.get("kind").asText()).isEqualTo("intervals");
        assertThat(figure.get("format").asText()).isEqualTo("points");
        assertThat(figure.get("rows").get(0).get("effect").toString())
                .isEqualTo("{\"value\":0.0123,\"lower\":-0.001,\"upper\":0.0256}");
        assertThat(figure.get("rows").get(1).get("effect").isNull()).isTrue();
        assertThat(Page.of(of("plain")))
                .contains("+1.23\u00a0pp (\u22120.10\u00a0to\u00a0+2.56)", "<td class=\"number\">–</td>");
    }

    @Test
    void aChartOfAColumnThatIsNotThereIsRefused() {
        Table table = new Table("caption", List.of(Column.text("name", "name")), List.of());
        assertThatThrownBy(() -> Figure.drawn("title", chart("low"), table))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'title' draws a column that is not there");
        assertThatThrownBy(() -> new Table("caption", List.of(Column.text("name", "name")), List.of(List.of("a", "b"))))
                .hasMessage("a row of 2 values for 1 columns: [a, b]");
    }

    @Test
    void numbersAreWrittenForPeople() {
        assertThat(Format.COUNT.text(1234567L)).isEqualTo("1,234,567");
        assertThat(Format.PERCENT.text(0.0512)).isEqualTo("5.12\u00a0%");
        assertThat(Format.PERCENT.text(0.8)).isEqualTo("80\u00a0%");
        assertThat(Format.POINTS.text(-0.012)).isEqualTo("\u22121.2\u00a0pp");
        assertThat(Format.SIGNED.text(0.5)).isEqualTo("+0.5");
        assertThat(Format.NUMBER.text(0.00012345)).isEqualTo("0.000123");
        assertThat(Format.NUMBER.text(1234.4)).isEqualTo("1,234");
        assertThat(Format.NUMBER.text(0.0)).isEqualTo("0");
        assertThat(Format.DAY.text(Instant.parse("2026-03-02T00:00:00Z"))).isEqualTo("2 Mar 2026");
        assertThat(Format.INSTANT.text(Optional.empty())).isEqualTo("–");
    }
}
