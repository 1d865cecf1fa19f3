package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sort_array;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.unix_micros;

import io.flagcast.features.RowFunction;
import io.flagcast.statistics.Arrivals;
import io.flagcast.statistics.Metric;
import io.flagcast.tables.Tables;
import java.io.Serializable;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;

/** What the metrics of experiments count of the outcomes of a user. */
final class Counting implements Serializable {

    private static final long serialVersionUID = 1L;

    private static final String HAPPENED = "_happened";
    private static final DataType COUNTED =
            StructType.fromDDL(Tables.FIRST_EXPOSURES.schema()).apply("counted").dataType();
    private static final int OUTCOME_FIELDS = 3;

    private final Map<UTF8String, OfExperiment> experiments = new HashMap<>();

    /** @param prePeriod length of the pre-period in microseconds; 0 without one */
    private record OfExperiment(List<OfMetric> metrics, long prePeriod) implements Serializable {}

    /**
     * A metric; times in microseconds.
     *
     * @param per the outcome that a ratio is divided by; absent (null) for other metrics
     * @param countsRows whether each of those outcomes counts 1, whatever its amount
     * @param limit where the value of a user stops to count; endless without a cap
     */
    private record OfMetric(
            UTF8String name,
            boolean isProportion,
            UTF8String outcome,
            UTF8String per,
            boolean countsRows,
            long after,
            long within,
            double limit,
            long settledUntil)
            implements Serializable {

        private static OfMetric of(Metric metric, Arrivals arrivals) {
            return new OfMetric(
                    UTF8String.fromString(metric.name()),
                    metric.kind() == Metric.Kind.PROPORTION,
                    UTF8String.fromString(metric.outcome()),
                    metric.per()
                            .map(per -> UTF8String.fromString(per.outcome()))
                            .orElse(null),
                    metric.per()
                            .filter(per -> per.counted() == Metric.Denominator.Counted.ROWS)
                            .isPresent(),
                    micros(metric.after()),
                    micros(metric.within()),
                    metric.limit().orElse(Double.POSITIVE_INFINITY),
                    ChronoUnit.MICROS.between(Instant.EPOCH, arrivals.settledUntil(metric)));
        }
    }

    private Counting(List<MeasuredExperiment> measured, Arrivals arrivals) {
        for (MeasuredExperiment experiment : measured) {
            List<OfMetric> metrics = experiment.metrics().stream()
                    .map(metric -> OfMetric.of(metric, arrivals))
                    .toList();
            experiments.put(
                    UTF8String.fromString(experiment.experimentId()), new OfExperiment(metrics, prePeriod(experiment)));
        }
    }

    /** Length of the pre-period in microseconds; 0 for none. */
    static long prePeriod(MeasuredExperiment experiment) {
        return experiment.prePeriod().map(Counting::micros).orElse(0L);
    }

    private static long micros(Duration duration) {
        return TimeUnit.SECONDS.toMicros(duration.toSeconds());
    }

    /**
     * Adds what the metrics of a row's experiment count, as {@code counted} in {@code first_exposures}: none where it is not measured.
     *
     * @param rows with {@code experiment_id}, {@code user_id} and {@code exposed_at}
     * @param outcomes valid outcomes
     */
    static Dataset<Row> counted(
            Dataset<Row> rows, Dataset<Row> outcomes, Arrivals arrivals, List<MeasuredExperiment> experiments) {
        // In the order of time, so that sums have the same bits however outcomes are stored.
        Dataset<Row> happened = outcomes.groupBy("user_id")
                .agg(sort_array(collect_list(struct(
                                unix_micros(col("occurred_at")).as("occurred"),
                                col("outcome"),
                                coalesce(col("value"), lit(1.0)).as("amount"))))
                        .as(HAPPENED));
        Dataset<Row> joined = rows.join(happened, new String[] {"user_id"}, "left");
        StructType arguments = new StructType()
                .add("experiment_id", DataTypes.StringType)
                .add("exposed_at", DataTypes.LongType)
                .add(joined.schema().apply(HAPPENED));
        RowFunction.Body counted = new Counting(experiments, arrivals)::counted;
        return joined.withColumn(
                        "counted",
                        RowFunction.of(
                                arguments,
                                COUNTED,
                                counted,
                                col("experiment_id"),
                                unix_micros(col("exposed_at")),
                                col(HAPPENED)))
                .drop(HAPPENED);
    }

    private ArrayData counted(InternalRow row) {
        OfExperiment experiment = experiments.get(row.getUTF8String(0));
        if (experiment == null) {
            return new GenericArrayData(new Object[0]);
        }
        long exposed = row.getLong(1);
        long prePeriod = experiment.prePeriod;
        Happened happened = new Happened(row.isNullAt(2) ? null : row.getArray(2));
        Object[] counted = new Object[experiment.metrics.size()];
        for (int i = 0; i < counted.length; i++) {
            OfMetric metric = experiment.metrics.get(i);
            long opens = exposed + metric.after;
            long closes = opens + metric.within;
            boolean isRatio = metric.per != null;
            counted[i] = new GenericInternalRow(new Object[] {
                metric.name,
                closes,
                closes <= metric.settledUntil,
                happened.amount(metric, opens, closes),
                prePeriod > 0 ? happened.amount(metric, exposed - prePeriod, exposed) : null,
                isRatio ? happened.divisor(metric, opens, closes) : null,
                isRatio && prePeriod > 0 ? happened.divisor(metric, exposed - prePeriod, exposed) : null
            });
        }
        return new GenericArrayData(counted);
    }

    /** The outcomes of a user in the order of time. */
    private static final class Happened {

        private final long[] occurred;
        private final UTF8String[] outcomes;
        private final double[] amounts;

        /** @param happened absent (null) for none */
        private Happened(ArrayData happened) {
            int size = happened == null ? 0 : happened.numElements();
            this.occurred = new long[size];
            this.outcomes = new UTF8String[size];
            this.amounts = new double[size];
            for (int i = 0; i < size; i++) {
                InternalRow outcome = happened.getStruct(i, OUTCOME_FIELDS);
                occurred[i] = outcome.getLong(0);
                outcomes[i] = outcome.getUTF8String(1);
                amounts[i] = outcome.getDouble(2);
            }
        }

        private boolean counts(int i, UTF8String outcome, long from, long to) {
            return occurred[i] >= from && occurred[i] < to && outcome.equals(outcomes[i]);
        }

        /** What a metric counts in [from, to): 1 or 0 for a proportion, the sum up to its cap for a mean, the numerator of a ratio. */
        private double amount(OfMetric metric, long from, long to) {
            double sum = 0;
            for (int i = 0; i < occurred.length; i++) {
                if (counts(i, metric.outcome, from, to)) {
                    if (metric.isProportion) {
                        return 1;
                    }
                    sum += amounts[i];
                }
            }
            // What is not a number stays, so that it is seen; without a cap so does a sum below 0.
            return metric.limit == Double.POSITIVE_INFINITY ? sum : Math.max(0, Math.min(sum, metric.limit));
        }

        /** What the denominator of a ratio counts in [from, to), at least 0. */
        private double divisor(OfMetric metric, long from, long to) {
            double sum = 0;
            for (int i = 0; i < occurred.length; i++) {
                if (counts(i, metric.per, from, to)) {
                    sum += metric.countsRows ? 1 : amounts[i];
                }
            }
            return Math.max(0, sum);
        }
    }
}
