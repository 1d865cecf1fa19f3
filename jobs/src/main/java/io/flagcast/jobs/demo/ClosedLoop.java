package io.flagcast.jobs.demo;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.pipeline.Pipeline;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.Interruption;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.settings.Settings;
import io.flagcast.simulation.Simulation;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Objects;

/**
 * Simulated days through the real jobs: what a run publishes decides who is enabled, and what comes of it is what the next
 * run knows.
 *
 * @param settings of the simulation and the jobs
 * @param experiments all that are configured
 * @param lake where the runs publish
 * @param simulation the world, in the source tables of the settings
 * @param progress for the person who waits
 * @param interruption whether somebody waits no longer
 */
public record ClosedLoop(
        Settings settings,
        List<Experiment> experiments,
        Lake lake,
        Simulation simulation,
        Progress progress,
        Interruption interruption) {

    public ClosedLoop {
        Objects.requireNonNull(settings, "settings");
        experiments = List.copyOf(experiments);
        Objects.requireNonNull(lake, "lake");
        Objects.requireNonNull(simulation, "simulation");
        Objects.requireNonNull(progress, "progress");
        Objects.requireNonNull(interruption, "interruption");
    }

    /**
     * Makes a world and lives its days: every morning a run on what is known then, and the day under what was published.
     *
     * @return the publication of the morning after the last day
     */
    public Publication live() {
        simulation.create(experiments);
        int days = settings.simulation().days();
        for (int day = 0; day < days; day++) {
            morning(day);
            Simulation.Day lived = simulation.live(day, lake, experiments).orElseThrow();
            progress.say("  the day brings %,d exposures and %,d outcomes%s"
                    .formatted(lived.exposures(), lived.outcomes(), event(day)));
        }
        return morning(days);
    }

    private String event(int day) {
        if (day == settings.simulation().dropOnDay()) {
            return "; from today on checkout_v2 is broken for those whom it helped";
        }
        return day == settings.simulation().repairOnDay() ? "; from today on checkout_v2 is mended" : "";
    }

    private Publication morning(int day) {
        Instant morning = simulation.day(day);
        progress.say("%nday %d of %d, %s"
                .formatted(
                        day,
                        settings.simulation().days(),
                        morning.atOffset(ZoneOffset.UTC).toLocalDate()));
        return new Pipeline(settings, experiments, lake, Clock.fixed(morning, ZoneOffset.UTC), progress, interruption)
                .run(morning, Pipeline.Repeat.SKIP)
                .orElseThrow();
    }
}
