package io.flagcast.benchmarks;

import java.util.Arrays;

/** Times of works that are done in turns. */
final class Turns {

    private Turns() {}

    static double seconds(Runnable work) {
        long began = System.nanoTime();
        work.run();
        return (System.nanoTime() - began) / 1e9;
    }

    static double median(double[] values) {
        double[] ascending = values.clone();
        Arrays.sort(ascending);
        return ascending[ascending.length / 2];
    }
}
