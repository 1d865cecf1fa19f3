package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.training.Objective;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
        return SettingsReader.read(Optional.of(file), List.of(overrides));
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

    @Test
    void featuresAreReadWithTheirObjective() throws IOException {
        Settings settings =
                read(USERS + "flagcast.features { a { outcome = buy, within = 1d }, b { objective = collaborative } }");

        assertThat(settings.featuresWith(Objective.UPLIFT)).containsExactly("a");
        assertThat(settings.featuresWith(Objective.COLLABORATIVE)).containsExactly("b");
        assertThat(settings.responses()).hasSize(1);
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

        assertThat(SettingsReader.readLake(Optional.of(file), List.of()).root()).isEqualTo("here");
        assertThatThrownBy(() -> SettingsReader.read(Optional.of(file), List.of()))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("${NOT_SET_HERE}: set it in the configuration or export it");
    }
}
