package io.flagcast.lake;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;

/** A local disk, by scheme {@value #SCHEME}, that has room for so many files more. */
public final class FullDisk extends RawLocalFileSystem {

    static final String SCHEME = "full";

    private static final AtomicInteger ROOM = new AtomicInteger(Integer.MAX_VALUE);

    /** From now on there is room for so many files. */
    static void hasRoomFor(int files) {
        ROOM.set(files);
    }

    @Override
    public URI getUri() {
        return URI.create(SCHEME + ":///");
    }

    @Override
    public String getScheme() {
        return SCHEME;
    }

    @Override
    public FSDataOutputStream create(
            Path path, boolean overwrite, int buffer, short replication, long block, Progressable progress)
            throws IOException {
        FSDataOutputStream out = super.create(path, overwrite, buffer, replication, block, progress);
        return ROOM.getAndDecrement() > 0 ? out : new FSDataOutputStream(new Full(out), null);
    }

    /** Opens, as on a disk that is full, and takes nothing. */
    private static final class Full extends OutputStream {

        private final OutputStream out;

        private Full(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int value) throws IOException {
            throw new IOException("No space left on device");
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }
}
