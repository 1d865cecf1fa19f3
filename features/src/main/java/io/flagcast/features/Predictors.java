package io.flagcast.features;

import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Which user attributes a model may see.
 *
 * @param attributes attributes known before any exposure
 * @param protectedAttributes attributes for bias checks only, never predictors
 */
public record Predictors(List<String> attributes, List<String> protectedAttributes) {

    /** Names, in lower case as Spark compares them, that stand beside the predictors in a table or on the way there. */
    private static final Set<String> RESERVED = Stream.of(
                    Tables.TRAINING_EXAMPLES.columnNames().stream(),
                    Tables.USER_PROFILES.columnNames().stream(),
                    Stream.of("parameters_version", "cut_at"))
            .flatMap(names -> names)
            .collect(Collectors.toUnmodifiableSet());

    /** What Delta takes for a part of its own syntax, or Spark for a path. */
    private static final Pattern NO_NAME = Pattern.compile("[\\s,;{}()=.`\"']");

    /**
     * Checks the names.
     *
     * @throws IllegalArgumentException where a predictor is named twice, is protected, or has a name that
     *     {@code training_examples} has for something else, or that no column of the lake can have
     */
    public Predictors {
        attributes = List.copyOf(attributes);
        protectedAttributes = List.copyOf(protectedAttributes);
        Set<String> seen = new HashSet<>();
        attributes.forEach(name -> requireColumnName("flagcast.users.predictors", name));
        protectedAttributes.forEach(name -> requireColumnName("flagcast.users.protected", name));
        for (String name : attributes) {
            String lower = name.toLowerCase(Locale.ROOT);
            if (RESERVED.contains(lower) || lower.startsWith("usage_") || lower.startsWith("_")) {
                throw new IllegalArgumentException(
                        "'%s' in flagcast.users.predictors is a name that training_examples reserves: give the attribute another one with flagcast.sources.users.columns"
                                .formatted(name));
            }
            if (!seen.add(lower)) {
                throw new IllegalArgumentException(
                        "'%s' stands twice in flagcast.users.predictors: keep one".formatted(name));
            }
            if (protectedAttributes.contains(name)) {
                throw new IllegalArgumentException(
                        "'%s' is in both flagcast.users.predictors and flagcast.users.protected: a protected attribute is never a predictor"
                                .formatted(name));
            }
        }
    }

    private static void requireColumnName(String key, String name) {
        if (name.isBlank() || NO_NAME.matcher(name).find()) {
            String safe = name.replaceAll("[^\\p{L}\\p{N}]+", "_")
                    .replaceAll("^_+|_+$", "")
                    .toLowerCase(Locale.ROOT);
            throw new IllegalArgumentException(
                    "'%s' in %s is no name of a column (no spaces, no . , ; { } ( ) = or quotes): give the attribute one with flagcast.sources.users.columns { %s = \"`%s`\" } and name that"
                            .formatted(name, key, safe.isEmpty() ? "attribute" : safe, name));
        }
    }

    /**
     * Checks the attributes against the users table.
     *
     * @param users schema of the mapped table
     * @return attributes that are in neither list
     * @throws InputException where a listed attribute is missing or neither numeric nor categorical
     */
    public List<String> unlisted(StructType users) {
        Set<String> present = Set.of(users.fieldNames());
        for (String name : attributes) {
            if (!present.contains(name)) {
                throw new InputException(
                        "users: predictor '%s' is missing, the table has %s: correct flagcast.users.predictors"
                                .formatted(name, Arrays.toString(users.fieldNames())));
            }
            DataType type = users.apply(name).dataType();
            if (!isUsable(type)) {
                throw new InputException("users: predictor '%s' is %s: a predictor is numeric, boolean or a string"
                        .formatted(name, type.sql()));
            }
        }
        for (String name : protectedAttributes) {
            if (!present.contains(name)) {
                throw new InputException(
                        "users: protected attribute '%s' is missing, the table has %s: correct flagcast.users.protected"
                                .formatted(name, Arrays.toString(users.fieldNames())));
            }
        }
        List<String> unlisted = new ArrayList<>();
        for (StructField field : users.fields()) {
            if (!field.name().startsWith("_")
                    && !field.name().equals("user_id")
                    && !attributes.contains(field.name())
                    && !protectedAttributes.contains(field.name())) {
                unlisted.add(field.name());
            }
        }
        return unlisted;
    }

    private static boolean isUsable(DataType type) {
        return type instanceof NumericType || type instanceof BooleanType || type instanceof StringType;
    }
}
