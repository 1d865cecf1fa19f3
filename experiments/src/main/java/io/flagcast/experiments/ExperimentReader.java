package io.flagcast.experiments;

import io.flagcast.allocation.Curve;
import io.flagcast.allocation.Layer;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Segments;
import io.flagcast.allocation.Segments.Band;
import io.flagcast.allocation.ThompsonSampling;
import io.flagcast.experiments.Experiment.Status;
import io.flagcast.experiments.Experiment.Stickiness;
import io.flagcast.rules.Action;
import io.flagcast.rules.Action.Amount;
import io.flagcast.rules.Rule;
import io.flagcast.rules.RuleDecision;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Direction;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Supplier;

/** The keys of the experiment file, with their types and defaults, and what one part of a file says about another. */
final class ExperimentReader {

    private final Path file;
    private final String contentHash;

    // What the file declares, filled while it is read: segments and metrics before the rules, rules before the tests.
    private Optional<List<String>> segmentNames = Optional.empty();
    private Optional<List<String>> metricNames = Optional.empty();
    private Optional<Set<String>> ruleNames = Optional.empty();
    private final Map<String, Metric.Kind> metricKinds = new HashMap<>();
    private final Map<String, Integer> ruleLines = new LinkedHashMap<>();
    private final Map<String, Metric.Kind> ruleKinds = new HashMap<>();

    ExperimentReader(Path file, String contentHash) {
        this.file = file;
        this.contentHash = contentHash;
    }

    /**
     * What the files are compared by, also where the rest of one is broken.
     *
     * @param experiment absent where the file has a problem
     */
    record Outline(
            String file,
            Setting<String> experimentId,
            Setting<Status> status,
            Setting<Layer> layer,
            Optional<Experiment> experiment) {}

    Optional<Outline> outline(Mapping root) {
        segmentNames = root.has("segments") ? root.namesIn("segments") : Optional.of(Segments.SINGLE.names());
        metricNames = root.namesIn("metrics");
        Setting<String> experimentId = root.required("experiment_id", Scalars::name);
        Setting<String> featureId = root.required("feature_id", Scalars::name);
        Setting<Status> status = root.or("status", Scalars.oneOf(Status.class), Status.ACTIVE);
        Setting<Map<String, String>> treatment =
                root.or("treatment", Mapping.ofNames(name -> Scalars::verbatim), Map.of());
        Setting<String> salt = root.required("salt", Scalars::name);
        Setting<Layer> layer = root.or("layer", Mapping.of(ExperimentReader::layer), Layer.NONE);
        Setting<Optional<String>> eligibility = root.optional("eligibility", Scalars::text);
        Setting<Segments> segments = root.or("segments", ExperimentReader::segments, Segments.SINGLE);
        Setting<Map<String, Metric>> metrics =
                root.or("metrics", Mapping.ofNames(name -> Mapping.of(metric -> metric(name, metric))), Map.of());
        Setting<Allocation> allocation = root.required("allocation", Mapping.of(this::allocation));
        Setting<List<Rule>> rules = root.or("rules", Mapping.listOf(Mapping.of(this::rule)), List.of());
        ruleNames =
                rules.read().isPresent() || !ruleLines.isEmpty() ? Optional.of(ruleLines.keySet()) : Optional.empty();
        Setting<List<RuleTest>> tests = root.or("tests", Mapping.listOf(Mapping.of(this::test)), List.of());
        Optional<Experiment> experiment = root.build(() -> new Experiment(
                experimentId.value(),
                featureId.value(),
                status.value(),
                treatment.value(),
                salt.value(),
                layer.value(),
                eligibility.value(),
                segments.value(),
                allocation.value().policy(),
                allocation.value().reward(),
                allocation.value().exploration(),
                allocation.value().unscored(),
                allocation.value().stickiness(),
                List.copyOf(metrics.value().values()),
                rules.value(),
                tests.value(),
                contentHash,
                file));
        return Optional.of(new Outline(file.toString(), experimentId, status, layer, experiment));
    }

    private static Optional<Layer> layer(Mapping layer) {
        Setting<String> name = layer.required("name", Scalars::name);
        Setting<Double> from = layer.required("from", Scalars::rate);
        Setting<Double> to = layer.required("to", Scalars::rate);
        return layer.build(() -> new Layer(name.value(), from.value(), to.value()));
    }

