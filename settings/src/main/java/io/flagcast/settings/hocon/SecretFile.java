package io.flagcast.settings.hocon;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;

/** A file that holds one secret, as schedulers mount them. */
final class SecretFile {

    private static final int MOST_BYTES = 64 * 1024;

    private SecretFile() {}

    /**
     * Reads the secret: the text of the file without its last line break.
     *
     * @throws IOException with what is wrong and how to mend it, but never with the text
     */
    static String read(String named) throws IOException {
        Path file = path(named);
        if (!Files.isRegularFile(file)) {
            throw new IOException("there is no file " + file + ": correct the path, or write the secret there");
        }
        if (!Files.isReadable(file)) {
            throw new IOException(file + " cannot be read: give its reader the right to");
        }
        // A warning of a job that runs at night is read by nobody, and the secret by everybody.
        if (isReadableByAll(file)) {
            throw new IOException(
                    file
                            + " can be read by every user of the machine: chmod o-r (of a Kubernetes secret defaultMode: 0440)");
        }
        String text = text(file).replaceFirst("\\r?\\n\\z", "");
        if (text.isBlank()) {
            throw new IOException(file + " is empty: write the secret there");
        }
        return text;
    }

    private static Path path(String named) throws IOException {
        try {
            return Path.of(named);
        } catch (InvalidPathException e) {
            throw new IOException("it is no path: " + e.getReason(), e);
        }
    }

    private static String text(Path file) throws IOException {
        try (InputStream input = Files.newInputStream(file)) {
            byte[] bytes = input.readNBytes(MOST_BYTES + 1);
            if (bytes.length > MOST_BYTES) {
                throw new IOException(
                        "%s has more than %,d bytes: is this the right file?".formatted(file, MOST_BYTES));
            }
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IOException(file + " is not UTF-8 text: write the secret as text", e);
        }
    }

    /** Whether everybody may read the file and enter the folders that it is in. */
    private static boolean isReadableByAll(Path file) throws IOException {
        try {
            Path real = file.toRealPath();
            if (!Files.getPosixFilePermissions(real).contains(PosixFilePermission.OTHERS_READ)) {
                return false;
            }
            for (Path folder = real.getParent(); folder != null; folder = folder.getParent()) {
                if (!Files.getPosixFilePermissions(folder).contains(PosixFilePermission.OTHERS_EXECUTE)) {
                    return false;
                }
            }
            return true;
        } catch (UnsupportedOperationException e) {
            return false;
        }
    }
}
