package io.flagcast.house;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the pages say of the code is there. */
class DocsTest {

    private static final Path DOCS = House.home().resolve("docs");
    private static final Path ARCHITECTURE = DOCS.resolve("architecture.md");
    private static final Path CONTRIBUTING = House.home().resolve("CONTRIBUTING.md");

    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)\\)");
    private static final Pattern PLACE = Pattern.compile("`([\\w.-]+/[\\w./-]+)`");
    private static final Pattern CLASS = Pattern.compile("`([A-Z][a-z]+[A-Z]?\\w*)`");

    private static final Pattern HEADING = Pattern.compile("(?m)^(#+ .*)$");
    private static final Pattern KEY = Pattern.compile("`(flagcast\\.[a-z0-9_.<>-]+?)(?: ?=[^`]*)?`");

    private static List<String> found(Pattern pattern, Path page) {
        return pattern.matcher(House.text(page))
                .results()
                .map((MatchResult match) -> match.group(1))
                .toList();
    }

    private static List<Path> pages() throws IOException {
        try (Stream<Path> docs = Files.walk(DOCS);
                Stream<Path> root = Files.list(House.home())) {
            return Stream.concat(docs, root)
                    .filter(page -> page.toString().endsWith(".md"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void everyPlaceThatSomethingNewGoesToIsThere() {
        List<String> places = found(PLACE, CONTRIBUTING);
        assertThat(places).hasSizeGreaterThan(20);
        assertThat(places)
                .filteredOn(Predicate.not(place -> Files.exists(House.home().resolve(place))))
                .isEmpty();
    }

    @Test
    void everyClassThatTheHouseIsExplainedByIsThere() {
        Set<String> classes =
                new House().classes().stream().map(JavaClass::getSimpleName).collect(toSet());
        List<String> named = found(CLASS, ARCHITECTURE);
        assertThat(named).hasSizeGreaterThan(25);
        assertThat(named)
                .filteredOn(name -> !classes.contains(name) && !name.endsWith("Test"))
                .isEmpty();
    }

    @Test
    void everyLinkLeadsSomewhere() throws IOException {
        for (Path page : pages()) {
            assertThat(found(LINK, page))
                    .as(House.place(page))
                    .filteredOn(link -> !Files.exists(page.resolveSibling(link)))
                    .isEmpty();
        }
    }

    /** As a page that says a thing in two places. */
    @Test
    void noHeadingComesTwiceOnAPage() throws IOException {
        assertThat(found(HEADING, ARCHITECTURE)).hasSizeGreaterThan(2);
        for (Path page : pages()) {
            assertThat(found(HEADING, page)).as(House.place(page)).doesNotHaveDuplicates();
        }
    }

    /** But for what has names of its own: tables, product features, receivers. */
    @Test
    void everyConfigurationKeyIsOne() throws IOException {
        Config reference = ConfigFactory.parseResources("reference.conf");
        Pattern named =
                Pattern.compile("flagcast\\.(sources\\.(users|events|exposures|outcomes|<input>)|features\\.\\w+"
                        + "|alerts\\.receivers)(\\..*)?");
        assertThat(pages().stream().flatMap(page -> found(KEY, page).stream())).hasSizeGreaterThan(10);
        for (Path page : pages()) {
            assertThat(found(KEY, page))
                    .as(House.place(page))
                    .filteredOn(key -> !named.matcher(key).matches())
                    .filteredOn(key -> !reference.hasPathOrNull(key))
                    .isEmpty();
        }
    }

    /** What needs more room has a page in docs. */
    @Test
    void theReadmeHasFewerThanTwoHundredLines() {
        assertThat(House.text(House.home().resolve("README.md")).lines()).hasSizeLessThan(200);
    }

    @Test
    void theIndexListsEveryPage() throws IOException {
        Path index = DOCS.resolve("README.md");
        List<Path> listed = found(LINK, index).stream()
                .map(DOCS::resolve)
                .map(Path::normalize)
                .toList();
        assertThat(pages())
                .filteredOn(page -> page.startsWith(DOCS) && !page.equals(index))
                .allSatisfy(page -> assertThat(listed).contains(page));
    }
}
