package io.flagcast.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigResolveOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.settings.Components.Component;
import io.flagcast.settings.hocon.Layers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every key of {@code reference.conf}, those of its commented examples too, has a component that it sets and a value that
 * is refused, and every component has a key.
 */
class SettingsMappingTest {

    private static final Map<String, String> ENVIRONMENT = Map.of("SLACK_WEBHOOK", "https://hooks.example");

    /** Groups whose keys are not ours. */
    private static final Set<String> MAPS = Set.of("sources.users.options", "sources.users.columns");

    /** What the name of a group says. */
    private static final Set<String> NAMES =
            Set.of("Usage.features", "ResponseDefinition.featureId", "Family.pattern", "Receiver.name");

    /** What is made of all settings. */
    private static final String DERIVED = "Settings.hash";

    /** A comment that is configuration: a key with its value, or the end of a group. */
    private static final Pattern EXAMPLE =
            Pattern.compile("(?m)^( *)# ( *(?:(?:[a-z_][a-z0-9_-]*|\"[^\"]+\") [={].*|})$)");

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void examplesAreSettings() throws IOException {
        file = Files.writeString(folder.resolve("flagcast.conf"), examplesAlone());
    }

    private static String examplesAlone() throws IOException {
        Config examples = examples();
        return Stream.of("sources", "features", "alerts.receivers")
                .map(group -> examples.withOnlyPath(Layers.ROOT + "." + group))
                .reduce(ConfigFactory.empty(), Config::withFallback)
                .root()
                .render(ConfigRenderOptions.concise());
    }

    /** The defaults together with their commented examples. */
    private static Config examples() throws IOException {
        try (InputStream reference = Objects.requireNonNull(
                SettingsMappingTest.class.getClassLoader().getResourceAsStream("reference.conf"))) {
            String text = new String(reference.readAllBytes(), StandardCharsets.UTF_8);
            String uncommented = EXAMPLE.matcher(text).replaceAll("$1$2");
            return ConfigFactory.parseString(uncommented)
                    .withFallback(ConfigFactory.parseMap(ENVIRONMENT))
                    .resolve(ConfigResolveOptions.noSystem());
        }
    }

    private Settings read(List<String> overrides) {
        return SettingsReader.read(
                Optional.of(file),
                overrides.stream().map(override -> "flagcast." + override).toList(),
                Map.of("PSEUDONYM_KEY", "a key that is long enough", "SHORT_KEY", "short"));
    }

    private static List<SettingCase> cases() {
        return SettingCases.all();
    }

    private static List<SettingCase> changing() {
        return cases().stream().filter(setting -> !setting.sets().isEmpty()).toList();
    }

    @ParameterizedTest
    @MethodSource("changing")
    void aSettingChangesItsComponentAndNoOther(SettingCase setting) {
        Settings before = read(List.of());
        Settings after = read(setting.sets());

        assertThat(changed(before, after))
                .isNotEmpty()
                .allMatch(path -> path.equals(setting.component()) || path.startsWith(setting.component() + "."));
        assertThat(after.hash().equals(before.hash()))
                .as("is no part of what is computed")
                .isEqualTo(setting.key().equals("lake.root") || setting.key().matches("(alerts|lineage)\\..*"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void aWrongValueIsRefusedByItsKey(SettingCase setting) {
        assertThatThrownBy(() -> read(List.of(setting.key() + " = null", setting.key() + " = " + setting.wrong())))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("flagcast." + setting.key())
                .hasMessageContaining(setting.refusal())
                .extracting(error -> ((Refusal) error).exitCode())
                .isEqualTo(ExitCode.CONFIGURATION);
    }

    @Test
    void everyKeyHasACaseAndEveryCaseAKey() throws IOException {
        assertThat(cases().stream().map(SettingCase::key))
                .doesNotHaveDuplicates()
                .containsExactlyInAnyOrderElementsOf(keys("", examples().getObject(Layers.ROOT)));
    }

    private static List<String> keys(String prefix, ConfigObject group) {
        List<String> keys = new ArrayList<>();
        for (Map.Entry<String, ConfigValue> entry : group.entrySet()) {
            String key = prefix + ConfigUtil.joinPath(entry.getKey());
            if (entry.getValue() instanceof ConfigObject inner && !MAPS.contains(key)) {
                keys.addAll(keys(key + ".", inner));
            } else {
                keys.add(key);
            }
        }
        return keys;
    }

    @Test
    void everyComponentIsSetByACase() {
        Settings before = read(List.of());
        Set<String> set = new TreeSet<>(NAMES);
        set.add(DERIVED);
        for (SettingCase setting : changing()) {
            Settings after = read(setting.sets());
            Set<String> changed = changed(before, after);
            Stream.of(before, after)
                    .map(Components::of)
                    .flatMap(components -> components.entrySet().stream())
                    .filter(entry -> changed.contains(entry.getKey()))
                    .forEach(entry -> set.add(entry.getValue().declared()));
        }

        assertThat(set).containsExactlyInAnyOrderElementsOf(Components.declared(Settings.class));
    }

    @Test
    void aNameIsWhatTheGroupIsCalled() throws IOException {
        Settings before = read(List.of());
        Files.writeString(
                file, examplesAlone().replace("checkout_v2", "renamed").replace("team", "renamed"));
        Settings after = read(List.of());

        assertThat(named(before))
                .contains("[checkout_v2]", "checkout_v2", "team")
                .doesNotContain("renamed");
        assertThat(named(after)).contains("[renamed]", "renamed").doesNotContain("checkout_v2", "team");
    }

    private static Set<String> named(Settings settings) {
        return Components.of(settings).values().stream()
                .filter(component -> NAMES.contains(component.declared()))
                .map(component -> String.valueOf(component.value()))
                .collect(Collectors.toSet());
    }

    /** Paths of the components that differ, or that only one has. */
    private static Set<String> changed(Settings before, Settings after) {
        Map<String, Component> old = Components.of(before);
        Map<String, Component> fresh = Components.of(after);
        Set<String> changed = new TreeSet<>(old.keySet());
        changed.addAll(fresh.keySet());
        changed.removeIf(path -> Objects.equals(old.get(path), fresh.get(path)));
        changed.remove("hash");
        return changed;
    }
}
