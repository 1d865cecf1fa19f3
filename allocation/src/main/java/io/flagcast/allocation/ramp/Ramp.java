package io.flagcast.allocation.ramp;

import io.flagcast.allocation.ramp.Level.Unit;
import java.io.Serializable;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Steps by which an experiment gives its feature to more users, never to fewer.
 *
 * <p>A ramp by dates alone is a function of the as-of: its last step whose date has come is in force. Where a step has a gate or no
 * date, the ramp is gated: its first step is in force from its date on, and every other one once a run has found that it may be
 * taken. What such a ramp has reached stands among the parameters of the experiment, as an absolute value: whatever becomes of the
 * steps in the file, the ramp stays where it is until one of them is higher.
 *
 * @param unit what it raises
 * @param steps in order; empty for no ramp
 */
public record Ramp(Unit unit, List<Step> steps) implements Serializable {

    public Ramp {
        Objects.requireNonNull(unit, "unit");
        steps = List.copyOf(steps);
        boolean gated = isGated(steps);
        Optional<Instant> last = Optional.empty();
        for (int i = 0; i < steps.size(); i++) {
            Step step = steps.get(i);
            Level level = new Level(unit, step.to());
            if (step.isDated()
                    && last.filter(before -> !step.from().isAfter(before)).isPresent()) {
                throw new IllegalArgumentException(
                        "ramp is out of order: %s comes after %s".formatted(step.from(), last.get()));
            }
            last = step.isDated() ? Optional.of(step.from()) : last;
            if (i > 0) {
                requireHigher(new Level(unit, steps.get(i - 1).to()), level, gated);
            }
        }
    }

    private static void requireHigher(Level before, Level level, boolean gated) {
        if (level.value() < before.value()) {
            throw new IllegalArgumentException(
                    level.unit() == Unit.TIER
                            ? "ramp goes back from %s to %.0f: a ramp only adds users; set active_tier to take them out"
                                    .formatted(before, level.value())
                            : "ramp goes back from %s to %s: a ramp only adds users; set percentage_allocation to take them out"
                                    .formatted(before, level));
        }
        if (gated && level.value() == before.value()) {
            throw new IllegalArgumentException(
                    "ramp has two steps to %s: a step behind a gate has to raise something; remove one"
                            .formatted(level));
        }
    }

    public static Ramp none(Unit unit) {
        return new Ramp(unit, List.of());
    }

    public boolean isNone() {
        return steps.isEmpty();
    }

    /** Whether runs decide when a step is taken, and not dates alone. */
    public boolean isGated() {
        return isGated(steps);
    }

    private static boolean isGated(List<Step> steps) {
        return steps.stream().anyMatch(step -> !step.isDated() || !step.until().isOpen());
    }

    /**
     * What is in force; absent where the ramp has not begun.
     *
     * @param reached what it has reached by the decisions of runs
     * @param asOf instant of the run
     */
    public Optional<Level> level(Optional<Level> reached, Instant asOf) {
        if (isNone()) {
            return Optional.empty();
        }
        Optional<Level> known = reached.filter(level -> level.unit() == unit);
        Optional<Level> dated = steps.stream()
                .limit(isGated() ? 1 : steps.size())
                .filter(step -> step.isDue(asOf))
                .reduce((earlier, later) -> later)
                .map(step -> new Level(unit, step.to()));
        if (isGated()) {
            return known.or(() -> dated);
        }
        // It may have been gated before: what it reached then is not taken back by dates.
        return known.isPresent()
                        && dated.isPresent()
                        && known.get().value() < dated.get().value()
                ? dated
                : known.or(() -> dated);
    }

    /** The number of the last step that a level has come to or beyond; 0 below the first. */
    public int stepAt(Level level) {
        return (int) steps.stream().filter(step -> step.to() <= level.value()).count();
    }

    /** The first step above a level. */
    public Optional<Step> next(Level level) {
        return steps.stream().filter(step -> step.to() > level.value()).findFirst();
    }

    /** What has to be so before the ramp leaves a level. */
    public Gate gateAt(Level level) {
        int step = stepAt(level);
        return step == 0 ? Gate.OPEN : steps.get(step - 1).until();
    }
}
