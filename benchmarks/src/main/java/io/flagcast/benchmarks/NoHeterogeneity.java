package io.flagcast.benchmarks;

import io.flagcast.simulation.World;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Metric;
import io.flagcast.training.ResponseTraining;
import io.flagcast.training.ResponseTraining.Result;
import io.flagcast.training.ResponsivenessModel;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * How often a feature whose uplift is the same for everybody is said to be heterogeneous: dark_mode of the simulated world,
 * whose users do differ in how often they respond.
 */
final class NoHeterogeneity {

    private static final StructType EXAMPLES = StructType.fromDDL(
            "user_id STRING, age DOUBLE, country STRING, plan STRING, tenure_days DOUBLE, shopping DOUBLE, music DOUBLE,"
                    + " exposed_at TIMESTAMP, enabled BOOLEAN, propensity DOUBLE, response DOUBLE,"
                    + " usage MAP<STRING, DOUBLE>");

    private NoHeterogeneity() {}

    static int run(SparkSession spark, int users, int seeds, List<String> learners) {
        ResponseTraining training = new ResponseTraining(
                List.of("age", "country", "plan", "tenure_days", "shopping", "music"),
                Optional.empty(),
                0.01,
                Benchmarks.settings(learners));
        int claims = 0;
        double above = 0;
        for (int seed = 1; seed <= seeds; seed++) {
            Result result = training.uplift(
                    spark.createDataFrame(examples(seed, users), EXAMPLES), Metric.Kind.PROPORTION, Optional.empty());
            var model = (ResponsivenessModel.Uplift) ((Result.Trained) result).champion();
            claims += model.heterogeneous() ? 1 : 0;
            above += model.judged().p() < 0.05 ? 1 : 0;
            System.out.printf(
                    "seed %d: %s, p = %.3f, %s%n",
                    seed, model.learner(), model.judged().p(), model.verdict());
        }
        Interval interval = Interval.wilson(claims, seeds, 0.95);
        System.out.printf(
                "%d of %d seeds claim heterogeneity at a first training (95 %%: %.1f %% to %.1f %%), %.0f have p < 5 %%; %,d users each, learners %s%n",
                claims, seeds, 100 * interval.lower(), 100 * interval.upper(), above, users, learners);
        return 0;
    }

    private static List<Row> examples(long seed, int users) {
        List<Row> rows = new ArrayList<>();
        Timestamp met = Timestamp.from(Instant.parse("2026-03-01T12:00:00Z"));
        SplittableRandom random = new SplittableRandom(seed);
        for (World.User user : World.of(seed, users).users()) {
            boolean enabled = random.nextBoolean();
            double response = random.nextDouble() < World.responseIfNot(user, "dark_mode") ? 1 : 0;
            rows.add(RowFactory.create(
                    user.id(),
                    (double) user.age(),
                    user.country(),
                    user.plan(),
                    (double) user.tenureDays(),
                    user.shopping(),
                    user.music(),
                    met,
                    enabled,
                    0.5,
                    response,
                    Map.of()));
        }
        return rows;
    }
}
