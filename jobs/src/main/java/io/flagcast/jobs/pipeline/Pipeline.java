package io.flagcast.jobs.pipeline;

import io.flagcast.delivery.DeliverAlerts;
import io.flagcast.delivery.Lineage.End;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.checks.HealthChecks;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.jobs.run.Attempts;
import io.flagcast.jobs.run.Progress;
import io.flagcast.jobs.run.Run;
import io.flagcast.jobs.run.RunLog;
import io.flagcast.jobs.run.StageResult;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Interruption;
import io.flagcast.lake.Interruption.Signal;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Publications;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.RunId;
import io.flagcast.lake.inputs.Inputs;
import io.flagcast.rules.checks.Finding;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.Settings;
import io.flagcast.tables.ContentHash;
import io.flagcast.tables.Tables;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;

/** Runs stages for an as-of and publishes what they wrote as one unit. */
public final class Pipeline {

    private final Settings settings;
    private final List<Experiment> experiments;
    private final Lake lake;
    private final Clock clock;
    private final Progress progress;
    private final Interruption interruption;
    private final Set<String> reshuffled;

    public Pipeline(
            Settings settings,
            List<Experiment> experiments,
            Lake lake,
            Clock clock,
            Progress progress,
            Interruption interruption) {
        this(settings, experiments, lake, clock, progress, interruption, Set.of());
    }

    private Pipeline(
            Settings settings,
            List<Experiment> experiments,
            Lake lake,
            Clock clock,
            Progress progress,
            Interruption interruption,
            Set<String> reshuffled) {
        this.settings = Objects.requireNonNull(settings, "settings");
        this.experiments = List.copyOf(experiments);
        this.lake = Objects.requireNonNull(lake, "lake");
        this.clock = Objects.requireNonNull(clock, "clock");
        this.progress = Objects.requireNonNull(progress, "progress");
        this.interruption = Objects.requireNonNull(interruption, "interruption");
        this.reshuffled = Set.copyOf(reshuffled);
    }

    /**
     * This pipeline, which lets these experiments have a new salt although they are active.
     *
     * @throws Refusal where one is not configured
     */
    public Pipeline reshuffling(Set<String> experimentIds) {
        experimentIds.stream().sorted().forEach(id -> ConfiguredExperiments.named(experiments, "--reshuffle", id));
        return new Pipeline(settings, experiments, lake, clock, progress, interruption, experimentIds);
    }

    /** What to do where the as-of is published already. */
    public enum Repeat {
        /** Nothing. */
        SKIP,
        /** Publish a new generation. */
        RESTATE
    }

    /**
     * All stages, then publication.
     *
     * @return the publication, or nothing where the as-of was published already
     */
    public Optional<Publication> run(Instant asOf, Repeat repeat) {
        return work(Stage.ORDER, asOf, repeat);
    }

    /**
     * What stages would do; nothing is written.
     *
     * @return nothing where the as-of is published already
     * @throws Refusal as {@link #run} does, before it begins
     */
    public Optional<Plan> plan(List<Stage> stages, Instant asOf, Repeat repeat) {
        List<Publication> publications = lake.publications();
        OptionalInt generation = generation(asOf, repeat, publications);
        if (generation.isEmpty()) {
            return Optional.empty();
        }
        Attempts attempts = Attempts.read(lake);
        RunId id = begun(stages.get(0), attempts, asOf, generation.getAsInt())
                .orElse(attempts.next(asOf, generation.getAsInt()));
        try (Inputs inputs = new Inputs(lake, settings.sources(), asOf, clock.instant(), publications)) {
            return Optional.of(
                    Plan.of(open(id, false, publications, kept(attempts, publications, asOf), inputs), stages));
        }
    }

    /** One stage of the next unpublished run of the as-of; the last one publishes. */
    public Optional<Publication> runStage(Stage stage, Instant asOf, Repeat repeat) {
        return work(List.of(stage), asOf, repeat);
    }

    /**
     * All stages for an as-of that was missed, of what was known then. Its tables do not become live, no rule fires and no alert is
     * sent.
     *
     * @return whether there was something to do: the as-of was neither published nor made up for
     */
    public boolean backfill(Instant asOf) {
        requirePast(asOf);
        return leased("backfill of " + asOf, () -> {
            List<Publication> publications = lake.publications();
            Attempts attempts = Attempts.read(lake);
            boolean done = Stream.concat(Publication.ofRuns(publications).stream(), attempts.backfilled().stream())
                    .anyMatch(known -> known.asOf().equals(asOf));
            if (!done && !lake.isDry()) {
                RunId id = attempts.begin(asOf, 1, configHash(), clock.instant());
                try (Inputs inputs = new Inputs(lake, settings.sources(), asOf, asOf, publications)) {
                    work(Stage.ORDER, open(id, true, publications, kept(attempts, publications, asOf), inputs));
                }
            }
            return !done;
        });
    }

