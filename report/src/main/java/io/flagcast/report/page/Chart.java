package io.flagcast.report.page;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * How a table is drawn: one mark per row.
 *
 * @param kind shape of the chart
 * @param columns the table's column by what it is drawn as
 * @param format of the value that is measured
 * @param series names in the order of their colours; the same order in every chart of an experiment
 * @param axis what the value axis says
 * @param reference value at which a line stands: no effect, or what was expected
 * @param scale of the value axis
 */
public record Chart(
        Kind kind,
        Map<String, String> columns,
        Format format,
        List<String> series,
        String axis,
        Optional<Double> reference,
        Scale scale) {

    /** How far values lie from one another. */
    public enum Scale {
        /** By their difference. */
        LINEAR,
        /** By their ratio, so that a half and double lie as far from 1; what is not above 0 stands at the edge. */
        LOGARITHMIC
    }

    /** The shapes that the script of the page knows, in its folder {@code charts}. */
    public enum Kind {
        /** A line per row with its interval: columns label, value; group, also and n where given. */
        INTERVALS,
        /** Values over time: columns x, y, series. */
        TREND,
        /** Values that hold until the next one: columns x, y, series. */
        STEPS,
        /** A panel per facet, a line per arm: columns x, y, facet, arm. */
        PANELS,
        /** A bar per bin and where it was expected: columns label, actual, expected. */
        BINS,
        /** Observed against predicted: columns predicted, observed, label. */
        CALIBRATION,
        /** Gain by share of users: columns x, y. */
        CURVE,
        /** What happened when: columns x, lane, outcome. */
        TIMELINE;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Chart {
        Objects.requireNonNull(kind, "kind");
        columns = Map.copyOf(columns);
        Objects.requireNonNull(format, "format");
        series = List.copyOf(series);
        Objects.requireNonNull(axis, "axis");
        Objects.requireNonNull(reference, "reference");
        Objects.requireNonNull(scale, "scale");
    }

    public static Chart of(Kind kind, Map<String, String> columns, Format format, List<String> series, String axis) {
        return new Chart(kind, columns, format, series, axis, Optional.empty(), Scale.LINEAR);
    }

    /** The same chart with a line at a value. */
    public Chart at(double value) {
        return new Chart(kind, columns, format, series, axis, Optional.of(value), scale);
    }

    /** The same chart of ratios; {@link Kind#INTERVALS} only. */
    public Chart ofRatios() {
        return new Chart(kind, columns, format, series, axis, reference, Scale.LOGARITHMIC);
    }
}
