package io.flagcast.jobs;

import io.flagcast.jobs.pipeline.Stage;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Publications;
import io.flagcast.lake.RunId;
import io.flagcast.rules.alerts.Labels;
import io.flagcast.statistics.Interval;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/**
 * A lake with a row of everything that a report shows, written without a run: a rollout whose rule has fired and whose
 * checks have failed, a bandit, and an experiment of which nothing is known yet. Rows are JSON in single quotes.
 */
final class ReportLake {

    static final String ROLLOUT = "checkout_v2_rollout";
    static final String BANDIT = "express_pay_bandit";
    static final String NEW = "search_ranking";
    /** A name as an attacker would choose it, where the lake allows any text. */
    static final String HOSTILE = "</script><img src=x onerror=alert(1)>{{data}}";

    private static final Instant FIRST = Instant.parse("2026-03-02T00:00:00Z");
    private static final int DAYS = 16;
    private static final int PUBLICATIONS = 4;
    private static final int USERS = 600;
    private static final List<String> SEGMENTS = List.of("low", "mid", "high");
    private static final double[] ENABLED = {0.1, 0.45, 0.9};
    private static final String MODEL = "m-d27a3b4fb3ff";

    private final Lake lake;
    private final Random random = new Random(7);

    private ReportLake(Lake lake) {
        this.lake = lake;
    }

    static void write(Lake lake) {
        new ReportLake(lake).write();
    }

    /** A publication of nothing. */
    static void writeEmpty(Lake lake) {
        new Publications(lake)
                .publish(Optional.empty(), new RunId(FIRST, 1), Map.of(Tables.ALLOCATIONS.name(), 0L), "hash", FIRST);
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
        alerts();
        append(Tables.RUNS, stages());
        Optional<Publication> before = Optional.empty();
        for (int publication = 0; publication < PUBLICATIONS; publication++) {
            RunId run = run(publication);
            Map<String, Long> rows = new LinkedHashMap<>();
            replace(rows, Tables.RULE_DECISIONS, run, decisions(publication));
            if (publication >= PUBLICATIONS - 2) {
                replace(rows, Tables.ALLOCATIONS, run, allocations(PUBLICATIONS - 1 - publication));
            }
            if (publication == PUBLICATIONS - 1) {
                rows.put(Tables.USER_PROFILES.name(), (long) USERS);
                replace(rows, Tables.EXPERIMENTS, run, List.of(experiment(ROLLOUT, "checkout_v2")));
                replace(rows, Tables.RESPONSIVENESS_SCORES, run, scores());
                replace(rows, Tables.EXPERIMENTS, run, List.of(experiment()));
                replace(rows, Tables.SEGMENT_METRICS, run, metrics());
                replace(rows, Tables.HEALTH_CHECKS, run, findings());
                replace(rows, Tables.QUARANTINE, run, quarantine());
            }
            before = Optional.of(new Publications(lake)
                    .publish(before, run, rows, "hash", run.asOf().plusSeconds(312)));
        }
    }

    private Dataset<Row> frame(Table table, List<String> rows) {
        return lake.spark()
                .read()
                .schema(StructType.fromDDL(table.schema()))
                .option("mode", "FAILFAST")
                .json(lake.spark().createDataset(rows, Encoders.STRING()));
    }

    private void append(Table table, List<String> rows) {
        lake.append(table, frame(table, rows).collectAsList());
    }

    private void replace(Map<String, Long> written, Table table, RunId run, List<String> rows) {
        written.put(
                table.name(), lake.replaceSlice(table, run, frame(table, rows).drop("run_id", "as_of")));
    }

    private double noise(double deviation) {
        return deviation * random.nextGaussian();
    }

    private static String list(int n, IntFunction<String> element) {
        return IntStream.range(0, n).mapToObj(element).collect(Collectors.joining(", ", "[", "]"));
    }

