package io.flagcast.jobs.pipeline;

import io.flagcast.jobs.run.Attempts;
import io.flagcast.jobs.run.Run;
import io.flagcast.lake.Publication;
import io.flagcast.lake.RunId;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Which slices stay after a publication.
 *
 * @param run the run that was published
 * @param now when it was
 */
record Retention(Run run, Instant now) {

    /**
     * Removes slices. The live one and those before it stay, as many of what was made up for, every slice that an open outcome window
     * may be joined to, and what may still be read. What attempts at this as-of or an earlier one have left goes.
     *
     * @param all publications with the new one, oldest first
     */
    void removeOld(List<Publication> all) {
        List<String> old = old(all);
        if (!old.isEmpty()) {
            run.lake().removeSlices(old);
        }
    }

    /** The runs whose slices go, the oldest first. */
    List<String> old(List<Publication> all) {
        Attempts attempts = Attempts.read(run.lake());
        Set<String> kept = kept(all, attempts.backfilled());
        Stream<String> begun = attempts.started().stream()
                .map(Attempts.Started::id)
                .filter(id -> !id.asOf().isAfter(run.asOf()))
                .map(RunId::toString);
        return Stream.concat(all.stream().flatMap(publication -> publication.runIds().stream()), begun)
                .distinct()
                .filter(runId -> !kept.contains(runId))
                .toList();
    }

    private Set<String> kept(List<Publication> all, List<Publication> backfilled) {
        int most = run.settings().lake().keepPublications();
        List<Publication> runs = Publication.ofRuns(all);
        Set<String> kept = new HashSet<>();
        backfilled.stream()
                .sorted(Comparator.comparing(Publication::asOf).reversed())
                .limit(most)
                .forEach(backfill -> kept.add(backfill.runId()));
        IntStream.rangeClosed(1, runs.size())
                .mapToObj(back -> runs.get(runs.size() - back).runId())
                .distinct()
                .limit(most)
                .forEach(kept::add);
        for (int i = 0; i < runs.size(); i++) {
            boolean last = i == runs.size() - 1;
            if (last || isNeededUntil(runs.get(i + 1).publishedAt())) {
                kept.add(runs.get(i).runId());
            }
        }
        return kept;
    }

    /** Whether what was live until then is joined to exposures of an open window, or may still be read. */
    private boolean isNeededUntil(Instant until) {
        Duration longest = run.experiments().stream()
                .flatMap(experiment -> experiment.metrics().stream())
                .map(metric -> metric.closesAfter())
                .max(Duration::compareTo)
                .orElse(Duration.ZERO);
        return until.isAfter(run.asOf().minus(longest))
                || until.isAfter(now.minus(run.settings().lake().keepFor()));
    }
}
