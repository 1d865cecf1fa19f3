package io.flagcast.jobs;

import io.flagcast.jobs.lake.Lake;
import io.flagcast.jobs.lake.Publication;
import io.flagcast.jobs.lake.RunId;
import io.flagcast.statistics.Interval;
import io.flagcast.tables.Table;
import io.flagcast.tables.Table.Kind;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/**
 * A lake with a row of everything that a report shows, written without a run: a rollout whose rule has fired and whose
 * checks have failed, a bandit, and an experiment of which nothing is known yet.
 */
final class ReportLake {

    static final String ROLLOUT = "checkout_v2_rollout";
    static final String BANDIT = "express_pay_bandit";
    static final String NEW = "search_ranking";
    /** A name as an attacker would choose it, where the lake allows any text. */
    static final String HOSTILE = "</script><img src=x onerror=alert(1)>{{data}}";

    static final Instant FIRST = Instant.parse("2026-03-02T00:00:00Z");
    static final int DAYS = 16;
    static final int PUBLICATIONS = 4;

    private static final List<String> SEGMENTS = List.of("low", "mid", "high");
    private static final double[] ENABLED = {0.1, 0.45, 0.9};

    private final Lake lake;
    private final Random random = new Random(7);

    private ReportLake(Lake lake) {
        this.lake = lake;
    }

    static void write(Lake lake) {
        new ReportLake(lake).write();
    }

    /** The lake of a first run: scores of nobody, and nothing else. */
    static void writeEmpty(Lake lake) {
        RunId run = new RunId(FIRST, 1);
        lake.publish(Optional.empty(), run, Map.of(Tables.ALLOCATIONS.name(), 0L), "hash", FIRST);
    }

    private static Instant day(int day) {
        return FIRST.plus(day, ChronoUnit.DAYS);
    }

    private static RunId run(int publication) {
        return new RunId(day(DAYS - PUBLICATIONS + publication + 1), 1);
    }

    private void write() {
        append(Tables.MODEL_RUNS, List.of(model()));
        append(Tables.ALLOCATION_PARAMETERS, parameters());
        append(Tables.ALERTS, alerts());
        append(Tables.ALERT_NOTES, List.of(note()));
        append(Tables.ALERT_DELIVERIES, deliveries());
        append(Tables.RUNS, stages());
        Optional<Publication> before = Optional.empty();
        for (int publication = 0; publication < PUBLICATIONS; publication++) {
            RunId run = run(publication);
            Map<String, Long> rows = new LinkedHashMap<>();
            rows.put(Tables.RULE_DECISIONS.name(), replace(Tables.RULE_DECISIONS, run, decisions(publication)));
            if (publication >= PUBLICATIONS - 2) {
                rows.put(Tables.ALLOCATIONS.name(), replace(Tables.ALLOCATIONS, run, allocations(publication)));
            }
            if (publication == PUBLICATIONS - 1) {
                rows.put(Tables.USER_PROFILES.name(), 600L);
                rows.put(Tables.RESPONSIVENESS_SCORES.name(), replace(Tables.RESPONSIVENESS_SCORES, run, scores()));
                rows.put(Tables.SEGMENT_METRICS.name(), replace(Tables.SEGMENT_METRICS, run, metrics()));
                rows.put(Tables.HEALTH_CHECKS.name(), replace(Tables.HEALTH_CHECKS, run, findings()));
                rows.put(Tables.QUARANTINE.name(), replace(Tables.QUARANTINE, run, quarantine()));
            }
            before = Optional.of(
                    lake.publish(before, run, rows, "hash", run.asOf().plusSeconds(312)));
        }
    }

    private Dataset<Row> frame(Table table, List<Map<String, Object>> rows) {
        List<String> lines = rows.stream().map(Json::write).toList();
        return lake.spark()
                .read()
                .schema(StructType.fromDDL(table.schema()))
                .json(lake.spark().createDataset(lines, Encoders.STRING()));
    }

