package io.flagcast.settings;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.settings.hocon.ConfFile;
import io.flagcast.settings.hocon.Variables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EffectiveSettingTest {

    @TempDir
    private Path folder;

    private Map<String, EffectiveSetting> settings(String text) throws IOException {
        Path file = Files.writeString(folder.resolve("flagcast.conf"), text);
        return EffectiveSetting.of(
                        Optional.of(ConfFile.of(file)),
                        List.of("flagcast.lake.keep-publications=7"),
                        new Variables(
                                Map.of(
                                        "DATA", "/data",
                                        "KEY", "sixteen characters",
                                        "CONFIG_FORCE_flagcast_lake_holdout", "0.02"),
                                Map.of("flagcast.training.folds", "4")))
                .stream()
                .collect(Collectors.toMap(EffectiveSetting::key, Function.identity()));
    }

    @Test
    void eachSettingNamesWhoSaysIt() throws IOException {
        Map<String, EffectiveSetting> settings = settings("""
                flagcast {
                  lake.root = "lakes/a"
                  usage.window = 28d
                  sources.users { format = csv, path = ${DATA}"/users.csv" }
                }
                """);

        String file = folder.resolve("flagcast.conf").toString();
        assertThat(settings.get("flagcast.lake.root"))
                .isEqualTo(new EffectiveSetting("flagcast.lake.root", "\"lakes/a\"", file + ": 2", true));
        // Said again, but no other than the default.
        assertThat(settings.get("flagcast.usage.window"))
                .isEqualTo(new EffectiveSetting("flagcast.usage.window", "\"28d\"", file + ": 3", false));
        assertThat(settings.get("flagcast.training.seed"))
                .isEqualTo(new EffectiveSetting("flagcast.training.seed", "42", "default", false));
        assertThat(settings.get("flagcast.lake.keep-publications").origin()).isEqualTo("--set");
        assertThat(settings.get("flagcast.lake.holdout").origin()).isEqualTo("environment");
        assertThat(settings.get("flagcast.training.folds").origin()).isEqualTo("-Dflagcast.training.folds");
        assertThat(settings.get("flagcast.sources.users.path").value()).isEqualTo("\"/data/users.csv\"");
        assertThat(settings.get("flagcast.sources.users.path").origin()).isEqualTo("environment and " + file + ": 4");
    }

    @Test
    void noSecretIsShown() throws IOException {
        assertThat(settings("""
                flagcast {
                  users.pseudonym-key = ${KEY}
                  sources.users { format = jdbc, options { url = "jdbc:postgresql://db/crm", password = ${KEY} } }
                }
                """).values())
                .extracting(EffectiveSetting::toString)
                .noneMatch(text -> text.contains("sixteen"));
    }
}
