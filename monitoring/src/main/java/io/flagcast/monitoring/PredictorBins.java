package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_position;
import static org.apache.spark.sql.functions.array_size;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.filter;
import static org.apache.spark.sql.functions.lit;
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
        Column known = lit(0);
        if (!edges.isEmpty()) {
            known = array_size(filter(array(literals(edges)), edge -> edge.lt(value)));
        } else if (!levels.isEmpty()) {
            known = when(
                            value.isin(levels.toArray()),
                            array_position(array(literals(levels)), value).minus(1))
                    .otherwise(levels.size());
        }
        return when(value.isNull(), size() - 1).otherwise(known).cast("int");
    }

    private static Column[] literals(List<?> values) {
        return values.stream().map(value -> lit(value)).toArray(Column[]::new);
    }
}