    private void append(Table table, List<Map<String, Object>> rows) {
        lake.append(table, frame(table, rows).collectAsList());
    }

    private long replace(Table table, RunId run, List<Map<String, Object>> rows) {
        return table.kind() == Kind.SLICE
                ? lake.replaceSlice(table, run, frame(table, rows).drop("run_id", "as_of"))
                : 0;
    }

    /** Fields by name, in pairs. */
    private static Map<String, Object> row(Object... fields) {
        Map<String, Object> row = new LinkedHashMap<>();
        for (int i = 0; i < fields.length; i += 2) {
            Object value = fields[i + 1];
            row.put((String) fields[i], value instanceof Instant instant ? instant.toString() : value);
        }
        return row;
    }

    private static Map<String, Object> with(Map<String, Object> row, Object... fields) {
        Map<String, Object> both = new LinkedHashMap<>(row);
        both.putAll(row(fields));
        return both;
    }

    private Map<String, Object> model() {
        List<Map<String, Object>> qini = new ArrayList<>();
        List<Map<String, Object>> deciles = new ArrayList<>();
        for (int i = 0; i <= 50; i++) {
            double share = i / 50.0;
            qini.add(row("share", share, "gain", 0.011 * share + 0.016 * share * (1 - share) + noise(0.0003) * share));
        }
        for (int decile = 1; decile <= 10; decile++) {
            double predicted = -0.02 + 0.009 * decile;
            deciles.add(row(
                    "decile",
                    decile,
                    "users",
                    2140,
                    "predicted",
                    predicted,
                    "observed",
                    predicted + noise(0.006),
                    "error",
                    0.008));
        }
        return row(
                "model_id",
                "m-d27a3b4fb3ff",
                "feature_id",
                "checkout_v2",
                "learner",
                "t_linear",
                "status",
                "champion",
                "verdict",
                "heterogeneous",
                "cause",
                "training",
                "effective_as_of",
                day(9),
                "changed_at",
                day(9),
                "as_of",
                day(9),
                "run_id",
                "r",
                "examples",
                21400,
                "metrics",
                Json.write(row("qini", 0.0765, "qini_lower", 0.031, "qini_upper", 0.122, "heterogeneity_p", 0.00025)),
                "curves",
                Json.write(row("qini", qini, "deciles", deciles)),
                "provenance",
                "{}",
                "path",
                "p",
                "checksum",
                "c");
    }

    private double noise(double deviation) {
        return deviation * random.nextGaussian();
    }

    private List<Map<String, Object>> parameters() {
        List<Map<String, Object>> rows = new ArrayList<>();
        rows.add(change(ROLLOUT, 1, "high", 0.8, null, day(13), "rule", "conversion_rate of high is below 5 %"));
        rows.add(change(ROLLOUT, 2, "high", 0.64, null, day(16), "rule", "conversion_rate of high is below 5 %"));
        double[] probabilities = {0.5, 0.5, 0.5};
        int version = 1;
        for (int day = 3; day <= DAYS; day++) {
            for (int i = 0; i < SEGMENTS.size(); i++) {
                double before = probabilities[i];
                double target = new double[] {0.12, 0.55, 0.93}[i];
                probabilities[i] += (target - before) * 0.35 + noise(0.02);
                rows.add(with(
                        change(BANDIT, version, SEGMENTS.get(i), 1, probabilities[i], day(day), "bandit", ""),
                        "state",
                        Json.write(row(
                                "enabled",
                                row("users", 210 * day),
                                "control",
                                row("users", 190 * day),
                                "base_probability_before",
                                before,
                                "reason",
                                "towards what its belief wants"))));
            }
            version++;
        }
        return rows;
    }