    private String model() {
        String qini = list(51, i -> {
            double share = i / 50.0;
            return "{\"share\": %s, \"gain\": %s}"
                    .formatted(share, 0.011 * share + 0.016 * share * (1 - share) + noise(0.0003) * share);
        });
        String deciles = list(
                10,
                i -> "{\"decile\": %d, \"users\": 2140, \"predicted\": %s, \"observed\": %s, \"error\": 0.008}"
                        .formatted(i + 1, 0.009 * i - 0.02, 0.009 * i - 0.02 + noise(0.006)));
        return """
                {'model_id': '%s', 'feature_id': 'checkout_v2', 'learner': 't_linear', 'status': 'champion',
                 'verdict': 'heterogeneous', 'cause': 'training', 'effective_as_of': '%s', 'changed_at': '%2$s',
                 'as_of': '%2$s', 'run_id': 'r', 'examples': 21400, 'provenance': '{}', 'path': 'p', 'checksum': 'c',
                 'metrics': '{"qini": 0.0765, "qini_lower": 0.031, "qini_upper": 0.122, "heterogeneity_p": 0.00025, "autoc": 0.0214, "autoc_lower": 0.0102, "autoc_upper": 0.0326, "autoc_p": 0.00009, "rate_qini": 0.0062, "rate_qini_lower": 0.0024, "rate_qini_upper": 0.01, "rate_qini_p": 0.0007, "order_p": 0.00018}',
                 'curves': '{"qini": %s, "deciles": %s}'}""".formatted(MODEL, day(9), qini, deciles);
    }

    private List<String> parameters() {
        List<String> rows = new ArrayList<>();
        String fired = "conversion_rate of high is below 5 %";
        rows.add(change(ROLLOUT, 1, "high", 0.8, "null", day(13), "rule", "{\"reason\": \"%s\"}".formatted(fired)));
        rows.add(change(ROLLOUT, 2, "high", 0.64, "null", day(16), "rule", "{\"reason\": \"%s\"}".formatted(fired)));
        double[] probabilities = {0.5, 0.5, 0.5};
        for (int day = 3; day <= DAYS; day++) {
            for (int i = 0; i < SEGMENTS.size(); i++) {
                double before = probabilities[i];
                probabilities[i] += (new double[] {0.12, 0.55, 0.93}[i] - before) * 0.35 + noise(0.02);
                String state = """
                        {"enabled": {"users": %d}, "control": {"users": %d}, "base_probability_before": %s,
                         "reason": "towards what its belief wants"}""".formatted(210 * day, 190 * day, before);
                rows.add(change(
                        BANDIT,
                        day - 2,
                        SEGMENTS.get(i),
                        1,
                        String.valueOf(probabilities[i]),
                        day(day),
                        "bandit",
                        state.replace("\n", "")));
            }
        }
        return rows;
    }

    private static String change(
            String experimentId,
            int version,
            String segment,
            double share,
            String probability,
            Instant at,
            String cause,
            String why) {
        return """
                {'experiment_id': '%1$s', 'version': %2$d, 'segment': '%3$s', 'cell': '', 'share': %4$s,
                 'base_probability': %5$s, 'effective_as_of': '%6$s', 'cause': '%7$s', 'rule_id': %8$s, 'state': '%9$s',
                 'decision_id': '%7$s-%1$s-%2$d', 'decision': '{}', 'run_id': 'r'}""".formatted(
                        experimentId,
                        version,
                        segment,
                        share,
                        probability,
                        at,
                        cause,
                        cause.equals("rule") ? "'pull_back_high_responders'" : "null",
                        why);
    }

    private static List<String> decisions(int publication) {
        boolean last = publication == PUBLICATIONS - 1;
        String below = "conversion_rate of high is 4.3 % of 6,700 users, with 95 % confidence below 4.82 %";
        return List.of(
                decision(
                        publication,
                        "pull_back_high_responders",
                        "high",
                        publication == 1 || last ? "fired" : publication == 2 ? "inconclusive" : "held",
                        "enforce",
                        below),
                decision(publication, "widen_mid", "mid", last ? "fired" : "held", "propose", below),
                decision(publication, "guard_low", "low", "held", "enforce", "max_firings 4 is reached " + HOSTILE));
    }

