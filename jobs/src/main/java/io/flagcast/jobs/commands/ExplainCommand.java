package io.flagcast.jobs.commands;

import static org.apache.spark.sql.functions.col;

import io.flagcast.experiments.Experiment;
import io.flagcast.features.Usage;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.printing.TextTable;
import io.flagcast.jobs.questions.ExplainDecision;
import io.flagcast.jobs.questions.TrainedModels;
import io.flagcast.jobs.records.ModelRegistry;
import io.flagcast.jobs.records.ModelRegistry.Entry;
import io.flagcast.jobs.settings.Settings;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Json;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import io.flagcast.training.Explanation;
import io.flagcast.training.ResponsivenessModel;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "explain",
        mixinStandardHelpOptions = true,
        description = {
            "Why a user has the score that he has in the live publication (--user, --feature), why he is enabled in an"
                    + " experiment or not (--user, --experiment), or what rules, bandit and people have set for an"
                    + " experiment, and why (--experiment alone)."
        })
final class ExplainCommand implements Callable<Integer> {

    private static final int LARGEST = 8;

    private final Surroundings surroundings;

    @Option(names = "--user", paramLabel = "ID", description = "The user.")
    private String userId;

    @Option(names = "--feature", paramLabel = "ID", description = "The feature.")
    private String featureId;

    @Option(names = "--experiment", paramLabel = "ID", description = "The experiment.")
    private String experimentId;

    @Option(names = "--json", description = "As one JSON object, with every predictor.")
    private boolean json;

    @Mixin
    private ConfigurationOptions configuration;

    ExplainCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        if ((featureId == null) == (experimentId == null)) {
            throw new Refusal(ExitCode.USAGE, "explain: name one of --feature and --experiment");
        }
        if (experimentId != null) {
            explainExperiment();
            return ExitCode.DONE.code();
        }
        if (userId == null) {
            throw new Refusal(ExitCode.USAGE, "explain: --feature needs a --user");
        }
        String root = configuration.lake().root();
        try (Session session = surroundings.session()) {
            Lake lake = new Lake(session.spark(), root);
            lake.requireLive();
            Row score = only(
                            lake,
                            Tables.RESPONSIVENESS_SCORES,
                            col("feature_id").equalTo(featureId))
                    .orElseThrow(() -> new Refusal(
                            ExitCode.NO_INPUT,
                            "user '%s' has no score for feature '%s' in the live publication: correct --user or --feature"
                                    .formatted(userId, featureId)));
            Row profile =
                    only(lake, Tables.USER_PROFILES, col("user_id").isNotNull()).orElseThrow();
            ModelRegistry registry = ModelRegistry.read(lake);
            Optional<Entry> entry = Optional.ofNullable(score.<String>getAs("model_id"))
                    .or(() -> registry.live(featureId, lake.live().orElseThrow().asOf())
                            .map(Entry::modelId))
                    .flatMap(registry::withId);
            Optional<Explanation> explanation = entry.filter(
                            model -> !score.getAs("source").equals("prior"))
                    .flatMap(model -> explain(registry.load(model), profile));
            PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
            if (json) {
                out.println(Json.write(object(score, entry, explanation)));
            } else {
                print(out, score, entry, explanation);
            }
        }
        return ExitCode.DONE.code();
    }

    private void explainExperiment() {
        Settings settings = configuration.settings();
        List<Experiment> experiments = configuration.experiments(settings);
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        try (Session session = surroundings.session()) {
            Lake lake = new Lake(session.spark(), settings.lake().root());
            ExplainDecision explanation =
                    ExplainDecision.of(lake, lake.requireLive(), settings, experiments, experimentId);
            if (userId == null && json) {
                throw new Refusal(
                        ExitCode.USAGE,
                        "explain: --json needs a --user; the parameters as JSON: flagcast sql --format json"
                                + " \"SELECT * FROM allocation_parameters\"");
            }
            if (userId == null) {
                out.print(explanation.parameters());
            } else if (json) {
                out.println(Json.write(explanation.decision(userId)));
            } else {
                out.print(explanation.text(userId));
            }
        }
    }

    private Optional<Row> only(Lake lake, Table table, org.apache.spark.sql.Column condition) {
        Dataset<Row> rows = lake.published(table, lake.live());
        return rows.where(col("user_id").equalTo(userId).and(condition)).collectAsList().stream()
                .findFirst();
    }

    private Optional<Explanation> explain(ResponsivenessModel model, Row profile) {
        Object[] inputs = model.inputs().stream().map(profile::getAs).toArray();
        return Explanation.of(
                model, featureId, RowFactory.create(inputs), profile.getJavaMap(profile.fieldIndex(Usage.AMOUNTS)));
    }

    private static String standing(Row score) {
        double percent = score.getAs("score");
        return switch (score.<String>getAs("source")) {
            case "model" -> "responds more than %.0f %% of the users the model was made from".formatted(percent);
            case "collaborative" -> "closer to it by usage than %.0f %% of the users with usage".formatted(percent);
            case "group" ->
                "nothing is known of this user; what is expected of the group is above %.0f %% of the users"
                        .formatted(percent);
            default -> "nothing tells this user apart: treated as unscored";
        };
    }

    private void print(PrintStream out, Row score, Optional<Entry> entry, Optional<Explanation> explanation) {
        out.printf("user %s, feature %s%n", userId, featureId);
        out.printf("  score     %.2f (%s): %s%n", score.<Double>getAs("score"), score.getAs("source"), standing(score));
        if (score.<Double>getAs("uplift") != null) {
            out.printf(
                    "  uplift    %+.4f: %.4f when enabled, %.4f when not%s%n",
                    score.<Double>getAs("uplift"),
                    score.<Double>getAs("response_if_enabled"),
                    score.<Double>getAs("response_if_not"),
                    score.<Boolean>getAs("no_benefit") ? "; users like this one have no benefit" : "");
        }
        entry.ifPresent(model -> out.printf(
                "  model     %s (%s) of %s, %,d examples%s%n",
                model.modelId(),
                model.learner(),
                model.asOf(),
                model.examples(),
                model.verdict().map(verdict -> ", " + verdict).orElse("")));
        entry.map(Entry::metrics)
                .filter(metrics -> metrics.containsKey("qini"))
                .ifPresent(metrics -> out.printf(
                        "  quality   Qini %.4f (%.4f to %.4f), calibration slope %.2f, p = %.2g%n",
                        metrics.get("qini"),
                        metrics.getOrDefault("qini_lower", Double.NaN),
                        metrics.getOrDefault("qini_upper", Double.NaN),
                        metrics.getOrDefault("calibration_slope", Double.NaN),
                        metrics.getOrDefault("heterogeneity_p", Double.NaN)));
        entry.map(Entry::metrics)
                .filter(metrics -> !metrics.containsKey("qini"))
                .map(TrainedModels::quality)
                .filter(quality -> !quality.isEmpty())
                .ifPresent(quality -> out.printf("  quality   %s%n", quality));
        explanation.ifPresent(why -> {
            out.printf(
                    "%n%s %+.4f, of an average user %+.4f; what moved it:%n",
                    why.measure(), why.value(), why.baseline());
            TextTable table = new TextTable(List.of("predictor", "value", "moves it by"));
            List<Explanation.Contribution> all = why.contributions();
            all.stream()
                    .limit(LARGEST)
                    .forEach(one -> table.add(List.of(one.predictor(), one.value(), "%+.5f".formatted(one.effect()))));
            if (all.size() > LARGEST) {
                table.add(List.of(
                        all.size() - LARGEST + " others",
                        "",
                        "%+.5f"
                                .formatted(all.stream()
                                        .skip(LARGEST)
                                        .mapToDouble(Explanation.Contribution::effect)
                                        .sum())));
            }
            out.print(table);
            if (why.error() > 0) {
                out.printf("estimated from random orders of the predictors, each to ± %.1g%n", why.error());
            }
        });
    }

    private Map<String, Object> object(Row score, Optional<Entry> entry, Optional<Explanation> explanation) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (String name : List.of(
                "user_id",
                "feature_id",
                "score",
                "source",
                "uplift",
                "response_if_enabled",
                "response_if_not",
                "no_benefit")) {
            object.put(name, score.getAs(name));
        }
        object.put("standing", standing(score));
        entry.ifPresent(model -> {
            Map<String, Object> about = new LinkedHashMap<>();
            about.put("model_id", model.modelId());
            about.put("learner", model.learner());
            about.put("as_of", model.asOf().toString());
            about.put("examples", model.examples());
            about.put("verdict", model.verdict().orElse(null));
            about.put("metrics", model.metrics());
            object.put("model", about);
        });
        explanation.ifPresent(why -> {
            Map<String, Object> about = new LinkedHashMap<>();
            about.put("measure", why.measure());
            about.put("value", why.value());
            about.put("baseline", why.baseline());
            about.put("error", why.error());
            List<Map<String, Object>> contributions = new ArrayList<>();
            why.contributions()
                    .forEach(one -> contributions.add(
                            Map.of("predictor", one.predictor(), "value", one.value(), "effect", one.effect())));
            about.put("contributions", contributions);
            object.put("explanation", about);
        });
        return object;
    }
}
