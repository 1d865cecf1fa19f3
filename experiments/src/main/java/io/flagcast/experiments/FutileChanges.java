package io.flagcast.experiments;

import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Segments;
import io.flagcast.allocation.ramp.Level;
import io.flagcast.allocation.ramp.Level.Unit;
import io.flagcast.allocation.ramp.Ramp;
import io.flagcast.allocation.ramp.Step;
import io.flagcast.rules.Action;
import io.flagcast.rules.Amount;
import io.flagcast.rules.Rule;
import io.flagcast.rules.Texts;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What an experiment file asks for that can never happen. A share begins at 1 and an increase only restores, so that an increase
 * needs somebody who lowers; only what is certain from the file is said.
 *
 * @param experiment a valid file
 */
record FutileChanges(Experiment experiment) {

    /** In a sentence each, in the order of the file. */
    List<String> sentences() {
        List<String> sentences = new ArrayList<>();
        gateOfTheLastStep().ifPresent(sentences::add);
        experiment.rules().forEach(rule -> futile(rule).or(() -> recovery(rule)).ifPresent(sentences::add));
        return sentences;
    }

    private Optional<String> futile(Rule rule) {
        if (rule.then() instanceof Action.Increase increase) {
            return increase(rule, increase.notAbove());
        }
        if (rule.then() instanceof Action.SetShare set && set.share() == 1) {
            return increase(rule, 1);
        }
        return rule.then() instanceof Action.AdvanceTier advance ? advance(rule, advance) : Optional.empty();
    }

    private Optional<String> gateOfTheLastStep() {
        Ramp ramp = experiment.allocation().ramp();
        return ramp.steps().stream()
                .reduce((earlier, later) -> later)
                .filter(last -> !last.until().isOpen())
                .map(last -> "ramp: its last step, to %s, has a gate (until) behind which nothing comes"
                        .formatted(new Level(ramp.unit(), last.to())));
    }

    private Optional<String> increase(Rule rule, double notAbove) {
        List<String> segments =
                rule.segment().equals(Segments.ALL) ? experiment.segments().names() : List.of(rule.segment());
        String raises = "rule '%s' raises the share of %s".formatted(rule.ruleId(), rule.segment());
        if (segments.stream().allMatch(segment -> lowering(segment).isEmpty())) {
            return Optional.of(
                    raises + ", which begins at 100 %, and no rule of this file that enforces or proposes lowers it:"
                            + " it acts only on what a person or an earlier file has lowered");
        }
        double lowest = segments.stream().mapToDouble(this::lowest).min().orElse(1);
        return notAbove <= lowest
                ? Optional.of("%s, not above %s, and what lowers it leaves at least %s: it can never act"
                        .formatted(raises, percent(notAbove), percent(lowest)))
                : Optional.empty();
    }

    /** A rule that gives back does so below the share that it leaves itself, where nobody else lowers it. */
    private Optional<String> recovery(Rule rule) {
        return rule.recover().flatMap(recover -> {
            double lowest = lowest(rule);
            boolean alone = experiment.rules().stream().noneMatch(other -> !other.equals(rule) && lowers(other));
            return alone && recover.notAbove() <= lowest
                    ? Optional.of(
                            "recover of rule '%s' gives back up to %s, and the rule leaves at least %s: it can never act"
                                    .formatted(rule.ruleId(), percent(recover.notAbove()), percent(lowest)))
                    : Optional.empty();
        });
    }

    private Optional<String> advance(Rule rule, Action.AdvanceTier advance) {
        int first = activeAtFirst();
        return advance.notAbove() <= first
                ? Optional.of(
                        "rule '%s' lets one more tier in, not above %d, and %d are active from the beginning: it can never act"
                                .formatted(rule.ruleId(), advance.notAbove(), first))
                : Optional.empty();
    }

    private int activeAtFirst() {
        Policy policy = experiment.allocation();
        return policy.ramp().steps().stream()
                .findFirst()
                .filter(step -> policy.ramp().unit() == Unit.TIER && !step.isDated())
                .map(Step::to)
                .map(Double::intValue)
                .orElse(policy.activeTier().orElse(0));
    }

    private List<Rule> lowering(String segment) {
        return experiment.rules().stream()
                .filter(rule -> rule.mode() != Rule.Mode.DRY_RUN
                        && lowers(rule)
                        && (rule.segment().equals(Segments.ALL)
                                || rule.segment().equals(segment)))
                .toList();
    }

    private static boolean lowers(Rule rule) {
        return rule.then() instanceof Action.Reduce || (rule.then() instanceof Action.SetShare set && set.share() < 1);
    }

    /** No lower share of a segment can come about: exact for one rule, by their floors for several. */
    private double lowest(String segment) {
        List<Rule> lowering = lowering(segment);
        return lowering.size() == 1
                ? lowest(lowering.get(0))
                : lowering.stream().mapToDouble(FutileChanges::floor).min().orElse(1);
    }

    /** Where a rule ends that may fire as often as it likes. */
    private static double floor(Rule rule) {
        return rule.then() instanceof Action.Reduce reduce
                ? reduce.notBelow()
                : ((Action.SetShare) rule.then()).share();
    }

    /** Where a rule ends that alone lowers a share from 1. */
    private static double lowest(Rule rule) {
        if (!(rule.then() instanceof Action.Reduce reduce) || rule.maxFirings().isEmpty()) {
            return floor(rule);
        }
        int times = rule.maxFirings().getAsInt();
        double left = reduce.by().unit() == Amount.Unit.RELATIVE
                ? Math.pow(1 - reduce.by().value(), times)
                : 1 - times * reduce.by().value();
        return Math.max(left, reduce.notBelow());
    }

    private static String percent(double fraction) {
        return Texts.number(100 * fraction) + " %";
    }
}
