package io.flagcast.training.usage;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.map_keys;
import static org.apache.spark.sql.functions.udf;

import io.flagcast.statistics.Bootstrap;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.ranking.RankingQuality;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.types.StructType;
import scala.jdk.javaapi.CollectionConverters;

/**
 * How well rankings of items find what was withheld from them: a part of each user's items has to be found among all that the
 * user is not known to use.
 *
 * @param seed of what is withheld, and of intervals
 */
public record RankingValidation(long seed) {

    private static final StructType QUALITY =
            StructType.fromDDL("ndcg DOUBLE, average_precision DOUBLE, precision DOUBLE, recall DOUBLE");
    /** First so many recommendations count. */
    private static final int FIRST = 10;

    /** Withholds one in {@code parts} of each user's items at random: {@code usage} keeps the others, {@code relevant} has it. */
    public Dataset<Row> split(Dataset<Row> users, int parts) {
        String withheld = "pmod(xxhash64(%dL, user_id, k), %d) = 0".formatted(seed, parts);
        return users.withColumn("relevant", map_keys(expr("map_filter(usage, (k, v) -> " + withheld + ")")))
                .withColumn("usage", expr("map_filter(usage, (k, v) -> NOT (" + withheld + "))"));
    }

    /**
     * How well the withheld items are found, a row per user.
     *
     * @param judged {@code factors} of the user, {@code usage} that is known of, {@code relevant} items to find
     */
    public static List<RankingQuality> qualities(Dataset<Row> judged, List<String> items, double[][] factors) {
        UDF3<scala.collection.Seq<Double>, scala.collection.Map<String, Double>, scala.collection.Seq<String>, Row>
                quality = (user, usage, relevant) -> {
                    double[] own = FoldIn.doubles(user);
                    Set<String> known = FoldIn.amounts(usage).keySet();
                    RankingQuality found = RankingQuality.at(
                            FIRST,
                            first(own, known, items, factors),
                            new HashSet<>(CollectionConverters.asJava(relevant)));
                    return RowFactory.create(found.ndcg(), found.averagePrecision(), found.precision(), found.recall());
                };
        return judged
                .select(udf(quality, QUALITY)
                        .apply(col("factors"), col("usage"), col("relevant"))
                        .as("q"))
                .select("q.*")
                .collectAsList()
                .stream()
                .map(row -> new RankingQuality(row.getDouble(0), row.getDouble(1), row.getDouble(2), row.getDouble(3)))
                .toList();
    }

    /** The items with the highest affinity that the user is not known to use. */
    private static List<String> first(double[] user, Set<String> known, List<String> items, double[][] factors) {
        double[] affinities = new double[items.size()];
        for (int item = 0; item < affinities.length; item++) {
            affinities[item] = known.contains(items.get(item)) ? Double.NaN : FoldIn.product(user, factors[item]);
        }
        return Arrays.stream(highest(affinities, FIRST)).mapToObj(items::get).toList();
    }

    /**
     * The places of the highest values, the highest first; of equal ones those that come first.
     *
     * @param values NaN: is none of them
     * @param most how many at most, at least 1
     */
    public static int[] highest(double[] values, int most) {
        // The lowest of those that are kept is on top, to be replaced.
        PriorityQueue<Integer> kept = new PriorityQueue<>(
                Comparator.<Integer>comparingDouble(place -> values[place]).thenComparing(Comparator.reverseOrder()));
        for (int place = 0; place < values.length; place++) {
            if (!Double.isNaN(values[place]) && (kept.size() < most || values[place] > values[kept.element()])) {
                kept.add(place);
                if (kept.size() > most) {
                    kept.remove();
                }
            }
        }
        int[] highest = new int[kept.size()];
        for (int rank = highest.length - 1; rank >= 0; rank--) {
            highest[rank] = kept.remove();
        }
        return highest;
    }

    /** How well the most used items are what the users need, whoever they are. */
    public static List<RankingQuality> popularity(Dataset<Row> judged, NavigableMap<String, Long> items) {
        double[][] counts =
                items.values().stream().map(users -> new double[] {users}).toArray(double[][]::new);
        return qualities(judged.withColumn("factors", expr("array(1D)")), List.copyOf(items.keySet()), counts);
    }

    /** Means of all measures, with their intervals. */
    public Map<String, Double> measures(List<RankingQuality> qualities) {
        Map<String, Double> metrics = new TreeMap<>();
        put(metrics, "ndcg_at_10", qualities, RankingQuality::ndcg);
        put(metrics, "map_at_10", qualities, RankingQuality::averagePrecision);
        put(metrics, "precision_at_10", qualities, RankingQuality::precision);
        put(metrics, "recall_at_10", qualities, RankingQuality::recall);
        metrics.put("judged", (double) qualities.size());
        return metrics;
    }

    private void put(
            Map<String, Double> metrics,
            String name,
            List<RankingQuality> qualities,
            ToDoubleFunction<RankingQuality> measure) {
        double[] values = qualities.stream().mapToDouble(measure).toArray();
        metrics.put(name, qualities.stream().mapToDouble(measure).average().orElseThrow());
        Interval interval = Bootstrap.mean(values, 0.95, 1000, seed);
        metrics.put(name + "_lower", interval.lower());
        metrics.put(name + "_upper", interval.upper());
    }

    /** Mean NDCG. */
    public static double mean(List<RankingQuality> qualities) {
        return qualities.stream().mapToDouble(RankingQuality::ndcg).average().orElse(0);
    }
}