    private static Map<String, Object> change(
            String experimentId,
            int version,
            String segment,
            double share,
            Double probability,
            Instant at,
            String cause,
            String reason) {
        return row(
                "experiment_id",
                experimentId,
                "version",
                version,
                "segment",
                segment,
                "cell",
                "",
                "share",
                share,
                "base_probability",
                probability,
                "effective_as_of",
                at,
                "cause",
                cause,
                "rule_id",
                cause.equals("rule") ? "pull_back_high_responders" : null,
                "decision_id",
                cause + "-" + version + "-" + experimentId,
                "decision",
                Json.write(row("reason", reason)),
                "run_id",
                "r");
    }

    private List<Map<String, Object>> decisions(int publication) {
        boolean last = publication == PUBLICATIONS - 1;
        Map<String, Object> high = row(
                "decision_id",
                "d-high-" + publication,
                "experiment_id",
                ROLLOUT,
                "rule_id",
                "pull_back_high_responders",
                "content_hash",
                "h",
                "segment",
                "high",
                "outcome",
                publication == 1 || last ? "fired" : publication == 2 ? "inconclusive" : "held",
                "mode",
                "enforce",
                "condition",
                "conversion_rate of high below 5 %",
                "action",
                "reduce the share by 20 %",
                "method",
                "confidence_sequence",
                "observed",
                0.043,
                "bound",
                0.0482,
                "threshold",
                0.05,
                "n",
                4200 + 500 * publication,
                "alpha",
                0.05,
                "holding_runs",
                0,
                "comparisons",
                List.of(),
                "parameters_version",
                1,
                "reason",
                "conversion_rate of high is 4.3 % of 6,700 users, with 95 % confidence below 4.82 %");
        Map<String, Object> mid = with(
                high,
                "decision_id",
                "d-mid-" + publication,
                "rule_id",
                "widen_mid",
                "segment",
                "mid",
                "outcome",
                last ? "fired" : "held",
                "mode",
                "propose",
                "action",
                "increase the share by 10 points",
                "adjustment",
                "{\"shares\":{\"mid\":1.0}}");
        Map<String, Object> low = with(
                high,
                "decision_id",
                "d-low-" + publication,
                "rule_id",
                "guard_low",
                "segment",
                "low",
                "outcome",
                "held",
                "reason",
                "max_firings 4 is reached " + HOSTILE);
        return List.of(high, mid, low);
    }

    private List<Map<String, Object>> allocations(int publication) {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (String experimentId : List.of(ROLLOUT, BANDIT, NEW)) {
            for (int user = 0; user < 600; user++) {
                boolean scored = user >= 30;
                double score = user / 6.0;
                int segment = score <= 30 ? 0 : score <= 70 ? 1 : 2;
                double share = segment == 2 && experimentId.equals(ROLLOUT) ? 0.8 - 0.16 * (publication - 2) : 1;
                rows.add(row(
                        "experiment_id",
                        experimentId,
                        "user_id",
                        "user" + user,
                        "enabled",
                        user % 20 < 20 * ENABLED[segment] * share,
                        "score",
                        scored ? score : null,
                        "segment",
                        scored ? SEGMENTS.get(segment) : null,
                        "bucket",
                        0.5,
                        "base_probability",
                        ENABLED[segment],
                        "share",
                        share,
                        "propensity",
                        ENABLED[segment] * share,
                        "reason",
                        "policy",
                        "parameters_version",
                        1,
                        "model_id",
                        scored && experimentId.equals(ROLLOUT) ? "m-d27a3b4fb3ff" : null));
            }
        }
        return rows;
    }

    private List<Map<String, Object>> scores() {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (int user = 0; user < 600; user++) {
            rows.add(row(
                    "user_id",
                    "user" + user,
                    "feature_id",
                    "checkout_v2",
                    "score",
                    Math.pow(user / 600.0, 1.2) * 100,
                    "no_benefit",
                    false,
                    "source",
                    "model",
                    "model_id",
                    "m-d27a3b4fb3ff"));
            rows.add(row(
                    "user_id",
                    "user" + user,
                    "feature_id",
                    "playlists",
                    "score",
                    user / 6.0,
                    "no_benefit",
                    false,
                    "source",
                    "collaborative",
                    "model_id",
                    "m-other"));
        }
        return rows;
    }

