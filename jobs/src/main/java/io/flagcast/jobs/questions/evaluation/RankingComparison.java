package io.flagcast.jobs.questions.evaluation;

import io.flagcast.training.CollaborativeTraining;
import io.flagcast.training.learners.TrainingSettings;
import io.flagcast.training.usage.Family;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Rankings of items by usage, for a feature that is known from nothing else: a random quarter of each user's items is
 * withheld and has to be found.
 *
 * @param featureId the feature, or the pattern of a family
 * @param judged every ranking once a seed, in the order of the seeds, then of their names
 */
public record RankingComparison(String featureId, List<Judged> judged) implements ScoreQuality {

    public RankingComparison {
        Objects.requireNonNull(featureId, "featureId");
        judged = List.copyOf(judged);
    }

    /**
     * A ranking, judged once.
     *
     * @param seed of split and factors
     * @param ranking its name
     * @param metrics measures by name, as of {@link CollaborativeTraining#compare}
     */
    public record Judged(long seed, String ranking, Map<String, Double> metrics) {

        public Judged {
            Objects.requireNonNull(ranking, "ranking");
            metrics = Collections.unmodifiableMap(new TreeMap<>(metrics));
        }

        /** A measure that every ranking has. */
        public double metric(String name) {
            return Objects.requireNonNull(metrics.get(name), name);
        }
    }

    @Override
    public List<Measured> measured() {
        return judged.stream()
                .map(one -> new Measured(
                        featureId,
                        one.seed(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(one.ranking()),
                        one.metrics()))
                .toList();
    }

    /**
     * Compares the rankings of all items.
     *
     * @param users {@code user_id} and {@code usage}
     * @param seeds one round each
     */
    static RankingComparison of(String featureId, Dataset<Row> users, TrainingSettings how, List<Long> seeds) {
        return of(featureId, how, seeds, training -> training.compare(users));
    }

    /** The same of the items of a family. */
    static RankingComparison of(Family family, Dataset<Row> users, TrainingSettings how, List<Long> seeds) {
        return of(family.pattern(), how, seeds, training -> training.compare(users, family));
    }

    private static RankingComparison of(
            String featureId,
            TrainingSettings how,
            List<Long> seeds,
            Function<CollaborativeTraining, Map<String, Map<String, Double>>> compare) {
        List<Judged> judged = new ArrayList<>();
        for (long seed : seeds) {
            new TreeMap<>(compare.apply(new CollaborativeTraining(how.withSeed(seed))))
                    .forEach((ranking, metrics) -> judged.add(new Judged(seed, ranking, metrics)));
        }
        return new RankingComparison(featureId, judged);
    }
}
