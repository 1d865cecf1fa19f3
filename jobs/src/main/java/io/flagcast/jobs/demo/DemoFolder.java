package io.flagcast.jobs.demo;

import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** A folder that belongs to the demo: it bears a mark, and no other is ever emptied. */
public final class DemoFolder {

    private static final String MARK = ".flagcast-demo";

    private DemoFolder() {}

    /**
     * Empties a folder that an earlier demo wrote, or makes a new one.
     *
     * @param key the setting that names it
     * @param root its path
     * @throws Refusal with exit code 78 where it is not on local disk, or exists and is no earlier demo's
     */
    public static void startAnew(String key, String root) throws IOException {
        if (root.contains("://")) {
            throw new Refusal(
                    ExitCode.CONFIGURATION, "%s is %s: the demo writes to local disk only".formatted(key, root));
        }
        Path folder = Path.of(root).normalize();
        Path mark = folder.resolve(MARK);
        if (Files.exists(folder) && !Files.exists(mark)) {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    "%s is %s, which exists and is no earlier demo's: the demo would remove it; name a new folder"
                            .formatted(key, folder));
        }
        if (Files.exists(folder)) {
            try (Stream<Path> content = Files.walk(folder)) {
                // The mark goes last, so that an interrupted removal can be taken up again.
                for (Path path : content.sorted(Comparator.reverseOrder()).toList()) {
                    if (!path.equals(mark) && !path.equals(folder)) {
                        Files.delete(path);
                    }
                }
            }
        }
        Files.createDirectories(folder);
        Files.writeString(mark, "This folder belongs to `flagcast demo`, which removes it when it starts anew.\n");
    }
}
