package io.flagcast.settings;

import io.flagcast.features.ResponseDefinition;
import io.flagcast.statistics.Metric;
import io.flagcast.training.Objective;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads {@code flagcast.features}. */
final class FeaturesReader {

    /** What may be said of a feature. */
    static final List<String> KEYS = List.of("objective", "outcome", "within", "kind");

    private static final int LONGEST_ID = 200;

    private FeaturesReader() {}

    static Map<String, Settings.Feature> read(Block features) {
        Map<String, Settings.Feature> read = new LinkedHashMap<>();
        for (String id : features.names()) {
            Block feature = features.inner(id);
            if (id.isBlank() || id.length() > LONGEST_ID) {
                feature.problem("feature '%s…' has %,d characters: from 1 to %d are a feature_id"
                        .formatted(id.substring(0, Math.min(id.length(), 20)), id.length(), LONGEST_ID));
                continue;
            }
            Objective objective =
                    feature.has("objective") ? feature.oneOf("objective", Objective.values()) : Objective.UPLIFT;
            if (objective == Objective.COLLABORATIVE) {
                read.put(id, new Settings.Feature(objective, Optional.empty()));
            } else if (feature.has("outcome") && feature.has("within")) {
                read.put(id, new Settings.Feature(objective, response(id, feature)));
            } else {
                feature.problem(
                        "feature '%s' needs outcome and within, as outcome = purchase, within = 1d".formatted(id));
            }
        }
        return read;
    }

    private static Optional<ResponseDefinition> response(String id, Block feature) {
        return feature.checked(
                () -> Optional.of(new ResponseDefinition(
                        id,
                        feature.has("kind") ? feature.oneOf("kind", Metric.Kind.values()) : Metric.Kind.PROPORTION,
                        feature.text("outcome"),
                        feature.duration("within"))),
                Optional.empty());
    }
}
