package io.flagcast.training;

import io.flagcast.training.encoding.PredictorEncoding;
import io.flagcast.training.usage.FoldIn;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.catalyst.util.MapData;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * The predictors of one user as Spark holds them. What several features ask of them is computed once: logarithms, the usage as a map, and
 * factors per table of items.
 */
final class UserValues {

    private final InternalRow row;
    private final int usageAt;
    private final double[] logarithms;
    private final boolean[] hasLogarithm;
    private final Map<FoldIn, double[]> factors = new HashMap<>();
    private Map<String, Double> usage;

    /**
     * The values of a row.
     *
     * @param usageAt place of the usage, the amount by item, behind all predictors
     */
    UserValues(InternalRow row, int usageAt) {
        this.row = row;
        this.usageAt = usageAt;
        this.logarithms = new double[usageAt];
        this.hasLogarithm = new boolean[usageAt];
    }

    boolean isNullAt(int place) {
        return row.isNullAt(place);
    }

    UTF8String text(int place) {
        return row.getUTF8String(place);
    }

    /** A number on a scale; NaN where it is missing or not finite. */
    double number(int place, PredictorEncoding.Scale scale) {
        if (row.isNullAt(place)) {
            return Double.NaN;
        }
        double number = row.getDouble(place);
        if (!Double.isFinite(number)) {
            return Double.NaN;
        }
        if (scale == PredictorEncoding.Scale.LINEAR) {
            return number;
        }
        if (!hasLogarithm[place]) {
            logarithms[place] = scale.of(number);
            hasLogarithm[place] = true;
        }
        return logarithms[place];
    }

    Map<String, Double> usage() {
        if (usage == null) {
            usage = new HashMap<>();
            MapData amounts = row.isNullAt(usageAt) ? null : row.getMap(usageAt);
            if (amounts != null) {
                ArrayData items = amounts.keyArray();
                ArrayData values = amounts.valueArray();
                for (int i = 0; i < amounts.numElements(); i++) {
                    usage.put(items.getUTF8String(i).toString(), values.getDouble(i));
                }
            }
        }
        return usage;
    }

    double[] factors(FoldIn foldIn) {
        return factors.computeIfAbsent(foldIn, items -> items.user(usage()));
    }
}
