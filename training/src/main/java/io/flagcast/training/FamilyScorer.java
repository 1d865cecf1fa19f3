package io.flagcast.training;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.flagcast.statistics.EmpiricalBayes;
import io.flagcast.training.usage.FoldIn;
import io.flagcast.training.usage.GroupFactors;
import io.flagcast.training.usage.RankingValidation;
import java.io.Serializable;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * What scores the features of a family.
 *
 * @param family its pattern
 * @param used the model; absent where it has none yet
 * @param features which features of the model are scored
 * @param whole features of which every user has a row, the prior where nothing is known, whether the model has them or not
 * @param keep how many of the other features each user has a row of, those with the highest affinity; absent: all, and all are whole
 */
public record FamilyScorer(
        String family, Optional<Used> used, List<String> features, Set<String> whole, Optional<Integer> keep) {

    private static final StructType SCORED =
            StructType.fromDDL("place INT, score DOUBLE, affinity DOUBLE, source STRING");

    /**
     * A model in use.
     *
     * @param modelId its id
     * @param model the model
     */
    public record Used(String modelId, FamilyModel model) {}

    public FamilyScorer {
        Objects.requireNonNull(family, "family");
        features = List.copyOf(features);
        whole = Set.copyOf(whole);
    }

    /** All features of a model, for every user. */
    public static FamilyScorer all(String family, String modelId, FamilyModel model, List<String> features) {
        return new FamilyScorer(family, Optional.of(new Used(modelId, model)), features, Set.of(), Optional.empty());
    }

    /**
     * The scores of all users.
     *
     * @param profiles {@code user_id}, the predictors and {@code usage} (amount by item)
     */
    Dataset<Row> score(Dataset<Row> profiles) {
        Set<String> all = new HashSet<>(features);
        all.addAll(whole);
        String[] names = all.stream().sorted().toArray(String[]::new);
        Work work = new Work(this, names);
        UDF2<Row, scala.collection.Map<String, Double>, Row[]> score =
                (attributes, usage) -> work.score(attributes, FoldIn.amounts(usage));
        Column attributes = struct(Stream.concat(Stream.of("user_id"), work.inputs.stream())
                .map(name -> col(name))
                .toArray(Column[]::new));
        Column modelId =
                used.map(model -> lit(model.modelId())).orElse(lit(null).cast("string"));
        return profiles.select(
                        col("user_id"),
                        explode(udf(score, DataTypes.createArrayType(SCORED)).apply(attributes, col("usage")))
                                .as("s"))
                .select(
                        col("user_id"),
                        element_at(lit(names), col("s.place").plus(1)).as("feature_id"),
                        lit(family).as("family"),
                        col("s.score"),
                        lit(null).cast("double").as("uplift"),
                        lit(null).cast("double").as("uplift_bound"),
                        lit(null).cast("double").as("uplift_shown"),
                        lit(null).cast("double").as("response_if_enabled"),
                        lit(null).cast("double").as("response_if_not"),
                        col("s.affinity"),
                        lit(false).as("no_benefit"),
                        col("s.source"),
                        when(col("s.affinity").isNotNull(), modelId).as("model_id"));
    }

    /** A family, ready for the users of a task. */
    private static final class Work implements Serializable {

        private static final long serialVersionUID = 1L;

        private final List<String> inputs;
        /** Absent (null) without a model. */
        private final FoldIn foldIn;

        private final boolean[] whole;
        private final int keep;
        /** Per feature; absent (null) where the model does not have it. */
        private final double[][] factors;

        private final Percentiles[] references;
        /** Per feature the place of the attribute whose levels stand for users without usage; −1 for none. */
        private final int[] attributes;
        /** Per attribute and level what is expected of each feature. */
        private final List<Map<String, double[]>> expected;

        Work(FamilyScorer scorer, String[] names) {
            Optional<FamilyModel> model = scorer.used().map(Used::model);
            List<GroupFactors> groups = model.map(FamilyModel::groups).orElse(List.of());
            this.inputs = model.map(FamilyModel::inputs).orElse(List.of());
            this.foldIn = model.map(FamilyModel::items).map(FoldIn::new).orElse(null);
            this.whole = new boolean[names.length];
            this.keep = scorer.keep().orElse(names.length);
            this.factors = new double[names.length][];
            this.references = new Percentiles[names.length];
            this.attributes = new int[names.length];
            this.expected = groups.stream()
                    .<Map<String, double[]>>map(group -> new HashMap<>())
                    .toList();
            Arrays.fill(attributes, -1);
            for (int place = 0; place < names.length; place++) {
                String name = names[place];
                whole[place] = scorer.keep().isEmpty() || scorer.whole().contains(name);
                Percentiles reference =
                        model.map(of -> of.references().get(name)).orElse(null);
                if (reference != null) {
                    references[place] = reference;
                    factors[place] = foldIn.factors(name);
                    expect(groups, place);
                }
            }
        }

        /** Chooses the attribute whose levels differ most, beyond noise. */
        private void expect(List<GroupFactors> groups, int place) {
            Map<String, Double> means = Map.of();
            double most = 0;
            for (int attribute = 0; attribute < groups.size(); attribute++) {
                Optional<EmpiricalBayes> found = groups.get(attribute).expected(factors[place]);
                if (found.isPresent() && found.get().betweenVariance() > most) {
                    most = found.get().betweenVariance();
                    means = found.get().means();
                    attributes[place] = attribute;
                }
            }
            means.forEach((level, mean) -> expected.get(attributes[place])
                    .computeIfAbsent(level, name -> new double[factors.length])[place] = mean);
        }

        /**
         * The rows of a user.
         *
         * @param own the user, and the model's inputs
         */
        Row[] score(Row own, Map<String, Double> usage) {
            boolean known = foldIn != null && foldIn.knowsAny(usage);
            double[] affinities = known ? affinities(foldIn.user(usage)) : expected(own);
            String source = known ? "collaborative" : "group";
            return places(affinities)
                    .mapToObj(place -> Double.isNaN(affinities[place])
                            ? RowFactory.create(place, Scoring.PRIOR, null, "prior")
                            : RowFactory.create(
                                    place, references[place].score(affinities[place]), affinities[place], source))
                    .toArray(Row[]::new);
        }

        /** NaN where the model does not have the feature. */
        private double[] affinities(double[] user) {
            double[] affinities = new double[factors.length];
            for (int place = 0; place < affinities.length; place++) {
                affinities[place] = factors[place] == null ? Double.NaN : FoldIn.product(user, factors[place]);
            }
            return affinities;
        }

        /** By the user's groups; NaN where they are unknown or do not differ. */
        private double[] expected(Row own) {
            double[] affinities = new double[factors.length];
            for (int place = 0; place < affinities.length; place++) {
                String level = attributes[place] < 0 ? null : own.getString(1 + attributes[place]);
                double[] group =
                        level == null ? null : expected.get(attributes[place]).get(level);
                affinities[place] = group == null ? Double.NaN : group[place];
            }
            return affinities;
        }

        /** The features that the user has a row of: those of which everybody has one, and the best of the others. */
        private IntStream places(double[] affinities) {
            double[] others = affinities.clone();
            for (int place = 0; place < others.length; place++) {
                others[place] = whole[place] ? Double.NaN : others[place];
            }
            return IntStream.concat(
                    IntStream.range(0, whole.length).filter(place -> whole[place]),
                    Arrays.stream(RankingValidation.highest(others, keep)));
        }
    }
}
