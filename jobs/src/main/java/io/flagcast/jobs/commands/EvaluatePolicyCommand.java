package io.flagcast.jobs.commands;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import io.flagcast.allocation.BanditLearner;
import io.flagcast.allocation.OffPolicyEstimator;
import io.flagcast.allocation.OffPolicyEvaluation;
import io.flagcast.allocation.OffPolicyEvaluation.Estimate;
import io.flagcast.allocation.OffPolicyEvaluation.PolicyValue;
import io.flagcast.allocation.Policy;
import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.ExperimentFiles;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.InstantConverter;
import io.flagcast.jobs.printing.TextTable;
import io.flagcast.jobs.questions.PolicyValues;
import io.flagcast.jobs.questions.PolicyValues.Part;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.jobs.run.Progress;
import io.flagcast.jobs.run.Rollout;
import io.flagcast.jobs.settings.ConfiguredExperiments;
import io.flagcast.jobs.settings.Settings;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Inputs;
import io.flagcast.lake.Json;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import io.flagcast.lake.UserList;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Metric;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "evaluate-policy",
        mixinStandardHelpOptions = true,
        description = {
            "What an experiment file would have earned, from logged exposures and their propensities, beside the file in"
                    + " force, everybody and nobody. Reads the sources and the live publication and writes nothing, unless"
                    + " told to --promote.",
            "Exit code 65 where the log cannot tell (nobody was ever given what the file would give), 1 where --promote"
                    + " finds it not superior."
        })
final class EvaluatePolicyCommand implements Callable<Integer> {

    private static final String CANDIDATE = "candidate";
    private static final String IN_FORCE = "in force";
    private static final String EVERYBODY = "everybody";
    private static final String NOBODY = "nobody";

    private final Clock clock;

    @Parameters(
            paramLabel = "FILE",
            arity = "0..1",
            description =
                    "The edited experiment file, outside the configured folder; its experiment_id says whose log is"
                            + " asked. Without it: the file in force.")
    private Path file;

    @Option(names = "--experiment", paramLabel = "ID", description = "Without a FILE: the experiment in force.")
    private String experimentId;

    @Option(
            names = "--metric",
            paramLabel = "NAME",
            description =
                    "The reward, a metric of the file in force. Default: the bandit's reward, else the first metric.")
    private String metricName;

    @Option(
            names = "--as-of",
            paramLabel = "INSTANT",
            converter = InstantConverter.class,
            description = "Count outcome windows that closed at or before this instant. Default: now.")
    private Instant asOf;

    @Option(
            names = "--withheld",
            description = "Judge only the users of flagcast.training.withhold, from whom no model has learned, by their"
                    + " scores in the live publication: for logs from before there were scores.")
    private boolean withheld;

