package io.flagcast.jobs;

import io.flagcast.jobs.lake.Lake;
import io.flagcast.jobs.report.HtmlReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "report",
        mixinStandardHelpOptions = true,
        description = "One HTML file about the live publication: what was decided, why, and how segments perform.")
final class ReportCommand implements Callable<Integer> {

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            defaultValue = "flagcast-report.html",
            description = "Where to write. Default: ${DEFAULT-VALUE}.")
    private Path output;

    @Mixin
    private ConfigurationOptions configuration = new ConfigurationOptions();

    @Override
    public Integer call() throws IOException {
        String root = configuration.lake().root();
        try (Session session = Session.open()) {
            Lake lake = new Lake(session.spark(), root);
            lake.requireLive();
            HtmlReport.write(lake, List.of(), output);
        }
        Progress.on(System.err).say("report: " + output.toAbsolutePath());
        return ExitCode.DONE.code();
    }
}
