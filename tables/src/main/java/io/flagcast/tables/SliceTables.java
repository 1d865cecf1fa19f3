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
                    required("enabled", "BOOLEAN", "arm of that exposure: true enabled, false control"),
                    optional("propensity", "DOUBLE", "probability in [0, 1] of being enabled, where logged or known"),
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
                    optional(
                            "family",
                            "STRING",
                            "pattern that the feature is scored by together with others, as artist_*; absent where it is declared by itself"),
                    required("score", "DOUBLE", "responsiveness score, 0 to 100, rounded to 0.01"),
                    optional(
                            "uplift",
                            "DOUBLE",
                            "predicted change of the response when enabled: of a probability, -1 to 1, or of an amount where the"
                                    + " feature's kind is mean; absent where no uplift is learned"),
                    optional(
                            "uplift_bound",
                            "DOUBLE",
                            "upper bound of the uplift that users of this tenth of the scores have shown; absent where it is not"
                                    + " known"),
                    optional(
                            "uplift_shown",
                            "DOUBLE",
                            "uplift that users with such a score have shown, as far as evidence goes; for source prior what the"
                                    + " average user has; absent where no uplift is learned"),
                    optional(
                            "response_if_enabled",
                            "DOUBLE",
                            "predicted response when enabled: a probability, 0 to 1, or an amount"),
                    optional("response_if_not", "DOUBLE", "the same when not enabled"),
                    optional(
                            "affinity",
                            "DOUBLE",
                            "usage of the feature that is expected of the user, most between 0 and 1: greater is likelier, also"
                                    + " between features; absent but for sources collaborative and group"),
                    required("no_benefit", "BOOLEAN", "whether even the upper bound of the uplift is not above zero"),
                    required(
                                    "source",
                                    "STRING",
                                    "what the score rests on: a model of responses, usage like that of others, the mean of the"
                                            + " user's group, or nothing")
                            .oneOf("model", "collaborative", "group", "prior"),
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
                    required("segment", "STRING", "segment of that score, a name of the experiment file"),
                    required("no_benefit", "BOOLEAN", "whether that score's uplift was no benefit, kept with it"),
                    optional("uplift_bound", "DOUBLE", "upper bound of the uplift, kept with it"),
                    optional("uplift_shown", "DOUBLE", "uplift that users with such a score had shown, kept with it"),
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
                    optional(
                            "score",
                            "DOUBLE",
                            "score used, 0 to 100: of the user's first exposure where the experiment keeps it, of this run"
                                    + " otherwise; absent without one"),
                    optional(
                            "segment",
                            "STRING",
                            "segment of the score, a name of the experiment file; absent without one"),
                    optional("tier", "INT", "tier of the score, 0 the highest; tiered allocation only"),
                    required("bucket", "DOUBLE", "enrolment bucket of the user, in [0, 1)"),
                    required("base_probability", "DOUBLE", "what the policy gives the score, in [0, 1]"),
                    required("share", "DOUBLE", "fraction of the base probability that the segment keeps, in [0, 1]"),
                    required(
                            "propensity",
                            "DOUBLE",
                            "exact probability of being enabled, in [0, 1]; 0 for who is shut out"),
                    required("reason", "STRING", "first line of the decision that applied")
                            .oneOf(
                                    "inactive",
                                    "holdout",
                                    "layer",
                                    "ineligible",
                                    "exploration",
                                    "unscored",
                                    "no_benefit",
                                    "policy"),
                    required(
                            "parameters_version",
                            "BIGINT",
                            "version of the allocation parameters used; 0 before the first change"),
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
                    required("activity", "STRING", "whether anybody is enabled").oneOf("active", "inactive"),
                    required("treatment", "MAP<STRING, STRING>", "what a caller gets with an enabled decision"),
                    required("salt", "STRING", "salt of the experiment's buckets"),
                    required("holdout_salt", "STRING", "salt of the bucket that the holdout is drawn by"),
                    required("holdout", "DOUBLE", "fraction of users kept out of every experiment, in [0, 1)"),
                    required(
                            "layer",
                            "STRUCT<name: STRING, from: DOUBLE, to: DOUBLE>",
                            "range of the layer; all of one without a name where it excludes no other experiment"),
                    optional(
                            "eligibility",
                            "STRING",
                            "condition over profile columns, with that of a cost that a column says; everyone where absent"),
                    required("exploration", "DOUBLE", "fraction of users never personalised, in [0, 1]"),
                    required("unscored", "DOUBLE", "probability for users without a score, in [0, 1]"),
                    required(
                            "parameters_version",
                            "BIGINT",
                            "version of the allocation parameters used; 0 before the first change")),
            List.of("experiment_id"),
            ColumnSet.CLOSED,
            "an experiment as the run decided it: all that a user who is in no other table needs");

    static final Table HEALTH_CHECKS = new Table(
            "health_checks",
            Kind.SLICE,
            List.of(
                    required("experiment_id", "STRING", "the configured rollout; empty for inputs and the pipeline"),
                    required("check", "STRING", "what is looked at; docs/health-checks.md has each")
                            .oneOf(
                                    "pipeline",
                                    "model",
                                    "freshness",
                                    "volume",
                                    "unmatched",
                                    "sentinel",
                                    "window_edge",
                                    "contradiction",
                                    "sample_ratio",
                                    "predictor_drift",
                                    "score_drift",
                                    "calibration",
                                    "unexpected_outcome",
                                    "enable_bias",
                                    "outcome_bias",
                                    "simpson",
                                    "novelty",
                                    "evidence_dried_up"),
                    required("segment", "STRING", "segment that it looked at, or all"),
                    required("subject", "STRING", "metric, predictor, attribute or input that it looked at; or empty"),
                    required("state", "STRING", "the verdict; unknown with too little data")
                            .oneOf("passed", "failed", "unknown"),
                    optional("observed", "DOUBLE", "what was measured, in the unit that reason names"),
                    optional("lower", "DOUBLE", "lower end of its interval"),
                    optional("upper", "DOUBLE", "upper end of its interval"),
                    optional("threshold", "DOUBLE", "what it was compared with"),
                    optional("p_value", "DOUBLE", "of the textbook test beside it, for one look, 0 to 1"),
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
                    required("outcome", "STRING", "what came of it")
                            .oneOf("fired", "recovered", "held", "inconclusive", "suppressed"),
                    required(
                                    "mode",
                                    "STRING",
                                    "whether a firing is recorded, waits for a person, or changes the allocation")
                            .oneOf("dry_run", "propose", "enforce"),
                    required("condition", "STRING", "what it looks for, in words"),
                    required("action", "STRING", "what it does, in words"),
                    required("method", "STRING", "how a metric is compared with the limit; point: no statistics")
                            .oneOf("confidence_sequence", "point"),
                    optional(
                            "observed",
                            "DOUBLE",
                            "estimate of the comparison that decided, in the metric's unit; absent without data"),
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
                            "every comparison of the condition; state: holds, opposite, open or inconclusive; compared: users of the"
                                    + " control arm or the baseline"),
                    optional("share_before", "DOUBLE", "share of the segment before, in [0, 1]; absent for all"),
                    optional(
                            "share_after",
                            "DOUBLE",
                            "share of the segment after, in [0, 1]: as before where the mode changes nothing; absent for all"),
                    optional(
                            "adjustment",
                            "STRING",
                            "JSON: new values that it gives, or would give where the mode changes nothing"),
                    required("parameters_version", "BIGINT", "version that new values are computed from"),
                    required("reason", "STRING", "why, in a sentence")),
            List.of("decision_id"),
            ColumnSet.CLOSED,
            "the evaluation of a rule at an as-of, fired or not; kept for good");

    static final Table RAMPS = new Table(
            "ramps",
            Kind.SLICE,
            List.of(
                    EXPERIMENT_ID,
                    required(
                                    "outcome",
                                    "STRING",
                                    "what the run has decided; held: it waits; done: there is no further step")
                            .oneOf("raised", "held", "done"),
                    required("ramp_of", "STRING", "what it raises").oneOf("percentage", "tier"),
                    optional(
                            "ramp_to",
                            "DOUBLE",
                            "what is in force for the run: a probability in [0, 1], or an active tier; absent where tiers have"
                                    + " probabilities before the ramp begins"),
                    required("step", "INT", "number of the step in force, from 1; 0 before the first"),
                    required("steps", "INT", "how many there are"),
                    optional("next", "DOUBLE", "what the next step raises to; absent on the last"),
                    required(
                            "users",
                            "BIGINT",
                            "users who have met the experiment with the feature since the step began"),
                    required("min_users", "BIGINT", "how many the step waits for; 0 where it waits for none"),
                    required("reason", "STRING", "why, in a sentence"),
                    required("sentence", "STRING", "where it stands and what it waits for")),
            List.of("experiment_id"),
            ColumnSet.CLOSED,
            "where the ramp of an experiment stands");

    static final Table QUARANTINE = new Table(
            "quarantine",
            Kind.SLICE,
            List.of(
                    required("source_table", "STRING", "input table of the row")
                            .oneOf("users", "events", "exposures", "outcomes"),
                    required("reason", "STRING", "why it was rejected, in words"),
                    required("row", "STRING", "JSON: the row as it was read")),
            List.of(),
            ColumnSet.CLOSED,
            "a rejected input row");

    private SliceTables() {}
}
