package io.flagcast.tables;

import static io.flagcast.tables.Column.optional;
import static io.flagcast.tables.Column.required;
import static io.flagcast.tables.Ids.EXPERIMENT_ID;
import static io.flagcast.tables.Ids.FEATURE_ID;
import static io.flagcast.tables.Ids.USER_ID;

import io.flagcast.tables.Table.ColumnSet;
import io.flagcast.tables.Table.Kind;
import java.util.List;

/** Tables of a run: each run writes its own part whole, which is visible only through a publication. */
final class SliceTables {

    /** Exact to its last digit, so that parts and whole agree whatever the order. */
    private static final String EXACT = "DECIMAL(38, 15)";

    private static Column usage(String cut) {
        return required(
                "usage",
                "MAP<STRING, DOUBLE>",
                "per feature_id the amount of usage in the window before " + cut + ", decayed by age, above 0");
    }

    static final Table USER_PROFILES = new Table(
            "user_profiles",
            Kind.SLICE,
            List.of(USER_ID, usage("as_of")),
            List.of("user_id"),
            ColumnSet.OPEN,
            "a user, with the predictors by name, as they stood at as_of");

    static final Table TRAINING_EXAMPLES = new Table(
            "training_examples",
            Kind.SLICE,
            List.of(
                    FEATURE_ID,
                    EXPERIMENT_ID,
                    USER_ID,
                    required("exposed_at", "TIMESTAMP", "first exposure of the user to the feature"),
                    required("enabled", "BOOLEAN", "arm of that exposure"),
                    optional("propensity", "DOUBLE", "probability of the enabled arm, where logged or known"),
                    required("response", "DOUBLE", "1 or 0, or the summed value where the feature's kind is mean"),
                    usage("exposed_at")),
            List.of("feature_id", "user_id"),
            ColumnSet.OPEN,
            "a first exposure whose outcome window has closed, with the predictors as they were before it");

    static final Table RESPONSIVENESS_SCORES = new Table(
            "responsiveness_scores",
            Kind.SLICE,
            List.of(
                    USER_ID,
                    FEATURE_ID,
                    required("score", "DOUBLE", "responsiveness score, 0 to 100, rounded to 0.01"),
                    optional("uplift", "DOUBLE", "predicted change of the response probability when enabled"),
                    optional("response_if_enabled", "DOUBLE", "predicted response probability when enabled"),
                    optional("response_if_not", "DOUBLE", "predicted response probability when not enabled"),
                    required("no_benefit", "BOOLEAN", "even the upper bound of the uplift is not above zero"),
                    required("source", "STRING", "model, collaborative, group or prior"),
                    optional("model_id", "STRING", "model that scored; absent for source prior")),
            List.of("feature_id", "user_id"),
            ColumnSet.CLOSED,
            "the responsiveness of a user to a feature");

    static final Table ENROLMENTS = new Table(
            "enrolments",
            Kind.SLICE,
            List.of(
                    EXPERIMENT_ID,
                    USER_ID,
                    required("score", "DOUBLE", "score of the first exposure that had one, 0 to 100"),
                    required("segment", "STRING", "segment of that score"),
                    required("no_benefit", "BOOLEAN", "what was known of that score's uplift, kept with it"),
                    optional("model_id", "STRING", "model of that score"),
                    required("enrolled_at", "TIMESTAMP", "that exposure")),
            List.of("experiment_id", "user_id"),
            ColumnSet.CLOSED,
            "a user who met an experiment with a score, carried forward");

    static final Table ALLOCATIONS = new Table(
            "allocations",
            Kind.SLICE,
            List.of(
                    EXPERIMENT_ID,
                    USER_ID,
                    required("enabled", "BOOLEAN", "whether the feature is on for the user"),
                    optional("score", "DOUBLE", "score used, 0 to 100"),
                    optional("segment", "STRING", "segment of the score"),
                    optional("tier", "INT", "tier of the score, 0 the highest; tiered allocation only"),
                    required("bucket", "DOUBLE", "enrolment bucket of the user, in [0, 1)"),
                    required("base_probability", "DOUBLE", "what the policy gives the score, in [0, 1]"),
                    required("share", "DOUBLE", "fraction of it that the segment keeps, in [0, 1]"),
                    required("propensity", "DOUBLE", "exact probability of being enabled, in [0, 1]"),
                    required("reason", "STRING", "first line of the decision that applied"),
                    required("parameters_version", "BIGINT", "version of the allocation parameters used"),
                    optional("model_id", "STRING", "model of the score")),
            List.of("experiment_id", "user_id"),
            ColumnSet.CLOSED,
            "the decision for a user in an experiment");

