package io.flagcast.training;

import io.flagcast.statistics.heterogeneity.RepeatedVerdict;
import io.flagcast.statistics.heterogeneity.RepeatedVerdict.Verdict;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;

/**
 * What earlier trainings of a feature leave to the next: its place in the spending of the error, and the claim in force.
 *
 * @param trainings earlier trainings that judged whether users differ, at least 0
 * @param claimed spread of the uplift that the claim in force rests on (see {@link Verdict#claimed}); absent where the
 *     verdict in force claims nothing
 */
public record EarlierVerdicts(int trainings, OptionalDouble claimed) {

    /** Before the first training. */
    public static final EarlierVerdicts NONE = new EarlierVerdicts(0, OptionalDouble.empty());

    private static final String CLAIMED = "uplift_spread_claimed";

    /** @throws IllegalArgumentException for fewer than 0 trainings */
    public EarlierVerdicts {
        if (trainings < 0) {
            throw new IllegalArgumentException("earlier trainings are " + trainings + ": there are at least 0");
        }
    }

    /**
     * What is known from the records of models.
     *
     * @param trainings earlier trainings that judged whether users differ
     * @param inUse metrics of the model in use, where it learned the same feature
     */
    public static EarlierVerdicts of(int trainings, Optional<Map<String, Double>> inUse) {
        return new EarlierVerdicts(
                trainings,
                inUse.map(metrics -> metrics.get(CLAIMED))
                        .map(OptionalDouble::of)
                        .orElseGet(OptionalDouble::empty));
    }

    /** For provenance: all that a training reads of earlier ones. */
    public String text() {
        return claimed.isPresent()
                ? "%d trainings, in force a spread of %s".formatted(trainings, claimed.getAsDouble())
                : "%d trainings, no claim in force".formatted(trainings);
    }

    /** The test of a learner's estimates in the next training. */
    RepeatedVerdict test(double level) {
        return new RepeatedVerdict(level, trainings + 1, claimed);
    }

    /** What is kept of a verdict beside a model, by name. */
    static Map<String, Double> metrics(Verdict verdict) {
        Map<String, Double> numbers = Map.of(
                "heterogeneity_p", verdict.p(),
                "heterogeneity_level", verdict.level(),
                "heterogeneity_training", (double) verdict.training(),
                "uplift_spread", verdict.spread(),
                "uplift_spread_upper", verdict.upper());
        if (!verdict.heterogeneous()) {
            return numbers;
        }
        Map<String, Double> claims = new TreeMap<>(numbers);
        claims.put(CLAIMED, verdict.claimed());
        return claims;
    }

    /** Why a new model does not replace one whose claim is in force: its order of users shows nothing, nor the opposite. */
    Optional<String> keeps(Verdict verdict) {
        return claimed.isPresent() && verdict.outcome() == RepeatedVerdict.Outcome.NOT_SHOWN
                ? Optional.of(
                        "it tells nobody apart (%s), which does not refute that users differ: the model in use stays"
                                .formatted(verdict.reason()))
                : Optional.empty();
    }
}
