package io.flagcast.statistics;

import java.util.Arrays;
import org.apache.commons.math3.analysis.integration.gauss.GaussIntegrator;
import org.apache.commons.math3.analysis.integration.gauss.GaussIntegratorFactory;

/**
 * Gauss-Legendre quadrature over panels (P. J. Davis, P. Rabinowitz, "Methods of Numerical Integration", 1984, section
 * 2.7): the same sums in the same order, so the same bits in every run.
 */
public final class Quadrature {

    /** exp(-45) = 3e-20: what lies beyond is below the rounding of a sum that is about 1. */
    public static final double NEGLIGIBLE_LOG_DENSITY = -45;

    /** Exact to the last digits for a panel of one standard deviation of a normal density. */
    private static final GaussIntegrator LEGENDRE = new GaussIntegratorFactory().legendre(8);

    public static final int NODES = LEGENDRE.getNumberOfPoints();

    private Quadrature() {}

    /** A density up to a factor. */
    public interface Density {

        double at(double x);

        /** Ends of panels, ascending and short against the density's scale, that cover all but a negligible part of it. */
        double[] panelEnds();
    }

    /** Place of a node of the panel [from, from + width]. */
    public static double node(double from, double width, int i) {
        return from + width * (1 + LEGENDRE.getPoint(i)) / 2;
    }

    /** Weight of that node. */
    public static double weight(double width, int i) {
        return width / 2 * LEGENDRE.getWeight(i);
    }

    private static double integral(Density density, double from, double width) {
        double sum = 0;
        for (int i = 0; i < NODES; i++) {
            sum += weight(width, i) * density.at(node(from, width, i));
        }
        return sum;
    }

    /** P(X &gt; Y) for independent X and Y: ∫ f(x) G(x) dx with f the density of X and G the distribution function of Y. */
    public static double probabilityGreater(Density x, Density y) {
        double[] ends = merged(x.panelEnds(), y.panelEnds());
        double mass = 0;
        double otherMass = 0;
        double ordered = 0;
        for (int panel = 1; panel < ends.length; panel++) {
            double from = ends[panel - 1];
            double width = ends[panel] - from;
            double panelMass = 0;
            double orderedWithin = 0;
            for (int i = 0; i < NODES; i++) {
                double at = node(from, width, i);
                double weighted = weight(width, i) * x.at(at);
                panelMass += weighted;
                orderedWithin += weighted * integral(y, from, at - from);
            }
            ordered += otherMass * panelMass + orderedWithin;
            mass += panelMass;
            otherMass += integral(y, from, width);
        }
        return Math.min(1, ordered / (mass * otherMass));
    }

    /** All ends, ascending, and {@code further} ones. */
    public static double[] merged(double[] one, double[] other, double... further) {
        double[] ends = new double[one.length + other.length + further.length];
        System.arraycopy(one, 0, ends, 0, one.length);
        System.arraycopy(other, 0, ends, one.length, other.length);
        System.arraycopy(further, 0, ends, one.length + other.length, further.length);
        Arrays.sort(ends);
        return ends;
    }
}
