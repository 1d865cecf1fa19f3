package io.flagcast.monitoring;

import java.util.List;
import java.util.Objects;

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
}
