package io.flagcast.jobs.checks;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static org.apache.spark.sql.functions.col;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.records.MeasuredDay;
import io.flagcast.jobs.records.ModelRegistry;
import io.flagcast.jobs.records.ModelRegistry.Choice;
import io.flagcast.jobs.run.Run;
import io.flagcast.lake.Publication;
import io.flagcast.rules.Health;
import io.flagcast.rules.checks.Check;
import io.flagcast.rules.checks.Finding;
import io.flagcast.rules.checks.ModelCheck;
import io.flagcast.rules.checks.PipelineCheck;
import io.flagcast.rules.checks.UnmatchedCheck;
import io.flagcast.statistics.Metric;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What may be wrong with the pipeline, its inputs, and the active experiments. Spark counts, in two jobs, of which the
 * second needs the numbers of the first; the checks of module {@code rules} judge.
 */
public final class HealthChecks {

    /** Checks of what first exposures and metrics alone tell. */
    private static final Set<Check> BETWEEN_RUNS =
            Set.of(Check.CONTRADICTION, Check.SAMPLE_RATIO, Check.UNEXPECTED_OUTCOME, Check.SIMPSON);

    /** What is said on the spot. */
    private static final Set<Check> SAID = Set.of(Check.MODEL, Check.UNMATCHED, Check.SENTINEL, Check.WINDOW_EDGE);

    private final Run run;
    private final Dataset<Row> firstExposures;

    private HealthChecks(Run run, Dataset<Row> firstExposures) {
        this.run = Objects.requireNonNull(run, "run");
        this.firstExposures = Objects.requireNonNull(firstExposures, "firstExposures");
    }

    /**
     * The checks of a run.
     *
     * @param firstExposures rows of {@code first_exposures} of this run, whose {@code segment_days} are written
     */
    public static HealthChecks of(Run run, Dataset<Row> firstExposures) {
        return new HealthChecks(run, firstExposures);
    }

    private List<Experiment> active() {
        return run.experiments().stream()
                .filter(experiment -> experiment.status() == Experiment.Status.ACTIVE)
                .toList();
    }

    private Dataset<Row> own(List<Experiment> active) {
        return firstExposures.where(col("experiment_id")
                .isin(active.stream().map(Experiment::experimentId).toArray()));
    }

    /** One finding per check, experiment, segment and subject. */
    public List<Finding> findings() {
        List<Experiment> active = active();
        Dataset<Row> own = own(active);
        InputChecks inputs = new InputChecks(run);
        Map<String, Choice> choices = choices();
        DriftChecks drift = new DriftChecks(run, active, choices);
        try (IdChecks ids = new IdChecks(run, active);
                ExperimentChecks checks = new ExperimentChecks(run, active, own)) {
            Map<String, Dataset<Row>> aggregates = new HashMap<>(inputs.aggregates());
            aggregates.putAll(ids.aggregates());
            aggregates.putAll(drift.aggregates());
            aggregates.putAll(checks.aggregates(active));
            HealthStates first = HealthStates.collect(aggregates);
            Map<String, Dataset<Row>> further = new HashMap<>(checks.aggregates(first, active));
            further.putAll(ids.aggregates(first));
            HealthStates states = first.with(HealthStates.collect(further));
            List<MeasuredDay> days = days(run.slice(Tables.SEGMENT_DAYS));

            List<Finding> findings = new ArrayList<>();
            findings.add(pipeline(run));
            findings.addAll(models(choices));
            findings.addAll(inputs.findings(active, states));
            findings.addAll(ids.findings(states));
            for (Experiment experiment : active) {
                findings.addAll(inputs.findings(experiment, states));
                findings.addAll(ids.findings(experiment, states));
                findings.addAll(drift.findings(experiment, states));
                findings.addAll(checks.findings(experiment, states, days));
                findings.addAll(EvidenceChecks.findings(experiment, days, run.parameters(experiment)));
            }
            return findings;
        }
    }

    /** What each feature or family is scored with. */
    private Map<String, Choice> choices() {
        ModelRegistry registry = ModelRegistry.read(run.lake());
        Map<String, Choice> choices = new TreeMap<>();
        run.settings().declarations().forEach(id -> choices.put(id, registry.usable(id, run.asOf())));
        return choices;
    }

    /** One finding per feature or family that has had a champion. */
    private static List<Finding> models(Map<String, Choice> choices) {
        List<Finding> findings = new ArrayList<>();
        choices.forEach((featureId, choice) -> {
            if (choice.isOfChampion()) {
                findings.add(ModelCheck.of(
                        featureId,
                        choice.wrong(),
                        choice.usable().map(usable -> usable.entry().modelId())));
            }
        });
        return findings;
    }

