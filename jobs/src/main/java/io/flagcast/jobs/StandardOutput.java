package io.flagcast.jobs;

import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Objects;

/**
 * Standard output that ends the command when it cannot be written, where a stream that prints would go on and say nothing. It says so
 * once; what is still on its way then is lost.
 */
final class StandardOutput extends OutputStream {

    private final OutputStream out;
    private boolean hasFailed;

    StandardOutput(OutputStream out) {
        this.out = Objects.requireNonNull(out, "out");
    }

    @Override
    public void write(int value) {
        write(new byte[] {(byte) value}, 0, 1);
    }

    /**
     * @throws Refusal with exit code 141 where nobody reads it any more
     * @throws UncheckedIOException where it cannot be written otherwise
     */
    @Override
    public void write(byte[] bytes, int from, int length) {
        if (hasFailed) {
            return;
        }
        try {
            out.write(bytes, from, length);
        } catch (IOException e) {
            hasFailed = true;
            if (String.valueOf(e.getMessage()).contains("Broken pipe")) {
                throw new Refusal(ExitCode.UNREAD, "nobody reads standard output any more", e);
            }
            throw new UncheckedIOException("standard output cannot be written", e);
        }
    }
}
