package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.jobs.lake.Lake;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The report as its reader sees it, in a real browser. */
class ReportIT {

    @TempDir
    private Path folder;

    @Test
    void everyChartIsDrawn() throws Exception {
        try (Session session = Session.open()) {
            ReportLake.write(new Lake(session.spark(), folder.resolve("lake").toString()));
        }
        Path file = folder.resolve("report.html");
        Invocation report = Invocation.of(
                "report", "--set", "flagcast.lake.root=\"" + folder.resolve("lake") + '"', "-o", file.toString());
        assertThat(report.code()).as(report.err()).isZero();
        if (System.getProperty("flagcast.keep") != null)
            Files.copy(
                    file,
                    Path.of(System.getProperty("flagcast.keep")),
                    java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }
}
