package io.flagcast.lake;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/**
 * What lies below the root of a lake, on whichever file system that is: text files, as models, beside the tables.
 *
 * @param spark session that knows how the file system is reached
 * @param root address without a slash at its end
 */
public record LakeFiles(SparkSession spark, String root) {

    public LakeFiles {
        Objects.requireNonNull(spark, "spark");
        root = root.endsWith("/") ? root.substring(0, root.length() - 1) : root;
    }

    /** Where a table or file lies, as an absolute address. */
    String location(String name) {
        return absolute(name).toString();
    }

    private Path absolute(String name) {
        Path path = new Path(root, name);
        return fileSystem(path).makeQualified(path);
    }

    private FileSystem fileSystem(Path path) {
        try {
            return path.getFileSystem(spark.sessionState().newHadoopConf());
        } catch (IOException e) {
            throw new UncheckedIOException("flagcast.lake.root " + root + " cannot be reached", e);
        }
    }

    /** Writes a text file, over the one that is there. */
    public void write(String name, String text) {
        Path path = absolute(name);
        try (OutputStream out = fileSystem(path).create(path, true)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be written", e);
        }
    }

    /** Reads a text file. */
    public String read(String name) {
        Path path = absolute(name);
        try (FSDataInputStream in = fileSystem(path).open(path)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be read", e);
        }
    }
}
