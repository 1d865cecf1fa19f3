package io.flagcast.serving;

import io.flagcast.allocation.Allocator;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Bucketing;
import io.flagcast.allocation.Bucketing.Purpose;
import io.flagcast.allocation.Buckets;
import io.flagcast.allocation.Candidate;
import io.flagcast.allocation.Curve;
import io.flagcast.allocation.Decision;
import io.flagcast.allocation.Layer;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Segments;
import io.flagcast.serving.lake.Published;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;

/** Users, experiments of every kind and what a run decides: what a snapshot must give back. */
final class World {

    static final List<String> FEATURES = List.of("search", "checkout");

    private static final Segments SEGMENTS = new Segments(List.of(
            new Segments.Band("low", 0, 30), new Segments.Band("mid", 30, 70), new Segments.Band("high", 70, 100)));
    private static final double HOLDOUT = 0.05;
    private static final String HOLDOUT_SALT = "lake-1";

    /** An experiment of the world. */
    record Rollout(String id, String featureId, Allocator allocator, boolean hasEligibility, long version) {

        Rollout named(String other) {
            return new Rollout(other, featureId, allocator, hasEligibility, version);
        }

        Decision decide(String userId, Candidate candidate) {
            return allocator.decide(
                    new Buckets(
                            Bucketing.of(HOLDOUT_SALT, Purpose.HOLDOUT).bucket(userId),
                            Bucketing.of(allocator.layer().name(), Purpose.LAYER)
                                    .bucket(userId),
                            Bucketing.of(id + "-salt", Purpose.EXPLORATION).bucket(userId),
                            Bucketing.of(id + "-salt", Purpose.COIN).bucket(userId),
                            Bucketing.of(id + "-salt", Purpose.ENROLMENT).bucket(userId)),
                    candidate);
        }

        /** The decision for a user without a profile. */
        Decision decideUnknown(String userId) {
            return decide(userId, new Candidate(OptionalDouble.empty(), false, !hasEligibility, ""));
        }
    }

    private final List<Rollout> rollouts;
    private final List<String> users;
    private final Map<String, Map<String, Object>> allocations = new LinkedHashMap<>();
    private final Map<String, Map<String, Object>> scores = new LinkedHashMap<>();

    /**
     * Draws a world.
     *
     * @param version of the parameters, which a decision tells apart worlds by
     */
    World(int users, long seed, long version) {
        this(users, seed, rollouts(version));
    }

    /** Draws a world with these experiments. */
    World(int users, long seed, List<Rollout> rollouts) {
        this.rollouts = List.copyOf(rollouts);
        Random random = new Random(seed);
        this.users = new ArrayList<>();
        for (int i = 0; i < users; i++) {
            this.users.add((i % 10 == 0 ? "Zoë-" : "user-") + i);
        }
        for (String user : this.users) {
            draw(user, random);
        }
    }

    /** One experiment of every kind. */
    static List<Rollout> rollouts(long version) {
        Policy tiered = new Policy.Tiered(List.of(80.0, 50.0, 20.0), List.of(1.0, 0.5, 0.1, 0.0), List.of());
        Policy weighted = new Policy.WeightedRandom(new Curve.Logistic(60, 0.1), 0.05, 0.9);
        Map<String, Double> shares = Map.of("high", 0.8);
        Allocator first =
                new Allocator(Activity.ACTIVE, HOLDOUT, new Layer("shop", 0, 0.7), SEGMENTS, tiered, 0.1, 0.1, shares);
        Allocator second = new Allocator(Activity.ACTIVE, HOLDOUT, Layer.NONE, SEGMENTS, weighted, 0.05, 0.2, shares);
        Allocator third = new Allocator(
                Activity.ACTIVE, HOLDOUT, Layer.NONE, Segments.SINGLE, new Policy.Percentage(0.3), 0, 0.3, Map.of());
        Allocator off = new Allocator(
                Activity.INACTIVE, HOLDOUT, Layer.NONE, SEGMENTS, new Policy.Percentage(1), 0, 1, Map.of());
        return List.of(
                new Rollout("tiers", "search", first, true, version),
                new Rollout("weights", "checkout", second, false, version),
                new Rollout("percent", "checkout", third, false, version),
                new Rollout("off", "search", off, false, version));
    }

