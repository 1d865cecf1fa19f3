package io.flagcast.benchmarks;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.SparkSession;

/**
 * Ways to come by the same result, done in turns in one process, so that all of them have the machine as it is: each once, which a job
 * pays that does it once, and then again some times, of which the median counts.
 */
final class Turns {

    /** What is measured each time. */
    private enum Cost {
        SECONDS,
        PEAK_GIBIBYTES,
        JOBS,
        SHUFFLED_MEGABYTES
    }

    /** What a user of the command chooses. */
    record Choice(int rounds, List<String> ways) {

        Choice {
            if (rounds < 1) {
                throw new IllegalArgumentException(
                        "--rounds " + rounds + " is below 1: at least the first is measured");
            }
        }

        /** Of every way, this often. */
        static Choice all(int rounds) {
            return new Choice(rounds, List.of());
        }
    }

    private final SparkSession spark;
    private final AtomicLong jobs = new AtomicLong();
    private final AtomicLong shuffled = new AtomicLong();

    private Turns(SparkSession spark) {
        this.spark = spark;
    }

    /**
     * Does all and prints a table with a row for each.
     *
     * @param what the work
     * @param ways each returns how many rows it has made; the first one is what the others are compared with
     * @throws IllegalArgumentException where one is chosen that there is not
     */
    static void compare(SparkSession spark, String what, Choice choice, Map<String, Supplier<Long>> ways) {
        Turns turns = new Turns(spark);
        SparkListener counting = turns.counting();
        spark.sparkContext().addSparkListener(counting);
        try {
            Map<String, Supplier<Long>> chosen = new LinkedHashMap<>(ways);
            if (!ways.keySet().containsAll(choice.ways())) {
                throw new IllegalArgumentException("--ways %s: one is none of %s; separate them by commas"
                        .formatted(choice.ways(), ways.keySet()));
            }
            if (!choice.ways().isEmpty()) {
                chosen.keySet().retainAll(choice.ways());
            }
            turns.compare(what, choice.rounds(), chosen);
        } finally {
            spark.sparkContext().removeSparkListener(counting);
        }
    }

    private SparkListener counting() {
        return new SparkListener() {
            @Override
            public void onJobStart(SparkListenerJobStart start) {
                jobs.incrementAndGet();
            }

            @Override
            public void onTaskEnd(SparkListenerTaskEnd end) {
                if (end.taskMetrics() != null) {
                    shuffled.addAndGet(end.taskMetrics().shuffleWriteMetrics().bytesWritten());
                }
            }
        };
    }

    private void compare(String what, int rounds, Map<String, Supplier<Long>> ways) {
        Map<String, Map<Cost, double[]>> costs = new LinkedHashMap<>();
        Map<String, Long> rows = new LinkedHashMap<>();
        ways.keySet().forEach(name -> costs.put(name, ofEach(rounds)));
        for (int round = 0; round < rounds; round++) {
            for (Map.Entry<String, Supplier<Long>> way : ways.entrySet()) {
                rows.put(way.getKey(), done(way.getValue(), costs.get(way.getKey()), round));
                System.out.printf(
                        "%d: %s %.1f s%n",
                        round + 1, way.getKey(), costs.get(way.getKey()).get(Cost.SECONDS)[round]);
            }
        }
        System.out.printf(
                "%n%s; %d rounds, %d cores, heap of %.1f GiB%n%n",
                what,
                rounds,
                Runtime.getRuntime().availableProcessors(),
                Runtime.getRuntime().maxMemory() / 0x1p30);
        System.out.println("| | first round | ratio | later | ratio | rows/s | peak heap | Spark jobs | shuffled |");
        System.out.println("|---|---|---|---|---|---|---|---|---|");
        double[] least = costs.values().iterator().next().get(Cost.SECONDS);
        costs.forEach((name, own) -> {
            double[] seconds = own.get(Cost.SECONDS);
            System.out.printf(
                    "| %s | %.1f s | %.2f | %.1f s | %.2f | %,.0f | %.2f GiB | %.0f | %,.0f MB |%n",
                    name,
                    seconds[0],
                    seconds[0] / least[0],
                    later(seconds),
                    later(seconds) / later(least),
                    rows.get(name) / later(seconds),
                    Arrays.stream(own.get(Cost.PEAK_GIBIBYTES)).max().orElse(0),
                    later(own.get(Cost.JOBS)),
                    later(own.get(Cost.SHUFFLED_MEGABYTES)));
        });
    }

    private static Map<Cost, double[]> ofEach(int rounds) {
        Map<Cost, double[]> costs = new EnumMap<>(Cost.class);
        for (Cost cost : Cost.values()) {
            costs.put(cost, new double[rounds]);
        }
        return costs;
    }

    private long done(Supplier<Long> work, Map<Cost, double[]> costs, int round) {
        counted();
        jobs.set(0);
        shuffled.set(0);
        System.gc();
        try (PeakHeap heap = new PeakHeap()) {
            long began = System.nanoTime();
            long rows = work.get();
            costs.get(Cost.SECONDS)[round] = (System.nanoTime() - began) / 1e9;
            costs.get(Cost.PEAK_GIBIBYTES)[round] = heap.gibibytes();
            counted();
            costs.get(Cost.JOBS)[round] = jobs.get();
            costs.get(Cost.SHUFFLED_MEGABYTES)[round] = shuffled.get() / 1e6;
            return rows;
        }
    }

    /** Spark tells its listeners what was done a little later. */
    private void counted() {
        try {
            spark.sparkContext().listenerBus().waitUntilEmpty();
        } catch (TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The median of all rounds but the first; of a single round, itself. */
    private static double later(double[] values) {
        double[] ascending = values.length == 1 ? values.clone() : Arrays.copyOfRange(values, 1, values.length);
        Arrays.sort(ascending);
        return ascending[ascending.length / 2];
    }
}
