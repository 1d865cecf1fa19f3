package io.flagcast.training;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.xxhash64;

import io.flagcast.statistics.ranking.RankingQuality;
import io.flagcast.training.ResponseTraining.Result;
import io.flagcast.training.learners.TrainingSettings;
import io.flagcast.training.learners.TrainingSettings.Collaborative.Choice;
import io.flagcast.training.usage.Factorisation;
import io.flagcast.training.usage.Family;
import io.flagcast.training.usage.FoldIn;
import io.flagcast.training.usage.ItemFactors;
import io.flagcast.training.usage.RankingValidation;
import io.flagcast.training.usage.Support;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.apache.spark.ml.recommendation.ALSModel;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;

/**
 * Trains implicit ALS on usage.
 *
 * @param settings how
 */
public record CollaborativeTraining(TrainingSettings settings) {

    /** One in so many pairs of user and item is withheld from a comparison. */
    private static final int WITHHELD = 4;
    /** One in so many pairs of user and item is validated on. */
    private static final int VALIDATED = 5;
    /** About so many users are validated on. */
    private static final int VALIDATION_USERS = 10_000;

    public CollaborativeTraining {
        Objects.requireNonNull(settings, "settings");
    }

    /**
     * Trains for the features that have usage.
     *
     * @param users {@code user_id}, {@code usage} (amount by item) and the attributes
     * @param featureIds features that are to be scored
     * @param attributes categorical attributes whose levels may stand for users without usage
     */
    public Result train(Dataset<Row> users, List<String> featureIds, List<String> attributes) {
        Dataset<Row> active = users.where(size(col("usage")).gt(0)).persist(StorageLevel.MEMORY_AND_DISK());
        try {
            Factorisation factorisation = Factorisation.of(active, settings);
            List<String> known = featureIds.stream()
                    .filter(factorisation.items()::containsKey)
                    .sorted()
                    .toList();
            if (known.isEmpty()) {
                return new Result.TooLittle("no usage events of it");
            }
            Map<String, Double> metrics = new TreeMap<>();
            List<String> notes = new ArrayList<>();
            Choice choice = choose(active, factorisation, metrics, notes);
            ItemFactors factors = factorisation.fit(active, choice);
            metrics.put("users", (double) active.count());
            metrics.put("items", (double) factorisation.items().size());
            Map<String, Reference> references = new HashMap<>();
            Dataset<Row> affinities = Affinities.of(active, factors, known).persist(StorageLevel.MEMORY_AND_DISK());
            for (String featureId : known) {
                references.put(featureId, Reference.of(affinities.withColumn("u", col(Affinities.column(featureId)))));
            }
            Map<String, CollaborativeModel.Groups> groups = Affinities.groups(affinities, known, attributes);
            affinities.unpersist();
            return Result.Trained.alone(new CollaborativeModel(factors, references, groups, metrics), notes);
        } finally {
            active.unpersist();
        }
    }

    /**
     * Factors to fold users in against as predictors, from the most used items.
     *
     * @param users {@code user_id} and {@code usage} (amount by item), nothing of it after a user's exposure
     * @return absent where fewer than three items are used, or none are wanted
     */
    public Optional<ItemFactors> factors(Dataset<Row> users) {
        if (settings.factors().rank() == 0) {
            return Optional.empty();
        }
        Factorisation factorisation = Factorisation.of(users, settings.factors().items(), settings);
        int rank = Math.min(settings.factors().rank(), factorisation.items().size() - 1);
        if (rank < 2) {
            return Optional.empty();
        }
        var how = settings.collaborative();
        return Optional.of(factorisation.fit(
                users,
                new Choice(rank, how.alphas().get(0), how.regularisations().get(0))));
    }