    private static String decision(
            int publication, String rule, String segment, String outcome, String mode, String reason) {
        return """
                {'decision_id': 'd-%1$s-%2$d', 'experiment_id': '%3$s', 'rule_id': '%4$s', 'content_hash': 'h',
                 'segment': '%1$s', 'outcome': '%5$s', 'mode': '%6$s', 'condition': 'conversion_rate below 5 %%',
                 'action': 'move the share by 20 %%', 'method': 'confidence_sequence', 'observed': 0.043, 'bound': 0.0482,
                 'threshold': 0.05, 'n': %7$d, 'alpha': 0.05, 'holding_runs': 0, 'comparisons': [],
                 'adjustment': '{"shares": {"%1$s": 0.5}}', 'parameters_version': 1, 'reason': '%8$s'}""".formatted(segment, publication, ROLLOUT, rule, outcome, mode, 4200 + 800 * publication, reason);
    }

    private static List<String> allocations(int before) {
        List<String> rows = new ArrayList<>();
        for (String experimentId : List.of(ROLLOUT, BANDIT, NEW)) {
            boolean rollout = experimentId.equals(ROLLOUT);
            for (int user = 0; user < USERS; user++) {
                double score = 100.0 * user / USERS;
                int segment = score <= 30 ? 0 : score <= 70 ? 1 : 2;
                double share = rollout && segment == 2 ? 0.64 + 0.16 * before : 1;
                boolean scored = user >= 30;
                rows.add("""
                        {'experiment_id': '%s', 'user_id': 'user%d', 'enabled': %s, 'score': %s, 'segment': %s,
                         'bucket': 0.5, 'base_probability': %s, 'share': %s, 'propensity': %s, 'reason': 'policy',
                         'parameters_version': 1, 'model_id': %s}""".formatted(
                                experimentId,
                                user,
                                user % 20 < 20 * ENABLED[segment] * share,
                                scored ? score : "null",
                                scored ? "'" + SEGMENTS.get(segment) + "'" : "null",
                                ENABLED[segment],
                                share,
                                ENABLED[segment] * share,
                                scored && rollout ? "'" + MODEL + "'" : "null"));
            }
        }
        return rows;
    }

    private static String experiment(String experimentId, String featureId) {
        return """
                {'experiment_id': '%s', 'feature_id': '%s', 'activity': 'active', 'treatment': {}, 'salt': 's', 'holdout_salt': 'h',
                 'holdout': 0, 'layer': {'name': '', 'from': 0, 'to': 1}, 'exploration': 0.05, 'unscored': 0.1,
                 'parameters_version': 0}""".formatted(experimentId, featureId);
    }

    private static List<String> scores() {
        List<String> rows = new ArrayList<>();
        for (int user = 0; user < USERS; user++) {
            String row =
                    "{'user_id': 'user%d', 'feature_id': '%s', 'score': %s, 'no_benefit': false, 'source': 'model', 'model_id': '%s'}";
            rows.add(row.formatted(user, "checkout_v2", 100.0 * user / USERS, MODEL));
            rows.add(row.formatted(user, "playlists", 100 * Math.pow((double) user / USERS, 1.2), "m-other"));
        }
        return rows;
    }

    private List<String> metrics() {
        List<String> rows = new ArrayList<>();
        for (String experimentId : List.of(ROLLOUT, BANDIT)) {
            boolean rollout = experimentId.equals(ROLLOUT);
            for (String metric : rollout ? List.of("conversion_rate", "revenue_per_user") : List.of("payment_rate")) {
                for (int s = 0; s < 4; s++) {
                    String segment = s < 3 ? SEGMENTS.get(s) : "all";
                    double enabled = s < 3 ? ENABLED[s] : 0.5;
                    double effect = s < 3 ? new double[] {0.002, 0.009, -0.008}[s] : 0.004;
                    long users = s < 3 ? 420 : 1260;
                    for (int day = 0; day < DAYS; day++) {
                        arms(rows, experimentId, metric, segment, "", "day", day, users, enabled, effect);
                    }
                    arms(rows, experimentId, metric, segment, "", "total", 0, users * DAYS, enabled, effect);
                    arms(rows, experimentId, metric, segment, "", "recent", DAYS - 7, users * 7, enabled, -effect);
                }
                for (String cell : rollout
                        ? List.of("country=DE", "country=FR", "country=PL", "plan=pro", "plan=" + HOSTILE)
                        : List.<String>of()) {
                    arms(rows, experimentId, metric, "all", cell, "total", 0, 5200, 0.5, noise(0.006));
                }
            }
        }
        rows.addAll(List.of(worth("held_out", 500, 20, ""), worth("everybody_else", 9_500, 494, WORTH)));
        return rows;
    }

