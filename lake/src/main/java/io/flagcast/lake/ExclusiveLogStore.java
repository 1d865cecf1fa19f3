package io.flagcast.lake;

import io.delta.storage.HadoopFileSystemLogStore;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.Iterator;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A Delta log in which of two writers of one version exactly one wins, whatever the number of processes: on local disk
 * by a hard link, on S3 by a conditional PUT. Delta's own stores only exclude writers of one process there.
 */
public final class ExclusiveLogStore extends HadoopFileSystemLogStore {

    public ExclusiveLogStore(Configuration configuration) {
        super(configuration);
    }

    @Override
    public void write(Path path, Iterator<String> actions, Boolean overwrite, Configuration configuration)
            throws IOException {
        if (path.toUri().getScheme() == null || path.toUri().getScheme().equals("file")) {
            writeLocal(java.nio.file.Path.of(path.toUri().getPath()), actions, overwrite);
            return;
        }
        if (!path.toUri().getScheme().equals("s3a")) {
            // A name is given once on HDFS and on Azure's file systems.
            writeWithRename(path, actions, overwrite, configuration);
            return;
        }
        FileSystem fileSystem = path.getFileSystem(configuration);
        if (overwrite) {
            try (FSDataOutputStream out = fileSystem.create(path, true)) {
                writeLines(out, actions);
            }
            return;
        }
        FSDataOutputStreamBuilder<?, ?> exclusive = fileSystem.createFile(path);
        exclusive.overwrite(false);
        exclusive.must("fs.option.create.conditional.overwrite", true);
        try (OutputStream out = (OutputStream) exclusive.build()) {
            writeLines(out, actions);
        } catch (IOException e) {
            if (isConflict(e)) {
                throw conflict(path.toString(), e);
            }
            throw e;
        }
    }

    private static void writeLocal(java.nio.file.Path target, Iterator<String> actions, boolean overwrite)
            throws IOException {
        java.nio.file.Path temporary =
                target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            try (OutputStream out = Files.newOutputStream(temporary)) {
                writeLines(out, actions);
            } catch (IOException e) {
                throw failed(target, e);
            }
            if (overwrite) {
                Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
            } else {
                // A link fails where the target exists; a rename would replace it.
                Files.createLink(target, temporary);
            }
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /** A stream does not know what it is written to. */
    private static IOException failed(java.nio.file.Path target, IOException cause) {
        FileSystemException failed = new FileSystemException(target.toString(), null, cause.getMessage());
        failed.initCause(cause);
        return failed;
    }

    private static void writeLines(OutputStream out, Iterator<String> lines) throws IOException {
        while (lines.hasNext()) {
            out.write((lines.next() + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    private static boolean isConflict(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            if (cause instanceof org.apache.hadoop.fs.FileAlreadyExistsException
                    || message.contains("Status Code: 412")
                    || message.contains("Status Code: 409")) {
                return true;
            }
        }
        return false;
    }

    private static FileAlreadyExistsException conflict(String path, IOException cause) {
        FileAlreadyExistsException conflict = new FileAlreadyExistsException(path);
        conflict.initCause(cause);
        return conflict;
    }

    @Override
    public Boolean isPartialWriteVisible(Path path, Configuration configuration) {
        return false;
    }
}
