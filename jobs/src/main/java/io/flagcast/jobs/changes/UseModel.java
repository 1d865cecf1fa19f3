package io.flagcast.jobs.changes;

import io.flagcast.jobs.records.ModelRegistry;
import io.flagcast.jobs.records.ModelRegistry.Cause;
import io.flagcast.jobs.records.ModelRegistry.Entry;
import io.flagcast.jobs.records.ModelRegistry.Status;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Refusal;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A person says which model a feature uses. */
public final class UseModel {

    private UseModel() {}

    /**
     * Returns a feature to the model that it used before the one in use.
     *
     * @throws Refusal with exit code 64 where there is none, 65 where its file is not the one that was written
     */
    public static void before(ModelRegistry registry, String featureId, Instant now, Progress progress) {
        Entry before = registry.beforeLive(featureId, Instant.MAX)
                .orElseThrow(() -> new Refusal(
                        ExitCode.USAGE,
                        registry.families(featureId).stream()
                                .filter(family -> !family.equals(featureId))
                                .findFirst()
                                .map(family -> "%s is scored by the model of family %s: flagcast models rollback '%s'"
                                        .formatted(featureId, family, family))
                                .orElse("%s has no earlier model to return to: see flagcast models list --feature '%s'"
                                        .formatted(featureId, featureId))));
        use(registry, before, now, progress);
    }

    /**
     * Makes a model the one that its feature uses.
     *
     * @throws Refusal with exit code 65 where its file is not the one that was written
     */
    public static void use(ModelRegistry registry, Entry entry, Instant now, Progress progress) {
        registry.load(entry);
        Optional<Entry> live = registry.live(entry.featureId(), Instant.MAX);
        Instant from = from(registry, entry);
        registry.append(List.of(entry.given(Status.CHAMPION, Cause.PERSON, from, after(registry, now))));
        progress.say("%s: %s (%s) is used from the next run on%s; run --as-of %s --restate uses it at once"
                .formatted(
                        entry.featureId(),
                        entry.modelId(),
                        entry.learner(),
                        live.map(was -> " instead of " + was.modelId()).orElse(""),
                        from));
    }

    /** The as-of from which the next run, or a restatement of the live one, uses what is changed now. */
    private static Instant from(ModelRegistry registry, Entry entry) {
        return Stream.of(
                        registry.lake().live().map(Publication::asOf),
                        // A model may have been trained that was never published.
                        registry.live(entry.featureId(), Instant.MAX).map(Entry::effectiveAsOf))
                .flatMap(Optional::stream)
                .reduce(entry.asOf(), UseModel::later);
    }

    /** After every other change, whatever the clocks of machines say. */
    private static Instant after(ModelRegistry registry, Instant now) {
        return registry.entries().stream()
                .map(known -> known.changedAt().plusMillis(1))
                .reduce(now, UseModel::later);
    }

    private static Instant later(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }
}