    /** 5.2 % of everybody else against 4 % of the users who are held out. */
    private static final String WORTH = ", 'effect': 0.012, 'effect_lower': -0.004, 'effect_upper': 0.028";

    private static String worth(String population, long users, long conversions, String effect) {
        double rate = (double) conversions / users;
        return """
                {'experiment_id': '', 'segment': 'all', 'cell': '', 'population': '%s', 'metric': 'purchase within 1d', 'place': 1,
                 'better': 'higher', 'window': 'holdout', 'window_start': '%s', 'window_end': '%s', 'since_version': 0,
                 'n': %d, 'sum': %d, 'sum_squares': %<d, 'metric_value': %s, 'm2': %s,
                 'weighted': {'n': 0, 'w': 0, 'w2': 0, 'wy': 0, 'wy2': 0, 'w2y': 0, 'w2y2': 0}%s}""".formatted(population, FIRST, day(DAYS), users, conversions, rate, users * rate * (1 - rate), effect);
    }

    private static String experiment() {
        return """
                {'experiment_id': '%s', 'feature_id': 'checkout_v2', 'activity': 'active', 'treatment': {}, 'salt': 's',
                 'holdout_salt': 'h', 'holdout': 0.05, 'layer': {'name': 'none', 'from': 0, 'to': 1}, 'exploration': 0,
                 'unscored': 0.5, 'parameters_version': 3}""".formatted(ROLLOUT);
    }

    /** Both arms; the revenue of segment high has no control to compare with. */
    private void arms(
            List<String> rows,
            String experimentId,
            String metric,
            String segment,
            String cell,
            String window,
            int day,
            long users,
            double enabled,
            double effect) {
        boolean isRate = metric.endsWith("rate");
        double scale = isRate ? 1 : 23.5;
        for (String population : List.of("enabled", "control")) {
            boolean on = population.equals("enabled");
            long n = Math.max(4, Math.round(users * (on ? enabled : 1 - enabled)));
            double rate = 0.05 + (on ? effect : 0);
            long count = random.doubles(n).filter(drawn -> drawn < rate).count();
            Interval interval = Interval.wilson(count, n, 0.95);
            boolean compared = on && (isRate || !segment.equals("high"));
            double error = scale * Math.sqrt(0.05 * 0.95 * (1 / (users * enabled) + 1 / (users * (1 - enabled))));
            double seen = scale * effect + noise(error / 3);
            rows.add("""
                    {'experiment_id': '%s', 'segment': '%s', 'cell': '%s', 'population': '%s', 'metric': '%s',
                     'place': %d, 'better': 'higher', 'window': '%s', 'window_start': '%s', 'window_end': '%s', 'since_version': 0, 'n': %d, 'sum': %s,
                     'sum_squares': %s, 'metric_value': %s, 'lower': %s, 'upper': %s,
                     'weighted': {'n': 0, 'w': 0, 'w2': 0, 'wy': 0, 'wy2': 0, 'w2y': 0, 'w2y2': 0}%s%s}""".formatted(
                    experimentId,
                    segment,
                    cell,
                    population,
                    metric,
                    metric.equals("revenue_per_user") ? 2 : 1,
                    window,
                    day(day),
                    window.equals("day") ? day(day + 1) : day(DAYS),
                    n,
                    scale * count,
                    scale * scale * count,
                    scale * count / n,
                    scale * interval.lower(),
                    scale * interval.upper(),
                    compared
                            ? estimate("effect", "effect", seen, 1.96 * error) + ", 'effective_sample_size': "
                                    + 0.7 * users
                            : "",
                    compared && !isRate ? estimate("adjusted_effect", "adjusted", scale * effect, 1.3 * error) : ""));
        }
    }

