package io.flagcast.experiments;

import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Policy.Tiered.Step;
import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Numbers;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Times;
import io.flagcast.experiments.document.Value;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Reads the keys of an allocation by tiers, and the steps of its ramp. */
final class TierReader {

    private TierReader() {}

    static Supplier<Policy> read(Mapping allocation) {
        Setting<List<Double>> thresholds = allocation.required("tier_thresholds", Mapping.listOf(Numbers::number));
        allocation.requireExactlyOne("active_tier", "tier_probabilities");
        Setting<Optional<Integer>> activeTier = allocation.optional("active_tier", Numbers::smallCount);
        Setting<Optional<List<Double>>> probabilities =
                allocation.optional("tier_probabilities", Mapping.listOf(Numbers::rate));
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
        Setting<Instant> from = step.required("from", Times::instant);
        Setting<Integer> activeTier = step.required("active_tier", value -> activeTier(value, thresholds));
        return step.build(() -> new Step(from.value(), activeTier.value()));
    }

    private static Optional<Integer> activeTier(Value value, Optional<List<Double>> thresholds) {
        Optional<Integer> tiers = thresholds.map(declared -> declared.size() + 1);
        return Numbers.smallCount(value)
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
}
