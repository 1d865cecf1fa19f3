package io.flagcast.training.learners;

import io.flagcast.statistics.Metric;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How the uplift of a feature is learned: a metalearner over a method, or an average of such. Named as {@code t_linear}
 * or {@code t_linear+x_trees}.
 *
 * @param members at least one
 */
public record Learner(List<Member> members) {

    /** A metalearner over a method. */
    record Member(Metalearner metalearner, Method method) {

        private String name() {
            return (metalearner + "_" + method).toLowerCase(Locale.ROOT);
        }

        /** Why the pair does not exist, where it does not. */
        private String problem() {
            if (metalearner == Metalearner.S && method != Method.LINEAR) {
                return "the S-learner needs explicit interactions, so s_linear is the only one";
            }
            if (metalearner == Metalearner.CLASS && method == Method.NETWORK) {
                return "the class transformation needs weights, which MLlib's network does not take: write class_linear or class_trees";
            }
            return "";
        }
    }

    public Learner {
        members = List.copyOf(members);
        if (members.isEmpty()) {
            throw new IllegalArgumentException("a learner has at least one member");
        }
    }

    /**
     * Reads a name.
     *
     * @throws IllegalArgumentException naming the known ones
     */
    public static Learner parse(String name) {
        List<Member> members = new ArrayList<>();
        for (String part : name.split("\\+", -1)) {
            Member member = all().filter(known -> known.name().equals(part.strip()))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException(
                            "learner '%s' is unknown: known are %s, and averages as t_linear+x_trees"
                                    .formatted(part.strip(), names())));
            if (!member.problem().isEmpty()) {
                throw new IllegalArgumentException("learner '%s': %s".formatted(part.strip(), member.problem()));
            }
            members.add(member);
        }
        if (members.stream().distinct().count() < members.size()) {
            throw new IllegalArgumentException("learner '%s' names a member twice: name each once".formatted(name));
        }
        return new Learner(members);
    }

    private static Stream<Member> all() {
        return Arrays.stream(Metalearner.values())
                .flatMap(metalearner -> Arrays.stream(Method.values()).map(method -> new Member(metalearner, method)));
    }

    /** Names of all learners but averages. */
    public static String names() {
        return all().filter(member -> member.problem().isEmpty())
                .map(Member::name)
                .collect(Collectors.joining(", "));
    }

    /** The learner's name. */
    public String name() {
        return members.stream().map(Member::name).collect(Collectors.joining("+"));
    }

    /** Whether it can learn such responses: networks and the class transformation need 0 or 1. */
    public boolean learns(Metric.Kind kind) {
        return kind == Metric.Kind.PROPORTION
                || members.stream()
                        .noneMatch(member ->
                                member.metalearner() == Metalearner.CLASS || member.method() == Method.NETWORK);
    }

    /** Folds that it needs: a DR-learner leaves out two at once. */
    int leastFolds() {
        return members.stream().anyMatch(member -> member.metalearner() == Metalearner.DR) ? 3 : 2;
    }

    /** Fits on all folds but those. */
    Estimate fit(CrossFit data, Set<Integer> without) {
        return Estimate.average(members.stream()
                .map(member -> member.metalearner().fit(data, member.method(), without))
                .toList());
    }

    @Override
    public String toString() {
        return name();
    }
}
