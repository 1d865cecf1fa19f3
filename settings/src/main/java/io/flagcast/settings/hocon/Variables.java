package io.flagcast.settings.hocon;

import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a process was started with beside its arguments.
 *
 * @param environment variables by name
 * @param properties of Java, by name; those that begin with {@code flagcast.} are settings, and {@value #SUBMITTED} what
 *     spark-submit handed out
 */
public record Variables(Map<String, String> environment, Map<String, String> properties) {

    /** Where Spark keeps the addresses of {@code spark-submit --files}, with commas between them. */
    public static final String SUBMITTED = "spark.files";

    public Variables {
        environment = Map.copyOf(environment);
        properties = Map.copyOf(properties);
    }

    /** Environment variables alone. */
    public static Variables of(Map<String, String> environment) {
        return new Variables(environment, Map.of());
    }

    /** Addresses of what spark-submit handed out. */
    Stream<String> submittedFiles() {
        return Stream.of(properties.getOrDefault(SUBMITTED, "").split(",", -1))
                .map(String::strip)
                .filter(file -> !file.isEmpty());
    }

    /** The same names that say nothing. */
    Variables emptied() {
        return new Variables(emptied(environment), emptied(properties));
    }

    private static Map<String, String> emptied(Map<String, String> variables) {
        return variables.keySet().stream().collect(Collectors.toMap(name -> name, name -> ""));
    }
}
