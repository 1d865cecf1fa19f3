package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Session;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The report as its reader sees it, in a real browser. */
class ReportIT {

    private static final List<String> COLOURS =
            List.of("--ink", "--soft", "--accent", "--alarm", "--good", "--s0", "--s1", "--s2", "--s3", "--s4", "--s5");

    /** Where the pages and their pictures stay, for whoever wants to look: {@code -Dflagcast.reports=FOLDER}. */
    private static final Optional<Path> REPORTS =
            Optional.ofNullable(System.getProperty("flagcast.reports")).map(Path::of);

    @TempDir
    private static Path folder;

    private static Path report;
    private static Path empty;

    @BeforeAll
    static void write() {
        try (Session session = Session.open(Path.of("target"))) {
            ReportLake.write(new Lake(session.spark(), folder.resolve("lake").toString()));
            ReportLake.writeEmpty(
                    new Lake(session.spark(), folder.resolve("first").toString()));
        }
        report = report("lake");
        empty = report("first");
    }

    private static Path report(String lake) {
        Path file = REPORTS.orElse(folder.resolve("reports")).resolve(lake + ".html");
        Invocation report = on(lake, "-o", file.toString());
        assertThat(report.code()).as(report.err()).isZero();
        assertThat(report.err()).contains("report: " + file);
        return file;
    }

    private static Invocation on(String lake, String... further) {
        String[] arguments = {"report", "--set", "flagcast.lake.root=\"" + folder.resolve(lake) + '"'};
        return Invocation.of(java.util.stream.Stream.of(arguments, further)
                .flatMap(java.util.stream.Stream::of)
                .toArray(String[]::new));
    }

    private static Browser browser(String profile) throws IOException {
        Optional<Path> chromium = Browser.installed();
        assumeTrue(chromium.isPresent(), "no Chromium: install it (Debian: apt-get install chromium)");
        return new Browser(chromium.get(), folder.resolve(profile));
    }

    @Test
    void everyChartIsDrawnOnPhoneAndScreenByDayAndByNightWithoutANetwork() throws Exception {
        try (Browser browser = browser("charts")) {
            for (String theme : List.of("light", "dark")) {
                for (int width : new int[] {390, 1280}) {
                    browser.screen(width, 844, theme);
                    browser.open(report);
                    assertSound(browser);
                    assertDrawn(browser);
                    assertFits(browser, width);
                    assertContrast(browser);
                    if (REPORTS.isPresent()) {
                        browser.screenshot(REPORTS.get().resolve("%s-%d.png".formatted(theme, width)));
                    }
                }
            }
            // A phone is turned: what was drawn for the one width is drawn anew for the other.
            browser.screen(390, 844, "light");
            browser.settle();
            assertDrawn(browser);
            assertFits(browser, 390);
        }
    }

    private static void assertSound(Browser browser) {
        assertThat(browser.events("Network.requestWillBeSent"))
                .isNotEmpty()
                .extracting(event -> event.get("request").get("url").asText())
                .allMatch(url -> url.startsWith("file:") || url.startsWith("data:"));
        assertThat(browser.events("Runtime.exceptionThrown")).isEmpty();
        assertThat(browser.events("Runtime.consoleAPICalled")).isEmpty();
        assertThat(browser.events("Log.entryAdded")).isEmpty();
        assertThat(browser.events("Page.javascriptDialogOpening")).isEmpty();
    }

    /** One mark per row, whatever is drawn. */
    private static void assertDrawn(Browser browser) {
        JsonNode charts = browser.evaluate("""
                JSON.parse(document.getElementById("data").textContent).map((figure, i) => {
                  const plot = document.querySelectorAll(".plot")[i];
                  return {
                    kind: figure.kind,
                    rows: figure.rows.length,
                    marks: plot.querySelectorAll("svg[role=img] .mark").length,
                    label: plot.querySelector("svg[role=img]").getAttribute("aria-label"),
                    broken: /NaN|undefined|Infinity/.test(plot.innerHTML),
                    table: plot.parentElement.querySelectorAll("details tbody tr").length,
                  };
                })""");
        assertThat(charts).isNotEmpty();
        assertThat(charts).allSatisfy(chart -> {
            assertThat(chart.get("marks").asInt())
                    .as(chart.get("label").asText())
                    .isPositive()
                    .isEqualTo(chart.get("rows").asInt())
                    .isEqualTo(chart.get("table").asInt());
            assertThat(chart.get("broken").asBoolean())
                    .as(chart.get("label").asText())
                    .isFalse();
        });
        assertThat(charts)
                .extracting(chart -> chart.get("kind").asText())
                .contains("intervals", "trend", "steps", "panels", "bins", "calibration", "curve", "timeline");
    }

