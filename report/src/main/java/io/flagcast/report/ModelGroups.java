package io.flagcast.report;

import com.fasterxml.jackson.databind.JsonNode;
import io.flagcast.lake.Json;
import io.flagcast.lake.Lake;
import io.flagcast.report.page.Chart;
import io.flagcast.report.page.Chart.Kind;
import io.flagcast.report.page.Estimate;
import io.flagcast.report.page.Format;
import io.flagcast.report.page.ReportData.Column;
import io.flagcast.report.page.ReportData.Figure;
import io.flagcast.report.page.ReportData.Group;
import io.flagcast.report.page.ReportData.Table;
import io.flagcast.rules.checks.Check;
import io.flagcast.statistics.Interval;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Row;

/** What scores a feature, how its scores are spread, and how good they are. */
final class ModelGroups {

    private static final double CONFIDENCE = 0.95;

    private ModelGroups() {}

    /**
     * The groups of a feature.
     *
     * @param feature absent where no model scores it
     * @param findings of one experiment of it
     */
    static List<Group> of(Snapshot snapshot, Optional<String> feature, List<Row> findings) {
        if (feature.isEmpty()) {
            return List.of(Group.absent("Scores and model", "No model scores this feature yet."));
        }
        String featureId = feature.get();
        List<Figure> figures = new ArrayList<>();
        List<Figure> spread = bins(findings, Check.SCORE_DRIFT, "Scores now and in the reference", "scores");
        figures.addAll(spread);
        if (spread.isEmpty()) {
            distribution(snapshot, featureId).ifPresent(figures::add);
        }
        Optional<Row> model = inUse(snapshot, featureId);
        Optional<JsonNode> curves =
                model.map(row -> row.<String>getAs("curves")).map(json -> Json.tree(json, "model_runs.curves"));
        List<Figure> checked = calibration(findings);
        figures.addAll(checked);
        if (checked.isEmpty()) {
            curves.flatMap(ModelGroups::calibration).ifPresent(figures::add);
        }
        curves.flatMap(json -> qini(json, model.orElseThrow())).ifPresent(figures::add);
        return List.of(new Group(
                "Scores and model",
                model.map(ModelGroups::about).orElse("No model of " + featureId + " is in use."),
                figures));
    }

    /** The model that scored most recently, by the scores themselves. */
    private static Optional<Row> inUse(Snapshot snapshot, String featureId) {
        List<String> used = snapshot.scores().stream()
                .filter(row -> featureId.equals(row.getAs("feature_id")))
                .map(row -> row.<String>getAs("model_id"))
                .toList();
        return snapshot.models().stream()
                .filter(row -> used.contains(row.<String>getAs("model_id")))
                .max(Comparator.comparing(row -> Lake.instant(row, "effective_as_of")));
    }

    private static String about(Row model) {
        JsonNode metrics = Json.tree(model.getAs("metrics"), "model_runs.metrics");
        String verdict = Optional.ofNullable(model.<String>getAs("verdict"))
                .map(text -> ": " + text)
                .orElse("");
        String p = metrics.has("heterogeneity_p")
                ? " (p = %.2g%s)".formatted(metrics.get("heterogeneity_p").asDouble(), spent(metrics))
                : "";
        String qini = estimate(metrics, "qini")
                .map(value -> ". Qini " + Format.NUMBER.text(value))
                .orElse("");
        String order = metrics.has("order_p")
                ? estimate(metrics, "autoc")
                                .map(value -> ". AUTOC " + Format.NUMBER.text(value))
                                .orElse("")
                        + estimate(metrics, "rate_qini")
                                .map(value -> ", rank-weighted Qini " + Format.NUMBER.text(value))
                                .orElse("")
                        + " (p of the order = %.2g)"
                                .formatted(metrics.get("order_p").asDouble())
                : "";
        String features = metrics.has("features")
                ? " for %s features"
                        .formatted(Format.COUNT.text(metrics.get("features").asLong()))
                : "";
        return "%s (%s)%s, trained on %s examples up to %s%s%s%s%s."
                .formatted(
                        model.getAs("model_id"),
                        model.getAs("learner"),
                        features,
                        Format.COUNT.text(model.<Long>getAs("examples")),
                        Format.DAY.text(Lake.instant(model, "as_of")),
                        verdict,
                        p,
                        qini,
                        order);
    }

    /** What the p-value is held against. */
    private static String spent(JsonNode metrics) {
        return metrics.has("heterogeneity_level")
                ? ", held against %.2g at training %.0f"
                        .formatted(
                                metrics.get("heterogeneity_level").asDouble(),
                                metrics.get("heterogeneity_training").asDouble())
                : "";
    }

    private static Optional<Estimate> estimate(JsonNode metrics, String name) {
        return metrics.has(name)
                ? Optional.of(new Estimate(
                        metrics.get(name).asDouble(),
                        metrics.has(name + "_lower")
                                ? Optional.of(new Interval(
                                        metrics.get(name + "_lower").asDouble(),
                                        metrics.get(name + "_upper").asDouble()))
                                : Optional.empty()))
                : Optional.empty();
    }