    private static String estimate(String name, String prefix, double value, double half) {
        return ", '%s': %s, '%s_lower': %s, '%3$s_upper': %s"
                .formatted(name, value, prefix, value - half, value + half);
    }

    private static String finding(
            String experimentId,
            String check,
            String segment,
            String subject,
            String state,
            String reason,
            String further) {
        return "{'experiment_id': '%s', 'check': '%s', 'segment': '%s', 'subject': '%s', 'state': '%s', 'n': 6720, 'reason': '%s'%s}"
                .formatted(experimentId, check, segment, subject, state, reason, further);
    }

    private static String part(Object name, long n, double expected, double observed, double half) {
        return "{\"name\": \"%s\", \"n\": %d, \"expected\": %s, \"observed\": %s, \"lower\": %s, \"upper\": %s}"
                .formatted(name, n, expected, observed, observed - half, observed + half);
    }

    private List<String> findings() {
        String volume = list(10, i -> part(i - 10, 1250, 1250, 1250 + Math.rint(noise(60)), 0));
        String bins = list(10, i -> part("%d to %d".formatted(10 * i, 10 * i + 10), 600, 0.1, 0.13 - 0.007 * i, 0));
        String deciles = list(10, i -> part(i + 1, 670, 0.02 + 0.006 * i, 0.018 + 0.0054 * i + noise(0.003), 0.008));
        String days = list(10, i -> part(i, 900 - 60 * i, 0, 0.012 - 0.0011 * i + noise(0.001), 0.009));
        String groups = """
                [{"name": "f", "n": 2600, "expected": 0.5, "observed": 0.35, "lower": 0.62, "upper": 0.79},
                 {"name": "m", "n": 2800, "expected": 0.36, "observed": 0.5, "lower": 1.2, "upper": 1.6},
                 {"name": "x", "n": 140, "expected": 0.43, "observed": 0.44, "lower": 0.7, "upper": 1.5}]""";
        String detail = ", 'detail': '%s'";
        return List.of(
                finding(
                        "",
                        "freshness",
                        "all",
                        "exposures",
                        "passed",
                        "the newest row of exposures is 1 h old",
                        ", 'observed': 1, 'threshold': 36"),
                finding(
                        "",
                        "volume",
                        "all",
                        "exposures",
                        "passed",
                        "1,260 rows on the last day, 1,250 are usual",
                        detail.formatted(volume)),
                finding(
                        ROLLOUT,
                        "sample_ratio",
                        "high",
                        "",
                        "failed",
                        "6,048 enabled and 672 control users, +1.2 points of enabled against the logged propensities",
                        ", 'observed': 0.012, 'lower': 0.004, 'upper': 0.02, 'threshold': 0.005, 'p_value': 0.00002"),
                finding(ROLLOUT, "sample_ratio", "mid", "", "passed", "as many as the propensities make them", ""),
                finding(
                        ROLLOUT,
                        "score_drift",
                        "all",
                        "",
                        "passed",
                        "population stability index 0.04",
                        ", 'observed': 0.04, 'threshold': 0.2" + detail.formatted(bins)),
                finding(
                        ROLLOUT,
                        "predictor_drift",
                        "all",
                        "tenure_days",
                        "failed",
                        "tenure_days has moved: population stability index 0.31",
                        ", 'observed': 0.31, 'threshold': 0.2" + detail.formatted(bins)),
                finding(
                        ROLLOUT,
                        "calibration",
                        "all",
                        "conversion_rate",
                        "passed",
                        "deciles are as predicted",
                        detail.formatted(deciles)),
                finding(
                        ROLLOUT,
                        "unexpected_outcome",
                        "high",
                        "conversion_rate",
                        "failed",
                        "conversion_rate of high is 1.3 points below what the scores predicted",
                        ", 'observed': -0.013, 'lower': -0.019, 'upper': -0.006, 'threshold': 0"),
                finding(
                        ROLLOUT,
                        "enable_bias",
                        "mid",
                        "gender",
                        "failed",
                        "the share of enabled users in mid is 0.7 times that of the others for f",
                        ", 'observed': 0.7, 'lower': 0.62, 'upper': 0.79, 'threshold': 0.8"
                                + detail.formatted(groups.replace("\n", ""))),
                finding(
                        ROLLOUT,
                        "outcome_bias",
                        "high",
                        "conversion_rate by gender",
                        "unknown",
                        "no two groups of high whose conversion_rate could be compared; 1 group below 100 users not shown",
                        ""),
                finding(
                        ROLLOUT,
                        "novelty",
                        "all",
                        "conversion_rate",
                        "passed",
                        "the effect on conversion_rate does not change beyond chance",
                        detail.formatted(days)));
    }

