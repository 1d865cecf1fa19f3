package io.flagcast.jobs.questions.evaluation;

import io.flagcast.allocation.OffPolicyEstimator;
import io.flagcast.allocation.OffPolicyEvaluation.Difference;
import io.flagcast.allocation.OffPolicyEvaluation.Estimate;
import io.flagcast.experiments.NetValue;
import io.flagcast.jobs.printing.Sheet;
import io.flagcast.jobs.questions.evaluation.PolicyComparison.Compared;
import io.flagcast.jobs.questions.evaluation.PolicyComparison.Estimated;
import io.flagcast.jobs.questions.evaluation.PolicyComparison.Verdict;
import io.flagcast.statistics.Interval;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What is printed of a comparison of policies. */
public final class PolicySheets {

    private PolicySheets() {}

    /** Of every policy, for people by the estimate that decisions are based on, for programs by all. */
    public static Sheet<Compared> policies(PolicyComparison comparison) {
        Sheet<Compared> sheet = Sheet.<Compared>unnamed()
                .text("policy", Compared::label)
                .text("value", policy -> value(comparison.value(policy).doublyRobust()))
                .text("95 %", policy -> interval(comparison.value(policy).doublyRobust()))
                .text(
                        comparison.asked().label() + " over it",
                        policy -> policy == comparison.asked()
                                ? ""
                                : comparison
                                        .over(policy)
                                        .map(gain -> "%+.5f".formatted(gain.value()))
                                        .orElse("-"))
                .text(
                        "95 % ",
                        policy -> policy == comparison.asked()
                                ? ""
                                : comparison
                                        .over(policy)
                                        .map(gain -> text(gain.interval(), "%+.5f"))
                                        .orElse("-"))
                .text(
                        "so it is",
                        policy -> comparison.verdict(policy).map(Verdict::label).orElse(""))
                .text(
                        "effective users",
                        policy -> "%,.0f".formatted(comparison.value(policy).effectiveSampleSize()))
                .text(
                        "where they differ",
                        policy -> policy == comparison.asked()
                                ? ""
                                : comparison
                                        .differenceUsers(policy)
                                        .map(users -> "%,.0f".formatted(users))
                                        .orElse("-"))
                .text(
                        "largest weight",
                        policy -> "%.1f".formatted(comparison.value(policy).largestWeight()))
                .value("experiment_id", policy -> comparison.incumbent().experimentId())
                .value("metric", policy -> comparison.reward())
                .value("formula", policy -> comparison.net().map(NetValue::formula))
                .value("policy", Compared::label)
                .value("users", policy -> comparison.value(policy).users())
                .value("effective_users", policy -> comparison.value(policy).effectiveSampleSize())
                .value("largest_weight", policy -> comparison.value(policy).largestWeight())
                .value("never_logged", policy -> comparison.value(policy).unsupported())
                .value("refusal", policy -> comparison.value(policy).refusal());
        for (OffPolicyEstimator estimator : OffPolicyEstimator.values()) {
            sheet = sheet.value(
                    estimator.label(),
                    policy -> Optional.ofNullable(
                                    comparison.value(policy).estimates().get(estimator))
                            .map(PolicySheets::numbers));
        }
        return sheet.value(
                        "over_first",
                        policy -> comparison
                                .value(policy)
                                .overFirst()
                                .map(Difference::estimate)
                                .map(PolicySheets::numbers))
                .value("difference_users", comparison::differenceUsers)
                .value("verdict", policy -> comparison.verdict(policy).map(Verdict::label));
    }

    /** Of every estimate, for people. */
    public static Sheet<Estimated> estimates() {
        return Sheet.<Estimated>unnamed()
                .text("estimator", one -> one.estimator().label())
                .text("policy", one -> one.policy().label())
                .text("value", one -> value(Optional.of(one.estimate())))
                .text("95 %", one -> interval(Optional.of(one.estimate())))
                .text("what it is", one -> one.estimator().description());
    }

    private static String value(Optional<Estimate> estimate) {
        return estimate.map(known -> "%.5f".formatted(known.value())).orElse("-");
    }

    private static String interval(Optional<Estimate> estimate) {
        return estimate.map(known -> text(known.interval(), "%.5f")).orElse("-");
    }

    private static String text(Interval interval, String number) {
        return (number + " to " + number).formatted(interval.lower(), interval.upper());
    }

    private static Map<String, Object> numbers(Estimate estimate) {
        Map<String, Object> numbers = new LinkedHashMap<>();
        numbers.put("value", estimate.value());
        numbers.put("lower", estimate.interval().lower());
        numbers.put("upper", estimate.interval().upper());
        return numbers;
    }
}
