package io.flagcast.settings;

import io.flagcast.features.ResponseDefinition;
import io.flagcast.statistics.Metric;
import io.flagcast.training.Objective;
import io.flagcast.training.usage.Family;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Reads {@code flagcast.features}. */
final class FeaturesReader {

    /** What may be said of a feature. */
    static final List<String> KEYS =
            List.of("objective", "outcome", "within", "kind", "min-users", "max-features", "keep");

    private static final String OBJECTIVE = "objective";
    private static final String MIN_USERS = "min-users";
    private static final String MAX_FEATURES = "max-features";
    private static final String KEEP = "keep";

    private static final int LONGEST_ID = 200;

    private FeaturesReader() {}

    /** Those that are declared each by itself. */
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
                    feature.has(OBJECTIVE) ? feature.oneOf(OBJECTIVE, Objective.values()) : Objective.UPLIFT;
            if (Family.isPattern(id)) {
                requireCollaborative(id, feature, objective);
                continue;
            }
            Stream.of(MIN_USERS, MAX_FEATURES, KEEP)
                    .filter(feature::has)
                    .forEach(key -> feature.problem(
                            key, "'%s' is one feature: a pattern, as \"%s*\", may have it".formatted(id, id)));
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

    private static void requireCollaborative(String pattern, Block family, Objective objective) {
        if (objective != Objective.COLLABORATIVE) {
            String problem =
                    "feature '%s' is a pattern, as it has a %s: say objective = collaborative, or name each feature that experiments teach"
                            .formatted(pattern, Family.ANY);
            if (family.has(OBJECTIVE)) {
                family.problem(OBJECTIVE, problem);
            } else {
                family.problem(problem);
            }
        }
    }

    /** Those that are declared together, by a pattern. */
    static Map<String, Family> families(Block features) {
        Map<String, Family> read = new LinkedHashMap<>();
        features.names().stream().filter(Family::isPattern).forEach(pattern -> {
            Block family = features.inner(pattern);
            read.put(
                    pattern,
                    new Family(
                            pattern,
                            positive(family, MIN_USERS).orElse(10),
                            positive(family, MAX_FEATURES).orElse(10_000),
                            positive(family, KEEP)));
        });
        return read;
    }

    private static Optional<Integer> positive(Block family, String key) {
        if (!family.has(key)) {
            return Optional.empty();
        }
        int value = family.integer(key);
        if (value < 1) {
            family.problem(key, String.valueOf(value), "it must be at least 1");
        }
        return Optional.of(Math.max(1, value));
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
