package io.flagcast.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A report, line by line, as far as two of the same publication are the same. Beside what {@link Neutral} says these are not:
 *
 * <ul>
 *   <li>how long stages took; by the clock of the wall also when they started, and when they were published;
 *   <li>the order of keys in the charts' JSON;
 *   <li>the order of the figures "Rows of … a day", one per input, and with it their numbers.
 * </ul>
 *
 * Every drawn figure is followed by its chart, so that they are compared together.
 */
final class ReportText {

    private static final Pattern DATA =
            Pattern.compile("<script type=\"application/json\" id=\"data\">(.*?)</script>", Pattern.DOTALL);

    private static final Pattern FIGURE = Pattern.compile("<figure.*?</figure>", Pattern.DOTALL);

    private static final Pattern NUMBER = Pattern.compile("figure-[0-9]+");

    private static final String DRAWN = "<div class=\"plot\"";

    private static final Pattern OF_AN_INPUT = Pattern.compile("<figcaption[^>]*>Rows of \\w+ a day<");

    /** In the table of stages: state, when started, seconds. */
    private static final Pattern STAGE =
            Pattern.compile("(<td>(?:done|failed)</td><td class=\"time\">)([^<]*)(</td><td class=\"number\">)[^<]*");

    private static final Pattern PUBLISHED = Pattern.compile("<li>published [^<]*</li>");

    private ReportText() {}

    static List<String> lines(String html, Neutral neutral) {
        Matcher data = DATA.matcher(html);
        if (!data.find()) {
            throw new IllegalArgumentException("no report of Flagcast: it has no charts");
        }
        Iterator<JsonNode> charts = Neutral.parsed(data.group(1)).iterator();
        boolean wall = neutral.clock() == Neutral.Clock.OF_THE_WALL;
        String page = NUMBER.matcher(html.substring(0, data.start()) + html.substring(data.end()))
                .replaceAll("figure");
        page = STAGE.matcher(page).replaceAll(wall ? "$1…$3…" : "$1$2$3…");
        page = wall ? PUBLISHED.matcher(page).replaceAll("<li>published …</li>") : page;

        List<String> parts = new ArrayList<>();
        List<String> ofInputs = new ArrayList<>();
        Matcher figures = FIGURE.matcher(page);
        int end = 0;
        while (figures.find()) {
            String figure = figures.group();
            String whole = figure
                    + (figure.contains(DRAWN)
                            ? "\n" + neutral.row("chart", charts.next().toString())
                            : "");
            if (!OF_AN_INPUT.matcher(figure).find()) {
                parts.addAll(sorted(ofInputs));
                ofInputs.clear();
                parts.add(page.substring(end, figures.start()));
                parts.add(whole);
            } else {
                parts.add(page.substring(end, figures.start()));
                ofInputs.add(whole);
            }
            end = figures.end();
        }
        parts.addAll(sorted(ofInputs));
        parts.add(page.substring(end));
        if (charts.hasNext()) {
            throw new IllegalArgumentException("no report of Flagcast: more charts than figures");
        }
        return neutral.text(String.join("\n", parts))
                .replaceAll("(?<=>)(?=<)", "\n")
                .lines()
                .toList();
    }

    private static List<String> sorted(List<String> figures) {
        return figures.stream().sorted(Comparator.naturalOrder()).toList();
    }
}
