package io.flagcast.jobs.questions;

import static org.apache.spark.sql.functions.col;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.records.MeasuredDay;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Refusal;
import io.flagcast.rules.Health;
import io.flagcast.rules.Observation;
import io.flagcast.rules.Replay;
import io.flagcast.rules.Rule;
import io.flagcast.rules.RuleDecision;
import io.flagcast.tables.Tables;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What the rules of an experiment would have done with the days that the live publication has measured.
 *
 * @param experiment whose rules, as they are in its file
 * @param replay what they would have done
 */
public record RuleReplay(Experiment experiment, Replay replay) {

    /**
     * Replays the rules of an experiment.
     *
     * @param from first evaluation; absent: after the first measured day
     * @param to last evaluation; absent: the live publication's as-of
     * @throws Refusal with exit code 78 where a window is longer than what was measured for, 66 without a publication or a
     *     measured day, 64 where from is after to, or to after the publication
     */
    public static RuleReplay of(Lake lake, Experiment experiment, Optional<Instant> from, Optional<Instant> to) {
        Publication live = lake.requireLive();
        List<MeasuredDay> measured = MeasuredDay.read(lake.published(Tables.SEGMENT_DAYS, Optional.of(live))
                .where(col("experiment_id")
                        .equalTo(experiment.experimentId())
                        .and(col("cell").equalTo(""))));
        List<Observation> days = MeasuredDay.history(measured);
        requireToldApart(experiment, measured);
        Instant firstDay = days.stream()
                .map(Observation::day)
                .min(Comparator.naturalOrder())
                .orElseThrow(() -> new Refusal(
                        ExitCode.NO_INPUT,
                        "publication %d has no measured day of %s: no outcome window has closed yet"
                                .formatted(live.sequence(), experiment.experimentId())));
        Instant first = from.orElse(firstDay.plus(Duration.ofDays(1)));
        Instant last = to.orElse(live.asOf());
        if (first.isAfter(last) || last.isAfter(live.asOf())) {
            throw new Refusal(
                    ExitCode.USAGE,
                    "--from %s --to %s: from must not be after to, nor to after the live publication's %s"
                            .formatted(first, last, live.asOf()));
        }
        return new RuleReplay(
                experiment,
                Replay.of(
                        experiment.ruleEngine().withCaps(MeasuredDay.caps(experiment, measured)),
                        days,
                        ParameterTable.read(lake),
                        Health.SOUND,
                        first,
                        last));
    }

    /** Whoever stayed away longer than what is told apart counts as that long: a longer window would miss such users. */
    private static void requireToldApart(Experiment experiment, List<MeasuredDay> measured) {
        long toldApart =
                measured.stream().mapToLong(MeasuredDay::toldApart).max().orElse(Long.MAX_VALUE);
        for (Rule rule : experiment.rules()) {
            if (rule.evidence().window().stream().anyMatch(window -> window.toDays() > toldApart)) {
                throw new Refusal(
                        ExitCode.CONFIGURATION,
                        "rule '%s': its window is longer than the %d d for which %s was measured; shorten it, or put the rule in the file in force with mode: dry_run and replay after the next run"
                                .formatted(rule.ruleId(), toldApart, experiment.experimentId()));
            }
        }
    }

    /** The decisions that changed something, asked for it or tell something. */
    public List<RuleDecision> notable() {
        return replay.decisions().stream()
                .filter(decision -> !decision.effect().isEmpty() || isTold(decision))
                .toList();
    }

    private static boolean isTold(RuleDecision decision) {
        return decision.outcome() != RuleDecision.Outcome.HELD
                && decision.outcome() != RuleDecision.Outcome.INCONCLUSIVE;
    }

    /** How often a rule came to each outcome, in the order in which they first came. */
    public Map<RuleDecision.Outcome, Long> outcomes(Rule rule) {
        return replay.decisions().stream()
                .filter(decision -> decision.rule().equals(rule))
                .collect(Collectors.groupingBy(RuleDecision::outcome, LinkedHashMap::new, Collectors.counting()));
    }

    /** The parameters after the last evaluation. */
    public AllocationParameters end() {
        return replay.log().newest(experiment.experimentId());
    }
}
