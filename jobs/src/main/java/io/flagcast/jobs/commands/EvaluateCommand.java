package io.flagcast.jobs.commands;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.flagcast.experiments.Experiment;
import io.flagcast.features.Profiles;
import io.flagcast.features.ResponseDefinition;
import io.flagcast.features.Usage;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.InstantConverter;
import io.flagcast.jobs.printing.TextTable;
import io.flagcast.jobs.run.Progress;
import io.flagcast.jobs.settings.ConfiguredExperiments;
import io.flagcast.jobs.settings.Settings;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Inputs;
import io.flagcast.lake.Json;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import io.flagcast.lake.UserList;
import io.flagcast.statistics.CorrectedDifference;
import io.flagcast.tables.Tables;
import io.flagcast.training.CollaborativeTraining;
import io.flagcast.training.Evaluation;
import io.flagcast.training.ItemFactors;
import io.flagcast.training.Learner;
import io.flagcast.training.Objective;
import io.flagcast.training.ResponseTraining;
import io.flagcast.training.ResponseTraining.Result;
import io.flagcast.training.ResponsivenessModel;
import io.flagcast.training.TrainingSettings;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "evaluate",
        mixinStandardHelpOptions = true,
        description =
                "How good the scores are: trains every learner on a part of the users and judges it on the others."
                        + " Reads the sources and writes nothing. Qini and AUUC as in scikit-uplift (qini_auc_score,"
                        + " uplift_auc_score); 0 is random order, 1 perfect.")
final class EvaluateCommand implements Callable<Integer> {

    private static final double CONFIDENCE = 0.95;

    private final Clock clock;

    @Option(
            names = "--withhold",
            paramLabel = "FILE",
            description = "CSV file of the users to judge on, who are not trained on: column user_id; where it has"
                    + " experiment_id, per experiment; where it has seed, once per seed, then the mean. Without it, and"
                    + " without --since: out of fold.")
    private String withhold;

    @Option(
            names = "--since",
            paramLabel = "INSTANT",
            converter = InstantConverter.class,
            description = "Train on users who met the feature before, judge on those who met it since.")
    private Instant since;

    @Option(names = "--feature", paramLabel = "ID", description = "Only this feature; may be repeated.")
    private List<String> only = new ArrayList<>();

    @Option(
            names = "--learners",
            split = ",",
            paramLabel = "NAME",
            description = "The champion, then its challengers, instead of the configured ones.")
    private List<String> learners = new ArrayList<>();

