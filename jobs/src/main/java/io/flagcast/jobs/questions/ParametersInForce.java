package io.flagcast.jobs.questions;

import static org.apache.spark.sql.functions.col;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Cell;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.Policy;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.lake.Json;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.tables.Tables;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeSet;
import org.apache.spark.sql.Row;

/**
 * What rules, bandit and people have set for an experiment.
 *
 * @param experiment the experiment
 * @param live the publication
 * @param version of the newest parameters
 * @param publishedVersion of the parameters that the publication uses
 * @param settings what is in force for every segment and cell
 * @param changes what made it so, oldest first
 * @param pause what has paused it; absent where nothing has
 * @param ramp where its ramp stands, as the table of them has it; absent without one
 */
public record ParametersInForce(
        Experiment experiment,
        Publication live,
        long version,
        long publishedVersion,
        List<Setting> settings,
        List<ParameterChange> changes,
        Optional<ParameterChange> pause,
        Optional<Row> ramp) {

    /**
     * What is in force for a segment or a cell.
     *
     * @param share of its base probability that it keeps, in [0, 1]
     * @param probability that a bandit has learned, in [0, 1]; absent where the policy is another
     */
    public record Setting(Cell cell, double share, OptionalDouble probability) {}

    public ParametersInForce {
        settings = List.copyOf(settings);
        changes = List.copyOf(changes);
        Objects.requireNonNull(pause, "pause");
        Objects.requireNonNull(ramp, "ramp");
    }

    /**
     * The parameters of an experiment.
     *
     * @throws Refusal with exit code 66 where nothing is published
     */
    public static ParametersInForce of(Lake lake, Experiment experiment) {
        Publication live = lake.requireLive();
        Optional<Row> ramp = lake
                .published(Tables.RAMPS, Optional.of(live))
                .where(col("experiment_id").equalTo(experiment.experimentId()))
                .collectAsList()
                .stream()
                .findFirst();
        return of(experiment, live, ParameterTable.read(lake), ramp);
    }

    static ParametersInForce of(Experiment experiment, Publication live, ParameterLog log, Optional<Row> ramp) {
        AllocationParameters newest = log.newest(experiment.experimentId());
        Policy policy = experiment.allocation().inForce(newest, live.asOf());
        TreeSet<Cell> cells = new TreeSet<>(newest.learned().keySet());
        experiment.segments().names().forEach(segment -> cells.add(Cell.whole(segment)));
        return new ParametersInForce(
                experiment,
                live,
                newest.version(),
                log.until(live.asOf()).newest(experiment.experimentId()).version(),
                cells.stream()
                        .map(cell -> new Setting(cell, newest.share(cell.segment()), probability(policy, cell)))
                        .toList(),
                log.of(experiment.experimentId()),
                log.pause(experiment.experimentId()),
                ramp);
    }

    private static OptionalDouble probability(Policy policy, Cell cell) {
        return policy instanceof Policy.Bandit bandit
                ? OptionalDouble.of(bandit.baseProbability(0, cell))
                : OptionalDouble.empty();
    }

    /** Who has paused an experiment, and how it goes on, in a sentence. */
    public static String paused(ParameterChange pause) {
        return "paused by %s as of %s: nobody is enabled until a person takes it back (flagcast rules revert %s)"
                .formatted(
                        pause.origin()
                                .ruleId()
                                .map("rule %s"::formatted)
                                .orElse("a " + pause.origin().cause().label()),
                        pause.effectiveAsOf(),
                        pause.origin().decisionId());
    }

    /** Why a change was made, as its author, its rule or the bandit has said. */
    public static String why(ParameterChange change) {
        return Json.tree(change.state().orElse(change.origin().decision()), "allocation_parameters.decision")
                .path("reason")
                .asText();
    }
}