    static final Table EXPERIMENTS = new Table(
            "experiments",
            Kind.SLICE,
            List.of(
                    EXPERIMENT_ID,
                    FEATURE_ID,
                    required("activity", "STRING", "active, or inactive where nobody is enabled"),
                    required("treatment", "MAP<STRING, STRING>", "what a caller gets with an enabled decision"),
                    required("salt", "STRING", "salt of the experiment's buckets"),
                    required("holdout_salt", "STRING", "salt of the bucket that the holdout is drawn by"),
                    required("holdout", "DOUBLE", "fraction of users kept out of every experiment, in [0, 1)"),
                    required(
                            "layer",
                            "STRUCT<name: STRING, from: DOUBLE, to: DOUBLE>",
                            "range of the layer; all of one without a name where it excludes no other experiment"),
                    optional("eligibility", "STRING", "condition over profile columns; everyone where absent"),
                    required("exploration", "DOUBLE", "fraction of users never personalised, in [0, 1]"),
                    required("unscored", "DOUBLE", "probability for users without a score, in [0, 1]"),
                    required("parameters_version", "BIGINT", "version of the allocation parameters used")),
            List.of("experiment_id"),
            ColumnSet.CLOSED,
            "an experiment as the run decided it: all that a user who is in no other table needs");

    static final Table FIRST_EXPOSURES = new Table(
            "first_exposures",
            Kind.SLICE,
            List.of(
                    EXPERIMENT_ID,
                    USER_ID,
                    required("segment", "STRING", "segment of the score at the time; unscored without one"),
                    required("parameters_version", "BIGINT", "parameters in force; 0 where none are logged"),
                    required("decided_by", "STRING", "run whose allocation was served; empty where none is logged"),
                    required("exposed_on", "TIMESTAMP", "start of the day of the exposure, UTC"),
                    required("exposed_at", "TIMESTAMP", "first exposure of the user under all of these"),
                    required("enabled", "BOOLEAN", "what the user was served then"),
                    optional("propensity", "DOUBLE", "probability in [0, 1] with which the user was enabled"),
                    optional("score", "DOUBLE", "responsiveness score at the time, 0 to 100"),
                    optional("reason", "STRING", "line of the decision that applied"),
                    required("contradictory", "BOOLEAN", "a later exposure under all of these had the other answer"),
                    optional("response_if_enabled", "DOUBLE", "what the deciding run predicted"),
                    optional("response_if_not", "DOUBLE", "what the deciding run predicted"),
                    required(
                            "cells",
                            "ARRAY<STRING>",
                            "parts of the segment that the user counts in: a bandit's cell as JSON, or the value of a"
                                    + " dimension when the user was first measured, as country=DE"),
                    required(
                            "counted",
                            "ARRAY<STRUCT<metric: STRING, closes_at: TIMESTAMP, settled: BOOLEAN, y: DOUBLE,"
                                    + " before: DOUBLE>>",
                            "per metric when its window closes, whether the outcomes up to then are in, what it has"
                                    + " counted by as_of, and what it counted in the pre-period, where one is declared")),
            List.of("user_id", "experiment_id", "segment", "parameters_version", "decided_by", "exposed_on"),
            ColumnSet.CLOSED,
            "the first exposure of a user under one decision on one day, with what its metrics have counted so far");

    static final Table MEASURED_INPUTS = new Table(
            "measured_inputs",
            Kind.SLICE,
            List.of(
                    required("input", "STRING", "exposures, outcomes, or definition: of what is measured, and how"),
                    required(
                            "identity",
                            "STRING",
                            "a file with its size and time or its Delta deletion vector; a hash")),
            List.of("input", "identity"),
            ColumnSet.CLOSED,
            "something that first_exposures was made from: what is not here is new to the next measurement");

    private static final Column CELL = required(
            "cell",
            "STRING",
            "part of the segment: a bandit's cell as JSON, or one value of a dimension as country=DE; empty for the"
                    + " whole segment");

    private static final Column WEIGHTED = required(
            "weighted",
            "STRUCT<n: BIGINT, w: E, w2: E, wy: E, wy2: E, w2y: E, w2y2: E>".replace("E", EXACT),
            "sums weighted by inverse propensity, over users with 0 < propensity < 1");

