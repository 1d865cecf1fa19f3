package io.flagcast.monitoring;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;

/**
 * How many users are in which bin of a predictor.
 *
 * @param bins the bins
 * @param users per bin, in their order
 */
public record PredictorHistogram(PredictorBins bins, List<Long> users) {

    public PredictorHistogram {
        Objects.requireNonNull(bins, "bins");
        users = List.copyOf(users);
        if (users.size() != bins.size()) {
            throw new IllegalArgumentException("PredictorHistogram of %s: %d counts for %d bins"
                    .formatted(bins.predictor(), users.size(), bins.size()));
        }
    }

    /**
     * The histograms of bins.
     *
     * @param counts rows of {@link DriftStates#predictors} over the same bins
     */
    public static List<PredictorHistogram> of(List<PredictorBins> bins, List<Row> counts) {
        List<long[]> users = bins.stream().map(each -> new long[each.size()]).toList();
        counts.forEach(row -> users.get(row.<Integer>getAs("place"))[row.<Integer>getAs("bin")] = row.getAs("users"));
        return IntStream.range(0, bins.size())
                .mapToObj(place -> new PredictorHistogram(
                        bins.get(place), Arrays.stream(users.get(place)).boxed().toList()))
                .toList();
    }
}
