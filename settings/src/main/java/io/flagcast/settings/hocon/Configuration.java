package io.flagcast.settings.hocon;

import com.typesafe.config.Config;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Configuration whose every {@code ${…}} stands for its value.
 *
 * @param config all of it
 * @param shown the same without its secrets
 * @param secrets the secrets in it, which no message repeats
 * @param problems what is wrong with its secrets
 */
public record Configuration(Config config, Config shown, Set<String> secrets, List<String> problems) {

    public Configuration {
        Objects.requireNonNull(config, "config");
        Objects.requireNonNull(shown, "shown");
        secrets = Set.copyOf(secrets);
        problems = List.copyOf(problems);
    }
}
