package io.flagcast.lake;

import io.flagcast.features.FirstSentence;
import java.io.IOException;
import java.sql.SQLDataException;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLInvalidAuthorizationSpecException;
import java.sql.SQLSyntaxErrorException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.SparkThrowable;

/**
 * What a database of a source said when it failed, or what stood in the way to it.
 *
 * @param exitCode 75 where it may be another time, 65 where its data cannot be read, 78 where the configuration has to be mended
 * @param sentence what was said, and what to do
 */
public record DatabaseFailure(ExitCode exitCode, String sentence) {

    /** Classes of the SQL standard's states: features, logins, databases, schemas, syntax and rights. */
    private static final Set<String> ASKED_WRONGLY = Set.of("0A", "28", "3D", "3F", "42");
    /** Of values, and of queries that find more of them than they may. */
    private static final Set<String> OF_VALUES = Set.of("21", "22");

    /** What MySQL calls a connection that was refused, as others do where a login lacks something. */
    private static final String REFUSED = "08004";

    private static final String INVALID_PARAMETER = "22023";
    private static final String CANCELED = "57014";
    private static final String TOO_MANY_CONNECTIONS = "53300";

    private static final String CORRECT =
            "Correct url, dbtable, query, user or password in its options, or the rights there";
    private static final String CONVERT = "Convert it in dbtable, as (select id, tags::text as tags from people) as p";

    public DatabaseFailure {
        Objects.requireNonNull(exitCode, "exitCode");
        Objects.requireNonNull(sentence, "sentence");
    }

    /**
     * What an error says by itself.
     *
     * @return absent where it is not of a database
     */
    static Optional<DatabaseFailure> of(Throwable error) {
        if (error instanceof ClassNotFoundException && isFrom(error, "DriverRegistry")) {
            return Optional.of(withoutDriver("there is no class " + error.getMessage()));
        }
        if (error instanceof ArithmeticException && isFrom(error, "JdbcUtils")) {
            return Optional.of(ofValue(FirstSentence.of(error)));
        }
        return error instanceof SQLException database ? Optional.of(ofDatabase(database)) : Optional.empty();
    }

    /** What the first of an error and its causes says that is of a database. */
    public static Optional<DatabaseFailure> among(Throwable error) {
        return Stream.iterate(error, Objects::nonNull, Throwable::getCause)
                .flatMap(cause -> of(cause).stream())
                .findFirst();
    }

    /**
     * The refusal of a source.
     *
     * @param source its key, as {@code flagcast.sources.users}
     */
    public Refusal refusal(String source, Throwable cause) {
        return new Refusal(exitCode, source + ": " + sentence, cause);
    }

    private static boolean isFrom(Throwable error, String name) {
        return Arrays.stream(error.getStackTrace())
                .map(StackTraceElement::getClassName)
                .anyMatch(type -> type.startsWith("org.apache.spark.sql.execution.datasources.jdbc." + name));
    }

    private static DatabaseFailure withoutDriver(String said) {
        return new DatabaseFailure(
                ExitCode.CONFIGURATION,
                ("no driver can be had for its url (%s). Correct url; or add the driver's jar, as by FLAGCAST_JARS=/opt/postgresql.jar"
                                + " for ./flagcast and --jars or --packages for spark-submit, and name its class in options.driver")
                        .formatted(said));
    }

    private static DatabaseFailure ofValue(String said) {
        return new DatabaseFailure(
                ExitCode.DATA_REFUSED,
                ("a value cannot be read: %s. Declare another type, as schema = \"balance DOUBLE\" for a numeric that is NaN or too long,"
                                + " or mend the value there, or in dbtable")
                        .formatted(said.replaceFirst("\\.$", "")));
    }

    /** By its state, or its class: a connection may come back, a wrong name or right has to be mended. */
    private static DatabaseFailure ofDatabase(SQLException error) {
        String said = said(error);
        if (error instanceof SparkThrowable) {
            return new DatabaseFailure(
                    ExitCode.DATA_REFUSED,
                    "a column has a type that Spark cannot read: %s. %s".formatted(said, CONVERT));
        }
        if (said.contains("No suitable driver")) {
            return withoutDriver(said);
        }
        String state = String.valueOf(error.getSQLState());
        String type = state.substring(0, Math.min(2, state.length()));
        boolean isFull = state.equals(TOO_MANY_CONNECTIONS)
                || said.toLowerCase(Locale.ROOT).contains("too many connections");
        if (isFull) {
            return says(
                    ExitCode.TRY_AGAIN,
                    said,
                    "Run it again when fewer are open, or take a smaller options.numPartitions");
        }
        if (state.equals(CANCELED)) {
            return says(
                    ExitCode.TRY_AGAIN,
                    said,
                    "Run it again, with a longer statement_timeout there or options.queryTimeout, or read it in more parts (options.numPartitions)");
        }
        if (state.equals(REFUSED)
                || state.equals(INVALID_PARAMETER)
                || ASKED_WRONGLY.contains(type)
                || error instanceof SQLSyntaxErrorException
                || error instanceof SQLInvalidAuthorizationSpecException
                || error instanceof SQLFeatureNotSupportedException) {
            return says(ExitCode.CONFIGURATION, said, CORRECT);
        }
        if (OF_VALUES.contains(type) || error instanceof SQLDataException) {
            return ofValue(said);
        }
        return says(ExitCode.TRY_AGAIN, said, "Run it again when it answers");
    }

    private static DatabaseFailure says(ExitCode exitCode, String said, String remedy) {
        return new DatabaseFailure(exitCode, "the database says: %s. %s".formatted(said, remedy));
    }

    /** In its own words, and in those of the network where it has none for it. */
    private static String said(SQLException error) {
        String said = FirstSentence.of(error).replaceFirst("\\.$", "");
        return Stream.iterate(error.getCause(), Objects::nonNull, Throwable::getCause)
                .filter(IOException.class::isInstance)
                .flatMap(cause -> StorageFailure.of(cause).stream())
                .map(StorageFailure::reason)
                .filter(reason -> !words(said).containsAll(words(reason)))
                .findFirst()
                .map(reason -> said + " (" + reason + ")")
                .orElse(said);
    }

    private static List<String> words(String text) {
        return List.of(text.toLowerCase(Locale.ROOT).split("[^\\w.]+"));
    }
}
