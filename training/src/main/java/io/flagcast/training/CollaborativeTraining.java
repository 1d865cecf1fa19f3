package io.flagcast.training;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.log1p;
import static org.apache.spark.sql.functions.map_keys;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.xxhash64;

import io.flagcast.statistics.Bootstrap;
import io.flagcast.statistics.EmpiricalBayes;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.ranking.RankingQuality;
import io.flagcast.training.ResponseTraining.Result;
import io.flagcast.training.TrainingSettings.Collaborative.Choice;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.ml.recommendation.ALS;
import org.apache.spark.ml.recommendation.ALSModel;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Trains implicit ALS on usage.
 *
 * @param settings how
 */
public record CollaborativeTraining(TrainingSettings settings) {

    private static final StructType INDEX =
            new StructType().add("key", "string").add("id", "int");
    private static final StructType QUALITY =
            StructType.fromDDL("ndcg DOUBLE, average_precision DOUBLE, precision DOUBLE, recall DOUBLE");
    /** One in so many pairs of user and item is validated on. */
    private static final int VALIDATED = 5;
    /** About so many users are validated on. */
    private static final int VALIDATION_USERS = 10_000;
    /** Levels of an attribute that stand for their users: the most frequent, of so many users. */
    private static final int MOST_LEVELS = 100;

