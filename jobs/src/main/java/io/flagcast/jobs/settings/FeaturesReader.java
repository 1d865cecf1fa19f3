package io.flagcast.jobs.settings;

import io.flagcast.features.ResponseDefinition;
import io.flagcast.statistics.Metric;
import io.flagcast.training.Objective;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Reads {@code flagcast.features}. */
final class FeaturesReader {

    /** What may be said of a feature. */
    static final List<String> KEYS = List.of("objective", "outcome", "within", "kind");

    private FeaturesReader() {}

    static Map<String, Settings.Feature> read(Block features) {
        Map<String, Settings.Feature> read = new LinkedHashMap<>();
        for (String id : features.names()) {
            Block feature = features.inner(id);
            Objective objective =
                    feature.has("objective") ? oneOf(feature, "objective", Objective.values()) : Objective.UPLIFT;
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
                        feature.has("kind") ? oneOf(feature, "kind", Metric.Kind.values()) : Metric.Kind.PROPORTION,
                        feature.text("outcome"),
                        feature.duration("within"))),
                Optional.empty());
    }

    /** A constant by its name in lower case. */
    private static <T extends Enum<T>> T oneOf(Block feature, String key, T[] values) {
        String text = feature.string(key);
        List<String> known = Arrays.stream(values)
                .map(value -> value.name().toLowerCase(Locale.ROOT))
                .toList();
        if (!known.contains(text)) {
            feature.problem(key, text, "it must be one of " + String.join(", ", known));
            return values[0];
        }
        return values[known.indexOf(text)];
    }
}