    private static List<MeasuredDay> days(Dataset<Row> slice) {
        return MeasuredDay.read(slice.where(col("cell").equalTo("")));
    }

    /**
     * The findings of an earlier run, of which those come anew that exposures and outcomes between runs can change.
     *
     * @param before all findings of then
     * @param then instant up to which they looked
     * @param newest per subject of a freshness check the newest row that has come since
     * @param measured rows of {@code segment_days}
     */
    public List<Finding> renewed(
            List<Finding> before, Instant then, Map<String, Instant> newest, Dataset<Row> measured) {
        List<Experiment> active = active();
        List<Finding> anew = new ArrayList<>(List.of(pipeline(run)));
        before.stream()
                .filter(finding -> finding.check() == Check.FRESHNESS)
                .map(finding -> fresh(finding, then, newest))
                .forEach(anew::add);
        try (ExperimentChecks checks = new ExperimentChecks(run, active, own(active))) {
            HealthStates states = HealthStates.collect(checks.ownAggregates());
            List<MeasuredDay> days = days(measured);
            active.stream()
                    .flatMap(experiment -> checks.findings(experiment, states, days).stream())
                    .filter(finding -> BETWEEN_RUNS.contains(finding.check()))
                    .forEach(anew::add);
        }
        Stream<Finding> kept = before.stream()
                .filter(finding -> finding.check() != Check.PIPELINE
                        && finding.check() != Check.FRESHNESS
                        && !BETWEEN_RUNS.contains(finding.check()));
        return Stream.concat(kept, anew.stream()).toList();
    }

    private Finding fresh(Finding before, Instant then, Map<String, Instant> newest) {
        Optional<Instant> come = Optional.ofNullable(newest.get(before.subject()));
        if (before.n() == 0 && come.isEmpty()) {
            return before;
        }
        return new InputChecks(run)
                .aged(
                        before.experimentId(),
                        before.subject(),
                        Stream.concat(InputChecks.newest(before, then).stream(), come.stream())
                                .max(Comparator.naturalOrder()));
    }

    /** Whether the run before this one is as recent as it should be. Metrics between runs decide nothing. */
    public static Finding pipeline(Run run) {
        if (run.settings().isClosed()) {
            return PipelineCheck.closed();
        }
        return PipelineCheck.of(
                Publication.ofRuns(run.publications()).stream()
                        .map(Publication::asOf)
                        .filter(asOf -> asOf.isBefore(run.asOf()))
                        .max(Comparator.naturalOrder()),
                run.asOf(),
                run.settings().publishEvery());
    }

    /** How many checks failed, and which. */
    public static String summary(List<Finding> findings) {
        Map<String, Long> failed = findings.stream()
                .filter(Finding::failed)
                .collect(groupingBy(finding -> finding.check().label(), TreeMap::new, counting()));
        return "%,d checks, %s"
                .formatted(
                        findings.size(),
                        failed.isEmpty()
                                ? "none failed"
                                : failed.entrySet().stream()
                                        .map(entry -> "%s failed %d times".formatted(entry.getKey(), entry.getValue()))
                                        .collect(joining(", ")));
    }

    /**
     * What a person should read at once: a model that is lost, evidence that is gone, ids that are nobody's, exposures and outcomes that
     * count nowhere.
     */
    public static List<String> notices(List<Finding> findings) {
        return findings.stream()
                .filter(finding -> (finding.failed() && (finding.takesEvidence() || SAID.contains(finding.check())))
                        || UnmatchedCheck.isNotice(finding))
                .map(Finding::reason)
                .distinct()
                .toList();
    }

    /** What failed of an experiment, of all that must be sound before somebody else is given a feature, or before anything changes. */
    public static Health health(Experiment experiment, List<Finding> findings) {
        List<Finding> own = findings.stream()
                .filter(finding -> finding.experimentId().equals(experiment.experimentId()))
                .toList();
        Map<String, String> unusable = new HashMap<>();
        for (Metric metric : experiment.metrics()) {
            own.stream()
                    .filter(finding -> finding.takesEvidence() && InputChecks.concerns(finding, metric))
                    .findFirst()
                    .ifPresent(finding -> unusable.put(metric.name(), finding.reason()));
        }
        return new Health(
                own.stream()
                        .filter(Finding::blocksIncreases)
                        .map(Finding::reason)
                        .toList(),
                unusable);
    }
}
