package io.flagcast.allocation;

import java.io.Serializable;
import java.util.List;

/** A non-decreasing function from score, 0 to 100, to a weight in [0, 1]. */
public sealed interface Curve extends Serializable {

    double weight(double score);

    /** {@code score / 100}. */
    record Linear() implements Curve {
        @Override
        public double weight(double score) {
            return score / 100;
        }
    }

    /**
     * {@code 1 / (1 + exp(-steepness * (score - midpoint)))}.
     *
     * @param midpoint score with weight one half, 0 to 100
     * @param steepness slope at the midpoint times four, per point of score, above 0
     */
    record Logistic(double midpoint, double steepness) implements Curve {
        public Logistic {
            if (!(midpoint >= 0 && midpoint <= 100)) {
                throw new IllegalArgumentException("midpoint " + midpoint + " is outside [0, 100]");
            }
            if (!(steepness > 0 && Double.isFinite(steepness))) {
                throw new IllegalArgumentException("steepness " + steepness + " is not above 0");
            }
        }

        @Override
        public double weight(double score) {
            // StrictMath: the same bits on every machine.
            return 1 / (1 + StrictMath.exp(-steepness * (score - midpoint)));
        }
    }

    /**
     * {@code (score / 100) ^ exponent}.
     *
     * @param exponent above 0; above 1 it favours high scores
     */
    record Power(double exponent) implements Curve {
        public Power {
            if (!(exponent > 0 && Double.isFinite(exponent))) {
                throw new IllegalArgumentException("exponent " + exponent + " is not above 0");
            }
        }

        @Override
        public double weight(double score) {
            return StrictMath.pow(score / 100, exponent);
        }
    }

    /**
     * Straight lines between given points.
     *
     * @param points ascending scores, the first 0 and the last 100, with weights that never fall
     */
    record Piecewise(List<Point> points) implements Curve {

        /**
         * A corner of the curve.
         *
         * @param score 0 to 100
         * @param weight in [0, 1]
         */
        public record Point(double score, double weight) implements Serializable {
            public Point {
                if (!(score >= 0 && score <= 100)) {
                    throw new IllegalArgumentException("points: score " + score + " is outside [0, 100]");
                }
                if (!(weight >= 0 && weight <= 1)) {
                    throw new IllegalArgumentException("points: weight " + weight + " is outside [0, 1]");
                }
            }
        }

        public Piecewise {
            points = List.copyOf(points);
            if (points.size() < 2
                    || points.get(0).score() != 0
                    || points.get(points.size() - 1).score() != 100) {
                throw new IllegalArgumentException(
                        "points must begin with score 0 and end with score 100, as in [[0, 10%], [60, 20%], [100, 90%]]");
            }
            for (int i = 1; i < points.size(); i++) {
                Point before = points.get(i - 1);
                Point point = points.get(i);
                if (point.score() <= before.score()) {
                    throw new IllegalArgumentException("points are out of order: score %s comes after %s"
                            .formatted(point.score(), before.score()));
                }
                if (point.weight() < before.weight()) {
                    throw new IllegalArgumentException(
                            "points fall from weight %s at score %s to %s at %s: a higher score is enabled at least as often"
                                    .formatted(before.weight(), before.score(), point.weight(), point.score()));
                }
            }
        }

        @Override
        public double weight(double score) {
            int end = 1;
            while (points.get(end).score() < score) {
                end++;
            }
            Point from = points.get(end - 1);
            Point to = points.get(end);
            double way = (score - from.score()) / (to.score() - from.score());
            return from.weight() + way * (to.weight() - from.weight());
        }
    }
}
