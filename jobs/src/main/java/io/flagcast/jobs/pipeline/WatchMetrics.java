package io.flagcast.jobs.pipeline;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.filter;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.size;

import io.flagcast.allocation.ParameterLog;
import io.flagcast.delivery.DeliverAlerts;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.checks.HealthChecks;
import io.flagcast.jobs.records.DecisionTable;
import io.flagcast.jobs.records.FindingTable;
import io.flagcast.jobs.records.MeasuredDay;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.jobs.run.Attempts;
import io.flagcast.jobs.run.Progress;
import io.flagcast.jobs.run.Run;
import io.flagcast.jobs.stages.govern.GovernAllocation;
import io.flagcast.jobs.stages.govern.RaiseAlerts;
import io.flagcast.jobs.stages.measure.MeasureSegments;
import io.flagcast.jobs.stages.measure.MeasureSegments.Earlier;
import io.flagcast.jobs.stages.measure.MeasureSegments.Measured;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Publications;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.RunId;
import io.flagcast.lake.inputs.InputHistory;
import io.flagcast.lake.inputs.Inputs;
import io.flagcast.lake.inputs.Inputs.Further;
import io.flagcast.monitoring.SegmentMetrics.Measurement;
import io.flagcast.rules.Action;
import io.flagcast.rules.RuleDecision;
import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.checks.Feed;
import io.flagcast.rules.checks.Finding;
import io.flagcast.settings.Settings;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Metrics between runs: every look measures what has arrived since the one before, publishes it beside the tables of the
 * newest run, and raises alerts. What was measured stays in memory, and is on disk as the newest run left it: whoever
 * starts again goes on from there.
 */
public final class WatchMetrics {

    /** Publications of metrics that are looked at for old slices: more than one look makes. */
    private static final int MOST_REMOVED = 20;

    private final Settings settings;
    private final List<Experiment> experiments;
    private final Lake lake;
    private final Clock clock;
    private final Progress progress;
    private Optional<Held> held = Optional.empty();

    public WatchMetrics(Settings settings, List<Experiment> experiments, Lake lake, Clock clock, Progress progress) {
        this.settings = Objects.requireNonNull(settings, "settings");
        this.experiments = List.copyOf(experiments);
        this.lake = Objects.requireNonNull(lake, "lake");
        this.clock = Objects.requireNonNull(clock, "clock");
        this.progress = Objects.requireNonNull(progress, "progress");
    }

    /**
     * What a look leaves for the next.
     *
     * @param run the run that it began with
     * @param asOf instant up to which it looked
     * @param earlier what was measured
     * @param findings of all health checks
     */
    private record Held(String run, Instant asOf, Earlier earlier, List<Finding> findings) {}

    /**
     * Looks once.
     *
     * @return the publication; absent where there was nothing new, or a run was published meanwhile
     * @throws Refusal where no run has been published that measured
     */
    public Optional<Publication> look() {
        List<Publication> publications = lake.publications();
        Publication live = lake.requireLive();
        String base = Optional.ofNullable(live.tables().get(Tables.FIRST_EXPOSURES.name()))
                .map(Publication.LiveSlice::runId)
                .orElseThrow(() -> new Refusal(
                        ExitCode.NO_INPUT, "the live publication has no first_exposures: run flagcast run first"));
        Instant asOf = clock.instant().truncatedTo(ChronoUnit.SECONDS);
        if (!asOf.isAfter(live.asOf())) {
            return Optional.empty();
        }
        if (held.filter(known -> known.run().equals(base)).isEmpty()) {
            held = Optional.of(new Held(
                    base,
                    RunId.parse(base).asOf(),
                    Earlier.of(lake, base),
                    FindingTable.read(lake.slice(Tables.HEALTH_CHECKS, base))));
        }
        try (Inputs inputs = new Inputs(lake, settings.sources(), asOf, clock.instant(), publications)) {
            return look(run(asOf, live, publications, inputs), live, held.orElseThrow());
        }
    }

    private Run run(Instant asOf, Publication live, List<Publication> publications, Inputs inputs) {
        return new Run(
                settings,
                experiments,
                live.configHash(),
                lake,
                inputs,
                // One that no run has, and no other process that watches.
                new RunId(asOf, 1, ThreadLocalRandom.current().nextInt(1_000_000, 1_000_000_000)),
                Optional.of(live),
                false,
                publications,
                Attempts.read(lake).earlier(publications, asOf),
                ParameterTable.read(lake).before(asOf),
                Set.of(),
                clock.instant(),
                new AtomicReference<>(List.of()),
                progress);
    }

