package io.flagcast.benchmarks;

import io.flagcast.training.learners.Learner;
import io.flagcast.training.learners.TrainingSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.SparkSession;

/**
 * Runs a benchmark: {@code none USERS SEEDS LEARNERS}, {@code scale USERS FEATURES LEARNERS}, {@code family USERS FEATURES HOW}, {@code
 * measure EXPOSURES TIMES}, {@code skew EVENTS TIMES}, {@code score USERS FEATURES LEARNER}, {@code allocate USERS EXPERIMENTS} or {@code serve-lake USERS EXPERIMENTS FOLDER}; or compares what two checkouts wrote, {@code same FOLDER FOLDER}.
 */
public final class Benchmarks {

    private Benchmarks() {}

    public static void main(String[] arguments) throws IOException {
        if (arguments.length == 3 && arguments[0].equals("same")) {
            System.exit(same(Path.of(arguments[1]), Path.of(arguments[2])) ? 0 : 1);
        }
        boolean measures =
                arguments.length == 3 && List.of("measure", "skew", "allocate").contains(arguments[0]);
        if (!measures && arguments.length != 4) {
            throw new IllegalArgumentException(
                    "write: none USERS SEEDS LEARNER,... or scale USERS FEATURES LEARNER,... or family USERS FEATURES"
                            + " family|best|each or measure EXPOSURES TIMES"
                            + " or skew EVENTS TIMES or score USERS FEATURES LEARNER or allocate USERS EXPERIMENTS or serve-lake USERS EXPERIMENTS FOLDER or same FOLDER FOLDER");
        }
        boolean learns = List.of("none", "scale").contains(arguments[0]);
        List<String> learners = !learns ? List.of() : List.of(arguments[3].split(",", -1));
        SparkSession spark =
                SparkSession.builder().appName("flagcast benchmarks").getOrCreate();
        try {
            int users = Integer.parseInt(arguments[1]);
            int times = Integer.parseInt(arguments[2]);
            switch (arguments[0]) {
                case "none" -> NoHeterogeneity.run(spark, users, times, learners);
                case "measure" -> MeasureScale.run(spark, users, times);
                case "skew" -> SkewScale.run(spark, users, times);
                case "score" -> RowsScale.score(spark, users, times, arguments[3]);
                case "allocate" -> RowsScale.allocate(spark, users, times);
                case "serve-lake" -> ServeLake.write(spark, new Users(users, times), arguments[3]);
                case "family" -> FamilyScale.run(spark, users, times, arguments[3]);
                case "scale" -> TrainingScale.run(spark, users, times, learners);
                default ->
                    throw new IllegalArgumentException(arguments[0]
                            + " is none of none, scale, family, measure, skew, score, allocate and serve-lake");
            }
        } finally {
            spark.stop();
        }
    }

    private static boolean same(Path left, Path right) throws IOException {
        SparkSession spark = SparkSession.builder().appName("flagcast same").getOrCreate();
        try {
            return Same.compare(spark, left, right);
        } finally {
            spark.stop();
        }
    }

    /** The defaults of reference.conf but for the learners, the first of which is the champion, and without user factors. */
    static TrainingSettings settings(List<String> learners) {
        List<Learner> parsed = learners.stream().map(Learner::parse).toList();
        return new TrainingSettings(
                42,
                5,
                parsed.get(0),
                parsed.subList(1, parsed.size()),
                0.001,
                0,
                100,
                new TrainingSettings.Trees(20, 3, 0.1, 50),
                new TrainingSettings.Network(List.of(8), 60),
                new TrainingSettings.Factors(0, 500),
                new TrainingSettings.Collaborative(List.of(8), List.of(10.0), List.of(0.05), 10, 10));
    }
}
