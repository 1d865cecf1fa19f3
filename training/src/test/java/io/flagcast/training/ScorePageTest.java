package io.flagcast.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The numbers by hand on {@code docs/score.md} are those of the code. */
class ScorePageTest {

    private static final Path PAGE = Path.of("..", "docs", "score.md");
    private static final Pattern POPULATION = Pattern.compile("in percentage points: ([^.]*)\\.");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| (−?\\d+) \\| (\\d+) \\| (\\d+) \\| (\\d+) \\|$");

    @Test
    void theScoresByHandAreThoseOfTheReference() throws IOException {
        String page = Files.readString(PAGE).replace('\n', ' ');
        Matcher population = POPULATION.matcher(page);
        assertThat(population.find()).isTrue();
        double[] uplifts = Arrays.stream(population.group(1).split(", ", -1))
                .mapToDouble(ScorePageTest::points)
                .toArray();
        List<MatchResult> rows = ROW.matcher(Files.readString(PAGE)).results().toList();

        assertThat(uplifts).hasSize(10);
        assertThat(rows).hasSize(5);
        Reference reference = Reference.of(uplifts);
        for (MatchResult row : rows) {
            double u = points(row.group(1));
            assertThat(Arrays.stream(uplifts).filter(other -> other < u).count())
                    .isEqualTo(Long.parseLong(row.group(2)));
            assertThat(Arrays.stream(uplifts).filter(other -> other == u).count())
                    .isEqualTo(Long.parseLong(row.group(3)));
            assertThat(reference.score(u)).isEqualTo(Double.parseDouble(row.group(4)));
        }
    }

    private static double points(String text) {
        return Double.parseDouble(text.replace('−', '-')) / 100;
    }
}
