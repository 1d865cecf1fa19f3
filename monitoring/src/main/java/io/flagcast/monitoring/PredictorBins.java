package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.when;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;

/**
 * Bins of a predictor's values. Those of a number lie between its edges, each with its upper edge; those of a category are
 * its levels, and one for all others. The last bin is that of users of whom the predictor is not known.
 *
 * @param predictor its column in {@code user_profiles}
 * @param edges ascending; empty for a category, and for a number that nobody has
 * @param levels the most frequent first; empty for a number, and for a category that nobody has
 */
public record PredictorBins(String predictor, List<Double> edges, List<String> levels) {

    public PredictorBins {
        Objects.requireNonNull(predictor, "predictor");
        edges = List.copyOf(edges);
        levels = List.copyOf(levels);
    }

    /** The bins of a row of {@link DriftStates#bins}. */
    public static PredictorBins of(Row row) {
        return new PredictorBins(
                row.getAs("predictor"), row.getList(row.fieldIndex("edges")), row.getList(row.fieldIndex("levels")));
    }

    /** How many bins there are. */
    public int size() {
        return edges.size() + levels.size() + 2;
    }

    /** What the bins are called, in their order. */
    public List<String> names() {
        List<String> names = new ArrayList<>(levels);
        if (levels.isEmpty()) {
            edges.forEach(edge -> names.add("up to " + edge));
        }
        names.add(edges.isEmpty() ? "other" : "above");
        names.add("unknown");
        return names;
    }

    /** The place of a user's bin. */
    Column bin() {
        Column value = col(predictor);
        Column bin = when(value.isNull(), size() - 1);
        for (int i = 0; i < edges.size(); i++) {
            bin = bin.when(value.leq(edges.get(i)), i);
        }
        for (int i = 0; i < levels.size(); i++) {
            bin = bin.when(value.equalTo(levels.get(i)), i);
        }
        return bin.otherwise(size() - 2);
    }
}
