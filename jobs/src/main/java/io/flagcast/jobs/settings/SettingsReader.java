package io.flagcast.jobs.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigResolveOptions;
import com.typesafe.config.ConfigSyntax;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import io.flagcast.delivery.Address;
import io.flagcast.delivery.DeliverySettings;
import io.flagcast.delivery.Receiver;
import io.flagcast.experiments.document.Nearest;
import io.flagcast.features.Predictors;
import io.flagcast.features.ResponseDefinition;
import io.flagcast.features.Usage;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.SourceSettings;
import io.flagcast.rules.Action.Alert.Severity;
import io.flagcast.simulation.SimulationSettings;
import io.flagcast.statistics.Metric;
import io.flagcast.tables.ContentHash;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import io.flagcast.training.Objective;
import io.flagcast.training.learners.Learner;
import io.flagcast.training.learners.TrainingSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Reads HOCON into {@link Settings}: {@code reference.conf} < file < environment < {@code --set}. */
public final class SettingsReader {

    private static final String ROOT = "flagcast";
    private static final List<String> SOURCE_KEYS = List.of("format", "path", "options", "schema", "columns");
    private static final Map<String, List<String>> RECEIVER_KEYS = Map.of(
            "alertmanager", List.of("type", "severities", "url", "hold-for"),
            "slack", List.of("type", "severities", "url"),
            "webhook", List.of("type", "severities", "url"),
            "textfile", List.of("type", "severities", "path"),
            "log", List.of("type", "severities"));
    private static final List<String> FEATURE_KEYS = List.of("objective", "outcome", "within", "kind");

    private final Config config;
    private final List<String> problems = new ArrayList<>();

    private SettingsReader(Config config) {
        this.config = config;
    }

    /**
     * Reads and checks everything.
     *
     * @param file configuration file, where one is given
     * @param overrides {@code key=value} pairs
     * @throws Refusal with all problems at once, one a line
     */
    public static Settings read(Optional<Path> file, List<String> overrides) {
        SettingsReader reader = new SettingsReader(resolve(file, overrides, ConfigResolveOptions.defaults()));
        try {
            reader.requireKnownKeys();
            Settings settings = reader.settings();
            reader.requireNoProblems();
            return settings;
        } catch (ConfigException e) {
            // A value where a group belongs, a group where a value belongs, or null.
            throw new Refusal(ExitCode.CONFIGURATION, e.getMessage() + ": see reference.conf", e);
        }
    }

    /**
     * Reads only where the lake is, for commands that look at it: what the sources need, as an environment variable, may
     * be absent.
     */
    public static Settings.LakeSettings readLake(Optional<Path> file, List<String> overrides) {
        SettingsReader reader = new SettingsReader(
                resolve(file, overrides, ConfigResolveOptions.defaults().setAllowUnresolved(true)));
        Settings.LakeSettings lake = reader.lake();
        reader.requireNoProblems();
        return lake;
    }

    private void requireNoProblems() {
        if (!problems.isEmpty()) {
            throw new Refusal(ExitCode.CONFIGURATION, String.join("\n", problems));
        }
    }

