package io.flagcast.experiments;

import io.flagcast.allocation.Policy;
import io.flagcast.experiments.Experiment.Stickiness;
import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Numbers;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Value;
import io.flagcast.experiments.document.Words;
import java.util.Optional;
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
     * @param unscored probability for users without a score, in [0, 1]
     * @param stickiness whether the score of the first exposure is kept
     */
    record Allocation(Policy policy, double exploration, double unscored, Stickiness stickiness) {}

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
            Optional<Policy.Percentage> percentage =
                    policy instanceof Policy.Percentage constant ? Optional.of(constant) : Optional.empty();
            return new Allocation(
                    policy,
                    exploration.value().orElse(percentage.isPresent() ? 0 : 0.05),
                    unscored.value()
                            .orElse(
                                    policy instanceof Policy.Best
                                            ? 0
                                            : percentage
                                                    .map(Policy.Percentage::probability)
                                                    .orElse(0.10)),
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
        Setting<Double> percentage = allocation.required("percentage_allocation", Numbers::rate);
        return () -> new Policy.Percentage(percentage.value());
    }
}