    /** What a run goes on from: slices of long ago are not kept, nor are those from which a user was erased. */
    private Optional<Publication> kept(Attempts attempts, List<Publication> publications, Instant asOf) {
        Optional<Publication> earlier = attempts.earlier(publications, asOf);
        boolean gone = earlier.stream()
                .filter(known -> !Publication.newest(publications).equals(earlier))
                .flatMap(known -> Stream.of(Tables.ENROLMENTS, Tables.FIRST_EXPOSURES)
                        .filter(table -> known.tables().containsKey(table.name()))
                        .filter(table -> known.tables().get(table.name()).rows() > 0)
                        .map(table -> lake.published(table, earlier)))
                .anyMatch(Dataset::isEmpty);
        if (gone) {
            progress.notice(
                    "the tables as of %s are not kept any more: enrolments and first exposures begin anew from the exposures"
                            .formatted(earlier.get().asOf()));
        }
        return earlier.filter(known -> !gone);
    }

    private <T> T leased(String what, Supplier<T> work) {
        return lake.leased(what, settings.lake().leaseExpiry(), work);
    }

    private Optional<Publication> work(List<Stage> stages, Instant asOf, Repeat repeat) {
        if (generation(asOf, repeat, lake.publications()).isEmpty()) {
            return Optional.empty();
        }
        return leased("run of " + asOf, () -> attempt(stages, asOf, repeat));
    }

    /** Asks anew what is published: it may have been before the lease was taken. */
    private Optional<Publication> attempt(List<Stage> stages, Instant asOf, Repeat repeat) {
        List<Publication> publications = lake.publications();
        OptionalInt generation = generation(asOf, repeat, publications);
        if (generation.isEmpty()) {
            return Optional.empty();
        }
        Attempts attempts = Attempts.read(lake);
        RunId id = begun(stages.get(0), attempts, asOf, generation.getAsInt())
                .orElseGet(() -> attempts.begin(asOf, generation.getAsInt(), configHash(), clock.instant()));
        try (Inputs inputs = new Inputs(lake, settings.sources(), asOf, clock.instant(), publications)) {
            return work(stages, open(id, false, publications, kept(attempts, publications, asOf), inputs));
        }
    }

    private Optional<Publication> work(List<Stage> stages, Run run) {
        Told told = new Told(run, stages, clock);
        told.begun();
        try {
            Optional<Publication> publication = logged(stages, run);
            told.ended(End.COMPLETE, Optional.empty());
            return publication;
        } catch (Exception | Error e) {
            // Exception: Spark throws checked ones that it does not declare.
            End end = interruption.asked().isPresent() ? End.ABORT : End.FAIL;
            interruption.undisturbed(() -> told.ended(end, Optional.of(Refusal.sentence(e))));
            throw e;
        }
    }

    private Optional<Publication> logged(List<Stage> stages, Run run) {
        RunLog log = new RunLog(run, clock, interruption);
        try (log) {
            progress.begin(run);
            sayLate(stages.get(0), run);
            for (Stage stage : stages) {
                if (stage == Stage.GOVERN) {
                    return governAndPublish(run, log);
                }
                work(stage, run, log);
            }
            return Optional.empty();
        } catch (Exception e) {
            // Exception: Spark throws checked ones that it does not declare.
            progress.end();
            Optional<Signal> signal = interruption.asked();
            if (signal.isPresent()) {
                throw interrupted(run, log.endedIn().orElse(stages.get(0).label()), signal.get(), e);
            }
            throw e;
        }
    }

    /** What the person who ended a run is to know: the run may be published all the same, where that was a matter of moments. */
    private Refusal interrupted(Run run, String stage, Signal signal, Exception error) {
        AtomicReference<String> stands = new AtomicReference<>("what is live could not be read");
        interruption.undisturbed(() -> {
            try {
                Optional<Publication> live = lake.live();
                stands.set(live.map(publication -> "publication %d, as of %s, is live%s"
                                .formatted(
                                        publication.sequence(),
                                        publication.asOf(),
                                        live.equals(run.before()) ? " as before" : ""))
                        .orElse("nothing is live, as before"));
            } catch (Exception e) {
                error.addSuppressed(e);
            }
        });
        return new Refusal(
                signal.exitCode(),
                "run %s was interrupted by %s in stage %s: %s; give the same command again to go on"
                        .formatted(run.id(), signal, stage, stands.get()),
                error);
    }

    private void sayLate(Stage first, Run run) {
        Finding finding = HealthChecks.pipeline(run);
        if (first.before().isEmpty() && finding.failed()) {
            progress.notice(finding.reason());
        }
    }

    /** The attempt that a stage goes on with; none where it is the first of another one. */
    private Optional<RunId> begun(Stage stage, Attempts attempts, Instant asOf, int generation) {
        if (stage.before().isEmpty()) {
            return Optional.empty();
        }
        RunId id = attempts.open(asOf, generation).orElse(attempts.next(asOf, generation));
        requireEarlier(stage, id);
        return Optional.of(id);
    }

