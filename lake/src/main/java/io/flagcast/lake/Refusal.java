package io.flagcast.lake;

import io.delta.exceptions.DeltaConcurrentModificationException;
import io.flagcast.features.FirstSentence;
import io.flagcast.features.InputException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.QueryContextType;
import org.apache.spark.SparkThrowable;

/** The command stops for a reason that its user can mend: the message names place, value, limit and remedy. */
public final class Refusal extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Errors of Spark that are of a value, and of the expression that did not expect it. */
    private static final List<String> BAD_VALUES = List.of(
            "CAST_INVALID_INPUT",
            "CAST_OVERFLOW",
            "CANNOT_PARSE_TIMESTAMP",
            "DIVIDE_BY_ZERO",
            "ARITHMETIC_OVERFLOW",
            "NUMERIC_VALUE_OUT_OF_RANGE",
            "DATETIME_OVERFLOW");

    private final ExitCode exitCode;

    public Refusal(ExitCode exitCode, String message) {
        super(message);
        this.exitCode = Objects.requireNonNull(exitCode, "exitCode");
    }

    public Refusal(ExitCode exitCode, String message, Throwable cause) {
        super(message, cause);
        this.exitCode = Objects.requireNonNull(exitCode, "exitCode");
    }

    public ExitCode exitCode() {
        return exitCode;
    }

    /**
     * The refusal that an error is, or amounts to: what a source, a table or another process did that the user can mend.
     *
     * @param error any error, without its causes
     * @return absent where it may be a bug
     */
    public static Optional<Refusal> of(Throwable error) {
        if (error instanceof Refusal refusal) {
            return Optional.of(refusal);
        }
        if (error instanceof InputException) {
            return Optional.of(new Refusal(ExitCode.DATA_REFUSED, error.getMessage(), error));
        }
        if (error instanceof DeltaConcurrentModificationException) {
            return Optional.of(new Refusal(
                    ExitCode.TRY_AGAIN,
                    "another process wrote the same table meanwhile: run it again. " + FirstSentence.of(error),
                    error));
        }
        Optional<StorageFailure> storage = StorageFailure.of(error);
        if (storage.isPresent()) {
            return Optional.of(new Refusal(ExitCode.TRY_AGAIN, storage.get().sentence(), error));
        }
        if (error instanceof OutOfMemoryError || (error instanceof SparkThrowable spark && isTooSmall(spark))) {
            return Optional.of(new Refusal(
                    ExitCode.CONFIGURATION,
                    ("%d MB of memory are too few (%s): give more by FLAGCAST_OPTS=-Xmx4g or a line -Xmx4g in conf/jvm.options,"
                                    + " on a cluster by spark.driver.memory and spark.executor.memory, and run it again")
                            .formatted(Runtime.getRuntime().maxMemory() >> 20, FirstSentence.of(error)),
                    error));
        }
        if (error instanceof SparkThrowable spark
                && String.valueOf(spark.getCondition()).startsWith("FAILED_READ_FILE")) {
            return Optional.of(new Refusal(
                    ExitCode.DATA_REFUSED,
                    "%s cannot be read: it is cut short, damaged or of another format than its name says. Deliver it again, or take it away"
                            .formatted(spark.getMessageParameters().getOrDefault("path", FirstSentence.of(error))),
                    error));
        }
        if (error instanceof ClassNotFoundException
                && String.valueOf(error.getMessage()).contains("org.apache.hadoop.fs.s3a")) {
            return Optional.of(new Refusal(
                    ExitCode.CONFIGURATION,
                    "an address s3a:// needs jars that are not there (%s): add --packages org.apache.hadoop:hadoop-aws:3.4.2 to spark-submit"
                            .formatted(error.getMessage()),
                    error));
        }
        Optional<DatabaseFailure> database = DatabaseFailure.of(error);
        if (database.isPresent()) {
            return Optional.of(database.get().refusal("a source of format jdbc", error));
        }
        if (error instanceof SparkThrowable spark && isBadValue(spark)) {
            return Optional.of(new Refusal(
                    ExitCode.DATA_REFUSED,
                    "a value cannot be worked with%s: %s Declare the column's type in flagcast.sources.<table>.schema, or use try_cast, try_divide or the like: in columns the row is quarantined then."
                            .formatted(where(spark), FirstSentence.of(error)),
                    error));
        }
        return Optional.empty();
    }

    /** The refusal that the first of an error and its causes is, or amounts to. */
    public static Optional<Refusal> among(Throwable error) {
        return Stream.iterate(error, Objects::nonNull, Throwable::getCause)
                .flatMap(cause -> of(cause).stream())
                .findFirst();
    }

    /** What failed besides, while an error was on its way. */
    public static List<Refusal> besides(Throwable error) {
        return Stream.iterate(error, Objects::nonNull, Throwable::getCause)
                .flatMap(cause -> Arrays.stream(cause.getSuppressed()))
                .filter(Refusal.class::isInstance)
                .map(Refusal.class::cast)
                .toList();
    }

    /** Why something failed, in one sentence: without a query's plan, a stack trace or a secret. */
    public static String sentence(Throwable error) {
        return Secrets.hidden(among(error).map(Throwable::getMessage).orElseGet(() -> FirstSentence.of(error)));
    }

    private static boolean isTooSmall(SparkThrowable error) {
        return List.of("INVALID_DRIVER_MEMORY", "INVALID_EXECUTOR_MEMORY")
                .contains(String.valueOf(error.getCondition()));
    }

    private static boolean isBadValue(SparkThrowable error) {
        String condition = String.valueOf(error.getCondition());
        return BAD_VALUES.stream().anyMatch(condition::startsWith);
    }

    /** The expression, where Spark knows it. */
    private static String where(SparkThrowable error) {
        return Arrays.stream(error.getQueryContext())
                .filter(context -> context.contextType() == QueryContextType.SQL)
                .map(context -> " in " + context.fragment())
                .findFirst()
                .orElse("");
    }
}
