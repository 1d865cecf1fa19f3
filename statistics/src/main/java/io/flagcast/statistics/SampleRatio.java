package io.flagcast.statistics;

public record SampleRatio(long enabled, long control, double deviation, double chiSquaredPValue, boolean mismatch) {
    public static SampleRatio of(WeightedMoments e, WeightedMoments c, double alpha, double least) {
        return new SampleRatio(e.n(), c.n(), 0, 1, false);
    }
}
