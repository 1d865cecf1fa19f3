package io.flagcast.training;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.posexplode;
import static org.apache.spark.sql.functions.udf;

import io.flagcast.statistics.heterogeneity.BestLinearPrediction;
import io.flagcast.statistics.heterogeneity.CrossFitting;
import io.flagcast.statistics.heterogeneity.RepeatedVerdict;
import io.flagcast.statistics.heterogeneity.RepeatedVerdict.Verdict;
import io.flagcast.statistics.ranking.OrderEvidence;
import io.flagcast.statistics.ranking.ShownUplift;
import io.flagcast.training.encoding.PredictorEncoding;
import io.flagcast.training.learners.CrossFit;
import io.flagcast.training.learners.Estimate;
import io.flagcast.training.learners.Fits;
import io.flagcast.training.learners.Folds;
import io.flagcast.training.learners.Learner;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;

/**
 * A learner's estimate from all examples, and what its estimates are worth out of fold.
 *
 * @param learner what learned it
 * @param estimate from all examples
 * @param folds the same without each fold
 * @param reference out-of-fold uplift
 * @param byFold evaluation of the users of each fold
 * @param evaluation of all users
 */
record Candidate(
        Learner learner,
        Estimate estimate,
        Folds folds,
        Reference reference,
        Map<Integer, Evaluation> byFold,
        Evaluation evaluation) {

    private static final double ONE_SIDED_95 = 1.64;

    /**
     * Evaluates every learner.
     *
     * @param predictions the examples with {@code predictions}, see {@link Fits#outOfFold}
     * @return in the learners' order
     */
    static List<Candidate> of(Fits fits, Dataset<Row> predictions, CrossFit data) {
        List<Learner> learners = fits.learners();
        List<Reference> references = references(predictions, learners.size());
        List<Reference> scales = new ArrayList<>(references);
        UDF2<Integer, Double, Double> score =
                (learner, uplift) -> scales.get(learner).score(uplift);
        Dataset<Row> rows = predictions
                .select(
                        col("fold"),
                        col("enabled"),
                        col("propensity"),
                        col("response"),
                        posexplode(col("predictions")).as(new String[] {"learner", "predicted"}))
                .withColumn("score", udf(score, DataTypes.DoubleType).apply(col("learner"), col("predicted.uplift")));
        Map<List<Object>, Evaluation> parts = Evaluation.of(rows, List.of("learner", "fold"), data.arms(), data.kind());
        List<Candidate> candidates = new ArrayList<>();
        for (Learner learner : learners) {
            int place = candidates.size();
            Map<Integer, Evaluation> byFold = new TreeMap<>();
            parts.forEach((key, part) -> {
                if (key.get(0).equals(place)) {
                    byFold.put((Integer) key.get(1), part);
                }
            });
            candidates.add(new Candidate(
                    learner,
                    fits.ofAll(learner),
                    fits.folds(learner, data.settings()),
                    references.get(place),
                    byFold,
                    Evaluation.merged(data.kind(), byFold.values())));
        }
        return candidates;
    }

    private static List<Reference> references(Dataset<Row> predictions, int learners) {
        String[] names = IntStream.range(0, learners).mapToObj(i -> "u" + i).toArray(String[]::new);
        Column[] columns = IntStream.range(0, learners)
                .mapToObj(i -> col("predictions").getItem(i).getField("uplift").as("u" + i))
                .toArray(Column[]::new);
        double[][] quantiles =
                predictions.select(columns).stat().approxQuantile(names, Reference.PROBABILITIES, Reference.ERROR);
        return Arrays.stream(quantiles).map(Reference::of).toList();
    }

    /**
     * The calibrated model that it makes.
     *
     * @param gain over the simplest candidate; absent for that one itself, and where they cannot be compared
     * @param test of whether users differ
     */
    ResponsivenessModel.Uplift model(
            PredictorEncoding encoding,
            CrossFit data,
            ExampleCounts counts,
            Optional<Gain> gain,
            RepeatedVerdict test) {
        BestLinearPrediction calibration = evaluation.calibration().orElse(undecided());
        Verdict judged = test.judge(
                calibration,
                evaluation.sums().deviation(),
                new CrossFitting(data.settings().folds(), estimate.directions()));
        Map<String, Double> metrics =
                new TreeMap<>(evaluation.metrics(data.settings().seed()));
        // Each fold by the order that was learned without it: those orders share their users, and their error says so.
        metrics.putAll(Evaluation.metrics(OrderEvidence.crossFitted(
                byFold.values().stream().map(Evaluation::targeting).toList())));
        metrics.put("examples", (double) counts.users());
        metrics.put("response_rate_enabled", counts.arms().get(true).rate());
        metrics.put("response_rate_control", counts.arms().get(false).rate());
        metrics.put("propensities_clipped", (double) counts.clipped());
        metrics.put("propensities_estimated", (double) counts.unknown());
        metrics.put("propensities_certain", (double) counts.certain());
        metrics.putAll(EarlierVerdicts.metrics(judged));
        gain.ifPresent(known -> {
            metrics.put("qini_over_simplest", known.qini().mean());
            metrics.put("qini_over_simplest_error", known.qini().error());
        });
        ShownUplift shown = shown();
        return new ResponsivenessModel.Uplift(
                learner.name(),
                data.kind(),
                encoding,
                estimate,
                folds,
                data.share(),
                calibration,
                judged,
                reference,
                benefitBounds(),
                shown,
                shown.supported(),
                metrics,
                evaluation.curves());
    }

    /** What users of each score have shown, the folds in the order of their numbers. */
    ShownUplift shown() {
        return ShownUplift.of(
                byFold.values().stream().map(Evaluation::targeting).toList());
    }

    /** Where nothing differs between users, nothing is claimed. */
    private BestLinearPrediction undecided() {
        double effect = evaluation.deciles().stream()
                        .mapToDouble(Evaluation.Decile::effect)
                        .sum()
                / evaluation.users();
        return new BestLinearPrediction(evaluation.users(), 0, effect, 0, 0, 0);
    }

    private List<Double> benefitBounds() {
        return evaluation.deciles().stream()
                // A decile that nobody fell into has shown no harm.
                .map(decile ->
                        decile.users() < 2 ? Double.MAX_VALUE : decile.meanEffect() + ONE_SIDED_95 * decile.error())
                .toList();
    }
}