    private void requireEarlier(Stage stage, RunId id) {
        Set<String> done = RunLog.done(lake, id.toString());
        for (Stage earlier : stage.before()) {
            if (!done.contains(earlier.label())) {
                throw new Refusal(
                        ExitCode.NO_INPUT,
                        "%s: run %s has no %s yet: run `flagcast %s --as-of %s` first"
                                .formatted(stage.label(), id, earlier.label(), earlier.label(), id.asOf()));
            }
        }
    }

    private Run open(
            RunId id, boolean backfill, List<Publication> publications, Optional<Publication> earlier, Inputs inputs) {
        return new Run(
                settings,
                experiments,
                configHash(),
                lake,
                inputs,
                id,
                Optional.empty(),
                backfill,
                publications,
                earlier,
                ParameterTable.read(lake).before(id.asOf()),
                reshuffled,
                clock.instant(),
                new AtomicReference<>(List.of()),
                progress);
    }

    private String configHash() {
        return ContentHash.sha256(settings.hash()
                + experiments.stream().map(Experiment::contentHash).sorted().collect(Collectors.joining(" ")));
    }

    private void requirePast(Instant asOf) {
        if (asOf.isAfter(clock.instant())) {
            throw new Refusal(
                    ExitCode.USAGE, "--as-of %s is in the future: it is %s now".formatted(asOf, clock.instant()));
        }
    }

    /** The generation of the next run; empty where there is nothing to do. */
    private OptionalInt generation(Instant asOf, Repeat repeat, List<Publication> publications) {
        List<Publication> runs = Publication.ofRuns(publications);
        Optional<Publication> before = Publication.newest(runs);
        requirePast(asOf);
        List<Publication> same = runs.stream()
                .filter(publication -> publication.asOf().equals(asOf))
                .toList();
        Optional<Publication> published = Publication.newest(same);
        if (published.isPresent() && repeat == Repeat.SKIP) {
            progress.say("%s is published already as run %s: nothing to do%s; --restate publishes a new generation"
                    .formatted(
                            asOf,
                            published.get().runId() + rolledBack(published.get(), before.orElseThrow()),
                            published.get().configHash().equals(configHash())
                                    ? ""
                                    : " (configuration or experiments have changed since)"));
            return OptionalInt.empty();
        }
        if (before.isPresent() && asOf.isBefore(before.get().asOf())) {
            throw new Refusal(
                    ExitCode.USAGE,
                    "--as-of %s is before the live publication's %s: a run never moves the live publication back; flagcast backfill makes up for a missed as-of"
                            .formatted(asOf, before.get().asOf()));
        }
        return OptionalInt.of(Publication.generations(publications, asOf) + 1);
    }

    private static String rolledBack(Publication published, Publication live) {
        return published.asOf().isAfter(live.asOf()) ? ", which was rolled back" : "";
    }

    private StageResult work(Stage stage, Run run, RunLog log) {
        Instant started = clock.instant();
        long nanos = System.nanoTime();
        int place = stage.before().size() + 1;
        progress.begin(place, Stage.ORDER.size(), stage.label());
        StageResult result = log.part(stage.label(), () -> stage.run(run));
        Duration took = Duration.ofNanos(System.nanoTime() - nanos);
        log.done(stage.label(), started, took, result);
        progress.done(place, Stage.ORDER.size(), stage.label(), result, took.toMillis() / 1000.0);
        return result;
    }

    /** What a run decides changes the next one: nothing is decided on slices that are unsound. */
    private Optional<Publication> governAndPublish(Run run, RunLog log) {
        Map<String, Long> rows = log.part(Stage.GOVERN.label(), () -> AuditSlices.of(run));
        work(Stage.GOVERN, run, log).detail().forEach((table, written) -> rows.put(table, Long.valueOf(written)));
        if (run.backfill()) {
            log.part(Stage.GOVERN.label(), () -> {
                Attempts.backfilled(run, rows, clock.instant());
                return rows;
            });
            progress.say("  made up for %s, beside what is live".formatted(run.asOf()));
            return Optional.empty();
        }
        Publication publication = log.part(
                Stage.GOVERN.label(),
                () -> new Publications(lake).publish(run.before(), run.id(), rows, run.configHash(), clock.instant()));
        progress.say("  published %d: %,d scores, %,d allocations"
                .formatted(
                        publication.sequence(),
                        rows.get(Tables.RESPONSIVENESS_SCORES.name()),
                        rows.get(Tables.ALLOCATIONS.name())));
        List<Publication> all = new ArrayList<>(run.publications());
        all.add(publication);
        new Retention(run, clock.instant()).removeOld(all);
        new DeliverAlerts(settings.alerts(), lake, clock, progress::say).afterPublication();
        return Optional.of(publication);
    }
}
