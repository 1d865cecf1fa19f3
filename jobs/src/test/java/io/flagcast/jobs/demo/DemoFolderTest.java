package io.flagcast.jobs.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.lake.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoFolderTest {

    @TempDir
    private Path folder;

    @Test
    void whatAnEarlierDemoWroteGoesAndTheFolderStaysTheDemos() throws IOException {
        Path own = folder.resolve("demo");
        DemoFolder.startAnew("flagcast.lake.root", own.toString());
        Files.writeString(Files.createDirectories(own.resolve("runs/a")).resolve("part"), "1");

        DemoFolder.startAnew("flagcast.lake.root", own.toString());

        assertThat(own).isDirectoryContaining("glob:**/.flagcast-demo");
        assertThat(own.resolve("runs")).doesNotExist();
    }

    @Test
    void aFolderOfSomebodyElseIsNotTouched() throws IOException {
        Path file = Files.writeString(folder.resolve("letter"), "dear");
        assertThatThrownBy(() -> DemoFolder.startAnew("flagcast.lake.root", folder.toString()))
                .isInstanceOf(Refusal.class)
                .hasMessageMatching("flagcast.lake.root is .*, which exists and is no earlier demo's: .*");
        assertThat(file).hasContent("dear");
    }

    @Test
    void theDemoStaysOnLocalDisk() {
        assertThatThrownBy(() -> DemoFolder.startAnew("flagcast.simulation.root", "s3a://bucket/demo"))
                .isInstanceOf(Refusal.class)
                .hasMessage("flagcast.simulation.root is s3a://bucket/demo: the demo writes to local disk only");
    }
}
