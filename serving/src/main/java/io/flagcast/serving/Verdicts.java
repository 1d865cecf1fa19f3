package io.flagcast.serving;

import io.flagcast.allocation.Decision.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;

/** The verdicts of an experiment whose snapshot is being made: each once, numbered from 1 on in the order in which they came. */
final class Verdicts {

    /**
     * What decisions have in common.
     *
     * @param score score used, 0 to 100; NaN for a user without one
     * @param segment number of its name; 0 for none
     * @param tier -1 for none
     * @param model number of its name; 0 for none
     */
    record Verdict(
            double score,
            double baseProbability,
            double share,
            double propensity,
            long parametersVersion,
            Reason reason,
            int segment,
            int tier,
            int model) {}

    private final ConcurrentHashMap<Verdict, Integer> numbers = new ConcurrentHashMap<>();
    private final List<Verdict> all = new ArrayList<>();

    /** The number of a verdict. */
    int number(Verdict verdict) {
        Integer known = numbers.get(verdict);
        return known != null ? known : numbers.computeIfAbsent(verdict, this::add);
    }

    private synchronized int add(Verdict verdict) {
        all.add(verdict);
        return all.size();
    }

    List<Verdict> all() {
        return List.copyOf(all);
    }

    /** The names of segments and models, of all experiments: each once, numbered from 1 on. */
    static final class Names {

        private final ConcurrentHashMap<String, Integer> numbers = new ConcurrentHashMap<>();
        private final List<String> all = new ArrayList<>();

        int number(String name) {
            Integer known = numbers.get(name);
            return known != null ? known : numbers.computeIfAbsent(name, this::add);
        }

        private synchronized int add(String name) {
            all.add(name);
            return all.size();
        }

        List<String> all() {
            return List.copyOf(all);
        }
    }
}
