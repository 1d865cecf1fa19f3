package io.flagcast.statistics.ranking;

import io.flagcast.statistics.ranking.UpliftCurve.Bin;

/**
 * Sums over both arms of the rows taken so far, going down a ranking, and the heights of the curves of
 * {@link UpliftCurve} there. Confined to one method call.
 */
final class ArmTotals {

    private double enabled;
    private double enabledSum;
    private double control;
    private double controlSum;

    /**
     * Takes the rows of one score.
     *
     * @param fraction of each of them that counts, in [0, 1]
     */
    void add(Bin bin, double fraction) {
        enabled +=
                fraction * (bin.enabledPositive().weight() + bin.enabledZero().weight());
        enabledSum += fraction * bin.enabledPositive().sum();
        control +=
                fraction * (bin.controlPositive().weight() + bin.controlZero().weight());
        controlSum += fraction * bin.controlPositive().sum();
    }

    /** Weight of the enabled. */
    double enabled() {
        return enabled;
    }

    /** Weight of the control. */
    double control() {
        return control;
    }

    double weight() {
        return enabled + control;
    }

    /** Mean response of the enabled minus that of the control, each of which has weight. */
    double meanDifference() {
        return enabledSum / enabled - controlSum / control;
    }

    /** Height of the Qini curve. */
    double qini() {
        return enabledSum - controlSum * ratio(enabled, control);
    }

    /** Height of the uplift curve. */
    double uplift() {
        return (ratio(enabledSum, enabled) - ratio(controlSum, control)) * weight();
    }

    private static double ratio(double numerator, double denominator) {
        return denominator == 0 ? 0 : numerator / denominator;
    }
}