    private static Optional<Segments> segments(Value value) {
        return Mapping.ofNames(name -> band -> band(name, band))
                .read(value)
                .flatMap(bands -> value.build(() -> new Segments(List.copyOf(bands.values()))));
    }

    private static Optional<Band> band(String name, Value value) {
        return Mapping.listOf(Scalars::number)
                .read(value)
                .flatMap(ends -> ends.size() == 2
                        ? value.build(() -> new Band(name, ends.get(0), ends.get(1)))
                        : value.refuse("a segment has two ends; write [from, to], as in [30, 70]"));
    }

    private Optional<Metric> metric(String name, Mapping metric) {
        Setting<Metric.Kind> kind = metric.required("kind", Scalars.oneOf(Metric.Kind.class));
        Setting<String> outcome = metric.required("outcome", Scalars::name);
        Setting<Duration> within = metric.required("within", Scalars::duration);
        Setting<Boolean> higherIsBetter = metric.or("higher_is_better", Scalars::flag, true);
        kind.read().ifPresent(known -> metricKinds.put(name, known));
        return metric.build(() -> new Metric(
                name,
                kind.value(),
                outcome.value(),
                within.value(),
                higherIsBetter.value() ? Direction.HIGHER_IS_BETTER : Direction.LOWER_IS_BETTER));
    }

    private enum AllocationType {
        TIERED,
        WEIGHTED_RANDOM,
        BANDIT,
        PERCENTAGE
    }

    private record Allocation(
            Policy policy, Optional<String> reward, double exploration, double unscored, Stickiness stickiness) {}

    private record Chosen(Policy policy, Optional<String> reward) {
        static Chosen withoutReward(Policy policy) {
            return new Chosen(policy, Optional.empty());
        }
    }

    private record Learner(ThompsonSampling sampling, String reward) {}

    private Optional<Allocation> allocation(Mapping allocation) {
        Setting<AllocationType> type =
                allocation.or("type", Scalars.oneOf(AllocationType.class), AllocationType.PERCENTAGE);
        Setting<Optional<Double>> exploration = allocation.optional("exploration", Scalars::rate);
        Setting<Optional<Double>> unscored = allocation.optional("unscored", Scalars::rate);
        Setting<Stickiness> stickiness =
                allocation.or("stickiness", Scalars.oneOf(Stickiness.class), Stickiness.ENROLMENT);
        Optional<Supplier<Chosen>> chosen = type.read().map(known -> {
            allocation.qualify("type " + Scalars.label(known));
            return switch (known) {
                case TIERED -> tiered(allocation);
                case WEIGHTED_RANDOM -> weightedRandom(allocation);
                case BANDIT -> bandit(allocation);
                case PERCENTAGE -> percentage(allocation);
            };
        });
        if (chosen.isEmpty()) {
            allocation.acceptEveryKey();
        }
        return allocation.build(() -> {
            Chosen choice = chosen.orElseThrow().get();
            Optional<Policy.Percentage> percentage =
                    choice.policy() instanceof Policy.Percentage constant ? Optional.of(constant) : Optional.empty();
            return new Allocation(
                    choice.policy(),
                    choice.reward(),
                    exploration.value().orElse(percentage.isPresent() ? 0 : 0.05),
                    unscored.value()
                            .orElse(percentage
                                    .map(Policy.Percentage::probability)
                                    .orElse(0.10)),
                    stickiness.value());
        });
    }

    private static Supplier<Chosen> tiered(Mapping allocation) {
        Setting<List<Double>> thresholds = allocation.required("tier_thresholds", Mapping.listOf(Scalars::number));
        allocation.requireExactlyOne("active_tier", "tier_probabilities");
        Setting<Optional<Integer>> activeTier = allocation.optional("active_tier", Scalars::smallCount);
        Setting<Optional<List<Double>>> probabilities =
                allocation.optional("tier_probabilities", Mapping.listOf(Scalars::rate));
        return () -> Chosen.withoutReward(activeTier
                .value()
                .map(tier -> Policy.Tiered.upTo(tier, thresholds.value()))
                .orElseGet(() -> new Policy.Tiered(
                        thresholds.value(), probabilities.value().orElseThrow())));
    }

    private static Supplier<Chosen> weightedRandom(Mapping allocation) {
        Setting<Policy> policy =
                allocation.required("weight_parameters", Mapping.of(ExperimentReader::weightParameters));
        return () -> Chosen.withoutReward(policy.value());
    }

