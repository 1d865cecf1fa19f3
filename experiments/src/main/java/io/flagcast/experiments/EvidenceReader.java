package io.flagcast.experiments;

import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Numbers;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Times;
import io.flagcast.experiments.document.Words;
import io.flagcast.rules.Condition;
import io.flagcast.rules.Rule;
import io.flagcast.rules.Rule.Evidence.Method;
import java.time.Duration;
import java.util.Optional;

/** Reads how sure a rule or an alert must be of its condition. */
final class EvidenceReader {

    private EvidenceReader() {}

    /** What missing data mean. There is one answer, which a file may give to say so. */
    private enum OnMissing {
        INCONCLUSIVE
    }

    /** @param when the condition, absent where it is broken */
    static Optional<Rule.Evidence> read(Mapping evidence, Optional<Condition> when) {
        boolean hasBaseline =
                when.stream().flatMap(Condition::comparisons).anyMatch(Condition.VersusBaseline.class::isInstance);
        Setting<Long> minUsers = evidence.required("min_users", Numbers::count);
        Setting<Method> method = evidence.or("method", Words.oneOf(Method.class), Method.CONFIDENCE_SEQUENCE);
        Setting<Optional<Double>> confidence = evidence.optional("confidence", Numbers::rate);
        Setting<Optional<Long>> tunedAt = evidence.optional("tuned_at", Numbers::count);
        Setting<Optional<Duration>> window = evidence.optional("window", Times::wholeDays);
        Setting<Integer> consecutiveRuns = evidence.or("consecutive_runs", Numbers::smallCount, 1);
        evidence.or("on_missing", Words.oneOf(OnMissing.class), OnMissing.INCONCLUSIVE);
        return evidence.build(() -> {
            if (method.value() == Method.POINT
                    && (confidence.value().isPresent() || tunedAt.value().isPresent())) {
                throw new IllegalArgumentException(
                        "method point uses no statistics: confidence and tuned_at have no meaning; remove them");
            }
            if (hasBaseline && window.value().isEmpty()) {
                throw new IllegalArgumentException(
                        "window is missing in evidence: drops and rises need it to say what is"
                                + " recent; add it, as in window: 7d, and the baseline is what was before it");
            }
            return new Rule.Evidence(
                    minUsers.value(),
                    method.value(),
                    confidence.value().orElse(0.95),
                    tunedAt.value().orElse(10 * minUsers.value()),
                    window.value(),
                    consecutiveRuns.value());
        });
    }
}
