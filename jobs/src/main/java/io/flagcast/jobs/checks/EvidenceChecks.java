package io.flagcast.jobs.checks;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Policy;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.records.MeasuredDay;
import io.flagcast.rules.Condition.Comparison;
import io.flagcast.rules.Measurements;
import io.flagcast.rules.Observation;
import io.flagcast.rules.Rule;
import io.flagcast.rules.checks.EvidenceCheck;
import io.flagcast.rules.checks.Finding;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Whether what counts every user once still has somebody to count. */
final class EvidenceChecks {

    private EvidenceChecks() {}

    /** One finding per rule or alert on a metric without a window, and per segment of a bandit that forgets nothing. */
    static List<Finding> findings(Experiment experiment, List<MeasuredDay> days, AllocationParameters parameters) {
        Measurements measurements = MeasuredDay.measurements(experiment, days, parameters);
        List<Finding> findings = new ArrayList<>();
        Stream<Rule> rules = Stream.concat(experiment.rules().stream(), experiment.alertEngine().rules().stream());
        for (Rule rule : rules.toList()) {
            if (rule.evidence().window().isEmpty()) {
                Comparison first = rule.when().comparisons().findFirst().orElseThrow();
                findings.add(EvidenceCheck.of(
                        experiment.experimentId(),
                        rule.segment(),
                        (experiment.rules().contains(rule) ? "rule " : "alert ") + rule.ruleId(),
                        "give it a window, as in evidence: {window: 7d}",
                        of(measurements.evidence(), rule.segment(), first.metric()),
                        rule.evidence().minUsers()));
            }
        }
        if (experiment.allocation() instanceof Policy.Bandit bandit
                && bandit.learner().dailyDiscount() == 1) {
            for (String segment : experiment.segments().names()) {
                findings.add(EvidenceCheck.of(
                        experiment.experimentId(),
                        segment,
                        "the bandit",
                        "give it a half_life, as in bandit: {half_life: 14d}",
                        of(
                                measurements.history(),
                                segment,
                                bandit.learner().reward().name()),
                        bandit.learner().minUsers()));
            }
        }
        return findings;
    }

    private static List<Observation> of(List<Observation> days, String segment, String metric) {
        return days.stream()
                .filter(day -> day.segment().equals(segment) && day.metric().equals(metric))
                .toList();
    }
}