    private void draw(String user, Random random) {
        Map<String, OptionalDouble> known = new HashMap<>();
        Map<String, Boolean> useless = new HashMap<>();
        for (String feature : FEATURES) {
            boolean isScored = random.nextInt(10) > 0;
            double score = random.nextInt(10_001) / 100.0;
            double uplift = random.nextGaussian() * 0.1;
            boolean noBenefit = random.nextInt(8) == 0;
            known.put(feature, isScored ? OptionalDouble.of(score) : OptionalDouble.empty());
            useless.put(feature, isScored && noBenefit);
            if (isScored) {
                Map<String, Object> row = new HashMap<>();
                row.put("user_id", user);
                row.put("feature_id", feature);
                row.put("score", score);
                String source =
                        List.of("model", "collaborative", "group", "prior").get(random.nextInt(4));
                boolean isOfUsage = source.equals("collaborative") || source.equals("group");
                row.put("uplift", isOfUsage || random.nextInt(5) == 0 ? null : uplift);
                row.put("affinity", isOfUsage ? 0.3 * Math.abs(uplift) : null);
                row.put("no_benefit", noBenefit);
                row.put("source", source);
                scores.put(user + " " + feature, row);
            }
        }
        for (Rollout rollout : rollouts) {
            OptionalDouble score = known.get(rollout.featureId());
            boolean eligible = !rollout.hasEligibility() || random.nextBoolean();
            Decision decision =
                    rollout.decide(user, new Candidate(score, useless.get(rollout.featureId()), eligible, ""));
            allocations.put(user + " " + rollout.id(), row(user, rollout, decision, score));
        }
    }

    private static Map<String, Object> row(String user, Rollout rollout, Decision decision, OptionalDouble score) {
        Map<String, Object> row = new HashMap<>();
        row.put("experiment_id", rollout.id());
        row.put("user_id", user);
        row.put("enabled", decision.enabled());
        row.put("score", score.isPresent() ? score.getAsDouble() : null);
        row.put("segment", decision.segment().orElse(null));
        row.put("tier", decision.tier().isPresent() ? decision.tier().getAsInt() : null);
        row.put("bucket", decision.bucket());
        row.put("base_probability", decision.baseProbability());
        row.put("share", decision.share());
        row.put("propensity", decision.propensity());
        row.put("reason", decision.reason().label());
        row.put("parameters_version", rollout.version());
        row.put("model_id", score.isPresent() ? "model-of-" + rollout.featureId() : null);
        return row;
    }

    List<String> users() {
        return users;
    }

    List<Rollout> rollouts() {
        return rollouts;
    }

    Map<String, Object> allocation(String user, String experiment) {
        return allocations.get(user + " " + experiment);
    }

    Optional<Map<String, Object>> score(String user, String feature) {
        return Optional.ofNullable(scores.get(user + " " + feature));
    }

    /** Writes the slices of a run into a lake and returns its publication. */
    Published writeTo(MemoryLake lake, long sequence, String runId) {
        lake.write(Tables.ALLOCATIONS, runId, List.copyOf(allocations.values()));
        lake.write(Tables.RESPONSIVENESS_SCORES, runId, List.copyOf(scores.values()));
        lake.write(
                Tables.EXPERIMENTS,
                runId,
                rollouts.stream().map(World::definition).toList());
        return new Published(
                sequence,
                Map.of(
                        Tables.ALLOCATIONS.name(), new Published.Slice(runId, allocations.size()),
                        Tables.RESPONSIVENESS_SCORES.name(), new Published.Slice(runId, scores.size()),
                        Tables.EXPERIMENTS.name(), new Published.Slice(runId, rollouts.size())),
                Instant.parse("2026-03-01T00:00:00Z").plusSeconds(sequence));
    }

    private static Map<String, Object> definition(Rollout rollout) {
        Allocator allocator = rollout.allocator();
        Map<String, Object> row = new HashMap<>();
        row.put("experiment_id", rollout.id());
        row.put("feature_id", rollout.featureId());
        row.put("activity", allocator.activity() == Activity.ACTIVE ? "active" : "inactive");
        row.put("treatment", Map.of("layout", "of-" + rollout.id(), "columns", "3"));
        row.put("salt", rollout.id() + "-salt");
        row.put("holdout_salt", HOLDOUT_SALT);
        row.put("holdout", allocator.holdout());
        Layer layer = allocator.layer();
        row.put("layer", Map.of("name", layer.name(), "from", layer.from(), "to", layer.to()));
        row.put("eligibility", rollout.hasEligibility() ? "country = 'DE'" : null);
        row.put("exploration", allocator.exploration());
        row.put("unscored", allocator.unscored());
        row.put("parameters_version", rollout.version());
        return row;
    }
}
