package io.flagcast.allocation;

import io.flagcast.allocation.Bucketing.Purpose;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Synthetic users with the buckets of one experiment and a score, the same in every run. */
record Users(List<User> users) {

    record User(int number, Buckets buckets, Candidate candidate) {}

    /** Users 0 to n - 1; scores uniform in [0, 100], rounded to 0.01, by SplittableRandom(7). */
    static Users scored(int n) {
        SplittableRandom random = new SplittableRandom(7);
        return new Users(IntStream.range(0, n)
                .mapToObj(i -> new User(
                        i,
                        bucketsOf("user-" + i),
                        new Candidate(OptionalDouble.of(random.nextInt(10_001) / 100.0), false, true, "")))
                .toList());
    }

    static Buckets bucketsOf(String userId) {
        return new Buckets(
                Bucketing.of("lake", Purpose.HOLDOUT).bucket(userId),
                Bucketing.of("checkout", Purpose.LAYER).bucket(userId),
                Bucketing.of("checkout-v2", Purpose.EXPLORATION).bucket(userId),
                Bucketing.of("checkout-v2", Purpose.COIN).bucket(userId),
                Bucketing.of("checkout-v2", Purpose.ENROLMENT).bucket(userId));
    }

    /** Numbers of the users whom the allocator enables. */
    Set<Integer> enabledBy(Allocator allocator) {
        return users.stream()
                .filter(user ->
                        allocator.decide(user.buckets(), user.candidate()).enabled())
                .map(User::number)
                .collect(Collectors.toSet());
    }
}
