package io.flagcast.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.delivery.Address;
import io.flagcast.delivery.DeliverySettings;
import io.flagcast.delivery.Receiver;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.rules.Action.Alert.Severity;
import io.flagcast.tables.Tables;
import io.flagcast.training.Objective;
import io.flagcast.training.usage.Family;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsReaderTest {

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("flagcast.conf");
    }

    private Settings read(String text, String... overrides) throws IOException {
        Files.writeString(file, text);
        return SettingsReader.read(Optional.of(file), List.of(overrides), Map.of());
    }

    private static final String USERS = "flagcast.sources.users { format = csv, path = users.csv }\n";

    @Test
    void theFileOverridesDefaultsAndSetOverridesTheFile() throws IOException {
        Settings settings =
                read(USERS + "flagcast.training.folds = 3\nflagcast.lake.holdout = 2%", "flagcast.training.folds=4");

        assertThat(settings.training().model().folds()).isEqualTo(4);
        assertThat(settings.lake().holdout()).isEqualTo(0.02);
        assertThat(settings.usage().window()).isEqualTo(Duration.ofDays(28));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            flagcast.lake.root=          | write key=value, as flagcast.lake.root=/lake
            flagcast.lake.root           | write key=value, as flagcast.lake.root=/lake
            =1                           | write key=value, as flagcast.lake.root=/lake
            ~~                           | write key=value, as flagcast.lake.root=/lake
            lake.root=/lake              | every key begins with flagcast, as flagcast.lake.root
            a b=1                        | every key begins with flagcast, as flagcast.lake.root
            flagcast..root=/lake         | 'flagcast..root' is no key; write it as flagcast.lake.root
            flagcast.lake.root=s3a://b/l | the value cannot be read: a text with : or // or the like stands in double quotes
            flagcast.lake.root=/a//b     | the value cannot be read: a text with : or // or the like stands in double quotes
            flagcast.lake.root=/a#b      | the value cannot be read: a text with : or // or the like stands in double quotes
            flagcast.lake.root="/lake    | the value cannot be read: a text with : or // or the like stands in double quotes
            flagcast.lake.root=/a, b=/c  | the value cannot be read: a text with : or // or the like stands in double quotes
            """)
    void aSettingOnTheCommandLineThatIsNoneIsRefusedInOurWords(String pair, String why) {
        assertThatThrownBy(() -> read(USERS, pair))
                .isInstanceOfSatisfying(
                        Refusal.class, refusal -> assertThat(refusal.exitCode()).isEqualTo(ExitCode.USAGE))
                .hasMessageStartingWith("--set " + pair + ": " + why);
    }

    @Test
    void aSettingOnTheCommandLineMayBeOneOfTheFilesOwnAWholeListOrALongerOne() throws IOException {
        assertThat(read("data = /a\n" + USERS + "flagcast.lake.root = ${data}/lake", "data=/b")
                        .lake()
                        .root())
                .isEqualTo("/b/lake");
        assertThat(read(USERS + "flagcast.lake.root = ${HERE}", "HERE=/c")
                        .lake()
                        .root())
                .isEqualTo("/c");
        assertThat(read(USERS, "flagcast.lake.root=\"s3a://b/lake\"").lake().root())
                .isEqualTo("s3a://b/lake");
        assertThat(read(USERS, "flagcast.users.predictors=[age]", "flagcast.users.predictors+=plan")
                        .predictors()
                        .attributes())
                .containsExactly("age", "plan");
    }

    @Test
    void featuresAreReadWithTheirObjective() throws IOException {
        Settings settings =
                read(USERS + "flagcast.features { a { outcome = buy, within = 1d }, b { objective = collaborative } }");

        assertThat(settings.featuresWith(Objective.UPLIFT)).containsExactly("a");
        assertThat(settings.featuresWith(Objective.COLLABORATIVE)).containsExactly("b");
        assertThat(settings.responses()).hasSize(1);
    }

    @Test
    void aPatternDeclaresAllFeaturesThatAreLikeItAndNothingCloserDeclares() throws IOException {
        Settings settings = read(USERS
                + "flagcast.features { \"*\" { objective = collaborative }, \"artist_*\".objective = collaborative,"
                + " \"*_live\" { objective = collaborative, min-users = 3, keep = 20 },"
                + " artist_9 { objective = collaborative } }");

        assertThat(settings.features()).containsOnlyKeys("artist_9");
        assertThat(settings.usage().features()).containsExactly("artist_9");
        assertThat(settings.families().get("artist_*")).isEqualTo(new Family("artist_*", 10, 10_000, Optional.empty()));
        assertThat(settings.families().get("*_live")).isEqualTo(new Family("*_live", 3, 10_000, Optional.of(20)));
        assertThat(settings.declaration("artist_9")).contains("artist_9");
        assertThat(settings.declaration("artist_90")).contains("artist_*");
        assertThat(settings.declaration("artist_9_live")).contains("artist_*");
        assertThat(settings.declaration("album_live")).contains("*_live");
        assertThat(settings.declaration("Ænima (live)\n")).contains("*");
        assertThat(settings.declaration("artist_*")).isEmpty();
        assertThat(settings.declarations()).containsExactly("*", "*_live", "artist_*", "artist_9");
    }

    @Test
    void aPatternIsOfUsageAloneAndOneFeatureHasNoSettingsOfPatterns() {
        assertThatThrownBy(
                        () -> read(
                                USERS
                                        + "flagcast.features { \"a*\" { outcome = buy, within = 1d }, b { objective = collaborative, keep = 3 } }"))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining(
                        "feature 'a*' is a pattern, as it has a *: say objective = collaborative, or name each feature that experiments teach")
                .hasMessageContaining(
                        "flagcast.features.b.keep: 'b' is one feature: a pattern, as \"b*\", may have it");
    }

    @Test
    void anUnknownKeyNamesItsPlaceAndTheNearestKey() {
        assertThatThrownBy(() -> read(USERS + "flagcast.training.fold = 3"))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("flagcast.conf: 2: unknown key 'flagcast.training.fold': did you mean 'folds'?")
                .extracting(error -> ((Refusal) error).exitCode())
                .isEqualTo(ExitCode.CONFIGURATION);
    }

    @Test
    void allProblemsAreReportedAtOnce() {
        assertThatThrownBy(() -> read("flagcast { lake.holdout = 120%, usage.window = soon, training.folds = 1 }"))
                .hasMessageContaining("flagcast.lake.holdout is '120%': it must be a rate from 0% to 100%")
                .hasMessageContaining("flagcast.usage.window is 'soon': it must be a duration above 0")
                .hasMessageContaining("flagcast.training.folds is 1: it must be 2 to 20")
                .hasMessageContaining("flagcast.sources names neither users nor events");
    }

    @Test
    void aProtectedAttributeIsNeverAPredictor() {
        assertThatThrownBy(() -> read(USERS + "flagcast.users { predictors = [age], protected = [age] }"))
                .hasMessageContaining("'age' is in both flagcast.users.predictors and flagcast.users.protected");
    }

    @Test
    void anUnsetVariableIsNamed() {
        assertThatThrownBy(() -> read("flagcast.lake.root = ${NO_SUCH_VARIABLE_SET}"))
                .hasMessageContaining("${NO_SUCH_VARIABLE_SET}")
                .hasMessageContaining("export it as an environment variable");
    }

    @Test
    void theHashDependsOnWhatIsComputedAndNotOnWhereTheLakeIs() throws IOException {
        String hash = read(USERS + "flagcast.lake.root = a").hash();

        assertThat(read(USERS + "flagcast.lake.root = b").hash()).isEqualTo(hash);
        assertThat(read(USERS + "flagcast.training.seed = 7").hash()).isNotEqualTo(hash);
    }

    @Test
    void aKeyThatStandsTwiceIsRefusedWithItsPlace() {
        assertThatThrownBy(() -> read(USERS + "flagcast.training.folds = 3\nflagcast { training { folds = 3 } }"))
                .isInstanceOf(Refusal.class)
                .hasMessageMatching(
                        ".*flagcast.conf: 3: key 'flagcast.training.folds' stands more than once: keep one");
        assertThatThrownBy(() -> read(USERS + "flagcast.training { seed = 1, folds = 3, seed = 2 }"))
                .hasMessageContaining("key 'flagcast.training.seed' stands more than once");
    }

    @Test
    void oneGroupMayBeWrittenInSeveralPlaces() throws IOException {
        Settings settings = read(USERS
                + "base = 2\nflagcast.training { seed = 1 }\nflagcast.training { folds = 1${base}, withhold = \"a\"${base}\".csv\" }\n"
                + "flagcast.users.predictors = [age, \"plan\"]\nflagcast.users { protected = [] }");

        assertThat(settings.training().model().folds()).isEqualTo(12);
        assertThat(settings.training().withhold()).contains("a2.csv");
    }

    @Test
    void whoOnlyLooksAtTheLakeNeedsNothingOfTheSources() throws IOException {
        Files.writeString(
                file,
                "flagcast { lake.root = here, sources.users { format = csv, path = ${NOT_SET_HERE}\"/u.csv\" } }");

        assertThat(SettingsReader.readLake(Optional.of(file), List.of(), Map.of())
                        .root())
                .isEqualTo("here");
        assertThatThrownBy(() -> SettingsReader.read(Optional.of(file), List.of(), Map.of()))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("${NOT_SET_HERE}: set it in the configuration or export it");
    }

    @Test
    void aLakeThatIsNowhereIsRefused() throws IOException {
        Files.writeString(file, "flagcast.lake.root = ${NOT_SET_HERE}");
        assertThatThrownBy(() -> SettingsReader.readLake(Optional.of(file), List.of(), Map.of()))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining(
                        "flagcast.lake refers to something that is set nowhere: set it in the configuration");

        Files.writeString(file, "flagcast.lake.root = null");
        assertThatThrownBy(() -> SettingsReader.readLake(Optional.of(file), List.of(), Map.of()))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("Configuration key 'flagcast.lake.root' is null");
    }

    @Test
    void anOptionByWhichSparkDropsRowsIsRefused() {
        for (String option : List.of(
                "mode = DROPMALFORMED", "IgnoreCorruptFiles = true", "ignoreMissingFiles = true", "versionAsOf = 3")) {
            String name = option.substring(0, option.indexOf(' '));
            assertThatThrownBy(() -> read(USERS + "flagcast.sources.users.options { %s }".formatted(option)))
                    .as(option)
                    .isInstanceOf(Refusal.class)
                    .hasMessageContaining("flagcast.sources.users.options." + name);
        }
        assertThatThrownBy(() -> read(
                        "flagcast.sources.users { format = delta, path = users, options { readChangeFeed = true } }"))
                .hasMessageContaining("its rows are changes: read the table");
    }

    /** A database, with these options. */
    private static String database(String options) {
        return "flagcast.sources.users { format = jdbc, options { url = \"jdbc:x:y\", %s } }\n".formatted(options);
    }

    @Test
    void whatIsWrongWithOptionsOfADatabaseIsSaidBeforeAnybodyAsksIt() {
        for (List<String> wrong : List.of(
                List.of(
                        "query = \"select 1\", partitionColumn = n, lowerBound = 0, upperBound = 9, numPartitions = 2",
                        "flagcast.sources.users.options.query is 'select 1': no query is read in parts: write it as dbtable ="),
                List.of(
                        "dbtable = t, partitionColumn = n, numPartitions = 2",
                        "flagcast.sources.users.options: to be read in parts it needs partitionColumn, lowerBound, upperBound and"),
                List.of("dbtable = t, NUMPARTITIONS = 2", "without all of them it is read in one"),
                List.of(
                        "dbtable = t, partitionColumn = n, lowerBound = a, upperBound = 9, numPartitions = 2",
                        "flagcast.sources.users.options.lowerBound is 'a': it must be a whole number, a date or a time"),
                List.of(
                        "dbtable = t, fetchSize = many",
                        "flagcast.sources.users.options.fetchSize is 'many': it must be a whole number"))) {
            assertThatThrownBy(() -> read(database(wrong.get(0))))
                    .as(wrong.get(0))
                    .isInstanceOf(Refusal.class)
                    .hasMessageContaining(wrong.get(1));
        }
    }

    @Test
    void aDatabaseHasNoPathAndFilesWithTypesHaveNoOthers() throws IOException {
        Settings settings = read(
                database("dbtable = t, partitionColumn = d, lowerBound = 2026-01-01, upperBound = 2026-03-01,"
                        + " numPartitions = 2, fetchsize = -2147483648"),
                "flagcast.sources.users.path=users.csv");
        assertThat(settings.sources().get(Tables.USERS).path()).isEmpty();
        assertThat(settings.sources().get(Tables.USERS).origin()).isEqualTo("jdbc t");

        assertThatThrownBy(() -> read("flagcast.sources.users { format = parquet, path = u, schema = \"age DOUBLE\" }"))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining(
                        "flagcast.sources.users.schema is 'age DOUBLE': parquet has types: convert a column by"
                                + " columns { age = \"try_cast(age AS DOUBLE)\" }");
    }

    @Test
    void aColumnThatIsAnotherInEveryRunIsRefused() {
        for (String expression : List.of("uuid()", "concat('u', monotonically_increasing_id())", "current_date()")) {
            assertThatThrownBy(
                            () -> read(USERS + "flagcast.sources.users.columns.joined = \"%s\"".formatted(expression)))
                    .as(expression)
                    .isInstanceOf(Refusal.class)
                    .hasMessageContaining("flagcast.sources.users.columns.joined is '" + expression + "': it calls ")
                    .hasMessageContaining("an answer must be the same on every machine and day");
        }
        assertThatThrownBy(() -> read(USERS + "flagcast.sources.users.columns.day = \"input_file_name()\""))
                .hasMessageContaining("; the file of a row is its column _file");
    }

    @Test
    void aFeatureHasAnIdOfAtMost200Characters() {
        assertThatThrownBy(() -> read(USERS
                        + "flagcast.features { \"%s\" { objective = collaborative } }".formatted("x".repeat(10_000))))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("has 10,000 characters: from 1 to 200 are a feature_id")
                .satisfies(refusal -> assertThat(refusal.getMessage()).hasSizeLessThan(500));
    }

    @Test
    void anOptionOfASourceIsOneValueAsItIsWritten() throws IOException {
        Settings settings = read(USERS + "flagcast.sources.users.options { sep = \"\\t\" }");
        assertThat(settings.sources().get(Tables.USERS).options()).containsEntry("sep", "\t");
        assertThatThrownBy(() -> read(USERS + "flagcast.sources.users.options { timestamp.format = x }"))
                .hasMessageContaining(
                        "flagcast.sources.users.options.timestamp is '{\"format\":\"x\"}': it must be one value");
    }

    @Test
    void receiversAreReadByTheirTypeAndTheLogIsTheDefault() throws IOException {
        assertThat(read(USERS).alerts().receivers())
                .containsExactly(new Receiver.Log("log", Set.of(Severity.values())));

        DeliverySettings alerts = read(USERS + """
                flagcast.alerts {
                  receivers {
                    log = null
                    team { type = slack, url = "http://hooks.example/T0", severities = [critical] }
                    oncall { type = alertmanager, url = "http://am:9093" }
                    metrics { type = textfile, path = "out/flagcast.prom" }
                  }
                  budget = 20s
                }
                """).alerts();
        assertThat(alerts.receivers())
                .containsExactly(
                        new Receiver.Textfile("metrics", Set.of(Severity.values()), Path.of("out/flagcast.prom")),
                        new Receiver.Alertmanager(
                                "oncall", Set.of(Severity.values()), Address.of("http://am:9093"), Duration.ofDays(2)),
                        new Receiver.Slack("team", Set.of(Severity.CRITICAL), Address.of("http://hooks.example/T0")));
        assertThat(alerts.budget()).isEqualTo(Duration.ofSeconds(20));
    }

    @Test
    void aWrongReceiverNamesItsPlaceAndNeverItsAddress() {
        assertThatThrownBy(() -> read(USERS + """
                        flagcast.alerts {
                          receivers {
                            a { type = slak }
                            b { url = "https://hooks.example/T0" }
                            c { type = slack, url = "hooks.example/secret" }
                            d { type = slack }
                            e { type = textfile, path = out.txt }
                            f { type = log, severities = [loud] }
                            g { type = slack, url = "http://hooks.example/T0", adress = x }
                          }
                          retries = 11
                          timeout = 5
                        }
                        """))
                .hasMessageContaining(
                        "4: flagcast.alerts.receivers.a.type is 'slak': it must be one of alertmanager, log,"
                                + " slack, textfile, webhook; did you mean 'slack'?")
                .hasMessageContaining("5: flagcast.alerts.receivers.b needs a type, one of alertmanager, log,")
                .hasMessageContaining("6: flagcast.alerts.receivers.c.url: it must be an address, as https://host/path")
                .hasMessageContaining("7: flagcast.alerts.receivers.d of type slack needs a url")
                .hasMessageContaining("path 'out.txt': node exporter reads files *.prom only")
                .hasMessageContaining(
                        "9: flagcast.alerts.receivers.f.severities is 'loud': it must be a list of some of"
                                + " info, warning, critical")
                .hasMessageContaining("10: unknown key 'flagcast.alerts.receivers.g.adress'")
                .hasMessageContaining("flagcast.alerts.retries is 11: it must be 0 to 10")
                .hasMessageContaining("flagcast.alerts.timeout is '5': it must be a number of seconds above 0, as 30s")
                .hasMessageNotContaining("secret");
    }

    @Test
    void whoIsToldIsNoPartOfWhatIsComputed() throws IOException {
        assertThat(read(USERS + "flagcast.alerts.retries = 5").hash())
                .isEqualTo(read(USERS).hash());
    }
}