    private static final int LEAST_USERS_OF_A_LEVEL = 20;
    /** First so many recommendations count. */
    private static final int FIRST = 10;

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
            Map<String, Long> items = items(active, Integer.MAX_VALUE);
            List<String> known =
                    featureIds.stream().filter(items::containsKey).sorted().toList();
            if (known.isEmpty()) {
                return new Result.TooLittle("no usage events of " + String.join(", ", featureIds));
            }
            Map<String, Double> metrics = new TreeMap<>();
            List<String> notes = new ArrayList<>();
            Choice choice = choose(active, items, metrics, notes);
            ItemFactors factors = fit(active, items, choice);
            metrics.put("users", (double) active.count());
            metrics.put("items", (double) items.size());
            Map<String, Reference> references = new HashMap<>();
            Dataset<Row> affinities = affinities(active, factors, known).persist(StorageLevel.MEMORY_AND_DISK());
            for (String featureId : known) {
                references.put(featureId, Reference.of(affinities.withColumn("u", col("affinity of " + featureId))));
            }
            Map<String, CollaborativeModel.Groups> groups = groups(affinities, known, attributes);
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
        Map<String, Long> items = items(users, settings.factors().items());
        int rank = Math.min(settings.factors().rank(), items.size() - 1);
        if (rank < 2) {
            return Optional.empty();
        }
        var how = settings.collaborative();
        return Optional.of(fit(
                users,
                items,
                new Choice(rank, how.alphas().get(0), how.regularisations().get(0))));
    }

    /** Users per item, of the most used items. */
    private static Map<String, Long> items(Dataset<Row> users, int most) {
        Map<String, Long> items = new TreeMap<>();
        users.select(explode(map_keys(col("usage"))).as("item"))
                .groupBy("item")
                .agg(count(lit(1)).as("users"))
                .orderBy(col("users").desc(), col("item"))
                .limit(most)
                .collectAsList()
                .forEach(row -> items.put(row.getString(0), row.getLong(1)));
        return items;
    }

    private ItemFactors fit(Dataset<Row> users, Map<String, Long> items, Choice choice) {
        ALSModel als = als(users, items, choice, true);
        return new ItemFactors(
                List.copyOf(items.keySet()),
                itemFactors(als, items.size(), choice.rank()),
                choice.alpha(),
                choice.regularisation());
    }

    private ALSModel als(Dataset<Row> users, Map<String, Long> items, Choice choice, boolean implicit) {
        Map<String, Integer> places = new HashMap<>();
        items.keySet().forEach(item -> places.put(item, places.size()));
        UDF1<String, Integer> place = places::get;
        Dataset<Row> indexed = index(users);
        Dataset<Row> ratings = users.join(indexed, users.col("user_id").equalTo(indexed.col("key")))
                .select(col("id").as("user"), explode(col("usage")).as(new String[] {"key", "amount"}))
                .withColumn("item", udf(place, DataTypes.IntegerType).apply(col("key")))
                .where(col("item").isNotNull())
                .select(
                        col("user"),
                        col("item"),
                        log1p(col("amount")).cast("float").as("rating"))
                .persist(StorageLevel.MEMORY_AND_DISK());
        var how = settings.collaborative();
        ALSModel model = new ALS()
                .setImplicitPrefs(implicit)
                .setRank(choice.rank())
                .setAlpha(choice.alpha())
                .setRegParam(choice.regularisation())
                .setMaxIter(how.iterations())
                .setNumBlocks(how.blocks())
                .setSeed(settings.seed())
                .setUserCol("user")
                .setItemCol("item")
                .setRatingCol("rating")
                .fit(ratings);
        ratings.unpersist();
        return model;
    }

    private static double[][] itemFactors(ALSModel als, int items, int rank) {
        double[][] factors = new double[items][rank];
        for (Row row : als.itemFactors().collectAsList()) {
            factors[row.getInt(0)] = doubles(row.getList(1));
        }
        return factors;
    }

    private static double[] doubles(List<Float> values) {
        return values.stream().mapToDouble(Float::doubleValue).toArray();
    }

    /** Dense integers in the order of the users: the same on every machine. */
    private static Dataset<Row> index(Dataset<Row> users) {
        JavaRDD<Row> indexed = users.select("user_id")
                .orderBy("user_id")
                .javaRDD()
                .zipWithIndex()
                .map(pair -> RowFactory.create(pair._1().getString(0), (int) (long) pair._2()));
        return users.sparkSession().createDataFrame(indexed, INDEX);
    }

    /**
     * The best choice on a validation slice: a random fifth of each user's items is withheld and has to be found among all
     * that the user is not known to use.
     */
    private Choice choose(
            Dataset<Row> users, Map<String, Long> items, Map<String, Double> metrics, List<String> notes) {
        double part = Math.min(1, VALIDATION_USERS / Math.max(1.0, (double) users.count()));
        Dataset<Row> split = split(users, VALIDATED).persist(StorageLevel.MEMORY_AND_DISK());
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
                ItemFactors factors = fit(split, items, choice);
                List<RankingQuality> own = qualities(
                        judged.withColumn("factors", new FoldIn(factors).column()), factors.items(), factors.factors());
                if (best == null || mean(own) > mean(qualities)) {
                    best = choice;
                    qualities = own;
                }
            }
            List<RankingQuality> popular = popularity(judged, items);
            metrics.putAll(measures(qualities));
            metrics.put("ndcg_at_10_of_popularity", mean(popular));
            metrics.put("rank", (double) best.rank());
            metrics.put("alpha", best.alpha());
            metrics.put("regularisation", best.regularisation());
            if (mean(qualities) <= mean(popular)) {
                notes.add("usage does not tell users apart: NDCG@10 %.4f, popularity alone %.4f"
                        .formatted(mean(qualities), mean(popular)));
            }
            return best;
        } finally {
            judged.unpersist();
            split.unpersist();
        }
    }

    private static double mean(List<RankingQuality> qualities) {
        return qualities.stream().mapToDouble(RankingQuality::ndcg).average().orElse(0);
    }

    private Map<String, Double> measures(List<RankingQuality> qualities) {
        Map<String, Double> metrics = new TreeMap<>();
        put(metrics, "ndcg_at_10", qualities, RankingQuality::ndcg);
        put(metrics, "map_at_10", qualities, RankingQuality::averagePrecision);
        put(metrics, "precision_at_10", qualities, RankingQuality::precision);
        put(metrics, "recall_at_10", qualities, RankingQuality::recall);
        metrics.put("judged", (double) qualities.size());
        return metrics;
    }

    private void put(
            Map<String, Double> metrics,
            String name,
            List<RankingQuality> qualities,
            ToDoubleFunction<RankingQuality> measure) {
        double[] values = qualities.stream().mapToDouble(measure).toArray();
        metrics.put(name, qualities.stream().mapToDouble(measure).average().orElseThrow());
        Interval interval = Bootstrap.mean(values, 0.95, 1000, settings.seed());
        metrics.put(name + "_lower", interval.lower());
        metrics.put(name + "_upper", interval.upper());
    }

    /** Withholds one in {@code parts} of each user's items at random: {@code usage} keeps the others, {@code relevant} has it. */
    private Dataset<Row> split(Dataset<Row> users, int parts) {
        String withheld = "pmod(xxhash64(%dL, user_id, k), %d) = 0".formatted(settings.seed(), parts);
        return users.withColumn("relevant", map_keys(expr("map_filter(usage, (k, v) -> " + withheld + ")")))
                .withColumn("usage", expr("map_filter(usage, (k, v) -> NOT (" + withheld + "))"));
    }

    private static List<RankingQuality> popularity(Dataset<Row> judged, Map<String, Long> items) {
        double[][] counts =
                items.values().stream().map(users -> new double[] {users}).toArray(double[][]::new);
        return qualities(judged.withColumn("factors", expr("array(1D)")), List.copyOf(items.keySet()), counts);
    }

    /**
     * How well the withheld items are found, a row per user.
     *
     * @param judged {@code factors} of the user, {@code usage} that is known of, {@code relevant} items to find
     */
    private static List<RankingQuality> qualities(Dataset<Row> judged, List<String> items, double[][] factors) {
        UDF3<scala.collection.Seq<Double>, scala.collection.Map<String, Double>, scala.collection.Seq<String>, Row>
                quality = (user, usage, relevant) -> {
                    double[] own = FoldIn.doubles(user);
                    Set<String> known = FoldIn.amounts(usage).keySet();
                    RankingQuality found = RankingQuality.at(
                            FIRST,
                            first(own, known, items, factors),
                            new HashSet<>(CollectionConverters.asJava(relevant)));
                    return RowFactory.create(found.ndcg(), found.averagePrecision(), found.precision(), found.recall());
                };
        return judged
                .select(udf(quality, QUALITY)
                        .apply(col("factors"), col("usage"), col("relevant"))
                        .as("q"))
                .select("q.*")
                .collectAsList()
                .stream()
                .map(row -> new RankingQuality(row.getDouble(0), row.getDouble(1), row.getDouble(2), row.getDouble(3)))
                .toList();
    }

    /** The items with the highest affinity that the user is not known to use. */
    private static List<String> first(double[] user, Set<String> known, List<String> items, double[][] factors) {
        double[] affinities = new double[items.size()];
        for (int item = 0; item < affinities.length; item++) {
            affinities[item] = FoldIn.product(user, factors[item]);
        }
        return IntStream.range(0, affinities.length)
                .filter(item -> !known.contains(items.get(item)))
                .boxed()
                .sorted(Comparator.<Integer>comparingDouble(item -> -affinities[item])
                        .thenComparing(item -> item))
                .limit(FIRST)
                .map(items::get)
                .toList();
    }

    /**
     * Compares on one split: a random quarter of each user's items is withheld and has to be found.
     *
     * @param users {@code user_id} and {@code usage}
     * @return measures of each ranking by name: {@code implicit_als} as it is trained, {@code explicit_als} with the same
     *     parameters, and {@code popularity}
     */
    public Map<String, Map<String, Double>> compare(Dataset<Row> users) {
        Dataset<Row> split = split(users.where(size(col("usage")).gt(0)), 4).persist(StorageLevel.MEMORY_AND_DISK());
        try {
            Map<String, Long> items = items(split, Integer.MAX_VALUE);
            Dataset<Row> judged = split.where(
                    size(col("usage")).gt(0).and(size(col("relevant")).gt(0)));
            Map<String, Double> chosen = new TreeMap<>();
            Choice choice = choose(split.drop("relevant"), items, chosen, new ArrayList<>());
            ItemFactors factors = fit(split, items, choice);
            ALSModel explicit = als(split, items, choice, false);
            Dataset<Row> indexed = index(split);
            Dataset<Row> explicitUsers = judged.join(
                            indexed, judged.col("user_id").equalTo(indexed.col("key")))
                    .join(explicit.userFactors(), "id")
                    .withColumn("factors", col("features").cast("array<double>"));
            Map<String, Map<String, Double>> qualities = new TreeMap<>();
            qualities.put(
                    "implicit_als",
                    measures(qualities(
                            judged.withColumn("factors", new FoldIn(factors).column()),
                            factors.items(),
                            factors.factors())));
            qualities.put(
                    "explicit_als",
                    measures(qualities(
                            explicitUsers,
                            List.copyOf(items.keySet()),
                            itemFactors(explicit, items.size(), choice.rank()))));
            qualities.put("popularity", measures(popularity(judged, items)));
            return qualities;
        } finally {
            split.unpersist();
        }
    }

    private static Dataset<Row> affinities(Dataset<Row> users, ItemFactors items, List<String> featureIds) {
        FoldIn foldIn = new FoldIn(items);
        Dataset<Row> folded = users.withColumn("factors", foldIn.column());
        for (String featureId : featureIds) {
            folded = folded.withColumn("affinity of " + featureId, foldIn.affinity(featureId));
        }
        return folded.drop("usage", "factors");
    }

    /** The attribute whose levels differ most, beyond noise, per feature. */
    private static Map<String, CollaborativeModel.Groups> groups(
            Dataset<Row> affinities, List<String> featureIds, List<String> attributes) {
        Map<String, CollaborativeModel.Groups> groups = new HashMap<>();
        Map<String, Double> differences = new HashMap<>();
        for (String attribute : attributes) {
            List<Column> sums = new ArrayList<>();
            for (String featureId : featureIds) {
                Column affinity = col("affinity of " + featureId);
                sums.add(sum(affinity));
                sums.add(sum(affinity.multiply(affinity)));
            }
            List<Row> levels = affinities
                    .where(col(attribute).isNotNull())
                    .groupBy(col(attribute))
                    .agg(count(lit(1)).as("n"), sums.toArray(Column[]::new))
                    .where(col("n").geq(LEAST_USERS_OF_A_LEVEL))
                    .orderBy(col("n").desc(), col(attribute))
                    .limit(MOST_LEVELS)
                    .collectAsList();
            for (int feature = 0; feature < featureIds.size(); feature++) {
                Map<String, Moments> moments = new TreeMap<>();
                for (Row level : levels) {
                    moments.put(
                            level.getString(0),
                            Moments.ofSums(
                                    level.getLong(1),
                                    level.getDouble(2 + 2 * feature),
                                    level.getDouble(3 + 2 * feature)));
                }
                String featureId = featureIds.get(feature);
                EmpiricalBayes.of(moments)
                        .filter(found -> found.betweenVariance() > differences.getOrDefault(featureId, 0.0))
                        .ifPresent(found -> {
                            differences.put(featureId, found.betweenVariance());
                            groups.put(featureId, new CollaborativeModel.Groups(attribute, found.means()));
                        });
            }
        }
        return groups;
    }
}
