package io.flagcast.jobs.commands.rules;

import static io.flagcast.jobs.commands.rules.RuleHistoryCommand.NUMBER;

import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.FormatOption;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.printing.RowSheet;
import io.flagcast.jobs.printing.Sheet;
import io.flagcast.jobs.printing.Shown;
import io.flagcast.jobs.questions.PastDecision;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.sql.Row;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "show",
        mixinStandardHelpOptions = true,
        description = "All about a decision. CSV and JSON are its row of rule_decisions.")
final class ShowDecisionCommand implements Callable<Integer> {

    private static final Sheet<Row> COMPARISONS = Sheet.<Row>unnamed()
            .text("comparison", row -> row.getAs("comparison"))
            .text("shows", row -> row.getAs("state"))
            .text("observed", row -> NUMBER.of(row.getAs("observed")))
            .text("bound", row -> NUMBER.of(row.getAs("bound")))
            .text("limit", row -> NUMBER.of(row.getAs("threshold")))
            .text("n", row -> Shown.COUNT.of(row.getAs("n")))
            .text("alpha", row -> Shown.number("%.4g").of(row.getAs("alpha")))
            .text("window", row -> String.valueOf(row.<Integer>getAs("window")))
            .text(
                    "from",
                    row -> row.getAs("window_start") == null
                            ? ""
                            : Lake.instant(row, "window_start").toString());

    @Parameters(paramLabel = "DECISION", description = "As in rules history.")
    private String decisionId;

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private ConfigurationOptions configuration;

    @Override
    public Integer call() {
        return configuration.onLake(lake -> {
            PastDecision decision = PastDecision.of(lake, decisionId);
            Printer printer = format.printer();
            if (printer.isForPeople()) {
                tell(decision, printer);
            } else {
                printer.print(RowSheet.of(decision.decision().schema()), List.of(decision.decision()));
            }
            return ExitCode.DONE;
        });
    }

    private static void tell(PastDecision past, Printer printer) {
        Row decision = past.decision();
        for (String name : decision.schema().fieldNames()) {
            Object value = decision.getAs(name);
            if (value != null && !name.equals("comparisons")) {
                printer.say("%-20s %s".formatted(name, RowSheet.text(value)));
            }
        }
        printer.say("");
        printer.print(COMPARISONS, past.comparisons());
        printer.say(
                past.made().isEmpty()
                        ? "it has changed nothing"
                        : "it made parameters version %d of %s"
                                .formatted(
                                        past.made().get(0).version(),
                                        past.made().get(0).experimentId()));
        past.takenBack().ifPresent(back -> printer.say("taken back with version %d".formatted(back.version())));
    }
}
