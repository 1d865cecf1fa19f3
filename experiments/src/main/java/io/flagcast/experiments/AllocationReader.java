package io.flagcast.experiments;

import io.flagcast.allocation.Policy;
import io.flagcast.allocation.ramp.Level.Unit;
import io.flagcast.allocation.ramp.Ramp;
import io.flagcast.allocation.ramp.Step;
import io.flagcast.experiments.Experiment.Stickiness;
import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Numbers;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Value;
import io.flagcast.experiments.document.Words;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;

/** Reads the allocation of an experiment: its type, and what every type has. */
final class AllocationReader {

    private final BanditReader bandits;
    private final boolean hasValue;

    /**
     * A reader of one file's allocation.
     *
     * @param metrics has read all of them
     * @param hasValue whether the file says what users earn and cost
     */
    AllocationReader(MetricReader metrics, boolean hasValue) {
        this.bandits = new BanditReader(metrics);
        this.hasValue = hasValue;
    }

    private enum Type {
        TIERED,
        WEIGHTED_RANDOM,
        BANDIT,
        PERCENTAGE
    }

    /**
     * The allocation block.
     *
     * @param policy type and settings of the policy
     * @param exploration fraction of users never personalised, in [0, 1]
     * @param unscored probability for users without a score, in [0, 1]; absent for the percentage in force
     * @param stickiness whether the score of the first exposure is kept
     */
    record Allocation(Policy policy, double exploration, OptionalDouble unscored, Stickiness stickiness) {}

    Optional<Allocation> read(Mapping allocation) {
        Setting<Type> type = allocation.or("type", this::type, Type.PERCENTAGE);
        Setting<Optional<Double>> exploration = allocation.optional("exploration", Numbers::rate);
        Setting<Optional<Double>> unscored = allocation.optional("unscored", Numbers::rate);
        Setting<Stickiness> stickiness =
                allocation.or("stickiness", Words.oneOf(Stickiness.class), Stickiness.ENROLMENT);
        Optional<Supplier<Policy>> chosen = type.read().map(known -> {
            allocation.qualify("type " + Words.label(known));
            return switch (known) {
                case TIERED -> TierReader.read(allocation, hasValue);
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
            boolean isPercentage = policy instanceof Policy.Percentage;
            return new Allocation(
                    policy,
                    exploration.value().orElse(isPercentage ? 0 : 0.05),
                    unscored.value()
                            .map(OptionalDouble::of)
                            .orElse(
                                    isPercentage
                                            ? OptionalDouble.empty()
                                            : OptionalDouble.of(policy instanceof Policy.Best ? 0 : 0.10)),
                    stickiness.value());
        });
    }

    private Optional<Type> type(Value value) {
        return Words.oneOf(Type.class)
                .read(value)
                .flatMap(type -> type == Type.BANDIT && hasValue
                        ? value.refuse("learns its reward and not what users cost; remove value, or use another type")
                        : Optional.of(type));
    }

    private static Supplier<Policy> weightedRandom(Mapping allocation) {
        Setting<Policy> policy = allocation.required("weight_parameters", Mapping.of(WeightReader::read));
        return policy::value;
    }

    private Supplier<Policy> bandit(Mapping allocation) {
        Setting<Policy> policy = allocation.required("bandit", Mapping.of(bandits::read));
        return policy::value;
    }

    private static Supplier<Policy> percentage(Mapping allocation) {
        // A ramp without it begins with nobody.
        Setting<Double> percentage = allocation.has("ramp")
                ? allocation.or("percentage_allocation", Numbers::rate, 0.0)
                : allocation.required("percentage_allocation", Numbers::rate);
        Setting<List<Step>> ramp = RampReader.read(allocation, Numbers::rate, "to");
        return () -> {
            RampReader.requireNobodyLost(new Policy.Percentage(percentage.value()), ramp.value());
            return new Policy.Percentage(percentage.value(), new Ramp(Unit.PERCENTAGE, ramp.value()));
        };
    }
}
