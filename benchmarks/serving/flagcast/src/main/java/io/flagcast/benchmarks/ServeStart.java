package io.flagcast.benchmarks;

import io.flagcast.serving.FlagcastClient;
import java.io.IOException;
import java.nio.file.Path;

/** From the start of a client with a snapshot on disk to its first answer: {@code LAKE SNAPSHOTS}. Prints milliseconds. */
public final class ServeStart {

    private ServeStart() {}

    public static void main(String[] arguments) throws IOException {
        String userId = Users.id(0);
        String experimentId = Users.experiment(2);
        long began = System.nanoTime();
        try (FlagcastClient client =
                FlagcastClient.of(arguments[0]).snapshots(Path.of(arguments[1])).start()) {
            boolean enabled = client.allocateFeature(userId, experimentId);
            long nanos = System.nanoTime() - began;
            System.out.printf("%.1f %s%n", nanos / 1e6, enabled ? "on" : "off");
            // Ends now: the look at the lake in the background is no part of a first answer.
            System.out.flush();
            Runtime.getRuntime().halt(0);
        }
    }
}
