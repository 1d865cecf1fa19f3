package io.flagcast.training;

import io.flagcast.statistics.CorrectedDifference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What one estimate gains over another on the same folds.
 *
 * @param qini rise of the Qini (of the gain per user, where responses are values)
 * @param loss rise of the log-loss (of the squared error, where responses are values)
 */
record Gain(CorrectedDifference qini, CorrectedDifference loss) {

    /** Error of every decision, one-sided. */
    private static final double ERROR = 0.05;

    /**
     * Compares by fold.
     *
     * @param of evaluation of one, by fold
     * @param over evaluation of the other, by the same folds
     * @return absent where a fold cannot rank its users, as without responses
     */
    static Optional<Gain> of(Map<Integer, Evaluation> of, Map<Integer, Evaluation> over) {
        List<Double> qini = new ArrayList<>();
        List<Double> loss = new ArrayList<>();
        for (Map.Entry<Integer, Evaluation> fold : of.entrySet()) {
            Evaluation other = over.get(fold.getKey());
            OptionalDouble ours = fold.getValue().qini();
            if (ours.isEmpty() || other == null || other.qini().isEmpty()) {
                return Optional.empty();
            }
            qini.add(ours.getAsDouble() - other.qini().getAsDouble());
            loss.add(fold.getValue().loss() - other.loss());
        }
        return qini.size() < 2 ? Optional.empty() : Optional.of(new Gain(corrected(qini), corrected(loss)));
    }

    private static CorrectedDifference corrected(List<Double> differences) {
        return CorrectedDifference.of(
                differences.stream().mapToDouble(Double::doubleValue).toArray(), 1.0 / (differences.size() - 1));
    }

    /** Whether the Qini rises beyond doubt, as one of so many that try, and the loss does not. */
    boolean promotes(int challengers) {
        return qini.lower(1 - ERROR / challengers) > 0 && loss.lower(1 - ERROR) <= 0;
    }

    /** In what it is worse beyond doubt, if in anything. */
    Optional<String> worse() {
        if (qini.upper(1 - ERROR) < 0) {
            return Optional.of("Qini %+.4f ± %.4f".formatted(qini.mean(), qini.error()));
        }
        return loss.lower(1 - ERROR) > 0
                ? Optional.of("loss %+.5f ± %.5f".formatted(loss.mean(), loss.error()))
                : Optional.empty();
    }
}
