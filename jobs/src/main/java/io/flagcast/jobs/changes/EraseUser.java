package io.flagcast.jobs.changes;

import static org.apache.spark.sql.functions.col;

import io.flagcast.jobs.records.ModelRegistry;
import io.flagcast.jobs.run.Attempts;
import io.flagcast.lake.Erasure;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Publications;
import io.flagcast.lake.RunId;
import io.flagcast.lake.Upkeep;
import io.flagcast.lake.inputs.Inputs;
import io.flagcast.tables.Table;
import io.flagcast.tables.Table.Kind;
import io.flagcast.tables.Tables;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * Removes a user from all that a lake has of its own. What is live is written anew without the user and published; every other slice
 * goes, in tables that only grow sentences lose the id, and nothing older stays on the disk.
 */
public final class EraseUser {

    private final Lake lake;
    private final Erasure erasure;
    private final Instant now;
    private final Map<String, Long> rows = new TreeMap<>();

    private EraseUser(Lake lake, String userId, Instant now) {
        this.lake = Objects.requireNonNull(lake, "lake");
        this.erasure = new Erasure(userId);
        this.now = Objects.requireNonNull(now, "now");
    }

    /**
     * What was erased.
     *
     * @param rows per table how many live rows were removed, or had the id replaced; tables without any are left out
     * @param models files of models that held the id, and are gone
     * @param places input files that hold the id still: a run would read it again
     * @param publication the publication without the user; absent where nothing was live
     */
    public record Erased(
            Map<String, Long> rows, List<String> models, List<String> places, Optional<Publication> publication) {}

    /**
     * Erases a user. The lake's lease must be held.
     *
     * @param inputs the sources
     */
    public static Erased erase(Lake lake, Inputs inputs, String userId, Instant now) {
        return new EraseUser(lake, userId, now).erase(inputs);
    }

    private Erased erase(Inputs inputs) {
        List<Publication> publications = lake.publications();
        Optional<Publication> base = Publication.newest(Publication.ofRuns(publications));
        Optional<Publication> published = base.map(live -> republished(live, publications));
        removeOthers(published);
        Tables.of(Kind.APPEND).forEach(this::rewrite);
        rewrite(Tables.RULE_DECISIONS);
        List<String> models = removeModels();
        Upkeep upkeep = new Upkeep(lake);
        for (Table table : upkeep.tables()) {
            if (Erasure.hasRowsOfUsers(table)) {
                upkeep.removeUnneeded(table, Duration.ZERO);
            } else if (Erasure.concerns(table)) {
                // Metrics between runs and people's commands may be writing it.
                upkeep.removeReplaced(table);
            }
        }
        List<String> places = inputs.placesOf(erasure.userId());
        lake.append(
                Tables.ERASURES,
                List.of(RowFactory.create(
                        UUID.randomUUID().toString(),
                        now,
                        published.map(Publication::sequence).orElse(null),
                        new HashMap<>(rows),
                        (long) models.size(),
                        (long) places.size())));
        return new Erased(rows, models, places, published);
    }

    /** The live tables once more, without the user. */
    private Publication republished(Publication base, List<Publication> publications) {
        RunId id = Attempts.read(lake)
                .begin(base.asOf(), Publication.generations(publications, base.asOf()) + 1, base.configHash(), now);
        Map<String, Long> counts = new HashMap<>();
        base.tables().forEach((name, slice) -> {
            Table table = Tables.named(name).orElseThrow();
            Dataset<Row> live = lake.slice(table, slice.runId());
            count(table, live);
            counts.put(
                    name,
                    lake.replaceSlice(table, id, erasure.without(table, live).drop("run_id", "as_of")));
        });
        return new Publications(lake).publish(lake.live(), id, counts, base.configHash(), now);
    }

    private void count(Table table, Dataset<Row> live) {
        if (Erasure.concerns(table)) {
            long concerned = live.where(erasure.names(table)).count();
            if (concerned > 0) {
                rows.merge(table.name(), concerned, Long::sum);
            }
        }
    }

    private void removeOthers(Optional<Publication> published) {
        for (Table table : Tables.of(Kind.SLICE)) {
            if (lake.exists(table) && !table.equals(Tables.RULE_DECISIONS)) {
                String live = published.map(Publication::runId).orElse("");
                List<String> others = lake
                        .history(table)
                        .where(col("run_id").notEqual(live))
                        .select("run_id")
                        .distinct()
                        .collectAsList()
                        .stream()
                        .map(row -> row.getString(0))
                        .toList();
                if (!others.isEmpty()) {
                    lake.removeSlices(List.of(table), others);
                }
            }
        }
    }

    /** Rows of the past, where some name the user. */
    private void rewrite(Table table) {
        if (!lake.exists(table) || !Erasure.concerns(table)) {
            return;
        }
        Dataset<Row> all = lake.history(table);
        long concerned = all.where(erasure.names(table)).count();
        if (concerned > 0) {
            rows.merge(table.name(), concerned, Long::sum);
            lake.rewrite(table, erasure.without(table, all));
        }
    }

    private List<String> removeModels() {
        List<String> removed = new ArrayList<>();
        for (ModelRegistry.Entry entry : ModelRegistry.read(lake).models()) {
            if (lake.files().read(entry.path()).filter(erasure::isIn).isPresent()) {
                lake.files().delete(entry.path());
                removed.add(entry.modelId());
            }
        }
        return removed;
    }
}
