package io.flagcast.jobs.printing;

import java.util.Objects;
import java.util.function.Function;

/**
 * How people are shown the values of a column.
 *
 * @param text of a value that is known
 * @param absent what stands where there is none
 */
public record Shown(Function<Object, String> text, String absent) {

    /** As it is. */
    public static final Shown PLAIN = new Shown(Values::text, "");

    /** A whole number with separators of thousands. */
    public static final Shown COUNT = number("%,d");

    /** A boolean: yes, or nothing. */
    public static final Shown YES = new Shown(value -> Boolean.TRUE.equals(value) ? "yes" : "", "");

    public Shown {
        Objects.requireNonNull(text, "text");
        Objects.requireNonNull(absent, "absent");
    }

    /** A number in a pattern of {@link java.util.Formatter}. */
    public static Shown number(String pattern) {
        return new Shown(pattern::formatted, "");
    }

    /** A fraction in [0, 1] as percent. */
    public static Shown percent(int decimals) {
        String pattern = "%." + decimals + "f %%";
        return new Shown(value -> pattern.formatted(100 * ((Number) value).doubleValue()), "");
    }

    /** With another text where there is no value. */
    public Shown absentAs(String other) {
        return new Shown(text, other);
    }

    /** The text of a value, which may be null or an optional. */
    public String of(Object value) {
        Object known = Values.unwrapped(value);
        return known == null ? absent : text.apply(known);
    }
}