    private enum CurveName {
        LOGISTIC,
        LINEAR,
        POWER
    }

    private static Optional<Policy> weightParameters(Mapping weights) {
        Setting<CurveName> name = weights.required("curve", Scalars.oneOf(CurveName.class));
        Setting<Double> floor = weights.or("floor", Scalars::rate, 0.0);
        Setting<Double> ceiling = weights.or("ceiling", Scalars::rate, 1.0);
        Optional<Supplier<Curve>> curve = name.read().map(known -> {
            weights.qualify("curve " + Scalars.label(known));
            return switch (known) {
                case LOGISTIC -> logistic(weights);
                case LINEAR -> Curve.Linear::new;
                case POWER -> power(weights);
            };
        });
        if (curve.isEmpty()) {
            weights.acceptEveryKey();
        }
        return weights.build(
                () -> new Policy.WeightedRandom(curve.orElseThrow().get(), floor.value(), ceiling.value()));
    }

    private static Supplier<Curve> logistic(Mapping weights) {
        Setting<Double> midpoint = weights.required("midpoint", Scalars::number);
        Setting<Double> steepness = weights.required("steepness", Scalars::number);
        return () -> new Curve.Logistic(midpoint.value(), steepness.value());
    }

    private static Supplier<Curve> power(Mapping weights) {
        Setting<Double> exponent = weights.required("exponent", Scalars::number);
        return () -> new Curve.Power(exponent.value());
    }

    private enum Algorithm {
        THOMPSON
    }

    private Supplier<Chosen> bandit(Mapping allocation) {
        Setting<Learner> learner = allocation.required("bandit", Mapping.of(this::learner));
        return () -> new Chosen(
                new Policy.Bandit(learner.value().sampling(), Map.of()),
                Optional.of(learner.value().reward()));
    }

    private Optional<Learner> learner(Mapping bandit) {
        bandit.required("algorithm", Scalars.oneOf(Algorithm.class));
        Setting<String> reward = bandit.required("reward", this::proportion);
        Setting<Double> floor = bandit.or("floor", Scalars::rate, 0.05);
        Setting<Double> maxStep = bandit.or("max_step", Scalars::points, 0.10);
        Setting<Long> minUsers = bandit.or("min_users", Scalars::count, 100L);
        return bandit.build(() ->
                new Learner(new ThompsonSampling(floor.value(), maxStep.value(), minUsers.value()), reward.value()));
    }

    private Optional<String> proportion(Value value) {
        return Scalars.nameIn("metrics", metricNames)
                .read(value)
                .flatMap(metric -> metricKinds.get(metric) == Metric.Kind.MEAN
                        ? value.refuse("is of kind mean; a bandit learns from a metric of kind proportion")
                        : Optional.of(metric));
    }

    private static Supplier<Chosen> percentage(Mapping allocation) {
        Setting<Double> percentage = allocation.required("percentage_allocation", Scalars::rate);
        return () -> Chosen.withoutReward(new Policy.Percentage(percentage.value()));
    }

    private Optional<Rule> rule(Mapping rule) {
        Setting<String> ruleId = rule.required("rule_id", this::newRuleId);
        Setting<String> description = rule.required("description", Scalars::text);
        Setting<Rule.Condition> when = rule.required("when", Mapping.of(this::condition));
        Setting<Rule.Evidence> evidence = rule.required("evidence", Mapping.of(ExperimentReader::evidence));
        Setting<Action> then = rule.required("then", Mapping.of(ExperimentReader::action));
        Setting<Duration> cooldown = rule.or("cooldown", Scalars::duration, Duration.ZERO);
        Setting<Optional<Integer>> maxFirings = rule.optional("max_firings", Scalars::smallCount);
        Setting<Rule.Mode> mode = rule.or("mode", Scalars.oneOf(Rule.Mode.class), Rule.Mode.DRY_RUN);
        when.read()
                .map(condition -> metricKinds.get(condition.metric()))
                .ifPresent(kind -> ruleId.read().ifPresent(id -> ruleKinds.put(id, kind)));
        return rule.build(() -> new Rule(
                ruleId.value(),
                description.value(),
                when.value(),
                evidence.value(),
                then.value(),
                cooldown.value(),
                maxFirings.value().map(OptionalInt::of).orElseGet(OptionalInt::empty),
                mode.value()));
    }

