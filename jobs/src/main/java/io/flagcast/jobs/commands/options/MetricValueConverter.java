package io.flagcast.jobs.commands.options;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the value of a metric: 4% of a proportion, 12.5 of a mean. */
public final class MetricValueConverter implements ITypeConverter<Double> {

    private static final Pattern VALUE = Pattern.compile("(-?[0-9]{1,15}(?:\\.[0-9]{1,12})?) ?(%?)");

    @Override
    public Double convert(String text) {
        Matcher matcher = VALUE.matcher(text);
        if (!matcher.matches()) {
            throw new TypeConversionException(
                    "'" + text + "' is no value of a metric: write 4% of a proportion, or 12.5 of a mean");
        }
        return Double.parseDouble(matcher.group(1)) / (matcher.group(2).isEmpty() ? 1 : 100);
    }
}
