package io.flagcast.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.UUID;

/**
 * The users, experiments and feature of a lake that a benchmark has written. Users have random UUIDs, as most services do: 36
 * characters without a common beginning, so that hashing and comparing them costs what it does there.
 *
 * @param users how many
 * @param experiments how many
 */
public record Users(long users, int experiments) {

    /** The feature that everybody has a score for. */
    public static final String FEATURE = "checkout";

    private static final String FILE = "benchmark.properties";

    /** The id of a user, by number: the same ones wherever it is asked. */
    public static String id(long user) {
        long upper = mixed(2 * user);
        long lower = mixed(2 * user + 1);
        return new UUID((upper & ~0xF000L) | 0x4000L, (lower & 0x3FFF_FFFF_FFFF_FFFFL) | Long.MIN_VALUE).toString();
    }

    /** The finalizer of SplitMix64 (G. Steele and others, 2014), which gives no two numbers one. */
    private static long mixed(long number) {
        long z = (number + 1) * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** The id of an experiment, by number from 0 on. */
    public static String experiment(int number) {
        return "experiment_%02d".formatted(number);
    }

    /** Notes them in the lake's folder. */
    public void writeTo(Path lake) throws IOException {
        Properties properties = new Properties();
        properties.setProperty("users", Long.toString(users));
        properties.setProperty("experiments", Integer.toString(experiments));
        try (OutputStream out = Files.newOutputStream(lake.resolve(FILE))) {
            properties.store(out, null);
        }
    }

    /** What was noted in the lake's folder. */
    public static Users of(Path lake) throws IOException {
        Properties properties = new Properties();
        try (InputStream in = Files.newInputStream(lake.resolve(FILE))) {
            properties.load(in);
        }
        return new Users(
                Long.parseLong(properties.getProperty("users")),
                Integer.parseInt(properties.getProperty("experiments")));
    }
}
