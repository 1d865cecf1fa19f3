package io.flagcast.jobs.stages.govern;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Arms;
import io.flagcast.allocation.BanditLearner;
import io.flagcast.allocation.BanditUpdate;
import io.flagcast.allocation.BanditUpdate.Gate;
import io.flagcast.allocation.BanditUpdate.Step;
import io.flagcast.allocation.Cell;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.allocation.ParameterChange.Origin;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.Policy;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.records.MeasuredDay;
import io.flagcast.lake.Json;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Health;
import io.flagcast.statistics.WeightedMoments;
import io.flagcast.statistics.posterior.Comparison.Belief;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/** What a bandit learns from the measured days, as changes of its experiment's parameters. */
final class UpdateBandits {

    private UpdateBandits() {}

    /**
     * One update.
     *
     * @param changes none where the bandit holds still
     * @param summary what happened, in a line
     */
    record Result(List<ParameterChange> changes, String summary) {}

    /**
     * Updates the bandit of an experiment, once per as-of.
     *
     * @param days all measured days: what it learns from
     * @param log with the changes of this run's rules: a bandit never moves a share
     * @param health where its reward is not what was measured, it holds still
     * @return absent where the experiment has no bandit, or this as-of's update has been made
     */
    static Optional<Result> update(
            Experiment experiment, List<MeasuredDay> days, ParameterLog log, Health health, Instant asOf) {
        String experimentId = experiment.experimentId();
        String decisionId = "bandit-" + experimentId + "-" + asOf;
        if (!(experiment.allocation() instanceof Policy.Bandit bandit) || log.has(decisionId)) {
            return Optional.empty();
        }
        String unusable = health.unusable().get(bandit.learner().reward().name());
        if (unusable != null) {
            return Optional.of(new Result(List.of(), experimentId + ": nothing is learned, as " + unusable));
        }
        AllocationParameters newest = log.newest(experimentId);
        Policy.Bandit inForce = (Policy.Bandit) bandit.inForce(newest, asOf);
        BanditUpdate update = bandit.learner()
                .update(
                        evidence(experiment, bandit, days, asOf, bandit.learner()::weightOf),
                        evidence(experiment, bandit, days, asOf, bandit.learner()::recentWeightOf),
                        cell -> inForce.baseProbability(0, cell));
        String decision = decision(bandit.learner(), update, newest.version(), asOf);
        List<ParameterChange> changes = update.changes().stream()
                .map(step -> new ParameterChange(
                        experimentId,
                        log.nextVersion(experimentId),
                        step.cell(),
                        newest.share(step.cell().segment()),
                        OptionalDouble.of(step.after()),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        OptionalLong.empty(),
                        Optional.of(state(bandit.learner(), step)),
                        asOf,
                        new Origin(Cause.BANDIT, Optional.empty(), decisionId, decision)))
                .toList();
        return Optional.of(new Result(changes, experimentId + ": " + summary(update)));
    }

    /**
     * Rewards of every cell; whole segments where the bandit has no context. Rows of cells count only users whom a bandit can
     * move, those of whole segments all.
     *
     * <p>A bandit that forgets nothing counts a user once, by the first exposure. One that does counts a user on every day, with
     * the arm of the first exposure on it, and older days less; as the days of one user say less than days of as many users,
     * they are worth together what the users of a half-life are.
     *
     * @param weightOf weight of evidence by its age
     */
    private static Map<Cell, Arms> evidence(
            Experiment experiment,
            Policy.Bandit bandit,
            List<MeasuredDay> days,
            Instant asOf,
            ToDoubleFunction<Duration> weightOf) {
        List<MeasuredDay> own = days.stream()
                .filter(day -> day.experimentId().equals(experiment.experimentId())
                        && day.sinceVersion() == 0
                        && day.metric().equals(bandit.learner().reward().name())
                        && experiment.segments().names().contains(day.cell().segment()))
                .toList();
        boolean forgets = bandit.learner().dailyDiscount() < 1;
        Map<String, Double> worth = new HashMap<>();
        Map<Cell, Arms> evidence = new TreeMap<>();
        for (MeasuredDay measured : own) {
            if (measured.cell().isWhole() || !(forgets || measured.returnedAfter() == 0)) {
                continue;
            }
            String segment = measured.cell().segment();
            Cell cell = bandit.context().isEmpty() ? Cell.whole(segment) : measured.cell();
            // The day that the as-of cuts ends after it.
            Duration age = Duration.between(measured.day().plus(1, ChronoUnit.DAYS), asOf);
            Arms day = measured.population() == Population.ENABLED
                    ? new Arms(measured.weighted(), WeightedMoments.EMPTY)
                    : new Arms(WeightedMoments.EMPTY, measured.weighted());
            double weight = weightOf.applyAsDouble(age.isNegative() ? Duration.ZERO : age);
            double users =
                    forgets ? worth.computeIfAbsent(segment, name -> usersPerDay(name, bandit.learner(), own)) : 1;
            evidence.merge(cell, day.discounted(weight * users), Arms::merge);
        }
        return evidence;
    }

