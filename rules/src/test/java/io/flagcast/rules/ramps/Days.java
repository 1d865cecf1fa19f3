package io.flagcast.rules.ramps;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.allocation.ParameterChange.Origin;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Policy.Percentage;
import io.flagcast.allocation.ramp.Gate;
import io.flagcast.allocation.ramp.Level;
import io.flagcast.allocation.ramp.Level.Unit;
import io.flagcast.allocation.ramp.Ramp;
import io.flagcast.allocation.ramp.Step;
import io.flagcast.rules.Health;
import io.flagcast.rules.ramps.RampRound.Firing;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;

/** A ramp that lives day by day: one run at the start of each, and the users of the day after it. */
final class Days {

    static final Instant FIRST = Instant.parse("2026-12-01T00:00:00Z");
    static final Health SICK = new Health(List.of("nothing has come for 3 d"));

    private Policy policy;
    private ParameterLog log = ParameterLog.EMPTY;
    private Activity activity = Activity.ACTIVE;
    private Health health = Health.SOUND;
    private Optional<Firing> firing = Optional.empty();
    /** Users of the day after the run of an as-of. */
    private final Map<Instant, Long> users = new TreeMap<>();

    private int day = -1;

    Days(Policy policy) {
        this.policy = policy;
    }

    static Policy ramp(Step... steps) {
        return new Percentage(0, new Ramp(Unit.PERCENTAGE, List.of(steps)));
    }

    static Step step(double to) {
        return new Step(Step.AT_ONCE, to, Gate.OPEN);
    }

    static Step step(double to, long minUsers, int quietDays) {
        return new Step(Step.AT_ONCE, to, new Gate(minUsers, Duration.ofDays(quietDays)));
    }

    static Instant asOf(int day) {
        return FIRST.plus(Duration.ofDays(day));
    }

    void edit(Policy edited) {
        policy = edited;
    }

    void file(Activity says) {
        activity = says;
    }

    void data(Health are) {
        health = are;
    }

    /** The run of the next day, at which a rule fires. */
    RampDecision nextFiring(String ruleId) {
        firing = Optional.of(new Firing(ruleId, asOf(day + 1)));
        return next(0);
    }

    /** The run of the next day; then so many users meet the feature. */
    RampDecision next(long usersOfTheDay) {
        day++;
        RampDecision decision = decide();
        log = log.with(decision.changes(log, asOf(day), reason -> reason));
        users.put(asOf(day), usersOfTheDay);
        return decision;
    }

    /** Decides for the present day, whatever was decided for it before. */
    RampDecision decide() {
        AllocationParameters parameters = parameters();
        Instant began = RampRound.firstRun(parameters)
                .flatMap(first -> users.keySet().stream()
                        .filter(run -> !run.isBefore(first))
                        .findFirst())
                .orElse(asOf(day));
        long met = RampRound.firstRun(parameters)
                .map(first -> users.entrySet().stream()
                        .filter(each -> !each.getKey().isBefore(first))
                        .mapToLong(Map.Entry::getValue)
                        .sum())
                .orElse(0L);
        Activity both = activity == Activity.ACTIVE ? parameters.activity() : activity;
        return RampDecision.of(new RampRound("e", policy, both, log, parameters, began, met, firing, health, asOf(day)))
                .orElseThrow();
    }

    AllocationParameters parameters() {
        return log.before(asOf(day)).getOrDefault("e", AllocationParameters.INITIAL);
    }

    ParameterLog log() {
        return log;
    }

    /** What the run of the present day gives. */
    double level() {
        return policy.inForce(parameters(), asOf(day)).level().map(Level::value).orElseThrow();
    }

    /** What the step in force waits for. */
    Gate gate(double level) {
        return policy.ramp().gateAt(Level.ofPercentage(level));
    }

    /** A person changes something after the run of the present day. */
    void person(Adjustment adjustment) {
        log = log.with(log.changesTo("e", adjustment, asOf(day), origin(Cause.PERSON)));
    }

    void goBackTo(long version) {
        person(log.backTo("e", version));
    }

    void setActivity(Activity activityByPerson) {
        person(new Adjustment(
                Map.of(),
                Map.of(),
                Optional.<OptionalInt>empty(),
                Optional.of(activityByPerson),
                Optional.empty(),
                OptionalLong.empty()));
    }

    /** A rule goes back to the version before. */
    void ruleGoesBack() {
        Adjustment back = log.backTo("e", log.previous("e", log.newest("e").version()));
        log = log.with(log.changesTo("e", back, asOf(day), origin(Cause.RULE)));
    }

    private Origin origin(Cause cause) {
        return new Origin(cause, Optional.empty(), cause + "-" + log.nextVersion("e"), "{}");
    }

    List<Long> versions() {
        List<Long> versions = new ArrayList<>();
        log.of("e").forEach(change -> versions.add(change.version()));
        return versions;
    }
}
