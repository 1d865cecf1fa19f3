package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.greatest;
import static org.apache.spark.sql.functions.isnan;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.transform;
import static org.apache.spark.sql.functions.when;

import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Where the value of a user stops to count. A metric whose cap is a quantile that nobody has looked up yet counts all of it. */
public final class Caps {

    /** Stands in no name. */
    private static final String SEPARATOR = "\n";

    private Caps() {}

    /**
     * Rows of {@code first_exposures} that were counted before a cap was known, with the values of capped metrics in [0, cap],
     * in the window and in the pre-period. What is within stays: to do it twice changes nothing. A value that is not a number stays as well, so that it is seen.
     */
    public static Dataset<Row> applied(Dataset<Row> firstExposures, List<MeasuredExperiment> experiments) {
        if (experiments.stream()
                .flatMap(experiment -> experiment.metrics().stream())
                .allMatch(metric -> metric.limit().isEmpty())) {
            return firstExposures;
        }
        Column experiment = col("experiment_id");
        return firstExposures.withColumn("counted", transform(col("counted"), metric -> {
            Column limit = limit(experiments, experiment, metric.getField("metric"));
            return struct(
                    metric.getField("metric").as("metric"),
                    metric.getField("closes_at").as("closes_at"),
                    metric.getField("settled").as("settled"),
                    within(metric.getField("y"), limit).as("y"),
                    within(metric.getField("before"), limit).as("before"),
                    metric.getField("d").as("d"),
                    metric.getField("d_before").as("d_before"));
        }));
    }

    /** The value in [0, limit], where there is a limit; what is not a number stays. */
    static Column within(Column value, Column limit) {
        return when(value.isNull().or(limit.isNull()).or(isnan(value)), value)
                .otherwise(greatest(lit(0.0), least(value, limit)));
    }

    /** The cap of a metric of an experiment; null without one. */
    static Column limit(List<MeasuredExperiment> experiments, Column experimentId, Column metric) {
        Column[] entries = experiments.stream()
                .flatMap(experiment -> experiment.metrics().stream()
                        .filter(known -> known.limit().isPresent())
                        .flatMap(known -> Stream.of(
                                lit(experiment.experimentId() + SEPARATOR + known.name()),
                                lit(known.limit().getAsDouble()))))
                .toArray(Column[]::new);
        return map(entries).cast("map<string, double>").getItem(concat_ws(SEPARATOR, experimentId, metric));
    }

    /**
     * What a metric has counted of each decision and day whose outcomes are in.
     *
     * @return a column {@code y}, never null nor NaN
     */
    public static Dataset<Row> values(Dataset<Row> firstExposures, String experimentId, String metric) {
        return firstExposures
                .where(col("experiment_id").equalTo(experimentId))
                .select(explode(col("counted")).as("measured"))
                .where(col("measured.metric")
                        .equalTo(metric)
                        .and(col("measured.settled"))
                        .and(col("measured.y").isNotNull())
                        .and(not(isnan(col("measured.y")))))
                .select(col("measured.y").as("y"));
    }
}
