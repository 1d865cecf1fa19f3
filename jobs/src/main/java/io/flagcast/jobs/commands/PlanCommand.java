package io.flagcast.jobs.commands;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.commands.options.AsOfOptions;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.FormatOption;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.pipeline.Pipeline;
import io.flagcast.jobs.pipeline.Plan;
import io.flagcast.jobs.pipeline.Stage;
import io.flagcast.jobs.printing.Format;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.printing.ResultLine;
import io.flagcast.jobs.printing.Sheet;
import io.flagcast.jobs.printing.Shown;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.settings.Settings;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "plan",
        mixinStandardHelpOptions = true,
        description = {
            "What a run would do: what it reads, trains, writes, publishes and removes, with rows and bytes of the last run, and"
                    + " how long each stage took in the last five. `run --dry-run` shows the same.",
            "Writes nothing."
        })
final class PlanCommand implements Callable<Integer> {

    private static final Sheet<Plan.OfStage> STAGES = Sheet.<Plan.OfStage>named("stages")
            .column("stage", "stage", of -> of.stage().label())
            .column("seconds", "seconds", Plan.OfStage::seconds, Shown.number("%.1f"))
            .column("of runs", "runs", Plan.OfStage::runs, Shown.COUNT)
            .column("rows written", "rows", Plan.OfStage::rows, Shown.COUNT)
            .column("bytes", "bytes", Plan.OfStage::bytes, Shown.COUNT);

    private static final Sheet<Plan.Step> STEPS = Sheet.<Plan.Step>named("steps")
            .column("stage", "stage", step -> step.stage().label())
            .column("does", "action", step -> step.action().name().toLowerCase(Locale.ROOT))
            .column("what", "what", Plan.Step::what)
            .column("rows", "rows", Plan.Step::rows, Shown.COUNT)
            .column("bytes", "bytes", Plan.Step::bytes, Shown.COUNT);

    private final Surroundings surroundings;

    @Mixin
    private AsOfOptions asOf = new AsOfOptions();

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private ConfigurationOptions configuration;

    PlanCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        Settings settings = configuration.settings();
        List<Experiment> experiments = configuration.experiments(settings);
        return configuration.onLake(lake -> {
            new Pipeline(
                            settings,
                            experiments,
                            lake,
                            surroundings.clock(),
                            surroundings.progress(),
                            surroundings.interruption())
                    .plan(Stage.ORDER, asOf.asOf(surroundings.clock()), asOf.repeat())
                    .ifPresent(plan -> print(plan, surroundings.progress(), format.printer()));
            return ExitCode.DONE;
        });
    }

    /** Shows what stages would do, to people or in the result that a program asks for. */
    static void show(
            Pipeline pipeline, List<Stage> stages, Instant asOf, Pipeline.Repeat repeat, Surroundings surroundings) {
        ResultLine result = surroundings.result();
        result.add(Map.of("as_of", asOf.toString()));
        pipeline.plan(stages, asOf, repeat).ifPresent(plan -> {
            result.add(Map.of(
                    "run_id",
                    plan.id().toString(),
                    "steps",
                    plan.steps().stream().map(STEPS::object).toList()));
            if (!result.isAsked()) {
                print(plan, surroundings.progress(), FormatOption.printer(Format.TABLE));
            }
        });
    }

    private static void print(Plan plan, Progress progress, Printer printer) {
        progress.say("run " + plan.id() + " would do this");
        printer.print(STAGES, plan.stages());
        printer.say("");
        printer.print(STEPS, plan.steps());
    }
}
