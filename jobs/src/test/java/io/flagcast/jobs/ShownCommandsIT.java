package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every command that a page shows does something on a lake, with the names of that lake in the place of the page's. */
@Tag("proof")
class ShownCommandsIT {

    /** What of the page stands for what of the lake, one after the other. */
    private static final List<Map.Entry<String, String>> NAMES = List.of(
            Map.entry("checkout_v2_rollout|express_pay_bandit|(?<=--experiment )E\\b", "rollout"),
            Map.entry("womens_email", "checkout"),
            Map.entry("(?<=--publication )(N|\\d+)", "1"),
            Map.entry("(?<=--to-version )(N|\\d+)", "0"),
            Map.entry("u-1001|h00005", "u7"),
            Map.entry("\\bNAME\\b", "another"),
            Map.entry("--conf \\S+", ""),
            Map.entry("--withhold \\S+", "--seeds 1"),
            Map.entry("(?<=--as-of )\\S+", "2026-03-12"),
            Map.entry("2026-11-01", "2026-03-01"),
            Map.entry("2026-11-20", "2026-03-11"),
            // Of two folds no other learner can be cross-fitted.
            Map.entry("(?<=--learners )\\S+", "t_linear"),
            Map.entry("2026-03-07", "2026-03-02"),
            Map.entry("--seeds \\S+", "--seeds 1"),
            Map.entry("edited/\\w+\\.yaml|\\b(edited|new|rollout)\\.yaml|\\[FILES\\]|\\[edited\\.yaml\\]", "EDITED"),
            Map.entry("--junit FILE", "--junit OUT/j.xml"),
            Map.entry("^report\\b", "report --output OUT/report.html"),
            Map.entry("(?<=--to |--output )\\S*?(?=\\w+\\.\\w+)", "OUT/"));

    /** What others run: a demo, data that are not here, a command without an end, lines of a sentence that need more. */
    private static final String ELSEWHERE =
            "demo|measure --every.*|new .*|describe .*|validate|.*lastfm.*|sql|explain|approve|models show|preview|views|.* --withheld.*";

    /** What a page names that this lake does not have. */
    private static final String OF_NOTHING = "(rules (show|revert)|approve) DECISION|alerts (ack|unsilence) .*";

    /** The lake is of March and the clock of June; and whoever is erased stands in the inputs still. */
    private static final String FOUND = "status --max-age .*|erase .*";

    @TempDir
    private Path folder;

    @Test
    void everyCommandOfAPageRuns() throws IOException {
        CsvWorld world = CsvWorld.published(folder.resolve("world"));
        assertThat(world.run(CsvWorld.SECOND).code()).isZero();
        Path edited = Files.createDirectories(folder.resolve("edited")).resolve("rollout.yaml");
        Files.write(edited, world.read("experiments/rollout.yaml"));
        Set<String> lines = new LinkedHashSet<>();
        for (Path page : ShownCommandsTest.pages()) {
            for (String shown : ShownCommandsTest.shown(page)) {
                String line = shown;
                for (Map.Entry<String, String> name : NAMES) {
                    line = line.replaceAll(name.getKey(), name.getValue());
                }
                line = line.replace("EDITED", edited.toString()).replace("OUT/", folder + "/");
                lines.add(line.replaceAll("\\s+", " ").strip());
            }
        }
        List<String> wrong = new ArrayList<>();
        int ran = 0;
        for (String line : lines) {
            if (line.matches(ELSEWHERE)) {
                continue;
            }
            CsvWorld own = world.copy(Files.createDirectories(folder.resolve("w" + ran++)));
            Invocation done = own.command(ShownCommandsTest.words(line).toArray(String[]::new));
            int expected = line.matches(OF_NOTHING) ? 64 : line.matches(FOUND) ? 1 : 0;
            System.out.printf("%d flagcast %s%n", done.code(), line);
            if (done.code() != expected) {
                wrong.add("%d flagcast %s%n%s".formatted(done.code(), line, done.err()));
            }
        }
        assertThat(ran).isGreaterThan(30);
        assertThat(wrong).isEmpty();
    }
}
