package io.flagcast.benchmarks;

import io.flagcast.serving.FlagcastClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What making a snapshot costs: {@code LAKE SNAPSHOTS}. */
public final class ServeBuild {

    private ServeBuild() {}

    public static void main(String[] arguments) throws IOException {
        Users users = Users.of(Path.of(arguments[0]));
        Path snapshots = Path.of(arguments[1]);
        if (!snapshots(snapshots).isEmpty()) {
            throw new IllegalArgumentException(snapshots + " has a snapshot already: nothing would be made");
        }
        long began = System.nanoTime();
        double seconds;
        double heap;
        try (PeakHeap peak = new PeakHeap();
                FlagcastClient client =
                        FlagcastClient.of(arguments[0]).snapshots(snapshots).start()) {
            seconds = (System.nanoTime() - began) / 1e9;
            heap = peak.gibibytes();
            if (client.predictResponsiveness(Users.id(0), Users.FEATURE).score().isEmpty()) {
                throw new IllegalStateException("the first user has no prediction");
            }
        }
        long bytes = Files.size(snapshots(snapshots).get(0));
        double perUser = (double) bytes / users.users();
        System.out.printf(
                "%,d users x %d experiments: %.1f s, peak heap %.2f GiB of %.1f, %,d bytes: %.1f a user, %.1f beyond four per"
                        + " experiment; %d cores%n",
                users.users(),
                users.experiments(),
                seconds,
                heap,
                Runtime.getRuntime().maxMemory() / 0x1p30,
                bytes,
                perUser,
                perUser - Integer.BYTES * users.experiments(),
                Runtime.getRuntime().availableProcessors());
    }

    private static List<Path> snapshots(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".snapshot")).toList();
        }
    }
}
