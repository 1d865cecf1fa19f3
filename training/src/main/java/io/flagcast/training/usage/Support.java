package io.flagcast.training.usage;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map_keys;

import io.flagcast.training.learners.TrainingSettings;
import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * The items of a family that enough users use.
 *
 * @param family the family
 * @param items users per item, by name: the most used ones, at most one more than the family may have
 * @param supported how many items enough users use
 * @param leftOut how many are used by fewer
 */
public record Support(Family family, NavigableMap<String, Long> items, long supported, long leftOut) {

    public Support {
        items = Collections.unmodifiableNavigableMap(new TreeMap<>(items));
    }

    /**
     * Counts who uses them.
     *
     * @param users {@code usage} of items of the family alone
     */
    public static Support of(Dataset<Row> users, Family family) {
        Dataset<Row> items = users.select(explode(map_keys(col("usage"))).as("item"))
                .groupBy("item")
                .agg(count(lit(1)).as("users"));
        Row all = items.agg(count(lit(1)), count_if(col("users").lt(family.minUsers())))
                .head();
        NavigableMap<String, Long> most = new TreeMap<>();
        items.where(col("users").geq(family.minUsers()))
                .orderBy(col("users").desc(), col("item"))
                .limit(family.maxFeatures() + 1)
                .collectAsList()
                .forEach(row -> most.put(row.getString(0), row.getLong(1)));
        return new Support(family, most, all.getLong(0) - all.getLong(1), all.getLong(1));
    }

    /** Why there is nothing to learn, or too much of it. */
    public Optional<String> refusal() {
        if (supported == 0) {
            return Optional.of(
                    leftOut == 0
                            ? "no usage event has a feature_id like it"
                            : "%,d features are like it, and none has %,d users (min-users)"
                                    .formatted(leftOut, family.minUsers()));
        }
        if (supported <= family.maxFeatures()) {
            return Optional.empty();
        }
        List<Long> users =
                items.values().stream().sorted(Collections.reverseOrder()).toList();
        // So many that the last, one too many, has no longer.
        long enough = users.get(users.size() - 1) + 1;
        return Optional.of(
                "%,d features have %,d users or more, and max-features is %,d: raise min-users (%,d leaves %,d of them), or max-features"
                        .formatted(
                                supported,
                                family.minUsers(),
                                family.maxFeatures(),
                                enough,
                                users.stream().filter(of -> of >= enough).count()));
    }

    /** Of these items alone. */
    public Factorisation factorisation(TrainingSettings settings) {
        return new Factorisation(items, settings);
    }
}
