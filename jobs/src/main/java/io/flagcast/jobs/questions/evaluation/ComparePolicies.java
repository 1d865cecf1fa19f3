package io.flagcast.jobs.questions.evaluation;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import io.flagcast.allocation.OffPolicyEvaluation;
import io.flagcast.allocation.OffPolicyEvaluation.PolicyValue;
import io.flagcast.allocation.Policy;
import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.NetValue;
import io.flagcast.jobs.questions.PolicyValues;
import io.flagcast.jobs.questions.PolicyValues.Part;
import io.flagcast.jobs.questions.evaluation.PolicyComparison.Compared;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.jobs.run.Progress;
import io.flagcast.jobs.run.Rollout;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.inputs.Inputs;
import io.flagcast.lake.inputs.UserList;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.settings.Settings;
import io.flagcast.statistics.Metric;
import io.flagcast.tables.Tables;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;

/**
 * What an experiment file would have earned, from logged exposures and their propensities, beside the file in force,
 * everybody and nobody.
 *
 * @param settings of sources, lake and training
 * @param incumbent the experiment in force, whose log is asked
 * @param candidate the edited experiment; absent: the one in force is asked about alone
 * @param metric the reward
 * @param net what the reward is worth, where policies are compared net of cost
 * @param users on whom
 */
