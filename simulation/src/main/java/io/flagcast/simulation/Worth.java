package io.flagcast.simulation;

import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Moments;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What the allocation of one experiment was worth, against others on the same exposures and the same luck: a uniform A/B that
 * enables as many, the same policy whose shares no rule has changed, and an oracle that knows every user's true response.
 * Conversions per 1,000 exposures.
 *
 * @param experimentId the experiment
 * @param exposures how many
 * @param enabled share of them that was enabled
 * @param flagcast what happened
 * @param uniform what a uniform A/B of the same size would have had
 * @param withoutRules what the same decisions would have had at full shares
 * @param oracle what enabling exactly those whom it helps would have had
 * @param gain flagcast minus uniform, paired
 * @param gainOfRules flagcast minus withoutRules, paired
 */
public record Worth(
        String experimentId,
        long exposures,
        double enabled,
        Estimate flagcast,
        Estimate uniform,
        Estimate withoutRules,
        Estimate oracle,
        Estimate gain,
        Estimate gainOfRules) {

    private static final double CONFIDENCE = 0.95;

    /**
     * A rate per 1,000 with its 95 % interval.
     *
     * @param value the mean
     * @param interval normal, over users
     */
    public record Estimate(double value, Interval interval) {
        private static Estimate of(double[] values) {
            Moments moments = Moments.of(values);
            return new Estimate(moments.mean(), Interval.normal(moments.mean(), moments.standardError(), CONFIDENCE));
        }
    }

    /** The worth of every experiment, with intervals over users: a user's days belong together. */
    public static List<Worth> of(Dataset<Row> truth) {
        Map<String, List<Row>> byExperiment = new TreeMap<>();
        for (Row row : truth.orderBy("experiment_id", "day", "user_id").collectAsList()) {
            byExperiment
                    .computeIfAbsent(row.getAs("experiment_id"), id -> new ArrayList<>())
                    .add(row);
        }
        List<Worth> result = new ArrayList<>();
        byExperiment.forEach((experimentId, rows) -> result.add(of(experimentId, rows)));
        return result;
    }

    private static Worth of(String experimentId, List<Row> rows) {
        double share = rows.stream()
                .mapToInt(row -> row.<Boolean>getAs("enabled") ? 1 : 0)
                .average()
                .orElseThrow();
        Map<String, double[]> sums = new TreeMap<>();
        for (Row row : rows) {
            double ifEnabled = row.<Double>getAs("y_if_enabled");
            double ifNot = row.<Double>getAs("y_if_not");
            boolean helps = row.<Double>getAs("p_if_enabled") > row.<Double>getAs("p_if_not");
            double[] sum = sums.computeIfAbsent(row.getAs("user_id"), id -> new double[4]);
            sum[0] += row.<Boolean>getAs("enabled") ? ifEnabled : ifNot;
            sum[1] += share * ifEnabled + (1 - share) * ifNot;
            sum[2] += row.<Boolean>getAs("without_rules") ? ifEnabled : ifNot;
            sum[3] += helps ? ifEnabled : ifNot;
        }
        // A mean over users of their sums, scaled to 1,000 exposures.
        double scale = 1000.0 * sums.size() / rows.size();
        double[][] values = new double[6][sums.size()];
        int user = 0;
        for (double[] sum : sums.values()) {
            values[0][user] = scale * sum[0];
            values[1][user] = scale * sum[1];
            values[2][user] = scale * sum[2];
            values[3][user] = scale * sum[3];
            values[4][user] = scale * (sum[0] - sum[1]);
            values[5][user] = scale * (sum[0] - sum[2]);
            user++;
        }
        return new Worth(
                experimentId,
                rows.size(),
                share,
                Estimate.of(values[0]),
                Estimate.of(values[1]),
                Estimate.of(values[2]),
                Estimate.of(values[3]),
                Estimate.of(values[4]),
                Estimate.of(values[5]));
    }
}