    private static Config resolve(Optional<Path> file, List<String> overrides, ConfigResolveOptions how) {
        try {
            Config declared = ConfigFactory.empty();
            Path folder = Path.of("conf");
            if (file.isPresent()) {
                if (!Files.isRegularFile(file.get())) {
                    throw new Refusal(ExitCode.CONFIGURATION, "--conf " + file.get() + ": there is no such file");
                }
                declared = ConfigFactory.parseFile(file.get().toFile());
                RepeatedKeys.refuse(file.get(), declared);
                folder = Optional.ofNullable(file.get().toAbsolutePath().getParent())
                        .orElse(folder);
            }
            Config set = ConfigFactory.empty();
            for (String pair : overrides) {
                if (!pair.contains("=")) {
                    throw new Refusal(ExitCode.USAGE, "--set " + pair + ": write key=value");
                }
                set = ConfigFactory.parseString(
                                pair,
                                ConfigParseOptions.defaults()
                                        .setSyntax(ConfigSyntax.CONF)
                                        .setOriginDescription("--set " + pair))
                        .withFallback(set);
            }
            Config place = ConfigFactory.parseMap(Map.of("flagcast.conf-dir", folder.toString()));
            return set.withFallback(ConfigFactory.systemEnvironmentOverrides())
                    .withFallback(declared)
                    .withFallback(place)
                    .withFallback(ConfigFactory.parseResources(SettingsReader.class.getClassLoader(), "reference.conf"))
                    .resolve(how);
        } catch (ConfigException.UnresolvedSubstitution e) {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    e.getMessage() + ": set it in the configuration or export it as an environment variable",
                    e);
        } catch (ConfigException e) {
            throw new Refusal(ExitCode.CONFIGURATION, e.getMessage(), e);
        }
    }

    /** Every key under flagcast is one of reference.conf, but where configuration names things of its own. */
    private void requireKnownKeys() {
        Config reference = ConfigFactory.parseResources(SettingsReader.class.getClassLoader(), "reference.conf")
                .resolve();
        List<String> tables =
                Tables.of(Table.Kind.INPUT).stream().map(Table::name).toList();
        ConfigObject root = config.getObject(ROOT);
        requireKnown("", root, reference.getObject(ROOT));
        for (String table : List.copyOf(root.toConfig().getObject("sources").keySet())) {
            ConfigValue source = root.toConfig().getObject("sources").get(table);
            requireOneOf("sources.", table, source, tables);
            if (source instanceof ConfigObject object) {
                object.forEach((key, value) -> requireOneOf("sources." + table + ".", key, value, SOURCE_KEYS));
            }
        }
        root.toConfig().getObject("features").forEach((feature, value) -> {
            if (value instanceof ConfigObject object) {
                object.forEach((key, inner) -> requireOneOf("features." + feature + ".", key, inner, FEATURE_KEYS));
            }
        });
        root.toConfig().getObject("alerts.receivers").forEach((name, value) -> {
            if (value instanceof ConfigObject object && object.get("type") != null) {
                List<String> known = RECEIVER_KEYS.getOrDefault(
                        String.valueOf(object.get("type").unwrapped()), List.copyOf(object.keySet()));
                object.forEach((key, inner) -> requireOneOf("alerts.receivers." + name + ".", key, inner, known));
            }
        });
    }

    private void requireKnown(String prefix, ConfigObject actual, ConfigObject reference) {
        List<String> known = new ArrayList<>(reference.keySet());
        if (prefix.isEmpty()) {
            known.add("conf-dir");
        }
        actual.forEach((key, value) -> {
            requireOneOf(prefix, key, value, known);
            boolean ownNames =
                    List.of("sources", "features", "alerts.receivers").contains(prefix + key);
            if (!ownNames && value instanceof ConfigObject object && reference.get(key) instanceof ConfigObject inner) {
                requireKnown(prefix + key + ".", object, inner);
            }
        });
    }

    private void requireOneOf(String prefix, String key, ConfigValue value, List<String> known) {
        if (!known.contains(key)) {
            String hint = Nearest.to(key, known)
                    .map(name -> "did you mean '" + name + "'?")
                    .orElse("known here: " + known);
            problems.add("%s: unknown key '%s.%s%s': %s".formatted(where(value), ROOT, prefix, key, hint));
        }
    }

    private static String where(ConfigValue value) {
        return value.origin().description();
    }

    private Settings settings() {
        return new Settings(
                lake(),
                string("experiments"),
                sources(),
                checked(
                        () -> new Predictors(strings("users.predictors"), strings("users.protected")),
                        new Predictors(List.of(), List.of())),
                checked(
                        () -> new Usage(featureIds(), duration("usage.window"), durationOrZero("usage.half-life")),
                        null),
                features(),
                training(),
                rate("quality.max-quarantined"),
                duration("quality.stale-after"),
                duration("quality.publish-every"),
                alerts(),
                checked(
                        () -> new SimulationSettings(
                                string("simulation.root"),
                                integer("simulation.seed"),
                                integer("simulation.users"),
                                instant("simulation.start"),
                                integer("simulation.days"),
                                rate("simulation.daily-visitors"),
                                integer("simulation.drop-on-day")),
                        null),
                hash());
    }

    private Settings.LakeSettings lake() {
        return checked(
                () -> new Settings.LakeSettings(
                        string("lake.root"),
                        rate("lake.holdout"),
                        string("lake.holdout-salt"),
                        integer("lake.keep-publications")),
                null);
    }

    private <T> T checked(Supplier<T> value, T otherwise) {
        try {
            return value.get();
        } catch (IllegalArgumentException e) {
            problems.add(e.getMessage());
            return otherwise;
        }
    }

    private List<String> featureIds() {
        List<String> ids = new ArrayList<>(new TreeMap<>(config.getObject(ROOT + ".features")).keySet());
        for (String id : ids) {
            if (!id.matches("[a-z][a-z0-9_]*")) {
                problems.add("%s: feature '%s' is not snake_case: it names columns"
                        .formatted(where(config.getObject(ROOT + ".features").get(id)), id));
            }
        }
        return ids;
    }

    private Map<String, Settings.Feature> features() {
        Map<String, Settings.Feature> features = new LinkedHashMap<>();
        for (String id : new TreeMap<>(config.getObject(ROOT + ".features")).keySet()) {
            String path = "features." + ConfigUtil.joinPath(id);
            Objective objective =
                    has(path + ".objective") ? oneOf(path + ".objective", Objective.values()) : Objective.UPLIFT;
            Optional<ResponseDefinition> response = Optional.empty();
            if (objective != Objective.COLLABORATIVE) {
                if (!has(path + ".outcome") || !has(path + ".within")) {
                    problems.add("%s: feature '%s' needs outcome and within, as outcome = purchase, within = 1d"
                            .formatted(where(config.getValue(ROOT + "." + path)), id));
                    continue;
                }
                response = Optional.ofNullable(checked(
                        () -> new ResponseDefinition(
                                id,
                                has(path + ".kind")
                                        ? oneOf(path + ".kind", Metric.Kind.values())
                                        : Metric.Kind.PROPORTION,
                                string(path + ".outcome"),
                                duration(path + ".within")),
                        null));
            }
            features.put(id, new Settings.Feature(objective, response));
        }
        return features;
    }

    private <T extends Enum<T>> T oneOf(String path, T[] values) {
        String text = string(path);
        for (T value : values) {
            if (value.name().toLowerCase(Locale.ROOT).equals(text)) {
                return value;
            }
        }
        String known = Arrays.stream(values)
                .map(value -> value.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
        problem(path, text, "it must be one of " + known);
        return values[0];
    }

    private Map<Table, SourceSettings> sources() {
        Map<Table, SourceSettings> sources = new LinkedHashMap<>();
        for (Table table : Tables.of(Table.Kind.INPUT)) {
            String path = "sources." + table.name();
            if (!has(path)) {
                continue;
            }
            if (!has(path + ".format")) {
                problems.add("%s: flagcast.%s needs a format, as csv, parquet or delta"
                        .formatted(where(config.getValue(ROOT + "." + path)), path));
                continue;
            }
            SourceSettings source = checked(
                    () -> new SourceSettings(
                            string(path + ".format"),
                            has(path + ".path") ? string(path + ".path") : "",
                            stringMap(path + ".options"),
                            has(path + ".schema") ? string(path + ".schema") : "",
                            stringMap(path + ".columns")),
                    null);
            if (source != null) {
                sources.put(table, source);
            }
        }
        if (!sources.containsKey(Tables.USERS) && !sources.containsKey(Tables.EVENTS)) {
            problems.add("flagcast.sources names neither users nor events: one of them says who the users are");
        }
        return sources;
    }

    private DeliverySettings alerts() {
        return checked(
                () -> new DeliverySettings(
                        receivers(),
                        seconds("alerts.timeout"),
                        integer("alerts.retries"),
                        seconds("alerts.backoff"),
                        seconds("alerts.budget")),
                null);
    }

    private List<Receiver> receivers() {
        List<Receiver> receivers = new ArrayList<>();
        for (String name : new TreeMap<>(config.getObject(ROOT + ".alerts.receivers")).keySet()) {
            String path = "alerts.receivers." + ConfigUtil.joinPath(name);
            if (has(path)) {
                receiver(name, path).ifPresent(receivers::add);
            }
        }
        return receivers;
    }

    private Optional<Receiver> receiver(String name, String path) {
        if (!has(path + ".type")) {
            problems.add("%s: flagcast.%s needs a type, one of %s"
                    .formatted(
                            where(config.getValue(ROOT + "." + path)),
                            path,
                            RECEIVER_KEYS.keySet().stream().sorted().collect(Collectors.joining(", "))));
            return Optional.empty();
        }
        String type = string(path + ".type");
        if (!RECEIVER_KEYS.containsKey(type)) {
            problem(
                    path + ".type",
                    type,
                    "it must be one of "
                            + RECEIVER_KEYS.keySet().stream().sorted().collect(Collectors.joining(", "))
                            + Nearest.to(type, RECEIVER_KEYS.keySet())
                                    .map(near -> "; did you mean '" + near + "'?")
                                    .orElse(""));
            return Optional.empty();
        }
        String place = type.equals("textfile") ? ".path" : ".url";
        if (!type.equals("log") && !has(path + place)) {
            problems.add("%s: flagcast.%s of type %s needs a%s"
                    .formatted(where(config.getValue(ROOT + "." + path)), path, type, place.replace(".", " ")));
            return Optional.empty();
        }
        Set<Severity> severities = severities(path + ".severities");
        return switch (type) {
            case "log" -> Optional.of(new Receiver.Log(name, severities));
            case "textfile" ->
                Optional.ofNullable(checked(
                        () -> new Receiver.Textfile(name, severities, Path.of(string(path + ".path"))), null));
            case "alertmanager" ->
                address(path + ".url")
                        .map(url -> new Receiver.Alertmanager(
                                name,
                                severities,
                                url,
                                has(path + ".hold-for") ? duration(path + ".hold-for") : Duration.ofDays(2)));
            case "slack" -> address(path + ".url").map(url -> new Receiver.Slack(name, severities, url));
            default -> address(path + ".url").map(url -> new Receiver.Webhook(name, severities, url));
        };
    }

    private Set<Severity> severities(String path) {
        if (!has(path)) {
            return Set.of(Severity.values());
        }
        Set<Severity> severities = new HashSet<>();
        List<String> known =
                Arrays.stream(Severity.values()).map(Severity::label).toList();
        for (String label : strings(path)) {
            if (known.contains(label)) {
                severities.add(Severity.valueOf(label.toUpperCase(Locale.ROOT)));
            } else {
                problem(path, label, "it must be a list of some of " + String.join(", ", known));
            }
        }
        return severities;
    }

    /** An address, which is often a secret: no message shows it. */
    private Optional<Address> address(String path) {
        try {
            return Optional.of(Address.of(string(path)));
        } catch (IllegalArgumentException e) {
            problems.add(
                    "%s: flagcast.%s: %s".formatted(where(config.getValue(ROOT + "." + path)), path, e.getMessage()));
            return Optional.empty();
        }
    }

    private Settings.Training training() {
        String withhold = string("training.withhold");
        return checked(
                () -> new Settings.Training(
                        new TrainingSettings(
                                integer("training.seed"),
                                integer("training.folds"),
                                learner("training.champion", string("training.champion")),
                                strings("training.challengers").stream()
                                        .map(name -> learner("training.challengers", name))
                                        .toList(),
                                number("training.regularisation"),
                                number("training.elastic-net"),
                                integer("training.min-users-per-arm"),
                                new TrainingSettings.Trees(
                                        integer("training.trees.iterations"),
                                        integer("training.trees.depth"),
                                        number("training.trees.step-size"),
                                        integer("training.trees.min-users-per-leaf")),
                                new TrainingSettings.Network(
                                        numbers("training.network.hidden", Integer::valueOf),
                                        integer("training.network.iterations")),
                                new TrainingSettings.Factors(
                                        integer("training.factors.rank"), integer("training.factors.items")),
                                new TrainingSettings.Collaborative(
                                        numbers("training.collaborative.rank", Integer::valueOf),
                                        numbers("training.collaborative.alpha", Double::valueOf),
                                        numbers("training.collaborative.regularisation", Double::valueOf),
                                        integer("training.collaborative.iterations"),
                                        integer("training.collaborative.blocks"))),
                        duration("training.retrain-every"),
                        withhold.isBlank() ? Optional.empty() : Optional.of(withhold)),
                null);
    }

    private Learner learner(String path, String name) {
        try {
            return Learner.parse(name);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("flagcast.%s: %s".formatted(path, e.getMessage()), e);
        }
    }

    /** One number or a list of them. */
    private <T> List<T> numbers(String path, Function<String, T> parse) {
        ConfigValue value = config.getValue(ROOT + "." + path);
        List<?> elements = value.unwrapped() instanceof List<?> list ? list : List.of(value.unwrapped());
        try {
            return elements.stream().map(String::valueOf).map(parse).toList();
        } catch (NumberFormatException e) {
            problem(path, value.render(ConfigRenderOptions.concise()), "it must be a number or a list of numbers");
            return List.of();
        }
    }

    private String hash() {
        // Where the lake is and who is told of alerts are no part of what a run computes.
        String text = config.getConfig(ROOT)
                .withoutPath("lake.root")
                .withoutPath("alerts")
                .withoutPath("conf-dir")
                .root()
                .render(ConfigRenderOptions.concise());
        return ContentHash.sha256(text);
    }

    private boolean has(String path) {
        return config.hasPath(ROOT + "." + path);
    }

    private <T> T read(String path, T otherwise, String expected, Function<String, T> parse) {
        ConfigValue value = config.getValue(ROOT + "." + path);
        if (value.valueType() == ConfigValueType.OBJECT || value.valueType() == ConfigValueType.LIST) {
            problem(path, value.render(ConfigRenderOptions.concise()), expected);
            return otherwise;
        }
        String text = String.valueOf(value.unwrapped());
        try {
            return parse.apply(text.strip());
        } catch (IllegalArgumentException | DateTimeException e) {
            problem(path, text, expected);
            return otherwise;
        }
    }

    private void problem(String path, String value, String expected) {
        problems.add("%s: flagcast.%s is '%s': %s"
                .formatted(where(config.getValue(ROOT + "." + path)), path, value, expected));
    }

    private String string(String path) {
        return read(path, "", "it must be one value", text -> text);
    }

    private int integer(String path) {
        return read(path, 0, "it must be a whole number", Integer::parseInt);
    }

    private double number(String path) {
        return read(path, 0.0, "it must be a finite number", text -> {
            double value = Double.parseDouble(text);
            if (!Double.isFinite(value)) {
                throw new IllegalArgumentException(text);
            }
            return value;
        });
    }

    private double rate(String path) {
        return read(path, 0.0, "it must be a rate from 0% to 100%, as 5% or 0.05", text -> {
            double value = text.endsWith("%")
                    ? Double.parseDouble(text.substring(0, text.length() - 1).strip()) / 100
                    : Double.parseDouble(text);
            if (!(value >= 0 && value <= 1)) {
                throw new IllegalArgumentException(text);
            }
            return value;
        });
    }

    private Duration duration(String path) {
        return read(
                path,
                Duration.ofDays(1),
                "it must be a duration above 0, as 1d, 12h or 30m",
                SettingsReader::parseDuration);
    }

    private Duration seconds(String path) {
        return read(path, Duration.ofSeconds(1), "it must be a number of seconds above 0, as 30s", text -> {
            if (!text.matches("[1-9][0-9]{0,3}s")) {
                throw new IllegalArgumentException(text);
            }
            return Duration.ofSeconds(Long.parseLong(text.substring(0, text.length() - 1)));
        });
    }

    private Duration durationOrZero(String path) {
        return config.getValue(ROOT + "." + path).unwrapped().equals(0) ? Duration.ZERO : duration(path);
    }

    /**
     * Days, hours or minutes, as 1d, 12h or 30m.
     *
     * @throws IllegalArgumentException where it is none, or not above 0
     */
    public static Duration parseDuration(String text) {
        if (!text.matches("[1-9][0-9]{0,5}[dhm]")) {
            throw new IllegalArgumentException(text);
        }
        long amount = Long.parseLong(text.substring(0, text.length() - 1));
        return switch (text.charAt(text.length() - 1)) {
            case 'd' -> Duration.ofDays(amount);
            case 'h' -> Duration.ofHours(amount);
            default -> Duration.ofMinutes(amount);
        };
    }

    private Instant instant(String path) {
        return read(
                path,
                Instant.EPOCH,
                "it must be a day or instant, as 2026-03-01 or 2026-03-01T00:00:00Z",
                SettingsReader::parseInstant);
    }

    /**
     * A day (its first instant, UTC) or an instant.
     *
     * @throws DateTimeException where it is neither
     */
    public static Instant parseInstant(String text) {
        return text.length() == 10
                ? LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant()
                : Instant.parse(text);
    }

    private List<String> strings(String path) {
        ConfigValue value = config.getValue(ROOT + "." + path);
        if (value.valueType() != ConfigValueType.LIST) {
            problem(path, value.render(ConfigRenderOptions.concise()), "it must be a list, as [age, plan]");
            return List.of();
        }
        return config.getStringList(ROOT + "." + path);
    }

    private Map<String, String> stringMap(String path) {
        Map<String, String> result = new LinkedHashMap<>();
        if (has(path)) {
            if (!(config.getValue(ROOT + "." + path) instanceof ConfigObject object)) {
                problem(path, config.getValue(ROOT + "." + path).render(), "it must be a group { key = value }");
                return result;
            }
            object.forEach((key, value) -> result.put(key, String.valueOf(value.unwrapped())));
        }
        return result;
    }
}
