package io.flagcast.report.page;

import io.flagcast.report.page.ReportData.Column;
import io.flagcast.report.page.ReportData.Figure;
import io.flagcast.report.page.ReportData.Group;
import io.flagcast.report.page.ReportData.Item;
import io.flagcast.report.page.ReportData.Section;
import io.flagcast.report.page.ReportData.Table;
import io.flagcast.report.page.ReportData.Topic;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The page as one HTML file: text and tables are written here, a script draws the charts over them. Without scripts
 * every value is there still.
 */
public final class Page {

    private static final String D3 = "/META-INF/resources/webjars/d3/7.9.0/";
    private static final Pattern PLACE = Pattern.compile("\\{\\{([a-z0-9-]+)}}");

    /** The files of the script, each after those whose names it needs while it is read. */
    private static final List<String> SCRIPT = List.of(
            "numbers",
            "marks",
            "frame",
            "axes",
            "lines",
            "charts/bins",
            "charts/calibration",
            "charts/curve",
            "charts/intervals",
            "charts/panels",
            "charts/timeline",
            "charts/trend-and-steps",
            "pointer",
            "figures",
            "details");

    private static final int LONG = 60;
    /** Items of a topic that stand at once; the rest is folded away. */
    private static final int SHORT = 6;

    private final StringBuilder html = new StringBuilder();
    private int figures;

    private Page() {}

    /** The file's content. */
    public static String of(ReportData data) {
        Map<String, String> parts = Map.of(
                "title", escape(data.title()),
                "style", resource("report.css"),
                "facts", facts(data.facts()),
                "contents", contents(data.sections()),
                "main", main(data),
                "data", ChartJson.of(data),
                "licence", resource(D3 + "LICENSE"),
                "d3", resource(D3 + "dist/d3.min.js"),
                "script", script());
        // In one pass: what is filled in is never looked at again.
        return PLACE.matcher(resource("report.html"))
                .replaceAll(place -> Matcher.quoteReplacement(parts.get(place.group(1))));
    }

    private static String resource(String name) {
        try (InputStream in = Page.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException(name + " is not on the class path: the build lost it");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(name + " cannot be read", e);
        }
    }

    /** One closure: the files know one another, and nothing else on the page knows them. */
    private static String script() {
        return SCRIPT.stream()
                .map(part -> resource("script/" + part + ".js"))
                .collect(Collectors.joining("\n", "\"use strict\";\n\n(() => {\n", "})();"));
    }

    private static String facts(List<String> facts) {
        Page page = new Page();
        facts.forEach(fact -> page.element("li", "", fact));
        return page.html.toString();
    }

    private static String contents(List<Section> sections) {
        Page page = new Page();
        sections.forEach(section -> page.add("<li><a href=\"#")
                .add(section.id())
                .add("\">")
                .text(section.title())
                .add("</a></li>"));
        return page.html.toString();
    }

    private static String main(ReportData data) {
        Page page = new Page();
        page.add("<section id=\"summary\" aria-labelledby=\"summary-title\">");
        page.element("h2", " id=\"summary-title\"", data.summary().headline());
        page.add("<div class=\"topics\">");
        data.summary().topics().forEach(page::topic);
        page.add("</div></section>\n");
        data.sections().forEach(page::section);
        return page.html.toString();
    }

    private void topic(Topic topic) {
        add("<section>").element("h3", "", topic.title());
        if (topic.items().isEmpty()) {
            element("p", " class=\"soft\"", topic.otherwise());
        } else {
            items(topic.items().stream().limit(SHORT).toList());
            List<Item> further = topic.items().stream().skip(SHORT).toList();
            if (!further.isEmpty()) {
                add("<details open>").element("summary", "", "%,d more".formatted(further.size()));
                items(further);
                add("</details>");
            }
        }
        add("</section>");
    }

    private void items(List<Item> items) {
        add("<ul>");
        items.forEach(this::item);
        add("</ul>");
    }

