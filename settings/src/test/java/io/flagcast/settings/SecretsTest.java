package io.flagcast.settings;

import static java.nio.file.attribute.PosixFilePermissions.fromString;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.delivery.Address;
import io.flagcast.delivery.Receiver;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.settings.hocon.ConfFile;
import io.flagcast.settings.hocon.Variables;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Secrets stand in the environment, in Java properties and in files of their own, and are nowhere repeated. */
class SecretsTest {

    private static final String REMEDY =
            ": name an environment variable by ${NAME} or a file by { secret-file = path }, give the key as a Java property"
                    + " -Dflagcast.…, or leave keys of S3 to a Hadoop credential provider";

    @TempDir
    private Path folder;

    /** A database of users, with options. */
    private static String jdbc(String options) {
        return "flagcast.sources.users { format = jdbc, options { dbtable = t, %s } }\n".formatted(options);
    }

    private Settings read(String text, Variables variables, String... set) throws IOException {
        Path file = Files.writeString(folder.resolve("flagcast.conf"), text);
        return SettingsReader.read(Optional.of(ConfFile.of(file)), List.of(set), variables);
    }

    private Settings read(String text, Map<String, String> environment) throws IOException {
        return read(text, Variables.of(environment));
    }

    private String refused(String text, Variables variables, String... set) {
        Refusal[] refusal = new Refusal[1];
        assertThatThrownBy(() -> read(text, variables, set))
                .isInstanceOfSatisfying(Refusal.class, thrown -> refusal[0] = thrown);
        assertThat(refusal[0].exitCode()).isEqualTo(ExitCode.CONFIGURATION);
        assertThat(refusal[0].getMessage()).doesNotContain("hunter2");
        return refusal[0].getMessage();
    }

    private String refused(String text) {
        return refused(text, Variables.of(Map.of("PW", "hunter2")));
    }

