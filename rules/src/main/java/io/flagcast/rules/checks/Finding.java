package io.flagcast.rules.checks;

import io.flagcast.statistics.Interval;
import java.util.List;
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
 * @param detail the bins, days or groups behind it, for plots and tables
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
        List<Part> detail) {

    /** The segment of what concerns all users. */
    static final String ALL = "all";

    /** The verdict of a check. */
    public enum State {
        PASSED,
        FAILED,
        /** Too little data to say. */
        UNKNOWN;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }

        static State failedWhere(boolean failed) {
            return failed ? FAILED : PASSED;
        }
    }

    /**
     * One bin, decile, day, group or segment of what a check looked at.
     *
     * @param name its name, as a bin's bounds or a group's value
     * @param n users or rows in it
     * @param expected what was predicted, or the others have
     * @param observed what was measured, in the same unit
     * @param interval of what was measured, 95 % and for one look unless the check says otherwise
     */
    public record Part(
            String name, long n, OptionalDouble expected, OptionalDouble observed, Optional<Interval> interval) {

        public Part {
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(expected, "expected");
            Objects.requireNonNull(observed, "observed");
            Objects.requireNonNull(interval, "interval");
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
        detail = List.copyOf(detail);
    }

    public boolean failed() {
        return state == State.FAILED;
    }

    /** The check and where it looked: "checkout: volume of outcome purchase", "sample_ratio in high". */
    public String heading() {
        return heading(experimentId, check.label(), subject, segment);
    }

    /** The same of a row of {@code health_checks}. */
    public static String heading(String experimentId, String check, String subject, String segment) {
        return (experimentId.isEmpty() ? "" : experimentId + ": ")
                + check
                + (subject.isEmpty() ? "" : " of " + subject)
                + (segment.equals(ALL) ? "" : " in " + segment);
    }

    /**
     * Whether nobody else is given a feature while it stands. More rows than usual, as after a launch, are no reason: what is
     * counted is there.
     */
    public boolean blocksIncreases() {
        boolean isMore = check == Check.VOLUME
                && observed.isPresent()
                && threshold.isPresent()
                && observed.getAsDouble() > threshold.getAsDouble();
        return failed() && check.blocksIncreases() && !isMore;
    }

    /**
     * Whether what was measured of its subject says nothing: there are no rows, or they are nobody's who is known. What did not
     * happen and what is not found look the same, so nothing may change by it, up or down.
     */
    public boolean takesEvidence() {
        return switch (check) {
            case FRESHNESS -> n == 0 && state != State.PASSED;
            case UNMATCHED ->
                failed()
                        && observed.isPresent()
                        && threshold.isPresent()
                        && observed.getAsDouble() < threshold.getAsDouble();
            default -> false;
        };
    }

    /** A verdict with nothing but its reason; the numbers are added one by one. */
    static Finding of(
            Check check, String experimentId, String segment, String subject, State state, long n, String reason) {
        return new Finding(
                experimentId,
                check,
                segment,
                subject,
                state,
                OptionalDouble.empty(),
                Optional.empty(),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                n,
                reason,
                List.of());
    }

    Finding measured(double value, double comparedWith) {
        return measured(value, OptionalDouble.of(comparedWith));
    }

    /** What nothing is compared with. */
    Finding measured(double value) {
        return measured(value, OptionalDouble.empty());
    }

    private Finding measured(double value, OptionalDouble comparedWith) {
        return new Finding(
                experimentId,
                check,
                segment,
                subject,
                state,
                OptionalDouble.of(value),
                interval,
                comparedWith,
                pValue,
                n,
                reason,
                detail);
    }

    Finding within(Interval of) {
        return new Finding(
                experimentId,
                check,
                segment,
                subject,
                state,
                observed,
                Optional.of(of),
                threshold,
                pValue,
                n,
                reason,
                detail);
    }

    Finding withPValue(double p) {
        return new Finding(
                experimentId,
                check,
                segment,
                subject,
                state,
                observed,
                interval,
                threshold,
                OptionalDouble.of(p),
                n,
                reason,
                detail);
    }

    Finding withDetail(List<Part> parts) {
        return new Finding(
                experimentId, check, segment, subject, state, observed, interval, threshold, pValue, n, reason, parts);
    }
}
