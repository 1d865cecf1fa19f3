package io.flagcast.jobs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** A folder of CSV files, an experiment and a configuration, as a data engineer would have them. */
record CsvWorld(Path folder) {

    static final Instant FIRST = Instant.parse("2026-03-10T00:00:00Z");
    static final Instant SECOND = Instant.parse("2026-03-11T00:00:00Z");

    private static final String EXPERIMENT = """
            experiment_id: rollout
            feature_id: checkout
            salt: rollout-2026
            segments: {low: [0, 30], mid: [30, 70], high: [70, 100]}
            allocation: {type: tiered, tier_thresholds: [80, 50, 20], active_tier: 2, exploration: 5%, unscored: 50%}
            metrics:
              conversion_rate: {kind: proportion, outcome: purchase, within: 1d, settle: 0d}
            rules:
              - rule_id: pull_back_high_responders
                description: If conversion of users with score > 70 is below 5 %, cut that segment by 20 %
                when: {segment: high, population: enabled, metric: conversion_rate, below: 5%}
                evidence: {min_users: 1000, confidence: 95%}
                then: {reduce_allocation: 20%, not_below: 5%}
                cooldown: 3d
                max_firings: 4
                mode: enforce
            """;

    /** 1,200 users of whom the older half gains from the feature and the younger loses; all were met on one day. */
    static CsvWorld in(Path folder) {
        CsvWorld world = new CsvWorld(folder);
        List<String> users = new ArrayList<>(List.of("user_id,age,plan,gender"));
        List<String> exposures = new ArrayList<>(List.of("experiment_id,user_id,enabled,exposed_at,propensity"));
        List<String> outcomes = new ArrayList<>(List.of("user_id,outcome,value,occurred_at"));
        SplittableRandom random = new SplittableRandom(11);
        for (int i = 0; i < 1200; i++) {
            int age = 20 + random.nextInt(50);
            boolean enabled = random.nextBoolean();
            users.add("u%d,%d,%s,%s".formatted(i, age, i % 3 == 0 ? "pro" : "free", i % 2 == 0 ? "f" : "m"));
            exposures.add("rollout,u%d,%b,2026-03-02T10:00:00Z,0.5".formatted(i, enabled));
            double uplift = age >= 45 ? 0.25 : -0.15;
            if (random.nextDouble() < 0.2 + (enabled ? uplift : 0)) {
                outcomes.add("u%d,purchase,%d,2026-03-02T12:00:00Z".formatted(i, 5 + random.nextInt(50)));
            }
        }
        world.write("users.csv", users);
        world.write("exposures.csv", exposures);
        world.write("outcomes.csv", outcomes);
        world.write("experiments/rollout.yaml", EXPERIMENT.lines().toList());
        world.write("flagcast.conf", """
                flagcast {
                  lake.root = ${flagcast.conf-dir}"/lake"
                  experiments = ${flagcast.conf-dir}"/experiments"
                  sources {
                    users { format = csv, path = ${flagcast.conf-dir}"/users.csv" }
                    exposures { format = csv, path = ${flagcast.conf-dir}"/exposures.csv" }
                    outcomes { format = csv, path = ${flagcast.conf-dir}"/outcomes.csv" }
                  }
                  users { predictors = [age, plan], protected = [gender] }
                  features.checkout { objective = uplift, outcome = purchase, within = 1d }
                  training { folds = 2, challengers = [] }
                }
                """.lines().toList());
        return world;
    }

    /** The same, to whose folders of exposures and of outcomes further files may come. */
    static CsvWorld inFolders(Path folder) {
        CsvWorld world = in(folder);
        world.write("exposures/pilot.csv", world.read("exposures.csv"));
        world.write("outcomes/pilot.csv", world.read("outcomes.csv"));
        List<String> conf = new ArrayList<>(world.read("flagcast.conf"));
        conf.replaceAll(line -> line.replace("/exposures.csv", "/exposures").replace("/outcomes.csv", "/outcomes"));
        world.write("flagcast.conf", conf);
        return world;
    }

    /** A world with a published run, made once for all tests of this JVM. */
    private static final class Published {
        private static final CsvWorld WORLD = in(temporary());

        static {
            Runtime.getRuntime().addShutdownHook(new Thread(WORLD::delete));
            Invocation run = WORLD.run(FIRST);
            if (run.code() != 0) {
                throw new AssertionError(run.err());
            }
        }

        private static Path temporary() {
            try {
                return Files.createTempDirectory("flagcast-published");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** What {@link #in} writes, and the lake of a run as of {@link #FIRST}. */
    static CsvWorld published(Path folder) {
        return Published.WORLD.copy(folder);
    }

    /** The same files with the same times in another folder. */
    CsvWorld copy(Path to) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(folder.relativize(file).toString());
                if (!Files.isDirectory(target)) {
                    Files.copy(file, target, StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
            return new CsvWorld(to);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void delete() {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path conf() {
        return folder.resolve("flagcast.conf");
    }

    void write(String name, List<String> lines) {
        try {
            Files.createDirectories(folder.resolve(name).getParent());
            Files.write(folder.resolve(name), lines);
        } catch (IOException e) {
            throw new UncheckedIOException(name, e);
        }
    }

    List<String> read(String name) {
        try {
            return Files.readAllLines(folder.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(name, e);
        }
    }

    void append(String name, String... lines) {
        List<String> all = new ArrayList<>(read(name));
        all.addAll(List.of(lines));
        write(name, all);
    }

    /** A command on this world. */
    Invocation command(String... words) {
        List<String> all = new ArrayList<>(List.of(words));
        all.addAll(List.of("--conf", conf().toString()));
        return Invocation.of(all.toArray(String[]::new));
    }

    Invocation run(Instant asOf, String... further) {
        List<String> arguments =
                new ArrayList<>(List.of("run", "--conf", conf().toString(), "--as-of", asOf.toString()));
        arguments.addAll(List.of(further));
        return Invocation.of(arguments.toArray(String[]::new));
    }
}