    private static void assertFits(Browser browser, int width) {
        assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
                .isLessThanOrEqualTo(width);
        assertThat(browser.evaluate("""
                Array.from(document.querySelectorAll(".plot")).flatMap(plot => {
                  const frame = plot.getBoundingClientRect();
                  return Array.from(plot.querySelectorAll("text")).filter(text => {
                    const box = text.getBoundingClientRect();
                    return box.left < frame.left - 2 || box.right > frame.right + 2;
                  }).map(text => text.textContent);
                })""")).as("texts cut off at %d px", width).isEmpty();
        assertThat(browser.evaluate("""
                Array.from(document.querySelectorAll("table")).filter(table => table.checkVisibility()).filter(table => {
                  const box = table.closest(".scroll");
                  return getComputedStyle(box).overflowX !== "auto" || box.getBoundingClientRect().right > innerWidth
                    || box.scrollWidth < table.scrollWidth;
                }).map(table => table.caption.textContent)""")).as("tables cut off at %d px", width).isEmpty();
    }

    /**
     * Every colour of a text against the page, as WCAG 2.2 defines it: 4.5 for success criterion 1.4.3, level AA.
     *
     * @see <a href="https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio">contrast ratio</a>
     */
    private static void assertContrast(Browser browser) {
        for (String ground : List.of("--page", "--panel")) {
            double page = luminance(browser, ground);
            for (String colour : COLOURS) {
                double text = luminance(browser, colour);
                double ratio = (Math.max(page, text) + 0.05) / (Math.min(page, text) + 0.05);
                assertThat(ratio).as(colour + " on " + ground).isGreaterThanOrEqualTo(4.5);
            }
        }
    }

    private static double luminance(Browser browser, String variable) {
        String hex = browser.evaluate(
                        "getComputedStyle(document.documentElement).getPropertyValue('%s').trim()".formatted(variable))
                .asText();
        String full = hex.length() == 4 ? hex.replaceAll("([0-9a-f])", "$1$1") : hex;
        double luminance = 0;
        double[] weights = {0.2126, 0.7152, 0.0722};
        for (int i = 0; i < 3; i++) {
            double part = Integer.parseInt(full.substring(1 + 2 * i, 3 + 2 * i), 16) / 255.0;
            luminance += weights[i] * (part <= 0.04045 ? part / 12.92 : Math.pow((part + 0.055) / 1.055, 2.4));
        }
        return luminance;
    }

    @Test
    void theFirstScreenSaysWhatIsBrokenWhatChangedAndWhatItIsWorth() throws Exception {
        try (Browser browser = browser("summary")) {
            browser.screen(1280, 844, "light");
            browser.open(report);
            assertThat(browser.evaluate(
                            "Array.from(document.querySelectorAll('#summary h3'), each => each.textContent)"))
                    .extracting(JsonNode::asText)
                    .containsExactly("Needs a person", "Does it work", "Is it worth it", "Changed", "Fired");
            assertThat(browser.evaluate("document.querySelector('#summary').innerText")
                            .asText())
                    .contains(
                            "purchase within 1d: +1.20\u00a0pp (−0.40\u00a0to\u00a0+2.80) per user, everybody else against the"
                                    + " holdout (9,500 against 500 users)");
            browser.open(empty);
            assertThat(browser.evaluate("document.querySelector('#summary').innerText")
                            .asText())
                    .contains("Not known: nobody is held out. Set flagcast.lake.holdout = 2%");
        }
    }

    @Test
    void whatPassedIsFoldedAndRatiosAreAsFarFromOneAsTheirReciprocals() throws Exception {
        try (Browser browser = browser("folded")) {
            browser.screen(1280, 844, "light");
            browser.open(report);
            assertThat(browser.evaluate("""
                    Array.from(document.querySelectorAll("figure.wide > details"), each => each.open + " "
                      + Array.from(each.querySelectorAll(".state"), state => state.textContent).every(state => state === "passed"))"""))
                    .isNotEmpty()
                    .allSatisfy(folded -> assertThat(folded.asText()).isEqualTo("false true"));
            assertThat(browser.evaluate("""
                    JSON.parse(document.getElementById("data").textContent).filter(figure => figure.axis === "ratio")
                      .map(figure => figure.scale)"""))
                    .isNotEmpty()
                    .allSatisfy(scale -> assertThat(scale.asText()).isEqualTo("logarithmic"));
        }
    }

