package io.flagcast.allocation;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.ramp.Level;
import java.time.Instant;
import java.util.Comparator;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What rules, the bandit and people have set for one experiment, as one version.
 *
 * @param version number of the last change; 0 where nothing has changed yet
 * @param segments by name; a segment that is absent has never changed. {@link Segments#ALL} stands for changes of the whole
 *     experiment: a tier, a step of a ramp, a pause
 * @param learned base probability per cell, each in [0, 1]; bandit only
 * @param activeTier active tier set by a change; the experiment file's otherwise
 * @param activity inactive where a change has paused the experiment, whatever its file says
 * @param ramp what a gated ramp has reached; absent where none has begun
 */
public record AllocationParameters(
        long version,
        Map<String, Setting> segments,
        Map<Cell, Double> learned,
        OptionalInt activeTier,
        Activity activity,
        Optional<Reached> ramp) {

    /** Nothing changed yet: every share is 1. */
    public static final AllocationParameters INITIAL =
            new AllocationParameters(0, Map.of(), Map.of(), OptionalInt.empty(), Activity.ACTIVE);

    /**
     * The setting of one segment.
     *
     * @param share fraction of its base probability that the segment keeps, in [0, 1]
     * @param shareVersion version that last changed the share; 0 for none. Evidence begins with it
     * @param shareChangedAt as-of of that change; runs with a later as-of use the share
     */
    public record Setting(double share, long shareVersion, Optional<Instant> shareChangedAt) {

        static final Setting INITIAL = new Setting(1, 0, Optional.empty());

        public Setting {
            if (!(share >= 0 && share <= 1)) {
                throw new IllegalArgumentException("share " + share + " is outside [0, 1]");
            }
            Objects.requireNonNull(shareChangedAt, "shareChangedAt");
        }
    }

    /**
     * What a gated ramp has reached.
     *
     * @param level in force
     * @param at as-of at which that was decided
     * @param firstRun earliest as-of of a run that decides by it: that one where the ramp began with it, a later one else
     */
    public record Reached(Level level, Instant at, Instant firstRun) {
        public Reached {
            Objects.requireNonNull(level, "level");
            Objects.requireNonNull(at, "at");
            Objects.requireNonNull(firstRun, "firstRun");
        }
    }

    public AllocationParameters {
        if (version < 0) {
            throw new IllegalArgumentException("parameters version " + version + " is negative");
        }
        segments = Map.copyOf(segments);
        learned = Map.copyOf(learned);
        learned.forEach((cell, probability) -> {
            if (!(probability >= 0 && probability <= 1)) {
                throw new IllegalArgumentException(
                        "base probability " + probability + " of " + cell + " is outside [0, 1]");
            }
        });
        Objects.requireNonNull(activeTier, "activeTier");
        Objects.requireNonNull(activity, "activity");
        Objects.requireNonNull(ramp, "ramp");
    }

    /** Where no gated ramp has begun. */
    public AllocationParameters(
            long version,
            Map<String, Setting> segments,
            Map<Cell, Double> learned,
            OptionalInt activeTier,
            Activity activity) {
        this(version, segments, learned, activeTier, activity, Optional.empty());
    }

    /** What a gated ramp has reached. */
    public Optional<Level> rampLevel() {
        return ramp.map(Reached::level);
    }

    /** The setting of a segment, the initial one where nothing has changed. */
    public Setting setting(String segment) {
        return segments.getOrDefault(segment, Setting.INITIAL);
    }

    /**
     * The setting with which the evidence of a segment begins: its own, or the last change of the whole experiment where that
     * is newer. For {@link Segments#ALL} it is the newest of any segment, since any gives the feature to others than before.
     */
    public Setting evidenceOf(String segment) {
        return segments.entrySet().stream()
                .filter(each -> segment.equals(Segments.ALL)
                        || each.getKey().equals(segment)
                        || each.getKey().equals(Segments.ALL))
                .map(Map.Entry::getValue)
                .max(Comparator.comparingLong(Setting::shareVersion))
                .orElse(Setting.INITIAL);
    }

    /** The share of a segment, in [0, 1]. */
    public double share(String segment) {
        return setting(segment).share();
    }
}
