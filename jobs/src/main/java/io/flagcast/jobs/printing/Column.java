package io.flagcast.jobs.printing;

import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * A column of a {@link Sheet}.
 *
 * @param heading above it in a table; nothing where people do not see it
 * @param text its cell in a table
 * @param key its name in CSV and JSON; nothing where programs do not see it
 * @param value its value in CSV and JSON
 * @param <T> a row
 */
record Column<T>(
        Optional<String> heading,
        Function<? super T, String> text,
        Optional<String> key,
        Function<? super T, ?> value) {

    Column {
        Objects.requireNonNull(heading, "heading");
        Objects.requireNonNull(text, "text");
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(value, "value");
    }
}
