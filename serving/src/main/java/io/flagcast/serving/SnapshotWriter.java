package io.flagcast.serving;

import io.flagcast.serving.Layout.Contents;
import io.flagcast.serving.Layout.Contents.Feature;
import io.flagcast.serving.ServedExperiment.Definition;
import io.flagcast.serving.Verdicts.Names;
import io.flagcast.serving.lake.Published;
import io.flagcast.serving.lake.PublishedLake;
import io.flagcast.serving.lake.RefusedException;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Makes the snapshot of a publication: one pass over the users' ids, sorted by key in memory (24 to 70 bytes a user), and one
 * over decisions and predictions, each written where its user lies.
 */
final class SnapshotWriter {

    private final PublicationReader publication;

    SnapshotWriter(PublishedLake lake, Published published) {
        this.publication = new PublicationReader(lake, published);
    }

    /**
     * Writes the snapshot, whole and forced to disk.
     *
     * @param before a snapshot whose users this one probably has: they are not gathered again as long as no other one comes
     * @throws RefusedException where a table is missing or of another run, has more or fewer rows than were published, or a row
     *     twice
     * @throws IOException where the lake cannot be read or the file not be written
     */
    void write(Path path, Optional<Snapshot> before) throws IOException {
        String runId = publication.published().runId();
        List<Definition> experiments = publication.experiments();
        List<Feature> features = publication.features();
        if (before.isPresent()) {
            try {
                if (write(path, experiments, features, SnapshotUsers.of(before.get()))) {
                    return;
                }
            } catch (UnfinishedSnapshot.NewUser e) {
                // The users are not those of before.
            }
        }
        for (long seed = 0; seed < SnapshotUsers.SEEDS; seed++) {
            Optional<SnapshotUsers> users = SnapshotUsers.of(publication, seed);
            if (users.isPresent() && write(path, experiments, features, users.get())) {
                return;
            }
        }
        throw new RefusedException("%d ways to number the users of run %s each give two users one number"
                .formatted(SnapshotUsers.SEEDS, runId));
    }

    /** Writes the snapshot of so many users, unless one of them cannot be told from another. */
    private boolean write(Path path, List<Definition> experiments, List<Feature> features, SnapshotUsers users)
            throws IOException {
        Published published = publication.published();
        Contents contents = new Contents(
                publication.lake().root(),
                published.sequence(),
                published.runId(),
                published.publishedAt(),
                users.seed(),
                experiments,
                features);
        byte[] bytes = contents.bytes();
        Layout layout = Layout.of(users.number(), bytes.length, experiments.size(), features.size());
        try (FileChannel channel = FileChannel.open(
                path,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
            requireRoom(path, UnfinishedSnapshot.end(layout));
            UnfinishedSnapshot unfinished = new UnfinishedSnapshot(channel, layout, users.seed());
            if (!unfinished.begin(bytes, users)) {
                return false;
            }
            Names names = new Names();
            unfinished.finish(fill(unfinished, contents, names), names);
            return true;
        } catch (InternalError e) {
            // What the JVM makes of a page that cannot be written.
            throw new IOException("%s cannot be written: is the disk full?".formatted(path), e);
        }
    }

    /** A mapping takes its room on disk page by page, and where there is none the JVM says no more than that. */
    private static void requireRoom(Path path, long bytes) throws IOException {
        long room = Files.getFileStore(path).getUsableSpace();
        if (room < bytes) {
            throw new IOException(
                    "%s needs %,d bytes, the disk has %,d: make room, or choose another folder of snapshots"
                            .formatted(path, bytes, room));
        }
    }

    /** Puts all decisions and predictions, and returns the verdicts of every experiment. */
    private List<Verdicts> fill(UnfinishedSnapshot unfinished, Contents contents, Names names) throws IOException {
        Map<String, Integer> experiments = numbered(
                contents.experiments().stream().map(Definition::experimentId).toList());
        Map<String, Integer> features =
                numbered(contents.features().stream().map(Feature::id).toList());
        List<Verdicts> verdicts =
                Stream.generate(Verdicts::new).limit(experiments.size()).toList();
        publication.read(Tables.ALLOCATIONS, PublicationReader.ALLOCATION, batch -> {
            // A run leaves the rows of a user together.
            String last = null;
            long user = -1;
            for (int row = 0; row < batch.rows(); row++) {
                String experimentId = batch.text(row, 0);
                String userId = batch.text(row, 1);
                Integer experiment = experiments.get(experimentId);
                if (experiment == null) {
                    throw RefusedException.unchecked(
                            "allocations has experiment '%s', which table experiments lacks".formatted(experimentId));
                }
                int number = verdicts.get(experiment).number(PublicationReader.verdict(batch, row, names));
                if (!userId.equals(last)) {
                    user = unfinished.of(userId);
                    last = userId;
                }
                if (!unfinished.put(
                        user, experiment, batch.flag(row, 2) ? number | UnfinishedSnapshot.ENABLED : number)) {
                    throw RefusedException.unchecked(
                            "allocations has user '%s' in experiment '%s' twice".formatted(userId, experimentId));
                }
            }
        });
        publication.read(Tables.RESPONSIVENESS_SCORES, PublicationReader.SCORE, batch -> {
            String last = null;
            long user = -1;
            for (int row = 0; row < batch.rows(); row++) {
                String userId = batch.text(row, 1);
                if (!userId.equals(last)) {
                    user = unfinished.of(userId);
                    last = userId;
                }
                int feature = features.get(batch.text(row, 0));
                int packed = PublicationReader.prediction(
                        batch, row, contents.features().get(feature).unit());
                if (!unfinished.put(user, experiments.size() + feature, packed)) {
                    throw RefusedException.unchecked("responsiveness_scores has user '%s' and feature '%s' twice"
                            .formatted(userId, batch.text(row, 0)));
                }
            }
        });
        return verdicts;
    }

    private static Map<String, Integer> numbered(List<String> names) {
        Map<String, Integer> numbers = new HashMap<>();
        names.forEach(name -> numbers.put(name, numbers.size()));
        return numbers;
    }
}
