package io.flagcast.jobs;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Users from a CRM: a PostgreSQL database that asks for a password, read in parts or as a whole; events are files. */
@TestInstance(Lifecycle.PER_CLASS)
@TestMethodOrder(OrderAnnotation.class)
class CrmIT {

    private static final String PASSWORD = "hunter2-of-the-crm";
    private static final String RUN_FEATURES = "features";

    /** Users whose key lies before the bounds of the parts, beyond them, or is not known. */
    private static final List<String> OUTSIDE = List.of("-5", "0", "100000", "NULL");

    @TempDir
    private static Path folder;

    private PostgresServer server;
    private CsvWorld world;

    @BeforeAll
    void fillTheCrm() throws IOException, SQLException {
        world = CsvWorld.in(folder);
        server = PostgresServer.start();
        try (Connection connection = server.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE ROLE reader LOGIN PASSWORD '%s'".formatted(PASSWORD));
            statement.execute("CREATE TYPE plan AS ENUM ('free', 'pro')");
            statement.execute("""
                    CREATE TABLE customers (number bigint UNIQUE, login char(16) NOT NULL, age int, plan plan NOT NULL,
                        gender text, newsletter boolean, balance numeric, since timestamptz, left_at timestamp,
                        id uuid DEFAULT gen_random_uuid(), tags text[] DEFAULT '{a,b}', note jsonb DEFAULT '{"a": 1}')
                    """);
            try (PreparedStatement insert =
                    connection.prepareStatement("INSERT INTO customers VALUES (?, ?, ?, ?::plan, ?, ?, ?, now())")) {
                List<String> users = world.read("users.csv");
                for (int i = 1; i < users.size(); i++) {
                    String[] user = users.get(i).split(",", -1);
                    insert.setLong(1, i);
                    insert.setString(2, user[0]);
                    insert.setInt(3, Integer.parseInt(user[1]));
                    insert.setString(4, user[2]);
                    insert.setString(5, user[3]);
                    insert.setBoolean(6, i % 4 == 0);
                    insert.setBigDecimal(7, BigDecimal.valueOf(i, 2));
                    insert.addBatch();
                }
                insert.executeBatch();
            }
            // Who never met the experiment; nobody knows of what age.
            statement.execute("""
                    INSERT INTO customers
                    SELECT 1200 + i, 'prospect-' || i, NULL, 'free', NULL, NULL, 0, 'infinity', '2026-03-29 02:30:00'
                    FROM generate_series(1, 1800) AS i
                    """);
            for (String number : OUTSIDE) {
                statement.execute("INSERT INTO customers VALUES (%s, 'outside%s', 40, 'pro', 'f', true, 7)"
                        .formatted(number, number));
            }
            statement.execute("INSERT INTO customers VALUES (-6, 'owes-NaN', 40, 'pro', 'f', true, 'NaN')");
            // A part takes a moment.
            statement.execute("""
                    CREATE VIEW people AS
                    SELECT * FROM customers WHERE (SELECT pg_sleep(0.3)::text) IS NOT NULL
                    """);
            statement.execute("""
                    CREATE FUNCTION killed() RETURNS int LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN 1; END $$
                    """);
            statement.execute("GRANT SELECT ON customers, people TO reader");
        }
    }

    @AfterAll
    void stopTheCrm() throws IOException {
        server.close();
    }

    /** A source of users that has this table, and this password. */
    private String users(String table, String password, String... further) {
        return """
                flagcast.sources.users {
                  format = jdbc
                  schema = "balance DOUBLE"
                  columns { user_id = login, hour = "hour(left_at)" }
                  options { url = "%s", driver = org.postgresql.Driver, dbtable = "%s", user = reader, password = %s %s }
                }
                flagcast.users.predictors = [age, plan, newsletter, balance, hour]
                """.formatted(server.url(), table, password, String.join("", further));
    }

    /** The world's configuration with users from elsewhere, in another lake. */
    private Path conf(String lake, String users) {
        world.write(
                lake + ".conf",
                List.of(
                        "include \"flagcast.conf\"",
                        "flagcast.lake.root = ${flagcast.conf-dir}\"/%s\"".formatted(lake),
                        users));
        return folder.resolve(lake + ".conf");
    }

    private Invocation command(Map<String, String> environment, String command, Path conf) {
        Invocation invocation =
                Invocation.with(environment, command, "--conf", conf.toString(), "--as-of", CsvWorld.FIRST.toString());
        assertThat(invocation.out() + invocation.err()).doesNotContain(PASSWORD);
        return invocation;
    }

