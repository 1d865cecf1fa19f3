package io.flagcast.experiments;

import io.flagcast.allocation.Policy;
import io.flagcast.allocation.ramp.Gate;
import io.flagcast.allocation.ramp.Level;
import io.flagcast.allocation.ramp.Level.Unit;
import io.flagcast.allocation.ramp.Step;
import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Numbers;
import io.flagcast.experiments.document.Reader;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Times;
import io.flagcast.experiments.document.Value;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Reads the steps of a ramp, whatever it raises. */
final class RampReader {

    private RampReader() {}

    /**
     * Reads the ramp of an allocation.
     *
     * @param to reads what a step raises to
     * @param names the keys by which a step may say that; it has to have exactly one
     */
    static Setting<List<Step>> read(Mapping allocation, Reader<Double> to, String... names) {
        Reader<List<Step>> steps = Mapping.listOf(Mapping.of(step -> step(step, to, names)));
        return allocation.or(
                "ramp",
                value -> steps.read(value)
                        .flatMap(read -> read.isEmpty()
                                ? value.refuse("has no step; give one or remove the key")
                                : Optional.of(read)),
                List.of());
    }

    private static Optional<Step> step(Mapping step, Reader<Double> level, String... names) {
        Setting<Instant> from = step.or("from", Times::instant, Step.AT_ONCE);
        step.requireExactlyOne(names);
        List<Setting<Optional<Double>>> to =
                Stream.of(names).map(name -> step.optional(name, level)).toList();
        Setting<Gate> until = step.or("until", Mapping.of(RampReader::gate), Gate.OPEN);
        return step.build(() -> new Step(
                from.value(),
                to.stream().flatMap(each -> each.value().stream()).findFirst().orElseThrow(),
                until.value()));
    }

    private static Optional<Gate> gate(Mapping gate) {
        Setting<Long> minUsers = gate.or("min_users", RampReader::users, Gate.OPEN.minUsers());
        Setting<Duration> quiet = gate.or("no_rule_fired", RampReader::quiet, Gate.OPEN.quiet());
        return gate.build(() -> {
            Gate read = new Gate(minUsers.value(), quiet.value());
            if (read.isOpen()) {
                throw new IllegalArgumentException(
                        "until is empty: nothing would be waited for; give min_users, no_rule_fired or both");
            }
            return read;
        });
    }

    private static Optional<Long> users(Value value) {
        return Numbers.count(value)
                .flatMap(users ->
                        users >= 1 ? Optional.of(users) : value.refuse("below 1; give how many users to wait for"));
    }

    private static Optional<Duration> quiet(Value value) {
        return Times.duration(value)
                .flatMap(quiet -> quiet.isZero()
                        ? value.refuse("nothing would be waited for; write how long, as in 3d")
                        : Optional.of(quiet));
    }

    /**
     * The records compare the steps with one another; this compares the first with what holds before it.
     *
     * @throws IllegalArgumentException where the first step takes users out
     */
    static void requireNobodyLost(Policy before, List<Step> steps) {
        Optional<Level> enabled = before.level().or(() -> enabledTiers(before));
        steps.stream()
                .findFirst()
                .ifPresent(step -> enabled.filter(level -> step.to() < level.value())
                        .ifPresent(level -> {
                            throw new IllegalArgumentException(
                                    level.unit() == Unit.TIER
                                            ? ("ramp begins with active_tier %.0f, but %2$.0f tiers are enabled before it: a ramp only adds"
                                                            + " users; begin with %2$.0f or more, or enable fewer before")
                                                    .formatted(step.to(), level.value())
                                            : ("ramp begins with %s, but %s are enabled before it: a ramp only adds users; begin with %2$s or"
                                                            + " more, or make percentage_allocation lower")
                                                    .formatted(Level.ofPercentage(step.to()), level));
                        }));
    }

    /** Of a policy with a probability per tier: how many have one. */
    private static Optional<Level> enabledTiers(Policy before) {
        return before instanceof Policy.Tiered tiered
                ? Optional.of(Level.ofTier((int) tiered.probabilities().stream()
                        .filter(probability -> probability > 0)
                        .count()))
                : Optional.empty();
    }
}
