package io.flagcast.rules;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.allocation.ParameterChange.Origin;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Segments;
import io.flagcast.allocation.Segments.Band;
import io.flagcast.rules.Action.Increase;
import io.flagcast.rules.Action.Reduce;
import io.flagcast.rules.Amount.Unit;
import io.flagcast.rules.Condition.Level;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.rules.Rule.Mode;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Direction;
import io.flagcast.statistics.Metric.Kind;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** What the tests of rules start from: the design's example, with parts replaced. */
final class Given {

    static final String EXPERIMENT = "checkout_v2_rollout";
    static final Instant START = Instant.parse("2026-11-01T00:00:00Z");

    static final Metric CONVERSION =
            new Metric("conversion_rate", Kind.PROPORTION, "purchase", Duration.ofDays(1), Direction.HIGHER_IS_BETTER);
    static final Metric ERRORS =
            new Metric("error_rate", Kind.PROPORTION, "error", Duration.ofDays(1), Direction.LOWER_IS_BETTER);
    static final Metric REVENUE =
            new Metric("revenue_per_user", Kind.MEAN, "purchase", Duration.ofDays(1), Direction.HIGHER_IS_BETTER);

    static final Segments SEGMENTS =
            new Segments(List.of(new Band("low", 0, 30), new Band("mid", 30, 70), new Band("high", 70, 100)));

    static final Level BELOW_5_PERCENT = new Level(Population.ENABLED, "conversion_rate", Side.BELOW, 0.05);
    static final Action CUT_BY_20_PERCENT = new Reduce(new Amount(0.2, Unit.RELATIVE), 0.05);

    private Given() {}

    /** A rule of the example, with parts replaced one by one. */
    record RuleOf(Rule rule) {

        static RuleOf id(String id) {
            return new RuleOf(new Rule(
                    id,
                    "If conversion of users with score > 70 is below 5 %, cut that segment by 20 %",
                    "high",
                    BELOW_5_PERCENT,
                    Evidence.of(1_000, 0.95, 10_000),
                    CUT_BY_20_PERCENT,
                    Optional.empty(),
                    Duration.ZERO,
                    OptionalInt.of(100),
                    Rule.Health.FOR_INCREASES,
                    Mode.ENFORCE));
        }

        RuleOf segment(String segment) {
            return with(segment, rule.when(), rule.evidence(), rule.then());
        }

        RuleOf when(Condition when) {
            return with(rule.segment(), when, rule.evidence(), rule.then());
        }

        RuleOf evidence(Evidence evidence) {
            return with(rule.segment(), rule.when(), evidence, rule.then());
        }

        RuleOf then(Action then) {
            return with(rule.segment(), rule.when(), rule.evidence(), then);
        }

        private RuleOf with(String segment, Condition when, Evidence evidence, Action then) {
            boolean alert = then instanceof Action.Alert;
            return new RuleOf(new Rule(
                    rule.ruleId(),
                    rule.description(),
                    segment,
                    when,
                    evidence,
                    then,
                    rule.recover(),
                    rule.cooldown(),
                    alert ? OptionalInt.empty() : rule.maxFirings(),
                    rule.health(),
                    rule.mode()));
        }

        RuleOf recover(Increase step) {
            return limits(Optional.of(step), rule.cooldown(), rule.maxFirings(), rule.health(), rule.mode());
        }

        RuleOf cooldown(Duration cooldown) {
            return limits(rule.recover(), cooldown, rule.maxFirings(), rule.health(), rule.mode());
        }

        RuleOf maxFirings(int most) {
            return limits(rule.recover(), rule.cooldown(), OptionalInt.of(most), rule.health(), rule.mode());
        }

        RuleOf health(Rule.Health health) {
            return limits(rule.recover(), rule.cooldown(), rule.maxFirings(), health, rule.mode());
        }

        RuleOf mode(Mode mode) {
            return limits(rule.recover(), rule.cooldown(), rule.maxFirings(), rule.health(), mode);
        }

        private RuleOf limits(
                Optional<Increase> recover, Duration cooldown, OptionalInt most, Rule.Health health, Mode mode) {
            return new RuleOf(new Rule(
                    rule.ruleId(),
                    rule.description(),
                    rule.segment(),
                    rule.when(),
                    rule.evidence(),
                    rule.then(),
                    recover,
                    cooldown,
                    most,
                    health,
                    mode));
        }
    }

    static RuleEngine engine(List<Rule> rules) {
        return new RuleEngine(
                EXPERIMENT,
                "a hash",
                rules,
                List.of(CONVERSION, ERRORS, REVENUE),
                SEGMENTS,
                Policy.Tiered.upTo(2, List.of(80.0, 50.0, 20.0)));
    }

    static Instant day(int day) {
        return START.plus(Duration.ofDays(day));
    }

    /** Converted users of the enabled high segment on one day. */
    static Observation conversions(int day, long conversions, long users) {
        return proportion("high", Population.ENABLED, CONVERSION, day, conversions, users);
    }

    static Observation proportion(String segment, Population arm, Metric metric, int day, long successes, long users) {
        return observation(segment, arm, metric, day, Moments.ofProportion(successes, users));
    }

    /** The same of users who had not come for some days. */
    static Observation returned(Population arm, Metric metric, int day, int after, Moments values) {
        Observation first = observation("high", arm, metric, day, values);
        return new Observation(
                "high", arm, metric.name(), first.day(), after, values, first.weighted(), Optional.empty());
    }

    /** Both arms as likely, so every user has weight 2. */
    static Observation observation(String segment, Population arm, Metric metric, int day, Moments values) {
        double n = values.n();
        WeightedMoments weighted = values.n() == 0
                ? WeightedMoments.EMPTY
                : new WeightedMoments(values.n(), 2 * n, 4 * n, values.mean(), 0, 2 * values.m2(), 0, 4 * values.m2());
        return new Observation(segment, arm, metric.name(), day(day), values, weighted, Optional.empty());
    }

    static Measurements evidence(Observation... observations) {
        return new Measurements(List.of(observations), List.of(observations));
    }

    /** The log after another change of shares. */
    static ParameterLog then(ParameterLog log, Map<String, Double> shares, Origin origin, Instant effective) {
        return log.with(log.changesTo(EXPERIMENT, Adjustment.ofShares(shares), effective, origin));
    }

    static Origin person() {
        return new Origin(Cause.PERSON, Optional.empty(), "by hand", "{}");
    }

    static Origin rule(String ruleId, String decisionId) {
        return new Origin(Cause.RULE, Optional.of(ruleId), decisionId, "{}");
    }

    /** A share that a person set long ago. */
    static ParameterLog share(double share) {
        return then(ParameterLog.EMPTY, Map.of("high", share), person(), Instant.EPOCH);
    }
}
