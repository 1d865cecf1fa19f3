package io.flagcast.experiments;

import io.flagcast.allocation.Policy;
import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Numbers;
import io.flagcast.experiments.document.Reader;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Value;
import io.flagcast.experiments.document.Words;
import io.flagcast.rules.Action;
import io.flagcast.rules.Action.Alert.Severity;
import io.flagcast.rules.Amount;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.Supplier;

/** Reads what a rule does, and how it gives back what it took. */
final class ActionReader {

    private final Optional<Policy> policy;

    /** @param policy of the experiment, absent where the allocation is broken */
    ActionReader(Optional<Policy> policy) {
        this.policy = policy;
    }

    Optional<Action> read(Mapping then) {
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
            case "set_allocation" -> only(then, key, Numbers::rate, Action.SetShare::new);
            case "pause" -> only(then, key, Words::yes, yes -> new Action.Pause());
            case "roll_back" -> only(then, key, Words::yes, yes -> new Action.RollBack());
            case "advance_tier" -> advance(then);
            default -> only(then, key, Words.oneOf(Severity.class), Action.Alert::new);
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
        Setting<Amount> by = then.required("reduce_allocation", Numbers::change);
        Setting<Double> floor = then.or("not_below", Numbers::rate, 0.0);
        return () -> new Action.Reduce(by.value(), floor.value());
    }

    private static Supplier<Action.Increase> increase(Mapping then) {
        Setting<Amount> by = then.required("increase_allocation", Numbers::change);
        Setting<Double> ceiling = then.or("not_above", Numbers::rate, 1.0);
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
        return Words.yes(value)
                // A broken allocation says enough.
                .flatMap(yes -> policy.isEmpty() || policy.get().activeTier().isPresent()
                        ? Optional.of(yes)
                        : value.refuse(
                                "the allocation has no active_tier to advance; use type tiered with active_tier"));
    }

    private Optional<Integer> lastTier(Value value) {
        return Numbers.smallCount(value)
                .flatMap(tier -> tier >= 1 && tier <= tiers().orElse(tier)
                        ? Optional.of(tier)
                        : value.refuse("outside 1 to %s"
                                .formatted(tiers().map("%d, the number of tiers"::formatted)
                                        .orElse("the number of tiers"))));
    }

    private Optional<Integer> tiers() {
        return policy.map(Policy::tiers).filter(OptionalInt::isPresent).map(OptionalInt::getAsInt);
    }

    /** What gives back, a step at a time. */
    static Reader<Action.Increase> recovery(Optional<Action> then) {
        // A broken action says enough.
        return then.map(action -> action instanceof Action.Reduce || action instanceof Action.SetShare)
                        .orElse(true)
                ? Mapping.of(recover -> recover.build(increase(recover)))
                : value -> value.refuse("gives back what reduce_allocation or set_allocation took, but this rule takes"
                        + " nothing; remove it");
    }
}
