package io.flagcast.settings;

import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.util.ArrayList;
import java.util.List;

/** What is wrong with a configuration, gathered so that a person sees all of it at once. */
final class Problems {

    private final List<String> found = new ArrayList<>();

    void add(String problem) {
        found.add(problem);
    }

    /**
     * Ends the reading of a configuration.
     *
     * @throws Refusal with exit code 78 and all problems, one a line, in the order in which they were found
     */
    void requireNone() {
        if (!found.isEmpty()) {
            throw new Refusal(ExitCode.CONFIGURATION, String.join("\n", found));
        }
    }
}
