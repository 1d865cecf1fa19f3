package io.flagcast.lake;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.fs.PathIOException;
import org.apache.hadoop.security.AccessControlException;
import org.apache.hadoop.util.DiskChecker.DiskErrorException;
import org.apache.spark.SparkThrowable;

/**
 * What a disk, a store or the way to it said when it failed.
 *
 * @param place the file, folder or address; empty where the error does not know it
 * @param reason in the system's words
 */
record StorageFailure(String place, String reason) {

    /** What Linux says (errno(3)), whichever library hands it on as mere text. */
    private static final String WORDS = "No space left on device|Disk quota exceeded|Read-only file system"
            + "|Permission denied|Operation not permitted|Input/output error|Too many open files|Stale file handle"
            + "|File too large|File name too long|Not a directory|Is a directory|Cannot allocate memory"
            + "|Connection refused|Connection reset|Connection timed out|No route to host|Network is unreachable";

    private static final Pattern NETWORK = Pattern.compile("(?i)connect|host|network|time(?:d |-)?out");

    /** With the path before it where Java's own streams say so: path (words). */
    private static final Pattern SAID = Pattern.compile("(?:(\\S+) \\()?(" + WORDS + ")");

    /** As Hadoop's stores say what they were doing: operation on address: reason. */
    private static final Pattern ON = Pattern.compile(" on (\\w+://[^\\s:]+)");

    /** As our own errors say what they could not do. */
    private static final Pattern CANNOT = Pattern.compile("(.+) cannot be \\w+");

    /** Hadoop hears from Java that no folder was made, and not why. */
    private static final Pattern MKDIRS = Pattern.compile("Mkdirs failed to create (\\S+)");

    private static final String NO_FOLDER = "no folder can be made there";

    /** Of Spark's own files: shuffles, and what does not fit into memory. */
    private static final Pattern TEMPORARY =
            Pattern.compile("org\\.apache\\.spark\\.(shuffle|storage|util\\.collection|memory)\\.");

    private static final String TEMPORARY_FILES =
            "the folder of Spark's temporary files (spark.local.dir, by default java.io.tmpdir)";

    /**
     * What an error says by itself.
     *
     * @param error any error; its causes count only where it alone knows what they were about
     * @return absent where it is not of a disk or a store
     */
    static Optional<StorageFailure> of(Throwable error) {
        String message = String.valueOf(error.getMessage());
        if (error instanceof FileSystemException file && file.getFile() != null) {
            return Optional.of(new StorageFailure(file.getFile(), whatItIs(file)));
        }
        if (error instanceof PathIOException path && path.getPath() != null) {
            return Optional.of(new StorageFailure(path.getPath().toString(), firstLine(message)));
        }
        if (error instanceof UnknownHostException) {
            // The innermost says nothing but the host.
            Throwable host = Stream.iterate(error, Objects::nonNull, Throwable::getCause)
                    .filter(UnknownHostException.class::isInstance)
                    .reduce(error, (outer, inner) -> inner);
            return Optional.of(new StorageFailure(on(message), "unknown host " + host.getMessage()));
        }
        if (error instanceof SocketException || error instanceof SocketTimeoutException) {
            return Optional.of(new StorageFailure(on(message), brief(message)));
        }
        if (error instanceof FileNotFoundException
                || error instanceof AccessControlException
                || error instanceof DiskErrorException) {
            return said(error, message).or(() -> Optional.of(new StorageFailure(on(message), brief(message))));
        }
        if (error instanceof SparkThrowable spark && "TASK_WRITE_FAILED".equals(spark.getCondition())) {
            return why(error, spark.getMessageParameters().getOrDefault("path", ""));
        }
        if (error instanceof SparkThrowable delta && "DELTA_CANNOT_CREATE_LOG_PATH".equals(delta.getCondition())) {
            String folder = delta.getMessageParameters().getOrDefault("path", "");
            return why(error, folder).or(() -> Optional.of(new StorageFailure(folder, NO_FOLDER)));
        }
        Matcher ours = CANNOT.matcher(message);
        if (error instanceof UncheckedIOException && ours.matches()) {
            return why(error, ours.group(1));
        }
        if (error.getClass().getName().startsWith("org.apache.hadoop.fs.s3a.")) {
            return Optional.of(new StorageFailure(on(message), brief(message)));
        }
        Matcher made = MKDIRS.matcher(message);
        if (error instanceof IOException && made.find()) {
            return Optional.of(new StorageFailure(made.group(1), NO_FOLDER));
        }
        // The failure of a task may have come as text, with its stack trace.
        boolean isText = error instanceof IOException || (error instanceof SparkThrowable && error.getCause() == null);
        return isText ? said(error, message) : Optional.empty();
    }

    /**
     * Whether an error, or what caused it, is of a disk or a store, so that waiting for another process is in vain.
     */
    static boolean isAmong(Throwable error) {
        return Stream.iterate(error, Objects::nonNull, Throwable::getCause)
                .anyMatch(cause -> !(cause instanceof FileAlreadyExistsException)
                        && of(cause).isPresent());
    }

    /** Of an error that knows where, and its cause why. */
    private static Optional<StorageFailure> why(Throwable error, String place) {
        return Stream.iterate(error.getCause(), Objects::nonNull, Throwable::getCause)
                .flatMap(cause -> of(cause).stream())
                .findFirst()
                .map(why -> why.place().isEmpty() ? new StorageFailure(place, why.reason()) : why);
    }

    private static Optional<StorageFailure> said(Throwable error, String message) {
        Matcher said = SAID.matcher(message);
        if (!said.find()) {
            return Optional.empty();
        }
        String place = said.group(1) != null ? said.group(1) : on(message);
        boolean isTemporary = place.isEmpty()
                && (TEMPORARY.matcher(message).find()
                        || Arrays.stream(error.getStackTrace())
                                .anyMatch(frame ->
                                        TEMPORARY.matcher(frame.getClassName()).find()));
        return Optional.of(new StorageFailure(isTemporary ? TEMPORARY_FILES : place, said.group(2)));
    }

    private static String on(String message) {
        Matcher on = ON.matcher(message);
        return on.find() ? on.group(1) : "";
    }

    /** The system's own words; where it has none, the kind of error. */
    private static String whatItIs(FileSystemException error) {
        return error.getReason() != null
                ? brief(error.getReason())
                : error.getClass().getSimpleName().replace("Exception", "");
    }

    /** What a store said, without the name of the error and what was asked. */
    private static String brief(String message) {
        String said = firstLine(message).replaceFirst("^.*? on \\w+://\\S+: ", "");
        return said.replaceAll("\\b(?:\\w+\\.)+\\w*Exception: ", "")
                .replaceFirst(":\\s{2,}.*", "")
                .replaceFirst(" \\(Service: .*", "");
    }

    private static String firstLine(String message) {
        return message.strip().lines().findFirst().orElse("");
    }

    /** What a person is told. */
    String sentence() {
        String remedy = NETWORK.matcher(reason).find()
                ? "see that it is reached"
                : "correct the path or its rights, or make room";
        return "%s cannot be read or written (%s): %s, and run it again"
                .formatted(place.isEmpty() ? "a file" : place, reason, remedy);
    }
}
