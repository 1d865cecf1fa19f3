package io.flagcast.experiments;

import io.flagcast.allocation.BanditLearner;
import io.flagcast.allocation.Curve;
import io.flagcast.allocation.Curve.Piecewise.Point;
import io.flagcast.allocation.Layer;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Policy.Tiered.Step;
import io.flagcast.allocation.Segments;
import io.flagcast.allocation.Segments.Band;
import io.flagcast.experiments.Experiment.Status;
import io.flagcast.experiments.Experiment.Stickiness;
import io.flagcast.rules.Action;
import io.flagcast.rules.Action.Alert.Severity;
import io.flagcast.rules.Alert;
import io.flagcast.rules.Amount;
import io.flagcast.rules.Condition;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Quality;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Rule;
import io.flagcast.rules.Rule.Evidence.Method;
import io.flagcast.rules.RuleDecision;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Direction;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The keys of the experiment file, with their types and defaults, and what one part of a file says about another. */
final class ExperimentReader {

    /** Most context columns of a bandit, each of which multiplies the cells that have to learn, and most dimensions. */
    private static final int MOST_COLUMNS = 5;

    private static final Duration SHORTEST_HALF_LIFE = Duration.ofHours(1);

    private final Path file;
    private final String contentHash;

    // What the file declares, filled while it is read: segments, metrics and policy before the rules, rules
    // before the tests.
    private Optional<List<String>> segmentNames = Optional.empty();
    private Optional<List<String>> metricNames = Optional.empty();
    private Optional<Set<String>> ruleNames = Optional.empty();
    private final Map<String, Metric.Kind> metricKinds = new HashMap<>();
    private final Map<String, Metric> declaredMetrics = new HashMap<>();
    private final Map<String, Integer> ruleLines = new LinkedHashMap<>();
    private final Map<String, Rule> declaredRules = new HashMap<>();
    private Optional<Policy> policy = Optional.empty();

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
            Setting<String> salt,
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
        Setting<List<String>> dimensions = root.or("dimensions", ExperimentReader::dimensions, List.of());
        Setting<Optional<Duration>> prePeriod = root.optional("pre_period", Scalars::wholeDays);
        Setting<Allocation> allocation = root.required("allocation", Mapping.of(this::allocation));
        policy = allocation.read().map(Allocation::policy);
        Setting<List<Rule>> rules = root.or("rules", Mapping.listOf(Mapping.of(this::rule)), List.of());
        ruleNames =
                rules.read().isPresent() || !ruleLines.isEmpty() ? Optional.of(ruleLines.keySet()) : Optional.empty();
        AlertReader alertReader = new AlertReader(Mapping.of(this::when), this::watched, ruleLines);
        Setting<List<Alert>> alerts = root.or("alerts", Mapping.listOf(Mapping.of(alertReader::read)), List.of());
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
                allocation.value().exploration(),
                allocation.value().unscored(),
                allocation.value().stickiness(),
                List.copyOf(metrics.value().values()),
                dimensions.value(),
                prePeriod.value(),
                rules.value(),
                alerts.value(),
                tests.value(),
                contentHash,
                file));
        return Optional.of(new Outline(file.toString(), experimentId, salt, status, layer, experiment));
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
        Optional<Metric> declared = metric.build(() -> new Metric(
                name,
                kind.value(),
                outcome.value(),
                within.value(),
                higherIsBetter.value() ? Direction.HIGHER_IS_BETTER : Direction.LOWER_IS_BETTER));
        declared.ifPresent(known -> declaredMetrics.put(name, known));
        return declared;
    }

    private enum AllocationType {
        TIERED,
        WEIGHTED_RANDOM,
        BANDIT,
        PERCENTAGE
    }

    private record Allocation(Policy policy, double exploration, double unscored, Stickiness stickiness) {}

    private Optional<Allocation> allocation(Mapping allocation) {
        Setting<AllocationType> type =
                allocation.or("type", Scalars.oneOf(AllocationType.class), AllocationType.PERCENTAGE);
        Setting<Optional<Double>> exploration = allocation.optional("exploration", Scalars::rate);
        Setting<Optional<Double>> unscored = allocation.optional("unscored", Scalars::rate);
        Setting<Stickiness> stickiness =
                allocation.or("stickiness", Scalars.oneOf(Stickiness.class), Stickiness.ENROLMENT);
        Optional<Supplier<Policy>> chosen = type.read().map(known -> {
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
            Policy policy = chosen.orElseThrow().get();
            Optional<Policy.Percentage> percentage =
                    policy instanceof Policy.Percentage constant ? Optional.of(constant) : Optional.empty();
            return new Allocation(
                    policy,
                    exploration.value().orElse(percentage.isPresent() ? 0 : 0.05),
                    unscored.value()
                            .orElse(percentage
                                    .map(Policy.Percentage::probability)
                                    .orElse(0.10)),
                    stickiness.value());
        });
    }

    private static Supplier<Policy> tiered(Mapping allocation) {
        Setting<List<Double>> thresholds = allocation.required("tier_thresholds", Mapping.listOf(Scalars::number));
        allocation.requireExactlyOne("active_tier", "tier_probabilities");
        Setting<Optional<Integer>> activeTier = allocation.optional("active_tier", Scalars::smallCount);
        Setting<Optional<List<Double>>> probabilities =
                allocation.optional("tier_probabilities", Mapping.listOf(Scalars::rate));
        Setting<List<Step>> ramp =
                allocation.or("ramp", Mapping.listOf(Mapping.of(step -> step(step, thresholds.read()))), List.of());
        return () -> {
            Policy.Tiered before = activeTier
                    .value()
                    .map(tier -> Policy.Tiered.upTo(tier, thresholds.value()))
                    .orElseGet(() -> new Policy.Tiered(
                            thresholds.value(), probabilities.value().orElseThrow(), List.of()));
            ramp.value().stream().findFirst().ifPresent(first -> requireNobodyLost(before, first));
            return before.withRamp(ramp.value());
        };
    }

    private static Optional<Step> step(Mapping step, Optional<List<Double>> thresholds) {
        Setting<Instant> from = step.required("from", Scalars::instant);
        Setting<Integer> activeTier = step.required("active_tier", value -> activeTier(value, thresholds));
        return step.build(() -> new Step(from.value(), activeTier.value()));
    }

    private static Optional<Integer> activeTier(Value value, Optional<List<Double>> thresholds) {
        Optional<Integer> tiers = thresholds.map(declared -> declared.size() + 1);
        return Scalars.smallCount(value)
                .flatMap(tier -> tier >= 0 && tier <= tiers.orElse(tier)
                        ? Optional.of(tier)
                        : value.refuse("outside 0 (nobody) to %s (everybody)"
                                .formatted(tiers.map(String::valueOf).orElse("the number of tiers"))));
    }

    /** The records compare the steps with one another; this compares the first with what holds before it. */
    private static void requireNobodyLost(Policy.Tiered before, Step first) {
        int enabledTiers = (int) before.probabilities().stream()
                .filter(probability -> probability > 0)
                .count();
        if (first.activeTier() < enabledTiers) {
            throw new IllegalArgumentException(
                    "ramp begins with active_tier %d, but %d tiers are enabled before it: a ramp only adds users; begin"
                                    .formatted(first.activeTier(), enabledTiers)
                            + " with %d or more, or enable fewer before".formatted(enabledTiers));
        }
    }

    private static Supplier<Policy> weightedRandom(Mapping allocation) {
        Setting<Policy> policy =
                allocation.required("weight_parameters", Mapping.of(ExperimentReader::weightParameters));
        return policy::value;
    }

    private enum CurveName {
        LOGISTIC,
        LINEAR,
        POWER,
        PIECEWISE
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
                case PIECEWISE -> piecewise(weights);
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

    private static Supplier<Curve> piecewise(Mapping weights) {
        Setting<List<Point>> points = weights.required(
                "points",
                Mapping.listOf(Mapping.pairOf(
                        ExperimentReader::score,
                        Scalars::rate,
                        Point::new,
                        "a point is a score and its weight; write [score, weight], as in [60, 20%]")));
        return () -> new Curve.Piecewise(points.value());
    }

    private static Optional<Double> score(Value value) {
        return Scalars.number(value)
                .flatMap(score -> score >= 0 && score <= 100
                        ? Optional.of(score)
                        : value.refuse("outside 0 to 100; write a score"));
    }

    private Supplier<Policy> bandit(Mapping allocation) {
        Setting<Policy> policy = allocation.required("bandit", Mapping.of(this::learner));
        return policy::value;
    }

    private Optional<Policy> learner(Mapping bandit) {
        Setting<BanditLearner.Algorithm> algorithm =
                bandit.required("algorithm", Scalars.oneOf(BanditLearner.Algorithm.class));
        Setting<Metric> reward = bandit.required("reward", this::reward);
        Setting<List<String>> context = bandit.or("context", ExperimentReader::context, List.of());
        Setting<Double> floor = bandit.or("floor", Scalars::rate, 0.05);
        Setting<Double> maxStep = bandit.or("max_step", Scalars::points, 0.10);
        Setting<Long> minUsers = bandit.or("min_users", Scalars::count, 100L);
        Setting<Optional<Duration>> halfLife = bandit.optional("half_life", ExperimentReader::halfLife);
        return bandit.build(() -> new Policy.Bandit(
                new BanditLearner(
                        algorithm.value(),
                        reward.value(),
                        floor.value(),
                        maxStep.value(),
                        minUsers.value(),
                        halfLife.value().map(ExperimentReader::dailyDiscount).orElse(1.0)),
                context.value(),
                Map.of()));
    }

    private Optional<Metric> reward(Value value) {
        // A name that is declared but broken has its problem already.
        return Scalars.nameIn("metrics", metricNames)
                .read(value)
                .flatMap(name -> Optional.ofNullable(declaredMetrics.get(name)));
    }

    private static Optional<List<String>> context(Value value) {
        return fewColumns(value, "splits every cell again");
    }

    private static Optional<List<String>> dimensions(Value value) {
        return fewColumns(value, "breaks every metric down once more")
                .flatMap(names -> Set.copyOf(names).size() == names.size()
                        ? Optional.of(names)
                        : value.refuse("names a column twice; keep one"));
    }

    private static Optional<List<String>> fewColumns(Value value, String cost) {
        return Mapping.listOf(Scalars::name)
                .read(value)
                .flatMap(columns -> columns.size() <= MOST_COLUMNS
                        ? Optional.of(columns)
                        : value.refuse("names %d columns, but each %s; keep at most %d"
                                .formatted(columns.size(), cost, MOST_COLUMNS)));
    }

    private static Optional<Duration> halfLife(Value value) {
        return Scalars.duration(value)
                .flatMap(halfLife -> halfLife.compareTo(SHORTEST_HALF_LIFE) >= 0
                        ? Optional.of(halfLife)
                        : value.refuse("shorter than 1h; write a longer one, as in 28d, or remove the key to forget"
                                + " nothing"));
    }

    /** What is left after a day of a weight that halves every half-life: 0.5 ^ (1 day / half-life). */
    private static double dailyDiscount(Duration halfLife) {
        return StrictMath.pow(0.5, (double) Duration.ofDays(1).toSeconds() / halfLife.toSeconds());
    }

    private static Supplier<Policy> percentage(Mapping allocation) {
        Setting<Double> percentage = allocation.required("percentage_allocation", Scalars::rate);
        return () -> new Policy.Percentage(percentage.value());
    }

    private Optional<Rule> rule(Mapping rule) {
        Setting<String> ruleId = rule.required("rule_id", this::newRuleId);
        Setting<String> description = rule.required("description", Scalars::text);
        Setting<When> when = rule.required("when", Mapping.of(this::when));
        Setting<Rule.Evidence> evidence = rule.required(
                "evidence", Mapping.of(limits -> evidence(limits, when.read().map(When::condition))));
        Setting<Action> then = rule.required("then", Mapping.of(this::action));
        Setting<Optional<Action.Increase>> recover = rule.optional("recover", recovery(then.read()));
        Setting<Duration> cooldown = rule.or("cooldown", ofChange(then.read(), Scalars::duration), Duration.ZERO);
        Setting<Optional<Integer>> maxFirings =
                rule.optional("max_firings", ofChange(then.read(), Scalars::smallCount));
        Setting<Boolean> requiresHealthy = rule.or("requires_healthy", Scalars::flag, false);
        Setting<Rule.Mode> mode = rule.or("mode", Scalars.oneOf(Rule.Mode.class), Rule.Mode.DRY_RUN);
        Optional<Rule> read = rule.build(() -> new Rule(
                ruleId.value(),
                description.value(),
                when.value().segment(),
                when.value().condition(),
                evidence.value(),
                then.value(),
                recover.value(),
                cooldown.value(),
                maxFirings.value().map(OptionalInt::of).orElseGet(OptionalInt::empty),
                requiresHealthy.value() ? Rule.Health.FOR_EVERY_CHANGE : Rule.Health.FOR_INCREASES,
                mode.value()));
        read.ifPresent(known -> declaredRules.put(known.ruleId(), known));
        return read;
    }

    /** A setting that only an action which changes something has. */
    private static <T> Reader<T> ofChange(Optional<Action> then, Reader<T> read) {
        return then.filter(Action.Alert.class::isInstance).isEmpty()
                ? read
                : value -> value.refuse("an alert changes nothing, so that this has no meaning; remove it");
    }

    private Optional<String> newRuleId(Value value) {
        return Scalars.name(value).flatMap(ruleId -> {
            Integer first = ruleLines.putIfAbsent(ruleId, value.line());
            return first == null
                    ? Optional.of(ruleId)
                    : value.refuse("also declared on line %d; give every rule its own rule_id".formatted(first));
        });
    }

    /**
     * What metrics are looked at for.
     *
     * @param segment the segment, or all
     */
    record When(String segment, Condition condition) {}

    private Optional<When> when(Mapping when) {
        Setting<String> segment = when.required("segment", this::watched);
        Optional<Supplier<Condition>> condition = condition(when);
        return when.build(
                () -> new When(segment.value(), condition.orElseThrow().get()));
    }

    /** A segment, or all users together. */
    private Optional<String> watched(Value value) {
        return Scalars.nameIn(
                        "segments",
                        segmentNames.map(names -> Stream.concat(names.stream(), Stream.of(Segments.ALL))
                                .toList()))
                .read(value);
    }

    private Optional<Condition> part(Mapping part) {
        Optional<Supplier<Condition>> condition = condition(part);
        return part.build(() -> condition.orElseThrow().get());
    }

    /** The keys of one comparison, or of several; absent where none is there. */
    private Optional<Supplier<Condition>> condition(Mapping when) {
        Optional<String> chosen = when.requireExactlyOne(
                "below", "above", "worse_than_control", "better_than_control", "drops", "rises", "all", "any");
        if (chosen.isEmpty()) {
            // What else is needed depends on the one that is missing or misspelt.
            when.optional("population", Optional::of);
            when.optional("metric", Optional::of);
        }
        return chosen.map(key -> switch (key) {
            case "all" -> several(when, key, Condition.All::new);
            case "any" -> several(when, key, Condition.Any::new);
            default -> comparison(when, key);
        });
    }

    private Supplier<Condition> several(Mapping when, String key, Function<List<Condition>, Condition> together) {
        for (String ofEach : List.of("population", "metric")) {
            when.optional(ofEach, value -> value.refuse("belongs in each condition of the list; move it there"));
        }
        Setting<List<Condition>> parts = when.required(key, Mapping.listOf(Mapping.of(this::part)));
        return () -> together.apply(parts.value());
    }

    /**
     * Whose metric is compared.
     *
     * @param kind absent where the metric is broken
     */
    private record Subject(Setting<Population> population, Setting<String> metric, Optional<Metric.Kind> kind) {}

    private Supplier<Condition> comparison(Mapping when, String key) {
        Setting<Population> population = when.or("population", Scalars.oneOf(Population.class), Population.ENABLED);
        Setting<String> metric = when.required("metric", Scalars.nameIn("metrics", metricNames));
        Subject subject = new Subject(population, metric, metric.read().map(metricKinds::get));
        return switch (key) {
            case "below" -> level(when, key, Side.BELOW, subject);
            case "above" -> level(when, key, Side.ABOVE, subject);
            case "worse_than_control" -> versusControl(when, key, Quality.WORSE, subject);
            case "better_than_control" -> versusControl(when, key, Quality.BETTER, subject);
            case "drops" -> versusBaseline(when, key, Side.BELOW, subject);
            default -> versusBaseline(when, key, Side.ABOVE, subject);
        };
    }

    private static Supplier<Condition> level(Mapping when, String key, Side side, Subject subject) {
        Setting<Double> level = when.required(key, level(subject.kind(), side));
        return () -> new Condition.Level(
                subject.population().value(), subject.metric().value(), side, level.value());
    }

    private static Reader<Double> level(Optional<Metric.Kind> kind, Side side) {
        if (kind.isEmpty()) {
            // The metric itself is broken, which says enough.
            return value -> Optional.empty();
        }
        double never = side == Side.BELOW ? 0 : 1;
        return kind.get() == Metric.Kind.MEAN
                ? Scalars::numberOfMean
                : value -> Scalars.rate(value)
                        .flatMap(rate -> rate != never
                                ? Optional.of(rate)
                                : value.refuse("a proportion is never %s that; write a level that it can pass"
                                        .formatted(side.label())));
    }

    private static Supplier<Condition> versusControl(Mapping when, String key, Quality quality, Subject subject) {
        Setting<Amount> by = when.required(key, Mapping.of(margin -> margin(margin, subject.kind(), quality)));
        return () -> {
            if (subject.population().value() != Population.ENABLED) {
                throw new IllegalArgumentException(
                        "population: against control it is always the enabled who are compared; remove it");
            }
            return new Condition.VersusControl(subject.metric().value(), quality, by.value());
        };
    }

    private static Optional<Amount> margin(Mapping margin, Optional<Metric.Kind> kind, Quality quality) {
        Setting<Amount> by = margin.required(
                "by",
                value -> Scalars.margin(value)
                        .flatMap(amount -> quality == Quality.BETTER || amount.value() < 1
                                ? Optional.of(amount)
                                : value.refuse("nothing is worse by all of it; write less"))
                        .flatMap(amount ->
                                amount.unit() == Amount.Unit.POINTS && kind.equals(Optional.of(Metric.Kind.MEAN))
                                        ? value.refuse(
                                                "points are of a proportion, the metric is a mean; write percent, as in 10%")
                                        : Optional.of(amount)));
        return margin.build(by::value);
    }

    private static Supplier<Condition> versusBaseline(Mapping when, String key, Side side, Subject subject) {
        Setting<Baseline> baseline = when.required(key, Mapping.of(past -> baseline(past, side)));
        return () -> new Condition.VersusBaseline(
                subject.population().value(),
                subject.metric().value(),
                side,
                baseline.value().by(),
                baseline.value().versus());
    }

    private record Baseline(double by, Duration versus) {}

    private static Optional<Baseline> baseline(Mapping baseline, Side side) {
        Setting<Double> by = baseline.required(
                "by",
                value -> Scalars.percent(value)
                        .flatMap(rate -> side == Side.ABOVE || rate < 1
                                ? Optional.of(rate)
                                : value.refuse("nothing drops by all of it; write less than 100%")));
        Setting<Duration> versus = baseline.required("versus", Scalars::wholeDays);
        return baseline.build(() -> new Baseline(by.value(), versus.value()));
    }

    /** What missing data mean. There is one answer, which a file may give to say so. */
    private enum OnMissing {
        INCONCLUSIVE
    }

    static Optional<Rule.Evidence> evidence(Mapping evidence, Optional<Condition> when) {
        boolean hasBaseline =
                when.stream().flatMap(Condition::comparisons).anyMatch(Condition.VersusBaseline.class::isInstance);
        Setting<Long> minUsers = evidence.required("min_users", Scalars::count);
        Setting<Method> method = evidence.or("method", Scalars.oneOf(Method.class), Method.CONFIDENCE_SEQUENCE);
        Setting<Optional<Double>> confidence = evidence.optional("confidence", Scalars::rate);
        Setting<Optional<Long>> tunedAt = evidence.optional("tuned_at", Scalars::count);
        Setting<Optional<Duration>> window = evidence.optional("window", Scalars::wholeDays);
        Setting<Integer> consecutiveRuns = evidence.or("consecutive_runs", Scalars::smallCount, 1);
        evidence.or("on_missing", Scalars.oneOf(OnMissing.class), OnMissing.INCONCLUSIVE);
        return evidence.build(() -> {
            if (method.value() == Method.POINT
                    && (confidence.value().isPresent() || tunedAt.value().isPresent())) {
                throw new IllegalArgumentException(
                        "method point uses no statistics: confidence and tuned_at have no meaning; remove them");
            }
            if (hasBaseline && window.value().isEmpty()) {
                throw new IllegalArgumentException(
                        "window is missing in evidence: drops and rises need it to say what is"
                                + " recent; add it, as in window: 7d, and the baseline is what was before it");
            }
            return new Rule.Evidence(
                    minUsers.value(),
                    method.value(),
                    confidence.value().orElse(0.95),
                    tunedAt.value().orElse(10 * minUsers.value()),
                    window.value(),
                    consecutiveRuns.value());
        });
    }

    private Optional<Action> action(Mapping then) {
        Optional<String> chosen = then.requireExactlyOne(
                "reduce_allocation",
                "increase_allocation",
                "set_allocation",
                "pause",
                "roll_back",
                "advance_tier",
                "alert");
        Optional<Supplier<Action>> action = chosen.map(key -> switch (key) {
            case "reduce_allocation" -> reduce(then);
            case "increase_allocation" -> increase(then)::get;
            case "set_allocation" -> only(then, key, Scalars::rate, Action.SetShare::new);
            case "pause" -> only(then, key, Scalars::yes, yes -> new Action.Pause());
            case "roll_back" -> only(then, key, Scalars::yes, yes -> new Action.RollBack());
            case "advance_tier" -> advance(then);
            default -> only(then, key, Scalars.oneOf(Severity.class), Action.Alert::new);
        });
        boundOf(then, "not_below", chosen, List.of("reduce_allocation"));
        boundOf(then, "not_above", chosen, List.of("increase_allocation", "advance_tier"));
        return then.build(() -> action.orElseThrow().get());
    }

    /** Refuses a bound that the action does not have; without any action it is that one which is missing or misspelt. */
    private static void boundOf(Mapping then, String bound, Optional<String> chosen, List<String> actions) {
        if (chosen.isEmpty()) {
            then.optional(bound, Optional::of);
        } else if (!actions.contains(chosen.get())) {
            then.optional(
                    bound,
                    value -> value.refuse(
                            "a bound of %s, which is not given; remove it".formatted(String.join(" or ", actions))));
        }
    }

    private static Supplier<Action> reduce(Mapping then) {
        Setting<Amount> by = then.required("reduce_allocation", Scalars::change);
        Setting<Double> floor = then.or("not_below", Scalars::rate, 0.0);
        return () -> new Action.Reduce(by.value(), floor.value());
    }

    private static Supplier<Action.Increase> increase(Mapping then) {
        Setting<Amount> by = then.required("increase_allocation", Scalars::change);
        Setting<Double> ceiling = then.or("not_above", Scalars::rate, 1.0);
        return () -> new Action.Increase(by.value(), ceiling.value());
    }

    private static <T> Supplier<Action> only(Mapping then, String key, Reader<T> read, Function<T, Action> action) {
        Setting<T> setting = then.required(key, read);
        return () -> action.apply(setting.value());
    }

    private Supplier<Action> advance(Mapping then) {
        then.required("advance_tier", this::advance);
        Setting<Integer> last = then.or("not_above", this::lastTier, tiers().orElse(1));
        return () -> new Action.AdvanceTier(last.value());
    }

    private Optional<Boolean> advance(Value value) {
        return Scalars.yes(value)
                // A broken allocation says enough.
                .flatMap(yes -> policy.isEmpty() || policy.get().activeTier().isPresent()
                        ? Optional.of(yes)
                        : value.refuse(
                                "the allocation has no active_tier to advance; use type tiered with active_tier"));
    }

    private Optional<Integer> lastTier(Value value) {
        return Scalars.smallCount(value)
                .flatMap(tier -> tier >= 1 && tier <= tiers().orElse(tier)
                        ? Optional.of(tier)
                        : value.refuse("outside 1 to %s"
                                .formatted(tiers().map("%d, the number of tiers"::formatted)
                                        .orElse("the number of tiers"))));
    }

    private Optional<Integer> tiers() {
        return policy.filter(Policy.Tiered.class::isInstance)
                .map(tiered -> ((Policy.Tiered) tiered).probabilities().size());
    }

    private static Reader<Action.Increase> recovery(Optional<Action> then) {
        // A broken action says enough.
        return then.map(action -> action instanceof Action.Reduce || action instanceof Action.SetShare)
                        .orElse(true)
                ? Mapping.of(recover -> recover.build(increase(recover)))
                : value -> value.refuse("gives back what reduce_allocation or set_allocation took, but this rule takes"
                        + " nothing; remove it");
    }

    private Optional<RuleTest> test(Mapping test) {
        Setting<String> name = test.required("name", Scalars::text);
        Setting<List<Expected>> expected = test.required("expect", Mapping.oneOrListOf(Mapping.of(this::expected)));
        GivenReader reader = new GivenReader(
                expected.read().flatMap(this::rules),
                declaredMetrics,
                Scalars.nameIn("metrics", metricNames),
                this::watched);
        Setting<RuleTest.Given> given = test.required("given", Mapping.of(reader::read));
        given.read()
                .ifPresent(known -> expected.read().stream()
                        .flatMap(List::stream)
                        .forEach(each -> requireGiven(test, each, known.days())));
        return test.build(() -> new RuleTest(
                name.value(),
                given.value(),
                expected.value().stream().map(Expected::expect).toList(),
                test.line()));
    }

    private record Expected(RuleTest.Expect expect, int lineOfDay) {}

    private Optional<Expected> expected(Mapping expect) {
        Setting<String> rule = expect.required("rule", Scalars.nameIn("rules", ruleNames));
        Setting<Optional<Integer>> day = expect.optional("day", Scalars::smallCount);
        Setting<RuleDecision.Outcome> outcome = expect.required("outcome", Scalars.oneOf(RuleDecision.Outcome.class));
        Setting<Optional<Double>> share = expect.optional("share", Scalars::rate);
        return expect.build(() -> new Expected(
                new RuleTest.Expect(
                        rule.value(),
                        day.value().map(OptionalInt::of).orElseGet(OptionalInt::empty),
                        outcome.value(),
                        share.value().map(OptionalDouble::of).orElseGet(OptionalDouble::empty)),
                day.line()));
    }

    /** The rules that something is expected of, absent where one of them is broken. */
    private Optional<List<Rule>> rules(List<Expected> expected) {
        List<String> names =
                expected.stream().map(each -> each.expect().ruleId()).distinct().toList();
        return declaredRules.keySet().containsAll(names)
                ? Optional.of(names.stream().map(declaredRules::get).toList())
                : Optional.empty();
    }

    private static void requireGiven(Mapping test, Expected expected, long days) {
        OptionalInt day = expected.expect().day();
        if (day.isPresent() && !(day.getAsInt() >= 1 && day.getAsInt() <= days)) {
            test.report(
                    expected.lineOfDay(),
                    "day '%d': outside 1 to %d, the days that are given".formatted(day.getAsInt(), days));
        }
    }
}
