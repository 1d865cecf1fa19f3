package io.flagcast.jobs;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flagcast.jobs.pipeline.Stage;
import io.flagcast.tables.ContentHash;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is only to be shown changes no file, whatever the command. */
class DryRunIT {

    @TempDir
    private static Path folder;

    private static CsvWorld world;

    @BeforeAll
    static void publish() {
        world = CsvWorld.published(folder);
        Invocation run = world.run(CsvWorld.SECOND);
        assertThat(run.code()).as(run.err()).isZero();
    }

    /** Every file of the world, by its name. */
    private static Map<String, String> tree() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .collect(toMap(file -> folder.relativize(file).toString(), DryRunIT::hash));
        }
    }

    private static String hash(Path file) {
        try {
            return Files.getLastModifiedTime(file)
                    + ContentHash.sha256(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Invocation dry(String... command) throws IOException {
        Map<String, String> before = tree();
        List<String> words = new ArrayList<>(List.of(command));
        words.add("--dry-run");
        Invocation dry = world.command(words.toArray(String[]::new));
        assertThat(tree()).isEqualTo(before);
        return dry;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            backfill --from 2026-03-08 --to 2026-03-09           | 0 | 2 of 2 as-ofs would be made up for
            backfill --from 2026-03-11 --to 2026-03-12 --live    | 0 | 1 of 2 as-ofs would be made up for
            maintain                                             | 0 | allocations: small files would be compacted
            erase --user u7                                      | 1 | user_profiles: 1 rows
            rollback --publication 1                             | 0 | would take the place of publication 2
            rollback --experiment rollout --to-version 0         | 0 | nothing to do
            alerts silence experiment_id=rollout --for 1d --comment x | 0 | silenced until
            alerts deliver                                       | 0 |
            simulate                                             | 0 | users and their usage would be written
            measure                                              | 66 | has no features yet
            measure --every 5m                                   | 0 | would look for new exposures and outcomes every 300 s, beside publication 2
            """)
    void aCommandThatChangesSomethingChangesNothing(String command, int code, String said) throws IOException {
        Invocation dry = dry(command.split(" "));
        assertThat(dry.code()).as(dry.err()).isEqualTo(code);
        assertThat(dry.err()).contains(said == null ? "" : said);
        if (code != 66) {
            assertThat(dry.err()).endsWith("dry run: nothing is written\n");
        }
    }

    @Test
    void aRunShowsWhatItWouldDoAndHowLongThatTook() throws IOException {
        Invocation dry = dry("run", "--as-of", "2026-03-12");
        assertThat(dry.code()).as(dry.err()).isZero();
        assertThat(dry.err()).contains("run 20260312T000000Z-g1 would do this");
        assertThat(dry.out())
                .containsPattern("features +reads +users from .*users.csv +1,200 +[0-9,]+\n")
                .containsPattern("train +keeps +checkout: m-[0-9a-f]+")
                .containsPattern("score +writes +responsiveness_scores +1,200 +[0-9,]+\n")
                .containsPattern("allocate +[0-9.]+ +2 +[0-9,]+ +[0-9,]+\n")
                .containsPattern("govern +publishes +publication 3")
                .containsPattern("govern +tells +receiver log of its alerts");

        assertThat(dry("run", "--as-of", "2026-03-11").err()).contains("is published already");
        assertThat(dry("run", "--as-of", "2026-03-09").code()).isEqualTo(64);
        Invocation told = dry("run", "--as-of", "2026-03-20", "--format", "json");
        JsonNode result = new ObjectMapper().readTree(told.out());
        assertThat(result.get("state").asText()).isEqualTo("dry_run");
        assertThat(dry("alerts", "deliver", "--format", "json").out()).contains("\"state\":\"dry_run\"");
        assertThat(result.findValuesAsText("what")).anyMatch(what -> what.matches("checkout: m-[0-9a-f]+ is in use"));
    }

    @Test
    void whatAStageWritesIsWhatItsPlanNames() {
        Map<String, Set<String>> written = Invocation.rows(
                        world.conf(),
                        "SELECT stage, explode(map_keys(detail)) AS name FROM runs WHERE state = 'done' ORDER BY 1, 2")
                .stream()
                .collect(toMap(
                        row -> row.get("stage").asText(),
                        row -> new TreeSet<>(Set.of(row.get("name").asText())),
                        (some, more) -> {
                            some.addAll(more);
                            return some;
                        }));
        List<String> inputs =
                Tables.of(Table.Kind.INPUT).stream().map(Table::name).toList();
        for (Stage stage : Stage.ORDER) {
            written.get(stage.label()).removeAll(inputs);
            assertThat(stage.writes().stream().map(Table::name))
                    .as(stage.label())
                    .containsAll(written.get(stage.label()));
        }
    }
}
