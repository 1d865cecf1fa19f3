package io.flagcast.training;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.posexplode;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;

import io.flagcast.training.ResponseTraining.Live;
import io.flagcast.training.learners.CrossFit;
import io.flagcast.training.learners.Fits;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;

/** The live model beside a new one, on users whose outcomes neither knows. */
final class LiveComparison {

    private LiveComparison() {}

    /** Whether the live model, where there is one, does not know the outcomes of a row of {@code training_examples}. */
    static Column fresh(Optional<Live> live) {
        return live.map(known -> col("exposed_at").gt(lit(known.since()))).orElse(lit(false));
    }

    /** What the live model, where there is one, says of rows with its predictors and {@code usage}, not calibrated. */
    static Column predicted(Optional<Live> live) {
        return live.map(known -> CrossFit.predicted(
                        known.model().estimate(), known.model().encoding().vector()))
                .orElse(lit(null).cast(CrossFit.PREDICTION));
    }

    /**
     * Why the champion is worse than the live model, if it is.
     *
     * @param place of the champion among the predictions of a row
     * @param predictions the examples with {@code fresh}, {@code live} and {@code predictions}, see {@link Fits#outOfFold}
     * @param notes told why they were not compared, if so
     */
    static Optional<String> rejection(
            Live live,
            Candidate champion,
            int place,
            Dataset<Row> predictions,
            CrossFit data,
            ExampleCounts counts,
            List<String> notes) {
        long least = data.settings().minUsersPerArm();
        if (counts.fresh().values().stream().anyMatch(users -> users < least)) {
            notes.add("not compared with the live model: fewer than %,d users per arm since it was trained"
                    .formatted(least));
            return Optional.empty();
        }
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

    /** What the live model says, for another mean propensity than it was trained with. */
    private static Column mixedAlike(ResponsivenessModel.Uplift live, double share) {
        Column uplift = col("live.uplift");
        return struct(
                uplift.as("uplift"),
                col("live.response").plus(uplift.multiply(share - live.share())).as("response"));
    }
}