    private List<Map<String, Object>> metrics() {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (String experimentId : List.of(ROLLOUT, BANDIT)) {
            boolean rollout = experimentId.equals(ROLLOUT);
            for (String metric : rollout ? List.of("conversion_rate", "revenue_per_user") : List.of("payment_rate")) {
                boolean proportion = metric.endsWith("rate");
                for (int s = 0; s < 4; s++) {
                    String segment = s < 3 ? SEGMENTS.get(s) : "all";
                    double enabled = s < 3 ? ENABLED[s] : 0.5;
                    double effect = s < 3 ? new double[] {0.002, 0.009, -0.008}[s] : 0.004;
                    long users = s < 3 ? 420 : 1260;
                    for (int day = 0; day < DAYS; day++) {
                        arms(rows, experimentId, metric, proportion, segment, "", "day", day, users, enabled, effect);
                    }
                    arms(
                            rows,
                            experimentId,
                            metric,
                            proportion,
                            segment,
                            "",
                            "total",
                            0,
                            users * DAYS,
                            enabled,
                            effect);
                }
                if (rollout) {
                    for (String cell : List.of(
                            "{\"country\":\"DE\"}",
                            "{\"country\":\"FR\"}",
                            "{\"country\":\"PL\"}",
                            "{\"plan\":\"pro\"}",
                            Json.write(Map.of("plan", HOSTILE)))) {
                        arms(rows, experimentId, metric, proportion, "all", cell, "total", 0, 5200, 0.5, noise(0.006));
                    }
                }
            }
        }
        return rows;
    }

    /** Both arms, where the control of segment high's revenue is too small to compare with. */
    private void arms(
            List<Map<String, Object>> rows,
            String experimentId,
            String metric,
            boolean proportion,
            String segment,
            String cell,
            String window,
            int day,
            long users,
            double enabled,
            double effect) {
        for (String population : List.of("enabled", "control", "everyone")) {
            boolean on = population.equals("enabled");
            long n = Math.max(4, Math.round(users * (on ? enabled : 1 - enabled)));
            double rate = 0.05 + (on ? effect : 0);
            long count = 0;
            for (int i = 0; i < n; i++) {
                count += random.nextDouble() < rate ? 1 : 0;
            }
            double scale = proportion ? 1 : 23.5;
            Interval interval = Interval.wilson(count, n, 0.95);
            boolean compared = on && !(segment.equals("high") && !proportion);
            double error = scale * Math.sqrt(0.05 * 0.95 * (1 / (users * enabled) + 1 / (users * (1 - enabled))));
            double seen = scale * effect + noise(error / 3);
            rows.add(row(
                    "experiment_id",
                    experimentId,
                    "user_segment",
                    segment,
                    "cell",
                    cell,
                    "population",
                    population,
                    "metric_name",
                    metric,
                    "window",
                    window,
                    "window_start",
                    day(day),
                    "window_end",
                    window.equals("day") ? day(day + 1) : day(DAYS),
                    "since_version",
                    0,
                    "n",
                    n,
                    "sum",
                    scale * count,
                    "sum_squares",
                    scale * scale * count,
                    "metric_value",
                    scale * count / n,
                    "lower",
                    scale * interval.lower(),
                    "upper",
                    scale * interval.upper(),
                    "weighted",
                    row("n", 0, "w", 0, "w2", 0, "wy", 0, "wy2", 0, "w2y", 0, "w2y2", 0),
                    "effect",
                    compared ? seen : null,
                    "effect_lower",
                    compared ? seen - 1.96 * error : null,
                    "effect_upper",
                    compared ? seen + 1.96 * error : null,
                    "effective_sample_size",
                    compared ? 0.7 * users : null,
                    "adjusted_effect",
                    compared && !proportion ? scale * effect : null,
                    "adjusted_lower",
                    compared && !proportion ? scale * effect - 1.3 * error : null,
                    "adjusted_upper",
                    compared && !proportion ? scale * effect + 1.3 * error : null));
        }
    }

