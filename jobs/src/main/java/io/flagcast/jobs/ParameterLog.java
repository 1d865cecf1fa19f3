package io.flagcast.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.AllocationParameters.Setting;
import io.flagcast.allocation.BanditLearner;
import io.flagcast.allocation.Cell;
import io.flagcast.jobs.lake.Lake;
import io.flagcast.rules.RuleEngine;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The changes of allocation parameters, as one reading of {@code allocation_parameters} found them. */
record ParameterLog(List<Change> changes) {

    /** Writes decisions. */
    static final ObjectMapper JSON = new ObjectMapper();

    /** What made a change. */
    enum Cause {
        RULE,
        BANDIT,
        PERSON;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * One change of one segment or bandit cell.
     *
     * @param experimentId the experiment
     * @param version of the experiment's parameters
     * @param cell whose parameters change
     * @param share share of its segment from then on
     * @param baseProbability learned base probability, bandit only
     * @param state what the bandit believes as JSON, bandit only
     * @param effectiveAsOf runs with a later as-of use it
     * @param cause who made it
     * @param decisionId decision that made it
     * @param decision that decision as JSON
     */
    record Change(
            String experimentId,
            long version,
            Cell cell,
            double share,
            OptionalDouble baseProbability,
            Optional<String> state,
            Instant effectiveAsOf,
            Cause cause,
            String decisionId,
            String decision) {

        private Row toRow(String runId) {
            return RowFactory.create(
                    experimentId,
                    version,
                    cell.segment(),
                    cell.context(),
                    share,
                    baseProbability.isPresent() ? baseProbability.getAsDouble() : null,
                    null,
                    state.orElse(null),
                    effectiveAsOf,
                    cause.label(),
                    decisionId,
                    decision,
                    runId);
        }

        private static Change of(Row row) {
            Double base = row.getAs("base_probability");
            return new Change(
                    row.getAs("experiment_id"),
                    row.<Long>getAs("version"),
                    new Cell(row.getAs("segment"), row.getAs("cell")),
                    row.<Double>getAs("share"),
                    base == null ? OptionalDouble.empty() : OptionalDouble.of(base),
                    Optional.ofNullable(row.getAs("state")),
                    Lake.instant(row, "effective_as_of"),
                    Cause.valueOf(row.<String>getAs("cause").toUpperCase(Locale.ROOT)),
                    row.getAs("decision_id"),
                    row.getAs("decision"));
        }
    }

    ParameterLog {
        changes = changes.stream()
                .sorted(Comparator.comparing(Change::experimentId).thenComparingLong(Change::version))
                .toList();
    }

    static ParameterLog read(Lake lake) {
        return new ParameterLog(lake.history(Tables.ALLOCATION_PARAMETERS).collectAsList().stream()
                .map(Change::of)
                .toList());
    }

    /** This log and further changes. */
    ParameterLog with(List<Change> further) {
        return new ParameterLog(
                Stream.concat(changes.stream(), further.stream()).toList());
    }

    /** Parameters per experiment as a run with this as-of uses them. */
    Map<String, AllocationParameters> before(Instant asOf) {
        Map<String, AllocationParameters> result = new HashMap<>();
        for (Change change : changes) {
            if (change.effectiveAsOf().isBefore(asOf)) {
                result.put(
                        change.experimentId(),
                        after(result.getOrDefault(change.experimentId(), AllocationParameters.INITIAL), change));
            }
        }
        return result;
    }

    private static AllocationParameters after(AllocationParameters earlier, Change change) {
        String segment = change.cell().segment();
        Setting old = earlier.setting(segment);
        Map<String, Setting> segments = new HashMap<>(earlier.segments());
        if (change.share() != old.share()) {
            segments.put(segment, new Setting(change.share(), change.version(), Optional.of(change.effectiveAsOf())));
        }
        Map<Cell, Double> learned = new HashMap<>(earlier.learned());
        change.baseProbability().ifPresent(probability -> learned.put(change.cell(), probability));
        return new AllocationParameters(change.version(), segments, learned, OptionalInt.empty());
    }