    /** Users and what is known of them, as the database itself says. */
    private Map<String, String> expected() throws SQLException {
        Map<String, String> users = new LinkedHashMap<>();
        try (Connection connection = server.connection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(
                        "SELECT rtrim(login), age, plan::text, newsletter, balance::float8, extract(hour FROM left_at)"
                                + " FROM customers WHERE balance <> 'NaN'")) {
            while (rows.next()) {
                List<Object> row = new ArrayList<>();
                for (int i = 2; i <= 6; i++) {
                    Object value = rows.getObject(i);
                    row.add(value instanceof Boolean is ? Integer.valueOf(is ? 1 : 0) : value);
                }
                users.put(rows.getString(1), row.stream().map(CrmIT::plain).collect(joining(" ")));
            }
        }
        return users;
    }

    private Map<String, String> profiles(Path conf, Map<String, String> environment) {
        return rows(
                        conf,
                        environment,
                        "SELECT user_id, age, plan, newsletter, balance, hour FROM history.user_profiles")
                .stream()
                .collect(toMap(
                        row -> row.get("user_id").asText(),
                        row -> List.of("age", "plan", "newsletter", "balance", "hour").stream()
                                .map(row::get)
                                .map(value -> plain(value == null || value.isNull() ? null : value.asText()))
                                .collect(joining(" "))));
    }

    /** A number without the zeros that do not count. */
    private static String plain(Object value) {
        String text = String.valueOf(value);
        return text.matches("-?[0-9.E-]+")
                ? new BigDecimal(text)
                        .setScale(6, RoundingMode.HALF_UP)
                        .stripTrailingZeros()
                        .toPlainString()
                : text;
    }

    @Test
    @Order(1)
    void aRunReadsItInPartsOverSeveralConnectionsAtOnceAndLosesNobody() throws IOException, SQLException {
        Map<String, String> environment = Map.of("CRM_PASSWORD", PASSWORD);
        Path conf = conf(
                "parts",
                users(
                        "people",
                        "${CRM_PASSWORD}",
                        ", partitionColumn = number, lowerBound = 0, upperBound = 3000, numPartitions = 4, fetchsize = 100"));
        int before = server.log().size();

        Invocation run = command(environment, "run", conf);

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("3,004 profiles", "1 rows quarantined", "published 1");
        assertThat(profiles(conf, environment)).hasSize(3004).isEqualTo(expected());
        List<JsonNode> read = rows(
                conf,
                environment,
                "SELECT input_versions.users AS version, (SELECT max(reason) FROM quarantine) AS reason FROM runs"
                        + " WHERE stage = 'features'");
        assertThat(read).singleElement().satisfies(row -> {
            assertThat(row.get("version").asText()).isEqualTo("unversioned");
            assertThat(row.get("reason").asText()).isEqualTo("balance is NaN");
        });

        List<String> log = server.log().subList(before, server.log().size());
        // Each part has a connection of its own, and is asked for once.
        assertThat(log)
                .filteredOn(line -> line.contains("FROM people"))
                .extracting(CrmIT::condition)
                .filteredOn(condition -> !condition.isEmpty() && !condition.equals("1=0"))
                .containsExactlyInAnyOrder(
                        "\"number\" < 750 or \"number\" is null",
                        "\"number\" >= 750 AND \"number\" < 1500",
                        "\"number\" >= 1500 AND \"number\" < 2250",
                        "\"number\" >= 2250");
        assertThat(mostAtOnce(log)).isGreaterThanOrEqualTo(2);
    }

    /** What a statement of the log asks for; empty of a cursor that goes on. */
    private static String condition(String line) {
        int where = line.indexOf(" WHERE ");
        return where < 0 || line.contains("fetch from")
                ? ""
                : line.substring(where + " WHERE ".length()).strip();
    }

    /** How many connections read at a time. */
    private static int mostAtOnce(List<String> log) {
        Set<String> reading = new HashSet<>();
        int most = 0;
        for (String line : log) {
            String process = line.substring(0, Math.max(0, line.indexOf(' ')));
            if (line.contains("disconnection")) {
                reading.remove(process);
            } else if (line.contains("FROM people") && line.contains("number")) {
                reading.add(process);
            }
            most = Math.max(most, reading.size());
        }
        return most;
    }

    private static List<JsonNode> rows(Path conf, Map<String, String> environment, String query) {
        Invocation sql = Invocation.with(environment, "sql", query, "--format", "json", "--conf", conf.toString());
        assertThat(sql.code()).as(sql.err()).isZero();
        return sql.out().lines().map(Invocation::parse).toList();
    }

