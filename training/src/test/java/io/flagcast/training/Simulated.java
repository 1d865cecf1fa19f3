package io.flagcast.training;

import io.flagcast.statistics.ranking.ShownUplift;
import io.flagcast.statistics.ranking.TargetingCurve;
import io.flagcast.training.learners.Learner;
import io.flagcast.training.learners.TrainingSettings;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/** Users whose true responses are known. */
public final class Simulated {

    static final Learner T_LINEAR = Learner.parse("t_linear");
    public static final TrainingSettings SETTINGS = new TrainingSettings(
            7,
            2,
            T_LINEAR,
            List.of(),
            0.001,
            0,
            50,
            new TrainingSettings.Trees(5, 2, 0.3, 50),
            new TrainingSettings.Network(List.of(3), 20),
            new TrainingSettings.Factors(2, 100),
            new TrainingSettings.Collaborative(List.of(2), List.of(10.0), List.of(0.05), 3, 1));
    /** One user, who gained nothing. */
    static final ShownUplift NOTHING_SHOWN = new ShownUplift(List.of(List.of(new TargetingCurve.Cell(0, 1, 0, 0))));

    static final List<String> PREDICTORS = List.of("x", "noise", "plan");

    /** The first user's exposure; the next one's is a second later each. */
    static final Instant START = Instant.parse("2026-03-01T00:00:00Z");

    private static final StructType EXAMPLES =
            StructType.fromDDL("user_id STRING, exposed_at TIMESTAMP, x DOUBLE, noise DOUBLE, plan STRING,"
                    + " enabled BOOLEAN, propensity DOUBLE, response DOUBLE, usage MAP<STRING, DOUBLE>");
    private static final StructType USAGE =
            StructType.fromDDL("user_id STRING, usage MAP<STRING, DOUBLE>, taste STRING, coin STRING");

    private Simulated() {}

    /** What a user is given. */
    interface Truth {
        double response(double x, String plan, boolean enabled, Random random);
    }

    /** By how much enabling changes the response probability of a user with this x. */
    static double trueUplift(double x) {
        return 0.25 * x;
    }

    /** Users with x uniform in [-1, 1], a fair coin for the arm and a response probability of 0.3 when not enabled. */
    static Dataset<Row> examples(SparkSession spark, int users, long seed) {
        return examples(
                spark,
                users,
                seed,
                x -> 0.5,
                (x, plan, enabled, random) -> happens(0.3 + (enabled ? trueUplift(x) : 0), random));
    }

    static double happens(double probability, Random random) {
        return random.nextDouble() < probability ? 1 : 0;
    }

    /** Users with x uniform in [-1, 1], an arm by its logged propensity and a response by the truth. */
    static Dataset<Row> examples(
            SparkSession spark, int users, long seed, DoubleUnaryOperator propensity, Truth truth) {
        Random random = new Random(seed);
        List<Row> rows = new ArrayList<>();
        for (int user = 0; user < users; user++) {
            double x = 2 * random.nextDouble() - 1;
            Double noise = random.nextInt(10) == 0 ? null : random.nextGaussian();
            String plan = random.nextBoolean() ? "free" : "paid";
            double probability = propensity.applyAsDouble(x);
            boolean enabled = random.nextDouble() < probability;
            double response = truth.response(x, plan, enabled, random);
            rows.add(RowFactory.create(
                    "u" + user,
                    START.plusSeconds(user),
                    x,
                    noise,
                    plan,
                    enabled,
                    probability,
                    response,
                    Map.of("opened", 1.0 + user % 3)));
        }
        return spark.createDataFrame(rows, EXAMPLES);
    }

    /**
     * Two tastes of 60 users each; everyone uses three of the four features of one taste. The taste is known as an
     * attribute; the coin is one that says nothing.
     */
    static Dataset<Row> usage(SparkSession spark) {
        List<Row> rows = new ArrayList<>();
        for (int user = 0; user < 120; user++) {
            String taste = user < 60 ? "a" : "b";
            Map<String, Double> usage = new HashMap<>();
            for (int item = 0; item < 4; item++) {
                if (item != user % 4) {
                    usage.put(taste + item, 1.0 + (user + item) % 5);
                }
            }
            rows.add(RowFactory.create("u" + user, usage, taste, user / 4 % 2 == 0 ? "heads" : "tails"));
        }
        return spark.createDataFrame(rows, USAGE);
    }
}
