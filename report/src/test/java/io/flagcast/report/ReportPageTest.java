package io.flagcast.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What {@code docs/report.md} names in italics is what the report shows, letter by letter. */
class ReportPageTest {

    private static final Path PAGE = Path.of("..", "docs", "report.md");
    private static final Path SOURCES = Path.of("src", "main");
    private static final Pattern ITALIC = Pattern.compile("(?<!\\*)\\*([^*\\n]+)\\*(?!\\*)");

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Words of the page that the reader of the report looks for. */
    private static List<String> shown() {
        return ITALIC.matcher(text(PAGE))
                .results()
                .map((MatchResult match) -> match.group(1))
                .distinct()
                .toList();
    }

    /** Strings that are broken over lines are joined. */
    private static String sources() throws IOException {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            return files.filter(Files::isRegularFile)
                    .map(ReportPageTest::text)
                    .map(source -> source.replaceAll("\"\\s*\\+ \"", ""))
                    .collect(Collectors.joining("\n"));
        }
    }

    @Test
    void whatThePageNamesIsShown() throws IOException {
        String sources = sources();
        assertThat(shown())
                .hasSizeGreaterThan(25)
                .allSatisfy(word -> assertThat(sources.contains(word)).as(word).isTrue());
    }

    /** Titles of groups stand in the code as constants or at their group. */
    @Test
    void everyGroupOfAnExperimentIsExplained() throws IOException {
        List<String> titles = Pattern.compile(
                        "(?:Group\\.absent\\(|new Group\\(|String title = |TITLE = )\\s*\"([^\"]+)\"")
                .matcher(sources())
                .results()
                .map((MatchResult match) -> match.group(1))
                .distinct()
                .toList();
        assertThat(titles).contains("Effect versus control", "Bias", "By dimension");
        List<String> ofTheEnd =
                List.of("Freshness, volume and user ids", "Refused rows", "The run", "Every alert, firing first");
        assertThat(titles)
                .filteredOn(title -> !ofTheEnd.contains(title))
                .allSatisfy(title -> assertThat(shown()).contains(title));
    }
}
