package io.flagcast.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.AllocationParameters.Setting;
import io.flagcast.jobs.lake.Lake;
import io.flagcast.jobs.lake.RunId;
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
     * One change of one segment.
     *
     * @param experimentId the experiment
     * @param version of the experiment's parameters
     * @param segment whose parameters change
     * @param share share from then on
     * @param baseProbability learned base probability, bandit only
     * @param effectiveAsOf runs with a later as-of use it
     * @param cause who made it
     * @param decisionId decision that made it
     * @param decision that decision as JSON
     */
    record Change(
            String experimentId,
            long version,
            String segment,
            double share,
            OptionalDouble baseProbability,
            Instant effectiveAsOf,
            Cause cause,
            String decisionId,
            String decision) {

        Row toRow(RunId runId) {
            return RowFactory.create(
                    experimentId,
                    version,
                    segment,
                    null,
                    share,
                    baseProbability.isPresent() ? baseProbability.getAsDouble() : null,
                    null,
                    null,
                    effectiveAsOf,
                    cause.label(),
                    decisionId,
                    decision,
                    runId.toString());
        }

        private static Change of(Row row) {
            Double base = row.getAs("base_probability");
            return new Change(
                    row.getAs("experiment_id"),
                    row.<Long>getAs("version"),
                    row.getAs("segment"),
                    row.<Double>getAs("share"),
                    base == null ? OptionalDouble.empty() : OptionalDouble.of(base),
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
                result.merge(change.experimentId(), first(change), (earlier, ignored) -> after(earlier, change));
            }
        }
        return result;
    }

    private static AllocationParameters first(Change change) {
        return after(AllocationParameters.INITIAL, change);
    }

    private static AllocationParameters after(AllocationParameters earlier, Change change) {
        Setting old = earlier.setting(change.segment());
        boolean shareMoved = change.share() != old.share();
        Map<String, Setting> segments = new HashMap<>(earlier.segments());
        segments.put(
                change.segment(),
                new Setting(
                        change.share(),
                        change.baseProbability().isPresent() ? change.baseProbability() : old.baseProbability(),
                        shareMoved ? change.version() : old.shareVersion(),
                        shareMoved ? Optional.of(change.effectiveAsOf()) : old.shareChangedAt()));
        return new AllocationParameters(change.version(), segments, OptionalInt.empty());
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
