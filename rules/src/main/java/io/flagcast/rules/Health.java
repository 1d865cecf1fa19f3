package io.flagcast.rules;

import java.util.List;
import java.util.Map;

/**
 * Whether the data of an experiment can be trusted.
 *
 * @param failures failed checks, each in a sentence
 * @param unusable per metric whose evidence is none, why: whatever was measured, nothing is concluded from it
 */
public record Health(List<String> failures, Map<String, String> unusable) {

    /** No check has failed. */
    public static final Health SOUND = new Health(List.of());

    public Health {
        failures = List.copyOf(failures);
        unusable = Map.copyOf(unusable);
    }

    /** Where what is measured may still be read. */
    public Health(List<String> failures) {
        this(failures, Map.of());
    }

    public boolean isSound() {
        return failures.isEmpty();
    }
}
