package io.flagcast.jobs.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.ExperimentFiles;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromoteFileTest {

    private static final String FILE = """
            experiment_id: rollout
            feature_id: checkout
            salt: rollout-2026
            segments: {low: [0, 50], high: [50, 100]}
            allocation: {type: percentage, percentage_allocation: 10%}
            """;

    @TempDir
    private Path folder;

    private Experiment experiment(String path, String text) throws IOException {
        Path file = folder.resolve(path);
        Files.createDirectories(file.getParent());
        return ExperimentFiles.read(Files.writeString(file, text)).get(0);
    }

    @Test
    void theEditedFileTakesThePlaceOfTheOtherWhichIsKeptBesideIt() throws IOException {
        Experiment incumbent = experiment("force/rollout.yaml", FILE);
        String edited = FILE.replace("10%", "20%");

        Path kept = PromoteFile.promote(incumbent, experiment("edited.yaml", edited));

        assertThat(incumbent.file()).hasContent(edited);
        assertThat(kept).hasContent(FILE);
        assertThat(kept.getFileName().toString())
                .isEqualTo("rollout.yaml.before-" + incumbent.contentHash().substring(0, 8));
        try (Stream<Path> files = Files.list(folder.resolve("force"))) {
            assertThat(files).containsExactlyInAnyOrder(incumbent.file(), kept);
        }
        // What is kept is no experiment file any more.
        assertThat(ExperimentFiles.read(folder.resolve("force"))).hasSize(1);
    }

    @Test
    void aFileThatWasEditedMeanwhileIsNotPromoted() throws IOException {
        Experiment incumbent = experiment("force/rollout.yaml", FILE);
        Experiment candidate = experiment("edited.yaml", FILE.replace("10%", "20%"));
        Files.writeString(candidate.file(), FILE.replace("10%", "30%"));

        assertThatThrownBy(() -> PromoteFile.promote(incumbent, candidate))
                .isInstanceOfSatisfying(
                        Refusal.class, refusal -> assertThat(refusal.exitCode()).isEqualTo(ExitCode.TRY_AGAIN))
                .hasMessageEndingWith("was edited while it was evaluated: evaluate it again");
        assertThat(incumbent.file()).hasContent(FILE);
    }
}
