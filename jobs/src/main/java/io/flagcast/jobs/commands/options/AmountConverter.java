package io.flagcast.jobs.commands.options;

import io.flagcast.rules.Amount;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads an amount as experiment files have it: 10% or 2pp. */
public final class AmountConverter implements ITypeConverter<Amount> {

    private static final Pattern AMOUNT = Pattern.compile("([0-9]{1,3}(?:\\.[0-9]{1,6})?) ?(%|pp)");

    @Override
    public Amount convert(String text) {
        Matcher matcher = AMOUNT.matcher(text);
        if (!matcher.matches() || Double.parseDouble(matcher.group(1)) > 100) {
            throw new TypeConversionException(
                    "'" + text + "' is no amount: write 10% of what is compared with, or 2pp, points of a proportion");
        }
        return new Amount(
                Double.parseDouble(matcher.group(1)) / 100,
                matcher.group(2).equals("%") ? Amount.Unit.RELATIVE : Amount.Unit.POINTS);
    }
}
