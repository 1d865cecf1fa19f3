package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_sort;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.exists;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.unix_micros;
import static org.apache.spark.sql.functions.when;

import io.flagcast.statistics.Arrivals;
import io.flagcast.statistics.Metric;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;

/** What metrics count of the outcomes of a user, as columns of a row with {@code exposed_at} and {@code happened}. */
final class Counting {

    private Counting() {}

    /** Per user what happened, in the order of time, in microseconds: comparing timestamps in arrays would take longer. */
    static Dataset<Row> happened(Dataset<Row> outcomes) {
        return outcomes.groupBy("user_id")
                .agg(array_sort(collect_list(struct(
                                unix_micros(col("occurred_at")).as("occurred"),
                                col("outcome"),
                                coalesce(col("value"), lit(1.0)).as("amount"))))
                        .as("happened"));
    }

    /** The microsecond at which the window of a metric begins. */
    static Column opens(Column metric) {
        return unix_micros(col("exposed_at")).plus(metric.getField("after"));
    }

    /** The microsecond at which the window of a metric closes. */
    static Column closes(Column metric) {
        return opens(metric).plus(metric.getField("within"));
    }

    /** What the denominator of a ratio counts in [from, to), at least 0; absent for other metrics. */
    static Column divisor(Column metric, Column from, Column to) {
        Column per = metric.getField("per");
        Column each = when(metric.getField("counted").equalTo(Metric.Denominator.Counted.ROWS.name()), 1.0);
        Column sum = sum(counts(per, from, to), outcome -> coalesce(each, outcome.getField("amount")));
        return when(per.isNull(), null)
                .when(col("happened").isNull(), 0.0)
                .otherwise(functions.greatest(lit(0.0), sum));
    }

    private static UnaryOperator<Column> counts(Column name, Column from, Column to) {
        return outcome -> outcome.getField("outcome")
                .equalTo(name)
                .and(outcome.getField("occurred").geq(from))
                .and(outcome.getField("occurred").lt(to));
    }

    private static Column sum(UnaryOperator<Column> counts, UnaryOperator<Column> of) {
        return functions.aggregate(
                col("happened"),
                lit(0.0),
                (total, outcome) -> when(counts.apply(outcome), total.plus(of.apply(outcome)))
                        .otherwise(total));
    }

    /**
     * What a metric counts of {@code happened} in [from, to): 1 or 0 for a proportion, the sum up to its cap for a mean, the
     * numerator of a ratio.
     */
    static Column amount(Column metric, Column from, Column to) {
        UnaryOperator<Column> counts = counts(metric.getField("outcome"), from, to);
        Column any = when(exists(col("happened"), counts::apply), 1.0).otherwise(0.0);
        Column sum = sum(counts, outcome -> outcome.getField("amount"));
        return when(col("happened").isNull(), 0.0)
                .when(metric.getField("kind").equalTo(Metric.Kind.PROPORTION.name()), any)
                .otherwise(Caps.within(sum, metric.getField("limit")));
    }

    /** The metrics of each experiment, as a map from its id; times in microseconds. */
    static Column metrics(List<MeasuredExperiment> experiments, Arrivals arrivals) {
        return map(experiments.stream()
                        .flatMap(experiment -> Stream.of(
                                lit(experiment.experimentId()),
                                array(experiment.metrics().stream()
                                        .map(metric -> struct(
                                                lit(metric.name()).as("metric"),
                                                lit(metric.kind().name()).as("kind"),
                                                lit(metric.outcome()).as("outcome"),
                                                text(metric.per().map(Metric.Denominator::outcome))
                                                        .as("per"),
                                                text(metric.per()
                                                                .map(per -> per.counted()
                                                                        .name()))
                                                        .as("counted"),
                                                lit(micros(metric.after())).as("after"),
                                                lit(micros(metric.within())).as("within"),
                                                (metric.limit().isPresent()
                                                                ? lit(metric.limit()
                                                                        .getAsDouble())
                                                                : lit(null).cast("double"))
                                                        .as("limit"),
                                                lit(ChronoUnit.MICROS.between(
                                                                Instant.EPOCH, arrivals.settledUntil(metric)))
                                                        .as("settled_until")))
                                        .toArray(Column[]::new))))
                        .toArray(Column[]::new))
                .cast("map<string, array<struct<metric: string, kind: string, outcome: string, per: string,"
                        + " counted: string, after: bigint, within: bigint, limit: double, settled_until: bigint>>>");
    }

    private static Column text(Optional<String> known) {
        return lit(known.orElse(null)).cast("string");
    }

    static long micros(Duration duration) {
        return TimeUnit.SECONDS.toMicros(duration.toSeconds());
    }
}
