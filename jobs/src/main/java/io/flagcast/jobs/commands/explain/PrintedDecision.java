package io.flagcast.jobs.commands.explain;

import io.flagcast.allocation.ParameterChange;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.printing.Sheet;
import io.flagcast.jobs.questions.DecisionLine;
import io.flagcast.jobs.questions.ExplainDecision;
import io.flagcast.jobs.questions.ParametersInForce;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;

/** The decision about a user, line by line. */
final class PrintedDecision {

    private static final Sheet<ExplainDecision> WHOLE = whole();

    private static final Sheet<DecisionLine> LINES = Sheet.<DecisionLine>unnamed()
            .text("line", line -> line.reason().label())
            .text("applies", line -> line.applies() ? "yes" : "no")
            .text("because", DecisionLine::because);

    private PrintedDecision() {}

    static void print(ExplainDecision explained, Printer printer) {
        if (printer.isForPeople()) {
            tell(explained, printer);
        } else {
            printer.print(WHOLE, List.of(explained));
        }
    }

    private static Sheet<ExplainDecision> whole() {
        Sheet<ExplainDecision> sheet = Sheet.<ExplainDecision>unnamed()
                .value("user_id", ExplainDecision::userId)
                .value("experiment_id", ExplainDecision::experimentId)
                .value("published", explained -> explained.published().isPresent())
                .value("publication", explained -> explained.live().sequence())
                .value("as_of", explained -> explained.live().asOf())
                .value("run_id", explained -> explained.live().runId());
        for (String name : List.of(
                "enabled",
                "reason",
                "score",
                "segment",
                "tier",
                "bucket",
                "base_probability",
                "share",
                "propensity",
                "parameters_version",
                "model_id")) {
            sheet = sheet.value(name, explained -> explained.decision().getAs(name));
        }
        return sheet.value("files_agree", ExplainDecision::filesAgree)
                .value(
                        "lines",
                        explained -> explained.lines().stream()
                                .map(PrintedDecision::object)
                                .toList())
                .value(
                        "share_or_probability_set_by",
                        explained -> explained
                                .setBy()
                                .map(change -> change.origin().cause().label()))
                .value("set_as_of", explained -> explained.setBy().map(ParameterChange::effectiveAsOf))
                .value("set_because", explained -> explained.setBy().map(ParametersInForce::why));
    }

    private static Map<String, Object> object(DecisionLine line) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("line", line.reason().label());
        object.put("applies", line.applies());
        object.put("because", line.because());
        return object;
    }

    private static void tell(ExplainDecision explained, Printer printer) {
        Row decision = explained.decision();
        printer.say("user %s, experiment %s, publication %d of %s"
                .formatted(
                        explained.userId(),
                        explained.experimentId(),
                        explained.live().sequence(),
                        explained.live().asOf()));
        if (explained.published().isEmpty()) {
            printer.say("  not in the publication: decided as an application does for a user it does not know");
        }
        printer.say("  answer      %s: %s"
                .formatted(decision.<Boolean>getAs("enabled") ? "enabled" : "not enabled", decision.getAs("reason")));
        if (decision.getAs("score") != null) {
            printer.say("  score       %.2f, segment %s%s%s"
                    .formatted(
                            decision.<Double>getAs("score"),
                            decision.getAs("segment"),
                            decision.getAs("tier") == null ? "" : ", tier " + decision.getAs("tier"),
                            decision.getAs("model_id") == null ? "" : ", of model " + decision.getAs("model_id")));
        }
        printer.say("  propensity  %.4f, parameters version %s"
                .formatted(decision.<Double>getAs("propensity"), decision.<Object>getAs("parameters_version")));
        explained
                .setBy()
                .ifPresent(change -> printer.say("  segment     set by the %s as of %s: %s"
                        .formatted(
                                change.origin().cause().label(),
                                change.effectiveAsOf(),
                                ParametersInForce.why(change))));
        if (!explained.filesAgree()) {
            printer.say("  The experiment's file has changed since: the lines below are of the file as it is now.");
        }
        printer.say("");
        printer.print(LINES, explained.lines());
    }
}
