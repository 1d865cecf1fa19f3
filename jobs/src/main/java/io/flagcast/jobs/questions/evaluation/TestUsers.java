package io.flagcast.jobs.questions.evaluation;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Whom learners are judged on, who are not trained on. */
public sealed interface TestUsers {

    /** Everybody, each by the models that were fitted without his fold. */
    record OutOfFold() implements TestUsers {}

    /**
     * The users of a list.
     *
     * @param users {@code user_id}; where it has {@code experiment_id}, of that experiment; where it has {@code seed}, in the
     *     round of that seed
     */
    record Listed(Dataset<Row> users) implements TestUsers {

        private boolean has(String column) {
            return Arrays.asList(users.columns()).contains(column);
        }

        /** Examples that the list names in a round, or with {@code left_anti} the others. */
        private Dataset<Row> among(Dataset<Row> examples, long seed, String join) {
            Dataset<Row> own = has("seed") ? users.where(col("seed").equalTo(seed)) : users;
            String[] key = has("experiment_id") ? new String[] {"experiment_id", "user_id"} : new String[] {"user_id"};
            return examples.join(
                    own.select(key[0], Arrays.copyOfRange(key, 1, key.length)).distinct(), key, join);
        }
    }

    /** Those who met the feature at this instant or after it. */
    record Since(Instant instant) implements TestUsers {}

    /**
     * One round.
     *
     * @param trainedOn examples to learn from
     * @param others profiles of further users whose usage may be learned from
     * @param judgedOn examples to judge on; absent where that happens out of fold
     */
    record Split(Dataset<Row> trainedOn, Dataset<Row> others, Optional<Dataset<Row>> judgedOn) {}

    /**
     * Splits the examples of a feature.
     *
     * @param examples {@code training_examples} of the feature
     * @param profiles of all users
     * @param seed of the round
     * @param within how long after an exposure its response may come
     */
    default Split split(Dataset<Row> examples, Dataset<Row> profiles, long seed, Duration within) {
        if (this instanceof Listed listed) {
            return new Split(
                    listed.among(examples, seed, "left_anti"),
                    profiles.join(listed.users().select("user_id").distinct(), new String[] {"user_id"}, "left_anti"),
                    Optional.of(listed.among(examples, seed, "left_semi")));
        }
        if (this instanceof Since since) {
            // What a run at that instant could know: outcome windows that have closed, no profile of later.
            return new Split(
                    examples.where(col("exposed_at").leq(lit(since.instant().minus(within)))),
                    profiles.limit(0),
                    Optional.of(examples.where(col("exposed_at").geq(lit(since.instant())))));
        }
        return new Split(examples, profiles, Optional.empty());
    }

    /**
     * The seeds of the rounds: those of the list that were asked for, else those asked for, else the configured one.
     *
     * @param asked for; empty: no choice
     */
    default List<Long> seeds(List<Long> asked, long configured) {
        if (this instanceof Listed listed && listed.has("seed")) {
            return listed.users().select(col("seed").cast("long")).distinct().orderBy("seed").collectAsList().stream()
                    .map(row -> row.getLong(0))
                    .filter(seed -> asked.isEmpty() || asked.contains(seed))
                    .toList();
        }
        return asked.isEmpty() ? List.of(configured) : List.copyOf(asked);
    }
}
