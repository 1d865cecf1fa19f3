package io.flagcast.settings.hocon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.settings.Settings;
import io.flagcast.settings.SettingsReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EnvironmentTest {

    private static final String USERS = "flagcast.sources.users { format = csv, path = users.csv }\n";

    @TempDir
    private Path folder;

    private Settings read(String text, Map<String, String> environment, String... overrides) throws IOException {
        Path file = Files.writeString(folder.resolve("flagcast.conf"), text);
        return SettingsReader.read(Optional.of(file), List.of(overrides), environment);
    }

    @Test
    void oneUnderscoreIsADotTwoAreAHyphenAndThreeAnUnderscore() {
        assertThat(Environment.overrides(Map.of(
                        "CONFIG_FORCE_flagcast_lake_keep__publications", "7",
                        "CONFIG_FORCE_flagcast_features_checkout___v2_within", "2d",
                        "CONFIG_FORCED_a", "not one",
                        "PATH", "/bin")))
                .isEqualTo(ConfigFactory.parseString(
                        "flagcast { lake.keep-publications = \"7\", features.checkout_v2.within = 2d }"));
    }

    @Test
    void moreUnderscoresThanThreeAreRefused() {
        assertThatThrownBy(() -> Environment.overrides(Map.of("CONFIG_FORCE_a____b", "1")))
                .isInstanceOf(ConfigException.BadPath.class)
                .hasMessageContaining("CONFIG_FORCE_a____b");
        assertThatThrownBy(() -> read(USERS, Map.of("CONFIG_FORCE_a____b", "1")))
                .isInstanceOf(Refusal.class)
                .extracting(error -> ((Refusal) error).exitCode())
                .isEqualTo(ExitCode.CONFIGURATION);
    }

    @Test
    void variablesAreReadAsTheLibraryReadsThoseOfTheProcess() {
        Map<String, String> process = System.getenv();

        assertThat(Environment.overrides(process)).isEqualTo(ConfigFactory.systemEnvironmentOverrides());
        assertThat(Environment.variables(process, "flagcast").root())
                .containsAllEntriesOf(ConfigFactory.systemEnvironment().root());
    }

    @Test
    void aVariableOverridesTheFileAndSetOverridesTheVariable() throws IOException {
        Map<String, String> environment = Map.of("CONFIG_FORCE_flagcast_training_folds", "7");

        assertThat(read(USERS + "flagcast.training.folds = 3", environment)
                        .training()
                        .model()
                        .folds())
                .isEqualTo(7);
        assertThat(read(USERS, environment, "flagcast.training.folds=4")
                        .training()
                        .model()
                        .folds())
                .isEqualTo(4);
    }

    @Test
    void aKeyThatAVariableNamesWronglyIsUnknown() {
        assertThatThrownBy(() -> read(USERS, Map.of("CONFIG_FORCE_flagcast_training_fold", "7")))
                .hasMessageContaining(
                        "env variables overrides: unknown key 'flagcast.training.fold': did you mean 'folds'?");
    }

    @Test
    void aSubstitutionIsAVariableWhereConfigurationDoesNotSayIt() throws IOException {
        Map<String, String> environment =
                Map.of("PLACE", "s3a://bucket", "base", "of the environment", "FIELDS_0", "age");
        Settings settings = read(USERS + """
                base = lake
                flagcast.lake.root = ${PLACE}"/"${base}
                flagcast.training.folds = ${?NONE}
                flagcast.users.predictors = ${FIELDS[]}
                """, environment);

        assertThat(settings.lake().root()).isEqualTo("s3a://bucket/lake");
        assertThat(settings.training().model().folds()).isEqualTo(5);
        assertThat(settings.predictors().attributes()).containsExactly("age");
    }

    @Test
    void aVariableInAnIncludedFileIsFoundToo() throws IOException {
        Files.writeString(folder.resolve("users.conf"), "users { format = csv, path = ${PLACE}\"/users.csv\" }");

        assertThat(read("flagcast.sources { include \"users.conf\" }", Map.of("PLACE", "data"))
                        .sources()
                        .values())
                .extracting(source -> source.path())
                .containsExactly("data/users.csv");
    }

    @Test
    void aVariableIsNoConfigurationByItsNameAlone() throws IOException {
        String hash = read(USERS, Map.of()).hash();

        assertThat(read(USERS, Map.of("flagcast", "x", "flagcast.lake.roof", "y", "lake", "z"))
                        .hash())
                .isEqualTo(hash);
    }
}