    /** The changes of one experiment, oldest first. */
    List<Change> of(String experimentId) {
        return changes.stream()
                .filter(change -> change.experimentId().equals(experimentId))
                .toList();
    }

    /** The parameters of an experiment as a version left them; the initial ones for version 0. */
    AllocationParameters at(String experimentId, long version) {
        AllocationParameters parameters = AllocationParameters.INITIAL;
        for (Change change : of(experimentId)) {
            if (change.version() <= version) {
                parameters = after(parameters, change);
            }
        }
        return parameters;
    }

    /** The newest parameters of an experiment, in force for a run after all changes. */
    AllocationParameters newest(String experimentId) {
        return at(experimentId, Long.MAX_VALUE);
    }

    /**
     * The changes that give an experiment the parameters of an earlier version again.
     *
     * @param effectiveAsOf runs with a later as-of use them
     * @return none where nothing differs
     */
    List<Change> backTo(String experimentId, long version, Instant effectiveAsOf) {
        AllocationParameters then = at(experimentId, version);
        AllocationParameters now = newest(experimentId);
        Set<Cell> cells = new TreeSet<>(now.learned().keySet());
        now.segments().keySet().forEach(segment -> cells.add(Cell.whole(segment)));
        List<Change> back = new ArrayList<>();
        for (Cell cell : cells) {
            double share = then.share(cell.segment());
            Double learned = now.learned().get(cell);
            // What was in force for it: its own, else its segment's.
            double before = then.learned()
                    .getOrDefault(cell, then.learned().getOrDefault(Cell.whole(cell.segment()), BanditLearner.START));
            boolean moves = learned != null && learned != before;
            if (moves || (cell.isWhole() && share != now.share(cell.segment()))) {
                back.add(new Change(
                        experimentId,
                        nextVersion(experimentId),
                        cell,
                        share,
                        moves ? OptionalDouble.of(before) : OptionalDouble.empty(),
                        Optional.empty(),
                        effectiveAsOf,
                        Cause.PERSON,
                        "rollback-" + experimentId + "-" + nextVersion(experimentId),
                        "{\"reason\":\"back to version %d\"}".formatted(version)));
            }
        }
        return back;
    }

    /** Appends changes of one experiment, all in one commit. */
    static void append(Lake lake, String experimentId, List<Change> changes, String runId) {
        if (changes.isEmpty()) {
            return;
        }
        List<Row> rows = changes.stream().map(change -> change.toRow(runId)).toList();
        boolean ours = lake.appendOnce(
                Tables.ALLOCATION_PARAMETERS,
                rows,
                "flagcast-parameters-" + experimentId,
                changes.get(0).version());
        if (!ours) {
            throw new Refusal(
                    ExitCode.TRY_AGAIN,
                    "allocation_parameters: another process changed experiment %s meanwhile: run it again"
                            .formatted(experimentId));
        }
    }

    /** Rule firings of an experiment that changed a share. */
    List<RuleEngine.Firing> firings(String experimentId) {
        List<RuleEngine.Firing> firings = new ArrayList<>();
        for (Change change : changes) {
            if (change.experimentId().equals(experimentId) && change.cause() == Cause.RULE) {
                firings.add(new RuleEngine.Firing(ruleOf(change), change.decisionId(), change.effectiveAsOf()));
            }
        }
        return firings;
    }

    private static String ruleOf(Change change) {
        try {
            return JSON.readTree(change.decision()).path("rule_id").asText();
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new IllegalStateException(
                    "allocation_parameters: decision " + change.decisionId() + " is no JSON", e);
        }
    }

    boolean has(String decisionId) {
        return changes.stream().anyMatch(change -> Objects.equals(change.decisionId(), decisionId));
    }

    /** The version that the next change of an experiment gets. */
    long nextVersion(String experimentId) {
        return 1
                + changes.stream()
                        .filter(change -> change.experimentId().equals(experimentId))
                        .mapToLong(Change::version)
                        .max()
                        .orElse(0);
    }
}
