package io.flagcast.jobs.questions.evaluation;

import io.flagcast.jobs.printing.Sheet;
import io.flagcast.jobs.questions.evaluation.LearnerComparison.Mean;
import io.flagcast.jobs.questions.evaluation.RankingComparison.Judged;
import io.flagcast.jobs.questions.evaluation.ScoreQuality.Measured;
import io.flagcast.statistics.CorrectedDifference;
import io.flagcast.statistics.Interval;
import io.flagcast.training.Evaluation.Calibration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SortedSet;
import java.util.TreeSet;

/** What is printed of the quality of scores. */
public final class QualitySheets {

    private static final double CONFIDENCE = 0.95;

    /** Half the width of a normal 95 % interval, in standard errors. */
    private static final double NORMAL_95 = 1.96;

    /** Measures that stand alone. */
    private static final List<String> PLAIN = List.of(
            "autoc_p",
            "brier",
            "calibration_intercept",
            "calibration_slope",
            "calibration_slope_error",
            "effect",
            "effect_error",
            "examples",
            "heterogeneity_p",
            "judged",
            "log_loss",
            "order_p",
            "propensities_certain",
            "propensities_clipped",
            "propensities_estimated",
            "qini_over_simplest",
            "qini_over_simplest_error",
            "rate_qini_p",
            "response_rate_control",
            "response_rate_enabled",
            "squared_error",
            "verdict_p");

    /** Measures that have an interval. */
    private static final List<String> WITH_INTERVAL = List.of(
            "autoc",
            "map_at_10",
            "ndcg_at_10",
            "precision_at_10",
            "qini",
            "qini_gain",
            "rate_qini",
            "recall_at_10",
            "uplift_at_10",
            "uplift_at_20",
            "uplift_at_30",
            "uplift_auc");

    private QualitySheets() {}

    /** Of an answer, for programs: the same columns for every feature, so that all are one table. */
    public static Sheet<Measured> measured(ScoreQuality quality) {
        SortedSet<String> names = new TreeSet<>(PLAIN);
        WITH_INTERVAL.forEach(name -> names.addAll(List.of(name, name + "_lower", name + "_upper")));
        quality.measured().forEach(one -> names.addAll(one.metrics().keySet()));
        Sheet<Measured> sheet = Sheet.<Measured>unnamed()
                .value("feature_id", Measured::featureId)
                .value("seed", Measured::seed)
                .value("learner", Measured::learner)
                .value("champion", Measured::chosen)
                .value("ranking", Measured::ranking);
        for (String name : names) {
            sheet = sheet.value(name, one -> Optional.ofNullable(one.metrics().get(name)));
        }
        return sheet;
    }

    /** Of learners, for people. */
    public static Sheet<JudgedLearner> learners() {
        return Sheet.<JudgedLearner>unnamed()
                .text("seed", one -> Long.toString(one.seed()))
                .text("learner", JudgedLearner::learner)
                .text("chosen", one -> one.chosen() ? "yes" : "")
                .text("Qini", one -> four(one.ranking()))
                .text("95 %", one -> range(one, one.metric("qini").isPresent() ? "qini" : "qini_gain"))
                .text("AUUC", one -> four(one.metric("uplift_auc")))
                .text("95 %", one -> range(one, "uplift_auc"))
                .text("uplift at 10 %", one -> four(one.metric("uplift_at_10")))
                .text("20 %", one -> four(one.metric("uplift_at_20")))
                .text("30 %", one -> four(one.metric("uplift_at_30")))
                .text("95 %", one -> range(one, "uplift_at_30"))
                .text(
                        "slope",
                        one -> one.metric("calibration_slope")
                                .map(slope -> "%.2f ± %.2f"
                                        .formatted(
                                                slope,
                                                one.metric("calibration_slope_error")
                                                        .orElse(0.0)))
                                .orElse("-"))
                .text("Brier", one -> four(one.metric("brier").or(() -> one.metric("squared_error"))))
                .text("log-loss", one -> four(one.metric("log_loss")))
                .text(
                        "p",
                        one -> one.metric("verdict_p")
                                .or(() -> one.metric("heterogeneity_p"))
                                .map("%.2g"::formatted)
                                .orElse("-"));
    }

