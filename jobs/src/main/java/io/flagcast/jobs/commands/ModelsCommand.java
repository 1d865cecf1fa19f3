package io.flagcast.jobs.commands;

import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.printing.TextTable;
import io.flagcast.jobs.records.ModelRegistry;
import io.flagcast.jobs.records.ModelRegistry.Cause;
import io.flagcast.jobs.records.ModelRegistry.Entry;
import io.flagcast.jobs.records.ModelRegistry.Status;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Json;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import io.flagcast.tables.Tables;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Looks at trained models and changes which one is used. */
@Command(
        name = "models",
        mixinStandardHelpOptions = true,
        description = "Trained models: which are used, how good they are, and which shall be used.")
final class ModelsCommand implements Runnable {

    private final Clock clock;

    @Spec
    private CommandSpec spec;

    ModelsCommand(Clock clock) {
        this.clock = Objects.requireNonNull(clock, "clock");
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say what: models list, show, promote or rollback");
    }

    /** Works on the registry of the configured lake. */
    private static int on(ConfigurationOptions configuration, Function<ModelRegistry, ExitCode> work) {
        String root = configuration.lake().root();
        try (Session session = Session.open()) {
            Lake lake = new Lake(session.spark(), root);
            if (!lake.exists(Tables.MODEL_RUNS)) {
                throw new Refusal(
                        ExitCode.NO_INPUT,
                        "flagcast.lake.root %s: no model was trained there; correct it or run flagcast run first"
                                .formatted(root));
            }
            return work.apply(ModelRegistry.read(lake)).code();
        }
    }

    private static PrintStream out() {
        return new PrintStream(System.out, true, StandardCharsets.UTF_8);
    }

    private static Entry withId(ModelRegistry registry, String modelId) {
        return registry.withId(modelId)
                .orElseThrow(() -> new Refusal(
                        ExitCode.USAGE, "there is no model %s: see flagcast models list".formatted(modelId)));
    }

    /** The as-of from which the next run, or a restatement of the live one, uses what is changed now. */
    private static Instant from(ModelRegistry registry, Entry entry) {
        return Stream.of(
                        registry.lake().live().map(Publication::asOf),
                        // A model may have been trained that was never published.
                        registry.live(entry.featureId(), Instant.MAX).map(Entry::effectiveAsOf))
                .flatMap(Optional::stream)
                .reduce(entry.asOf(), (one, other) -> one.isAfter(other) ? one : other);
    }

