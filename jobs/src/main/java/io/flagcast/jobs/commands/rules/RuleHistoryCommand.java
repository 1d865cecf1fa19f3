package io.flagcast.jobs.commands.rules;

import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.FormatOption;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.printing.RowSheet;
import io.flagcast.jobs.printing.Sheet;
import io.flagcast.jobs.printing.Shown;
import io.flagcast.jobs.questions.RuleHistory;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.rules.RuleDecision;
import io.flagcast.tables.Tables;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "history",
        mixinStandardHelpOptions = true,
        description = "What every rule decided at every published evaluation, oldest first.")
final class RuleHistoryCommand implements Callable<Integer> {

    static final Shown NUMBER = Shown.number("%.4f");

    private final Surroundings surroundings;

    @Option(names = "--experiment", paramLabel = "ID", description = "Only of this experiment.")
    private String experimentId;

    @Option(names = "--rule", paramLabel = "ID", description = "Only of this rule.")
    private String ruleId;

    @Option(names = "--outcome", paramLabel = "OUTCOME", description = "Only these: ${COMPLETION-CANDIDATES}.")
    private RuleDecision.Outcome outcome;

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private ConfigurationOptions configuration;

    RuleHistoryCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        return configuration.onLake(lake -> {
            RuleHistory history = RuleHistory.of(
                    lake,
                    new RuleHistory.Wanted(
                            Optional.ofNullable(experimentId),
                            Optional.ofNullable(ruleId),
                            Optional.ofNullable(outcome)));
            Printer printer = format.printer();
            if (history.decisions().isEmpty() && printer.isForPeople()) {
                surroundings.progress().say("no rule has decided anything like that yet");
                return ExitCode.DONE;
            }
            printer.print(sheet(history, lake.history(Tables.RULE_DECISIONS).schema()), history.decisions());
            return ExitCode.DONE;
        });
    }

    /** Programs see the table's columns. */
    private static Sheet<Row> sheet(RuleHistory history, StructType schema) {
        return RowSheet.values(schema)
                .text("as of", row -> Lake.instant(row, "as_of").toString())
                .text("experiment", row -> row.getAs("experiment_id"))
                .text("rule", row -> row.getAs("rule_id"))
                .text("outcome", row -> row.getAs("outcome"))
                .text("observed", row -> NUMBER.of(row.getAs("observed")))
                .text("bound", row -> NUMBER.of(row.getAs("bound")))
                .text("limit", row -> NUMBER.of(row.getAs("threshold")))
                .text("n", row -> Shown.COUNT.of(row.getAs("n")))
                .text("change", history::change)
                .text("decision", row -> row.getAs("decision_id"));
    }
}
