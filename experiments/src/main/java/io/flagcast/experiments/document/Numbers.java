package io.flagcast.experiments.document;

import io.flagcast.rules.Amount;
import io.flagcast.rules.Amount.Unit;
import java.math.BigDecimal;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/**
 * Readers of single numbers, with and without a unit. The text decides, never YAML's guess of a type. A bare number must
 * not be quoted; one with a unit (5%, 10pp) may be, since JSON has no other way to write it.
 */
public final class Numbers {

    private static final String DECIMAL = "(?:0|[1-9][0-9]{0,14})(?:\\.[0-9]{1,30})?";
    private static final Pattern PLAIN_NUMBER = Pattern.compile("-?" + DECIMAL + "(?:[eE][-+]?[0-9]{1,3})?");
    private static final Pattern WHOLE_NUMBER = Pattern.compile("-?(?:0|[1-9][0-9]{0,14})");
    private static final Pattern PERCENT = Pattern.compile("(-?" + DECIMAL + ")\\h*%");
    private static final Pattern POINTS = Pattern.compile("(" + DECIMAL + ")\\h*pp");
    private static final Pattern REPEATED = Pattern.compile("(-?" + DECIMAL + ")(?:\\h*x\\h*([1-9][0-9]{0,3}))?");

    private Numbers() {}

    /** A finite number. */
    public static Optional<Double> number(Value value) {
        return value.scalar(node -> {
            Value.requirePlain(node);
            String otherwise = "not a finite number; write digits with at most one point, as in 12 or 0.05";
            double number = requireMatch(PLAIN_NUMBER, node, otherwise).doubleValue();
            if (Double.isInfinite(number)) {
                throw new IllegalArgumentException(otherwise);
            }
            return number;
        });
    }

    /** A finite number, of a mean: it has a unit of its own. */
    public static Optional<Double> numberOfMean(Value value) {
        boolean isRate = value.node() instanceof ScalarNode node
                && (PERCENT.matcher(node.getValue()).matches()
                        || POINTS.matcher(node.getValue()).matches());
        return isRate
                ? value.refuse(
                        "percent and points are of a proportion, the metric is a mean; write a number, as in 12.5")
                : number(value);
    }

    /** A whole number of at most 15 digits. */
    public static Optional<Long> count(Value value) {
        return value.scalar(node -> {
            Value.requirePlain(node);
            return requireMatch(
                            WHOLE_NUMBER,
                            node,
                            "not a whole number of at most 15 digits; write digits only, as in 1000")
                    .longValueExact();
        });
    }

    /** A whole number of the size of an int. */
    public static Optional<Integer> smallCount(Value value) {
        return count(value)
                .flatMap(count -> count == count.intValue()
                        ? Optional.of(count.intValue())
                        : value.refuse("outside %d to %d".formatted(Integer.MIN_VALUE, Integer.MAX_VALUE)));
    }

    /** A fraction in [0, 1], written {@code 5%} or {@code 0.05}. */
    public static Optional<Double> rate(Value value) {
        return value.scalar(node -> {
            String text = node.getValue();
            Matcher percent = PERCENT.matcher(text);
            if (percent.matches()) {
                return requireRate(hundredths(percent.group(1)), "outside 0% to 100%");
            }
            if (POINTS.matcher(text).matches()) {
                throw new IllegalArgumentException("points are only for changes; write a rate, as in 5%");
            }
            Value.requirePlain(node);
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
    public static Optional<Double> points(Value value) {
        return value.scalar(node -> {
            Matcher points = POINTS.matcher(node.getValue());
            if (!points.matches()) {
                throw new IllegalArgumentException("not in points; write 10pp for a step of 0.1 in probability");
            }
            return hundredths(points.group(1));
        });
    }

    /** A change, written {@code 20%} (of the current share) or {@code 20pp} (points of the full share). */
    public static Optional<Amount> change(Value value) {
        return amount(value, "percent or points? Write 20%, of the current share, or 20pp, of the full share");
    }

    /** A difference, written {@code 10%} (of the mean of control) or {@code 1pp} (points of a proportion). */
    public static Optional<Amount> margin(Value value) {
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

    /** A fraction in [0, 1] of what there was before, written {@code 5%} or {@code 0.05}, for a change that has no points. */
    public static Optional<Double> percent(Value value) {
        return value.node() instanceof ScalarNode node
                        && POINTS.matcher(node.getValue()).matches()
                ? value.refuse("a change from the baseline is in percent of it, not in points; write 10%")
                : rate(value);
    }

    /** A number per day, at least one, all equal: {@code 50} for one day, {@code 50x30} for thirty. */
    public static Optional<List<Double>> days(Value value) {
        return value.scalar(node -> {
            Matcher repeated = REPEATED.matcher(node.getValue());
            if (!repeated.matches()) {
                throw new IllegalArgumentException(
                        "not a number per day; write 50 for one day or 50x30 for thirty equal ones");
            }
            String number = repeated.group(1);
            if (repeated.group(2) == null) {
                Value.requirePlain(node);
                return List.of(Double.parseDouble(number));
            }
            if (node.isPlain() && number.equals("0")) {
                throw new IllegalArgumentException(
                        "may be read as a hexadecimal number; write \"%s\" in quotes".formatted(node.getValue()));
            }
            return Collections.nCopies(Integer.parseInt(repeated.group(2)), Double.parseDouble(number));
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
}
