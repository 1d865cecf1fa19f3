package io.flagcast.allocation;

/**
 * A user's buckets in one experiment, each in [0, 1).
 *
 * @param holdout of the lake's holdout
 * @param layer of the experiment's layer; 0 where it has none
 * @param exploration of the exploration slice
 * @param coin of the fair coin in that slice
 * @param enrolment of the experiment
 */
public record Buckets(double holdout, double layer, double exploration, double coin, double enrolment) {

    public Buckets {
        requireBucket("holdout", holdout);
        requireBucket("layer", layer);
        requireBucket("exploration", exploration);
        requireBucket("coin", coin);
        requireBucket("enrolment", enrolment);
    }

    private static void requireBucket(String name, double bucket) {
        if (!(bucket >= 0 && bucket < 1)) {
            throw new IllegalArgumentException(name + " bucket " + bucket + " is outside [0, 1)");
        }
    }
}
