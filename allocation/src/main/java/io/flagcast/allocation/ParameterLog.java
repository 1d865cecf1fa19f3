package io.flagcast.allocation;

import io.flagcast.allocation.AllocationParameters.Reached;
import io.flagcast.allocation.AllocationParameters.Setting;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.allocation.ParameterChange.Origin;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The changes of allocation parameters. It only grows; what is in force is what its changes add up to.
 *
 * @param changes by experiment and version
 */
public record ParameterLog(List<ParameterChange> changes) {

    /** Nothing has changed yet. */
    public static final ParameterLog EMPTY = new ParameterLog(List.of());

    public ParameterLog {
        changes = changes.stream()
                .sorted(Comparator.comparing(ParameterChange::experimentId).thenComparingLong(ParameterChange::version))
                .toList();
    }

    /** This log and further changes. */
    public ParameterLog with(List<ParameterChange> further) {
        return new ParameterLog(
                Stream.concat(changes.stream(), further.stream()).toList());
    }

    /** The changes that a run with this as-of uses: those effective before it. */
    public ParameterLog until(Instant asOf) {
        return new ParameterLog(changes.stream()
                .filter(change -> change.effectiveAsOf().isBefore(asOf))
                .toList());
    }

    /** Parameters per experiment as a run with this as-of uses them. */
    public Map<String, AllocationParameters> before(Instant asOf) {
        Map<String, AllocationParameters> result = new HashMap<>();
        for (ParameterChange change : until(asOf).changes()) {
            result.merge(
                    change.experimentId(),
                    after(AllocationParameters.INITIAL, change),
                    (earlier, ignored) -> after(earlier, change));
        }
        return result;
    }

    private static AllocationParameters after(AllocationParameters earlier, ParameterChange change) {
        String segment = change.cell().segment();
        Map<String, Setting> segments = new HashMap<>(earlier.segments());
        // The level with which a ramp begins is in force already: nobody is given anything else, and evidence goes on.
        boolean begins = change.origin().cause() == Cause.RAMP && earlier.ramp().isEmpty();
        if ((change.isOfExperiment() && !begins) || change.share() != earlier.share(segment)) {
            segments.put(segment, new Setting(change.share(), change.version(), Optional.of(change.effectiveAsOf())));
        }
        Map<Cell, Double> learned = new HashMap<>(earlier.learned());
        change.baseProbability().ifPresent(probability -> learned.put(change.cell(), probability));
        return new AllocationParameters(
                change.version(),
                segments,
                learned,
                change.activeTier().orElse(earlier.activeTier()),
                change.activity().orElse(earlier.activity()),
                change.ramp()
                        .map(level -> level.map(reached -> new Reached(
                                reached,
                                change.effectiveAsOf(),
                                begins
                                        ? change.effectiveAsOf()
                                        : change.effectiveAsOf().plusSeconds(1))))
                        .orElse(earlier.ramp()));
    }

    /** The changes of one experiment, oldest first. */
    public List<ParameterChange> of(String experimentId) {
        return changes.stream()
                .filter(change -> change.experimentId().equals(experimentId))
                .toList();
    }

    /** The parameters of an experiment as a version left them; the initial ones for version 0. */
    public AllocationParameters at(String experimentId, long version) {
        AllocationParameters parameters = AllocationParameters.INITIAL;
        for (ParameterChange change : of(experimentId)) {
            if (change.version() <= version) {
                parameters = after(parameters, change);
            }
        }
        return parameters;
    }

    /** The newest parameters of an experiment, in force for a run after all changes. */
    public AllocationParameters newest(String experimentId) {
        return at(experimentId, Long.MAX_VALUE);
    }

    /** The change that has paused an experiment; absent where it is not paused. */
    public Optional<ParameterChange> pause(String experimentId) {
        return of(experimentId).stream()
                .filter(change -> change.activity().isPresent())
                .reduce((earlier, later) -> later)
                .filter(change -> change.activity().equals(Optional.of(Activity.INACTIVE)));
    }

    /** The version that the next change of an experiment gets. */
    public long nextVersion(String experimentId) {
        return 1 + newest(experimentId).version();
    }

