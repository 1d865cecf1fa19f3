package io.flagcast.training;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.flagcast.statistics.ranking.ShownUplift;
import io.flagcast.training.learners.CrossFit;
import io.flagcast.training.learners.Learner;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;

/**
 * What the users earn whom a candidate would enable. Candidates are compared user by user, of whom most are treated alike by both: so
 * a difference shows that the Qini of a few folds, each with few responses, does not.
 */
final class Earnings {

    private Earnings() {}

    /**
     * What every other candidate earns above the first, out of fold: a user's model has not seen this user, nor have the users
     * who say from which score on it pays.
     *
     * @param predictions the examples with {@code predictions}, in the order of the candidates
     * @param breakEven uplift from which on enabling a user pays
     * @return by learner, in the unit of the response, per user, net of the break-even for each user enabled
     */
    static Map<Learner, ShownUplift.Gain> over(
            List<Candidate> candidates, Dataset<Row> predictions, CrossFit data, double breakEven) {
        Dataset<Row> rows = predictions;
        for (int place = 0; place < candidates.size(); place++) {
            Column effect = data.arms().pseudoOutcome().minus(breakEven);
            rows = rows.withColumn("predicted", col("predictions").getItem(place))
                    .withColumn(
                            "earned" + place,
                            when(chosen(candidates.get(place), breakEven), effect)
                                    .otherwise(0.0));
        }
        List<Column> sums = new ArrayList<>();
        for (int place = 1; place < candidates.size(); place++) {
            Column more = col("earned" + place).minus(col("earned0"));
            sums.add(sum(more));
            sums.add(sum(more.multiply(more)));
        }
        Row totals = rows.agg(count(lit(1)), sums.toArray(Column[]::new)).head();
        Map<Learner, ShownUplift.Gain> earnings = new HashMap<>();
        for (int place = 1; place < candidates.size(); place++) {
            earnings.put(
                    candidates.get(place).learner(),
                    ShownUplift.Gain.crossFitted(
                            totals.getLong(0), totals.getDouble(2 * place - 1), totals.getDouble(2 * place)));
        }
        return earnings;
    }

    private static Column chosen(Candidate candidate, double breakEven) {
        Map<Integer, boolean[]> byFold = new HashMap<>();
        Iterator<boolean[]> chosen = candidate.shown().chosenByOthers(breakEven).iterator();
        candidate.byFold().keySet().forEach(fold -> byFold.put(fold, chosen.next()));
        Reference reference = candidate.reference();
        UDF2<Integer, Double, Boolean> choose =
                (fold, uplift) -> byFold.get(fold)[ShownUplift.cell(reference.score(uplift))];
        return udf(choose, DataTypes.BooleanType).apply(col("fold"), col("predicted.uplift"));
    }
}
