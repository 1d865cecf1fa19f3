package io.flagcast.lake;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.UnknownHostException;
import java.sql.SQLDataException;
import java.sql.SQLException;
import java.sql.SQLInvalidAuthorizationSpecException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLSyntaxErrorException;
import java.sql.SQLTransientConnectionException;
import java.util.stream.Stream;
import org.apache.spark.SparkException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Who can mend what a database says, by the states of the SQL standard and of those who go their own ways. */
class DatabaseFailureTest {

    static Stream<Arguments> failures() {
        ExitCode configuration = ExitCode.CONFIGURATION;
        ExitCode again = ExitCode.TRY_AGAIN;
        ExitCode data = ExitCode.DATA_REFUSED;
        return Stream.of(
                // PostgreSQL.
                Arguments.of(new SQLException("FATAL: password authentication failed", "28P01"), configuration),
                Arguments.of(new SQLException("FATAL: database \"crm\" does not exist", "3D000"), configuration),
                Arguments.of(new SQLException("ERROR: schema \"x\" does not exist", "3F000"), configuration),
                Arguments.of(new SQLException("ERROR: permission denied for table t", "42501"), configuration),
                Arguments.of(
                        new SQLException("SCRAM was requested, but no password was provided.", "08004"), configuration),
                Arguments.of(new SQLException("Fetch size must be a value greater than 0.", "22023"), configuration),
                Arguments.of(new SQLException("ERROR: division by zero", "22012"), data),
                Arguments.of(new SQLException("Bad value for type BigDecimal : NaN", "22003"), data),
                Arguments.of(new SQLException("ERROR: more than one row returned by a subquery", "21000"), data),
                Arguments.of(new SQLException("FATAL: too many connections for role \"reader\"", "53300"), again),
                Arguments.of(new SQLException("FATAL: the database system is starting up", "57P03"), again),
                Arguments.of(new SQLException("ERROR: canceling statement due to statement timeout", "57014"), again),
                Arguments.of(new SQLException("ERROR: deadlock detected", "40P01"), again),
                // MySQL, whose 08004 is another.
                Arguments.of(new SQLNonTransientConnectionException("Too many connections", "08004"), again),
                Arguments.of(new SQLException("Access denied for user 'a'@'b'", "28000"), configuration),
                Arguments.of(new SQLSyntaxErrorException("Table 'x' doesn't exist", "42S02"), configuration),
                // By class alone, as of Oracle and others.
                Arguments.of(new SQLInvalidAuthorizationSpecException("ORA-01017", "72000"), configuration),
                Arguments.of(new SQLDataException("ORA-01426: numeric overflow", "72000"), data),
                Arguments.of(new SQLTransientConnectionException("no more"), again),
                Arguments.of(new SQLException("nobody knows"), again));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void whoCanMendIt(SQLException error, ExitCode exitCode) {
        assertThat(Refusal.among(new SparkException("Job aborted", error)))
                .get()
                .satisfies(refusal -> {
                    assertThat(refusal.exitCode()).isEqualTo(exitCode);
                    assertThat(refusal.getMessage())
                            .startsWith("a source of format jdbc: ")
                            .contains(error.getMessage().replaceFirst("\\.$", ""))
                            .doesNotContain("..");
                });
    }

    @Test
    void theNetworkSaysWhatTheDriverDoesNot() {
        SQLException attempt = new SQLException("The connection attempt failed.", "08001");
        attempt.initCause(new UnknownHostException("crm.example"));
        SQLException refused = new SQLException("Connection to db:5432 refused.", "08001");
        refused.initCause(new java.net.ConnectException("Connection refused"));

        assertThat(DatabaseFailure.among(attempt))
                .get()
                .extracting(DatabaseFailure::sentence)
                .isEqualTo(
                        "the database says: The connection attempt failed (unknown host crm.example). Run it again when it answers");
        assertThat(DatabaseFailure.among(refused))
                .get()
                .extracting(DatabaseFailure::sentence)
                .isEqualTo("the database says: Connection to db:5432 refused. Run it again when it answers");
    }

    @Test
    void whatIsNotOfADatabaseIsNone() {
        assertThat(DatabaseFailure.among(new IllegalStateException(new ClassNotFoundException("x"))))
                .isEmpty();
        assertThat(DatabaseFailure.among(new ArithmeticException("long overflow")))
                .isEmpty();
    }
}
