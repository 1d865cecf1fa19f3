package io.flagcast.tables;

import static io.flagcast.tables.Column.optional;
import static io.flagcast.tables.Column.required;
import static io.flagcast.tables.Ids.EXPERIMENT_ID;
import static io.flagcast.tables.Ids.USER_ID;

import io.flagcast.tables.Table.ColumnSet;
import io.flagcast.tables.Table.Kind;
import java.util.List;

/** Tables of a run in which what was measured stands: who was counted, and metrics by segment. */
final class MeasureTables {

    /** Exact to its last digit, so that parts and whole agree whatever the order. */
    private static final String EXACT = "DECIMAL(38, 15)";

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
                    required("enabled", "BOOLEAN", "what the user was served then: true enabled, false control"),
                    optional("propensity", "DOUBLE", "probability in [0, 1] with which the user was enabled"),
                    optional("score", "DOUBLE", "responsiveness score at the time, 0 to 100"),
                    optional("reason", "STRING", "line of the decision that applied, as in allocations"),
                    required(
                            "contradictory",
                            "BOOLEAN",
                            "whether a later exposure under all of these had the other answer"),
                    optional("response_if_enabled", "DOUBLE", "response that the deciding run predicted when enabled"),
                    optional("response_if_not", "DOUBLE", "the same when not enabled"),
                    required(
                            "cells",
                            "ARRAY<STRING>",
                            "parts of the segment that the user counts in: a bandit's cell as JSON, or the value of a"
                                    + " dimension when the user was first measured, as country=DE"),
                    required(
                            "counted",
                            "ARRAY<STRUCT<metric: STRING, closes_at: TIMESTAMP, settled: BOOLEAN, y: DOUBLE,"
                                    + " before: DOUBLE, d: DOUBLE, d_before: DOUBLE>>",
                            "per metric when its window closes, whether the outcomes up to then are in, what it has"
                                    + " counted by as_of (1 or 0 of a proportion, capped where a cap is declared), and what it"
                                    + " counted in the pre-period, where one is declared; of a ratio these are of the numerator, and"
                                    + " d and d_before the denominators")),
            List.of("user_id", "experiment_id", "segment", "parameters_version", "decided_by", "exposed_on"),
            ColumnSet.CLOSED,
            "the first exposure of a user under one decision on one day, with what its metrics have counted so far");

    static final Table MEASURED_INPUTS = new Table(
            "measured_inputs",
            Kind.SLICE,
            List.of(
                    required("input", "STRING", "the input, or the definition of what is measured and how")
                            .oneOf("exposures", "outcomes", "definition"),
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

    private static final Column DENOMINATOR = optional(
            "denominator",
            "STRUCT<d: E, dd: E, dy: E, yy_by_d: E>".replace("E", EXACT),
            "sums of the denominators d of a ratio, whose numerators y the other sums are of; absent for other metrics. In"
                    + " weighted the value of a user of a ratio is y / d, and counts d times");

    private static final Column RATIO_COVARIATE = optional(
            "ratio_covariate",
            "STRUCT<wx: E, wu: E, xx: E, xu: E, uu: E, yx: E, yu: E, dx: E, du: E>".replace("E", EXACT),
            "in the place of covariate for a ratio: sums, weighted by inverse propensity, of the numerator x and the"
                    + " denominator u of the pre-period, and of products, with the squared weight");

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
                    required("population", "STRING", "arm of the user's first exposure on the day")
                            .oneOf("enabled", "control"),
                    required("metric", "STRING", "metric of the experiment, a name of its file"),
                    required(
                            "since_version",
                            "BIGINT",
                            "parameters version that the evidence begins with; 0 for all exposures"),
                    required(
                            "day",
                            "TIMESTAMP",
                            "day from which on the outcome windows of a day's exposures close: the day of the exposures"
                                    + " and the whole days of after and within"),
                    required(
                            "returned_after",
                            "INT",
                            "days since the user was exposed before, at most told_apart, in a cell 1; 0 for the first time"),
                    required(
                            "told_apart",
                            "INT",
                            "longest absence that is told apart, in days: the longest window that something looks at, from 7"
                                    + " to 28"),
                    required("n", "BIGINT", "users, each once"),
                    optional(
                            "sum",
                            EXACT,
                            "sum of the per-user values, of a ratio of its numerators; absent beyond 23 digits before the point"),
                    optional("sum_squares", EXACT, "sum of their squares; absent likewise"),
                    WEIGHTED,
                    COVARIATE,
                    DENOMINATOR,
                    RATIO_COVARIATE,
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
                                    "users by the arm of their first exposure, or both; the last two in window holdout alone")
                            .oneOf("enabled", "control", "everyone", "everybody_else", "held_out"),
                    required("metric", "STRING", "metric of the experiment, a name of its file"),
                    optional(
                            "place",
                            "INT",
                            "place of the metric in the file, from 1: the verdict is about the first; absent in window holdout"),
                    required("better", "STRING", "which values of the metric are better")
                            .oneOf("higher", "lower"),
                    required(
                                    "window",
                                    "STRING",
                                    "exposures that count: a user's first at all, the first since the segment's share last changed,"
                                            + " the first of a day, the first of the metric's newest seven days (of whole segments"
                                            + " alone); or everybody else against the users who are held out")
                            .oneOf("total", "evidence", "day", "recent", "holdout"),
                    required("window_start", "TIMESTAMP", "first instant at which an outcome window closed"),
                    required("window_end", "TIMESTAMP", "first instant after the last one"),
                    required(
                            "since_version",
                            "BIGINT",
                            "parameters version that the window begins with; 0 for the first"),
                    required("n", "BIGINT", "users, each once"),
                    optional(
                            "sum",
                            EXACT,
                            "sum of the per-user values, of a ratio of its numerators; absent beyond 23 digits before the point"),
                    optional("sum_squares", EXACT, "sum of their squares; absent likewise"),
                    optional(
                            "metric_value",
                            "DOUBLE",
                            "mean per user: 0 to 1 for a proportion, an amount for a mean; the sum of numerators over that of"
                                    + " denominators for a ratio"),
                    optional(
                            "m2",
                            "DOUBLE",
                            "sum of squared deviations from the mean: with n and mean it merges by Chan; of a ratio that of as"
                                    + " many values with its standard error, which does not"),
                    optional("lower", "DOUBLE", "lower end of its 95 % interval"),
                    optional("upper", "DOUBLE", "upper end of its 95 % interval"),
                    WEIGHTED,
                    COVARIATE,
                    DENOMINATOR,
                    RATIO_COVARIATE,
                    optional(
                            "effect",
                            "DOUBLE",
                            "enabled minus control in the unit of metric_value, Hajek-weighted, in rows of population enabled;"
                                    + " in window holdout everybody else minus the held-out"),
                    optional(
                            "effect_lower",
                            "DOUBLE",
                            "lower end of its 95 % interval; in window holdout one that is valid at every look"),
                    optional("effect_upper", "DOUBLE", "upper end of that interval"),
                    optional(
                            "effective_sample_size",
                            "DOUBLE",
                            "equally weighted users that the effect is worth, at most n of both arms"),
                    optional("adjusted_effect", "DOUBLE", "the effect less what the pre-period explains (CUPED)"),
                    optional("adjusted_lower", "DOUBLE", "lower end of its 95 % interval"),
                    optional("adjusted_upper", "DOUBLE", "upper end of its 95 % interval"),
                    CAP),
            List.of("experiment_id", "segment", "cell", "population", "metric", "window", "window_start"),
            ColumnSet.CLOSED,
            "a metric of a segment, population and window");

    private MeasureTables() {}
}
