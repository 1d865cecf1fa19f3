package io.flagcast.statistics;

import java.util.List;
import java.util.Optional;

/**
 * The straight line through independent estimates of known precision: weighted least squares, each estimate weighted by
 * the inverse of its variance. A. C. Aitken, "On Least Squares and Linear Combination of Observations", Proceedings of
 * the Royal Society of Edinburgh 55 (1935). Not a test of whether the line fits.
 *
 * @param points number of estimates, at least 2
 * @param meanX weighted mean of the x
 * @param height of the line there: the weighted mean of the estimates
 * @param slope rise of the line per unit of x
 * @param slopeError standard error of the slope, above 0
 */
public record Trend(int points, double meanX, double height, double slope, double slopeError) {

    /** Of the spread of x to its size: less is what rounding leaves of equal x. */
    private static final double LEAST_RELATIVE_VARIANCE = 1e-12;

    /**
     * An estimate at x.
     *
     * @param x finite
     * @param estimate finite
     * @param standardError of the estimate, finite and above 0: one without error would be the whole line
     */
    public record Point(double x, double estimate, double standardError) {

        /** @throws IllegalArgumentException if a component is outside its range */
        public Point {
            if (!Double.isFinite(x) || !Double.isFinite(estimate)) {
                throw new IllegalArgumentException(
                        "Trend: a point is " + estimate + " at " + x + ", both must be finite");
            }
            if (!(standardError > 0 && Double.isFinite(standardError))) {
                throw new IllegalArgumentException("Trend: the point at " + x + " has the standard error "
                        + standardError + ", it must be finite and above 0");
            }
        }

        private double weight() {
            return 1 / (standardError * standardError);
        }
    }

    /** @throws IllegalArgumentException if a component is outside its range */
    public Trend {
        if (points < 2) {
            throw new IllegalArgumentException("Trend: " + points + " points, a line needs at least 2");
        }
        if (!Double.isFinite(meanX) || !Double.isFinite(height) || !Double.isFinite(slope)) {
            throw new IllegalArgumentException("Trend: the line rises by " + slope + " through " + height + " at "
                    + meanX + ", all must be finite");
        }
        if (!(slopeError > 0 && Double.isFinite(slopeError))) {
            throw new IllegalArgumentException(
                    "Trend: standard error of the slope is " + slopeError + ", it must be finite and above 0");
        }
    }

    /**
     * The line through the points.
     *
     * @return absent where they do not lie at two different x at least
     */
    public static Optional<Trend> of(List<Point> points) {
        double w = 0;
        double wx = 0;
        double wy = 0;
        double wx2 = 0;
        for (Point point : points) {
            double weight = point.weight();
            w += weight;
            wx += weight * point.x();
            wy += weight * point.estimate();
            wx2 += weight * point.x() * point.x();
        }
        double meanX = wx / w;
        double height = wy / w;
        double xx = 0;
        double xy = 0;
        for (Point point : points) {
            double distance = point.x() - meanX;
            xx += point.weight() * distance * distance;
            xy += point.weight() * distance * (point.estimate() - height);
        }
        return xx > LEAST_RELATIVE_VARIANCE * wx2
                ? Optional.of(new Trend(points.size(), meanX, height, xy / xx, 1 / Math.sqrt(xx)))
                : Optional.empty();
    }

    /** The height of the line at x. */
    public double at(double x) {
        return height + slope * (x - meanX);
    }

    /** The two-sided normal interval of the slope, for one look (see {@link Interval#normal}). */
    public Interval slopeInterval(double confidence) {
        return Interval.normal(slope, slopeError, confidence);
    }
}
