package io.flagcast.serving;

import io.flagcast.serving.lake.Published;
import io.flagcast.serving.lake.PublishedLake;
import io.flagcast.serving.lake.RefusedException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The snapshots of a lake on this machine. Processes share a folder: one makes a snapshot, the others wait and open it. A file has
 * its name only once it is whole and on disk, so that whoever is killed leaves nothing that is opened.
 */
final class SnapshotFolder {

    private static final Logger LOG = System.getLogger(SnapshotFolder.class.getName());
    private static final Pattern NAME = Pattern.compile("publication-(\\d+)\\.snapshot");
    private static final String UNFINISHED = "unfinished-";
    /** The last one that was put aside. */
    private static final String DAMAGED = "damaged";
    /** The newest, and the one before for whoever is opening it just now. */
    private static final int KEPT = 2;

    private final Path folder;
    private final PublishedLake lake;

    SnapshotFolder(Path folder, PublishedLake lake) throws IOException {
        this.folder = Files.createDirectories(folder);
        this.lake = lake;
    }

    /**
     * The newest snapshot that is undamaged. A damaged one is put aside, which is logged.
     *
     * @throws RefusedException where the folder has snapshots of another lake
     * @throws IOException where the folder cannot be read
     */
    Optional<Snapshot> newest() throws IOException {
        for (Path path : newestFirst()) {
            Optional<Snapshot> opened = open(path);
            if (opened.isPresent()) {
                return opened;
            }
        }
        return Optional.empty();
    }

    private List<Path> newestFirst() throws IOException {
        return files(NAME.asMatchPredicate())
                .sorted(Comparator.comparingLong(SnapshotFolder::sequence).reversed())
                .toList();
    }

    private Stream<Path> files(Predicate<String> name) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(path -> name.test(path.getFileName().toString())).toList().stream();
        }
    }

    private static long sequence(Path path) {
        Matcher matcher = NAME.matcher(path.getFileName().toString());
        return matcher.matches() ? Long.parseLong(matcher.group(1)) : 0;
    }

    /** @throws RefusedException where it is of another lake */
    private Optional<Snapshot> open(Path path) throws IOException {
        Optional<Snapshot> opened = opened(path);
        if (opened.isPresent() && !opened.get().contents().lake().equals(lake.root())) {
            throw new RefusedException("%s has snapshots of lake %s, not of %s: give every lake a folder of its own"
                    .formatted(folder, opened.get().contents().lake(), lake.root()));
        }
        return opened;
    }

    private static Optional<Snapshot> opened(Path path) throws IOException {
        try {
            return Optional.of(Snapshot.open(path));
        } catch (DamagedException e) {
            LOG.log(Level.ERROR, "flagcast: a snapshot is refused and put aside: " + e.getMessage(), e);
            Files.move(path, path.resolveSibling(DAMAGED), StandardCopyOption.REPLACE_EXISTING);
            return Optional.empty();
        } catch (IOException e) {
            // Nothing is wrong with the file: gone meanwhile, of a newer client, too many open ones.
            LOG.log(Level.WARNING, "flagcast: a snapshot cannot be opened: " + e, e);
            return Optional.empty();
        }
    }

    /**
     * The snapshot of a publication, which is made unless another process has.
     *
     * @param before a snapshot that has probably the same users
     * @throws IOException where it cannot be made; nothing is left of it then
     */
    Snapshot of(Published published, Optional<Snapshot> before) throws IOException {
        Path path = folder.resolve("publication-%d.snapshot".formatted(published.sequence()));
        // A lock of a file is the process's: two clients of one process need this one, too.
        synchronized (SnapshotFolder.class) {
            try (FileChannel channel = FileChannel.open(
                            folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = channel.lock()) {
                LOG.log(Level.DEBUG, "flagcast: {0} is held", lock);
                Optional<Snapshot> made = Files.exists(path) ? open(path) : Optional.empty();
                // A lake that was begun anew numbers its publications anew.
                if (made.isPresent() && made.get().contents().isOf(published)) {
                    return made.get();
                }
                return make(published, before, path);
            }
        }
    }

    private Snapshot make(Published published, Optional<Snapshot> before, Path path) throws IOException {
        for (Path left : files(name -> name.startsWith(UNFINISHED)).toList()) {
            Files.deleteIfExists(left);
        }
        Path unfinished = folder.resolve(UNFINISHED + UUID.randomUUID());
        try {
            new SnapshotWriter(lake, published).write(unfinished, before);
            Files.move(unfinished, path, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(unfinished);
        }
        Snapshot made = Snapshot.open(path);
        removeOld(published.sequence());
        return made;
    }

    /** Those of a lake that was begun anew have greater numbers. */
    private void removeOld(long sequence) throws IOException {
        List<Path> before = newestFirst().stream()
                .filter(path -> sequence(path) != sequence)
                .toList();
        int kept = 1;
        for (Path path : before) {
            if (sequence(path) > sequence || kept == KEPT) {
                Files.deleteIfExists(path);
            } else {
                kept++;
            }
        }
    }
}
