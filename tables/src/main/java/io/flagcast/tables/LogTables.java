package io.flagcast.tables;

import static io.flagcast.tables.Column.optional;
import static io.flagcast.tables.Column.required;
import static io.flagcast.tables.Ids.EXPERIMENT_ID;
import static io.flagcast.tables.Ids.FEATURE_ID;

import io.flagcast.tables.Table.ColumnSet;
import io.flagcast.tables.Table.Kind;
import java.util.List;

/**
 * Tables that are only ever appended to: what was trained, changed, told, run and published. A rolled-back publication
 * does not roll them back.
 */
final class LogTables {

    static final Table MODEL_RUNS = new Table(
            "model_runs",
            Kind.APPEND,
            List.of(
                    required("model_id", "STRING", "hash of input versions, configuration, seed and code version"),
                    FEATURE_ID,
                    required("learner", "STRING", "as t_learner_logistic"),
                    required(
                                    "status",
                                    "STRING",
                                    "in use until another is, another learner's of the same examples, or worse")
                            .oneOf("champion", "challenger", "rejected"),
                    optional("verdict", "STRING", "whether users differ in uplift; absent where no uplift is learned")
                            .oneOf(
                                    "heterogeneous",
                                    "no reliable heterogeneity",
                                    "differences exist; this order is not shown to find them"),
                    required("cause", "STRING", "who gave the status").oneOf("training", "person"),
                    required("effective_as_of", "TIMESTAMP", "runs of this as-of and later use it"),
                    required("changed_at", "TIMESTAMP", "when the status was given"),
                    required("as_of", "TIMESTAMP", "instant up to which its examples looked"),
                    required("run_id", "STRING", "run that trained it"),
                    required("examples", "BIGINT", "training examples"),
                    required(
                            "metrics",
                            "STRING",
                            "JSON: out-of-fold quality by name, as qini, autoc, calibration_slope, each with _lower and _upper"),
                    optional("curves", "STRING", "JSON: Qini curve and calibration by decile, for plots"),
                    optional(
                            "population",
                            "STRING",
                            "JSON: all users at the time, by bins of every predictor and of the score"),
                    required("provenance", "STRING", "JSON: inputs, seed, parameters, code version, JVM"),
                    required("path", "STRING", "where the model lies, below the lake's root"),
                    required("checksum", "STRING", "SHA-256 of its content")),
            List.of("model_id", "changed_at"),
            ColumnSet.CLOSED,
            "a status given to a trained model; the newest of a model counts");

    static final Table ALLOCATION_PARAMETERS = new Table(
            "allocation_parameters",
            Kind.APPEND,
            List.of(
                    EXPERIMENT_ID,
                    required("version", "BIGINT", "1 for the first change of the experiment, then one more each"),
                    required("segment", "STRING", "segment whose parameters change; all for the whole experiment's"),
                    required("cell", "STRING", "bandit cell within the segment, as JSON; empty for the whole segment"),
                    required("share", "DOUBLE", "share of the segment from then on, in [0, 1]; 1 in rows of the whole"),
                    optional("base_probability", "DOUBLE", "learned base probability, in [0, 1], bandit only"),
                    optional("active_tier", "INT", "active tier from then on, -1 the file's own; absent: as before"),
                    optional("activity", "STRING", "whether anybody is enabled from then on; absent: as before")
                            .oneOf("active", "inactive"),
                    optional("ramp_of", "STRING", "what a gated ramp raises; none: it has not begun; absent: as before")
                            .oneOf("percentage", "tier", "none"),
                    optional(
                            "ramp_to",
                            "DOUBLE",
                            "what it reaches from then on: a probability in [0, 1], or an active tier"),
                    optional("restores", "BIGINT", "earlier version that this version gives back"),
                    optional(
                            "state",
                            "STRING",
                            "JSON: what the bandit believes of the cell and from how much: enabled and control (users, mean),"
                                    + " probability_greater, target, base_probability_before, base_probability_after, reason"),
                    required("effective_as_of", "TIMESTAMP", "runs with a later as-of use it"),
                    required("cause", "STRING", "who made it; recovery: a rule gives back")
                            .oneOf("rule", "recovery", "bandit", "ramp", "person"),
                    optional("rule_id", "STRING", "the rule; rule and recovery only"),
                    required("decision_id", "STRING", "decision that made the change"),
                    required("decision", "STRING", "JSON: that decision, whole, with its reason"),
                    required("run_id", "STRING", "run that made it")),
            List.of("experiment_id", "version", "segment", "cell"),
            ColumnSet.CLOSED,
            "a change of what a segment is given");

    static final Table ALERTS = new Table(
            "alerts",
            Kind.APPEND,
            List.of(
                    required("fingerprint", "STRING", "hash of the labels"),
                    required(
                            "labels",
                            "MAP<STRING, STRING>",
                            "identity of the alert: alertname, severity, and experiment_id, segment, check, metric, subject"
                                    + " where it has them"),
                    required(
                            "annotations",
                            "MAP<STRING, STRING>",
                            "values and sentences, as reason; no part of the identity"),
                    required("state", "STRING", "how it stands; inactive: over before it fired")
                            .oneOf("pending", "firing", "resolved", "inactive"),
                    required("active_at", "TIMESTAMP", "as-of of the first evaluation that held"),
                    optional("starts_at", "TIMESTAMP", "as-of at which it fired; absent while pending"),
                    optional("quiet_at", "TIMESTAMP", "as-of since which it no longer holds, while it is kept firing"),
                    optional("ends_at", "TIMESTAMP", "as-of at which it was resolved"),
                    required("as_of", "TIMESTAMP", "instant of the evaluation"),
                    required("run_id", "STRING", "run that saw the change")),
            List.of("fingerprint", "as_of"),
            ColumnSet.CLOSED,
            "a state change of an alert; the newest of a fingerprint counts");

