package io.flagcast.notebooks;

import io.flagcast.notebooks.Points.Point;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Where a horizontal axis has labels, and which. */
final class Ticks {

    private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("d MMM", Locale.ENGLISH);
    /** Labels that stand beside each other without touching. */
    private static final int MOST = 12;

    private Ticks() {}

    /**
     * Labels by their places.
     *
     * @param range first and last place of the axis
     * @param unit of an axis of numbers
     */
    static Map<Double, String> of(Points points, double[] range, Unit unit) {
        Map<Double, String> ticks = new TreeMap<>();
        switch (points.axis()) {
            case NAMES -> {
                List<String> names = points.names();
                for (int i = 0; i < names.size(); i++) {
                    ticks.put((double) i, names.get(i));
                }
            }
            case DAYS -> {
                double last = points.all().stream().mapToDouble(Point::x).max().orElse(range[1]);
                double step = Math.max(1, Math.ceil((range[1] - range[0]) / MOST));
                for (double day = Math.floor(last); day >= range[0]; day -= step) {
                    ticks.put(day, DAY.format(LocalDate.ofEpochDay((long) day)));
                }
            }
            case NUMBERS -> {
                double step = step((range[1] - range[0]) / MOST);
                int digits = unit.digits(step);
                for (long i = (long) Math.ceil(range[0] / step); i * step <= range[1]; i++) {
                    ticks.put(i * step, unit.text(i * step, digits));
                }
            }
        }
        return ticks;
    }

    /** The least of 1, 2, 5, 10, … and their tenths that is not below a number. */
    private static double step(double least) {
        double power = Math.pow(10, Math.floor(Math.log10(least)));
        for (double factor : new double[] {1, 2, 5}) {
            if (factor * power >= least) {
                return factor * power;
            }
        }
        return 10 * power;
    }

    /** Digits behind the point for a handful of ticks over a range. */
    static int digits(double range, Unit unit) {
        return unit.digits(range / 5);
    }
}
