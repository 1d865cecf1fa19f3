package io.flagcast.experiments;

import io.flagcast.allocation.Policy;
import io.flagcast.allocation.ramp.Step;
import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Numbers;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Value;
import io.flagcast.experiments.document.Words;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Reads the keys of an allocation by tiers. */
final class TierReader {

    private TierReader() {}

    /** Thresholds, or that they are to be found. */
    private record Thresholds(List<Double> scores, boolean best) {

        static final Thresholds BEST = new Thresholds(Policy.Best.THRESHOLDS, true);

        static Optional<Thresholds> read(Value value, boolean hasValue) {
            if (value.isList()) {
                return Mapping.listOf(Numbers::number).read(value).map(scores -> new Thresholds(scores, false));
            }
            return Words.verbatim(value)
                    .flatMap(text -> text.equals("best")
                            ? Optional.of(BEST)
                            : value.refuse("neither a list of scores, as in [80, 50, 20], nor best"))
                    .flatMap(best -> hasValue
                            ? Optional.of(best)
                            : value.refuse(
                                    "needs to know what users earn and cost; declare value: {metric: NAME, per: 10,"
                                            + " cost: 0.15}"));
        }
    }

    /** @param hasValue whether the file says what users earn and cost */
    static Supplier<Policy> read(Mapping allocation, boolean hasValue) {
        Setting<Thresholds> tiers = allocation.required("tier_thresholds", value -> Thresholds.read(value, hasValue));
        Setting<List<Double>> thresholds =
                new Setting<>(tiers.line(), tiers.read().map(Thresholds::scores));
        boolean best = tiers.read().filter(Thresholds::best).isPresent();
        boolean ramps = allocation.has("ramp");
        // A ramp without either begins with nobody, and the best tiers with those who pay.
        if (!(best || ramps) || allocation.has("active_tier") || allocation.has("tier_probabilities")) {
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
                    .orElseGet(() -> Policy.Tiered.upTo(activeTier.value().orElse(ramps ? 0 : 1), thresholds.value()));
            RampReader.requireNobodyLost(before, ramp.value());
            Policy.Tiered tiered = before.withRamp(ramp.value());
            return best ? new Policy.Best(tiered) : tiered;
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
