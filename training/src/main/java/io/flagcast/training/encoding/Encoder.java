package io.flagcast.training.encoding;

import io.flagcast.training.encoding.PredictorEncoding.Categorical;
import io.flagcast.training.encoding.PredictorEncoding.Numeric;
import io.flagcast.training.encoding.PredictorEncoding.Scale;
import java.io.Serializable;
import java.util.List;

/** A {@link PredictorEncoding} as arrays, for many users. */
public final class Encoder implements Serializable {

    private static final long serialVersionUID = 1L;

    private final int numbers;
    /** Numbers, then factors. */
    private final Scale[] scales;

    private final double[] means;
    private final double[] deviations;
    private final double[] lows;
    private final double[] highs;
    /** Where the places of each categorical predictor begin. */
    private final int[] begins;

    private final int size;

    public Encoder(PredictorEncoding encoding) {
        this.numbers = encoding.numbers().size();
        int all = numbers + encoding.factors().size();
        this.scales = new Scale[all];
        this.means = new double[all];
        this.deviations = new double[all];
        this.lows = new double[all];
        this.highs = new double[all];
        for (int i = 0; i < all; i++) {
            Numeric number =
                    i < numbers ? encoding.numbers().get(i) : encoding.factors().get(i - numbers);
            scales[i] = number.scale();
            means[i] = number.mean();
            deviations[i] = number.deviation();
            lows[i] = number.low();
            highs[i] = number.high();
        }
        List<Categorical> categories = encoding.categories();
        this.begins = new int[categories.size()];
        int place = numbers + all;
        for (int i = 0; i < begins.length; i++) {
            begins[i] = place;
            place += 1 + categories.get(i).levels().size();
        }
        this.size = place;
    }

    /** The predictors of a user, in the order of {@link PredictorEncoding#names}. */
    public interface Values {

        /** A number on a scale; NaN where it is missing or not finite. */
        double number(int index, Scale scale);

        /** Place of a level among those that have one; −1 where it is missing or has none. */
        int level(int index);
    }

    /**
     * The vector of a user.
     *
     * @param factors the user's; empty without items
     */
    public double[] encode(Values user, double[] factors) {
        double[] values = new double[size];
        for (int i = 0; i < numbers; i++) {
            double scaled = user.number(i, scales[i]);
            if (Double.isNaN(scaled)) {
                values[2 * i + 1] = 1;
            } else {
                values[2 * i] = standardised(i, scaled);
            }
        }
        for (int i = numbers; i < scales.length; i++) {
            values[numbers + i] = standardised(i, scales[i].of(factors[i - numbers]));
        }
        for (int i = 0; i < begins.length; i++) {
            values[begins[i] + 1 + user.level(numbers + i)] = 1;
        }
        return values;
    }

    private double standardised(int i, double scaled) {
        return deviations[i] == 0 ? 0 : (Math.max(lows[i], Math.min(highs[i], scaled)) - means[i]) / deviations[i];
    }
}
