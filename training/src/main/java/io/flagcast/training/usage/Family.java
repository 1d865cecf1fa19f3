package io.flagcast.training.usage;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.map_filter;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Features that one model of usage scores: all whose ids match a pattern.
 *
 * @param pattern an id in which every {@value #ANY} stands for any characters, or for none
 * @param minUsers users that a feature needs, at least 1: those with fewer are left out of the model
 * @param maxFeatures more features are refused, at least 1
 * @param keep how many features of each user are published, at least 1, those with the highest affinity; absent: all
 */
public record Family(String pattern, int minUsers, int maxFeatures, Optional<Integer> keep) {

    /** What stands for any characters. */
    public static final String ANY = "*";

    /** Of two patterns that match an id the one with the longer beginning before its first star, then with more letters of its own. */
    private static final Comparator<Family> CLOSEST = Comparator.<Family>comparingInt(
                    family -> -family.start().length())
            .thenComparing(family -> -family.pattern.replace(ANY, "").length())
            .thenComparing(Family::pattern);

    public Family {
        Objects.requireNonNull(keep, "keep");
        if (!isPattern(pattern)) {
            throw new IllegalArgumentException("the pattern '" + pattern + "' has no " + ANY);
        }
        requirePositive("min-users", minUsers);
        requirePositive("max-features", maxFeatures);
        keep.ifPresent(features -> requirePositive("keep", features));
    }

    private static void requirePositive(String key, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(key + " is " + value + ": it must be at least 1");
        }
    }

    /** Whether a name stands for many features. */
    public static boolean isPattern(String name) {
        return name.contains(ANY);
    }

    /** The family that a feature belongs to: of several the one whose pattern is closest to its id. */
    public static Optional<Family> of(String featureId, Collection<Family> families) {
        return families.stream().filter(family -> family.matches(featureId)).min(CLOSEST);
    }

    /** Whether the pattern matches an id, whichever family the feature belongs to. */
    public boolean matches(String featureId) {
        return Pattern.compile(regex()).matcher(featureId).find();
    }

    /** Whether an id could match both patterns, as far as their beginnings tell. */
    public boolean mayMeet(Family other) {
        String start = start();
        return start.startsWith(other.start()) || other.start().startsWith(start);
    }

    /** What stands before the first star. */
    private String start() {
        return pattern.substring(0, pattern.indexOf(ANY));
    }

    private String regex() {
        return Arrays.stream(pattern.split(Pattern.quote(ANY), -1))
                .map(Pattern::quote)
                .collect(Collectors.joining(".*", "(?s)\\A", "\\z"));
    }

    /** What users use of it. */
    public Dataset<Row> usage(Dataset<Row> users) {
        String regex = regex();
        return pattern.equals(ANY)
                ? users
                : users.withColumn("usage", map_filter(col("usage"), (item, amount) -> item.rlike(regex)));
    }
}
