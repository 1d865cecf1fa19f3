package io.flagcast.experiments;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Allocator;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Layer;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Segments;
import io.flagcast.rules.Rule;
import io.flagcast.rules.RuleEngine;
import io.flagcast.rules.alerts.Alert;
import io.flagcast.rules.alerts.Watch;
import io.flagcast.statistics.Metric;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * A configured rollout of a feature, as its file declares it.
 *
 * @param experimentId unique among all files
 * @param featureId the product feature behind the flag
 * @param status whether anybody is enabled
 * @param treatment parameters handed to the caller with an enabled decision, in the order of the file
 * @param salt fixed for life: a new one reshuffles every user
 * @param layer its range of a layer; {@link Layer#NONE} where it excludes no other
 * @param eligibility boolean Spark SQL expression over profile columns; everyone where absent
 * @param segments named bands of scores
 * @param segmentsFrom where the segment of an exposure comes from that was logged without one
 * @param allocation type and settings of the policy
 * @param exploration fraction of users never personalised, in [0, 1]
 * @param unscored probability for users without a score, in [0, 1]; absent for the percentage in force
 * @param stickiness whether the score of the first exposure is kept
 * @param metrics by name, in the order of the file
 * @param value what users earn and what enabling them costs
 * @param dimensions user attributes by whose values metrics are broken down
 * @param prePeriod how long before the exposure the same outcomes count, so that effects are adjusted for them
 * @param rules in the order of the file
 * @param alerts in the order of the file
 * @param tests of the rules
 * @param contentHash SHA-256 of the file, and of what it names of the catalogue of metrics, in every row that depends on it
 * @param file where it was read
 */
public record Experiment(
        String experimentId,
        String featureId,
        Status status,
        Map<String, String> treatment,
        String salt,
        Layer layer,
        Optional<String> eligibility,
        Segments segments,
        SegmentsFrom segmentsFrom,
        Policy allocation,
        double exploration,
        OptionalDouble unscored,
        Stickiness stickiness,
        List<Metric> metrics,
        Optional<NetValue> value,
        List<String> dimensions,
        Optional<Duration> prePeriod,
        List<Rule> rules,
        List<Alert> alerts,
        List<RuleTest> tests,
        String contentHash,
        Path file) {

    /** Whether an experiment enables anybody. */
    public enum Status {
        ACTIVE,
        PAUSED,
        OFF
    }

    /** Whether a user keeps the score of the first exposure. */
    public enum Stickiness {
        ENROLMENT,
        NONE
    }

    /** Where the segment of an exposure comes from that was logged without one. */
    public enum SegmentsFrom {
        /** From nowhere: the user has no score. */
        LOG,
        /** From the user's out-of-fold score: what the feature's model says that was learned without the user's own fold. */
        SCORES
    }

    public Experiment {
        Objects.requireNonNull(experimentId, "experimentId");
        Objects.requireNonNull(featureId, "featureId");
        // Map.copyOf iterates in another order in every JVM; rows that carry the treatment must not.
        treatment = Collections.unmodifiableMap(new LinkedHashMap<>(treatment));
        metrics = List.copyOf(metrics);
        Objects.requireNonNull(value, "value");
        dimensions = List.copyOf(dimensions);
        Objects.requireNonNull(segmentsFrom, "segmentsFrom");
        Objects.requireNonNull(prePeriod, "prePeriod");
        rules = List.copyOf(rules);
        alerts = List.copyOf(alerts);
        tests = List.copyOf(tests);
    }

    /**
     * The decision of this experiment.
     *
     * @param holdout fraction of users that the lake keeps out of every experiment, in [0, 1)
     * @param parameters what rules, bandit and people have set
     * @param asOf instant of the run that decides
     */
    public Allocator allocator(double holdout, AllocationParameters parameters, Instant asOf) {
        Activity activity = status == Status.ACTIVE ? parameters.activity() : Activity.INACTIVE;
        Map<String, Double> shares =
                segments.names().stream().collect(Collectors.toMap(name -> name, parameters::share));
        Policy policy = allocation.inForce(parameters, asOf);
        return new Allocator(activity, holdout, layer, segments, policy, exploration, unscored(policy), shares);
    }

    private double unscored(Policy inForce) {
        // A percentage asks for no score: whoever has none is given the same.
        return unscored.orElseGet(() -> inForce instanceof Policy.Percentage percentage ? percentage.probability() : 0);
    }

    /** The rules of this experiment. */
    public RuleEngine ruleEngine() {
        return engine(rules);
    }

    /** The alerts on metrics, as rules with an error of their own: telling somebody spends nothing of what the rules may err. */
    public RuleEngine alertEngine() {
        return engine(alerts.stream().flatMap(alert -> alert.rule().stream()).toList());
    }

    private RuleEngine engine(List<Rule> evaluated) {
        return new RuleEngine(experimentId, contentHash, evaluated, metrics, segments, allocation);
    }

    /** Days of the longest window that rules, alerts or a bandit that forgets look at; 0 where none looks at one. */
    public long longestWindowDays() {
        LongStream windows = Stream.concat(rules.stream(), alertEngine().rules().stream())
                .flatMap(rule -> rule.evidence().window().stream())
                .mapToLong(Duration::toDays);
        LongStream halfLife =
                allocation instanceof Policy.Bandit bandit && bandit.learner().dailyDiscount() < 1
                        ? LongStream.of(bandit.learner().halfLifeDays())
                        : LongStream.empty();
        return LongStream.concat(windows, halfLife).max().orElse(0);
    }

    /** What the file asks for that can never happen, in a sentence each. */
    public List<String> warnings() {
        return new FutileChanges(this).sentences();
    }

    /** What is watched of this experiment. */
    public Watch watch() {
        Set<String> watched = new HashSet<>(segments.names());
        watched.addAll(List.of(Segments.ALL, "unscored"));
        return new Watch(
                experimentId,
                watched,
                Stream.concat(alerts.stream(), rules.stream().flatMap(rule -> Alert.of(rule).stream()))
                        .toList());
    }
}
