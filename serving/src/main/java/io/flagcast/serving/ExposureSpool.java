package io.flagcast.serving;

import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Lines on local disk until the lake has them. They are in files that are written, whose names end in {@code .open}, and in
 * ended ones. Processes may share a folder: each writes files of its own, and one at a time hands over.
 */
final class ExposureSpool {

    private static final Logger LOG = System.getLogger(ExposureLog.class.getName());
    private static final String OPEN = ".open";
    private static final String READY = ".jsonl";

    /** What this process writes: opening such a file once more would let go of its lock. */
    private static final Set<Path> OPEN_HERE = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final long mostBytes;
    private final AtomicLong bytes = new AtomicLong();

    private Optional<OpenFile> open = Optional.empty();
    private boolean isClosed;

    /** Whoever takes ended files. */
    interface Receiver {
        void copy(Path file) throws IOException;
    }

    /** A file that is written: its lock says that the process lives. */
    private record OpenFile(Path path, FileOutputStream out) {

        static OpenFile in(Path spool) throws IOException {
            // It has the name by which others find it once it is locked.
            Path fresh = spool.resolve("exposures-" + UUID.randomUUID() + ".new");
            Path path = renamed(fresh, ".new", OPEN);
            FileOutputStream out = new FileOutputStream(fresh.toFile());
            try {
                OPEN_HERE.add(path);
                // Not lock(), which an interrupt of the caller ends.
                FileLock lock = out.getChannel().tryLock();
                LOG.log(Level.DEBUG, "flagcast: {0} is held", lock);
                Files.move(fresh, path);
                return new OpenFile(path, out);
            } catch (IOException | RuntimeException e) {
                OPEN_HERE.remove(path);
                out.close();
                Files.deleteIfExists(fresh);
                throw e;
            }
        }

        /** Ends the file, with or without all of its last line. */
        void end() throws IOException {
            try (out) {
                out.getFD().sync();
                Files.move(path, renamed(path, OPEN, READY));
            } finally {
                OPEN_HERE.remove(path);
            }
        }
    }

    private static Path renamed(Path path, String ending, String to) {
        String name = path.getFileName().toString();
        return path.resolveSibling(name.substring(0, name.length() - ending.length()) + to);
    }

    /**
     * Opens a folder.
     *
     * @param mostBytes beyond which lines are refused
     * @throws IOException where the folder cannot be made
     */
    ExposureSpool(Path folder, long mostBytes) throws IOException {
        this.folder = Files.createDirectories(folder);
        this.mostBytes = mostBytes;
    }

    Path folder() {
        return folder;
    }

    /**
     * Puts a line on disk.
     *
     * @throws IOException where the disk, or the spool, has no room, or it is closed
     */
    synchronized void append(byte[] line) throws IOException {
        if (isClosed) {
            throw new IOException("the log is closed");
        }
        if (bytes.get() + line.length > mostBytes) {
            throw new IOException("%s has %,d bytes that the lake has not taken yet".formatted(folder, bytes.get()));
        }
        if (open.isEmpty()) {
            open = Optional.of(OpenFile.in(folder));
        }
        try {
            // One write, which no interrupt of the caller closes the file by.
            open.get().out().write(line);
            bytes.addAndGet(line.length);
        } catch (IOException e) {
            // Part of the line may be there: nothing is written behind it, and whoever copies the file cuts it off.
            OpenFile broken = open.get();
            open = Optional.empty();
            OPEN_HERE.remove(broken.path());
            broken.out().close();
            throw e;
        }
    }

    /** Refuses lines from now on. */
    synchronized void close() {
        isClosed = true;
    }

    /**
     * Ends the open file and hands over everything that is ended, what dead processes have left behind too; a file is deleted
     * once it is taken. Where another process is handing over, it does nothing more: that one takes this, too, the next time.
     */
    void drain(Receiver receiver) throws IOException {
        Optional<OpenFile> ended;
        synchronized (this) {
            ended = open;
            open = Optional.empty();
        }
        if (ended.isPresent()) {
            ended.get().end();
        }
        try {
            drainAlone(receiver);
        } finally {
            bytes.set(size());
        }
    }

    private void drainAlone(Receiver receiver) throws IOException {
        // A lock of a file is the process's: two spools of one process need this one, too.
        synchronized (ExposureSpool.class) {
            try (FileChannel channel = FileChannel.open(
                            folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = channel.tryLock()) {
                if (lock != null) {
                    adopt();
                    for (Path file : files(READY)) {
                        receiver.copy(file);
                        Files.deleteIfExists(file);
                    }
                }
            }
        }
    }

    private List<Path> files(String ending) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(ending))
                    .sorted()
                    .toList();
        }
    }

    private long size() throws IOException {
        long bytes = 0;
        for (Path file : files("")) {
            bytes += file.toFile().length();
        }
        return bytes;
    }

    /** Takes over files whose process does not live any more. A last line that was cut short is left out. */
    private void adopt() throws IOException {
        for (Path file : files(OPEN)) {
            if (OPEN_HERE.contains(file)) {
                continue;
            }
            // Never made anew: an empty one in the place of what was ended meanwhile could not be ended itself, ever.
            try (FileChannel orphan = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
                    FileLock lock = orphan.tryLock()) {
                if (lock != null) {
                    orphan.truncate(wholeLines(orphan));
                    Files.move(file, renamed(file, OPEN, READY));
                }
            } catch (NoSuchFileException e) {
                LOG.log(Level.DEBUG, "flagcast: {0} was ended by its log", file);
            }
        }
    }

    /** Where the last line ends that is whole. */
    private static long wholeLines(FileChannel file) throws IOException {
        ByteBuffer last = ByteBuffer.allocate(1);
        for (long end = file.size(); end > 0; end--) {
            if (file.read(last.clear(), end - 1) == 1 && last.get(0) == '\n') {
                return end;
            }
        }
        return 0;
    }
}
