package io.flagcast.training;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/** Users whose true responses are known. */
final class Simulated {

    static final TrainingSettings SETTINGS =
            new TrainingSettings(7, 2, 0.001, 50, new TrainingSettings.Collaborative(2, 10, 0.05, 10, 2));
    static final List<String> PREDICTORS = List.of("x", "noise", "plan");

    private static final StructType EXAMPLES = StructType.fromDDL("user_id STRING, x DOUBLE, noise DOUBLE, plan STRING,"
            + " enabled BOOLEAN, propensity DOUBLE, response DOUBLE");
    private static final StructType USAGE = StructType.fromDDL("user_id STRING, feature_id STRING, amount DOUBLE");

    private Simulated() {}

    /** By how much enabling changes the response probability of a user with this x. */
    static double trueUplift(double x) {
        return 0.25 * x;
    }

    /** Users with x uniform in [-1, 1], a fair coin for the arm and a response probability of 0.3 when not enabled. */
    static Dataset<Row> examples(SparkSession spark, int users, long seed) {
        Random random = new Random(seed);
        List<Row> rows = new ArrayList<>();
        for (int user = 0; user < users; user++) {
            double x = 2 * random.nextDouble() - 1;
            Double noise = random.nextInt(10) == 0 ? null : random.nextGaussian();
            String plan = random.nextBoolean() ? "free" : "paid";
            boolean enabled = random.nextBoolean();
            double probability = 0.3 + (enabled ? trueUplift(x) : 0);
            double response = random.nextDouble() < probability ? 1 : 0;
            rows.add(RowFactory.create("u" + user, x, noise, plan, enabled, 0.5, response));
        }
        return spark.createDataFrame(rows, EXAMPLES);
    }

    /** Two tastes of 60 users each; everyone uses three of the four features of one taste. */
    static Dataset<Row> usage(SparkSession spark) {
        List<Row> rows = new ArrayList<>();
        for (int user = 0; user < 120; user++) {
            String taste = user < 60 ? "a" : "b";
            for (int item = 0; item < 4; item++) {
                if (item != user % 4) {
                    rows.add(RowFactory.create("u" + user, taste + item, 1.0 + (user + item) % 5));
                }
            }
        }
        return spark.createDataFrame(rows, USAGE);
    }
}