    private static final Column COVARIATE = optional(
            "covariate",
            "STRUCT<wx: E, wx2: E, wxy: E, w2x: E, w2x2: E, w2xy: E>".replace("E", EXACT),
            "the same with the value of the pre-period, x; absent where none is declared");

    private static final Column CAP = optional(
            "cap",
            "DOUBLE",
            "where the value of a user stops to count; absent without a cap, and while its quantile is not looked up");

    static final Table SEGMENT_DAYS = new Table(
            "segment_days",
            Kind.SLICE,
            List.of(
                    EXPERIMENT_ID,
                    required("segment", "STRING", "segment at the exposure; all; or unscored"),
                    CELL,
                    required("population", "STRING", "enabled or control, by the user's first exposure on the day"),
                    required("metric", "STRING", "metric of the experiment"),
                    required(
                            "since_version",
                            "BIGINT",
                            "parameters version that the evidence begins with; 0 for all exposures"),
                    required(
                            "day",
                            "TIMESTAMP",
                            "day from which on the outcome windows of a day's exposures close: the day of the exposures"
                                    + " and the whole days of within"),
                    required(
                            "returned_after",
                            "INT",
                            "days since the user was exposed before, at most told_apart, in a cell 1; 0 for the first time"),
                    required(
                            "told_apart",
                            "INT",
                            "the longest absence that is told apart, in days: the longest window that something looks at, from"
                                    + " 7 to 28"),
                    required("n", "BIGINT", "users"),
                    optional("sum", EXACT, "sum of the per-user values; absent beyond 23 digits before the point"),
                    optional("sum_squares", EXACT, "sum of their squares; absent likewise"),
                    WEIGHTED,
                    COVARIATE,
                    CAP),
            List.of(
                    "experiment_id",
                    "segment",
                    "cell",
                    "population",
                    "metric",
                    "since_version",
                    "day",
                    "returned_after"),
            ColumnSet.CLOSED,
            "users of a day by how long they had not come, with sums that merge by addition: whoever comes for the first"
                    + " time in a window is who came back after longer than it had lasted");

    static final Table SEGMENT_METRICS = new Table(
            "segment_metrics",
            Kind.SLICE,
            List.of(
                    required(
                            "experiment_id",
                            "STRING",
                            "the configured rollout; empty for all together, in window holdout alone"),
                    required("segment", "STRING", "segment at the first exposure; all; or unscored"),
                    CELL,
                    required(
                            "population",
                            "STRING",
                            "enabled, control or everyone; in window holdout everybody_else or held_out"),
                    required("metric", "STRING", "metric of the experiment"),
                    required(
                            "window",
                            "STRING",
                            "total (by the first exposure), evidence (by the first since the share last changed), or day"
                                    + " (by the first of the day); or holdout: what is measured against the users who are"
                                    + " held out"),
                    required("window_start", "TIMESTAMP", "first instant at which an outcome window closed"),
                    required("window_end", "TIMESTAMP", "first instant after the last one"),
                    required(
                            "since_version",
                            "BIGINT",
                            "parameters version that the window begins with; 0 for the first"),
                    required("n", "BIGINT", "users"),
                    optional("sum", EXACT, "sum of the per-user values; absent beyond 23 digits before the point"),
                    optional("sum_squares", EXACT, "sum of their squares; absent likewise"),
                    optional("metric_value", "DOUBLE", "mean per user"),
                    optional(
                            "m2",
                            "DOUBLE",
                            "sum of squared deviations from the mean: with n and mean it merges by Chan"),
                    optional("lower", "DOUBLE", "lower end of its 95 % interval"),
                    optional("upper", "DOUBLE", "upper end of its 95 % interval"),
                    WEIGHTED,
                    COVARIATE,
                    optional(
                            "effect",
                            "DOUBLE",
                            "enabled minus control, Hajek-weighted; in window holdout everybody else minus the held-out"),
                    optional(
                            "effect_lower",
                            "DOUBLE",
                            "lower end of its 95 % interval; in window holdout one that is valid at every look"),
                    optional("effect_upper", "DOUBLE", "upper end of that interval"),
                    optional("effective_sample_size", "DOUBLE", "users the weighted effect is worth"),
                    optional("adjusted_effect", "DOUBLE", "the effect less what the pre-period explains (CUPED)"),
                    optional("adjusted_lower", "DOUBLE", "lower end of its 95 % interval"),
                    optional("adjusted_upper", "DOUBLE", "upper end of its 95 % interval"),
                    CAP),
            List.of("experiment_id", "segment", "cell", "population", "metric", "window", "window_start"),
            ColumnSet.CLOSED,
            "a metric of a segment, population and window");

