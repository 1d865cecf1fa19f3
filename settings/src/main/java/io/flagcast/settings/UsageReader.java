package io.flagcast.settings;

import io.flagcast.features.Usage;
import io.flagcast.training.usage.Family;
import java.util.List;
import java.util.function.Predicate;

/** Reads {@code flagcast.usage}: every feature that is declared by itself has its count. */
final class UsageReader {

    private UsageReader() {}

    static Usage read(Block usage, Block features) {
        return usage.checked(
                () -> new Usage(columnNames(features), usage.duration("window"), usage.durationOrZero("half-life")),
                null);
    }

    private static List<String> columnNames(Block features) {
        List<String> ids = features.names().stream()
                .filter(Predicate.not(Family::isPattern))
                .toList();
        for (String id : ids) {
            if (!id.matches("[a-z][a-z0-9_]*")) {
                features.inner(id).problem("feature '%s' is not snake_case: it names columns".formatted(id));
            }
        }
        return ids;
    }
}