public record ComparePolicies(
        Settings settings,
        Experiment incumbent,
        Optional<Experiment> candidate,
        Metric metric,
        Optional<NetValue> net,
        Users users) {

    /** On whom policies are compared. */
    public enum Users {
        /** On all who met the experiment, by the scores that they had then. */
        LOGGED,
        /** On those from whom no model has learned, by their scores in the live publication. */
        WITHHELD
    }

    public ComparePolicies {
        Objects.requireNonNull(settings, "settings");
        Objects.requireNonNull(incumbent, "incumbent");
        Objects.requireNonNull(candidate, "candidate");
        Objects.requireNonNull(metric, "metric");
        Objects.requireNonNull(net, "net");
        Objects.requireNonNull(users, "users");
    }

    /**
     * The question about an experiment.
     *
     * @param metric name of the reward; absent: the net value, where the edited file or that in force says what users earn and
     *     cost, else {@link #reward}
     * @throws Refusal where there is nothing to earn
     */
    public static ComparePolicies of(
            Settings settings,
            Experiment incumbent,
            Optional<Experiment> candidate,
            Optional<String> metric,
            Users users) {
        Optional<NetValue> net = metric.isPresent()
                ? Optional.empty()
                : candidate.flatMap(Experiment::value).or(incumbent::value);
        return new ComparePolicies(
                settings,
                incumbent,
                candidate,
                net.map(NetValue::metric).orElseGet(() -> reward(incumbent, metric)),
                net,
                users);
    }

    /**
     * The reward of an experiment.
     *
     * @param name of one of its metrics; absent: the bandit's reward, else the first metric
     * @throws Refusal where it declares none, or not this one
     */
    public static Metric reward(Experiment incumbent, Optional<String> name) {
        if (incumbent.metrics().isEmpty()) {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    "%s declares no metrics: there is nothing to earn".formatted(incumbent.file()));
        }
        String reward = name.orElseGet(() -> incumbent.allocation() instanceof Policy.Bandit bandit
                ? bandit.learner().reward().name()
                : incumbent.metrics().get(0).name());
        return incumbent.metrics().stream()
                .filter(metric -> metric.name().equals(reward))
                .findFirst()
                .orElseThrow(() -> new Refusal(
                        ExitCode.USAGE,
                        "--metric %s is not declared in %s, which has %s"
                                .formatted(
                                        reward,
                                        incumbent.file(),
                                        incumbent.metrics().stream()
                                                .map(Metric::name)
                                                .toList())));
    }

    /**
     * Compares, and says whom it leaves out.
     *
     * @param until outcome windows that closed at or before this instant are counted
     * @throws Refusal where nobody met the experiment with a logged propensity and a closed window
     */
    public PolicyComparison answer(Lake lake, Instant until, Progress progress) {
        List<Publication> publications = lake.publications();
        Publication live = lake.requireLive();
        progress.say("%s: asking the log up to %s".formatted(incumbent.experimentId(), until));
        try (Inputs inputs = new Inputs(lake, settings.sources(), until, publications)) {
            Dataset<Row> all = PolicyValues.logged(lake, inputs, settings.arrivals(inputs), incumbent, List.of(metric));
            Dataset<Row> met = users == Users.WITHHELD ? withheld(all, lake, live) : all;
            Dataset<Row> logged = net.map(value -> PolicyValues.net(
                            met, lake.published(Tables.USER_PROFILES, Optional.of(live)), incumbent, value))
                    .orElse(met)
                    .persist(StorageLevel.MEMORY_AND_DISK());
            List<Compared> policies = new ArrayList<>();
            candidate.ifPresent(edited -> policies.add(Compared.CANDIDATE));
            policies.addAll(List.of(Compared.IN_FORCE, Compared.EVERYBODY, Compared.NOBODY));
            PolicyValues.Result result = PolicyValues.of(
                    decided(logged, lake, live, until),
                    policies.stream().map(ComparePolicies::column).toList());
            notices(result).forEach(progress::notice);
            long withoutCost = net.filter(value -> value.breakEven().isEmpty()).isPresent()
                    ? met.select("user_id").distinct().count()
                            - logged.select("user_id").distinct().count()
                    : 0;
            logged.unpersist();
            if (withoutCost > 0) {
                progress.notice("%,d users are left out: what enabling them costs is unknown".formatted(withoutCost));
            }
            String reward = net.isPresent() ? NetValue.NAME : metric.name();
            OffPolicyEvaluation evaluation = result.parts().get(new Part(reward, SegmentMetrics.ALL));
            if (evaluation == null) {
                throw new Refusal(
                        ExitCode.NO_INPUT,
                        "no user met %s with a logged propensity and an outcome window (%s) that closed before %s"
                                .formatted(incumbent.experimentId(), length(metric.closesAfter()), until));
            }
            Map<Compared, PolicyValue> values = new EnumMap<>(Compared.class);
            for (int i = 0; i < policies.size(); i++) {
                values.put(policies.get(i), evaluation.values().get(i));
            }
            return new PolicyComparison(incumbent, metric, net, until, values);
        }
    }

    /** The withheld users among those who met the experiment, with their published scores instead of the logged ones. */
    private Dataset<Row> withheld(Dataset<Row> met, Lake lake, Publication live) {
        Dataset<Row> withheld = UserList.withheld(settings.training().withhold(), lake.spark())
                .orElseThrow(() -> new Refusal(
                        ExitCode.USAGE,
                        "--withheld needs flagcast.training.withhold: a CSV file with the column user_id"));
        Dataset<Row> scores = lake.published(Tables.RESPONSIVENESS_SCORES, Optional.of(live))
                .where(col("feature_id").equalTo(incumbent.featureId()))
                .select(
                        col("user_id"),
                        when(col("source").notEqual("prior"), col("score")).as("score"),
                        col("no_benefit"),
                        col("uplift_bound"),
                        col("uplift_shown"));
        return met.drop("score", "no_benefit", "uplift_bound", "uplift_shown")
                .join(withheld, "user_id")
                .join(scores, "user_id");
    }

    /** Logged users with a column of probabilities per policy. */
    private Dataset<Row> decided(Dataset<Row> logged, Lake lake, Publication live, Instant until) {
        Dataset<Row> profiles = lake.published(Tables.USER_PROFILES, Optional.of(live));
        String salt = settings.lake().holdoutSalt();
        Map<Compared, Experiment> files = new EnumMap<>(Compared.class);
        candidate.ifPresent(edited -> files.put(Compared.CANDIDATE, edited));
        files.put(Compared.IN_FORCE, incumbent);
        Dataset<Row> decided = logged;
        for (Map.Entry<Compared, Experiment> file : files.entrySet()) {
            Rollout rollout = Rollout.of(
                            List.of(file.getValue()), ParameterTable.read(lake).before(until), settings.lake(), until)
                    .get(0);
            decided = decided.drop("segment", "reason")
                    .join(
                            PolicyValues.decided(logged, profiles, rollout, salt)
                                    .withColumnRenamed("propensity", column(file.getKey())),
                            "user_id");
        }
        // Whom the experiment may enable at all, also where the file in force is paused.
        Rollout inForce =
                Rollout.of(List.of(incumbent), Map.of(), settings.lake(), until).get(0);
        Rollout active =
                new Rollout(incumbent, inForce.parameters(), inForce.allocator().activated());
        return decided.drop("reason")
                .join(PolicyValues.decided(logged, profiles, active, salt).select("user_id", "reason"), "user_id")
                .withColumn(column(Compared.EVERYBODY), PolicyValues.everybody(col("reason")))
                .withColumn(column(Compared.NOBODY), lit(0.0));
    }

    private static String column(Compared policy) {
        return "p_" + policy.label();
    }

    private static List<String> notices(PolicyValues.Result result) {
        List<String> notices = new ArrayList<>();
        if (result.withoutPropensity() > 0) {
            notices.add("%,d users are left out: with what probability they were enabled was not logged"
                    .formatted(result.withoutPropensity()));
        }
        if (result.contradicting() > 0) {
            notices.add("%,d users are left out: enabled at propensity 0, or not enabled at 1"
                    .formatted(result.contradicting()));
        }
        return notices;
    }

    /** The length of an outcome window for people. */
    static String length(Duration window) {
        return window.toMinutes() % 1_440 == 0 ? window.toDays() + " d" : window.toMinutes() + " min";
    }
}
