package io.flagcast.benchmarks;

import io.flagcast.serving.FlagcastClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;

/** The client of the lake and the snapshots that the system properties name. */
final class Flagcast {

    private static final int CHECKED = 1000;

    private Flagcast() {}

    /** @throws IllegalStateException where it does not know the users */
    static FlagcastClient start() {
        String lake = System.getProperty("flagcast.lake");
        try {
            FlagcastClient client = FlagcastClient.of(lake)
                    .snapshots(Path.of(System.getProperty("flagcast.snapshots")))
                    .refreshEvery(Duration.ofDays(1))
                    .start();
            requireKnown(client, Users.of(Path.of(lake)));
            return client;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void requireKnown(FlagcastClient client, Users users) {
        for (int i = 0; i < CHECKED; i++) {
            String userId = Users.id(users.users() * i / CHECKED);
            if (client.predictResponsiveness(userId, Users.FEATURE).score().isEmpty()) {
                throw new IllegalStateException("user " + userId + " is not in the snapshot");
            }
        }
    }
}