    /** Users of the last half-life by the days on which they came, in (0, 1]. */
    private static double usersPerDay(String segment, BanditLearner learner, List<MeasuredDay> days) {
        List<MeasuredDay> whole = days.stream()
                .filter(day -> day.cell().isWhole() && day.cell().segment().equals(segment))
                .toList();
        Optional<Instant> last = whole.stream().map(MeasuredDay::day).max(Comparator.naturalOrder());
        if (last.isEmpty()) {
            return 1;
        }
        Instant begin = last.get().minus(learner.halfLifeDays() - 1, ChronoUnit.DAYS);
        long userDays = 0;
        long users = 0;
        for (MeasuredDay day : whole) {
            if (!day.day().isBefore(begin)) {
                userDays += day.weighted().n();
                users += day.observation().isFirstSince(begin) ? day.weighted().n() : 0;
            }
        }
        return users == 0 ? 1 : (double) users / userDays;
    }

    private static String summary(BanditUpdate update) {
        int moved = update.changes().size();
        return switch (update.gate().verdict()) {
            case PASSED ->
                "%d cells moved, %+.2f %% of the reward expected of the moves away from an even chance"
                        .formatted(
                                moved,
                                100
                                        * update.gate().gain()
                                        / Math.abs(update.gate().incumbent()));
            case INFERIOR, TOO_LITTLE_DATA ->
                moved == 0
                        ? "update held: " + reason(update.gate())
                        : "%d cells moved, not as far as believed: %s".formatted(moved, reason(update.gate()));
            case NOTHING_TO_PROVE ->
                moved == 0 ? still(update) : "%d cells moved: %s".formatted(moved, reason(update.gate()));
        };
    }

    private static String still(BanditUpdate update) {
        return update.steps().stream()
                .filter(step -> step.belief().isEmpty())
                .findFirst()
                .map(step -> "nothing to learn from yet: " + step.reason())
                .orElse(
                        update.steps().isEmpty()
                                ? "nothing to learn from yet: no user with a score has a closed outcome window"
                                : "every cell stays where it is");
    }

    private static String reason(Gate gate) {
        return switch (gate.verdict()) {
            case PASSED ->
                "with 95 %% confidence the moves away from an even chance lose at most %.3f %% of the reward, %.1f %% are allowed"
                        .formatted(lost(gate), 100 * BanditLearner.MARGIN);
            case INFERIOR ->
                ("with 95 %% confidence the moves away from an even chance may lose %.3f %% of the reward, %.1f %% are allowed:"
                                + " %.0f %% of each is made")
                        .formatted(lost(gate), 100 * BanditLearner.MARGIN, 100 * gate.part());
            case TOO_LITTLE_DATA ->
                "the logged users are worth %.0f under the moves away from an even chance, needs %.0f: none is made"
                        .formatted(Math.floor(gate.effectiveSampleSize()), BanditLearner.LEAST_SAMPLE);
            case NOTHING_TO_PROVE -> "no cell moves away from an even chance, and towards it no proof is needed";
        };
    }

    private static double lost(Gate gate) {
        return gate.incumbent() == 0 ? 0 : Math.max(0, -100 * gate.lowerBound() / Math.abs(gate.incumbent()));
    }

    private static String decision(BanditLearner learner, BanditUpdate update, long version, Instant asOf) {
        Gate gate = update.gate();
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("algorithm", learner.algorithm().name().toLowerCase(Locale.ROOT));
        fields.put("reward", learner.reward().name());
        fields.put("as_of", asOf.toString());
        fields.put("parameters_version", version);
        fields.put("incumbent_reward", gate.incumbent());
        fields.put("expected_gain", gate.gain());
        fields.put("gain_lower_bound", gate.lowerBound());
        fields.put("gain_limit", gate.limit());
        fields.put("effective_sample_size", gate.effectiveSampleSize());
        fields.put("part_made", gate.part());
        fields.put("gate", reason(gate));
        return Json.write(fields);
    }

    private static String state(BanditLearner learner, Step step) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("enabled", arm(step.evidence().enabled()));
        fields.put("control", arm(step.evidence().control()));
        step.belief().ifPresent(belief -> {
            fields.put("enabled_belief", belief(belief.first()));
            fields.put("control_belief", belief(belief.second()));
            fields.put("probability_greater", belief.probabilityGreater());
        });
        fields.put("floor", learner.floor());
        fields.put("target", step.target());
        fields.put("base_probability_before", step.before());
        fields.put("base_probability_after", step.after());
        fields.put("reason", step.reason());
        return Json.write(fields);
    }

    private static Map<String, Object> arm(WeightedMoments rewards) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("users", rewards.n());
        fields.put("effective_users", rewards.effectiveSampleSize());
        rewards.mean().ifPresent(mean -> fields.put("mean", mean));
        return fields;
    }

    private static Map<String, Object> belief(Belief belief) {
        return Map.of("mean", belief.mean(), "standard_deviation", belief.standardDeviation());
    }
}
