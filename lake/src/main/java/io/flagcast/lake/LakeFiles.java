package io.flagcast.lake;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.security.AccessControlException;
import org.apache.spark.sql.SparkSession;

/**
 * What lies below the root of a lake, on whichever file system that is: text files, as models, beside the tables.
 *
 * @param spark session that knows how the file system is reached
 * @param root address without a slash at its end
 * @param writing what becomes of what is to be written or removed
 */
public record LakeFiles(SparkSession spark, String root, Lake.Writing writing) {

    /** For a first question to S3: how often, and how long each time. */
    static final Map<String, String> SOON = Map.of(
            "fs.s3a.attempts.maximum", "1",
            "fs.s3a.retry.limit", "2",
            "fs.s3a.connection.establish.timeout", "5s",
            "fs.s3a.connection.timeout", "5s");

    public LakeFiles {
        Objects.requireNonNull(spark, "spark");
        Objects.requireNonNull(writing, "writing");
        root = root.endsWith("/") ? root.substring(0, root.length() - 1) : root;
    }

    /** Where the lake lies, as an absolute address. */
    public String address() {
        Path path = new Path(root);
        return fileSystem(path).makeQualified(path).toString();
    }

    /** Where a table or file lies, as an absolute address. */
    String location(String name) {
        return absolute(name).toString();
    }

    private Path absolute(String name) {
        if (List.of(name.split("/")).contains("..")) {
            throw new Refusal(
                    ExitCode.DATA_REFUSED,
                    "%s: '%s' is outside the lake: no file there is read or written".formatted(root, name));
        }
        Path path = new Path(root, name);
        return fileSystem(path).makeQualified(path);
    }

    private FileSystem fileSystem(Path path) {
        try {
            return path.getFileSystem(spark.sessionState().newHadoopConf());
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    /**
     * Sees that the root is a folder, or can become one.
     *
     * @throws Refusal with exit code 78 where configuration names something that is none or refuses, 75 where it does not answer
     */
    void requireFolder() {
        Path path = fileSystem(new Path(root)).makeQualified(new Path(root));
        // A store that does not answer is asked for minutes by default.
        Configuration soon = new Configuration(spark.sessionState().newHadoopConf());
        SOON.forEach(soon::set);
        try (FileSystem asked = FileSystem.newInstance(path.toUri(), soon)) {
            for (Path folder = path; folder != null; folder = folder.getParent()) {
                Optional<FileStatus> found = status(asked, folder);
                if (found.filter(FileStatus::isFile).isPresent()) {
                    throw refused(
                            "flagcast.lake.root " + root,
                            "%s is a file: name a folder, or one that can be made".formatted(folder),
                            null);
                }
                if (found.isPresent()) {
                    return;
                }
            }
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    private static Optional<FileStatus> status(FileSystem asked, Path path) throws IOException {
        try {
            return Optional.of(asked.getFileStatus(path));
        } catch (FileNotFoundException e) {
            return Optional.empty();
        }
    }

    private RuntimeException unreachable(IOException e) {
        return unreachable("flagcast.lake.root " + root, e);
    }

    private static Refusal refused(String what, String why, IOException error) {
        return new Refusal(ExitCode.CONFIGURATION, "%s: %s".formatted(what, why), error);
    }

    /**
     * Why something in a store is not reached.
     *
     * @param what the setting or option, and the address that it names
     */
    static RuntimeException unreachable(String what, IOException e) {
        String said = StorageFailure.of(e).map(StorageFailure::reason).orElse(e.getMessage());
        if (e instanceof UnsupportedFileSystemException) {
            return refused(what, said + ": name a folder, as /lake or s3a://bucket/lake", e);
        }
        if (e instanceof AccessDeniedException || e instanceof AccessControlException) {
            return refused(
                    what, "access is refused (%s): correct the keys or the rights of who runs this".formatted(said), e);
        }
        // Of a module that only those have who use it.
        if (e.getClass().getSimpleName().equals("UnknownStoreException")) {
            return refused(what, "there is no such bucket: correct the name or create it", e);
        }
        return new Refusal(
                ExitCode.TRY_AGAIN,
                "%s cannot be reached (%s): see that its store runs and is named right, and run it again"
                        .formatted(what, said),
                e);
    }

    /** Writes a text file, over the one that is there. */
    public void write(String name, String text) {
        if (writing == Lake.Writing.REFRAINED) {
            return;
        }
        Path path = absolute(name);
        try (OutputStream out = fileSystem(path).create(path, true)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be written", e);
        } catch (FSError e) {
            // Hadoop makes of what a local disk says an error as of the JVM.
            throw new UncheckedIOException(
                    path + " cannot be written", new IOException(e.getCause().getMessage(), e));
        }
    }

    /**
     * Writes a text file that is there at once and whole.
     *
     * @return whether it was not there before: of several that write it one does
     */
    boolean create(String name, String text) {
        if (writing == Lake.Writing.REFRAINED) {
            return true;
        }
        Path path = absolute(name);
        Configuration conf = spark.sessionState().newHadoopConf();
        try {
            fileSystem(path).mkdirs(path.getParent());
            new ExclusiveLogStore(conf).write(path, List.of(text).iterator(), false, conf);
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be written", e);
        }
    }

    /** What a folder has; nothing where there is none. */
    List<String> names(String folder) {
        Path path = absolute(folder);
        try {
            return Arrays.stream(fileSystem(path).listStatus(path))
                    .map(status -> status.getPath().getName())
                    .toList();
        } catch (FileNotFoundException e) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be read", e);
        }
    }

    /** Removes a file, or a folder with all that it has. */
    public void delete(String name) {
        if (writing == Lake.Writing.REFRAINED) {
            return;
        }
        Path path = absolute(name);
        try {
            fileSystem(path).delete(path, true);
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be removed", e);
        }
    }

    /** The folder of this name, where the lake lies on a local disk. */
    Optional<java.nio.file.Path> folder(String name) {
        URI address = absolute(name).toUri();
        return "file".equals(address.getScheme())
                ? Optional.of(java.nio.file.Path.of(address.getPath()))
                : Optional.empty();
    }

    /**
     * Reads a text file.
     *
     * @return absent where it is not there, or is not what was written
     * @throws UncheckedIOException where a disk or store fails, which says nothing of the file
     */
    public Optional<String> read(String name) {
        Path path = absolute(name);
        try (FSDataInputStream in = fileSystem(path).open(path)) {
            return Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (FileNotFoundException | ChecksumException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be read", e);
        }
    }
}
