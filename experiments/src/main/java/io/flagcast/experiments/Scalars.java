package io.flagcast.experiments;

import io.flagcast.rules.Amount;
import io.flagcast.rules.Amount.Unit;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/**
 * Readers of single values. The text decides, never YAML's guess of a type. A bare number must not be quoted; a value
 * with a unit (5%, 10pp, 3d) may be, since JSON has no other way to write it.
 */
final class Scalars {

    /** Longest name. */
    private static final int MOST_CHARACTERS = 200;

    private static final String DECIMAL = "(?:0|[1-9][0-9]{0,14})(?:\\.[0-9]{1,30})?";
    private static final Pattern PLAIN_NUMBER = Pattern.compile("-?" + DECIMAL + "(?:[eE][-+]?[0-9]{1,3})?");
    private static final Pattern WHOLE_NUMBER = Pattern.compile("-?(?:0|[1-9][0-9]{0,14})");
    private static final Pattern PERCENT = Pattern.compile("(-?" + DECIMAL + ")\\h*%");
    private static final Pattern POINTS = Pattern.compile("(" + DECIMAL + ")\\h*pp");
    private static final Pattern DURATION = Pattern.compile("(0|[1-9][0-9]{0,5})([dhm])");

    private static final Pattern REPEATED = Pattern.compile("(-?" + DECIMAL + ")(?:\\h*x\\h*([1-9][0-9]{0,3}))?");

