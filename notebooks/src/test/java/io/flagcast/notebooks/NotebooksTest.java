package io.flagcast.notebooks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The notebooks as they are committed; {@code notebooks/start --execute} executes them. */
class NotebooksTest {

    private static Map<String, JsonNode> notebooks() throws IOException {
        Map<String, JsonNode> notebooks = new TreeMap<>();
        try (Stream<Path> files = Files.list(Path.of("").toAbsolutePath())) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".ipynb")).toList()) {
                notebooks.put(file.getFileName().toString(), new ObjectMapper().readTree(Files.readString(file)));
            }
        }
        return notebooks;
    }

    private static String source(JsonNode cell) {
        StringBuilder source = new StringBuilder();
        cell.path("source").forEach(line -> source.append(line.asText()));
        return source.toString();
    }

    private static List<JsonNode> cells(JsonNode notebook) {
        List<JsonNode> cells = new ArrayList<>();
        notebook.path("cells").forEach(cells::add);
        return cells;
    }

    @Test
    void thereAreSix() throws IOException {
        assertThat(notebooks().keySet())
                .containsExactly(
                        "1-quick-start.ipynb",
                        "2-segments.ipynb",
                        "3-scores.ipynb",
                        "4-rules-and-bandit.ipynb",
                        "5-design.ipynb",
                        "6-from-python.ipynb");
    }

    @Test
    void noneHasOutputsOrPlacesOfAMachine() throws IOException {
        notebooks().forEach((name, notebook) -> {
            for (JsonNode cell : cells(notebook)) {
                if (cell.path("cell_type").asText().equals("code")) {
                    assertThat(source(cell)).as(name).doesNotContainPattern("[\"']/\\w");
                }
                assertThat(cell.path("outputs")).as(name).isEmpty();
                assertThat(cell.path("execution_count").isNumber()).as(name).isFalse();
            }
        });
    }

    @Test
    void everyPlotAnswersAQuestionAndIsFollowedByHowToReadIt() throws IOException {
        notebooks().forEach((name, notebook) -> {
            List<JsonNode> cells = cells(notebook);
            for (int i = 0; i < cells.size(); i++) {
                boolean isPlot = cells.get(i).path("cell_type").asText().equals("code")
                        && source(cells.get(i)).matches("(?s).*(\\.plot\\(|plt\\.show\\().*");
                if (isPlot) {
                    String before = String.join(
                            "\n",
                            cells.subList(Math.max(0, i - 2), i).stream()
                                    .map(NotebooksTest::source)
                                    .toList());
                    assertThat(before).as("%s, before cell %d", name, i + 1).contains("?**");
                    assertThat(source(cells.get(i + 1)))
                            .as("%s, after cell %d", name, i + 1)
                            .startsWith("*How to read it.*");
                }
            }
        });
    }
}
