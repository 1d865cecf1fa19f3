package io.flagcast.training;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.xxhash64;

import io.flagcast.training.ResponseTraining.Result;
import io.flagcast.training.learners.TrainingSettings;
import io.flagcast.training.learners.TrainingSettings.Collaborative.Choice;
import io.flagcast.training.usage.Factorisation;
import io.flagcast.training.usage.Family;
import io.flagcast.training.usage.FoldIn;
import io.flagcast.training.usage.GroupFactors;
import io.flagcast.training.usage.ItemFactors;
import io.flagcast.training.usage.Support;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.storage.StorageLevel;

/**
 * Trains one model for all features of a family: implicit ALS on the usage of everything that its pattern matches. Of a
 * feature nothing is a column and nothing a job of its own, so that thousands of them cost what their factors cost.
 *
 * @param family the features
 * @param settings how
 */
public record FamilyTraining(Family family, TrainingSettings settings) {

    /** About so many users are the reference: a place among them has a standard error of at most 0.35 of 100. */
    private static final int REFERENCE_USERS = 20_000;

    private static final int BUCKETS = 1_000_000;
    private static final int FEATURES_PER_TASK = 500;

    public FamilyTraining {
        Objects.requireNonNull(family, "family");
        Objects.requireNonNull(settings, "settings");
    }

    /**
     * Trains.
     *
     * @param users {@code user_id}, {@code usage} (amount by item) and the attributes
     * @param own which of the features that the pattern matches are scored by this family, and by nothing closer
     * @param attributes categorical attributes whose levels may stand for users without usage
     */
    public Result train(Dataset<Row> users, Predicate<String> own, List<String> attributes) {
        Dataset<Row> active = active(users, attributes).persist(StorageLevel.MEMORY_AND_DISK());
        try {
            Support support = Support.of(active, family);
            Optional<String> refusal = support.refusal();
            if (refusal.isPresent()) {
                return new Result.TooLittle(refusal.get());
            }
            Factorisation factorisation = support.factorisation(settings);
            List<String> features =
                    factorisation.items().keySet().stream().filter(own).toList();
            if (features.isEmpty()) {
                return new Result.TooLittle("all features like it are declared by themselves, or by a closer pattern");
            }
            Map<String, Double> metrics = new TreeMap<>();
            List<String> notes = new ArrayList<>();
            if (support.leftOut() > 0) {
                notes.add("%,d of %,d features have fewer than %,d users, and are left out (min-users)"
                        .formatted(support.leftOut(), support.leftOut() + support.supported(), family.minUsers()));
            }
            Choice choice = new CollaborativeTraining(settings).choose(active, factorisation, metrics, notes);
            ItemFactors factors = factorisation.fit(active, choice);
            metrics.put("users", (double) active.count());
            metrics.put("items", (double) factorisation.items().size());
            metrics.put("features", (double) features.size());
            metrics.put("left_out", (double) support.leftOut());
            return Result.Trained.alone(model(active, factors, features, attributes, metrics), notes);
        } finally {
            active.unpersist();
        }
    }

    private FamilyModel model(
            Dataset<Row> active,
            ItemFactors factors,
            List<String> features,
            List<String> attributes,
            Map<String, Double> metrics) {
        FoldIn foldIn = new FoldIn(factors);
        Dataset<Row> folded = active.where(foldIn.known())
                .withColumn("factors", foldIn.column())
                .persist(StorageLevel.MEMORY_AND_DISK());
        try {
            return new FamilyModel(
                    factors,
                    references(folded, factors, features),
                    attributes.stream()
                            .flatMap(attribute -> GroupFactors.of(folded, factors.rank(), attribute).stream())
                            .toList(),
                    metrics);
        } finally {
            folded.unpersist();
        }
    }

    /** How many features of the family enough users use of whom a model does not know, and who join it when it is trained again. */
    public long unknown(Dataset<Row> users, Predicate<String> own, FamilyModel model) {
        return Support.of(active(users, List.of()), family).items().keySet().stream()
                .filter(own)
                .filter(Predicate.not(model.references()::containsKey))
                .count();
    }

    private Dataset<Row> active(Dataset<Row> users, List<String> attributes) {
        Column[] columns = Stream.concat(Stream.of("user_id", "usage"), attributes.stream())
                .distinct()
                .map(name -> col(name))
                .toArray(Column[]::new);
        return family.usage(users.select(columns)).where(size(col("usage")).gt(0));
    }

    /**
     * The affinities of the training users, or of a sample of them, per feature. The sample's factors, a few megabytes without ids,
     * go to every task, and each works out features one after the other.
     */
    private static TreeMap<String, Percentiles> references(
            Dataset<Row> folded, ItemFactors factors, List<String> features) {
        double part = Math.min(1, REFERENCE_USERS / Math.max(1.0, (double) folded.count()));
        double[][] users = folded
                .where(pmod(xxhash64(col("user_id")), lit(BUCKETS)).lt(lit(part * BUCKETS)))
                .select("factors")
                .collectAsList()
                .stream()
                .map(row -> row.<Double>getList(0).stream()
                        .mapToDouble(Double::doubleValue)
                        .toArray())
                .toArray(double[][]::new);
        Map<String, Integer> places = new HashMap<>();
        factors.items().forEach(item -> places.put(item, places.size()));
        double[][] items = features.stream()
                .map(feature -> factors.factors()[places.get(feature)])
                .toArray(double[][]::new);
        UDF1<Long, float[]> percentiles = feature -> {
            double[] item = items[feature.intValue()];
            double[] affinities = new double[users.length];
            for (int user = 0; user < users.length; user++) {
                affinities[user] = FoldIn.product(users[user], item);
            }
            return Percentiles.of(affinities).percentiles();
        };
        SparkSession spark = folded.sparkSession();
        TreeMap<String, Percentiles> references = new TreeMap<>();
        spark.range(0, items.length, 1, items.length / FEATURES_PER_TASK + 1)
                .select(
                        col("id"),
                        udf(percentiles, DataTypes.createArrayType(DataTypes.FloatType))
                                .apply(col("id")))
                .collectAsList()
                .forEach(row -> references.put(features.get((int) row.getLong(0)), read(row.getList(1))));
        return references;
    }

    private static Percentiles read(List<Float> values) {
        float[] percentiles = new float[values.size()];
        for (int i = 0; i < percentiles.length; i++) {
            percentiles[i] = values.get(i);
        }
        return Percentiles.read(percentiles);
    }
}