    private static final Pattern DAY_OR_INSTANT =
            Pattern.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)?");

    /** Plain texts that one YAML reader or another takes for a boolean, null, a number or a date. */
    private static final Pattern NOT_A_TEXT_TO_EVERYBODY = Pattern.compile("(?i)yes|no|on|off|true|false|null|~"
            + "|[-+]?\\.(?:inf|nan)"
            + "|[-+]?[0-9][0-9_,]*(?:\\.[0-9_]*)?(?:e[-+]?[0-9]+)?|[-+]?\\.[0-9_]+(?:e[-+]?[0-9]+)?"
            + "|[-+]?0x[0-9a-f_]+|[-+]?0o[0-7_]+|[-+]?0b[01_]+"
            + "|[-+]?[0-9]+(?::[0-9]+)+(?:\\.[0-9]*)?"
            + "|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[t\\h].*)?");

    private Scalars() {}

    /** A name on one line. */
    static Optional<String> name(Value value) {
        return value.scalar(node -> {
            String text = text(node);
            if (!text.equals(text.strip()) || text.codePoints().anyMatch(Character::isISOControl)) {
                throw new IllegalArgumentException("has spaces around it or a control character; remove them");
            }
            if (text.length() > MOST_CHARACTERS) {
                throw new IllegalArgumentException("longer than %d characters; shorten it".formatted(MOST_CHARACTERS));
            }
            return text;
        });
    }

    /** A text, perhaps on several lines. */
    static Optional<String> text(Value value) {
        return value.scalar(node -> text(node).strip());
    }

    private static String text(ScalarNode node) {
        String text = node.getValue();
        if (text.isBlank()) {
            throw new IllegalArgumentException("is blank; write a text");
        }
        // The length first: the pattern would exhaust the stack on an endless 1:1:1.
        if (node.isPlain()
                && text.length() <= MOST_CHARACTERS
                && NOT_A_TEXT_TO_EVERYBODY.matcher(text).matches()) {
            throw new IllegalArgumentException(
                    "may be read as a boolean, null, a number or a date; write \"%s\" in quotes".formatted(text));
        }
        return text;
    }

    /** A parameter for the caller: whatever is written, as a text. */
    static Optional<String> verbatim(Value value) {
        return value.scalar(node -> {
            if (node.isPlain() && List.of("~", "null").contains(node.getValue().toLowerCase(Locale.ROOT))) {
                throw new IllegalArgumentException(
                        "is no value; remove the key or write \"%s\" in quotes".formatted(node.getValue()));
            }
            return node.getValue();
        });
    }

    /** One of the names that are declared elsewhere in the file; every name where those are unreadable. */
    static Reader<String> nameIn(String where, Optional<? extends Collection<String>> declared) {
        return value -> name(value)
                .flatMap(name -> declared.isEmpty() || declared.get().contains(name)
                        ? Optional.of(name)
                        : value.refuse("not declared in %s (%s)%s"
                                .formatted(
                                        where,
                                        declared.get().isEmpty() ? "there are none" : String.join(", ", declared.get()),
                                        Nearest.suggestion(name, declared.get()))));
    }

    /** A constant by its name in lower case. */
    static <E extends Enum<E>> Reader<E> oneOf(Class<E> type) {
        return oneOf(List.of(type.getEnumConstants()));
    }

    /** One of some constants by its name in lower case. */
    static <E extends Enum<E>> Reader<E> oneOf(List<E> constants) {
        List<String> names = constants.stream().map(Scalars::label).toList();
        return value -> value.scalar(node -> {
            int index = names.indexOf(node.getValue());
            if (index < 0) {
                throw new IllegalArgumentException("not one of %s%s"
                        .formatted(String.join(", ", names), Nearest.suggestion(node.getValue(), names)));
            }
            return constants.get(index);
        });
    }

    static String label(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /** {@code true} or {@code false}. */
    static Optional<Boolean> flag(Value value) {
        return value.scalar(node -> {
            requirePlain(node);
            return switch (node.getValue()) {
                case "true" -> true;
                case "false" -> false;
                default -> throw new IllegalArgumentException("neither true nor false");
            };
        });
    }

    /** A finite number. */
    static Optional<Double> number(Value value) {
        return value.scalar(node -> {
            requirePlain(node);
            String otherwise = "not a finite number; write digits with at most one point, as in 12 or 0.05";
            double number = requireMatch(PLAIN_NUMBER, node, otherwise).doubleValue();
            if (Double.isInfinite(number)) {
                throw new IllegalArgumentException(otherwise);
            }
            return number;
        });
    }

    /** A finite number, of a mean: it has a unit of its own. */
    static Optional<Double> numberOfMean(Value value) {
        boolean isRate = value.node() instanceof ScalarNode node
                && (PERCENT.matcher(node.getValue()).matches()
                        || POINTS.matcher(node.getValue()).matches());
        return isRate
                ? value.refuse(
                        "percent and points are of a proportion, the metric is a mean; write a number, as in 12.5")
                : number(value);
    }

    /** A whole number of at most 15 digits. */
    static Optional<Long> count(Value value) {
        return value.scalar(node -> {
            requirePlain(node);
            return requireMatch(
                            WHOLE_NUMBER,
                            node,
                            "not a whole number of at most 15 digits; write digits only, as in 1000")
                    .longValueExact();
        });
    }

    /** {@code true}, the only value of a key that is there or not. */
    static Optional<Boolean> yes(Value value) {
        return flag(value).flatMap(flag -> flag ? Optional.of(true) : value.refuse("write true or remove the key"));
    }

    /** A fraction in [0, 1] of what there was before, written {@code 5%} or {@code 0.05}, for a change that has no points. */
    static Optional<Double> percent(Value value) {
        return value.node() instanceof ScalarNode node
                        && POINTS.matcher(node.getValue()).matches()
                ? value.refuse("a change from the baseline is in percent of it, not in points; write 10%")
                : rate(value);
    }

    /** A number per day, at least one, all equal: {@code 50} for one day, {@code 50x30} for thirty. */
    static Optional<List<Double>> days(Value value) {
        return value.scalar(node -> {
            Matcher repeated = REPEATED.matcher(node.getValue());
            if (!repeated.matches()) {
                throw new IllegalArgumentException(
                        "not a number per day; write 50 for one day or 50x30 for thirty equal ones");
            }
            String number = repeated.group(1);
            if (repeated.group(2) == null) {
                requirePlain(node);
                return List.of(Double.parseDouble(number));
            }
            if (node.isPlain() && number.equals("0")) {
                throw new IllegalArgumentException(
                        "may be read as a hexadecimal number; write \"%s\" in quotes".formatted(node.getValue()));
            }
            return Collections.nCopies(Integer.parseInt(repeated.group(2)), Double.parseDouble(number));
        });
    }

    /** A whole number of the size of an int. */
    static Optional<Integer> smallCount(Value value) {
        return count(value)
                .flatMap(count -> count == count.intValue()
                        ? Optional.of(count.intValue())
                        : value.refuse("outside %d to %d".formatted(Integer.MIN_VALUE, Integer.MAX_VALUE)));
    }

    /** A fraction in [0, 1], written {@code 5%} or {@code 0.05}. */
    static Optional<Double> rate(Value value) {
        return value.scalar(node -> {
            String text = node.getValue();
            Matcher percent = PERCENT.matcher(text);
            if (percent.matches()) {
                return requireRate(hundredths(percent.group(1)), "outside 0% to 100%");
            }
            if (POINTS.matcher(text).matches()) {
                throw new IllegalArgumentException("points are only for changes; write a rate, as in 5%");
            }
            requirePlain(node);
            double number = requireMatch(PLAIN_NUMBER, node, "not a rate; write 5% or 0.05")
                    .doubleValue();
            return requireRate(
                    number,
                    number > 1 && number <= 100
                            ? "above 1; write %s%% for percent or a number from 0 to 1".formatted(text)
                            : "outside 0 to 1; write a rate, as in 5% or 0.05");
        });
    }

    private static double requireRate(double rate, String otherwise) {
        if (!(rate >= 0 && rate <= 1)) {
            throw new IllegalArgumentException(otherwise);
        }
        return rate;
    }

    /** Points of a probability, written {@code 10pp}, as a fraction. */
    static Optional<Double> points(Value value) {
        return value.scalar(node -> {
            Matcher points = POINTS.matcher(node.getValue());
            if (!points.matches()) {
                throw new IllegalArgumentException("not in points; write 10pp for a step of 0.1 in probability");
            }
            return hundredths(points.group(1));
        });
    }

    /** A change, written {@code 20%} (of the current share) or {@code 20pp} (points of the full share). */
    static Optional<Amount> change(Value value) {
        return amount(value, "percent or points? Write 20%, of the current share, or 20pp, of the full share");
    }

    /** A difference, written {@code 10%} (of the mean of control) or {@code 1pp} (points of a proportion). */
    static Optional<Amount> margin(Value value) {
        return amount(value, "percent or points? Write 10%, of the mean of control, or 1pp, of a proportion");
    }

    private static Optional<Amount> amount(Value value, String otherwise) {
        return value.scalar(node -> {
            Matcher percent = PERCENT.matcher(node.getValue());
            if (percent.matches()) {
                return new Amount(requireRate(hundredths(percent.group(1)), "outside 0% to 100%"), Unit.RELATIVE);
            }
            Matcher points = POINTS.matcher(node.getValue());
            if (points.matches()) {
                return new Amount(requireRate(hundredths(points.group(1)), "outside 0pp to 100pp"), Unit.POINTS);
            }
            throw new IllegalArgumentException(otherwise);
        });
    }

    /** Days, hours or minutes: {@code 7d}, {@code 12h}, {@code 30m}. */
    static Optional<Duration> duration(Value value) {
        return value.scalar(node -> {
            Matcher duration = DURATION.matcher(node.getValue());
            if (!duration.matches()) {
                throw new IllegalArgumentException(
                        "not a duration; write whole days, hours or minutes, as in 7d, 12h or 30m");
            }
            long length = Long.parseLong(duration.group(1));
            return switch (duration.group(2)) {
                case "d" -> Duration.ofDays(length);
                case "h" -> Duration.ofHours(length);
                default -> Duration.ofMinutes(length);
            };
        });
    }

    /** A length that is counted by day: {@code 7d}. */
    static Optional<Duration> wholeDays(Value value) {
        return duration(value)
                .flatMap(length -> !length.isZero() && length.equals(Duration.ofDays(length.toDays()))
                        ? Optional.of(length)
                        : value.refuse("no whole number of days: metrics are counted by day; write 7d"));
    }

    /** A day, which means its start, or an instant, both in UTC: {@code 2026-12-01}, {@code 2026-12-08T06:00:00Z}. */
    static Optional<Instant> instant(Value value) {
        return value.scalar(node -> {
            String text = node.getValue();
            if (!DAY_OR_INSTANT.matcher(text).matches()) {
                throw new IllegalArgumentException(
                        "neither a day nor an instant in UTC; write 2026-12-01 or 2026-12-08T06:00:00Z");
            }
            try {
                return text.endsWith("Z")
                        ? Instant.parse(text)
                        : LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
            } catch (DateTimeParseException e) {
                throw new IllegalArgumentException("the calendar has no such day; correct it", e);
            }
        });
    }

    private static double hundredths(String number) {
        return new BigDecimal(number).movePointLeft(2).doubleValue();
    }

    private static BigDecimal requireMatch(Pattern pattern, ScalarNode node, String otherwise) {
        if (!pattern.matcher(node.getValue()).matches()) {
            throw new IllegalArgumentException(otherwise);
        }
        return new BigDecimal(node.getValue());
    }

    private static void requirePlain(ScalarNode node) {
        if (!node.isPlain()) {
            throw new IllegalArgumentException("a text in quotes; write it without quotes");
        }
    }
}
