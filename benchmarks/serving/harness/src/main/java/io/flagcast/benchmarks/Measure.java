package io.flagcast.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.util.Statistics;

/**
 * Measures a lookup in a JVM of its own and adds lines to a file: {@code RESULTS LAKE SNAPSHOTS NAME CLASS METHOD,...}, with the
 * methods of {@link LookupBenchmark}. {@code RESULTS} alone prints the table.
 */
public final class Measure {

    private static final int[] THREADS = {1, 2};
    /** JVMs, whose calls are taken together. */
    private static final int FORKS = 3;

    private Measure() {}

    public static void main(String[] arguments) throws IOException, RunnerException {
        Path results = Path.of(arguments[0]);
        if (arguments.length == 1) {
            print(Files.readAllLines(results));
            return;
        }
        Users users = Users.of(Path.of(arguments[1]));
        List<String> lines = new ArrayList<>();
        for (String method : arguments[5].split(",", -1)) {
            for (int threads : THREADS) {
                lines.add(measured(users, arguments, method, threads));
            }
        }
        Files.write(results, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private static String measured(Users users, String[] arguments, String method, int threads) throws RunnerException {
        Statistics nanos = run(users, arguments, method, Mode.SampleTime, threads)
                .getPrimaryResult()
                .getStatistics();
        double bytes = run(users, arguments, method + "Repeated", Mode.AverageTime, threads)
                .getSecondaryResults()
                .get("gc.alloc.rate.norm")
                .getScore();
        return String.format(
                Locale.ROOT,
                "%s\t%s\t%d\t%.0f\t%.0f\t%.0f",
                arguments[3],
                method,
                threads,
                nanos.getPercentile(50),
                nanos.getPercentile(99),
                bytes);
    }

    private static RunResult run(Users users, String[] arguments, String method, Mode mode, int threads)
            throws RunnerException {
        Options options = new OptionsBuilder()
                .include(LookupBenchmark.class.getName() + "." + method + "$")
                .mode(mode)
                .timeUnit(TimeUnit.NANOSECONDS)
                .threads(threads)
                .forks(mode == Mode.SampleTime ? FORKS : 1)
                .warmupIterations(3)
                .warmupTime(TimeValue.seconds(1))
                .measurementIterations(3)
                .measurementTime(TimeValue.seconds(1))
                .addProfiler(GCProfiler.class)
                .jvmArgsAppend(
                        "-Xms3g",
                        "-Xmx3g",
                        "-Dflagcast.lake=" + arguments[1],
                        "-Dflagcast.snapshots=" + arguments[2],
                        "-D" + LookupBenchmark.LOOKUP + "=" + arguments[4],
                        "-D" + LookupBenchmark.USERS + "=" + users.users(),
                        "-D" + LookupBenchmark.EXPERIMENTS + "=" + users.experiments())
                .build();
        return new Runner(options).runSingle();
    }

    private static void print(List<String> lines) {
        System.out.println(
                "| client | asked with | threads | p50 ns | p99 ns | bytes per call | p50 over Flagcast's |");
        System.out.println("|---|---|---|---|---|---|---|");
        for (String line : lines) {
            String[] cells = line.split("\t", -1);
            double reference = lines.stream()
                    .map(other -> other.split("\t", -1))
                    .filter(other -> other[0].equals("Flagcast allocateFeature") && other[2].equals(cells[2]))
                    .mapToDouble(other -> Double.parseDouble(other[3]))
                    .findFirst()
                    .orElse(Double.NaN);
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %s | %s | %s | %s | %s | %.2f |%n",
                    cells[0],
                    cells[1].equals("answer") ? "what was made before" : "a user id",
                    cells[2],
                    cells[3],
                    cells[4],
                    cells[5],
                    Double.parseDouble(cells[3]) / reference);
        }
    }
}
