package io.flagcast.training;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.greatest;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.posexplode;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import io.flagcast.statistics.BestLinearPrediction;
import io.flagcast.statistics.Metric;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
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

    private static final double ONE_SIDED_95 = 1.64;
    /** An estimate is never so sure that a user counts more than a hundredfold. */
    private static final double LEAST_ESTIMATED = 0.01;

    public ResponseTraining {
        predictors = List.copyOf(predictors);
        Objects.requireNonNull(settings, "settings");
        if (!(leastPropensity >= 0 && leastPropensity < 0.5)) {
            throw new IllegalArgumentException(
                    "propensities are clipped at " + leastPropensity + ": it must be in [0, 0.5)");
        }
    }

    /** Models, or why there are none. */
    public sealed interface Result {
        /**
         * Trained models.
         *
         * @param champion the model to use, unless it is rejected
         * @param challengers the other learners' models
         * @param rejection why the champion is worse than the live model, where it is
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

    /** Counts of one arm. */
    private record Arm(long users, double responses) {

        private double rate() {
            return responses / users;
        }
    }

    /** What the examples of a feature are. */
    private record Counts(Map<Boolean, Arm> arms, long unknown, long certain, long clipped, Map<Boolean, Long> fresh) {

        private long users() {
            return arms.values().stream().mapToLong(Arm::users).sum();
        }
    }

    /**
     * Trains every learner for the uplift, cross-fitted, and selects.
     *
     * @param examples {@code training_examples} of the feature
     * @param kind whether responses are 0 or 1, or any value
     * @param live the model in use
     */
    public Result uplift(Dataset<Row> examples, Metric.Kind kind, Optional<Live> live) {
        Column fresh =
                live.map(known -> col("exposed_at").gt(lit(known.since()))).orElse(lit(false));
        Dataset<Row> rows = examples.withColumn("fresh", fresh);
        Counts counts = counts(rows);
        Optional<String> reason = tooLittle(counts, kind);
        if (reason.isPresent()) {
            return new Result.TooLittle(reason.get());
        }
        PredictorEncoding encoding = PredictorEncoding.fit(rows.where(usable()), predictors, items);
        List<String> notes = new ArrayList<>(encoding.notes());
        Dataset<Row> encoded = rows.where(usable())
                .withColumn("vector", encoding.vector())
                .withColumn(
                        "live",
                        live.map(known -> predicted(known.model()))
                                .orElse(lit(null).cast(CrossFit.PREDICTION)))
                .withColumn("fold", fold())
                .select("vector", "fold", "enabled", "propensity", "response", "fresh", "live");
        try (Kept kept = Kept.of(encoded, counts.users())) {
            Dataset<Row> known = withPropensities(kept.rows(), counts, notes);
            double share = known.agg(avg("propensity")).head().getDouble(0);
            CrossFit data = new CrossFit(known, kind, share, settings);
            List<Learner> learners = settings.learners(kind);
            settings.challengers().stream()
                    .filter(challenger -> !learners.contains(challenger))
                    .forEach(challenger ->
                            notes.add("challenger %s cannot learn values: it does not compete".formatted(challenger)));
            Map<Learner, Map<Set<Integer>, Estimate>> fits = fitAll(data, learners);
            return select(encoding, data, fits, counts, live, notes);
        }
    }

    /** What the live model says, for another mean propensity than it was trained with. */
    private static Column mixedAlike(ResponsivenessModel.Uplift live, double share) {
        Column uplift = col("live.uplift");
        return struct(
                uplift.as("uplift"),
                col("live.response").plus(uplift.multiply(share - live.share())).as("response"));
    }

    /** What a model says of rows with its predictors and {@code usage}, not calibrated. */
    private static Column predicted(ResponsivenessModel.Uplift model) {
        return CrossFit.predicted(model.estimate(), model.encoding().vector());
    }

    /**
     * Evaluates a model, calibrated as it scores, on users that it was not trained on.
     *
     * @param model the model
     * @param examples {@code training_examples} of its feature
     * @return absent without such users
     */
    public Optional<Evaluation> evaluate(ResponsivenessModel.Uplift model, Dataset<Row> examples) {
        Reference reference = model.reference();
        UDF1<Double, Double> score = reference::score;
        Column raw = col("predicted.uplift");
        Column calibrated = raw.multiply(model.calibration().slope())
                .plus(model.calibration().intercept());
        Dataset<Row> all = examples.withColumn("fresh", lit(false));
        Dataset<Row> vectors = all.where(usable())
                .withColumn("vector", model.encoding().vector())
                .withColumn("fold", fold());
        Dataset<Row> rows = withPropensities(vectors, counts(all), new ArrayList<>())
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

    /** Whether the user could have been in either arm, as far as is known. */
    private static Column usable() {
        return coalesce(col("propensity").gt(0).and(col("propensity").lt(1)), lit(true));
    }

    private Counts counts(Dataset<Row> rows) {
        Column usable = usable();
        Map<Boolean, Arm> arms = new TreeMap<>(Map.of(true, new Arm(0, 0), false, new Arm(0, 0)));
        Map<Boolean, Long> fresh = new HashMap<>(Map.of(true, 0L, false, 0L));
        long unknown = 0;
        long excluded = 0;
        long clipped = 0;
        for (Row row : rows.groupBy("enabled")
                .agg(
                        count(when(usable, 1)),
                        coalesce(sum(when(usable, col("response"))), lit(0.0)),
                        count(when(col("propensity").isNull(), 1)),
                        count(when(not(usable), 1)),
                        count(when(usable.and(clipped(col("propensity")).notEqual(col("propensity"))), 1)),
                        count(when(usable.and(col("fresh")), 1)))
                .collectAsList()) {
            arms.put(row.getBoolean(0), new Arm(row.getLong(1), row.getDouble(2)));
            unknown += row.getLong(3);
            excluded += row.getLong(4);
            clipped += row.getLong(5);
            fresh.put(row.getBoolean(0), row.getLong(6));
        }
        return new Counts(arms, unknown, excluded, clipped, fresh);
    }

    private Optional<String> tooLittle(Counts counts, Metric.Kind kind) {
        return counts.arms().entrySet().stream()
                .sorted(Map.Entry.<Boolean, Arm>comparingByKey().reversed())
                .map(arm -> tooLittle(arm.getKey() ? "the enabled arm" : "the control arm", arm.getValue(), kind))
                .flatMap(Optional::stream)
                .findFirst()
                .map(reason -> counts.certain() == 0
                        ? reason
                        : "%s; %,d users with propensity 0 or 1 cannot be compared: give the experiment an exploration slice"
                                .formatted(reason, counts.certain()));
    }

    private Optional<String> tooLittle(String what, Arm arm, Metric.Kind kind) {
        if (arm.users() < settings.minUsersPerArm()) {
            return Optional.of("%s: %,d users, needs flagcast.training.min-users-per-arm %,d"
                    .formatted(what, arm.users(), settings.minUsersPerArm()));
        }
        if (kind == Metric.Kind.MEAN) {
            return arm.responses() == 0
                    ? Optional.of(
                            "%s: the values of %,d users add up to 0, needs outcomes".formatted(what, arm.users()))
                    : Optional.empty();
        }
        return arm.responses() == 0 || arm.responses() == arm.users()
                ? Optional.of("%s: %,.0f of %,d users responded, needs both kinds"
                        .formatted(what, arm.responses(), arm.users()))
                : Optional.empty();
    }

    private Column fold() {
        return pmod(xxhash64(lit(settings.seed()), col("user_id")), lit(settings.folds()))
                .cast("int");
    }

    private Column clipped(Column propensity) {
        return clipped(propensity, leastPropensity);
    }

    private static Column clipped(Column propensity, double least) {
        return greatest(least(propensity, lit(1 - least)), lit(least));
    }

    /** Unknown propensities are estimated, out of fold; all are clipped. */
    private Dataset<Row> withPropensities(Dataset<Row> encoded, Counts counts, List<String> notes) {
        Column propensity = col("propensity");
        if (counts.certain() > 0) {
            notes.add("%,d users with propensity 0 or 1 are left out: nobody like them was in the other arm"
                    .formatted(counts.certain()));
        }
        if (counts.clipped() > 0) {
            notes.add("propensities of %,d users are clipped to [%s, %s]"
                    .formatted(counts.clipped(), leastPropensity, 1 - leastPropensity));
        }
        if (counts.unknown() > 0) {
            notes.add("propensities of %,d users are not logged: estimated from the predictors"
                    .formatted(counts.unknown()));
            Map<Integer, ResponseModel> byFold = new HashMap<>();
            for (int fold = 0; fold < settings.folds(); fold++) {
                byFold.put(
                        fold,
                        Method.LINEAR.probability(
                                CrossFit.labelled(
                                        encoded.where(col("fold").notEqual(fold)),
                                        col("enabled").cast("double"),
                                        lit(1.0)),
                                settings));
            }
            UDF2<Vector, Integer, Double> estimate =
                    (vector, fold) -> byFold.get(fold).predict(vector.toArray());
            propensity = coalesce(
                    propensity,
                    clipped(
                            udf(estimate, DataTypes.DoubleType).apply(col("vector"), col("fold")),
                            Math.max(leastPropensity, LEAST_ESTIMATED)));
        }
        return encoded.withColumn("propensity", clipped(propensity));
    }

    /** Every learner without each fold, and on all rows (without none). */
    private Map<Learner, Map<Set<Integer>, Estimate>> fitAll(CrossFit data, List<Learner> learners) {
        // Threads of their own: those of the common pool do not see the application's classes under spark-submit.
        ExecutorService threads = Executors.newFixedThreadPool(
                Math.max(2, Math.min(8, Runtime.getRuntime().availableProcessors())));
        try {
            Map<Learner, Map<Set<Integer>, Future<Estimate>>> running = new LinkedHashMap<>();
            for (Learner learner : learners) {
                Map<Set<Integer>, Future<Estimate>> own = new LinkedHashMap<>();
                running.put(learner, own);
                for (int fold = 0; fold < settings.folds(); fold++) {
                    Set<Integer> without = Set.of(fold);
                    own.put(without, threads.submit(() -> learner.fit(data, without)));
                }
                own.put(Set.of(), threads.submit(() -> learner.fit(data, Set.of())));
            }
            Map<Learner, Map<Set<Integer>, Estimate>> fits = new LinkedHashMap<>();
            running.forEach((learner, own) -> {
                Map<Set<Integer>, Estimate> done = new HashMap<>();
                own.forEach((without, future) -> done.put(without, result(future)));
                fits.put(learner, done);
            });
            return fits;
        } finally {
            threads.shutdownNow();
        }
    }

    private static <T> T result(Future<T> future) {
        try {
            return future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while models were fitted", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    /** A learner's estimate on all rows, and what its estimates are worth out of fold. */
    private record Candidate(
            Learner learner,
            Estimate estimate,
            Reference reference,
            Map<Integer, Evaluation> byFold,
            Evaluation evaluation) {}

    private Result select(
            PredictorEncoding encoding,
            CrossFit data,
            Map<Learner, Map<Set<Integer>, Estimate>> fits,
            Counts counts,
            Optional<Live> live,
            List<String> notes) {
        List<Learner> learners = List.copyOf(fits.keySet());
        Dataset<Row> outOfFold = data.examples(Set.of())
                .withColumn("predictions", outOfFold(fits))
                .drop("vector");
        try (Kept kept = Kept.of(outOfFold, counts.users())) {
            Dataset<Row> predictions = kept.rows();
            List<Reference> references = references(predictions, learners.size());
            List<Candidate> candidates = candidates(fits, references, predictions, data);
            Map<Learner, Gain> gains = new HashMap<>();
            Candidate champion = best(candidates, gains, notes);
            Optional<String> rejection =
                    live.flatMap(known -> rejection(known, champion, predictions, data, counts, notes));
            ResponsivenessModel.Uplift model = model(champion, encoding, data, counts, gains);
            notes.add("%s: %s, p = %.2g"
                    .formatted(
                            champion.learner(),
                            model.verdict(),
                            model.calibration().p()));
            return new Result.Trained(
                    model,
                    candidates.stream()
                            .filter(candidate -> !candidate.learner().equals(champion.learner()))
                            .<ResponsivenessModel>map(candidate -> model(candidate, encoding, data, counts, gains))
                            .toList(),
                    rejection,
                    notes);
        }
    }

    /** What each learner says of a row, fitted without the row's fold. */
    private static Column outOfFold(Map<Learner, Map<Set<Integer>, Estimate>> fits) {
        List<Map<Set<Integer>, Estimate>> estimates = new ArrayList<>(fits.values());
        UDF2<Vector, Integer, Row[]> predict = (vector, fold) -> {
            double[] x = vector.toArray();
            return estimates.stream()
                    .map(own -> own.get(Set.of(fold)).predict(x))
                    .map(prediction -> RowFactory.create(prediction.uplift(), prediction.response()))
                    .toArray(Row[]::new);
        };
        return udf(predict, DataTypes.createArrayType(CrossFit.PREDICTION)).apply(col("vector"), col("fold"));
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

    private List<Candidate> candidates(
            Map<Learner, Map<Set<Integer>, Estimate>> fits,
            List<Reference> references,
            Dataset<Row> predictions,
            CrossFit data) {
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
        for (Map.Entry<Learner, Map<Set<Integer>, Estimate>> fit : fits.entrySet()) {
            int place = candidates.size();
            Map<Integer, Evaluation> byFold = new TreeMap<>();
            parts.forEach((key, part) -> {
                if (key.get(0).equals(place)) {
                    byFold.put((Integer) key.get(1), part);
                }
            });
            candidates.add(new Candidate(
                    fit.getKey(),
                    fit.getValue().get(Set.of()),
                    references.get(place),
                    byFold,
                    Evaluation.merged(data.kind(), byFold.values())));
        }
        return candidates;
    }

    /** The first candidate, or of the challengers that are better beyond doubt the one with the largest gain. */
    private static Candidate best(List<Candidate> candidates, Map<Learner, Gain> gains, List<String> notes) {
        Candidate simplest = candidates.get(0);
        List<Candidate> challengers = candidates.subList(1, candidates.size());
        challengers.forEach(challenger -> Gain.of(challenger.byFold(), simplest.byFold())
                .ifPresent(gain -> gains.put(challenger.learner(), gain)));
        Optional<Candidate> promoted = challengers.stream()
                .filter(challenger -> gains.containsKey(challenger.learner()))
                .filter(challenger -> gains.get(challenger.learner()).promotes(challengers.size()))
                .max(Comparator.comparing(
                        challenger -> gains.get(challenger.learner()).qini().mean()));
        promoted.ifPresent(challenger -> notes.add("%s is promoted over %s: Qini %+.4f ± %.4f out of fold"
                .formatted(
                        challenger.learner(),
                        simplest.learner(),
                        gains.get(challenger.learner()).qini().mean(),
                        gains.get(challenger.learner()).qini().error())));
        return promoted.orElse(simplest);
    }

    /** Compares with the live model on users whose outcomes it does not know. */
    private Optional<String> rejection(
            Live live, Candidate champion, Dataset<Row> predictions, CrossFit data, Counts counts, List<String> notes) {
        if (counts.fresh().values().stream().anyMatch(users -> users < settings.minUsersPerArm())) {
            notes.add("not compared with the live model: fewer than %,d users per arm since it was trained"
                    .formatted(settings.minUsersPerArm()));
            return Optional.empty();
        }
        int place = settings.learners(data.kind()).indexOf(champion.learner());
        List<Reference> references = List.of(champion.reference(), live.model().reference());
        UDF2<Integer, Double, Double> score =
                (which, uplift) -> references.get(which).score(uplift);
        Dataset<Row> rows = predictions
                .where(col("fresh"))
                .select(
                        col("fold"),
                        col("enabled"),
                        col("propensity"),
                        col("response"),
                        posexplode(array(col("predictions").getItem(place), mixedAlike(live.model(), data.share())))
                                .as(new String[] {"which", "predicted"}))
                .withColumn("score", udf(score, DataTypes.DoubleType).apply(col("which"), col("predicted.uplift")));
        Map<Integer, Evaluation> ours = new TreeMap<>();
        Map<Integer, Evaluation> theirs = new TreeMap<>();
        Evaluation.of(rows, List.of("which", "fold"), data.arms(), data.kind())
                .forEach((key, part) -> (key.get(0).equals(0) ? ours : theirs).put((Integer) key.get(1), part));
        Optional<Gain> gain = Gain.of(ours, theirs);
        if (gain.isEmpty()) {
            notes.add("not compared with the live model: too few responses since it was trained");
        }
        return gain.flatMap(Gain::worse)
                .map(what -> "worse than the live model: %s on users since it was trained".formatted(what));
    }

    private ResponsivenessModel.Uplift model(
            Candidate candidate, PredictorEncoding encoding, CrossFit data, Counts counts, Map<Learner, Gain> gains) {
        Evaluation evaluation = candidate.evaluation();
        Map<String, Double> metrics = new TreeMap<>(evaluation.metrics(settings.seed()));
        Map<Boolean, Arm> arms = counts.arms();
        metrics.put("examples", (double) counts.users());
        metrics.put("response_rate_enabled", arms.get(true).rate());
        metrics.put("response_rate_control", arms.get(false).rate());
        metrics.put("propensities_clipped", (double) counts.clipped());
        metrics.put("propensities_estimated", (double) counts.unknown());
        metrics.put("propensities_certain", (double) counts.certain());
        Optional.ofNullable(gains.get(candidate.learner())).ifPresent(gain -> {
            metrics.put("qini_over_simplest", gain.qini().mean());
            metrics.put("qini_over_simplest_error", gain.qini().error());
        });
        return new ResponsivenessModel.Uplift(
                candidate.learner().name(),
                data.kind(),
                encoding,
                candidate.estimate(),
                data.share(),
                evaluation.calibration().orElse(undecided(evaluation)),
                candidate.reference(),
                benefitBounds(evaluation),
                metrics,
                evaluation.curves());
    }

    /** Where nothing differs between users, nothing is claimed. */
    private static BestLinearPrediction undecided(Evaluation evaluation) {
        double effect = evaluation.deciles().stream()
                        .mapToDouble(Evaluation.Decile::effect)
                        .sum()
                / evaluation.users();
        return new BestLinearPrediction(evaluation.users(), 0, effect, 0, 0, 0);
    }

    private static List<Double> benefitBounds(Evaluation evaluation) {
        return evaluation.deciles().stream()
                // A decile that nobody fell into has shown no harm.
                .map(decile ->
                        decile.users() < 2 ? Double.MAX_VALUE : decile.meanEffect() + ONE_SIDED_95 * decile.error())
                .toList();
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
        Arm all = new Arm(counted.getLong(0), counted.getDouble(1));
        Optional<String> reason = tooLittle("the examples", all, kind);
        if (reason.isPresent()) {
            return new Result.TooLittle(reason.get());
        }
        PredictorEncoding encoding = PredictorEncoding.fit(examples, predictors, items);
        Dataset<Row> vectors = examples.withColumn("vector", encoding.vector())
                .select(col("vector"), fold().as("fold"), col("response"));
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
                            encoding, response(encoded, kind), Reference.of(predictions), metrics),
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