    private void alerts() {
        String ratio =
                "'alertname': 'SampleRatioMismatch', 'experiment_id': '%s', 'segment': 'high', 'severity': 'critical'"
                        .formatted(ROLLOUT);
        String unexpected = ratio.replace("SampleRatioMismatch", "UnexpectedOutcome");
        String fresh = "'alertname': 'Freshness', 'subject': 'outcomes', 'severity': 'warning'";
        String wiki = "'runbook_url': 'https://wiki.example.org/flagcast/sample-ratio'";
        append(
                Tables.ALERTS,
                List.of(
                        alert(ratio, "'reason': 'more enabled than the propensities make', " + wiki, "pending", 14, ""),
                        alert(
                                ratio,
                                "'reason': 'more enabled than the propensities make', " + wiki,
                                "firing",
                                15,
                                starts(15)),
                        alert(
                                unexpected,
                                "'reason': '1.3 points below the prediction', 'consequence_of': 'SampleRatioMismatch in high'",
                                "firing",
                                15,
                                starts(15)),
                        alert(
                                fresh,
                                "'reason': 'the newest outcome is 2 h old'",
                                "resolved",
                                16,
                                starts(14) + ", 'ends_at': '" + day(16) + "'")));
        append(
                Tables.ALERT_NOTES,
                List.of(
                        "{'note_id': 'n', 'kind': 'acknowledged', 'labels': {%s}, 'person': 'ada', 'comment': 'looking into it', 'noted_at': '%s'%s}"
                                .formatted(unexpected, day(15), starts(15))));
        append(
                Tables.ALERT_DELIVERIES,
                List.of(
                        "{'fingerprint': '%s', 'state': 'firing', 'receiver': 'slack', 'outcome': 'delivered', 'attempted_at': '%s'%s}"
                                .formatted(fingerprint(ratio), day(15), starts(15))));
    }

    private static String starts(int day) {
        return ", 'starts_at': '" + day(day) + "'";
    }

    private static String fingerprint(String labels) {
        return Labels.of(List.of(labels.split(", ", -1)).stream()
                        .map(label -> label.replace("'", "").split(": ", 2))
                        .collect(Collectors.toMap(label -> label[0], label -> label[1])))
                .fingerprint();
    }

    private static String alert(String labels, String annotations, String state, int day, String times) {
        return """
                {'fingerprint': '%s', 'labels': {%s}, 'annotations': {%s}, 'state': '%s', 'active_at': '%s', 'as_of': '%s',
                 'run_id': '%s'%s}""".formatted(
                        fingerprint(labels),
                        labels,
                        annotations,
                        state,
                        day(14),
                        day(day),
                        run(day - DAYS + PUBLICATIONS - 1),
                        times);
    }

    private static List<String> stages() {
        return Stage.ORDER.stream()
                .map(stage -> """
                        {'run_id': '%s', 'as_of': '%s', 'stage': '%s', 'state': 'done', 'started_at': '%s', 'seconds': 14.2,
                         'rows_in': 21400, 'rows_out': 600, 'rows_quarantined': 0, 'detail': {}, 'input_versions': {},
                         'config_hash': 'hash'}""".formatted(
                                run(PUBLICATIONS - 1),
                                day(DAYS),
                                stage.label(),
                                day(DAYS).plusSeconds(20L * Stage.ORDER.indexOf(stage))))
                .toList();
    }

    private static List<String> quarantine() {
        String late = "{'source_table': 'exposures', 'reason': 'exposed_at is absent', 'row': '{}'}";
        return List.of(late, late, late.replace("exposures", "outcomes"));
    }
}
