package io.flagcast.training.learners;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udf;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;

/**
 * What learners have estimated of one feature's examples: without each fold, and from all of them (without none).
 *
 * @param estimates per learner, in the order in which they compete, by the folds that were left out
 */
public record Fits(Map<Learner, Map<Set<Integer>, Estimate>> estimates) {

    private static final int MOST_AT_ONCE = 16;

    /** Fits every learner without each fold and on all examples, several at once. */
    public static Fits of(CrossFit data, List<Learner> learners) {
        // Threads of their own: those of the common pool do not see the application's classes under spark-submit.
        // More than there are cores: a fit is hundreds of small jobs, and waits for each to be told of its end.
        ExecutorService threads = Executors.newFixedThreadPool(
                Math.min(MOST_AT_ONCE, 2 * Runtime.getRuntime().availableProcessors()));
        try {
            Map<Learner, Map<Set<Integer>, Future<Estimate>>> running = new LinkedHashMap<>();
            for (Learner learner : learners) {
                Map<Set<Integer>, Future<Estimate>> own = new LinkedHashMap<>();
                running.put(learner, own);
                for (int fold = 0; fold < data.settings().folds(); fold++) {
                    Set<Integer> without = Set.of(fold);
                    own.put(without, threads.submit(() -> learner.fit(data, without)));
                }
                own.put(Set.of(), threads.submit(() -> learner.fit(data, Set.of())));
            }
            Map<Learner, Map<Set<Integer>, Estimate>> estimates = new LinkedHashMap<>();
            running.forEach((learner, own) -> {
                Map<Set<Integer>, Estimate> done = new HashMap<>();
                own.forEach((without, future) -> done.put(without, result(future)));
                estimates.put(learner, done);
            });
            return new Fits(estimates);
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

    /** The learners, in the order in which they compete. */
    public List<Learner> learners() {
        return List.copyOf(estimates.keySet());
    }

    /** What a learner has estimated from all examples. */
    public Estimate ofAll(Learner learner) {
        return estimates.get(learner).get(Set.of());
    }

    /** What a learner has estimated without each fold. */
    public Folds folds(Learner learner, TrainingSettings settings) {
        Map<Set<Integer>, Estimate> own = estimates.get(learner);
        return new Folds(
                settings.seed(),
                IntStream.range(0, settings.folds())
                        .mapToObj(fold -> own.get(Set.of(fold)))
                        .toList());
    }

    /** What each learner, in their order, says of a row's {@code vector}, fitted without the row's {@code fold}. */
    public Column outOfFold() {
        List<Map<Set<Integer>, Estimate>> byLearner = new ArrayList<>(estimates.values());
        UDF2<Vector, Integer, Row[]> predict = (vector, fold) -> {
            double[] x = vector.toArray();
            return byLearner.stream()
                    .map(own -> own.get(Set.of(fold)).predict(x))
                    .map(prediction -> RowFactory.create(prediction.uplift(), prediction.response()))
                    .toArray(Row[]::new);
        };
        return udf(predict, DataTypes.createArrayType(CrossFit.PREDICTION)).apply(col("vector"), col("fold"));
    }
}