    static final Table HEALTH_CHECKS = new Table(
            "health_checks",
            Kind.SLICE,
            List.of(
                    required("experiment_id", "STRING", "the configured rollout; empty for inputs and the pipeline"),
                    required("check", "STRING", "name of the check, as sample_ratio"),
                    required("segment", "STRING", "segment that it looked at, or all"),
                    required("subject", "STRING", "metric, predictor, attribute or input that it looked at; or empty"),
                    required("state", "STRING", "passed, failed, or unknown with too little data"),
                    optional("observed", "DOUBLE", "what was measured"),
                    optional("lower", "DOUBLE", "lower end of its interval"),
                    optional("upper", "DOUBLE", "upper end of its interval"),
                    optional("threshold", "DOUBLE", "what it was compared with"),
                    optional("p_value", "DOUBLE", "of the textbook test beside it, for one look"),
                    required("n", "BIGINT", "users or rows behind it"),
                    required("reason", "STRING", "the finding, in a sentence with its numbers"),
                    optional(
                            "detail",
                            "STRING",
                            "JSON: bins, days or groups behind it (name, n, expected, observed, lower, upper), for plots")),
            List.of("experiment_id", "check", "segment", "subject"),
            ColumnSet.CLOSED,
            "what a health check found");

    static final Table RULE_DECISIONS = new Table(
            "rule_decisions",
            Kind.SLICE,
            List.of(
                    required("decision_id", "STRING", "key of rule, content hash, segment and as-of"),
                    EXPERIMENT_ID,
                    required("rule_id", "STRING", "the rule"),
                    required("content_hash", "STRING", "SHA-256 of the experiment file"),
                    required("segment", "STRING", "segment that it watches and moves, or all"),
                    required("outcome", "STRING", "fired, recovered, held, inconclusive or suppressed"),
                    required("mode", "STRING", "dry_run, propose or enforce"),
                    required("condition", "STRING", "what it looks for, in words"),
                    required("action", "STRING", "what it does, in words"),
                    required("method", "STRING", "confidence_sequence, or point: no statistics"),
                    optional("observed", "DOUBLE", "estimate of the comparison that decided; absent without data"),
                    optional("bound", "DOUBLE", "its confidence bound; absent with too little data"),
                    optional("threshold", "DOUBLE", "what the bound was compared with; absent without a bound"),
                    required("n", "BIGINT", "users behind it"),
                    required("alpha", "DOUBLE", "probability to be wrong that its bound may spend"),
                    optional("evidence_start", "TIMESTAMP", "first day of the evidence; absent without data"),
                    optional("window_start", "TIMESTAMP", "first day of the window that it looked at"),
                    required("holding_runs", "INT", "runs in a row at which the condition has held"),
                    required(
                            "comparisons",
                            "ARRAY<STRUCT<comparison: STRING, state: STRING, observed: DOUBLE, bound: DOUBLE,"
                                    + " threshold: DOUBLE, n: BIGINT, compared: BIGINT, alpha: DOUBLE, window: INT,"
                                    + " evidence_start: TIMESTAMP, window_start: TIMESTAMP, reason: STRING>>",
                            "every comparison of the condition; compared: users of the control arm or the baseline"),
                    optional("share_before", "DOUBLE", "share of the segment before; absent for all"),
                    optional("share_after", "DOUBLE", "share of the segment after; absent for all"),
                    optional(
                            "adjustment",
                            "STRING",
                            "JSON: new values that it gives, or would give where the mode changes nothing"),
                    required("parameters_version", "BIGINT", "version that new values are computed from"),
                    required("reason", "STRING", "why, in a sentence")),
            List.of("decision_id"),
            ColumnSet.CLOSED,
            "the evaluation of a rule at an as-of, fired or not; kept for good");

    static final Table QUARANTINE = new Table(
            "quarantine",
            Kind.SLICE,
            List.of(
                    required("source_table", "STRING", "input table of the row"),
                    required("reason", "STRING", "why it was rejected"),
                    required("row", "STRING", "the row as JSON")),
            List.of(),
            ColumnSet.CLOSED,
            "a rejected input row");

    private SliceTables() {}
}
