package io.flagcast.jobs.commands;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.RunOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.pipeline.Stage;
import io.flagcast.jobs.pipeline.WatchMetrics;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import io.flagcast.settings.Settings;
import java.time.Clock;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

@Command(
        name = "measure",
        mixinStandardHelpOptions = true,
        description = {
            "Exposures and outcomes to metrics per segment and health checks. With --every it keeps one warm session: it"
                    + " measures what is new, publishes it beside the tables of the newest run, and delivers alerts, until it is"
                    + " stopped. Rules and the bandit wait for the next run.",
            "Stopping it at any moment leaves nothing half seen; started again it goes on. Edited experiment files count from then"
                    + " on."
        })
final class MeasureCommand implements Callable<Integer> {

    /** Looks that may fail in a row before somebody is woken. */
    private static final int MOST_FAILURES = 5;

    private final Surroundings surroundings;
    private final Clock clock;

    @Option(
            names = "--every",
            paramLabel = "DURATION",
            converter = PauseConverter.class,
            description = "Look again so long after the look before began, as 60s or 5m, until stopped.")
    private Duration every;

    @Mixin
    private ConfigurationOptions configuration;

    @Mixin
    private RunOptions options;

    MeasureCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
        this.clock = surroundings.clock();
    }

    @Override
    public Integer call() throws InterruptedException {
        if (every == null) {
            return StageCommand.run(Stage.MEASURE, surroundings, configuration, options);
        }
        Settings settings = configuration.settings();
        List<Experiment> experiments = configuration.experiments(settings);
        Progress progress = surroundings.progress();
        if (options.changes().isDry()) {
            return configuration.onLake(options.changes(), lake -> {
                progress.say("would look for new exposures and outcomes every %d s, beside publication %d"
                        .formatted(every.toSeconds(), lake.requireLive().sequence()));
                return ExitCode.DONE;
            });
        }
        try (Session session = surroundings.session()) {
            Lake lake = new Lake(session.spark(), settings.lake().root());
            lake.requireLive();
            WatchMetrics watch = new WatchMetrics(settings, experiments, lake, clock, progress);
            progress.say("looks for new exposures and outcomes every %d s; stop it with Ctrl-C"
                    .formatted(every.toSeconds()));
            int failures = 0;
            while (true) {
                long began = System.nanoTime();
                failures = looked(watch, progress, failures);
                surroundings.interruption().check();
                long left = every.minusNanos(System.nanoTime() - began).toMillis();
                if (left > 0) {
                    Thread.sleep(left);
                }
            }
        }
    }

    /** What fails once may work the next time: a file that is being written, or a store that does not answer. */
    private int looked(WatchMetrics watch, Progress progress, int failures) {
        try {
            watch.look();
            return 0;
        } catch (Exception e) {
            // Exception: Spark throws checked ones that it does not declare.
            if (failures + 1 >= MOST_FAILURES
                    || surroundings.interruption().asked().isPresent()) {
                throw e;
            }
            progress.notice("this look failed (%s); the next one tries again, %d more may fail"
                    .formatted(Refusal.sentence(e), MOST_FAILURES - failures - 1));
            return failures + 1;
        }
    }

    /** Reads seconds, minutes or hours. */
    static final class PauseConverter implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            try {
                Duration duration = Duration.parse("PT" + text.toUpperCase(Locale.ROOT));
                if (duration.compareTo(Duration.ofSeconds(1)) < 0) {
                    throw new TypeConversionException("'" + text + "' is below 1s");
                }
                return duration;
            } catch (DateTimeParseException e) {
                throw new TypeConversionException("'" + text + "' is no duration: write 60s, 5m or 1h");
            }
        }
    }
}
