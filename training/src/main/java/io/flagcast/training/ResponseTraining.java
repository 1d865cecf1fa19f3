package io.flagcast.training;

import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.udf;

import io.flagcast.statistics.Metric;
import io.flagcast.training.encoding.EncodingTraining;
import io.flagcast.training.encoding.PredictorEncoding;
import io.flagcast.training.learners.CrossFit;
import io.flagcast.training.learners.Estimate;
import io.flagcast.training.learners.Fits;
import io.flagcast.training.learners.Folds;
import io.flagcast.training.learners.Learner;
import io.flagcast.training.learners.Method;
import io.flagcast.training.learners.PredictedArms;
import io.flagcast.training.learners.ResponseModel;
import io.flagcast.training.learners.TrainingSettings;
import io.flagcast.training.usage.ItemFactors;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;

/**
 * Trains the models of a feature with experiments, from {@code training_examples} of that feature.
 *
 * @param predictors columns that the model reads
 * @param items frozen item factors that users are folded in against, where usage is a predictor
 * @param leastPropensity logged propensities are clipped to [this, 1 − this]; at least 0, below 0.5
 * @param settings how
 */
public record ResponseTraining(
        List<String> predictors, Optional<ItemFactors> items, double leastPropensity, TrainingSettings settings) {

    public ResponseTraining {
        predictors = List.copyOf(predictors);
        Objects.requireNonNull(settings, "settings");
        if (!(leastPropensity >= 0 && leastPropensity < 0.5)) {
            throw new IllegalArgumentException(
                    "propensities are clipped at " + leastPropensity + ": it must be in [0, 0.5)");
        }
    }

    private static final Result NO_PREDICTORS = new Result.TooLittle(
            "there are no predictors, so no user differs from another: name attributes of users in flagcast.users.predictors, or map events");

    /** Models, or why there are none. */
    public sealed interface Result {
        /**
         * Trained models.
         *
         * @param champion the model to use, unless it is rejected
         * @param challengers the other learners' models
         * @param rejection why the champion does not replace the live model, where it does not
         * @param notes what a person should know, a sentence each
         */
        record Trained(
                ResponsivenessModel champion,
                List<ResponsivenessModel> challengers,
                Optional<String> rejection,
                List<String> notes)
                implements Result {

            public Trained {
                challengers = List.copyOf(challengers);
                notes = List.copyOf(notes);
            }

            /** A model without competition. */
            public static Trained alone(ResponsivenessModel model, List<String> notes) {
                return new Trained(model, List.of(), Optional.empty(), notes);
            }
        }

        /** Nothing can be learned yet; the reason is a sentence. */
        record TooLittle(String reason) implements Result {}
    }

    /**
     * The model in use, which a new one must not be worse than.
     *
     * @param model the model
     * @param since it knows no outcome of exposures after this instant
     */
    public record Live(ResponsivenessModel.Uplift model, Instant since) {}

    /** As {@link #uplift(Dataset, Metric.Kind, Optional, EarlierVerdicts)}, for the first training of a feature. */
    public Result uplift(Dataset<Row> examples, Metric.Kind kind, Optional<Live> live) {
        return uplift(examples, kind, live, EarlierVerdicts.NONE);
    }

    /** The same, for a feature that costs nothing. */
    public Result uplift(Dataset<Row> examples, Metric.Kind kind, Optional<Live> live, EarlierVerdicts earlier) {
        return uplift(examples, kind, live, earlier, OptionalDouble.empty());
    }

    /**
     * Trains every learner for the uplift, cross-fitted, and selects.
     *
     * @param examples {@code training_examples} of the feature
     * @param kind whether responses are 0 or 1, or any value
     * @param live the model in use
     * @param earlier verdicts of earlier trainings
     * @param breakEven uplift from which on enabling a user pays, where that is declared: learners then compete by what their
     *     choice of users earns, else by the Qini
     */
    public Result uplift(
            Dataset<Row> examples,
            Metric.Kind kind,
            Optional<Live> live,
            EarlierVerdicts earlier,
            OptionalDouble breakEven) {
        Propensities propensities = new Propensities(leastPropensity, settings);
        Dataset<Row> rows = examples.withColumn("fresh", LiveComparison.fresh(live));
        ExampleCounts counts = ExampleCounts.of(rows, propensities);
        Optional<String> reason = counts.tooLittle(kind, settings);
        if (reason.isPresent()) {
            return new Result.TooLittle(reason.get());
        }
        PredictorEncoding encoding = EncodingTraining.train(rows.where(Propensities.usable()), predictors, items);
        if (encoding.size() == 0) {
            return NO_PREDICTORS;
        }
        List<String> notes = new ArrayList<>(encoding.notes());
        Dataset<Row> encoded = rows.where(Propensities.usable())
                .withColumn("vector", encoding.vector())
                .withColumn("live", LiveComparison.predicted(live))
                .withColumn("fold", CrossFit.fold(settings))
                .select("vector", "fold", "enabled", "propensity", "response", "fresh", "live");
        try (Kept kept = Kept.of(encoded, counts.users())) {
            notes.addAll(propensities.notes(counts));
            Dataset<Row> known = propensities.complete(kept.rows(), counts);
            double share = known.agg(avg("propensity")).head().getDouble(0);
            CrossFit data = new CrossFit(known, kind, share, settings);
            List<Learner> learners = settings.learners(kind);
            settings.challengers().stream()
                    .filter(challenger -> !learners.contains(challenger))
                    .forEach(challenger ->
                            notes.add("challenger %s cannot learn values: it does not compete".formatted(challenger)));
            return select(encoding, data, Fits.of(data, learners), counts, live, earlier, breakEven, notes);
        }
    }

    private static Result select(
            PredictorEncoding encoding,
            CrossFit data,
            Fits fits,
            ExampleCounts counts,
            Optional<Live> live,
            EarlierVerdicts earlier,
            OptionalDouble breakEven,
            List<String> notes) {
        Dataset<Row> outOfFold = data.examples(Set.of())
                .withColumn("predictions", fits.outOfFold())
                .drop("vector");
        try (Kept kept = Kept.of(outOfFold, counts.users())) {
            Dataset<Row> predictions = kept.rows();
            List<Candidate> candidates = Candidate.of(fits, predictions, data);
            Selection selection = breakEven.isPresent()
                    ? Selection.byEarnings(
                            candidates, Earnings.over(candidates, predictions, data, breakEven.getAsDouble()))
                    : Selection.of(candidates);
            selection.note().ifPresent(notes::add);
            Candidate champion = selection.champion();
            int place = fits.learners().indexOf(champion.learner());
            Function<Candidate, ResponsivenessModel.Uplift> modelOf = candidate -> candidate.model(
                    encoding, data, counts, selection.gain(candidate), earlier.test(selection.level(candidate)));
            ResponsivenessModel.Uplift model = modelOf.apply(champion);
            Optional<String> rejection = live.flatMap(
                    known -> LiveComparison.rejection(known, champion, place, predictions, data, counts, notes)
                            .or(() -> earlier.keeps(model.judged())));
            notes.add("%s: %s, %s%s"
                    .formatted(
                            champion.learner(),
                            model.verdict(),
                            model.judged().reason(),
                            model.orderP()
                                    .filter(p -> model.heterogeneous())
                                    .map(", of the order %.2g"::formatted)
                                    .orElse("")));
            return new Result.Trained(
                    model,
                    selection.others().stream()
                            .<ResponsivenessModel>map(modelOf)
                            .toList(),
                    rejection,
                    notes);
        }
    }

    /**
     * Evaluates a model, calibrated as it scores, on users that it was not trained on.
     *
     * @param model the model
     * @param examples {@code training_examples} of its feature
     * @return absent without such users
     */
    public Optional<Evaluation> evaluate(ResponsivenessModel.Uplift model, Dataset<Row> examples) {
        Propensities propensities = new Propensities(leastPropensity, settings);
        Reference reference = model.reference();
        UDF1<Double, Double> score = reference::score;
        Column raw = col("predicted.uplift");
        Column calibrated = raw.multiply(model.calibration().slope())
                .plus(model.calibration().intercept());
        Dataset<Row> vectors = examples.where(Propensities.usable())
                .withColumn("vector", model.encoding().vector())
                .withColumn("fold", CrossFit.fold(settings));
        ExampleCounts counts = ExampleCounts.of(examples.withColumn("fresh", lit(false)), propensities);
        Dataset<Row> rows = propensities
                .complete(vectors, counts)
                .withColumn("predicted", CrossFit.predicted(model.estimate(), col("vector")))
                .withColumn("score", udf(score, DataTypes.DoubleType).apply(raw))
                .withColumn(
                        "predicted",
                        struct(
                                calibrated.as("uplift"),
                                col("predicted.response").as("response")));
        return Optional.ofNullable(Evaluation.of(rows, List.of(), new PredictedArms(model.share()), model.kind())
                .get(List.of()));
    }

    /**
     * Trains for the response alone.
     *
     * @param examples {@code training_examples} of the feature
     * @param kind whether responses are 0 or 1, or any value
     */
    public Result propensity(Dataset<Row> examples, Metric.Kind kind) {
        Row counted =
                examples.agg(count(lit(1)), coalesce(sum("response"), lit(0.0))).head();
        ExampleCounts.Arm all = new ExampleCounts.Arm(counted.getLong(0), counted.getDouble(1));
        Optional<String> reason = all.tooLittle("the examples", kind, settings);
        if (reason.isPresent()) {
            return new Result.TooLittle(reason.get());
        }
        PredictorEncoding encoding = EncodingTraining.train(examples, predictors, items);
        if (encoding.size() == 0) {
            return NO_PREDICTORS;
        }
        Dataset<Row> vectors = examples.withColumn("vector", encoding.vector())
                .select(col("vector"), CrossFit.fold(settings).as("fold"), col("response"));
        try (Kept kept = Kept.of(vectors, all.users())) {
            Dataset<Row> encoded = kept.rows();
            Map<Integer, ResponseModel> byFold = new HashMap<>();
            for (int fold = 0; fold < settings.folds(); fold++) {
                byFold.put(fold, response(encoded.where(col("fold").notEqual(fold)), kind));
            }
            UDF2<Vector, Integer, Double> predict =
                    (vector, fold) -> byFold.get(fold).predict(vector.toArray());
            Dataset<Row> predictions =
                    encoded.withColumn("u", udf(predict, DataTypes.DoubleType).apply(col("vector"), col("fold")));
            Row squares = predictions
                    .agg(avg(col("response")
                            .minus(col("u"))
                            .multiply(col("response").minus(col("u")))))
                    .head();
            Map<String, Double> metrics = new TreeMap<>();
            metrics.put("examples", (double) all.users());
            metrics.put("response_rate", all.rate());
            metrics.put(kind == Metric.Kind.PROPORTION ? "brier" : "squared_error", squares.getDouble(0));
            return Result.Trained.alone(
                    new ResponsivenessModel.Propensity(
                            encoding,
                            response(encoded, kind),
                            new Folds(
                                    settings.seed(),
                                    IntStream.range(0, settings.folds())
                                            .mapToObj(fold -> Estimate.ofResponse(byFold.get(fold)))
                                            .toList()),
                            Reference.of(predictions),
                            metrics),
                    encoding.notes());
        }
    }

    private ResponseModel response(Dataset<Row> rows, Metric.Kind kind) {
        Dataset<Row> labelled = CrossFit.labelled(rows, col("response"), lit(1.0));
        return kind == Metric.Kind.PROPORTION
                ? Method.LINEAR.probability(labelled, settings)
                : Method.LINEAR.value(labelled, settings);
    }
}