    private Optional<String> newRuleId(Value value) {
        return Scalars.name(value).flatMap(ruleId -> {
            Integer first = ruleLines.putIfAbsent(ruleId, value.line());
            return first == null
                    ? Optional.of(ruleId)
                    : value.refuse("also declared on line %d; give every rule its own rule_id".formatted(first));
        });
    }

    private Optional<Rule.Condition> condition(Mapping when) {
        Setting<String> segment = when.required("segment", Scalars.nameIn("segments", segmentNames));
        Setting<Rule.Population> population =
                when.or("population", Scalars.oneOf(Rule.Population.class), Rule.Population.ENABLED);
        Setting<String> metric = when.required("metric", Scalars.nameIn("metrics", metricNames));
        when.requireExactlyOne("below", "above");
        Reader<Double> level = metric.read()
                .map(metricKinds::get)
                .map(kind -> kind == Metric.Kind.PROPORTION
                        ? (Reader<Double>) Scalars::rate
                        : (Reader<Double>) Scalars::number)
                // The metric itself is broken, which says enough.
                .orElse(value -> Optional.empty());
        Setting<Optional<Double>> below = when.optional("below", level);
        Setting<Optional<Double>> above = when.optional("above", level);
        return when.build(() -> new Rule.Condition(
                segment.value(),
                population.value(),
                metric.value(),
                below.value().isPresent() ? Rule.Side.BELOW : Rule.Side.ABOVE,
                below.value().or(above::value).orElseThrow()));
    }

    private static Optional<Rule.Evidence> evidence(Mapping evidence) {
        Setting<Long> minUsers = evidence.required("min_users", Scalars::count);
        Setting<Double> confidence = evidence.or("confidence", Scalars::rate, 0.95);
        Setting<Optional<Long>> tunedAt = evidence.optional("tuned_at", Scalars::count);
        return evidence.build(() -> new Rule.Evidence(
                minUsers.value(), confidence.value(), tunedAt.value().orElse(10 * minUsers.value())));
    }

    private static Optional<Action> action(Mapping then) {
        then.requireExactlyOne("reduce_allocation", "increase_allocation");
        Setting<Optional<Amount>> reduce = then.optional("reduce_allocation", Scalars::amount);
        Setting<Optional<Amount>> increase = then.optional("increase_allocation", Scalars::amount);
        boolean raises = then.has("increase_allocation");
        Setting<Double> bound =
                raises ? then.or("not_above", Scalars::rate, 1.0) : then.or("not_below", Scalars::rate, 0.0);
        return then.build(() -> raises
                ? new Action.Increase(increase.value().orElseThrow(), bound.value())
                : new Action.Reduce(reduce.value().orElseThrow(), bound.value()));
    }

    private Optional<RuleTest> test(Mapping test) {
        Setting<String> name = test.required("name", Scalars::text);
        Setting<RuleTest.Given> given = test.required("given", Mapping.of(this::given));
        Setting<RuleTest.Expect> expect = test.required("expect", Mapping.of(this::expect));
        return test.build(() -> new RuleTest(name.value(), given.value(), expect.value(), test.line()));
    }

    private Optional<RuleTest.Given> given(Mapping given) {
        Setting<String> segment = given.required("segment", Scalars.nameIn("segments", segmentNames));
        Setting<Long> users = given.required("users", Scalars::count);
        Setting<Long> conversions = given.required("conversions", Scalars::count);
        Setting<Double> share = given.or("share", Scalars::rate, 1.0);
        return given.build(
                () -> new RuleTest.Given(segment.value(), users.value(), conversions.value(), share.value()));
    }

    private Optional<RuleTest.Expect> expect(Mapping expect) {
        Setting<String> rule = expect.required("rule", this::testableRule);
        Setting<RuleDecision.Outcome> outcome = expect.required("outcome", Scalars.oneOf(RuleDecision.Outcome.class));
        Setting<Optional<Double>> share = expect.optional("share", Scalars::rate);
        return expect.build(() -> new RuleTest.Expect(
                rule.value(),
                outcome.value(),
                share.value().map(OptionalDouble::of).orElseGet(OptionalDouble::empty)));
    }

    private Optional<String> testableRule(Value value) {
        return Scalars.nameIn("rules", ruleNames)
                .read(value)
                .flatMap(rule -> ruleKinds.get(rule) == Metric.Kind.MEAN
                        ? value.refuse("looks at a metric of kind mean; a test counts conversions, so it needs a rule"
                                + " on a metric of kind proportion")
                        : Optional.of(rule));
    }
}
