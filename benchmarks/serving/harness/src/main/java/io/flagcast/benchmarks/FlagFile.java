package io.flagcast.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The flags of a client, in its own format. */
public final class FlagFile {

    private FlagFile() {}

    /**
     * The text of all flags.
     *
     * @param flag one flag, with its name for %1$s and its number for %2$d
     */
    public static String text(String before, String flag, String after) {
        return IntStream.range(0, Integer.getInteger(LookupBenchmark.EXPERIMENTS))
                .mapToObj(i -> flag.formatted(Users.experiment(i), i))
                .collect(Collectors.joining(",\n", before, after));
    }

    /** The same in a file. */
    public static Path of(String before, String flag, String after) {
        try {
            Path file = Files.createTempFile("flags", ".json");
            file.toFile().deleteOnExit();
            return Files.writeString(file, text(before, flag, after));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
