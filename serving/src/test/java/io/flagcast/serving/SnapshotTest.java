package io.flagcast.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.flagcast.allocation.Decision;
import io.flagcast.serving.lake.Published;
import io.flagcast.serving.lake.RefusedException;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SnapshotTest {

    private static final int USERS = 4_000;

    @TempDir
    Path folder;

    private final MemoryLake lake = new MemoryLake();
    private final World world = new World(USERS, 1, 3);
    private Path path;

    @BeforeEach
    void name() {
        path = folder.resolve("publication-1.snapshot");
    }

    private Snapshot written() throws IOException {
        return written(world);
    }

    private Snapshot written(World some) throws IOException {
        new SnapshotWriter(lake, some.writeTo(lake, 1, "run-1")).write(path, Optional.empty());
        return Snapshot.open(path);
    }

    @Test
    void everyDecisionIsTheRunsInEveryField() throws IOException {
        requireDecisions(written(), world);
    }

    @Test
    void everyDecisionIsTheRunsWithOneExperiment() throws IOException {
        // Words that are packed are hardly shorter here than before.
        World one = new World(USERS, 1, World.rollouts(3).subList(1, 2));
        requireDecisions(written(one), one);
    }

    @ParameterizedTest
    @ValueSource(ints = {7, 8, 24, 100})
    void everyDecisionIsTheRunsHoweverManyExperimentsThereAre(int experiments) throws IOException {
        List<World.Rollout> rollouts = IntStream.range(0, experiments)
                .mapToObj(i -> World.rollouts(3).get(i % 4).named("experiment-" + i))
                .toList();
        World many = new World(300, 1, rollouts);
        requireDecisions(written(many), many);
    }

    private static void requireDecisions(Snapshot snapshot, World world) {
        for (String user : world.users()) {
            for (World.Rollout rollout : world.rollouts()) {
                Map<String, Object> row = world.allocation(user, rollout.id());
                Allocation allocation = snapshot.allocation(user, rollout.id());
                assertThat(fields(allocation)).isEqualTo(row);
                assertThat(snapshot.enables(user, rollout.id())).isEqualTo(row.get("enabled"));
                assertThat(allocation.treatment().isEmpty()).isEqualTo(!allocation.enabled());
                assertThat(allocation.runId()).isEqualTo("run-1");
            }
        }
    }

    private static Map<String, Object> fields(Allocation allocation) {
        Map<String, Object> fields = new HashMap<>();
        fields.put("experiment_id", allocation.experimentId());
        fields.put("user_id", allocation.userId());
        fields.put("enabled", allocation.enabled());
        fields.put("score", allocation.score().isPresent() ? allocation.score().getAsDouble() : null);
        fields.put("segment", allocation.segment().orElse(null));
        fields.put("tier", allocation.tier().isPresent() ? allocation.tier().getAsInt() : null);
        fields.put("bucket", allocation.bucket());
        fields.put("base_probability", allocation.baseProbability());
        fields.put("share", allocation.share());
        fields.put("propensity", allocation.propensity());
        fields.put("reason", allocation.reason());
        fields.put("parameters_version", allocation.parametersVersion());
        fields.put("model_id", allocation.modelId().orElse(null));
        return fields;
    }

    @Test
    void everyPredictionIsTheRunsToItsPrecision() throws IOException {
        Snapshot snapshot = written();
        for (String user : world.users()) {
            for (String feature : World.FEATURES) {
                Prediction prediction = snapshot.prediction(user, feature);
                Optional<Map<String, Object>> row = world.score(user, feature);
                if (row.isEmpty()) {
                    assertThat(prediction).isEqualTo(Prediction.NONE);
                    continue;
                }
                assertThat(prediction.score().getAsDouble()).isEqualTo(row.get().get("score"));
                Double uplift = (Double) row.get().get("uplift");
                assertThat(prediction.uplift().isPresent()).isEqualTo(uplift != null);
                if (uplift != null) {
                    assertThat(prediction.uplift().getAsDouble())
                            .isCloseTo(uplift, org.assertj.core.data.Offset.offset(0.0005 + 1e-12));
                }
                Double affinity = (Double) row.get().get("affinity");
                assertThat(prediction.affinity().isPresent()).isEqualTo(affinity != null);
                if (affinity != null) {
                    assertThat(prediction.affinity().getAsDouble())
                            .isCloseTo(affinity, org.assertj.core.data.Offset.offset(1e-4));
                }
                assertThat(prediction.noBenefit()).isEqualTo(row.get().get("no_benefit"));
                assertThat(prediction.source().orElseThrow().name().toLowerCase(Locale.ROOT))
                        .isEqualTo(row.get().get("source"));
            }
        }
    }

    @Test
    void anUpliftThatIsAnAmountIsPackedInTheUnitThatTheLargestNeeds() {
        for (double most : new double[] {0.5, 16, 40, 1e7}) {
            double unit = PackedPrediction.unit(most);
            assertThat(unit).isEqualTo(most <= 16 ? 0.001 : most / 16_383);
            for (double uplift : new double[] {most, -most, most / 3, 0, -0.0004}) {
                Prediction prediction = PackedPrediction.unpack(
                        PackedPrediction.pack(12.34, uplift, unit, true, Prediction.Source.MODEL), unit);
                assertThat(prediction.uplift().getAsDouble())
                        .isCloseTo(uplift, org.assertj.core.data.Offset.offset(unit / 2 * (1 + 1e-9)));
                assertThat(prediction.score().getAsDouble()).isEqualTo(12.34);
                assertThat(prediction.noBenefit()).isTrue();
                assertThat(prediction.source()).contains(Prediction.Source.MODEL);
                assertThat(prediction.affinity()).isEmpty();
            }
        }
    }

    /** The order of features is what they are for. */
    @Test
    void anAffinityIsPackedInTheUnitThatTheLargestAllows() {
        for (double most : new double[] {0.02, 1.1, 40}) {
            double unit = PackedPrediction.fineUnit(most);
            for (double affinity : new double[] {most, -most, most / 3, 0}) {
                Prediction prediction = PackedPrediction.unpack(
                        PackedPrediction.pack(12.34, affinity, unit, false, Prediction.Source.GROUP), unit);
                assertThat(prediction.affinity().getAsDouble())
                        .isCloseTo(affinity, org.assertj.core.data.Offset.offset(most / 32_766 * (1 + 1e-9)));
                assertThat(prediction.uplift()).isEmpty();
            }
        }
        assertThat(PackedPrediction.fineUnit(0)).isPositive();
    }

    @Test
    void aUserWhomTheRunHasNotMetIsDecidedByTheSameCode() throws IOException {
        Snapshot snapshot = written();
        for (int i = 0; i < 5_000; i++) {
            String user = "stranger-" + i;
            for (World.Rollout rollout : world.rollouts()) {
                Decision decision = rollout.decideUnknown(user);
                Allocation allocation = snapshot.allocation(user, rollout.id());
                assertThat(allocation.enabled()).isEqualTo(decision.enabled());
                assertThat(allocation.reason()).isEqualTo(decision.reason().label());
                assertThat(allocation.propensity()).isEqualTo(decision.propensity());
                assertThat(allocation.baseProbability()).isEqualTo(decision.baseProbability());
                assertThat(allocation.bucket()).isEqualTo(decision.bucket());
                assertThat(allocation.parametersVersion()).isEqualTo(3);
                assertThat(snapshot.enables(user, rollout.id())).isEqualTo(decision.enabled());
            }
        }
    }

    @Test
    void anUnknownExperimentIsOffWithItsReason() throws IOException {
        Allocation allocation = written().allocation("user-1", "nobody_knows");
        assertThat(allocation.enabled()).isFalse();
        assertThat(allocation.reason()).isEqualTo(Allocation.UNKNOWN_EXPERIMENT);
    }

    @Test
    void aLookupMakesNoObject() throws IOException {
        Snapshot snapshot = written();
        String[] users = world.users().toArray(String[]::new);
        int enabled = lookups(snapshot, users, 20);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        enabled += lookups(snapshot, users, 20);
        long bytes = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(enabled).isPositive();
        assertThat(bytes / (20.0 * users.length)).isLessThan(0.5);
    }

    private static int lookups(Snapshot snapshot, String[] users, int times) {
        int enabled = 0;
        for (int i = 0; i < times; i++) {
            for (String user : users) {
                enabled += snapshot.enables(user, "weights") ? 1 : 0;
            }
        }
        return enabled;
    }

    @Test
    void aFlippedByteOrAMissingEndIsRefused() throws IOException {
        written();
        byte[] whole = Files.readAllBytes(path);
        Random random = new Random(5);
        Path damaged = folder.resolve("damaged");
        for (int i = 0; i < 200; i++) {
            byte[] bytes = whole.clone();
            // Every part of the file, the header and the checksums among them.
            int at = i < 64 ? i : i < 80 ? bytes.length - 1 - (i - 64) : random.nextInt(bytes.length);
            bytes[at] ^= (byte) (1 << random.nextInt(8));
            Files.write(damaged, bytes);
            assertThatThrownBy(() -> Snapshot.open(damaged)).as("byte %d", at).isInstanceOf(IOException.class);
        }
        for (int i = 0; i < 50; i++) {
            Files.write(damaged, java.util.Arrays.copyOf(whole, random.nextInt(whole.length)));
            assertThatThrownBy(() -> Snapshot.open(damaged)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void theUsersOfBeforeAreNotGatheredAgain() throws IOException {
        Snapshot before = written();
        MemoryLake next = new MemoryLake();
        World later = new World(USERS, 2, 4);
        Path second = folder.resolve("publication-2.snapshot");
        new SnapshotWriter(next, later.writeTo(next, 2, "run-2")).write(second, Optional.of(before));
        assertThat(next.reads()).doesNotContain(List.of("user_id"));
        Snapshot snapshot = Snapshot.open(second);
        for (String user : later.users()) {
            assertThat(fields(snapshot.allocation(user, "weights"))).isEqualTo(later.allocation(user, "weights"));
        }
    }

    @Test
    void aNewUserMakesThemGatheredAgain() throws IOException {
        Snapshot before = written();
        MemoryLake next = new MemoryLake();
        World later = new World(USERS + 1, 1, 4);
        Path second = folder.resolve("publication-2.snapshot");
        new SnapshotWriter(next, later.writeTo(next, 2, "run-2")).write(second, Optional.of(before));
        assertThat(next.reads()).contains(List.of("user_id"));
        String added = later.users().get(USERS);
        assertThat(fields(Snapshot.open(second).allocation(added, "tiers")))
                .isEqualTo(later.allocation(added, "tiers"));
    }

    @Test
    void rowsThatWereNotPublishedAreRefused() {
        Published published = world.writeTo(lake, 1, "run-1");
        Map<String, Published.Slice> slices = new HashMap<>(published.slices());
        slices.put(Tables.ALLOCATIONS.name(), new Published.Slice("run-1", USERS * 4 + 1));
        assertThatThrownBy(() -> new SnapshotWriter(lake, new Published(1, slices, published.publishedAt()))
                        .write(path, Optional.empty()))
                .isInstanceOf(RefusedException.class)
                .hasMessage("allocations of run run-1 has 16,000 rows, publication 1 says 16,001");
    }

    @Test
    void aRowTwiceIsRefused() {
        Published published = world.writeTo(lake, 1, "run-1");
        List<Map<String, Object>> rows = new ArrayList<>();
        rows.add(world.allocation("user-1", "tiers"));
        rows.add(world.allocation("user-1", "tiers"));
        lake.write(Tables.ALLOCATIONS, "run-1", rows);
        Map<String, Published.Slice> slices = new HashMap<>(published.slices());
        slices.put(Tables.ALLOCATIONS.name(), new Published.Slice("run-1", 2));
        assertThatThrownBy(() -> new SnapshotWriter(lake, new Published(1, slices, published.publishedAt()))
                        .write(path, Optional.empty()))
                .isInstanceOf(RefusedException.class)
                .hasMessage("allocations has user 'user-1' in experiment 'tiers' twice");
    }

    @Test
    void tablesOfTwoRunsAreRefused() {
        Published published = world.writeTo(lake, 1, "run-1");
        Map<String, Published.Slice> slices = new HashMap<>(published.slices());
        slices.put(Tables.RESPONSIVENESS_SCORES.name(), new Published.Slice("run-0", 1));
        assertThatThrownBy(() -> new Published(1, slices, published.publishedAt()).runId())
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("mixes runs run-1 and run-0");
    }

    @Test
    void keysAreTheSetOfWhatWasAdded() {
        UserKeys keys = new UserKeys();
        HashSet<Long> set = new HashSet<>();
        Random random = new Random(3);
        for (int i = 0; i < 300_000; i++) {
            long key = i == 17 ? 0 : random.nextInt(4) == 0 ? i / 2 : random.nextLong();
            assertThat(keys.collides(key, ~key)).isFalse();
            set.add(key);
        }
        assertThat(keys.collides(17, 5)).isEqualTo(set.contains(17L));
        set.add(17L);
        long[] expected = set.stream().mapToLong(Long::longValue).toArray();
        long[] ascending = keys.ascending();
        assertThat(ascending).hasSameSizeAs(expected);
        for (int i = 1; i < ascending.length; i++) {
            assertThat(Long.compareUnsigned(ascending[i - 1], ascending[i])).isNegative();
        }
        java.util.Arrays.sort(expected);
        java.util.Arrays.sort(ascending);
        assertThat(ascending).isEqualTo(expected);
    }
}