    @Test
    @Order(2)
    void asAWholeWithThePasswordOfAFileItIsTheSame() throws IOException, SQLException {
        Path secret = Files.writeString(folder.resolve("crm-password"), PASSWORD + "\n");
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
        Path conf = conf(
                "whole",
                users("(SELECT * FROM customers) AS c", "{ secret-file = ${flagcast.conf-dir}\"/crm-password\" }"));

        Invocation features = command(Map.of(), RUN_FEATURES, conf);

        assertThat(features.code()).as(features.err()).isZero();
        assertThat(profiles(conf, Map.of())).isEqualTo(expected());
    }

    /** Executors that know the driver by --jars alone, and live where another day begins. */
    @Test
    @Tag("proof")
    @Order(3)
    void aClusterReadsTheSameInAnotherTimeZone() throws Exception {
        Path conf = conf(
                "cluster",
                users(
                        "customers",
                        "${CRM_PASSWORD}",
                        ", partitionColumn = number, lowerBound = 0, upperBound = 3000, numPartitions = 4"));
        Path log = folder.resolve("cluster.log");
        Path driver = Path.of(org.postgresql.Driver.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        ProcessBuilder submit = Submission.of(
                folder,
                "local-cluster[2,1,512]",
                Map.of("jars", driver.toString()),
                RUN_FEATURES,
                "--config",
                conf.toString(),
                "--as-of",
                CsvWorld.FIRST.toString());
        submit.environment().putAll(Map.of("TZ", "Asia/Kathmandu", "CRM_PASSWORD", PASSWORD));

        int code = submit.redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start()
                .waitFor();

        assertThat(code).as(Files.readString(log)).isZero();
        assertThat(profiles(conf, Map.of("CRM_PASSWORD", PASSWORD))).isEqualTo(expected());
    }

    @ParameterizedTest(name = "{0}")
    @Order(4)
    @CsvSource(
            delimiter = '|',
            value = {
                "a wrong password | customers | 78 | password authentication failed for user \"reader\". Correct url, dbtable,",
                "no such table | custommers | 78 | relation \"custommers\" does not exist. Correct url, dbtable, query,",
                "no right | pg_authid | 78 | permission denied for table pg_authid. Correct url, dbtable, query,",
                "parts of text | customers | 78 | .options: jdbc customers cannot be read so: Partition column type should be",
                "too slow | (SELECT *, pg_sleep(5)::text FROM customers) c | 75 | statement timeout. Run it again, with a longer",
                "killed | (SELECT *, CASE number WHEN 700 THEN killed() END FROM customers) c | 75 | Run it again when it answers",
                "a value | (SELECT *, 1 / (number - 700) AS x FROM customers) c | 65 | a value cannot be read: ERROR: division by zero. Declare",
                "lists of lists | (SELECT *, ARRAY[ARRAY[1]] AS x FROM customers) c | 65 | a column has a type that Spark cannot read: "
            })
    void whatFailsIsSaidWithItsKeyAndRemedy(String fault, String table, int code, String sentence) {
        String further = switch (fault) {
            case "parts of text" -> ", partitionColumn = login, lowerBound = 1, upperBound = 9, numPartitions = 2";
            case "too slow" -> ", sessionInitStatement = \"SET statement_timeout = 200\"";
            default -> ", fetchsize = 100";
        };
        Path conf = conf("faults", users(table, "${CRM_PASSWORD}", further));

        Invocation features = command(
                Map.of("CRM_PASSWORD", fault.equals("a wrong password") ? "guessed" : PASSWORD), RUN_FEATURES, conf);

        assertThat(features.code()).as(features.err()).isEqualTo(code);
        assertThat(features.err())
                .contains("flagcast: flagcast.sources.users", sentence)
                .doesNotContain("\tat ", "guessed");
    }

    @Test
    @Order(5)
    void aCrmThatIsDownIsTriedAgain() throws IOException {
        server.stop();
        Path conf = conf("down", users("customers", "${CRM_PASSWORD}"));

        Invocation features = command(Map.of("CRM_PASSWORD", PASSWORD), RUN_FEATURES, conf);

        assertThat(features.code()).as(features.err()).isEqualTo(75);
        assertThat(features.err())
                .contains("flagcast.sources.users: the database says: Connection to 127.0.0.1:" + server.port()
                        + " refused")
                .contains("Run it again when it answers");
    }
}