    /** Of what the orders of the learners are worth, for people. */
    public static Sheet<JudgedLearner> orders() {
        return Sheet.<JudgedLearner>unnamed()
                .text("seed", one -> Long.toString(one.seed()))
                .text("learner", JudgedLearner::learner)
                .text("AUTOC", one -> four(one.metric("autoc")))
                .text("95 %", one -> range(one, "autoc"))
                .text("p", one -> p(one, "autoc_p"))
                .text("Qini form", one -> four(one.metric("rate_qini")))
                .text("95 %", one -> range(one, "rate_qini"))
                .text("p", one -> p(one, "rate_qini_p"))
                .text("p of both", one -> p(one, "order_p"));
    }

    private static String p(JudgedLearner one, String metric) {
        return one.metric(metric).map("%.2g"::formatted).orElse("-");
    }

    /** Of the predicted and the observed effect by decile of the score, for people. */
    public static Sheet<Calibration> calibration() {
        return Sheet.<Calibration>unnamed()
                .text("decile", one -> Integer.toString(one.decile()))
                .text("users", one -> "%,d".formatted(one.users()))
                .text("predicted uplift", one -> four(one.predicted()))
                .text("observed effect", one -> four(one.observed()))
                .text(
                        "95 %",
                        one -> "%.4f to %.4f"
                                .formatted(
                                        one.observed() - NORMAL_95 * one.error(),
                                        one.observed() + NORMAL_95 * one.error()));
    }

    /** Of means over the seeds, and of paired differences from the simplest learner, for people. */
    public static Sheet<Mean> means(String simplest) {
        return Sheet.<Mean>unnamed()
                .text("learner", Mean::learner)
                .text("mean Qini", mean -> four(mean.ranking()))
                .text(
                        "over " + simplest,
                        mean -> mean.overSimplest()
                                .map(difference -> "%+.4f".formatted(difference.mean()))
                                .orElse("-"))
                .text(
                        "95 %",
                        mean -> mean.overSimplest().map(QualitySheets::signed).orElse("-"))
                .text("AUUC", mean -> four(mean.upliftAuc()))
                .text("uplift at 30 %", mean -> four(mean.upliftAt30()))
                .text("chosen", mean -> mean.chosen() + " of " + mean.seeds());
    }

    /** Of rankings, for people. */
    public static Sheet<Judged> rankings() {
        return Sheet.<Judged>unnamed()
                .text("seed", one -> Long.toString(one.seed()))
                .text("ranking", Judged::ranking)
                .text("users", one -> "%,.0f".formatted(one.metric("judged")))
                .text("NDCG@10", one -> four(one.metric("ndcg_at_10")))
                .text(
                        "95 %",
                        one -> "%.4f to %.4f".formatted(one.metric("ndcg_at_10_lower"), one.metric("ndcg_at_10_upper")))
                .text("MAP@10", one -> four(one.metric("map_at_10")))
                .text("precision@10", one -> four(one.metric("precision_at_10")))
                .text("recall@10", one -> four(one.metric("recall_at_10")));
    }

    private static String signed(CorrectedDifference difference) {
        Interval interval = difference.interval(CONFIDENCE);
        return "%+.4f to %+.4f".formatted(interval.lower(), interval.upper());
    }

    private static String range(JudgedLearner one, String metric) {
        return one.metric(metric + "_lower")
                .map(lower -> "%.4f to %.4f"
                        .formatted(lower, one.metric(metric + "_upper").orElseThrow()))
                .orElse("-");
    }

    private static String four(Optional<Double> value) {
        return value.map(QualitySheets::four).orElse("-");
    }

    private static String four(OptionalDouble value) {
        return value.isPresent() ? four(value.getAsDouble()) : "-";
    }

    private static String four(double value) {
        return "%.4f".formatted(value);
    }
}