    private Optional<Publication> look(Run run, Publication live, Held before) {
        Map<String, Long> written = new HashMap<>();
        try (Measured measured =
                MeasureSegments.measure(run, MeasureSegments.measured(run), Optional.of(before.earlier()))) {
            requireRows(run, measured);
            boolean moves = isNew(measured, before);
            Earlier now = before.earlier();
            if (moves) {
                Dataset<Row> firstExposures = measured.firstExposures().localCheckpoint(true);
                written.put(
                        Tables.SEGMENT_DAYS.name(),
                        lake.replaceSlice(
                                Tables.SEGMENT_DAYS,
                                run.id(),
                                measured.states(firstExposures, firstExposures.count())
                                        .coalesce(1)));
                Dataset<Row> states = lake.slice(Tables.SEGMENT_DAYS, run.id().toString());
                written.put(
                        Tables.SEGMENT_METRICS.name(),
                        lake.replaceSlice(Tables.SEGMENT_METRICS, run.id(), measured.metrics(firstExposures, states)));
                now = new Earlier(new Measurement(firstExposures, states), measured.inputs());
            }
            List<Finding> findings = HealthChecks.of(run, now.measurement().firstExposures())
                    .renewed(
                            before.findings(),
                            before.asOf(),
                            newest(measured),
                            now.measurement().states());
            List<AlertChange> alerts = alerts(run, findings, now.measurement().states());
            if (!moves && alerts.isEmpty()) {
                return Optional.empty();
            }
            written.put(
                    Tables.HEALTH_CHECKS.name(),
                    lake.replaceSlice(Tables.HEALTH_CHECKS, run.id(), FindingTable.rows(findings)));
            Optional<Publication> published =
                    new Publications(lake).publishMetrics(live, run.id(), written, run.configHash(), clock.instant());
            if (published.isPresent()) {
                held = Optional.of(new Held(before.run(), run.asOf(), now, findings));
                progress.say("%s: %,d exposure and %,d outcome files more, %s%s"
                        .formatted(
                                run.asOf(),
                                measured.exposures().files(),
                                measured.outcomes().files(),
                                HealthChecks.summary(findings),
                                RaiseAlerts.summary(alerts)));
                removeOldSlices(run.publications());
                new DeliverAlerts(settings.alerts(), lake, clock, progress::say).afterPublication();
            }
            return published;
        }
    }

    /** What was read anew must have rows where the run had some: metrics of nothing are not published. */
    private static void requireRows(Run run, Measured measured) {
        if (measured.earlier().isEmpty()) {
            Map<Table, Long> read = new HashMap<>();
            Map.of(Tables.EXPOSURES, measured.exposures(), Tables.OUTCOMES, measured.outcomes())
                    .forEach((table, further) -> read.put(table, further.rows().isEmpty() ? 0L : 1L));
            InputHistory.of(run.lake(), run.publications(), run.asOf())
                    .requireRows(
                            read,
                            table -> run.settings().sources().get(table).origin(),
                            run.settings().mayBeEmpty());
        }
    }

    /** Whether a metric can be another one than before: a file is new, or a user counts who did not. */
    private static boolean isNew(Measured measured, Held before) {
        if (measured.exposures().files() > 0
                || measured.outcomes().files() > 0
                || measured.earlier().isEmpty()) {
            return true;
        }
        Column settled = size(filter(col("counted"), metric -> metric.getField("settled")));
        String[] key = Tables.FIRST_EXPOSURES.key().toArray(String[]::new);
        Dataset<Row> then = before.earlier().measurement().firstExposures().withColumn("then", settled);
        return !measured.counted()
                .withColumn("now", settled)
                .join(then.select("then", key), key)
                .where(col("now").notEqual(col("then")))
                .isEmpty();
    }

    /** The newest row of every feed of exposures and outcomes among those that were not read before, by what freshness calls it. */
    private static Map<String, Instant> newest(Measured measured) {
        Map<String, Instant> newest = new HashMap<>();
        newest(measured.exposures(), Tables.EXPOSURES, "experiment_id", "exposed_at", newest);
        newest(measured.outcomes(), Tables.OUTCOMES, "outcome", "occurred_at", newest);
        return newest;
    }

    private static void newest(Further further, Table table, String part, String time, Map<String, Instant> newest) {
        if (further.files() == 0) {
            return;
        }
        further.rows().groupBy(part).agg(max(time).as("newest")).collectAsList().forEach(row -> {
            Instant last = Lake.instant(row, "newest");
            newest.put(new Feed(table, Optional.of(row.getString(0))).row(), last);
            newest.merge(Feed.of(table).row(), last, (one, other) -> one.isAfter(other) ? one : other);
        });
    }

    /** Alerts of checks, of metrics, and of rules whose action is one; all other rules wait for the next run. */
    private List<AlertChange> alerts(Run run, List<Finding> findings, Dataset<Row> states) {
        List<MeasuredDay> whole = MeasuredDay.read(states.where(col("cell").equalTo("")));
        ParameterLog log = ParameterTable.read(lake);
        DecisionTable earlier = DecisionTable.of(lake, run.beside());
        List<RuleDecision> decisions = new ArrayList<>();
        for (Experiment experiment : experiments) {
            if (experiment.status() == Experiment.Status.ACTIVE
                    && experiment.rules().stream().anyMatch(rule -> rule.then() instanceof Action.Alert)) {
                GovernAllocation.evaluate(
                                experiment, whole, log, earlier, HealthChecks.health(experiment, findings), run)
                        .stream()
                        .filter(decision -> decision.rule().then() instanceof Action.Alert)
                        .forEach(decisions::add);
            }
        }
        return RaiseAlerts.raise(run, findings, whole, log, decisions);
    }

    /** Old metrics between runs are nobody's: the newest few stay, as those of runs do. */
    private void removeOldSlices(List<Publication> publications) {
        List<String> looks = publications.stream()
                .filter(publication -> publication.kind() == Publication.Kind.METRICS)
                .map(Publication::runId)
                .toList();
        int keep = settings.lake().keepPublications();
        List<String> old = IntStream.range(Math.max(0, looks.size() - keep - MOST_REMOVED), looks.size() - keep)
                .mapToObj(looks::get)
                .toList();
        if (!old.isEmpty()) {
            lake.removeSlices(List.of(Tables.SEGMENT_DAYS, Tables.SEGMENT_METRICS, Tables.HEALTH_CHECKS), old);
        }
    }
}