    /**
     * The best choice on a validation slice: a random fifth of each user's items is withheld and has to be found among all
     * that the user is not known to use.
     */
    Choice choose(Dataset<Row> users, Factorisation factorisation, Map<String, Double> metrics, List<String> notes) {
        RankingValidation validation = new RankingValidation(settings.seed());
        double part = Math.min(1, VALIDATION_USERS / Math.max(1.0, (double) users.count()));
        Dataset<Row> split = validation.split(users, VALIDATED).persist(StorageLevel.MEMORY_AND_DISK());
        Column validated = pmod(xxhash64(lit(settings.seed() + 1), col("user_id")), lit(1_000_000))
                .lt(lit(part * 1_000_000));
        Dataset<Row> judged = split.where(validated
                        .and(size(col("usage")).gt(0))
                        .and(size(col("relevant")).gt(0)))
                .persist(StorageLevel.MEMORY_AND_DISK());
        try {
            if (judged.isEmpty()) {
                notes.add("too few items per user to validate on");
                return settings.collaborative().choices().get(0);
            }
            Choice best = null;
            List<RankingQuality> qualities = List.of();
            for (Choice choice : settings.collaborative().choices()) {
                ItemFactors factors = factorisation.fit(split, choice);
                List<RankingQuality> own = RankingValidation.qualities(
                        judged.withColumn("factors", new FoldIn(factors).column()), factors.items(), factors.factors());
                if (best == null || RankingValidation.mean(own) > RankingValidation.mean(qualities)) {
                    best = choice;
                    qualities = own;
                }
            }
            List<RankingQuality> popular = RankingValidation.popularity(judged, factorisation.items());
            metrics.putAll(validation.measures(qualities));
            metrics.put("ndcg_at_10_of_popularity", RankingValidation.mean(popular));
            metrics.put("rank", (double) best.rank());
            metrics.put("alpha", best.alpha());
            metrics.put("regularisation", best.regularisation());
            if (RankingValidation.mean(qualities) <= RankingValidation.mean(popular)) {
                notes.add("usage does not tell users apart: NDCG@10 %.4f, popularity alone %.4f"
                        .formatted(RankingValidation.mean(qualities), RankingValidation.mean(popular)));
            }
            return best;
        } finally {
            judged.unpersist();
            split.unpersist();
        }
    }

    /**
     * Compares on one split: a random quarter of each user's items is withheld and has to be found.
     *
     * @param users {@code user_id} and {@code usage}
     * @return measures of each ranking by name: {@code implicit_als} as it is trained, {@code explicit_als} with the same
     *     parameters, and {@code popularity}
     */
    public Map<String, Map<String, Double>> compare(Dataset<Row> users) {
        return compare(users, split -> Factorisation.of(split, settings));
    }

    /** The same of the items of a family that enough users use. */
    public Map<String, Map<String, Double>> compare(Dataset<Row> users, Family family) {
        return compare(family.usage(users), split -> Support.of(split, family).factorisation(settings));
    }

    private Map<String, Map<String, Double>> compare(
            Dataset<Row> users, Function<Dataset<Row>, Factorisation> factorise) {
        RankingValidation validation = new RankingValidation(settings.seed());
        // What is trained on is what a run would have known: of a user all of whose items are withheld nothing.
        Dataset<Row> split = validation
                .split(users.where(size(col("usage")).gt(0)), WITHHELD)
                .where(size(col("usage")).gt(0))
                .persist(StorageLevel.MEMORY_AND_DISK());
        try {
            Factorisation factorisation = factorise.apply(split);
            Dataset<Row> judged = split.where(size(col("relevant")).gt(0));
            Map<String, Double> chosen = new TreeMap<>();
            Choice choice = choose(split.drop("relevant"), factorisation, chosen, new ArrayList<>());
            ItemFactors factors = factorisation.fit(split, choice);
            ALSModel explicit = factorisation.explicit(split, choice);
            Map<String, Map<String, Double>> qualities = new TreeMap<>();
            qualities.put(
                    "implicit_als",
                    validation.measures(RankingValidation.qualities(
                            judged.withColumn("factors", new FoldIn(factors).column()),
                            factors.items(),
                            factors.factors())));
            qualities.put(
                    "explicit_als",
                    validation.measures(RankingValidation.qualities(
                            Factorisation.withFactors(judged, explicit, split),
                            List.copyOf(factorisation.items().keySet()),
                            factorisation.itemFactors(explicit, choice.rank()))));
            qualities.put(
                    "popularity", validation.measures(RankingValidation.popularity(judged, factorisation.items())));
            return qualities;
        } finally {
            split.unpersist();
        }
    }
}
