package io.flagcast.tables;

import io.flagcast.tables.Table.Kind;
import java.util.List;
import java.util.Optional;

/** Every table of the lake. Stages meet at these contracts and nowhere else. */
public final class Tables {

    public static final Table USERS = InputTables.USERS;
    public static final Table EVENTS = InputTables.EVENTS;
    public static final Table EXPOSURES = InputTables.EXPOSURES;
    public static final Table OUTCOMES = InputTables.OUTCOMES;

    public static final Table USER_PROFILES = SliceTables.USER_PROFILES;
    public static final Table TRAINING_EXAMPLES = SliceTables.TRAINING_EXAMPLES;
    public static final Table RESPONSIVENESS_SCORES = SliceTables.RESPONSIVENESS_SCORES;
    public static final Table ENROLMENTS = SliceTables.ENROLMENTS;
    public static final Table ALLOCATIONS = SliceTables.ALLOCATIONS;
    public static final Table EXPERIMENTS = SliceTables.EXPERIMENTS;
    public static final Table FIRST_EXPOSURES = MeasureTables.FIRST_EXPOSURES;
    public static final Table MEASURED_INPUTS = MeasureTables.MEASURED_INPUTS;
    public static final Table SEGMENT_DAYS = MeasureTables.SEGMENT_DAYS;
    public static final Table SEGMENT_METRICS = MeasureTables.SEGMENT_METRICS;
    public static final Table HEALTH_CHECKS = SliceTables.HEALTH_CHECKS;
    public static final Table RULE_DECISIONS = SliceTables.RULE_DECISIONS;
    public static final Table RAMPS = SliceTables.RAMPS;
    public static final Table QUARANTINE = SliceTables.QUARANTINE;

    public static final Table MODEL_RUNS = LogTables.MODEL_RUNS;
    public static final Table ALLOCATION_PARAMETERS = LogTables.ALLOCATION_PARAMETERS;
    public static final Table ALERTS = LogTables.ALERTS;
    public static final Table ALERT_DELIVERIES = LogTables.ALERT_DELIVERIES;
    public static final Table ALERT_NOTES = LogTables.ALERT_NOTES;
    public static final Table RUNS = LogTables.RUNS;
    public static final Table ERASURES = LogTables.ERASURES;
    public static final Table PUBLICATIONS = LogTables.PUBLICATIONS;

    /** All tables, inputs first, in the order in which a run touches them. */
    public static final List<Table> ALL = List.of(
            USERS,
            EVENTS,
            EXPOSURES,
            OUTCOMES,
            USER_PROFILES,
            TRAINING_EXAMPLES,
            RESPONSIVENESS_SCORES,
            ENROLMENTS,
            ALLOCATIONS,
            EXPERIMENTS,
            FIRST_EXPOSURES,
            MEASURED_INPUTS,
            SEGMENT_DAYS,
            SEGMENT_METRICS,
            HEALTH_CHECKS,
            RULE_DECISIONS,
            RAMPS,
            QUARANTINE,
            MODEL_RUNS,
            ALLOCATION_PARAMETERS,
            ALERTS,
            ALERT_DELIVERIES,
            ALERT_NOTES,
            RUNS,
            ERASURES,
            PUBLICATIONS);

    private Tables() {}

    public static List<Table> of(Kind kind) {
        return ALL.stream().filter(table -> table.kind() == kind).toList();
    }

    public static Optional<Table> named(String name) {
        return ALL.stream().filter(table -> table.name().equals(name)).findFirst();
    }
}