    /** The changes that a decision made; none where it is not in this log. */
    public List<ParameterChange> ofDecision(String decisionId) {
        return changes.stream()
                .filter(change -> change.origin().decisionId().equals(decisionId))
                .toList();
    }

    public boolean has(String decisionId) {
        return !ofDecision(decisionId).isEmpty();
    }

    /**
     * The changes that make an adjustment the newest parameters of an experiment, all with the next version.
     *
     * @param effectiveAsOf runs with a later as-of use them
     * @return none where nothing differs
     */
    public List<ParameterChange> changesTo(
            String experimentId, Adjustment adjustment, Instant effectiveAsOf, Origin origin) {
        AllocationParameters now = newest(experimentId);
        Set<Cell> cells = new TreeSet<>();
        adjustment.shares().forEach((segment, share) -> {
            if (share != now.share(segment)) {
                cells.add(Cell.whole(segment));
            }
        });
        adjustment.learned().forEach((cell, probability) -> {
            if (!probability.equals(now.learned().get(cell))) {
                cells.add(cell);
            }
        });
        boolean pauses = adjustment
                .activity()
                .filter(activity -> activity != now.activity())
                .isPresent();
        boolean advances = adjustment
                .activeTier()
                .filter(tier -> !tier.equals(now.activeTier()))
                .isPresent();
        boolean ramps = adjustment
                .ramp()
                .filter(level -> !level.equals(now.rampLevel()))
                .isPresent();
        if (pauses || advances || ramps) {
            cells.add(Cell.whole(Segments.ALL));
        }
        List<ParameterChange> result = new ArrayList<>();
        for (Cell cell : cells) {
            boolean whole = cell.segment().equals(Segments.ALL);
            Double learned = adjustment.learned().get(cell);
            result.add(new ParameterChange(
                    experimentId,
                    nextVersion(experimentId),
                    cell,
                    whole ? 1 : adjustment.shares().getOrDefault(cell.segment(), now.share(cell.segment())),
                    learned == null ? OptionalDouble.empty() : OptionalDouble.of(learned),
                    whole ? adjustment.activeTier() : Optional.empty(),
                    whole ? adjustment.activity() : Optional.empty(),
                    whole ? adjustment.ramp() : Optional.empty(),
                    adjustment.restores(),
                    Optional.empty(),
                    effectiveAsOf,
                    origin));
        }
        return result;
    }

    /** What gives an experiment the parameters of an earlier version again. */
    public Adjustment backTo(String experimentId, long version) {
        AllocationParameters then = at(experimentId, version);
        AllocationParameters now = newest(experimentId);
        Map<String, Double> shares = new TreeMap<>();
        now.segments().forEach((segment, setting) -> {
            if (setting.share() != then.share(segment)) {
                shares.put(segment, then.share(segment));
            }
        });
        Map<Cell, Double> learned = new TreeMap<>();
        now.learned().forEach((cell, probability) -> {
            // What was in force for it: its own, else its segment's.
            double before = then.learned()
                    .getOrDefault(cell, then.learned().getOrDefault(Cell.whole(cell.segment()), BanditLearner.START));
            if (probability != before) {
                learned.put(cell, before);
            }
        });
        return new Adjustment(
                shares,
                learned,
                now.activeTier().equals(then.activeTier()) ? Optional.empty() : Optional.of(then.activeTier()),
                now.activity() == then.activity() ? Optional.empty() : Optional.of(then.activity()),
                now.rampLevel().equals(then.rampLevel()) ? Optional.empty() : Optional.of(then.rampLevel()),
                OptionalLong.of(version));
    }

    /**
     * The version before one: what a version restored stands for it, so that going back twice goes back two steps and not
     * to where one came from.
     *
     * @return 0, before the first change, for 0 and 1
     */
    public long previous(String experimentId, long version) {
        long stood = version;
        OptionalLong restored = restoredBy(experimentId, stood);
        while (restored.isPresent()) {
            stood = restored.getAsLong();
            restored = restoredBy(experimentId, stood);
        }
        return Math.max(0, stood - 1);
    }

    private OptionalLong restoredBy(String experimentId, long version) {
        return of(experimentId).stream()
                .filter(change -> change.version() == version)
                .map(ParameterChange::restores)
                .filter(OptionalLong::isPresent)
                .findFirst()
                .orElse(OptionalLong.empty());
    }
}
