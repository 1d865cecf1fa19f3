package io.flagcast.allocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.flagcast.allocation.Bucketing.Purpose;
import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.commons.math3.distribution.ChiSquaredDistribution;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.EnumSource;

class BucketingTest {

    private static final int USERS = 200_000;

    /**
     * The vectors come from an XXH64 in Python, written from Collet's specification and checked against the published
     * XXH64("") = EF46DB3751D8E999 and XXH64("abc") = 44BC2CF5AD770999.
     */
    @ParameterizedTest
    @CsvFileSource(
            resources = "bucket-vectors.csv",
            useHeadersInDisplayName = true,
            ignoreLeadingAndTrailingWhitespace = false)
    void bucketsEqualTheVectorsOfAnIndependentHash(String salt, String purpose, String userId, double bucket) {
        assertThat(Bucketing.of(salt, Purpose.valueOf(purpose.toUpperCase(Locale.ROOT)))
                        .bucket(userId))
                .isEqualTo(bucket);
    }

    /** Chi-square over 100 cells, n = 200,000: p above 1e-4. The users are fixed, so is the result. */
    @ParameterizedTest
    @EnumSource
    void bucketsOfEveryPurposeAreUniform(Purpose purpose) {
        int[] cells = new int[100];
        for (double bucket : buckets(purpose)) {
            cells[(int) (100 * bucket)]++;
        }
        double expected = USERS / 100.0;
        double statistic = IntStream.of(cells)
                .mapToDouble(count -> (count - expected) * (count - expected) / expected)
                .sum();

        assertThat(1 - new ChiSquaredDistribution(null, 99).cumulativeProbability(statistic))
                .isGreaterThan(1e-4);
    }

    /** n = 200,000: the standard error of a correlation of nothing is 0.0022, the limit is 4.5 of them. */
    @Test
    void bucketsOfTwoPurposesOfOneSaltAreUncorrelated() {
        Purpose[] purposes = Purpose.values();
        for (int i = 0; i < purposes.length; i++) {
            for (int j = 0; j < i; j++) {
                assertThat(new PearsonsCorrelation().correlation(buckets(purposes[i]), buckets(purposes[j])))
                        .as("%s and %s", purposes[i], purposes[j])
                        .isBetween(-0.01, 0.01);
            }
        }
    }

    @Test
    void bucketsOfTwoSaltsAreUncorrelated() {
        double[] other = IntStream.range(0, USERS)
                .mapToDouble(i -> Bucketing.of("checkout-v3", Purpose.ENROLMENT).bucket("user-" + i))
                .toArray();

        assertThat(new PearsonsCorrelation().correlation(buckets(Purpose.ENROLMENT), other))
                .isBetween(-0.01, 0.01);
    }

    @Test
    void aBucketOutsideZeroToOneIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Buckets(0, 0, 1, 0, 0))
                .withMessage("exploration bucket 1.0 is outside [0, 1)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Buckets(0, 0, 0, 0, Double.NaN))
                .withMessage("enrolment bucket NaN is outside [0, 1)");
    }

    private static double[] buckets(Purpose purpose) {
        Bucketing bucketing = Bucketing.of("checkout-v2", purpose);
        return IntStream.range(0, USERS)
                .mapToDouble(i -> bucketing.bucket("user-" + i))
                .toArray();
    }
}
