package io.flagcast.experiments;

import io.flagcast.allocation.Policy;
import io.flagcast.allocation.ramp.Step;
import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Numbers;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Value;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Reads the keys of an allocation by tiers. */
final class TierReader {

    private TierReader() {}

    static Supplier<Policy> read(Mapping allocation) {
        Setting<List<Double>> thresholds = allocation.required("tier_thresholds", Mapping.listOf(Numbers::number));
        // A ramp without either begins with nobody.
        if (!allocation.has("ramp") || allocation.has("active_tier") || allocation.has("tier_probabilities")) {
            allocation.requireExactlyOne("active_tier", "tier_probabilities");
        }
        Setting<Optional<Integer>> activeTier = allocation.optional("active_tier", Numbers::smallCount);
        Setting<Optional<List<Double>>> probabilities =
                allocation.optional("tier_probabilities", Mapping.listOf(Numbers::rate));
        Setting<List<Step>> ramp = RampReader.read(
                allocation,
                value -> activeTier(value, thresholds.read()).map(Integer::doubleValue),
                "active_tier",
                "to");
        return () -> {
            Policy.Tiered before = probabilities
                    .value()
                    .map(each -> new Policy.Tiered(thresholds.value(), each, List.of()))
                    .orElseGet(() -> Policy.Tiered.upTo(activeTier.value().orElse(0), thresholds.value()));
            RampReader.requireNobodyLost(before, ramp.value());
            return before.withRamp(ramp.value());
        };
    }

    private static Optional<Integer> activeTier(Value value, Optional<List<Double>> thresholds) {
        Optional<Integer> tiers = thresholds.map(declared -> declared.size() + 1);
        return Numbers.smallCount(value)
                .flatMap(tier -> tier >= 0 && tier <= tiers.orElse(tier)
                        ? Optional.of(tier)
                        : value.refuse("outside 0 (nobody) to %s (everybody)"
                                .formatted(tiers.map(String::valueOf).orElse("the number of tiers"))));
    }
}
