package io.flagcast.experiments;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.allocation.ParameterChange.Origin;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.Segments;
import io.flagcast.rules.Health;
import io.flagcast.rules.Observation;
import io.flagcast.rules.Replay;
import io.flagcast.rules.Rule;
import io.flagcast.rules.RuleDecision;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A unit test of rules, from the {@code tests} block of the experiment file: days that were counted, and what the rules must
 * make of them when they are evaluated at the end of each.
 *
 * @param name what it shows
 * @param given what was counted
 * @param expect what the rules must do
 * @param line where it stands in the file
 */
public record RuleTest(String name, Given given, List<Expect> expect, int line) {

    /** Start of the first day that a test gives; any would do. */
    static final Instant FIRST_DAY = Instant.parse("2000-01-01T00:00:00Z");

    public RuleTest {
        expect = List.copyOf(expect);
        long days = given.days();
        expect.forEach(each -> each.day().ifPresent(day -> {
            if (day < 1 || day > days) {
                throw new IllegalArgumentException(
                        "expect: day %d is outside 1 to %d, the days that are given".formatted(day, days));
            }
        }));
    }

    /**
     * Days of one segment.
     *
     * @param segment the segment, or all
     * @param share share of the segment before, in [0, 1]
     * @param observations by day, from the first on
     * @param health whether the data can be trusted
     * @param caps per metric that has one where the value of a user stops to count
     */
    public record Given(
            String segment, double share, List<Observation> observations, Health health, Map<String, Double> caps) {

        public Given {
            observations = List.copyOf(observations);
            caps = Map.copyOf(caps);
        }

        /** Of metrics without a cap. */
        public Given(String segment, double share, List<Observation> observations, Health health) {
            this(segment, share, observations, health, Map.of());
        }

        /** Number of days, at least 1. */
        long days() {
            return observations.stream()
                    .map(Observation::day)
                    .max(Comparator.naturalOrder())
                    .map(last -> 1 + Duration.between(FIRST_DAY, last).toDays())
                    .orElse(1L);
        }
    }

    /**
     * What must come of a rule.
     *
     * @param ruleId the rule
     * @param day after this day, from 1; after the last where absent
     * @param outcome its outcome
     * @param share share of the segment (of every one for all) after it, in [0, 1]; not checked where absent
     */
    public record Expect(String ruleId, OptionalInt day, RuleDecision.Outcome outcome, OptionalDouble share) {}

    /** What went wrong, or nothing. */
    public Optional<String> failure(Experiment experiment) {
        Replay replay = Replay.of(
                experiment.ruleEngine().withCaps(given.caps()),
                given.observations(),
                before(experiment),
                given.health(),
                endOf(1),
                endOf(given.days()));
        List<String> failures = expect.stream()
                .flatMap(each -> failure(each, experiment, replay).stream())
                .toList();
        return failures.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", failures));
    }

    private static Instant endOf(long day) {
        return FIRST_DAY.plus(Duration.ofDays(day));
    }

    /** The share that is given was set by a person, long before. */
    private ParameterLog before(Experiment experiment) {
        Adjustment share = Adjustment.ofShares(
                moved(experiment).stream().collect(Collectors.toMap(Function.identity(), name -> given.share())));
        return new ParameterLog(ParameterLog.EMPTY.changesTo(
                experiment.experimentId(),
                share,
                Instant.EPOCH,
                new Origin(Cause.PERSON, Optional.empty(), "given", "{}")));
    }

    private List<String> moved(Experiment experiment) {
        return given.segment().equals(Segments.ALL) ? experiment.segments().names() : List.of(given.segment());
    }

    private Optional<String> failure(Expect each, Experiment experiment, Replay replay) {
        Instant asOf = each.day().isPresent() ? endOf(each.day().getAsInt()) : endOf(given.days());
        String on = each.day().isPresent() ? "on day %d ".formatted(each.day().getAsInt()) : "";
        RuleDecision decision = replay.decisions().stream()
                .filter(candidate -> candidate.rule().ruleId().equals(each.ruleId())
                        && candidate.asOf().equals(asOf))
                .findFirst()
                .orElseThrow();
        if (decision.outcome() != each.outcome()) {
            return Optional.of("%sexpected %s of %s, got %s: %s"
                    .formatted(
                            on,
                            each.outcome().label(),
                            each.ruleId(),
                            decision.outcome().label(),
                            decision.reason()));
        }
        if (each.share().isEmpty()) {
            return Optional.empty();
        }
        double expected = each.share().getAsDouble();
        AllocationParameters after = replay.log().until(asOf.plusNanos(1)).newest(experiment.experimentId());
        List<Double> shares = moved(experiment).stream().map(after::share).toList();
        return shares.stream().allMatch(share -> Math.abs(share - expected) <= 1e-9)
                ? Optional.empty()
                : Optional.of("%sexpected share %s after %s, got %s%s"
                        .formatted(
                                on,
                                percent(expected),
                                each.ruleId(),
                                shares.stream()
                                        .map(RuleTest::percent)
                                        .distinct()
                                        .collect(Collectors.joining(", ")),
                                unlessEnforced(decision)));
    }

    private static String percent(double share) {
        return new BigDecimal(100 * share)
                        .setScale(4, RoundingMode.HALF_EVEN)
                        .stripTrailingZeros()
                        .toPlainString()
                + "%";
    }

    private static String unlessEnforced(RuleDecision decision) {
        return decision.rule().mode() == Rule.Mode.ENFORCE || decision.effect().isEmpty()
                ? ""
                : ": mode %s leaves the allocation alone (%s)"
                        .formatted(decision.rule().mode().label(), decision.effect());
    }
}