    /** A score is a percentile of the frozen reference: each decile of the reference holds a tenth. */
    private static Optional<Figure> distribution(Snapshot snapshot, String featureId) {
        List<Row> deciles = snapshot.scores().stream()
                .filter(row -> featureId.equals(row.getAs("feature_id")))
                .toList();
        long users = deciles.stream().mapToLong(row -> row.<Long>getAs("users")).sum();
        if (users == 0) {
            return Optional.empty();
        }
        List<List<?>> rows = new ArrayList<>();
        for (int decile = 0; decile < 10; decile++) {
            int wanted = decile;
            long n = deciles.stream()
                    .filter(row -> row.<Integer>getAs("decile") == wanted)
                    .mapToLong(row -> row.<Long>getAs("users"))
                    .sum();
            rows.add(List.of(
                    "%d–%d".formatted(10 * decile, 10 * decile + 10),
                    n,
                    Estimate.of((double) n / users, Interval.wilson(n, users, CONFIDENCE)),
                    0.1));
        }
        return Optional.of(bins("Scores now and in the reference", "scores", rows));
    }

    /** Where rows are and where they were expected, as a check has found it. */
    static List<Figure> bins(List<Row> findings, Check check, String title, String of) {
        List<Figure> figures = new ArrayList<>();
        for (Row finding : findings) {
            if (check.label().equals(finding.getAs("check"))) {
                List<List<?>> rows = new ArrayList<>();
                for (Part part : Part.of(finding)) {
                    rows.add(List.of(part.name(), part.n(), part.estimate(), part.expected()));
                }
                if (!rows.isEmpty()) {
                    figures.add(bins(title, of, rows));
                }
            }
        }
        return figures;
    }

    private static Figure bins(String title, String of, List<List<?>> rows) {
        return Figure.drawn(
                title,
                Chart.of(
                        Kind.BINS,
                        Map.of("label", "bin", "actual", "now", "expected", "reference"),
                        Format.PERCENT,
                        List.of("now", "reference"),
                        of),
                new Table(
                        "Users of this publication, and of the population that the model was frozen on",
                        List.of(
                                Column.text("bin", of),
                                Column.count("n", "n"),
                                new Column("now", "now", Format.PERCENT),
                                new Column("reference", "reference", Format.PERCENT)),
                        rows));
    }

    /** Predicted and observed by decile, as the health check has found them. */
    private static List<Figure> calibration(List<Row> findings) {
        List<Figure> figures = new ArrayList<>();
        for (Row finding : findings) {
            if (Check.CALIBRATION.label().equals(finding.getAs("check"))) {
                List<List<?>> rows = new ArrayList<>();
                for (Part part : Part.of(finding)) {
                    part.expected()
                            .flatMap(predicted -> part.estimate()
                                    .map(observed -> List.of(part.name(), part.n(), predicted, observed)))
                            .ifPresent(rows::add);
                }
                if (!rows.isEmpty()) {
                    figures.add(calibration("Predicted and observed " + finding.getAs("subject"), rows));
                }
            }
        }
        return figures;
    }

    /** Predicted and observed uplift by decile, as they were out of fold in training. */
    private static Optional<Figure> calibration(JsonNode curves) {
        List<List<?>> rows = new ArrayList<>();
        for (JsonNode decile : curves.path("deciles")) {
            double observed = decile.path("observed").asDouble();
            double error = decile.path("error").asDouble();
            if (Double.isFinite(observed) && error >= 0) {
                rows.add(List.of(
                        decile.path("decile").asText(),
                        decile.path("users").asLong(),
                        decile.path("predicted").asDouble(),
                        Estimate.of(observed, Interval.normal(observed, error, CONFIDENCE))));
            }
        }
        return rows.isEmpty()
                ? Optional.empty()
                : Optional.of(calibration("Predicted and observed uplift, in training", rows));
    }

    private static Figure calibration(String title, List<List<?>> rows) {
        return Figure.drawn(
                title,
                Chart.of(
                        Kind.CALIBRATION,
                        Map.of("label", "decile", "predicted", "predicted", "observed", "observed"),
                        Format.PERCENT,
                        List.of(),
                        ""),
                new Table(
                        "By decile of the score, 1 the lowest; 95 % intervals of what was observed",
                        List.of(
                                Column.text("decile", "decile"),
                                Column.count("n", "n"),
                                new Column("predicted", "predicted", Format.PERCENT),
                                new Column("observed", "observed", Format.PERCENT)),
                        rows));
    }

    private static Optional<Figure> qini(JsonNode curves, Row model) {
        List<List<?>> rows = new ArrayList<>();
        for (JsonNode point : curves.path("qini")) {
            rows.add(List.of(point.path("share").asDouble(), point.path("gain").asDouble()));
        }
        return rows.size() < 2
                ? Optional.empty()
                : Optional.of(Figure.drawn(
                        "Qini curve: responses gained per 1,000 users",
                        Chart.of(
                                Kind.CURVE,
                                Map.of("x", "share", "y", "gain"),
                                Format.NUMBER,
                                List.of("by score", "at random"),
                                "users taken, highest scores first"),
                        new Table(
                                "Responses gained per user by enabling the highest scores first, out of fold, n = "
                                        + Format.COUNT.text(model.<Long>getAs("examples")),
                                List.of(
                                        new Column("share", "users taken", Format.PERCENT),
                                        new Column("gain", "gain", Format.NUMBER)),
                                rows)));
    }
}
