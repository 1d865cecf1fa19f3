package io.flagcast.statistics.posterior;

import io.flagcast.statistics.Normal;
import io.flagcast.statistics.Quadrature;
import java.util.Arrays;

/**
 * What is believed of two arms together.
 *
 * @param probabilityGreater probability that the first arm's mean is the greater one, in [0, 1]
 * @param first expected mean and standard deviation of the first arm
 * @param second of the second
 */
public record Comparison(double probabilityGreater, Belief first, Belief second) {

    /**
     * An arm's mean.
     *
     * @param mean expected
     * @param standardDeviation of the belief, at least 0
     */
    public record Belief(double mean, double standardDeviation) {
        private static Belief of(Posterior posterior) {
            return new Belief(posterior.mean(), Math.sqrt(posterior.variance()));
        }
    }

    /** Standard deviations on each side of a mean beyond which a density is left out. */
    private static final int REACH = 10;

    /** Two independent arms. */
    public static Comparison of(Posterior first, Posterior second) {
        double greater = first instanceof BetaPosterior one && second instanceof BetaPosterior other
                ? one.probabilityGreaterThan(other)
                : Quadrature.probabilityGreater(density(first), density(second));
        return new Comparison(greater, Belief.of(first), Belief.of(second));
    }

    /**
     * Two arms whose difference, first minus second, is believed beforehand to follow a normal law: the density of both
     * means is f(x₁) g(x₂) φ(x₁ − x₂), up to a factor. Computed by quadrature over the difference and the second mean.
     *
     * @param difference what other data say of the difference
     */
    public static Comparison of(Posterior first, Posterior second, Normal difference) {
        Quadrature.Density f = density(first);
        Quadrature.Density g = density(second);
        double spread = Math.sqrt(first.variance() + second.variance());
        double[] seconds = g.panelEnds();
        double[] firsts = f.panelEnds();
        // Where no panel may lie across: zero, which is asked for, and the ends of what is possible at all.
        double[] differences = Quadrature.merged(
                around(first.mean() - second.mean(), spread),
                around(difference.mean(), Math.sqrt(difference.variance())),
                0,
                firsts[0] - seconds[seconds.length - 1],
                firsts[firsts.length - 1] - seconds[0]);
        // Relative to the density at its greatest: the factor drops out, and nothing underflows where prior and data
        // differ.
        double peak = Double.NEGATIVE_INFINITY;
        double[] logs = new double[(differences.length - 1) * Quadrature.NODES];
        double[][] sums = new double[logs.length][];
        for (int panel = 1; panel < differences.length; panel++) {
            double from = differences[panel - 1];
            double width = differences[panel] - from;
            for (int i = 0; i < Quadrature.NODES; i++) {
                double delta = Quadrature.node(from, width, i);
                int node = (panel - 1) * Quadrature.NODES + i;
                sums[node] = width > 0 ? overSecond(f, firsts, g, seconds, delta) : new double[5];
                logs[node] = sums[node][0] > 0
                        ? Math.log(sums[node][0]) + difference.logDensity(delta)
                        : Double.NEGATIVE_INFINITY;
                peak = Math.max(peak, logs[node]);
            }
        }
        if (peak == Double.NEGATIVE_INFINITY) {
            // Data and prior exclude one another: the data count.
            return of(first, second);
        }
        double[] total = new double[5];
        double greater = 0;
        for (int panel = 1; panel < differences.length; panel++) {
            double from = differences[panel - 1];
            double width = differences[panel] - from;
            for (int i = 0; i < Quadrature.NODES; i++) {
                int node = (panel - 1) * Quadrature.NODES + i;
                if (logs[node] == Double.NEGATIVE_INFINITY) {
                    continue;
                }
                double mass = Quadrature.weight(width, i) * Math.exp(logs[node] - peak);
                for (int moment = 0; moment < total.length; moment++) {
                    total[moment] += mass * sums[node][moment] / sums[node][0];
                }
                greater += Quadrature.node(from, width, i) > 0 ? mass : 0;
            }
        }
        return new Comparison(
                Math.min(1, greater / total[0]),
                belief(total[1] / total[0], total[2] / total[0]),
                belief(total[3] / total[0], total[4] / total[0]));
    }

    private static Quadrature.Density density(Posterior posterior) {
        return posterior instanceof BetaPosterior beta ? beta.density() : ((StudentPosterior) posterior).density();
    }

    private static Belief belief(double mean, double meanSquare) {
        return new Belief(mean, Math.sqrt(Math.max(0, meanSquare - mean * mean)));
    }

    private static double[] around(double mean, double deviation) {
        double[] ends = new double[2 * REACH + 1];
        Arrays.setAll(ends, i -> mean + (i - REACH) * deviation);
        return ends;
    }

    /** ∫ f(x + delta) g(x) times 1, x + delta, (x + delta)², x and x². */
    private static double[] overSecond(
            Quadrature.Density f, double[] firsts, Quadrature.Density g, double[] seconds, double delta) {
        double low = Math.max(seconds[0], firsts[0] - delta);
        double high = Math.min(seconds[seconds.length - 1], firsts[firsts.length - 1] - delta);
        double[] sums = new double[5];
        if (low >= high) {
            return sums;
        }
        double[] shifted = Arrays.stream(firsts).map(end -> end - delta).toArray();
        double[] ends = Arrays.stream(Quadrature.merged(seconds, shifted))
                .filter(end -> end >= low && end <= high)
                .toArray();
        for (int panel = 1; panel < ends.length; panel++) {
            double from = ends[panel - 1];
            double width = ends[panel] - from;
            if (width <= 0) {
                continue;
            }
            for (int i = 0; i < Quadrature.NODES; i++) {
                double second = Quadrature.node(from, width, i);
                double first = second + delta;
                double mass = Quadrature.weight(width, i) * f.at(first) * g.at(second);
                sums[0] += mass;
                sums[1] += mass * first;
                sums[2] += mass * first * first;
                sums[3] += mass * second;
                sums[4] += mass * second * second;
            }
        }
        return sums;
    }
}
