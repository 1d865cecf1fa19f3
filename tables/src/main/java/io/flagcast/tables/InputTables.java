package io.flagcast.tables;

import static io.flagcast.tables.Column.optional;
import static io.flagcast.tables.Column.required;
import static io.flagcast.tables.Ids.EXPERIMENT_ID;
import static io.flagcast.tables.Ids.FEATURE_ID;
import static io.flagcast.tables.Ids.USER_ID;

import io.flagcast.tables.Table.ColumnSet;
import io.flagcast.tables.Table.Kind;
import java.util.List;

/** Tables that are read from a source and never written. */
final class InputTables {

    static final Table USERS = new Table(
            "users", Kind.INPUT, List.of(USER_ID), List.of("user_id"), ColumnSet.OPEN, "a user, with attributes");

    static final Table EVENTS = new Table(
            "events",
            Kind.INPUT,
            List.of(
                    USER_ID,
                    FEATURE_ID,
                    optional(
                            "value",
                            "DOUBLE",
                            "amount of usage, at least 0, in any unit of the feature's own; absent counts as 1"),
                    required("occurred_at", "TIMESTAMP", "when the usage happened"),
                    optional("ingested_at", "TIMESTAMP", "when the row reached the lake"),
                    optional("event_id", "STRING", "identity of the event; a repeated one counts once")),
            List.of(),
            ColumnSet.CLOSED,
            "a usage event");

    static final Table EXPOSURES = new Table(
            "exposures",
            Kind.INPUT,
            List.of(
                    EXPERIMENT_ID,
                    USER_ID,
                    required("enabled", "BOOLEAN", "what the user was served: true the feature, false none (control)"),
                    required("exposed_at", "TIMESTAMP", "when the user met the experiment"),
                    optional("propensity", "DOUBLE", "probability in [0, 1] with which the user was enabled"),
                    optional("exposure_id", "STRING", "identity of the exposure; a repeated one counts once"),
                    optional(
                            "score",
                            "DOUBLE",
                            "responsiveness score at the time, 0 to 100; absent for a user without one"),
                    optional("segment", "STRING", "segment of that score, a name of the experiment file"),
                    optional("reason", "STRING", "line of the decision that applied, as in allocations"),
                    optional(
                            "parameters_version",
                            "BIGINT",
                            "version of the allocation parameters in force; 0 before the first change"),
                    optional("run_id", "STRING", "run whose allocation was served")),
            List.of(),
            ColumnSet.CLOSED,
            "an exposure: a user met an experiment");

    static final Table OUTCOMES = new Table(
            "outcomes",
            Kind.INPUT,
            List.of(
                    USER_ID,
                    required("outcome", "STRING", "name of what the user did, as purchase"),
                    optional("value", "DOUBLE", "amount in any unit, as revenue in euros; absent counts as 1"),
                    required("occurred_at", "TIMESTAMP", "when the user did it"),
                    optional("ingested_at", "TIMESTAMP", "when the row reached the lake"),
                    optional("outcome_id", "STRING", "identity of the outcome; a repeated one counts once")),
            List.of(),
            ColumnSet.CLOSED,
            "a counted action of a user");

    private InputTables() {}
}
