package io.flagcast.rules.checks;

import io.flagcast.rules.Texts;
import io.flagcast.rules.checks.Finding.Part;
import io.flagcast.rules.checks.Finding.State;
import io.flagcast.statistics.ConfidenceSequence;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.Ratio;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;

/**
 * Whether users of one score band are treated alike whatever their protected attribute: {@link Check#ENABLE_BIAS} and
 * {@link Check#OUTCOME_BIAS}, one finding per band and attribute. Each group is compared with all others of the band by
 * the {@link Ratio} of their means; the groups share the error. It fails where a whole confidence sequence lies below
 * 0.8 or, the others being the disadvantaged ones, above 1.25: the four-fifths rule of the Uniform Guidelines on
 * Employee Selection Procedures, 29 CFR 1607.4(D), which calls for more than the point estimate where numbers are
 * small. A gap is where to look, no proof of why it is there. It passes where all of every sequence lies between a half and double;
 * where one does not, and none is beyond, it cannot tell.
 *
 * <p>Groups below 100 users are neither shown nor part of the others, so that nothing can be told of them by
 * subtraction. The parts are the groups: expected is the mean of the others, and the interval is that of the ratio, as
 * it decides.
 */
public final class BiasCheck {

    private static final double FOUR_FIFTHS = 0.8;
    /** An interval that reaches from here to its inverse says next to nothing. */
    private static final double HALF = 0.5;

    private BiasCheck() {}

    /**
     * Whether groups are enabled alike.
     *
     * @param groups by value of the attribute, 1 for each enabled user and 0 for each other
     */
    public static Finding enabled(String experimentId, String segment, String attribute, Map<String, Moments> groups) {
        return of(Check.ENABLE_BIAS, experimentId, segment, attribute, "share of enabled users", groups);
    }

    /**
     * Whether groups respond alike.
     *
     * @param groups by value of the attribute, the users' outcomes
     */
    public static Finding outcomes(
            String experimentId, String segment, String attribute, String metricName, Map<String, Moments> groups) {
        return of(Check.OUTCOME_BIAS, experimentId, segment, metricName + " by " + attribute, metricName, groups);
    }

    /** A group beside the others of its band. */
    private record Comparison(String group, Moments own, Moments others, Ratio ratio, Interval interval) {

        boolean isUneven() {
            return interval.upper() < FOUR_FIFTHS || interval.lower() > 1 / FOUR_FIFTHS;
        }

        boolean isInformative() {
            return interval.lower() >= HALF && interval.upper() <= 1 / HALF;
        }

        Part part() {
            return new Part(
                    group,
                    own.n(),
                    OptionalDouble.of(others.mean()),
                    OptionalDouble.of(own.mean()),
                    Optional.of(interval));
        }
    }

    private static Finding of(
            Check check,
            String experimentId,
            String segment,
            String subject,
            String what,
            Map<String, Moments> groups) {
        Map<String, Moments> shown = new TreeMap<>(groups);
        shown.values().removeIf(group -> group.n() < Chance.LEAST_USERS);
        int hidden = groups.size() - shown.size();
        String suppressed = hidden == 0
                ? ""
                : "; " + hidden + (hidden == 1 ? " group" : " groups") + " below " + Chance.LEAST_USERS
                        + " users not shown";
        long users = shown.values().stream().mapToLong(Moments::n).sum();
        List<Comparison> comparisons = comparisons(shown, users);
        // Who has the least, unless only one who has more is uneven, or of one nothing is known.
        Optional<Comparison> named = comparisons.stream()
                .max(Comparator.comparing(Comparison::isUneven)
                        .thenComparing(comparison -> !comparison.isInformative())
                        .thenComparing(comparison -> comparison.ratio().estimate(), Comparator.reverseOrder()));
        if (named.isEmpty()) {
            return Finding.of(
                    check,
                    experimentId,
                    segment,
                    subject,
                    State.UNKNOWN,
                    users,
                    "no two groups of " + segment + " whose " + what + " could be compared" + suppressed);
        }
        Comparison worst = named.get();
        boolean uneven = worst.isUneven();
        return Finding.of(
                        check,
                        experimentId,
                        segment,
                        subject,
                        uneven ? State.FAILED : worst.isInformative() ? State.PASSED : State.UNKNOWN,
                        users,
                        "the " + what + " in " + segment + " is "
                                + Texts.rough(worst.ratio().estimate()) + " times that of the others for "
                                + worst.group() + " (" + Texts.rough(worst.own().mean()) + " of "
                                + Texts.count(worst.own().n()) + " users against "
                                + Texts.rough(worst.others().mean()) + "), in " + Texts.rough(worst.interval())
                                + (uneven
                                        ? ", beyond four fifths"
                                        : worst.isInformative()
                                                ? ", not beyond four fifths"
                                                : ": too wide to tell, a half or double is not excluded")
                                + suppressed)
                .measured(worst.ratio().estimate(), worst.ratio().estimate() < 1 ? FOUR_FIFTHS : 1 / FOUR_FIFTHS)
                .within(worst.interval())
                .withDetail(comparisons.stream().map(Comparison::part).toList());
    }

    private static List<Comparison> comparisons(Map<String, Moments> groups, long users) {
        if (groups.size() < 2) {
            return List.of();
        }
        ConfidenceSequence sequence = Chance.twoSided(groups.size());
        List<Comparison> comparisons = new ArrayList<>();
        groups.forEach((group, own) -> {
            Moments others = groups.entrySet().stream()
                    .filter(other -> !other.getKey().equals(group))
                    .map(Map.Entry::getValue)
                    .reduce(Moments.EMPTY, Moments::merge);
            Ratio.of(withOneMore(own, others), withOneMore(others, own))
                    .ifPresent(ratio -> comparisons.add(
                            new Comparison(group, own, others, ratio, ratio.interval(sequence, users))));
        });
        return comparisons;
    }

    /**
     * Nobody enabled in a group is the gravest bias, and has no logarithm: such a side counts one user more, whose
     * value is that of a typical success of the other side, Σy² / Σy, 1 for a share.
     */
    private static Moments withOneMore(Moments side, Moments other) {
        return side.mean() == 0 && side.m2() == 0 && other.mean() > 0
                ? side.plus(other.mean() + other.m2() / other.sum())
                : side;
    }
}
