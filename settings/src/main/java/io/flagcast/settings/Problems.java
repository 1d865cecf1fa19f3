package io.flagcast.settings;

import com.typesafe.config.ConfigUtil;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Secrets;
import io.flagcast.settings.hocon.Configuration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** What is wrong with a configuration, gathered so that a person sees all of it at once, but none of its secrets. */
final class Problems {

    /** A shorter secret is hidden only where it is all that is quoted: it may stand in any word. */
    private static final int SHORT = 4;

    private final List<String> found = new ArrayList<>();
    private final List<String> secrets;

    private Problems(Collection<String> secrets) {
        this.secrets = secrets.stream()
                .filter(secret -> !secret.isBlank())
                .sorted(Comparator.comparing(String::length).reversed())
                .toList();
    }

    /** Begins with those that are known. */
    static Problems of(Configuration configuration) {
        Problems problems = new Problems(configuration.secrets());
        configuration.problems().forEach(problems::add);
        return problems;
    }

    void add(String problem) {
        found.add(hidden(problem));
    }

    private String hidden(String problem) {
        String hidden = problem;
        for (String secret : secrets) {
            String quoted = ConfigUtil.quoteString(secret);
            String inner = quoted.substring(1, quoted.length() - 1);
            for (String shown : List.of(secret, inner)) {
                hidden = shown.length() < SHORT
                        ? hidden.replace("'" + shown + "'", "'" + Secrets.HIDDEN + "'")
                        : hidden.replace(shown, Secrets.HIDDEN);
            }
        }
        return hidden;
    }

    /**
     * Ends the reading of a configuration.
     *
     * @throws Refusal with exit code 78 and all problems, one a line, in the order in which they were found
     */
    void requireNone() {
        if (!found.isEmpty()) {
            throw refusal(null);
        }
    }

    /** All problems, one a line, in the order in which they were found. */
    Refusal refusal(Throwable cause) {
        return new Refusal(ExitCode.CONFIGURATION, String.join("\n", found), cause);
    }
}
