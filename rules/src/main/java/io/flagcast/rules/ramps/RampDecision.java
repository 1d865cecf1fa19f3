package io.flagcast.rules.ramps;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.allocation.ParameterChange.Origin;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.ramp.Gate;
import io.flagcast.allocation.ramp.Level;
import io.flagcast.allocation.ramp.Ramp;
import io.flagcast.allocation.ramp.Step;
import io.flagcast.rules.Texts;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Where the ramp of an experiment stands at an as-of, and whether the next step is taken. Whatever is not shown holds it: a ramp
 * raises what rules and people have left, and lowers nothing.
 *
 * @param decisionId key of experiment and as-of: a ramp takes at most one step for it
 * @param experimentId the experiment
 * @param outcome what came of it
 * @param level in force for this as-of; absent where the ramp has not begun, or the policy had a probability per tier before
 * @param step number of the step in force; 0 before the first
 * @param steps how many there are
 * @param next level of the next step; absent on the last
 * @param users who have met the experiment with the feature since the step began
 * @param minUsers how many the step waits for; 0 where it waits for none
 * @param begins whether it is to be noted that the ramp has begun: from then on the level is its own, whatever the file says
 * @param reason why, in a sentence
 */
public record RampDecision(
        String decisionId,
        String experimentId,
        Outcome outcome,
        Optional<Level> level,
        int step,
        int steps,
        Optional<Level> next,
        long users,
        long minUsers,
        boolean begins,
        String reason) {

    /** What came of an evaluation. */
    public enum Outcome {
        /** The next step is taken: later runs decide by it. */
        RAISED,
        /** It stays where it is, and waits. */
        HELD,
        /** There is no further step. */
        DONE;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public RampDecision {
        Objects.requireNonNull(decisionId, "decisionId");
        Objects.requireNonNull(experimentId, "experimentId");
        Objects.requireNonNull(outcome, "outcome");
        Objects.requireNonNull(level, "level");
        Objects.requireNonNull(next, "next");
        Objects.requireNonNull(reason, "reason");
    }

    /** Decides about a ramp; absent where the policy has none. */
    public static Optional<RampDecision> of(RampRound round) {
        return round.policy().ramp().isNone() ? Optional.empty() : Optional.of(new Judge(round).decision());
    }

    /** Where it stands and what it waits for, in a sentence: ramp at 10 %, step 1 of 3: waits for 5,000 users. */
    public String sentence() {
        String place = step == 0 ? "before step 1 of " + steps : "step %d of %d".formatted(step, steps);
        return "ramp%s, %s: %s".formatted(level.map(known -> " at " + known).orElse(""), place, reason);
    }

    /**
     * What changes of the parameters.
     *
     * @param log all changes so far
     * @param asOf of this decision
     * @param json this decision as JSON, with what is to be said of a change
     */
    public List<ParameterChange> changes(ParameterLog log, Instant asOf, UnaryOperator<String> json) {
        List<ParameterChange> changes = new ArrayList<>();
        if (begins) {
            changes.addAll(log.changesTo(
                    experimentId,
                    Adjustment.ofRamp(level.orElseThrow()),
                    asOf,
                    origin(json.apply("begins with step %d of %d".formatted(step, steps)))));
        }
        if (outcome == Outcome.RAISED && !log.has(decisionId)) {
            changes.addAll(log.with(changes)
                    .changesTo(experimentId, Adjustment.ofRamp(next.orElseThrow()), asOf, origin(json.apply(reason))));
        }
        return changes;
    }

    private Origin origin(String json) {
        return new Origin(Cause.RAMP, Optional.empty(), decisionId, json);
    }

    /**
     * Looks at one ramp.
     *
     * @param round what it finds
     * @param ramp the steps
     * @param inForce the policy of this as-of
     * @param level in force; absent where the ramp has not begun
     */
    private record Judge(RampRound round, Ramp ramp, Policy inForce, Optional<Level> level) {

        Judge(RampRound round) {
            this(
                    round,
                    round.policy().ramp(),
                    round.policy().inForce(round.parameters(), round.asOf()),
                    round.policy().ramp().level(round.parameters().rampLevel(), round.asOf()));
        }

        RampDecision decision() {
            if (round.parameters().activeTier().isPresent()) {
                return decided(
                        Outcome.DONE, "a rule has let tiers in: from then on the tier is the rule's, not the ramp's");
            }
            if (level.isEmpty()) {
                return decided(Outcome.HELD, "begins " + on(ramp.steps().get(0)));
            }
            Optional<Step> next = ramp.next(level.get());
            if (next.isEmpty()) {
                return decided(Outcome.DONE, last(level.get()));
            }
            if (!ramp.isGated()) {
                return decided(Outcome.HELD, "goes on to %s %s".formatted(levelOf(next.get()), on(next.get())));
            }
            if (isRaised()) {
                // What an earlier evaluation at the same as-of has decided stands, whatever the data say now.
                return decided(
                        Outcome.RAISED, "goes on to %s, decided at this as-of already".formatted(levelOf(next.get())));
            }
            List<String> waits = waits(next.get());
            return waits.isEmpty()
                    ? decided(
                            Outcome.RAISED,
                            "goes on to %s with the next run: %s"
                                    .formatted(levelOf(next.get()), shown(ramp.gateAt(level.get()))))
                    : decided(Outcome.HELD, String.join("; ", waits));
        }

        private String last(Level reached) {
            Level top = new Level(
                    ramp.unit(), ramp.steps().get(ramp.steps().size() - 1).to());
            return reached.value() > top.value()
                    ? "its file ends at %s, and a ramp only adds users: it stays where it is; go back with flagcast rollback --experiment %s"
                            .formatted(top, round.experimentId())
                    : "the last step is taken";
        }

        private boolean isRaised() {
            return round.log().ofDecision(decisionId()).stream()
                    .flatMap(change -> change.ramp().stream().flatMap(Optional::stream))
                    .anyMatch(reached -> reached.value() > level.get().value());
        }

        private String shown(Gate gate) {
            List<String> shown = new ArrayList<>();
            if (gate.isOpen()) {
                shown.add("the step has no gate");
            }
            if (gate.minUsers() > 0) {
                shown.add("%s users with the feature".formatted(Texts.count(round.users())));
            }
            if (!gate.quiet().isZero()) {
                shown.add("no rule has fired for " + Texts.duration(gate.quiet()));
            }
            return String.join(", ", shown);
        }

        /** All that holds it. */
        private List<String> waits(Step next) {
            Gate gate = ramp.gateAt(level.get());
            List<String> waits = new ArrayList<>();
            if (round.activity() != Activity.ACTIVE) {
                waits.add("waits while the experiment is paused");
            }
            round.newerVersion()
                    .ifPresent(version -> waits.add(
                            "parameters have version %d by now, this as-of uses %d: only a later one can change them"
                                    .formatted(version, round.parameters().version())));
            if (gate.isOpen()) {
                round.setBackBy()
                        .ifPresent(cause -> waits.add(
                                "a %s has set it back to here, and this step has no gate to show that it may go on; give it one (until)"
                                        .formatted(cause.label())));
            }
            if (gate.minUsers() > round.users()) {
                waits.add("waits for %s users with the feature (%s so far)"
                        .formatted(Texts.count(gate.minUsers()), Texts.count(round.users())));
            }
            quiet(gate).ifPresent(waits::add);
            if (!next.isDue(round.asOf())) {
                waits.add("goes on to %s not before %s".formatted(levelOf(next), day(next.from())));
            }
            if (!round.health().isSound()) {
                waits.add("an increase waits for sound data: "
                        + String.join("; ", round.health().failures()));
            }
            return waits;
        }

        private Optional<String> quiet(Gate gate) {
            Optional<RampRound.Firing> firing =
                    round.firing().filter(last -> !last.asOf().isBefore(round.began()));
            if (gate.quiet().isZero()) {
                return firing.filter(last -> last.asOf().equals(round.asOf()))
                        .map(last -> "rule %s fires".formatted(last.ruleId()));
            }
            Instant since = firing.map(RampRound.Firing::asOf).orElse(round.began());
            Instant until = since.plus(gate.quiet());
            return until.isAfter(round.asOf())
                    ? Optional.of("waits until no rule has fired for %s (%s)"
                            .formatted(
                                    Texts.duration(gate.quiet()),
                                    firing.map(last -> "%s did %s".formatted(last.ruleId(), day(last.asOf())))
                                            .orElseGet(() -> "the step began " + day(round.began()))))
                    : Optional.empty();
        }

        private RampDecision decided(Outcome outcome, String reason) {
            Optional<Level> now = inForce.level();
            Gate gate = level.map(ramp::gateAt).orElse(Gate.OPEN);
            boolean noted =
                    round.parameters().rampLevel().equals(level) || round.log().has(decisionId());
            boolean stays = round.activity() != Activity.ACTIVE
                    || (gate.isOpen() && round.setBackBy().isPresent());
            return new RampDecision(
                    decisionId(),
                    round.experimentId(),
                    outcome,
                    now,
                    level.isPresent() ? now.map(ramp::stepAt).orElse(0) : 0,
                    ramp.steps().size(),
                    now.isPresent() && outcome != Outcome.DONE
                            ? ramp.next(now.get()).map(this::levelOf)
                            : Optional.empty(),
                    round.users(),
                    gate.minUsers(),
                    ramp.isGated() && level.isPresent() && outcome != Outcome.DONE && !noted && !stays,
                    reason);
        }

        private Level levelOf(Step step) {
            return new Level(ramp.unit(), step.to());
        }

        private String decisionId() {
            return "ramp-%s-%s".formatted(round.experimentId(), round.asOf());
        }

        private static String on(Step step) {
            return step.isDated() ? "on " + day(step.from()) : "with the next run";
        }

        /** A day where it is one, the instant otherwise. */
        private static String day(Instant instant) {
            var time = instant.atOffset(ZoneOffset.UTC);
            return time.toLocalTime().toSecondOfDay() == 0 ? time.toLocalDate().toString() : instant.toString();
        }
    }
}
