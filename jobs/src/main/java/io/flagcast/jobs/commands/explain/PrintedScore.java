package io.flagcast.jobs.commands.explain;

import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.printing.Sheet;
import io.flagcast.jobs.printing.Shown;
import io.flagcast.jobs.questions.ExplainScore;
import io.flagcast.jobs.questions.TrainedModels;
import io.flagcast.jobs.records.ModelRegistry.Entry;
import io.flagcast.training.Explanation;
import io.flagcast.training.Explanation.Contribution;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;

/** A score and why it is so. */
final class PrintedScore {

    private static final int LARGEST = 8;

    private static final Sheet<ExplainScore> WHOLE = whole();

    private static final Sheet<Contribution> CONTRIBUTIONS = Sheet.<Contribution>unnamed()
            .text("predictor", Contribution::predictor)
            .text("value", Contribution::value)
            .text("moves it by", one -> Shown.number("%+.5f").of(one.effect()));

    private PrintedScore() {}

    static void print(ExplainScore explained, Printer printer) {
        if (printer.isForPeople()) {
            tell(explained, printer);
        } else {
            printer.print(WHOLE, List.of(explained));
        }
    }

    private static Sheet<ExplainScore> whole() {
        Sheet<ExplainScore> sheet = Sheet.unnamed();
        for (String name : List.of(
                "user_id",
                "feature_id",
                "score",
                "source",
                "uplift",
                "response_if_enabled",
                "response_if_not",
                "affinity",
                "no_benefit")) {
            sheet = sheet.value(name, explained -> explained.score().getAs(name));
        }
        return sheet.value("standing", ExplainScore::standing)
                .value("model", explained -> explained.model().map(PrintedScore::object))
                .value("explanation", explained -> explained.explanation().map(PrintedScore::object));
    }

    private static Map<String, Object> object(Entry model) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("model_id", model.modelId());
        object.put("learner", model.learner());
        object.put("as_of", model.asOf());
        object.put("examples", model.examples());
        object.put("verdict", model.verdict().orElse(null));
        object.put("metrics", model.metrics());
        return object;
    }

    private static Map<String, Object> object(Explanation why) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("measure", why.measure());
        object.put("value", why.value());
        object.put("baseline", why.baseline());
        object.put("error", why.error());
        object.put(
                "contributions",
                why.contributions().stream()
                        .map(one -> Map.of("predictor", one.predictor(), "value", one.value(), "effect", one.effect()))
                        .toList());
        return object;
    }

    private static void tell(ExplainScore explained, Printer printer) {
        Row score = explained.score();
        printer.say("user %s, feature %s".formatted(score.getAs("user_id"), score.getAs("feature_id")));
        printer.say("  score     %.2f (%s): %s"
                .formatted(score.<Double>getAs("score"), score.getAs("source"), explained.standing()));
        if (score.<Double>getAs("uplift") != null) {
            printer.say("  uplift    %+.4f: %.4f when enabled, %.4f when not%s"
                    .formatted(
                            score.<Double>getAs("uplift"),
                            score.<Double>getAs("response_if_enabled"),
                            score.<Double>getAs("response_if_not"),
                            score.<Boolean>getAs("no_benefit") ? "; users like this one have no benefit" : ""));
        }
        explained.model().ifPresent(model -> tell(model, printer));
        explained.explanation().ifPresent(why -> tell(why, printer));
    }

    private static void tell(Entry model, Printer printer) {
        printer.say("  model     %s (%s) of %s, %,d examples%s"
                .formatted(
                        model.modelId(),
                        model.learner(),
                        model.asOf(),
                        model.examples(),
                        model.verdict().map(verdict -> ", " + verdict).orElse("")));
        Map<String, Double> metrics = model.metrics();
        if (metrics.containsKey("qini")) {
            printer.say("  quality   Qini %.4f (%.4f to %.4f), calibration slope %.2f, p = %.2g"
                    .formatted(
                            metrics.get("qini"),
                            metrics.getOrDefault("qini_lower", Double.NaN),
                            metrics.getOrDefault("qini_upper", Double.NaN),
                            metrics.getOrDefault("calibration_slope", Double.NaN),
                            metrics.getOrDefault("heterogeneity_p", Double.NaN)));
        } else if (!TrainedModels.quality(metrics).isEmpty()) {
            printer.say("  quality   " + TrainedModels.quality(metrics));
        }
        TrainedModels.order(metrics).ifPresent(order -> printer.say("  order     " + order));
    }

    private static void tell(Explanation why, Printer printer) {
        printer.say("");
        printer.say("%s %+.4f, of an average user %+.4f; what moved it:"
                .formatted(why.measure(), why.value(), why.baseline()));
        printer.print(CONTRIBUTIONS, largest(why.contributions()));
        if (why.error() > 0) {
            printer.say("estimated from random orders of the predictors, each to ± %.1g".formatted(why.error()));
        }
    }

    /** The largest, and all others as one. */
    static List<Contribution> largest(List<Contribution> all) {
        if (all.size() <= LARGEST) {
            return all;
        }
        List<Contribution> shown = new ArrayList<>(all.subList(0, LARGEST));
        shown.add(new Contribution(
                all.size() - LARGEST + " others",
                "",
                all.stream().skip(LARGEST).mapToDouble(Contribution::effect).sum()));
        return shown;
    }
}
