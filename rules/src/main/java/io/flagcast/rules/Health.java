package io.flagcast.rules;

import java.util.List;

/**
 * Whether the data of an experiment can be trusted.
 *
 * @param failures failed checks, each in a sentence
 */
public record Health(List<String> failures) {

    /** No check has failed. */
    public static final Health SOUND = new Health(List.of());

    public Health {
        failures = List.copyOf(failures);
    }

    public boolean isSound() {
        return failures.isEmpty();
    }
}