    @Option(
            names = "--seeds",
            split = ",",
            paramLabel = "N",
            description = "Seeds of folds and splits, where no file has them. Default: flagcast.training.seed.")
    private List<Long> seeds = new ArrayList<>();

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "TABLE",
            description = "table or json (an object a line).")
    private Format format;

    @Option(
            names = "--as-of",
            paramLabel = "INSTANT",
            converter = InstantConverter.class,
            description = "Look at nothing at or after this instant. Default: now.")
    private Instant asOf;

    @Mixin
    private ConfigurationOptions configuration = new ConfigurationOptions();

    private final Progress progress = Progress.on(System.err);
    private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    EvaluateCommand(Clock clock) {
        this.clock = Objects.requireNonNull(clock, "clock");
    }

    /** How results are printed. */
    enum Format {
        TABLE,
        JSON
    }

    /** A learner's model judged once. */
    private record Judged(
            long seed,
            String learner,
            boolean champion,
            Map<String, Double> metrics,
            Evaluation.Curves curves,
            double testToTrain) {

        private Optional<Double> ranking() {
            return metric("qini").or(() -> metric("qini_gain"));
        }

        private Optional<Double> metric(String name) {
            return Optional.ofNullable(metrics.get(name));
        }
    }

    @Override
    public Integer call() {
        Settings settings = configuration.settings();
        List<Experiment> experiments = configuration.experiments(settings);
        only.stream().filter(id -> !settings.features().containsKey(id)).forEach(id -> {
            throw new Refusal(
                    ExitCode.USAGE,
                    "--feature %s is not configured: configured are %s"
                            .formatted(id, new TreeMap<>(settings.features()).keySet()));
        });
        if (withhold != null && since != null) {
            throw new Refusal(ExitCode.USAGE, "--withhold and --since are two ways to split: choose one");
        }
        TrainingSettings how = how(settings.training().model());
        Instant upTo = asOf == null ? clock.instant() : asOf;
        try (Session session = Session.open()) {
            Lake lake = new Lake(session.spark(), settings.lake().root());
            try (Inputs inputs = new Inputs(lake, settings.sources(), upTo, lake.publications())) {
                evaluate(settings, experiments, how, upTo, inputs);
            }
        }
        return ExitCode.DONE.code();
    }

    private TrainingSettings how(TrainingSettings configured) {
        if (learners.isEmpty()) {
            return configured;
        }
        try {
            List<Learner> named = learners.stream().map(Learner::parse).toList();
            return configured.withLearners(named.get(0), named.subList(1, named.size()));
        } catch (IllegalArgumentException e) {
            throw new Refusal(ExitCode.USAGE, "--learners: " + e.getMessage(), e);
        }
    }

    private void evaluate(
            Settings settings, List<Experiment> experiments, TrainingSettings how, Instant upTo, Inputs inputs) {
        Dataset<Row> users = inputs.valid(Tables.USERS);
        Dataset<Row> events = inputs.valid(Tables.EVENTS);
        Dataset<Row> all = settings.learning(experiments)
                .before(upTo, users, events, inputs.exposures(), inputs.valid(Tables.OUTCOMES));
        Dataset<Row> everyone = Profiles.at(upTo, users, events, settings.predictors(), settings.usage());
        Optional<Dataset<Row>> nobody = UserList.withheld(settings.training().withhold(), users.sparkSession());
        Dataset<Row> examples = UserList.without(all, nobody).persist(StorageLevel.MEMORY_AND_DISK());
        Dataset<Row> profiles = UserList.without(everyone, nobody).persist(StorageLevel.MEMORY_AND_DISK());
        Optional<Dataset<Row>> list =
                Optional.ofNullable(withhold).map(path -> UserList.read(examples.sparkSession(), path));
        List<Long> rounds = rounds(list, how);
        for (String featureId : new TreeMap<>(settings.features()).keySet()) {
            if (!only.isEmpty() && !only.contains(featureId)) {
                continue;
            }
            Settings.Feature feature = settings.features().get(featureId);
            if (feature.objective() == Objective.COLLABORATIVE) {
                judgeUsage(featureId, profiles, how, rounds);
            } else if (feature.objective() == Objective.UPLIFT) {
                judgeUplift(
                        featureId,
                        feature.response().orElseThrow(),
                        new ResponseTraining(
                                settings.predictorNames(),
                                Optional.empty(),
                                ConfiguredExperiments.leastPropensity(experiments, featureId),
                                how),
                        new People(
                                examples.where(col("feature_id").equalTo(featureId)),
                                profiles,
                                inputs.exposures(),
                                settings.sources().containsKey(Tables.EVENTS)),
                        list,
                        rounds);
            } else {
                progress.say(featureId + ": objective propensity has no uplift to judge");
            }
        }
    }

    /**
     * Who is trained and judged on.
     *
     * @param examples of the feature
     * @param profiles of all users, for item factors
     * @param exposures of all experiments
     * @param usage whether there are events, so that user factors are predictors
     */
    private record People(Dataset<Row> examples, Dataset<Row> profiles, Dataset<Row> exposures, boolean usage) {

        /** Item factors from those who are trained on, and others whose profiles may be used. */
        private Optional<ItemFactors> factors(TrainingSettings how, Dataset<Row> trainedOn, Dataset<Row> others) {
            return usage
                    ? new CollaborativeTraining(how).factors(Usage.beforeAnyExposure(trainedOn, others, exposures))
                    : Optional.empty();
        }
    }

    /** Seeds of the list, else of the command line, else of the configuration. */
    private List<Long> rounds(Optional<Dataset<Row>> list, TrainingSettings how) {
        if (list.isPresent() && Arrays.asList(list.get().columns()).contains("seed")) {
            return list.get().select(col("seed").cast("long")).distinct().orderBy("seed").collectAsList().stream()
                    .map(row -> row.getLong(0))
                    .filter(seed -> seeds.isEmpty() || seeds.contains(seed))
                    .toList();
        }
        return seeds.isEmpty() ? List.of(how.seed()) : seeds;
    }

    private void judgeUplift(
            String featureId,
            ResponseDefinition response,
            ResponseTraining training,
            People people,
            Optional<Dataset<Row>> list,
            List<Long> rounds) {
        List<Judged> judged = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        for (long seed : rounds) {
            TrainingSettings how = training.settings().withSeed(seed);
            Optional<Dataset<Row>> judgedOn = Optional.empty();
            Dataset<Row> trainedOn = people.examples();
            Dataset<Row> others = people.profiles();
            if (list.isPresent()) {
                judgedOn = Optional.of(among(people.examples(), list.get(), seed, "left_semi"));
                trainedOn = among(people.examples(), list.get(), seed, "left_anti");
                others = others.join(list.get().select("user_id").distinct(), new String[] {"user_id"}, "left_anti");
            } else if (since != null) {
                judgedOn = Optional.of(people.examples().where(col("exposed_at").geq(lit(since))));
                // What a run at that instant could know: outcome windows that have closed, no profile of later.
                trainedOn = people.examples().where(col("exposed_at").leq(lit(since.minus(response.within()))));
                others = others.limit(0);
            }
            ResponseTraining own = new ResponseTraining(
                    training.predictors(), people.factors(how, trainedOn, others), training.leastPropensity(), how);
            long nanos = System.nanoTime();
            Result result = own.uplift(trainedOn, response.kind(), Optional.empty());
            if (result instanceof Result.TooLittle nothing) {
                progress.say("%s: %s".formatted(featureId, nothing.reason()));
                return;
            }
            Result.Trained trained = (Result.Trained) result;
            notes.addAll(trained.notes());
            List<ResponsivenessModel> models = new ArrayList<>(List.of(trained.champion()));
            models.addAll(trained.challengers());
            List<String> order = own.settings().learners(response.kind()).stream()
                    .map(Learner::name)
                    .toList();
            models.sort(Comparator.comparingInt(model -> order.indexOf(model.learner())));
            for (ResponsivenessModel model : models) {
                boolean champion = model.learner().equals(trained.champion().learner());
                judge(own, (ResponsivenessModel.Uplift) model, judgedOn, seed, champion)
                        .ifPresent(judged::add);
            }
            progress.say("%s: seed %d took %.1f s".formatted(featureId, seed, (System.nanoTime() - nanos) / 1e9));
        }
        print(featureId, training.settings().champion().name(), judged, notes);
    }

    private static Dataset<Row> among(Dataset<Row> examples, Dataset<Row> users, long seed, String join) {
        List<String> columns = Arrays.asList(users.columns());
        Dataset<Row> own = columns.contains("seed") ? users.where(col("seed").equalTo(seed)) : users;
        String[] key = columns.contains("experiment_id")
                ? new String[] {"experiment_id", "user_id"}
                : new String[] {"user_id"};
        return examples.join(
                own.select(key[0], Arrays.copyOfRange(key, 1, key.length)).distinct(), key, join);
    }

    private Optional<Judged> judge(
            ResponseTraining training,
            ResponsivenessModel.Uplift model,
            Optional<Dataset<Row>> judgedOn,
            long seed,
            boolean champion) {
        double trainedOn = model.metrics().get("examples");
        if (judgedOn.isEmpty()) {
            return Optional.of(new Judged(
                    seed,
                    model.learner(),
                    champion,
                    model.metrics(),
                    model.curves(),
                    1.0 / (training.settings().folds() - 1)));
        }
        return training.evaluate(model, judgedOn.get()).map(evaluation -> {
            Map<String, Double> metrics = new TreeMap<>(evaluation.metrics(seed));
            metrics.put("examples", trainedOn);
            metrics.put("judged", (double) evaluation.users());
            metrics.put("verdict_p", model.calibration().p());
            return new Judged(
                    seed, model.learner(), champion, metrics, evaluation.curves(), evaluation.users() / trainedOn);
        });
    }

    private void print(String featureId, String simplest, List<Judged> judged, List<String> notes) {
        if (format == Format.JSON) {
            judged.forEach(one -> {
                Map<String, Object> line = new LinkedHashMap<>();
                line.put("feature_id", featureId);
                line.put("seed", one.seed());
                line.put("learner", one.learner());
                line.put("champion", one.champion());
                line.putAll(new TreeMap<>(one.metrics()));
                out.println(Json.write(line));
            });
            return;
        }
        out.println(featureId);
        notes.stream().distinct().forEach(note -> out.println("  " + note));
        TextTable table = new TextTable(List.of(
                "seed",
                "learner",
                "chosen",
                "Qini",
                "95 %",
                "AUUC",
                "95 %",
                "uplift at 10 %",
                "20 %",
                "30 %",
                "95 %",
                "slope",
                "Brier",
                "log-loss",
                "p"));
        judged.forEach(one -> table.add(List.of(
                Long.toString(one.seed()),
                one.learner(),
                one.champion() ? "yes" : "",
                one.ranking().map(EvaluateCommand::four).orElse("-"),
                range(one, one.metric("qini").isPresent() ? "qini" : "qini_gain"),
                one.metric("uplift_auc").map(EvaluateCommand::four).orElse("-"),
                range(one, "uplift_auc"),
                one.metric("uplift_at_10").map(EvaluateCommand::four).orElse("-"),
                one.metric("uplift_at_20").map(EvaluateCommand::four).orElse("-"),
                one.metric("uplift_at_30").map(EvaluateCommand::four).orElse("-"),
                range(one, "uplift_at_30"),
                one.metric("calibration_slope")
                        .map(slope -> "%.2f ± %.2f"
                                .formatted(
                                        slope,
                                        one.metric("calibration_slope_error").orElse(0.0)))
                        .orElse("-"),
                one.metric("brier")
                        .or(() -> one.metric("squared_error"))
                        .map(EvaluateCommand::four)
                        .orElse("-"),
                one.metric("log_loss").map(EvaluateCommand::four).orElse("-"),
                one.metric("verdict_p")
                        .or(() -> one.metric("heterogeneity_p"))
                        .map("%.2g"::formatted)
                        .orElse("-"))));
        out.print(table);
        judged.stream().filter(Judged::champion).reduce((one, last) -> last).ifPresent(this::printCalibration);
        if (judged.stream().map(Judged::seed).distinct().count() > 1) {
            out.println();
            out.print(means(simplest, judged));
        }
        out.println();
    }

    /** Predicted and observed effect by decile of the score. */
    private void printCalibration(Judged one) {
        TextTable table = new TextTable(List.of("decile", "users", "predicted uplift", "observed effect", "95 %"));
        one.curves()
                .deciles()
                .forEach(decile -> table.add(List.of(
                        Integer.toString(decile.decile()),
                        "%,d".formatted(decile.users()),
                        four(decile.predicted()),
                        four(decile.observed()),
                        "%.4f to %.4f"
                                .formatted(
                                        decile.observed() - 1.96 * decile.error(),
                                        decile.observed() + 1.96 * decile.error()))));
        out.println();
        out.printf("calibration of %s, seed %d%n", one.learner(), one.seed());
        out.print(table);
    }

    /** Means over the seeds, and paired differences from the simplest learner. */
    private static TextTable means(String simplest, List<Judged> judged) {
        TextTable table = new TextTable(
                List.of("learner", "mean Qini", "over " + simplest, "95 %", "AUUC", "uplift at 30 %", "chosen"));
        Map<String, List<Judged>> byLearner = new LinkedHashMap<>();
        judged.forEach(one -> byLearner
                .computeIfAbsent(one.learner(), name -> new ArrayList<>())
                .add(one));
        byLearner.put("the chosen one", judged.stream().filter(Judged::champion).toList());
        Map<Long, Double> base = new TreeMap<>();
        byLearner.get(simplest).forEach(one -> one.ranking().ifPresent(qini -> base.put(one.seed(), qini)));
        byLearner.forEach((learner, own) -> {
            double[] differences = own.stream()
                    .filter(one -> base.containsKey(one.seed()))
                    .mapToDouble(one -> one.ranking().orElse(0.0) - base.get(one.seed()))
                    .toArray();
            Optional<CorrectedDifference> difference = differences.length < 2 || learner.equals(simplest)
                    ? Optional.empty()
                    : Optional.of(CorrectedDifference.of(differences, own.get(0).testToTrain()));
            table.add(List.of(
                    learner,
                    mean(own, own.stream().anyMatch(one -> one.metric("qini").isPresent()) ? "qini" : "qini_gain"),
                    difference.map(d -> "%+.4f".formatted(d.mean())).orElse("-"),
                    difference
                            .map(d -> d.interval(CONFIDENCE))
                            .map(i -> "%+.4f to %+.4f".formatted(i.lower(), i.upper()))
                            .orElse("-"),
                    mean(own, "uplift_auc"),
                    mean(own, "uplift_at_30"),
                    Long.toString(own.stream().filter(Judged::champion).count()) + " of " + own.size()));
        });
        return table;
    }

    private static String mean(List<Judged> judged, String metric) {
        return judged.stream()
                .flatMap(one -> one.metric(metric).stream())
                .mapToDouble(value -> value)
                .average()
                .stream()
                .mapToObj(EvaluateCommand::four)
                .findFirst()
                .orElse("-");
    }

    private static String range(Judged one, String metric) {
        return one.metric(metric + "_lower")
                .map(lower -> "%.4f to %.4f"
                        .formatted(lower, one.metric(metric + "_upper").orElseThrow()))
                .orElse("-");
    }

    private static String four(double value) {
        return "%.4f".formatted(value);
    }

    private void judgeUsage(String featureId, Dataset<Row> profiles, TrainingSettings how, List<Long> rounds) {
        TextTable table = new TextTable(
                List.of("seed", "ranking", "users", "NDCG@10", "95 %", "MAP@10", "precision@10", "recall@10"));
        for (long seed : rounds) {
            CollaborativeTraining training = new CollaborativeTraining(how.withSeed(seed));
            new TreeMap<>(training.compare(profiles)).forEach((ranking, quality) -> {
                if (format == Format.JSON) {
                    Map<String, Object> line = new LinkedHashMap<>();
                    line.put("feature_id", featureId);
                    line.put("seed", seed);
                    line.put("ranking", ranking);
                    line.putAll(quality);
                    out.println(Json.write(line));
                }
                table.add(List.of(
                        Long.toString(seed),
                        ranking,
                        "%,.0f".formatted(quality.get("judged")),
                        four(quality.get("ndcg_at_10")),
                        "%.4f to %.4f".formatted(quality.get("ndcg_at_10_lower"), quality.get("ndcg_at_10_upper")),
                        four(quality.get("map_at_10")),
                        four(quality.get("precision_at_10")),
                        four(quality.get("recall_at_10"))));
            });
        }
        if (format == Format.TABLE) {
            out.println(featureId + ": a random quarter of each user's items is withheld and has to be found");
            out.print(table);
            out.println();
        }
    }
}