    private static String option(Settings settings, String option) {
        return settings.sources().get(Tables.USERS).options().get(option);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "password = hunter2",
                "password = \"hunter2\"",
                "password = ${PW}hunter2",
                "password = 'hunter2 ",
                "PASSWORD = [hunter2]",
                "sfPassword = hunter2",
                "\"fs.s3a.access.key\" = AKIAhunter2",
                "\"fs.s3a.secret.key\" = hunter2",
                "\"fs.s3a.session.token\" = hunter2",
                "\"fs.azure.account.key.x.dfs.core.windows.net\" = hunter2",
                "\"kafka.sasl.jaas.config\" = \"Login required password=hunter2;\"",
                "\"kafka.ssl.keystore.key\" = hunter2",
                "\"ssl.key.passphrase\" = hunter2",
                "oauthClientSecret = hunter2",
                "accessToken = hunter2",
                "apiKey = hunter2",
                "credentials = hunter2"
            })
    void anOptionThatIsASecretByItsNameMayNotBeWritten(String option) {
        assertThat(refused("\n" + jdbc(option)))
                .contains("flagcast.conf: 2: flagcast.sources.users.options.")
                .contains(" is a secret, which may not stand here" + REMEDY);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jdbc:postgresql://db/flags?user=a&password=hunter2&ssl=true",
                "jdbc:postgresql://ada:hunter2@db/flags",
                "jdbc:sqlserver://db:1433;user=a;password=hunter2;encrypt=true",
                "jdbc:sqlserver://db:1433;accessToken=hunter2",
                "jdbc:mysql://ada:hunter2/x@db:3306/flags",
                "jdbc:oracle:thin:scott/hunter2@//db:1521/flags",
                "jdbc:snowflake://x.example/?private_key_pwd=\\\"hunter2\\\""
            })
    void soAnAddressWithASecretInIt(String address) {
        assertThat(refused(jdbc("url = \"" + address + "\"")))
                .contains(
                        "flagcast.conf: 1: flagcast.sources.users.options.url holds a secret, which may not stand here"
                                + REMEDY);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "url = \"jdbc:postgresql://ada@db:5432/flags?user=a&sslpassword=\"${PW}\"&x=y\"",
                "url = \"jdbc:postgresql://h1:5432,h2:5432/flags?mail=a@b.example\"",
                "\"fs.s3a.aws.credentials.provider\" = \"org.example.Provider\"",
                "\"hadoop.security.credential.provider.path\" = \"jceks://file/etc/keys\"",
                "\"kafka.ssl.truststore.location\" = \"/etc/trust\"",
                "\"sasl.oauthbearer.token.endpoint.url\" = \"https://login.example\"",
                "password = \"\"",
                "query = \"SELECT * FROM t WHERE token = 'abc'\""
            })
    void whatOnlySaysWhereASecretIsMayBeWritten(String option) throws IOException {
        assertThat(read(jdbc(option), Map.of("PW", "hunter2")).sources()).hasSize(1);
    }

    @Test
    void dataMayBeNamedAsTheyAre() throws IOException {
        Settings settings = read("""
                flagcast.sources.users { format = csv, path = "hdfs://name:8020/user@x", schema = "token STRING"
                  columns { token = "concat('password=', secret)", password = "p" } }
                flagcast.users.predictors = [token, password]
                flagcast.features.secret { outcome = token, within = 1d }
                """, Map.of());

        assertThat(settings.predictors().attributes()).containsExactly("token", "password");
    }

    @Test
    void keysInAnAddressOfS3AreRefusedFromWhereverTheyCome() {
        String users = "flagcast.sources.users { format = csv, path = \"%s\" }";
        String message =
                ": flagcast.sources.users.path: an address of S3 takes no keys: keep them in AWS_ACCESS_KEY_ID and"
                        + " AWS_SECRET_ACCESS_KEY of the environment, or in a Hadoop credential provider";

        for (String address : List.of("s3a://AKIA1:hunter2@bucket/u", "s3a://AKIA1:hun/hunter2@b", "S3N://hunter2@b")) {
            assertThat(refused(users.formatted(address))).isEqualTo(folder + "/flagcast.conf: 1" + message);
        }
        assertThat(refused(users.formatted("s3a://\"${PW}\"@bucket/u"))).endsWith("flagcast.conf: 1" + message);
    }

    @Test
    void theAddressOfASlackWebhookIsASecret() throws IOException {
        String team = jdbc("x = y") + "flagcast.alerts.receivers.team { type = slack, url = %s }";

        assertThat(refused(team.formatted("\"https://hooks.slack.com/services/T0/B0/hunter2\"")))
                .contains("2: flagcast.alerts.receivers.team.url is a secret");
        assertThat(read(team.formatted("\"https://hooks.slack.com/services/\"${PATH}"), Map.of("PATH", "T0/B0/hunter2"))
                        .alerts()
                        .receivers())
                .filteredOn(receiver -> receiver.name().equals("team"))
                .extracting(receiver -> ((Receiver.Slack) receiver).endpoint())
                .containsExactly(Address.of("https://hooks.slack.com/services/T0/B0/hunter2"));
        assertThat(
                        refused(
                                jdbc("x = y")
                                        + "flagcast.alerts.receivers.hook { type = webhook, url = \"https://x.example/?token=hunter2\" }"))
                .contains("2: flagcast.alerts.receivers.hook.url holds a secret");
    }

    @Test
    void aSecretIsFoundInAnIncludedFileUnderAnotherNameAndWhereItIsOverridden() throws IOException {
        Files.writeString(folder.resolve("db.conf"), "\npassword = hunter2");
        assertThat(refused(jdbc("include \"db.conf\"")))
                .isEqualTo(folder
                        + "/db.conf: 2: flagcast.sources.users.options.password is a secret, which may not stand here"
                        + REMEDY);
        assertThat(refused("word = hunter2\n" + jdbc("password = ${word}")))
                .contains("flagcast.conf: 2: flagcast.sources.users.options.password is a secret");
        assertThat(refused(jdbc("include \"db.conf\", password = ${PW}"))).contains("db.conf: 2: ");
        assertThat(refused(
                        jdbc("password = hunter2"),
                        Variables.of(Map.of("CONFIG_FORCE_flagcast_sources_users_options_password", "hunter3"))))
                .contains("flagcast.conf: 1: ");
    }

    @Test
    void theCommandLineIsNoPlaceForASecretEither() {
        String option = "--set flagcast.sources.users.options";
        assertThat(refused(jdbc("x = y"), Variables.of(Map.of()), "flagcast.sources.users.options.password = hunter2"))
                .startsWith(option + ".password…: 1: flagcast.sources.users.options.password is a secret");
        assertThatThrownBy(() -> read(
                        jdbc("x = y"),
                        Variables.of(Map.of()),
                        "flagcast.sources.users.options{password:\"hunter2, a=b"))
                .hasMessageStartingWith(option + "…: ")
                .hasMessageNotContaining("hunter2");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "password = hunter2 = hunter2",
                "password = \"\\hunter2\"",
                "password = hun+hunter2",
                "password = *hunter2",
                "url = \"jdbc:x://a:hunter2@b\" \"\\q\""
            })
    void whatIsNoHoconIsNotShownWhereItMayBeASecret(String option) {
        assertThat(refused("flagcast.sources.users {\n options {\n" + option + "\n}}"))
                .endsWith(
                        "flagcast.conf: 3: this is no HOCON, and not shown since it may hold a secret: is a quote, brace or comma missing?");
        assertThat(refused("flagcast.lake.root = *"))
                .as("elsewhere it is shown")
                .contains("flagcast.conf: 1: ", "'*'");
    }

    @Test
    void valuesThatDoNotFitTogetherAreNotShown() {
        assertThat(refused("flagcast.sources.users.options = a {\n\n\n password = hunter2\n}"))
                .endsWith("flagcast.conf: 1: a group or list and a single value stand together: write one of them");
        assertThat(refused("x = a\nflagcast.sources.users.options = ${x} {\n\n\n password = ${PW}\n}"))
                .contains("a group or list and a single value stand together: write one of them");
    }

    @Test
    void noOtherProblemRepeatsASecret() {
        assertThat(refused(
                        jdbc("password = ${PW}, dbtable2 { a = ${PW} }, url = \"jdbc:x://h?password=\"${TOKEN}")
                                + "flagcast { training { folds = ${PW}, champion = \"x\"${PW}, seed = ${TOKEN} } }",
                        Variables.of(Map.of("PW", "hunter2", "TOKEN", "abc"))))
                .contains("flagcast.training.folds is '…': it must be a whole number")
                .contains("flagcast.training.seed is '…': it must be a whole number")
                .contains("flagcast.sources.users.options.dbtable2 is '{\"a\":\"…\"}': it must be one value");
        assertThat(refused(
                        jdbc("password = ${PW}") + "flagcast.training.folds = [${PW}]",
                        Variables.of(Map.of("PW", "a\"hunter2\\"))))
                .contains("flagcast.training.folds is '[\"…\"]'");
        assertThat(refused(jdbc("password = hunter2") + "flagcast.training.folds = hunter2"))
                .contains("flagcast.training.folds is '…'");
    }

    @Test
    void aSecretComesFromTheEnvironmentOrFromAProperty() throws IOException {
        assertThat(option(read(jdbc("password = ${PW}"), Map.of("PW", "hunter2")), "password"))
                .isEqualTo("hunter2");
        Variables variables = new Variables(
                Map.of("CONFIG_FORCE_flagcast_sources_users_options_password", "of the environment"),
                Map.of(
                        "flagcast.sources.users.options.password", "hunter2",
                        "flagcast.sources.users.options.\"fs.s3a.secret.key\"", "hunter3",
                        "flagcast.home", "/opt/flagcast",
                        "flagcast.terminal", "true",
                        "flagcastx.lake.root", "elsewhere"));
        Settings settings = read(jdbc("x = y"), variables);
        assertThat(option(settings, "password")).isEqualTo("hunter2");
        assertThat(option(settings, "fs.s3a.secret.key")).isEqualTo("hunter3");
        assertThat(settings.lake().root()).isEqualTo("lake");
    }

    @Test
    void aPropertyIsASettingBetweenTheEnvironmentAndSet() throws IOException {
        Variables variables = new Variables(
                Map.of("CONFIG_FORCE_flagcast_training_folds", "6", "CONFIG_FORCE_flagcast_training_seed", "6"),
                Map.of("flagcast.training.folds", "7", "flagcast.experiments", "here"));

        Settings settings = read(jdbc("x = y") + "flagcast.training.folds = 5", variables);
        assertThat(settings.training().model().folds()).isEqualTo(7);
        assertThat(settings.training().model().seed()).isEqualTo(6);
        assertThat(settings.experiments()).isEqualTo("here");
        assertThat(read(jdbc("x = y"), variables, "flagcast.training.folds=8")
                        .training()
                        .model()
                        .folds())
                .isEqualTo(8);

        assertThat(refused(jdbc("x = y"), new Variables(Map.of(), Map.of("flagcast.lake.roof", "x"))))
                .isEqualTo(
                        "system property flagcast.lake.roof: unknown key 'flagcast.lake.roof': did you mean 'root'?");
    }

    private Path secret(String text, String rights) throws IOException {
        Path file = Files.writeString(folder.resolve("secret"), text);
        Files.setPosixFilePermissions(file, fromString(rights));
        return file;
    }

    @Test
    void aSecretFileHoldsASecretAndItsLastLineBreakIsNone() throws IOException {
        String option = "password { secret-file = \"%s\" }".formatted(secret("hunter2\n", "rw-------"));
        assertThat(option(read(jdbc(option), Map.of()), "password")).isEqualTo("hunter2");
        secret("two\nlines\r\n", "r--r-----");
        assertThat(option(read(jdbc(option), Map.of()), "password")).isEqualTo("two\nlines");

        secret("https://hooks.slack.com/services/T0/B0/hunter2", "rw-------");
        assertThat(read(
                                jdbc("x = y")
                                        + "flagcast.alerts.receivers.team { type = slack, url { secret-file = ${HERE}\"/secret\" } }",
                                Map.of("HERE", folder.toString()))
                        .alerts()
                        .receivers())
                .contains(new Receiver.Slack(
                        "team",
                        java.util.Set.of(io.flagcast.rules.Action.Alert.Severity.values()),
                        Address.of("https://hooks.slack.com/services/T0/B0/hunter2")));
        secret("jdbc:x://h?password=hunter2", "rw-------");
        assertThat(option(read(jdbc("url.secret-file = \"%s\"".formatted(folder.resolve("secret"))), Map.of()), "url"))
                .isEqualTo("jdbc:x://h?password=hunter2");
    }

    @Test
    void aSecretFileThatCannotBeUsedIsRefused() throws IOException {
        Path file = folder.resolve("secret");
        String conf = jdbc("password { secret-file = \"%s\" }".formatted(file));
        String place = folder + "/flagcast.conf: 1: flagcast.sources.users.options.password: ";

        assertThat(refused(conf))
                .isEqualTo(place + "there is no file " + file + ": correct the path, or write the secret there");
        secret("\n", "rw-------");
        assertThat(refused(conf)).isEqualTo(place + file + " is empty: write the secret there");
        secret("hunter2" + "x".repeat(70_000), "rw-------");
        assertThat(refused(conf)).isEqualTo(place + file + " has more than 65,536 bytes: is this the right file?");
        Files.write(secret("", "rw-------"), "é".getBytes(StandardCharsets.ISO_8859_1));
        assertThat(refused(conf)).isEqualTo(place + file + " is not UTF-8 text: write the secret as text");
    }

    /** A temporary folder is its owner's alone: what is in it is not to be had by everybody until he opens it. */
    @Test
    void aSecretFileThatEverybodyCanReadIsRefused() throws IOException {
        Path file = secret("hunter2", "rw-r--r--");
        String conf = jdbc("password { secret-file = \"%s\" }".formatted(file));

        Files.setPosixFilePermissions(folder, fromString("rwx------"));
        assertThat(option(read(conf, Map.of()), "password")).isEqualTo("hunter2");
        Files.setPosixFilePermissions(folder, fromString("rwx--x--x"));
        assertThat(refused(conf))
                .endsWith(
                        file
                                + " can be read by every user of the machine: chmod o-r (of a Kubernetes secret defaultMode: 0440)");
        secret("hunter2", "rw-r-----");
        assertThat(option(read(conf, Map.of()), "password")).isEqualTo("hunter2");
    }

    @Test
    void onlyASecretIsReadFromASecretFile() throws IOException {
        Path file = secret("7", "rw-------");

        assertThat(refused(jdbc("x = y") + "flagcast.training.seed { secret-file = \"%s\" }".formatted(file)))
                .contains(
                        "flagcast.training.seed: it is no secret, which alone a secret-file may hold: write the value, or ${NAME}");
        assertThat(refused(jdbc("password { secret-file = \"%s\", x = y }".formatted(file))))
                .contains(
                        "flagcast.sources.users.options.password: secret-file stands alone in its group: take the rest out");
    }

    /** What the sources need may be absent where only the lake is looked at. */
    @Test
    void whoLooksAtTheLakeNeedsNoSecretFileYetMayWriteNoSecret() throws IOException {
        Path file = Files.writeString(
                folder.resolve("flagcast.conf"), jdbc("password { secret-file = nowhere }, url = ${URL}"));
        assertThat(SettingsReader.readLake(Optional.of(file), List.of(), Map.of())
                        .root())
                .isEqualTo("lake");

        Files.writeString(file, jdbc("password = hunter2, url = ${URL}"));
        assertThatThrownBy(() -> SettingsReader.readLake(Optional.of(file), List.of(), Map.of()))
                .hasMessageContaining("options.password is a secret")
                .hasMessageNotContaining("hunter2");
    }

    @Test
    void noSecretIsPartOfAHashOrOfATextOfTheSettings() throws IOException {
        String conf = jdbc("password = ${PW}, url = \"jdbc:x://h/db?user=a&password=\"${PW}")
                + "flagcast.alerts.receivers.team { type = slack, url = \"https://hooks.example/\"${PW} }";
        Settings one = read(conf, Map.of("PW", "hunter2"));
        Settings other = read(conf, Map.of("PW", "hunter3"));

        assertThat(other.hash()).isEqualTo(one.hash());
        assertThat(other.mappings()).isEqualTo(one.mappings());
        assertThat(one.mappings().toString())
                .contains("jdbc:x://h/db?user=a&password=…", "password=…")
                .doesNotContain("hunter2");
        assertThat(one.toString()).doesNotContain("hunter2");
        assertThat(read(conf.replace("/db", "/db2"), Map.of("PW", "hunter2")).hash())
                .isNotEqualTo(one.hash());

        Path file = secret("hunter2", "rw-------");
        String ofFile = conf.replaceFirst("password = \\$\\{PW}", "password.secret-file = \"%s\"".formatted(file));
        assertThat(read(ofFile, Map.of("PW", "hunter2")).hash()).isEqualTo(one.hash());
    }
}