    private static Map<String, Object> finding(
            String experimentId, String check, String segment, String subject, String state, String reason) {
        return row(
                "experiment_id",
                experimentId,
                "check",
                check,
                "segment",
                segment,
                "subject",
                subject,
                "state",
                state,
                "n",
                6720,
                "reason",
                reason);
    }

    private static Map<String, Object> part(
            String name, long n, Double expected, Double observed, Double lower, Double upper) {
        return row("name", name, "n", n, "expected", expected, "observed", observed, "lower", lower, "upper", upper);
    }

    private List<Map<String, Object>> findings() {
        List<Map<String, Object>> bins = new ArrayList<>();
        List<Map<String, Object>> deciles = new ArrayList<>();
        List<Map<String, Object>> days = new ArrayList<>();
        List<Map<String, Object>> volume = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            double now = 0.13 - 0.007 * i;
            bins.add(part("%d to %d".formatted(10 * i, 10 * i + 10), 600L, 0.1, now, null, null));
            double predicted = 0.02 + 0.006 * i;
            double observed = predicted * 0.9 + noise(0.003);
            deciles.add(part(
                    String.valueOf(i + 1), 670, predicted, observed, Math.max(0, observed - 0.008), observed + 0.008));
            double effect = 0.012 - 0.0011 * i + noise(0.001);
            days.add(part(String.valueOf(i), 900 - 60 * i, null, effect, effect - 0.009, effect + 0.009));
            volume.add(part(String.valueOf(i - 10), 1260, 1250.0, 1250 + noise(60), null, null));
        }
        return List.of(
                with(
                        finding(
                                "",
                                "freshness",
                                "all",
                                "exposures",
                                "passed",
                                "the newest row of exposures is 1 h old"),
                        "observed",
                        1,
                        "threshold",
                        36),
                with(
                        finding(
                                "",
                                "volume",
                                "all",
                                "exposures",
                                "passed",
                                "1,260 rows on the last day, 1,250 are usual"),
                        "detail",
                        Json.write(volume)),
                with(
                        finding(
                                ROLLOUT,
                                "sample_ratio",
                                "high",
                                "",
                                "failed",
                                "6,048 enabled and 672 control users, +1.2 points of enabled against the logged"
                                        + " propensities"),
                        "observed",
                        0.012,
                        "lower",
                        0.004,
                        "upper",
                        0.02,
                        "threshold",
                        0.005,
                        "p_value",
                        0.00002),
                finding(ROLLOUT, "sample_ratio", "mid", "", "passed", "as many as the logged propensities make them"),
                with(
                        finding(ROLLOUT, "score_drift", "all", "", "passed", "population stability index 0.04"),
                        "observed",
                        0.04,
                        "threshold",
                        0.2,
                        "detail",
                        Json.write(bins)),
                with(
                        finding(ROLLOUT, "calibration", "all", "conversion_rate", "passed", "deciles are as predicted"),
                        "detail",
                        Json.write(deciles)),
                with(
                        finding(
                                ROLLOUT,
                                "unexpected_outcome",
                                "high",
                                "conversion_rate",
                                "failed",
                                "conversion_rate of high is 1.3 points below what the scores predicted"),
                        "observed",
                        -0.013,
                        "lower",
                        -0.019,
                        "upper",
                        -0.006,
                        "threshold",
                        0),
                with(
                        finding(
                                ROLLOUT,
                                "enable_bias",
                                "mid",
                                "gender",
                                "failed",
                                "the share of enabled users in mid is 0.7 times that of the others for f"),
                        "observed",
                        0.7,
                        "lower",
                        0.62,
                        "upper",
                        0.79,
                        "threshold",
                        0.8,
                        "detail",
                        Json.write(List.of(
                                part("f", 2600, 0.5, 0.35, 0.62, 0.79),
                                part("m", 2800, 0.36, 0.5, 1.2, 1.6),
                                part("x", 140, 0.43, 0.44, 0.7, 1.5)))),
                finding(
                        ROLLOUT,
                        "outcome_bias",
                        "high",
                        "conversion_rate by gender",
                        "unknown",
                        "no two groups of high whose conversion_rate could be compared; 1 group below 100 users not shown"),
                with(
                        finding(
                                ROLLOUT,
                                "novelty",
                                "all",
                                "conversion_rate",
                                "passed",
                                "the effect on conversion_rate does not change beyond chance"),
                        "detail",
                        Json.write(days)));
    }

    private static List<Map<String, Object>> alerts() {
        Map<String, Object> ratio = row(
                "fingerprint",
                "00aa11bb22cc33dd",
                "labels",
                Map.of(
                        "alertname",
                        "SampleRatioMismatch",
                        "experiment_id",
                        ROLLOUT,
                        "segment",
                        "high",
                        "check",
                        "sample_ratio",
                        "severity",
                        "critical"),
                "annotations",
                Map.of(
                        "summary",
                        "The arms are not as large as the propensities make them",
                        "reason",
                        "+1.2 points of enabled against the logged propensities",
                        "runbook_url",
                        "https://wiki.example.org/flagcast/sample-ratio"),
                "state",
                "firing",
                "active_at",
                day(14),
                "starts_at",
                day(15),
                "as_of",
                day(15),
                "run_id",
                "r");
        return List.of(
                with(ratio, "state", "pending", "starts_at", null, "as_of", day(14)),
                ratio,
                with(
                        ratio,
                        "fingerprint",
                        "11",
                        "labels",
                        Map.of(
                                "alertname",
                                "UnexpectedOutcome",
                                "experiment_id",
                                ROLLOUT,
                                "segment",
                                "high",
                                "severity",
                                "critical"),
                        "annotations",
                        Map.of(
                                "reason", "conversion_rate is 1.3 points below what the scores predicted",
                                "consequence_of", "SampleRatioMismatch in high")),
                with(
                        ratio,
                        "fingerprint",
                        "22",
                        "labels",
                        Map.of("alertname", "Freshness", "subject", "outcomes", "severity", "warning"),
                        "state",
                        "resolved",
                        "ends_at",
                        day(16),
                        "as_of",
                        day(16)));
    }

    private static Map<String, Object> note() {
        return row(
                "note_id",
                "n",
                "kind",
                "acknowledged",
                "labels",
                Map.of("alertname", "UnexpectedOutcome"),
                "person",
                "ada",
                "comment",
                "looking into it",
                "noted_at",
                day(15).plusSeconds(600));
    }

    private static List<Map<String, Object>> deliveries() {
        return List.of(row(
                "fingerprint",
                "00aa11bb22cc33dd",
                "starts_at",
                day(15),
                "state",
                "firing",
                "receiver",
                "slack",
                "outcome",
                "delivered",
                "attempted_at",
                day(15).plusSeconds(60)));
    }

    private static List<Map<String, Object>> stages() {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (String stage : List.of("features", "train", "score", "allocate", "measure", "govern")) {
            rows.add(row(
                    "run_id",
                    run(PUBLICATIONS - 1).toString(),
                    "as_of",
                    day(DAYS),
                    "stage",
                    stage,
                    "state",
                    "done",
                    "started_at",
                    day(DAYS).plusSeconds(20L * rows.size()),
                    "seconds",
                    14.2,
                    "rows_in",
                    21400,
                    "rows_out",
                    600,
                    "rows_quarantined",
                    rows.isEmpty() ? 3 : 0,
                    "detail",
                    Map.of(),
                    "input_versions",
                    Map.of(),
                    "config_hash",
                    "hash"));
        }
        return rows;
    }

    private static List<Map<String, Object>> quarantine() {
        Map<String, Object> late = row("source_table", "exposures", "reason", "exposed_at is absent", "row", "{}");
        return List.of(late, late, with(late, "source_table", "outcomes", "reason", "value is negative"));
    }
}