    private static boolean isLive(ModelRegistry registry, Entry entry) {
        return registry.live(entry.featureId(), Instant.MAX)
                .filter(live -> live.modelId().equals(entry.modelId()))
                .isPresent();
    }

    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            description = "All models, oldest first, or those of a feature.")
    int list(
            @Mixin ConfigurationOptions configuration,
            @Option(names = "--feature", paramLabel = "ID", description = "Only this feature.") String feature) {
        return on(configuration, registry -> {
            TextTable table = new TextTable(List.of(
                    "feature", "model", "learner", "status", "used", "as of", "examples", "quality", "verdict", "p"));
            registry.models().stream()
                    .filter(entry -> feature == null || entry.featureId().equals(feature))
                    .forEach(entry -> table.add(List.of(
                            entry.featureId(),
                            entry.modelId(),
                            entry.learner(),
                            entry.status().label(),
                            isLive(registry, entry) ? "yes" : "",
                            entry.asOf().toString(),
                            "%,d".formatted(entry.examples()),
                            quality(entry.metrics()),
                            entry.verdict().orElse(""),
                            Optional.ofNullable(entry.metrics().get("heterogeneity_p"))
                                    .map("%.2g"::formatted)
                                    .orElse(""))));
            out().print(table);
            return ExitCode.DONE;
        });
    }

    static String quality(Map<String, Double> metrics) {
        for (String name : List.of("qini", "qini_gain", "ndcg_at_10", "brier", "squared_error")) {
            if (metrics.containsKey(name)) {
                return "%s %.4f".formatted(name, metrics.get(name));
            }
        }
        return "";
    }

    @Command(name = "show", mixinStandardHelpOptions = true, description = "All about a model.")
    int show(
            @Mixin ConfigurationOptions configuration,
            @Parameters(paramLabel = "ID", description = "As in models list.") String modelId,
            @Option(names = "--json", description = "As one JSON object.") boolean json) {
        return on(configuration, registry -> {
            Entry entry = withId(registry, modelId);
            registry.load(entry);
            Map<String, Object> all = new LinkedHashMap<>();
            all.put("model_id", entry.modelId());
            all.put("feature_id", entry.featureId());
            all.put("learner", entry.learner());
            all.put("status", entry.status().label());
            all.put("used", isLive(registry, entry));
            entry.verdict().ifPresent(verdict -> all.put("verdict", verdict));
            all.put("cause", entry.cause().label());
            all.put("effective_as_of", entry.effectiveAsOf().toString());
            all.put("changed_at", entry.changedAt().toString());
            all.put("run_id", entry.runId());
            all.put("examples", entry.examples());
            all.put("path", entry.path());
            all.put("checksum", entry.checksum());
            if (json) {
                all.put("metrics", new TreeMap<>(entry.metrics()));
                all.put("provenance", new TreeMap<>(entry.provenance()));
                entry.curves().ifPresent(curves -> all.put("curves", curves));
                out().println(Json.write(all));
                return ExitCode.DONE;
            }
            PrintStream out = out();
            all.forEach((name, value) -> out.printf("%-26s %s%n", name, value));
            out.println("metrics, out of fold");
            new TreeMap<>(entry.metrics()).forEach((name, value) -> out.printf("  %-24s %.6g%n", name, value));
            out.println("made from");
            new TreeMap<>(entry.provenance()).forEach((name, value) -> out.printf("  %-24s %s%n", name, value));
            return ExitCode.DONE;
        });
    }

    @Command(
            name = "promote",
            mixinStandardHelpOptions = true,
            description = "Makes a model the one that its feature uses, from the next run on.")
    int promote(
            @Mixin ConfigurationOptions configuration,
            @Parameters(paramLabel = "ID", description = "As in models list.") String modelId) {
        return on(configuration, registry -> {
            Entry entry = withId(registry, modelId);
            if (isLive(registry, entry)) {
                Progress.on(System.err).say("%s is used for %s already".formatted(modelId, entry.featureId()));
                return ExitCode.DONE;
            }
            return use(registry, entry);
        });
    }

    @Command(
            name = "rollback",
            mixinStandardHelpOptions = true,
            description = "Returns a feature to the model that it used before the one in use.")
    int rollback(
            @Mixin ConfigurationOptions configuration,
            @Parameters(paramLabel = "FEATURE", description = "The feature.") String featureId) {
        return on(configuration, registry -> {
            Entry before = registry.beforeLive(featureId, Instant.MAX)
                    .orElseThrow(() -> new Refusal(
                            ExitCode.USAGE,
                            "%s has no earlier model to return to: see flagcast models list --feature %s"
                                    .formatted(featureId, featureId)));
            return use(registry, before);
        });
    }

    private ExitCode use(ModelRegistry registry, Entry entry) {
        registry.load(entry);
        Optional<Entry> live = registry.live(entry.featureId(), Instant.MAX);
        Instant from = from(registry, entry);
        // After every other change, whatever the clocks of machines say.
        Instant at = registry.entries().stream()
                .map(known -> known.changedAt().plusMillis(1))
                .reduce(clock.instant(), (one, other) -> one.isAfter(other) ? one : other);
        registry.append(List.of(entry.given(Status.CHAMPION, Cause.PERSON, from, at)));
        Progress.on(System.err)
                .say("%s: %s (%s) is used from the next run on%s; run --as-of %s --restate uses it at once"
                        .formatted(
                                entry.featureId(),
                                entry.modelId(),
                                entry.learner(),
                                live.map(was -> " instead of " + was.modelId()).orElse(""),
                                from));
        return ExitCode.DONE;
    }
}
