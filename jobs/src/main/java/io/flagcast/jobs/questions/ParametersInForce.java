package io.flagcast.jobs.questions;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Cell;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.Policy;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.printing.TextTable;
import io.flagcast.jobs.run.Rollout;
import io.flagcast.lake.Json;
import io.flagcast.lake.Publication;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What rules, bandit and people have set for an experiment. */
final class ParametersInForce {

    private ParametersInForce() {}

    /** What is in force for every segment and cell, and the changes that made it so. */
    static String text(Rollout rollout, ParameterLog log, Publication live) {
        Experiment experiment = rollout.experiment();
        AllocationParameters parameters = log.newest(experiment.experimentId());
        StringBuilder text = new StringBuilder();
        text.append("experiment %s of feature %s: %s, parameters version %d%n"
                .formatted(
                        experiment.experimentId(),
                        experiment.featureId(),
                        experiment.allocation().getClass().getSimpleName(),
                        parameters.version()));
        if (parameters.version() != rollout.parameters().version()) {
            text.append("publication %d of %s uses version %d%n"
                    .formatted(
                            live.sequence(), live.asOf(), rollout.parameters().version()));
        }
        Policy policy = experiment.allocation().inForce(parameters, live.asOf());
        TextTable inForce = new TextTable(List.of("segment or cell", "share", "learned probability"));
        TreeSet<Cell> cells = new TreeSet<>(parameters.learned().keySet());
        experiment.segments().names().forEach(segment -> cells.add(Cell.whole(segment)));
        for (Cell cell : cells) {
            inForce.add(List.of(
                    cell.toString(),
                    "%.0f %%".formatted(100 * parameters.share(cell.segment())),
                    policy instanceof Policy.Bandit bandit
                            ? "%.1f %%".formatted(100 * bandit.baseProbability(0, cell))
                            : ""));
        }
        text.append('\n').append(inForce).append('\n');
        TextTable changes =
                new TextTable(List.of("version", "as of", "segment or cell", "cause", "share", "probability", "why"));
        for (ParameterChange change : log.of(experiment.experimentId())) {
            changes.add(List.of(
                    String.valueOf(change.version()),
                    change.effectiveAsOf().toString(),
                    change.cell().toString(),
                    change.origin().cause().label(),
                    change.isOfExperiment() ? wholly(change) : "%.0f %%".formatted(100 * change.share()),
                    change.baseProbability().isPresent()
                            ? "%.1f %%".formatted(100 * change.baseProbability().getAsDouble())
                            : "",
                    why(change)));
        }
        return text.append(log.of(experiment.experimentId()).isEmpty() ? "nothing has changed yet\n" : changes)
                .toString();
    }

    private static String wholly(ParameterChange change) {
        return Stream.concat(
                        change.activity().map(activity -> activity.name().toLowerCase(Locale.ROOT)).stream(),
                        change
                                .activeTier()
                                .map(tier -> tier.isPresent() ? "tier " + tier.getAsInt() : "tier of the file")
                                .stream())
                .collect(Collectors.joining(", "));
    }

    /** Why a change was made, as its author, its rule or the bandit has said. */
    static String why(ParameterChange change) {
        return Json.tree(change.state().orElse(change.origin().decision()), "allocation_parameters.decision")
                .path("reason")
                .asText();
    }
}
