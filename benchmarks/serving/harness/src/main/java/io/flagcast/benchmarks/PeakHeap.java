package io.flagcast.benchmarks;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAccumulator;

/** The most of the heap that was in use since it was made, garbage included, looked at every 20 ms. */
public final class PeakHeap implements AutoCloseable {

    private final LongAccumulator used = new LongAccumulator(Math::max, 0);
    private final ScheduledExecutorService looks = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "peak heap");
        thread.setDaemon(true);
        return thread;
    });

    public PeakHeap() {
        var unused = looks.scheduleAtFixedRate(this::look, 0, 20, TimeUnit.MILLISECONDS);
    }

    private void look() {
        Runtime runtime = Runtime.getRuntime();
        used.accumulate(runtime.totalMemory() - runtime.freeMemory());
    }

    public double gibibytes() {
        look();
        return used.get() / 0x1p30;
    }

    @Override
    public void close() {
        looks.shutdownNow();
    }
}