    private void item(Item item) {
        add("<li class=\"").add(item.tone().label()).add("\">");
        item.section()
                .ifPresentOrElse(
                        id -> element("a", " href=\"#" + id + "\"", item.subject()),
                        () -> element("strong", "", item.subject()));
        add(" ").text(item.text());
        if (!item.beneath().isEmpty()) {
            add("<ul>");
            item.beneath().forEach(line -> element("li", "", line));
            add("</ul>");
        }
        item.command().ifPresent(command -> element("code", "", command));
        add("</li>");
    }

    private void section(Section section) {
        add("<section id=\"")
                .add(section.id())
                .add("\" aria-labelledby=\"")
                .add(section.id())
                .add("-title\">");
        element("h2", " id=\"" + section.id() + "-title\"", section.title());
        element("p", " class=\"lead\"", section.lead());
        section.groups().stream().filter(group -> !group.isAbsent()).forEach(this::group);
        absent(section.groups().stream().filter(Group::isAbsent).toList());
        add("</section>\n");
    }

    /** What there is nothing of, shortly and last. */
    private void absent(List<Group> groups) {
        if (!groups.isEmpty()) {
            add("<dl class=\"absent\">");
            groups.forEach(group -> element("dt", "", group.title()).element("dd", "", group.text()));
            add("</dl>");
        }
    }

    private void group(Group group) {
        add("<section class=\"group\">").element("h3", "", group.title());
        if (!group.text().isEmpty()) {
            element("p", "", group.text());
        }
        add("<div class=\"figures\">");
        group.figures().forEach(this::figure);
        add("</div></section>");
    }

    private void figure(Figure figure) {
        if (figure.look() == Figure.Look.FOLDED) {
            add("<figure class=\"wide\"><details open>").element("summary", "", figure.title());
            table(figure.table());
            add("</details></figure>");
            return;
        }
        if (figure.chart().isEmpty()) {
            add("<figure class=\"wide\">").element("figcaption", "", figure.title());
            table(figure.table());
            add("</figure>");
            return;
        }
        String id = "figure-" + figures++;
        add("<figure class=\"").add(figure.chart().get().kind().label()).add("\">");
        element("figcaption", " id=\"" + id + "\"", figure.title());
        add("<div class=\"plot\" aria-labelledby=\"").add(id).add("\"></div>");
        // Open until its chart is drawn.
        add("<details open><summary>The values as a table</summary>");
        table(figure.table());
        add("</details></figure>");
    }

    private void table(Table table) {
        add("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table>")
                .element("caption", "", table.caption())
                .add("<thead><tr>");
        table.columns().forEach(column -> element("th", " scope=\"col\"" + align(column), column.title()));
        add("</tr></thead><tbody>");
        for (List<?> row : table.rows()) {
            add("<tr>");
            for (int i = 0; i < row.size(); i++) {
                cell(table.columns().get(i), row.get(i), i == 0 ? "th scope=\"row\"" : "td");
            }
            add("</tr>");
        }
        add("</tbody></table></div>");
    }

    private void cell(Column column, Object value, String open) {
        String text = column.format().text(value);
        add("<").add(open).add(style(column, text)).add(">").text(text).add(open.startsWith("th") ? "</th>" : "</td>");
    }

    /** A long text asks for a wide column, a state for its sign. */
    private static String style(Column column, String text) {
        if (column.name().equals("state")) {
            return " class=\"state " + escape(text) + "\"";
        }
        return text.length() > LONG ? " class=\"long\"" : align(column);
    }

    private static String align(Column column) {
        return switch (column.format()) {
            case TEXT -> "";
            case DAY, INSTANT -> " class=\"time\"";
            default -> " class=\"number\"";
        };
    }

    private Page element(String name, String attributes, String text) {
        return add("<").add(name)
                .add(attributes)
                .add(">")
                .text(text)
                .add("</")
                .add(name)
                .add(">");
    }

    private Page text(String text) {
        return add(escape(text));
    }

    private Page add(String markup) {
        html.append(markup);
        return this;
    }

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }
}
