package io.flagcast.jobs.stages.govern;

import static java.util.stream.Collectors.toMap;

import io.flagcast.allocation.ParameterLog;
import io.flagcast.delivery.AlertTable;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.checks.HealthChecks;
import io.flagcast.jobs.records.MeasuredDay;
import io.flagcast.jobs.run.Run;
import io.flagcast.lake.Publication;
import io.flagcast.rules.Health;
import io.flagcast.rules.RuleDecision;
import io.flagcast.rules.RuleEngine;
import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.alerts.Inhibition;
import io.flagcast.rules.alerts.Signal;
import io.flagcast.rules.alerts.Watch;
import io.flagcast.rules.checks.Finding;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** What checks found and what metrics show, to alerts that begin and end. */
public final class RaiseAlerts {

    private RaiseAlerts() {}

    /**
     * Appends what changes of the alerts at the as-of of a run.
     *
     * @param findings of all health checks
     * @param days of all experiments
     * @param log all changes of parameters
     * @param decisions of all rules
     */
    public static List<AlertChange> raise(
            Run run, List<Finding> findings, List<MeasuredDay> days, ParameterLog log, List<RuleDecision> decisions) {
        List<Experiment> active = run.experiments().stream()
                .filter(experiment -> experiment.status() == Experiment.Status.ACTIVE)
                .toList();
        List<Watch> watches = Stream.concat(
                        Stream.of(Watch.lake()), active.stream().map(Experiment::watch))
                .toList();
        List<RuleDecision> all = Stream.concat(
                        decisions.stream(),
                        active.stream()
                                .flatMap(experiment ->
                                        evaluate(experiment, days, log, HealthChecks.health(experiment, findings), run)
                                                .stream()))
                .toList();
        Inhibition inhibition = new Inhibition(
                findings,
                active.stream().collect(toMap(Experiment::experimentId, Experiment::metrics)),
                Set.copyOf(run.settings().predictors().attributes()),
                run.asOf());
        List<Signal> signals = watches.stream()
                .flatMap(watch -> watch.signals(findings, all, inhibition).stream())
                .toList();
        List<String> runs = Stream.concat(
                        run.publications().stream().map(Publication::runId),
                        Stream.of(run.id().toString()))
                .toList();
        List<AlertChange> changes = AlertTable.read(run.lake(), runs)
                .evaluate(signals, labels -> watches.stream().anyMatch(watch -> watch.watches(labels)), run.asOf());
        AlertTable.append(run.lake(), run.id().toString(), changes);
        return changes;
    }

    private static List<RuleDecision> evaluate(
            Experiment experiment, List<MeasuredDay> days, ParameterLog log, Health health, Run run) {
        RuleEngine engine = experiment.alertEngine().withCaps(MeasuredDay.caps(experiment, days));
        return engine.rules().isEmpty()
                ? List.of()
                : engine.evaluate(
                        MeasuredDay.measurements(experiment, days, run.parameters(experiment)),
                        log,
                        Map.of(),
                        health,
                        run.asOf());
    }

    /** The changes in a few words; empty without any. */
    public static String summary(List<AlertChange> changes) {
        long firing = changes.stream()
                .filter(change ->
                        change.isFiring() && change.startsAt().orElseThrow().equals(change.asOf()))
                .count();
        long resolved = changes.stream()
                .filter(change -> change.state() == AlertChange.State.RESOLVED)
                .count();
        return (firing > 0 ? "; %,d alerts fire".formatted(firing) : "")
                + (resolved > 0 ? "; %,d alerts resolved".formatted(resolved) : "");
    }
}
