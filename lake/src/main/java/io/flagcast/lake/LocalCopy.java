package io.flagcast.lake;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;

/**
 * A folder of small files in a store, as configuration is, of which those that are asked for are copied to the local disk. The store
 * is reached as what Java and the environment say of it ({@code spark.hadoop.…}, {@code AWS_…}), without a session.
 *
 * @param address of the folder, without a slash at its end
 * @param what the address stands for, as {@code --conf}
 * @param local the folder of the copies, which goes when the process ends
 */
public record LocalCopy(String address, String what, Path local) {

    private static final Pattern STORE = Pattern.compile("(?!file:)[A-Za-z][A-Za-z0-9+.-]+://.+");

    /** Of one file: more than anybody writes by hand. */
    private static final int MOST_BYTES = 1024 * 1024;

    private static final int MOST_FILES = 2_000;

    public LocalCopy {
        address = address.replaceFirst("/+\\z", "");
        Objects.requireNonNull(what, "what");
        Objects.requireNonNull(local, "local");
    }

    /** Whether a text names something in a store, as {@code s3a://bucket/name}. */
    public static boolean isInStore(String text) {
        return STORE.matcher(text).matches();
    }

    /** A folder of which nothing is copied yet. */
    public static LocalCopy of(String address, String what) {
        try {
            Path local = Files.createTempDirectory("flagcast");
            local.toFile().deleteOnExit();
            return new LocalCopy(address, what, local);
        } catch (IOException e) {
            throw new UncheckedIOException("no temporary folder can be made for a copy of " + address, e);
        }
    }

    /**
     * Copies a file, where there is one.
     *
     * @param name below the folder
     * @throws Refusal where the store does not answer or refuses, or the file is larger than any configuration
     */
    public void fetch(String name) {
        org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(address, name);
        try (FileSystem store = store(path)) {
            FileStatus status = store.getFileStatus(path);
            if (status.isFile()) {
                copy(store, status, name);
            }
        } catch (FileNotFoundException e) {
            // Who asked for it looks whether it is there.
            return;
        } catch (IOException e) {
            throw LakeFiles.unreachable(what + " " + path, e);
        }
    }

    /**
     * Copies the files of the folder itself whose names match.
     *
     * @return the local folder
     * @throws Refusal as {@link #fetch} does, where there is no such folder, or where it holds too many files
     */
    public Path fetchAll(Pattern names) {
        org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(address);
        try (FileSystem store = store(path)) {
            int copied = 0;
            for (FileStatus status : store.listStatus(path)) {
                String name = status.getPath().getName();
                if (status.isFile() && names.matcher(name).matches()) {
                    if (++copied > MOST_FILES) {
                        throw new Refusal(
                                ExitCode.CONFIGURATION,
                                "%s %s has more than %,d such files: is this the right folder?"
                                        .formatted(what, address, MOST_FILES));
                    }
                    copy(store, status, name);
                }
            }
            return local;
        } catch (FileNotFoundException e) {
            throw new Refusal(ExitCode.CONFIGURATION, "%s %s: there is no such folder".formatted(what, address), e);
        } catch (IOException e) {
            throw LakeFiles.unreachable(what + " " + address, e);
        }
    }

    private static FileSystem store(org.apache.hadoop.fs.Path path) throws IOException {
        Configuration soon = SparkHadoopUtil.get().newConfiguration(new SparkConf());
        LakeFiles.SOON.forEach(soon::set);
        return FileSystem.newInstance(path.toUri(), soon);
    }

    private void copy(FileSystem store, FileStatus status, String name) throws IOException {
        if (status.getLen() > MOST_BYTES) {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    "%s %s has %,d bytes, of at most %,d: is this the right file?"
                            .formatted(what, status.getPath(), status.getLen(), MOST_BYTES));
        }
        Path copy = local.resolve(name);
        Files.createDirectories(copy.getParent());
        // The last to be registered is the first to go.
        for (int depth = local.getNameCount() + 1; depth <= copy.getNameCount(); depth++) {
            copy.getRoot().resolve(copy.subpath(0, depth)).toFile().deleteOnExit();
        }
        try (InputStream in = store.open(status.getPath());
                OutputStream out = Files.newOutputStream(copy)) {
            in.transferTo(out);
        }
    }
}
