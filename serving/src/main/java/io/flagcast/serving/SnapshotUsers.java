package io.flagcast.serving;

import io.flagcast.serving.lake.PublishedLake.Batch;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The users of a snapshot.
 *
 * @param seed of their keys
 * @param number how many
 * @param puts writes them into an index, and says whether each can be found
 */
record SnapshotUsers(long seed, int number, Predicate<UserIndex> puts) {

    /** How often two users of one lake may have one key before something else is wrong. */
    static final int SEEDS = 3;

    /** @param keys unsigned, ascending */
    private static SnapshotUsers of(long seed, long[] keys) {
        return new SnapshotUsers(seed, keys.length, index -> index.put(keys));
    }

    /** The users of a snapshot; they fit where as many bytes hold an answer. */
    static SnapshotUsers of(Snapshot snapshot) {
        return new SnapshotUsers(
                snapshot.contents().hashSeed(), snapshot.users(), index -> index.put(snapshot.index()));
    }

    /**
     * The users of a publication.
     *
     * @param seed below {@link #SEEDS}
     * @return absent where two of them have one key
     */
    static Optional<SnapshotUsers> of(PublicationReader publication, long seed) throws IOException {
        UserHash hash = new UserHash(seed);
        UserHash other = new UserHash(seed + SEEDS);
        UserKeys keys = new UserKeys();
        boolean[] collided = {false};
        Consumer<Batch> gather = batch -> {
            long[] found = new long[2 * batch.rows()];
            int users = 0;
            String last = null;
            for (int row = 0; row < batch.rows(); row++) {
                String userId = batch.text(row, 0);
                if (!userId.equals(last)) {
                    found[2 * users] = hash.of(userId);
                    found[2 * users + 1] = other.of(userId);
                    users++;
                    last = userId;
                }
            }
            synchronized (keys) {
                for (int i = 0; i < 2 * users; i += 2) {
                    collided[0] |= keys.collides(found[i], found[i + 1]);
                }
            }
        };
        publication.read(Tables.ALLOCATIONS, List.of("user_id"), gather);
        publication.read(Tables.RESPONSIVENESS_SCORES, List.of("user_id"), gather);
        return collided[0] ? Optional.empty() : Optional.of(of(seed, keys.ascending()));
    }
}