    static final Table ALERT_DELIVERIES = new Table(
            "alert_deliveries",
            Kind.APPEND,
            List.of(
                    required("fingerprint", "STRING", "the alert"),
                    required("starts_at", "TIMESTAMP", "which firing of it"),
                    required("state", "STRING", "what was told").oneOf("firing", "resolved"),
                    required("receiver", "STRING", "name of the receiver"),
                    required("outcome", "STRING", "whether the receiver knows").oneOf("delivered", "failed"),
                    required("attempted_at", "TIMESTAMP", "when"),
                    optional("detail", "STRING", "what the receiver answered")),
            List.of(),
            ColumnSet.CLOSED,
            "an attempt to tell a receiver of an alert");

    static final Table ALERT_NOTES = new Table(
            "alert_notes",
            Kind.APPEND,
            List.of(
                    required("note_id", "STRING", "identity of the note"),
                    required("kind", "STRING", "what it does").oneOf("acknowledged", "silence", "unsilence"),
                    required(
                            "labels",
                            "MAP<STRING, STRING>",
                            "alerts that have all of these; an unsilence ends the silences of exactly these"),
                    optional("starts_at", "TIMESTAMP", "which firing is acknowledged; absent for silences"),
                    optional(
                            "until",
                            "TIMESTAMP",
                            "when it ends; absent for an acknowledgement, which ends with the alert"),
                    required("person", "STRING", "who said so"),
                    optional("comment", "STRING", "why"),
                    required("noted_at", "TIMESTAMP", "when")),
            List.of("note_id"),
            ColumnSet.CLOSED,
            "what a person said of alerts");

    static final Table RUNS = new Table(
            "runs",
            Kind.APPEND,
            List.of(
                    required("run_id", "STRING", "the run"),
                    required("as_of", "TIMESTAMP", "instant up to which it looked"),
                    required("stage", "STRING", "part of the run, or the run itself")
                            .oneOf("run", "features", "train", "score", "allocate", "measure", "govern"),
                    required(
                                    "state",
                                    "STRING",
                                    "how a stage ended; a run is started, once per attempt, and backfilled where it was made up"
                                            + " for without becoming live")
                            .oneOf("started", "done", "failed", "interrupted", "backfilled"),
                    required("started_at", "TIMESTAMP", "when the stage started"),
                    required("seconds", "DOUBLE", "how long it took, in seconds"),
                    required("rows_in", "BIGINT", "rows read"),
                    required("rows_out", "BIGINT", "rows written, or valid input rows for features"),
                    required("rows_quarantined", "BIGINT", "input rows rejected"),
                    required("detail", "MAP<STRING, STRING>", "counts by table, as in/out/quarantined"),
                    required("input_versions", "MAP<STRING, STRING>", "version of every input"),
                    required("config_hash", "STRING", "hash of configuration and experiments"),
                    optional("exit_reason", "STRING", "why the stage failed, or which signal interrupted it")),
            List.of(),
            ColumnSet.CLOSED,
            "a stage of a run, or the beginning of one");

    static final Table PUBLICATIONS = new Table(
            "publications",
            Kind.APPEND,
            List.of(
                    required("publish_seq", "BIGINT", "1, 2, 3, …; the greatest is live"),
                    required("run_id", "STRING", "run that was published"),
                    required("as_of", "TIMESTAMP", "instant up to which it looked"),
                    required(
                                    "kind",
                                    "STRING",
                                    "all tables of a run, its metrics alone, or an earlier publication again")
                            .oneOf("publish", "metrics", "rollback"),
                    required("published_at", "TIMESTAMP", "when it became live"),
                    required(
                            "tables",
                            "MAP<STRING, STRUCT<run_id: STRING, rows: BIGINT>>",
                            "per table the live run and its row count"),
                    required("config_hash", "STRING", "hash of configuration and experiments")),
            List.of("publish_seq"),
            ColumnSet.CLOSED,
            "a moment when the tables of a run became the live ones");

    static final Table ERASURES = new Table(
            "erasures",
            Kind.APPEND,
            List.of(
                    required("erasure_id", "STRING", "identity of the erasure; nothing of the user is in it"),
                    required("erased_at", "TIMESTAMP", "when"),
                    optional(
                            "publish_seq", "BIGINT", "the publication without the user; absent where nothing was live"),
                    required(
                            "rows",
                            "MAP<STRING, BIGINT>",
                            "per table how many live rows were removed, or had the id replaced"),
                    required("models", "BIGINT", "model files that held the id, and were removed"),
                    required("input_files", "BIGINT", "input files that held the id still, which the command named")),
            List.of("erasure_id"),
            ColumnSet.CLOSED,
            "a user was erased");

    private LogTables() {}
}
