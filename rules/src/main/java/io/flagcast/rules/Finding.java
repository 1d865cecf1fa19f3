package io.flagcast.rules;

import io.flagcast.statistics.Interval;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a health check found.
 *
 * @param experimentId the experiment; empty for inputs and the pipeline
 * @param check the check
 * @param segment segment that it looked at, or all
 * @param subject metric, predictor, attribute or input that it looked at; empty where the segment says it all
 * @param state the verdict
 * @param observed what was measured, in the check's unit
 * @param interval of what was measured
 * @param threshold what it was compared with
 * @param pValue of the textbook test beside it, for one look
 * @param n users or rows behind it
 * @param reason the finding in a sentence with its numbers
 * @param detail JSON of the bins, days or groups behind it, for plots
 */
public record Finding(
        String experimentId,
        Check check,
        String segment,
        String subject,
        State state,
        OptionalDouble observed,
        Optional<Interval> interval,
        OptionalDouble threshold,
        OptionalDouble pValue,
        long n,
        String reason,
        Optional<String> detail) {

    /** The verdict of a check. */
    public enum State {
        PASSED,
        FAILED,
        /** Too little data to say. */
        UNKNOWN;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Finding {
        Objects.requireNonNull(experimentId, "experimentId");
        Objects.requireNonNull(check, "check");
        Objects.requireNonNull(segment, "segment");
        Objects.requireNonNull(subject, "subject");
        Objects.requireNonNull(state, "state");
        Objects.requireNonNull(observed, "observed");
        Objects.requireNonNull(interval, "interval");
        Objects.requireNonNull(threshold, "threshold");
        Objects.requireNonNull(pValue, "pValue");
        Objects.requireNonNull(reason, "reason");
        Objects.requireNonNull(detail, "detail");
    }

    public boolean failed() {
        return state == State.FAILED;
    }
}
