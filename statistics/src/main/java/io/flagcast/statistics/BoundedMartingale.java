package io.flagcast.statistics;

import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.apache.commons.math3.analysis.solvers.BrentSolver;

/**
 * The capital M of one who starts with 1 and bets on each further value, which is at least 0, that their mean is above m.
 * Where all values have a mean of at most m, given those before, M is a non-negative supermartingale, and by Ville's
 * inequality it ever reaches 1/α with a probability of at most α: exactly so, for values of every law and however few there
 * are. A fixed stake κ multiplies the capital by 1 + κ(x − m) at a value x; a lower bound of it knows the values only by
 * their number n, their mean x̄ and their sum of squared deviations, which is what merges:
 *
 * <pre>
 *   log(1 + ξ) ≥ ξ − ψ(t)/t² · ξ²  for ξ ≥ −t,   ψ(t) = −log(1 − t) − t,   t in (0, 1)
 *   log M_κ(m) = κ n (x̄ − m) − ψ(κm)/m² · (Σ(x − x̄)² + n (x̄ − m)²),   κ m &lt; 1
 * </pre>
 *
 * and M is the mixture of these over a grid of stakes, fixed beforehand. The values' own spread decides how much the bound
 * leaves, so a generous limit costs little, and where n is large it comes close to the asymptotic one.
 *
 * <p>Sources: the inequality, X. Fan, I. Grama, Q. Liu, "Exponential inequalities for martingales with applications",
 * Electronic Journal of Probability 20 (2015), proposition 4.1; as a supermartingale, S. R. Howard, A. Ramdas, J. McAuliffe,
 * J. Sekhon, Probability Surveys 17 (2020), arXiv 1808.03204, table 3 ("self-normalized, bounded below"); discrete mixtures,
 * the same authors, Annals of Statistics 49 (2021), arXiv 1810.08240, section 3.4; betting, I. Waudby-Smith, A. Ramdas, JRSS
 * B 86 (2024), arXiv 2010.15686.
 *
 * <p>A stake with κ x̄ above 1 is counted as lost, which makes M only smaller. Every other M_κ falls as m rises to x̄: with t
 * = κm and s = κ(x̄ − m) ≤ 1 − t its derivative is at most −κn (1 − 2ψ(t)/t² · s), and ψ(t) ≤ t²/(2(1 − t)). So the means
 * that are not ruled out are an interval, and its end is a root.
 */
final class BoundedMartingale {

    /** Logarithms of the stakes, from the one that is best where tuned; the weights fall as a Cauchy density. */
    private static final double[] SHIFTS =
            IntStream.rangeClosed(-18, 18).mapToDouble(step -> step / 2.0).toArray();

    private static final double[] LOG_WEIGHTS = logWeights();

    /** Variance, in squared limits, for which the stakes are tuned: a standard deviation of a tenth of the limit. */
    private static final double TUNED_VARIANCE = 0.01;

    /** Of the root, in limits. */
    private static final double TOLERANCE = 1e-13;

    private static final int MAX_EVALUATIONS = 1_000;

    private BoundedMartingale() {}

    private static double[] logWeights() {
        double total =
                DoubleStream.of(SHIFTS).map(shift -> 1 / (1 + shift * shift)).sum();
        return DoubleStream.of(SHIFTS)
                .map(shift -> -Math.log1p(shift * shift) - Math.log(total))
                .toArray();
    }

    /**
     * The highest mean that is ruled out, with all below it: the lower bound. All in limits, so that the values lie in [0,
     * 1]; the upper bound of x is 1 less the lower bound of 1 − x.
     *
     * @param n number of values, above 0; not whole where rows have weights
     * @param mean of the values, in [0, 1]
     * @param m2 sum of their squared deviations, at least 0
     * @param tunedAt number of values at which the stakes are about right
     * @param logThreshold log 1/α, above 0
     * @return in [0, mean]
     */
    static double lowerBound(double n, double mean, double m2, long tunedAt, double logThreshold) {
        double stake = Math.sqrt(2 * logThreshold / (tunedAt * TUNED_VARIANCE));
        if (mean <= 0 || logCapital(n, mean, m2, 0, stake) < logThreshold) {
            return 0;
        }
        return new BrentSolver(TOLERANCE)
                .solve(MAX_EVALUATIONS, m -> logCapital(n, mean, m2, m, stake) - logThreshold, 0, mean);
    }

    /** Logarithm of M at a mean m in [0, x̄]; {@code stake} is that of the shift 0. */
    static double logCapital(double n, double mean, double m2, double m, double stake) {
        double distance = mean - m;
        double squares = m2 + n * distance * distance;
        double[] terms = new double[SHIFTS.length];
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < SHIFTS.length; i++) {
            double kappa = stake * Math.exp(SHIFTS[i]);
            terms[i] = kappa * mean > 1
                    ? Double.NEGATIVE_INFINITY
                    : LOG_WEIGHTS[i] + kappa * n * distance - kappa * kappa * perSquare(kappa * m) * squares;
            largest = Math.max(largest, terms[i]);
        }
        double sum = 0;
        for (double term : terms) {
            sum += Math.exp(term - largest);
        }
        return largest == Double.NEGATIVE_INFINITY ? largest : largest + Math.log(sum);
    }

    /** ψ(t)/t², which is ½ at 0; where the formula would lose its digits, the beginning of its series. */
    private static double perSquare(double t) {
        return t < 1e-4 ? 0.5 + t / 3 + t * t / 4 : (-Math.log1p(-t) - t) / (t * t);
    }
}
