package io.flagcast.jobs.records;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.jobs.records.ModelRegistry.Cause;
import io.flagcast.jobs.records.ModelRegistry.Entry;
import io.flagcast.jobs.records.ModelRegistry.Status;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ModelRegistryTest {

    private static final Instant START = Instant.parse("2026-03-01T00:00:00Z");

    private final List<Entry> entries = new ArrayList<>();

    private static Instant day(int day) {
        return START.plus(Duration.ofDays(day));
    }

    /** A model of a day's examples, whose status is given by its training. */
    private void trained(String modelId, int day, Status status) {
        Instant at = day(day).plusSeconds(entries.size());
        entries.add(new Entry(
                modelId,
                "search",
                "t_linear",
                status,
                Optional.empty(),
                Cause.TRAINING,
                day(day),
                at,
                day(day),
                "run" + day,
                10,
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                Map.of(),
                "",
                ""));
    }

    /** A person makes a model the champion from a day on. */
    private void promoted(String modelId, int day) {
        Entry known = registry().withId(modelId).orElseThrow();
        entries.add(known.given(Status.CHAMPION, Cause.PERSON, day(day), day(20).plusSeconds(entries.size())));
    }

    private ModelRegistry registry() {
        return new ModelRegistry(null, entries);
    }

    private String live(int day) {
        return registry().live("search", day(day)).map(Entry::modelId).orElse("none");
    }

    private String before(int day) {
        return registry().beforeLive("search", day(day)).map(Entry::modelId).orElse("none");
    }

    @Test
    void theChampionThatTookEffectLastIsUsedAndABackfillUsesThatOfItsTime() {
        trained("m1", 1, Status.CHAMPION);
        trained("c1", 1, Status.CHALLENGER);
        trained("m8", 8, Status.CHAMPION);
        trained("r9", 9, Status.REJECTED);
        assertThat(List.of(live(0), live(1), live(7), live(8), live(9)))
                .containsExactly("none", "m1", "m1", "m8", "m8");
        // A backfill trains later what was known earlier.
        trained("m5", 5, Status.CHAMPION);
        assertThat(List.of(live(6), live(9))).containsExactly("m5", "m8");
        assertThat(registry().newest("search", day(9)).map(Entry::modelId)).contains("r9");
    }

    @Test
    void trainingsAreCountedOnceEachWhateverBecameOfTheirModels() {
        trained("m1", 1, Status.CHAMPION);
        trained("c1", 1, Status.CHALLENGER);
        trained("r8", 8, Status.REJECTED);
        trained("m15", 15, Status.CHAMPION);
        promoted("c1", 16);
        // Used again by a later run of the same day.
        trained("m1", 1, Status.CHAMPION);
        // A backfill trains later what was known earlier.
        trained("m5", 5, Status.CHAMPION);
        assertThat(registry().trainings("search", day(14)))
                .extracting(Entry::modelId)
                .containsExactly("m1", "m5", "r8");
        assertThat(registry().trainings("checkout", day(14))).isEmpty();
    }

    @Test
    void aRollbackReturnsAlongTheModelsThatWereUsed() {
        trained("m1", 1, Status.CHAMPION);
        trained("m8", 8, Status.CHAMPION);
        trained("m15", 15, Status.CHAMPION);
        assertThat(before(16)).isEqualTo("m8");
        promoted("m8", 16);
        assertThat(live(16)).isEqualTo("m8");
        assertThat(before(16)).isEqualTo("m1");
        promoted("m1", 16);
        assertThat(List.of(live(16), before(16))).containsExactly("m1", "none");
        // What was used before the change took effect stays what it was.
        assertThat(live(15)).isEqualTo("m15");
    }

    @Test
    void aPromotedChallengerIsUsedUntilTheNextTrainingOrARollback() {
        trained("m1", 1, Status.CHAMPION);
        trained("c1", 1, Status.CHALLENGER);
        promoted("c1", 1);
        assertThat(List.of(live(1), before(1))).containsExactly("c1", "m1");
        promoted("m1", 1);
        assertThat(live(1)).isEqualTo("m1");
        promoted("c1", 1);
        trained("m8", 8, Status.CHAMPION);
        assertThat(List.of(live(8), before(8))).containsExactly("m8", "c1");
    }
}