    @Option(
            names = "--promote",
            description = "Put FILE in the place of the file in force (which is kept beside it, renamed) if with 95 %%"
                    + " confidence it earns more than that and more than everybody and nobody, from at least 200 effective"
                    + " users.")
    private boolean promote;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "TABLE",
            description = "table or json (an object a policy, a line each).")
    private EvaluateCommand.Format format;

    @Mixin
    private ConfigurationOptions configuration = new ConfigurationOptions();

    private final Progress progress = Progress.on(System.err);
    private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    EvaluatePolicyCommand(Clock clock) {
        this.clock = Objects.requireNonNull(clock, "clock");
    }

    @Override
    public Integer call() {
        Settings settings = configuration.settings();
        List<Experiment> experiments = configuration.experiments(settings);
        Optional<Experiment> candidate = Optional.ofNullable(file).map(path -> candidate(settings, experiments, path));
        Experiment incumbent = incumbent(experiments, candidate);
        Metric metric = metric(incumbent);
        Instant until = asOf == null ? clock.instant() : asOf;
        Map<String, PolicyValue> values;
        try (Session session = Session.open()) {
            Lake lake = new Lake(session.spark(), settings.lake().root());
            values = values(settings, lake, incumbent, candidate, metric, until);
        }
        print(incumbent, metric, values, until);
        String asked = candidate.isPresent() ? CANDIDATE : IN_FORCE;
        values.get(asked).refusal().ifPresent(why -> {
            throw new Refusal(
                    ExitCode.DATA_REFUSED,
                    "the log of %s cannot tell what %s earns: %s"
                            .formatted(
                                    incumbent.experimentId(),
                                    candidate.orElse(incumbent).file(),
                                    why));
        });
        return promote ? promote(incumbent, candidate.orElseThrow(), metric, values) : ExitCode.DONE.code();
    }

    private static Experiment candidate(Settings settings, List<Experiment> experiments, Path path) {
        List<Experiment> edited = ConfiguredExperiments.read(settings, List.of(path));
        Experiment candidate = edited.get(edited.size() - 1);
        if (experiments.stream().anyMatch(experiment -> isSameFile(experiment.file(), path))) {
            throw new Refusal(
                    ExitCode.USAGE,
                    "%s is the file in force: name an edited copy outside %s".formatted(path, settings.experiments()));
        }
        return candidate;
    }

    private static boolean isSameFile(Path one, Path other) {
        try {
            return Files.isSameFile(one, other);
        } catch (IOException e) {
            throw new UncheckedIOException("%s and %s cannot be compared".formatted(one, other), e);
        }
    }

    private Experiment incumbent(List<Experiment> experiments, Optional<Experiment> candidate) {
        if (candidate.isEmpty() && (experimentId == null || promote)) {
            throw new Refusal(
                    ExitCode.USAGE,
                    promote
                            ? "--promote needs a FILE"
                            : "name a FILE, or the --experiment whose file in force to evaluate");
        }
        String id = candidate.map(Experiment::experimentId).orElse(experimentId);
        return ConfiguredExperiments.named(experiments, candidate.isPresent() ? file + ":" : "--experiment", id);
    }

    private Metric metric(Experiment incumbent) {
        if (incumbent.metrics().isEmpty()) {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    "%s declares no metrics: there is nothing to earn".formatted(incumbent.file()));
        }
        String name = metricName != null
                ? metricName
                : incumbent.allocation() instanceof Policy.Bandit bandit
                        ? bandit.learner().reward().name()
                        : incumbent.metrics().get(0).name();
        return incumbent.metrics().stream()
                .filter(metric -> metric.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new Refusal(
                        ExitCode.USAGE,
                        "--metric %s is not declared in %s, which has %s"
                                .formatted(
                                        name,
                                        incumbent.file(),
                                        incumbent.metrics().stream()
                                                .map(Metric::name)
                                                .toList())));
    }

    /** Values by policy; the policy that is asked for is the first. */
    private Map<String, PolicyValue> values(
            Settings settings,
            Lake lake,
            Experiment incumbent,
            Optional<Experiment> candidate,
            Metric metric,
            Instant until) {
        List<Publication> publications = lake.publications();
        Publication live = lake.requireLive();
        progress.say("%s: asking the log up to %s".formatted(incumbent.experimentId(), until));
        Map<String, Experiment> files = new LinkedHashMap<>();
        candidate.ifPresent(edited -> files.put(CANDIDATE, edited));
        files.put(IN_FORCE, incumbent);
        try (Inputs inputs = new Inputs(lake, settings.sources(), until, publications)) {
            Dataset<Row> met = PolicyValues.logged(lake, inputs, until, incumbent, List.of(metric));
            Dataset<Row> logged = (withheld ? withheld(met, settings, lake, live, incumbent) : met)
                    .persist(StorageLevel.MEMORY_AND_DISK());
            Dataset<Row> profiles = lake.published(Tables.USER_PROFILES, Optional.of(live));
            List<String> policies = new ArrayList<>(files.keySet());
            Dataset<Row> users = logged;
            for (Map.Entry<String, Experiment> policy : files.entrySet()) {
                Rollout rollout = Rollout.of(
                                List.of(policy.getValue()),
                                ParameterTable.read(lake).before(until),
                                settings.lake(),
                                until)
                        .get(0);
                Dataset<Row> decided = PolicyValues.decided(
                        logged, profiles, rollout, settings.lake().holdoutSalt());
                users = users.drop("segment", "reason")
                        .join(decided.withColumnRenamed("propensity", "p_" + policy.getKey()), "user_id");
            }
            // Whom the experiment may enable at all, also where the file in force is paused.
            Rollout inForce = Rollout.of(List.of(incumbent), Map.of(), settings.lake(), until)
                    .get(0);
            Rollout active = new Rollout(
                    incumbent, inForce.parameters(), inForce.allocator().activated());
            users = users.drop("reason")
                    .join(
                            PolicyValues.decided(
                                            logged,
                                            profiles,
                                            active,
                                            settings.lake().holdoutSalt())
                                    .select("user_id", "reason"),
                            "user_id");
            users = users.withColumn("p_" + EVERYBODY, PolicyValues.everybody(col("reason")))
                    .withColumn("p_" + NOBODY, lit(0.0));
            policies.add(EVERYBODY);
            policies.add(NOBODY);
            PolicyValues.Result result = PolicyValues.of(
                    users, policies.stream().map(name -> "p_" + name).toList());
            logged.unpersist();
            if (result.withoutPropensity() > 0) {
                progress.notice("%,d users are left out: with what probability they were enabled was not logged"
                        .formatted(result.withoutPropensity()));
            }
            if (result.contradicting() > 0) {
                progress.notice("%,d users are left out: enabled at propensity 0, or not enabled at 1"
                        .formatted(result.contradicting()));
            }
            OffPolicyEvaluation evaluation = result.parts().get(new Part(metric.name(), SegmentMetrics.ALL));
            if (evaluation == null) {
                throw new Refusal(
                        ExitCode.NO_INPUT,
                        "no user met %s with a logged propensity and an outcome window (%s) that closed before %s"
                                .formatted(incumbent.experimentId(), length(metric.within()), until));
            }
            Map<String, PolicyValue> values = new LinkedHashMap<>();
            for (int i = 0; i < policies.size(); i++) {
                values.put(policies.get(i), evaluation.values().get(i));
            }
            return values;
        }
    }

    /** The withheld users among those who met the experiment, with their published scores instead of the logged ones. */
    private static Dataset<Row> withheld(
            Dataset<Row> met, Settings settings, Lake lake, Publication live, Experiment experiment) {
        Dataset<Row> users = UserList.withheld(settings.training().withhold(), lake.spark())
                .orElseThrow(() -> new Refusal(
                        ExitCode.USAGE,
                        "--withheld needs flagcast.training.withhold: a CSV file with the column user_id"));
        Dataset<Row> scores = lake.published(Tables.RESPONSIVENESS_SCORES, Optional.of(live))
                .where(col("feature_id").equalTo(experiment.featureId()))
                .select(
                        col("user_id"),
                        when(col("source").notEqual("prior"), col("score")).as("score"),
                        col("no_benefit"));
        return met.drop("score", "no_benefit").join(users, "user_id").join(scores, "user_id");
    }

    private void print(Experiment incumbent, Metric metric, Map<String, PolicyValue> values, Instant until) {
        if (format == EvaluateCommand.Format.JSON) {
            values.forEach((name, value) -> out.println(Json.write(object(incumbent, metric, name, value))));
            return;
        }
        PolicyValue first = values.values().iterator().next();
        String asked = values.keySet().iterator().next();
        out.printf(
                "%s, %s (%s is better): %,d users who met it and whose window of %s closed before %s%n%n",
                incumbent.experimentId(),
                metric.name(),
                metric.direction() == Metric.Direction.HIGHER_IS_BETTER ? "higher" : "lower",
                first.users(),
                length(metric.within()),
                until);
        TextTable policies = new TextTable(
                List.of("policy", "value", "95 %", asked + " over it", "95 % ", "effective users", "largest weight"));
        values.forEach((name, value) -> policies.add(List.of(
                name,
                value.doublyRobust()
                        .map(estimate -> "%.5f".formatted(estimate.value()))
                        .orElse("-"),
                value.doublyRobust()
                        .map(estimate -> text(estimate.interval(), "%.5f"))
                        .orElse("-"),
                name.equals(asked)
                        ? ""
                        : value.overFirst()
                                .map(estimate -> "%+.5f".formatted(-estimate.value()))
                                .orElse("-"),
                name.equals(asked)
                        ? ""
                        : value.overFirst()
                                .map(estimate -> text(reversed(estimate.interval()), "%+.5f"))
                                .orElse("-"),
                "%,.0f".formatted(value.effectiveSampleSize()),
                "%.1f".formatted(value.largestWeight()))));
        out.print(policies);
        values.forEach((name, value) -> {
            value.refusal().ifPresent(why -> out.printf("%s: %s%n", name, why));
            if (value.refusal().isEmpty() && value.effectiveSampleSize() < BanditLearner.LEAST_SAMPLE) {
                out.printf(
                        "%s: worth %.0f users only: take its intervals for a hint%n",
                        name, value.effectiveSampleSize());
            }
        });
        out.println();
        TextTable estimates = new TextTable(List.of("estimator", "policy", "value", "95 %", "what it is"));
        values.forEach((name, value) -> {
            for (OffPolicyEstimator estimator : OffPolicyEstimator.values()) {
                Optional.ofNullable(value.estimates().get(estimator))
                        .ifPresent(estimate -> estimates.add(List.of(
                                estimator.label(),
                                name,
                                "%.5f".formatted(estimate.value()),
                                text(estimate.interval(), "%.5f"),
                                estimator.description())));
            }
        });
        out.print(estimates);
    }

    private static String length(Duration window) {
        return window.toMinutes() % 1_440 == 0 ? window.toDays() + " d" : window.toMinutes() + " min";
    }

    private static Interval reversed(Interval interval) {
        return new Interval(-interval.upper(), -interval.lower());
    }

    private static String text(Interval interval, String number) {
        return (number + " to " + number).formatted(interval.lower(), interval.upper());
    }

    private static Map<String, Object> object(Experiment incumbent, Metric metric, String name, PolicyValue value) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("experiment_id", incumbent.experimentId());
        object.put("metric", metric.name());
        object.put("policy", name);
        object.put("users", value.users());
        object.put("effective_users", value.effectiveSampleSize());
        object.put("largest_weight", value.largestWeight());
        object.put("never_logged", value.unsupported());
        value.refusal().ifPresent(why -> object.put("refusal", why));
        for (OffPolicyEstimator estimator : OffPolicyEstimator.values()) {
            Optional.ofNullable(value.estimates().get(estimator))
                    .ifPresent(estimate -> object.put(estimator.label(), numbers(estimate)));
        }
        value.overFirst().ifPresent(estimate -> object.put("over_first", numbers(estimate)));
        return object;
    }

    private static Map<String, Object> numbers(Estimate estimate) {
        Map<String, Object> numbers = new LinkedHashMap<>();
        numbers.put("value", estimate.value());
        numbers.put("lower", estimate.interval().lower());
        numbers.put("upper", estimate.interval().upper());
        return numbers;
    }

    /** Superior to each of the others: so to the best constant too, whichever that is, without choosing it first. */
    private int promote(Experiment incumbent, Experiment candidate, Metric metric, Map<String, PolicyValue> values) {
        List<String> objections = new ArrayList<>();
        if (!candidate.salt().equals(incumbent.salt())) {
            objections.add("its salt is another one, which would reshuffle every user: give it '%s'"
                    .formatted(incumbent.salt()));
        }
        if (!candidate.featureId().equals(incumbent.featureId())) {
            objections.add("its feature_id is another one: the log is of '%s'".formatted(incumbent.featureId()));
        }
        if (!candidate.treatment().equals(incumbent.treatment())) {
            objections.add("its treatment is another one: the log is of %s".formatted(incumbent.treatment()));
        }
        double sample = values.get(CANDIDATE).effectiveSampleSize();
        if (sample < BanditLearner.LEAST_SAMPLE) {
            objections.add("the logged users are worth %.0f under it, needs %.0f"
                    .formatted(sample, BanditLearner.LEAST_SAMPLE));
        }
        for (String other : List.of(IN_FORCE, EVERYBODY, NOBODY)) {
            PolicyValue value = values.get(other);
            Optional<Interval> gain = value.overFirst()
                    .map(Estimate::interval)
                    .map(over -> metric.direction() == Metric.Direction.HIGHER_IS_BETTER ? reversed(over) : over);
            if (gain.isEmpty()) {
                objections.add("over %s: %s".formatted(other, value.refusal().orElse("no comparison")));
            } else if (!(gain.get().lower() > 0)) {
                objections.add("over %s it gains %s with 95 %% confidence, which has to be above 0"
                        .formatted(other, text(gain.get(), "%+.5f")));
            }
        }
        if (!objections.isEmpty()) {
            progress.say("not promoted: %s stays. %s".formatted(incumbent.file(), candidate.file()) + "\n  "
                    + String.join("\n  ", objections));
            return ExitCode.CHECK_FAILED.code();
        }
        if (!ExperimentFiles.read(candidate.file()).get(0).contentHash().equals(candidate.contentHash())) {
            throw new Refusal(
                    ExitCode.TRY_AGAIN,
                    "%s was edited while it was evaluated: evaluate it again".formatted(candidate.file()));
        }
        Path kept = replace(incumbent, candidate.file());
        progress.say("promoted: %s is now what %s was; before: %s".formatted(incumbent.file(), candidate.file(), kept));
        return ExitCode.DONE.code();
    }

    /** Readers see the old file or the new one, never a part. */
    private static Path replace(Experiment incumbent, Path edited) {
        Path inForce = incumbent.file();
        Path kept = inForce.resolveSibling(
                inForce.getFileName() + ".before-" + incumbent.contentHash().substring(0, 8));
        Path half = inForce.resolveSibling("." + inForce.getFileName() + ".half");
        try {
            Files.copy(inForce, kept, StandardCopyOption.REPLACE_EXISTING);
            Files.copy(edited, half, StandardCopyOption.REPLACE_EXISTING);
            Files.move(half, inForce, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return kept;
        } catch (IOException e) {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    "%s cannot be replaced (%s): copy %s there yourself".formatted(inForce, e, edited));
        }
    }
}
