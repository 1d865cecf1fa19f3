package io.flagcast.training;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;

import io.flagcast.statistics.EmpiricalBayes;
import io.flagcast.statistics.Moments;
import io.flagcast.training.usage.FoldIn;
import io.flagcast.training.usage.GroupFactors;
import io.flagcast.training.usage.ItemFactors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Affinities of users to features, a column each, and what they are in groups of users. */
final class Affinities {

    private Affinities() {}

    /**
     * Adds the affinity of every user to features that have factors.
     *
     * @param users {@code usage}, which is left out
     */
    static Dataset<Row> of(Dataset<Row> users, ItemFactors items, List<String> featureIds) {
        FoldIn foldIn = new FoldIn(items);
        Dataset<Row> folded = users.withColumn("factors", foldIn.column());
        for (String featureId : featureIds) {
            folded = folded.withColumn(column(featureId), foldIn.affinity(featureId));
        }
        return folded.drop("usage", "factors");
    }

    /** The column of a feature. */
    static String column(String featureId) {
        return "affinity of " + featureId;
    }

    /** The attribute whose levels differ most, beyond noise, per feature. */
    static Map<String, CollaborativeModel.Groups> groups(
            Dataset<Row> affinities, List<String> featureIds, List<String> attributes) {
        Map<String, CollaborativeModel.Groups> groups = new HashMap<>();
        Map<String, Double> differences = new HashMap<>();
        for (String attribute : attributes) {
            List<Column> sums = new ArrayList<>();
            for (String featureId : featureIds) {
                Column affinity = col(column(featureId));
                sums.add(sum(affinity));
                sums.add(sum(affinity.multiply(affinity)));
            }
            List<Row> levels = affinities
                    .where(col(attribute).isNotNull())
                    .groupBy(col(attribute))
                    .agg(count(lit(1)).as("n"), sums.toArray(Column[]::new))
                    .where(col("n").geq(GroupFactors.LEAST_USERS_OF_A_LEVEL))
                    .orderBy(col("n").desc(), col(attribute))
                    .limit(GroupFactors.MOST_LEVELS)
                    .collectAsList();
            for (int feature = 0; feature < featureIds.size(); feature++) {
                Map<String, Moments> moments = new TreeMap<>();
                for (Row level : levels) {
                    moments.put(
                            level.getString(0),
                            Moments.ofSums(
                                    level.getLong(1),
                                    level.getDouble(2 + 2 * feature),
                                    level.getDouble(3 + 2 * feature)));
                }
                String featureId = featureIds.get(feature);
                EmpiricalBayes.of(moments)
                        .filter(found -> found.betweenVariance() > differences.getOrDefault(featureId, 0.0))
                        .ifPresent(found -> {
                            differences.put(featureId, found.betweenVariance());
                            groups.put(featureId, new CollaborativeModel.Groups(attribute, found.means()));
                        });
            }
        }
        return groups;
    }
}
