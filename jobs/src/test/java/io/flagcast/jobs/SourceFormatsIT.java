package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.flagcast.lake.Session;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The same users from every kind of source, with their columns under other names, end in the same profiles. */
@TestInstance(Lifecycle.PER_CLASS)
class SourceFormatsIT {

    private static final String CRM = "jdbc:h2:mem:crm";

    @TempDir
    private static Path folder;

    private CsvWorld world;
    private Connection crm;
    private List<JsonNode> expected;

    @BeforeAll
    void writeTheUsersInEveryFormat() throws SQLException {
        world = CsvWorld.in(folder);
        try (Session session = Session.open(Path.of("target"))) {
            Dataset<Row> users = session.spark()
                    .read()
                    .option("header", true)
                    .option("inferSchema", true)
                    .csv(folder.resolve("users.csv").toString())
                    .withColumnRenamed("user_id", "customer")
                    .withColumnRenamed("age", "years");
            for (String format : List.of("delta", "parquet", "orc", "json")) {
                users.write().format(format).save(folder.resolve(format).toString());
            }
            crm = DriverManager.getConnection(CRM);
            try (Statement statement = crm.createStatement()) {
                statement.execute(
                        "CREATE TABLE people (\"customer\" VARCHAR, \"years\" INT, \"plan\" VARCHAR, \"gender\" VARCHAR)");
                for (Row user : users.collectAsList()) {
                    statement.execute("INSERT INTO people VALUES ('%s', %d, '%s', '%s')"
                            .formatted(user.get(0), user.getInt(1), user.get(2), user.get(3)));
                }
            }
        }
        assertThat(features("").code()).isZero();
        expected = profiles();
        assertThat(expected).hasSize(1200);
    }

    @AfterAll
    void closeTheDatabase() throws SQLException {
        crm.close();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "delta   | delta version 0",
                "parquet | files 1 sha256",
                "orc     | files 1 sha256",
                "json    | files 1 sha256",
                "jdbc    | unversioned"
            })
    void usersFromEveryFormat(String format, String version) {
        String where = format.equals("jdbc")
                ? "options { url = \"%s\", dbtable = people }".formatted(CRM)
                : "path = \"%s\"".formatted(folder.resolve(format));
        Invocation features =
                features("flagcast.sources.users = { format = %s, %s, columns { user_id = customer, age = years } }"
                        .formatted(format, where));

        assertThat(features.code()).as(features.err()).isZero();
        assertThat(profiles()).isEqualTo(expected);
        assertThat(Invocation.rows(
                                world.conf(),
                                "SELECT input_versions.users AS version FROM runs ORDER BY started_at DESC, seconds LIMIT 100")
                        .toString())
                .contains(version);
    }

    private Invocation features(String set) {
        return Invocation.of(
                "features",
                "--conf",
                world.conf().toString(),
                "--as-of",
                CsvWorld.FIRST.toString(),
                "--set",
                set.isEmpty() ? "flagcast.training.seed=42" : set);
    }

    private List<JsonNode> profiles() {
        return Invocation.rows(
                world.conf(),
                "SELECT user_id, age, plan FROM history.user_profiles WHERE run_id = (SELECT run_id FROM runs"
                        + " WHERE state = 'started' ORDER BY length(run_id) DESC, run_id DESC LIMIT 1) ORDER BY user_id");
    }
}
