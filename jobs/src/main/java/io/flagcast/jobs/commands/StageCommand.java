package io.flagcast.jobs.commands;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.RunOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.pipeline.Pipeline;
import io.flagcast.jobs.pipeline.Stage;
import io.flagcast.jobs.questions.RunResult;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.settings.Settings;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** One stage of a run, for schedulers that want to see and repeat each. The last one publishes. */
@Command(mixinStandardHelpOptions = true)
final class StageCommand implements Callable<Integer> {

    private final Stage stage;
    private final Surroundings surroundings;

    @Mixin
    private ConfigurationOptions configuration;

    @Mixin
    private RunOptions options;

    StageCommand(Stage stage, Surroundings surroundings) {
        this.stage = Objects.requireNonNull(stage, "stage");
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        return run(stage, surroundings, configuration, options);
    }

    static int run(Stage stage, Surroundings surroundings, ConfigurationOptions configuration, RunOptions options) {
        return run(List.of(stage), surroundings, configuration, options, (lake, publication, experiments) -> {});
    }

    /** Says what was published. */
    interface Telling {
        void tell(Lake lake, Publication publication, List<Experiment> experiments);
    }

    /**
     * Does stages, or shows what they would do, and says what came of them in the way that is asked for.
     *
     * @param stages one, or all
     * @param published what is told of a publication
     */
    static int run(
            List<Stage> stages,
            Surroundings surroundings,
            ConfigurationOptions configuration,
            RunOptions options,
            Telling published) {
        Clock clock = surroundings.clock();
        Instant began = clock.instant();
        Settings settings = configuration.settings();
        List<Experiment> experiments = configuration.experiments(settings);
        Instant asOf = options.asOf().asOf(clock);
        Pipeline.Repeat repeat = options.asOf().repeat();
        return configuration.onLake(options.changes(), lake -> {
            Pipeline pipeline = new Pipeline(
                            settings, experiments, lake, clock, surroundings.progress(), surroundings.interruption())
                    .reshuffling(options.reshuffled());
            if (lake.isDry()) {
                PlanCommand.show(pipeline, stages, asOf, repeat, surroundings);
                return ExitCode.DONE;
            }
            try {
                Optional<Publication> publication = stages.size() == 1
                        ? pipeline.runStage(stages.get(0), asOf, repeat)
                        : pipeline.run(asOf, repeat);
                publication.ifPresent(made -> published.tell(lake, made, experiments));
                tell(surroundings, lake, asOf, began, publication);
            } catch (Exception e) {
                // Exception: Spark throws checked ones that it does not declare.
                try {
                    tell(surroundings, lake, asOf, began, Optional.empty());
                } catch (Exception besides) {
                    e.addSuppressed(besides);
                }
                throw e;
            }
            return ExitCode.DONE;
        });
    }

    private static void tell(
            Surroundings surroundings, Lake lake, Instant asOf, Instant began, Optional<Publication> publication) {
        if (surroundings.result().isAsked()) {
            List<String> order = Stage.ORDER.stream().map(Stage::label).toList();
            surroundings
                    .interruption()
                    .undisturbed(() -> surroundings.result().add(RunResult.of(lake, asOf, began, order, publication)));
        }
    }
}
