package io.flagcast.jobs.commands;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.commands.options.ChangeOptions;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.DurationConverter;
import io.flagcast.jobs.commands.options.PastConverter;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.pipeline.Pipeline;
import io.flagcast.jobs.pipeline.Stage;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Refusal;
import io.flagcast.settings.Settings;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "backfill",
        mixinStandardHelpOptions = true,
        description = {
            "Makes up for as-ofs that were missed, the oldest first: all stages, of what had reached the lake by then"
                    + " (`ingested_at`, where sources have it). Their tables are kept beside what is live, no rule fires and no"
                    + " alert is sent.",
            "Safe to repeat: an as-of that is published or made up for already is left alone, so that a backfill that was"
                    + " interrupted goes on where it was."
        })
final class BackfillCommand implements Callable<Integer> {

    private static final int MOST = 10_000;

    private final Surroundings surroundings;

    @Option(
            names = "--from",
            required = true,
            paramLabel = "INSTANT",
            converter = PastConverter.class,
            description = "The first as-of, as 2026-03-01.")
    private Instant from;

    @Option(
            names = "--to",
            required = true,
            paramLabel = "INSTANT",
            converter = PastConverter.class,
            description = "The last as-of.")
    private Instant to;

    @Option(
            names = "--every",
            paramLabel = "DURATION",
            defaultValue = "1d",
            converter = DurationConverter.class,
            description = "From one as-of to the next, as 1d or 6h. Default: ${DEFAULT-VALUE}.")
    private Duration every;

    @Option(
            names = "--live",
            description =
                    "Run as-ofs after the live publication's as `run` does: they become live, rules fire, and alerts are"
                            + " sent.")
    private boolean live;

    @Mixin
    private ChangeOptions changes;

    @Mixin
    private ConfigurationOptions configuration;

    BackfillCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        Settings settings = configuration.settings();
        List<Experiment> experiments = configuration.experiments(settings);
        List<Instant> asOfs = asOfs();
        Progress progress = surroundings.progress();
        return configuration.onLake(changes, lake -> {
            Pipeline pipeline = new Pipeline(
                    settings, experiments, lake, surroundings.clock(), progress, surroundings.interruption());
            List<String> made = new ArrayList<>();
            for (int i = 0; i < asOfs.size(); i++) {
                Instant asOf = asOfs.get(i);
                progress.say("as of %s, %d of %d".formatted(asOf, i + 1, asOfs.size()));
                if (isNext(lake, asOf) ? isRun(pipeline, asOf) : pipeline.backfill(asOf)) {
                    made.add(asOf.toString());
                }
                surroundings.result().add(Map.of("made_up_for", List.copyOf(made), "as_ofs", asOfs.size()));
            }
            progress.say("%,d of %,d as-ofs %s made up for, the others were there"
                    .formatted(made.size(), asOfs.size(), changes.isDry() ? "would be" : "were"));
            return ExitCode.DONE;
        });
    }

    private boolean isRun(Pipeline pipeline, Instant asOf) {
        return changes.isDry()
                ? pipeline.plan(Stage.ORDER, asOf, Pipeline.Repeat.SKIP).isPresent()
                : pipeline.run(asOf, Pipeline.Repeat.SKIP).isPresent();
    }

    private boolean isNext(Lake lake, Instant asOf) {
        return live && lake.live().filter(known -> !asOf.isAfter(known.asOf())).isEmpty();
    }

    private List<Instant> asOfs() {
        if (from.isAfter(to)) {
            throw new Refusal(ExitCode.USAGE, "--from %s is after --to %s".formatted(from, to));
        }
        List<Instant> asOfs = new ArrayList<>();
        for (Instant asOf = from; !asOf.isAfter(to); asOf = asOf.plus(every)) {
            asOfs.add(asOf);
            if (asOfs.size() > MOST) {
                throw new Refusal(
                        ExitCode.USAGE,
                        "--from %s --to %s --every %s are more than %,d as-ofs: name a shorter span"
                                .formatted(from, to, every, MOST));
            }
        }
        return asOfs;
    }
}