    @Test
    void whatTheLakeHoldsIsTextAndNothingElse() throws Exception {
        try (Browser browser = browser("hostile")) {
            browser.screen(1280, 844, "light");
            browser.open(report);
            assertSound(browser);
            assertThat(browser.evaluate("document.images.length").asInt()).isZero();
            assertThat(browser.evaluate("document.scripts.length").asInt()).isEqualTo(3);
            assertThat(browser.evaluate("document.querySelector('main').textContent")
                            .asText())
                    .contains(ReportLake.HOSTILE);
        }
        assertThat(Files.readString(report)).as("nobody is named").doesNotContain("user1");
    }

    @Test
    void aReaderWithoutMouseOrSightGetsEveryValue() throws Exception {
        try (Browser browser = browser("keys")) {
            browser.screen(1280, 844, "light");
            browser.open(report);
            assertThat(browser.evaluate("document.documentElement.lang").asText())
                    .isEqualTo("en");
            for (String landmark : List.of("header", "nav", "main", "footer")) {
                assertThat(browser.evaluate("document.querySelectorAll('body > %s').length".formatted(landmark))
                                .asInt())
                        .as(landmark)
                        .isEqualTo(1);
            }
            int level = 0;
            for (JsonNode heading : browser.evaluate(
                    "Array.from(document.querySelectorAll('h1, h2, h3, h4, h5, h6'), each => Number(each.tagName[1]))")) {
                assertThat(heading.asInt()).isBetween(1, level + 1);
                level = heading.asInt();
            }
            assertThat(browser.evaluate("document.querySelectorAll('table:not(:has(caption)), th:not([scope])').length")
                            .asInt())
                    .isZero();
            assertThat(browser.evaluate(
                                    "new Set(Array.from(document.querySelectorAll('[id]'), each => each.id)).size === document.querySelectorAll('[id]').length")
                            .asBoolean())
                    .as("ids are unique")
                    .isTrue();
            browser.evaluate("document.querySelector('section[id^=experiment-] .plot').focus()");
            browser.press("ArrowRight");
            assertThat(browser.evaluate("document.querySelector('.plot .tip:not([hidden])').textContent")
                            .asText())
                    .startsWith("high\n")
                    .contains("n = ");
            browser.press("Escape");
            assertThat(browser.evaluate("document.querySelector('.plot .tip:not([hidden])') === null")
                            .asBoolean())
                    .isTrue();
        }
    }

    @Test
    void withoutScriptsEveryTableIsThere() throws Exception {
        try (Browser browser = browser("scriptless")) {
            browser.screen(1280, 844, "light");
            browser.withoutScripts();
            browser.open(report);
            assertThat(browser.evaluate("document.querySelectorAll('details:not([open])').length")
                            .asInt())
                    .isZero();
            assertThat(browser.evaluate("document.querySelectorAll('svg').length")
                            .asInt())
                    .isZero();
            assertThat(browser.evaluate("document.querySelector('#summary').innerText")
                            .asText())
                    .contains("things need a person", "approve d-mid-3", "max_firings");
        }
    }

    @Test
    void onPaperEveryTableIsOpen() throws Exception {
        try (Browser browser = browser("paper")) {
            browser.screen(1280, 844, "dark");
            browser.open(report);
            Path paper = report.resolveSibling("report.pdf");
            browser.print(paper);
            assertThat(Files.readAllBytes(paper)).startsWith('%', 'P', 'D', 'F');
            browser.evaluate("void dispatchEvent(new Event('beforeprint'))");
            assertThat(browser.evaluate("document.querySelectorAll('details:not([open])').length")
                            .asInt())
                    .isZero();
            browser.evaluate("void dispatchEvent(new Event('afterprint'))");
            assertThat(browser.evaluate("document.querySelectorAll('details[open]').length")
                            .asInt())
                    .isZero();
        }
    }

    @Test
    void ofAFirstPublicationThePageSaysWhatIsMissing() throws Exception {
        try (Browser browser = browser("first")) {
            browser.screen(390, 844, "dark");
            browser.open(empty);
            assertSound(browser);
            assertFits(browser, 390);
            assertThat(browser.evaluate("document.body.innerText").asText())
                    .contains(
                            "Nothing needs a person",
                            "No rule has fired in this publication",
                            "No alert has fired so far.",
                            "No check of the inputs has run for this publication.");
        }
    }

    @Test
    void aPublicationThatIsGoneIsRefusedWithThoseThatAreKept() {
        assertThat(on("lake", "--publication", "99").err())
                .contains("--publication 99: there is none, the newest is 4");
        Path before = folder.resolve("before.html");
        assertThat(on("lake", "--publication", "3", "-o", before.toString()).code())
                .isZero();
        assertThat(before).content().contains("<h1>Features on ", "publication 3, run ");
    }
}
