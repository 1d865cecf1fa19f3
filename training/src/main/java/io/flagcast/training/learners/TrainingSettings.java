package io.flagcast.training.learners;

import io.flagcast.statistics.Metric;
import java.util.List;
import java.util.stream.Stream;

/**
 * How models are trained.
 *
 * @param seed of folds, trees, networks and initial factors
 * @param folds cross-fitting folds by user, 2 to 20
 * @param champion the simple learner that stays unless a challenger is better beyond doubt
 * @param challengers learners that compete with it
 * @param regularisation penalty of linear models on standardised predictors, at least 0
 * @param elasticNet part of the penalty of logistic regressions that is absolute (lasso), the rest squared (ridge); in [0, 1]
 * @param minUsersPerArm users that each arm needs, at least 2
 * @param trees settings of gradient-boosted trees
 * @param network settings of networks
 * @param factors a user's factors as predictors
 * @param collaborative settings of the factorisation
 */
public record TrainingSettings(
        long seed,
        int folds,
        Learner champion,
        List<Learner> challengers,
        double regularisation,
        double elasticNet,
        long minUsersPerArm,
        Trees trees,
        Network network,
        Factors factors,
        Collaborative collaborative) {

    /**
     * Gradient-boosted trees.
     *
     * @param iterations number of trees, at least 1
     * @param depth of each, 1 to 10
     * @param stepSize part of each that counts, in (0, 1]
     * @param minUsersPerLeaf at least 1
     */
    public record Trees(int iterations, int depth, double stepSize, int minUsersPerLeaf) {

        public Trees {
            require(iterations >= 1, "trees.iterations", iterations, "at least 1");
            require(depth >= 1 && depth <= 10, "trees.depth", depth, "1 to 10");
            require(stepSize > 0 && stepSize <= 1, "trees.step-size", stepSize, "in (0, 1]");
            require(minUsersPerLeaf >= 1, "trees.min-users-per-leaf", minUsersPerLeaf, "at least 1");
        }
    }

    /**
     * Multilayer perceptrons.
     *
     * @param hidden sizes of the hidden layers, each at least 1
     * @param iterations at least 1
     */
    public record Network(List<Integer> hidden, int iterations) {

        public Network {
            hidden = List.copyOf(hidden);
            hidden.forEach(size -> require(size >= 1, "network.hidden", size, "sizes of at least 1"));
            require(iterations >= 1, "network.iterations", iterations, "at least 1");
        }
    }

    /**
     * A user's factors, folded in from usage, as predictors.
     *
     * @param rank how many, at least 2; 0 for none
     * @param items the most used ones that count, at least 1
     */
    public record Factors(int rank, int items) {

        public Factors {
            require(rank == 0 || rank >= 2, "factors.rank", rank, "0 for none, or at least 2");
            require(items >= 1, "factors.items", items, "at least 1");
        }
    }

    /**
     * Implicit matrix factorisation. Of ranks, alphas and regularisations the best on a validation slice is taken.
     *
     * @param ranks numbers of factors, each at least 1
     * @param alphas confidences of one unit of log1p(usage), each above 0
     * @param regularisations penalties per observation, each above 0
     * @param iterations alternating steps, at least 1
     * @param blocks parts that users and items are split into, at least 1; initial factors depend on them
     */
    public record Collaborative(
            List<Integer> ranks, List<Double> alphas, List<Double> regularisations, int iterations, int blocks) {

        public Collaborative {
            ranks = List.copyOf(ranks);
            alphas = List.copyOf(alphas);
            regularisations = List.copyOf(regularisations);
            require(!ranks.isEmpty(), "collaborative.rank", 0, "a list of at least one");
            require(!alphas.isEmpty(), "collaborative.alpha", 0, "a list of at least one");
            require(!regularisations.isEmpty(), "collaborative.regularisation", 0, "a list of at least one");
            ranks.forEach(rank -> require(rank >= 1, "collaborative.rank", rank, "at least 1"));
            alphas.forEach(alpha -> require(alpha > 0, "collaborative.alpha", alpha, "above 0"));
            regularisations.forEach(
                    penalty -> require(penalty > 0, "collaborative.regularisation", penalty, "above 0"));
            require(iterations >= 1, "collaborative.iterations", iterations, "at least 1");
            require(blocks >= 1, "collaborative.blocks", blocks, "at least 1");
        }

        /** One choice of all three. */
        public record Choice(int rank, double alpha, double regularisation) {}

        /** Every combination. */
        public List<Choice> choices() {
            return ranks.stream()
                    .flatMap(rank -> alphas.stream()
                            .flatMap(
                                    alpha -> regularisations.stream().map(penalty -> new Choice(rank, alpha, penalty))))
                    .toList();
        }
    }

    public TrainingSettings {
        challengers = List.copyOf(challengers);
        require(folds >= 2 && folds <= 20, "folds", folds, "2 to 20");
        require(regularisation >= 0, "regularisation", regularisation, "at least 0");
        require(elasticNet >= 0 && elasticNet <= 1, "elastic-net", elasticNet, "in [0, 1]");
        require(minUsersPerArm >= 2, "min-users-per-arm", minUsersPerArm, "at least 2");
        for (Learner challenger : challengers) {
            if (challenger.equals(champion) || challengers.indexOf(challenger) != challengers.lastIndexOf(challenger)) {
                throw new IllegalArgumentException(
                        "flagcast.training.challengers names '%s' twice, or it is the champion: name each learner once"
                                .formatted(challenger));
            }
        }
        for (Learner learner :
                Stream.concat(Stream.of(champion), challengers.stream()).toList()) {
            if (folds < learner.leastFolds()) {
                throw new IllegalArgumentException(
                        "flagcast.training.folds is %d: %s needs at least %d, as its effects are cross-fitted within what a fold leaves"
                                .formatted(folds, learner, learner.leastFolds()));
            }
        }
        if (!champion.learns(Metric.Kind.MEAN)) {
            throw new IllegalArgumentException(
                    "flagcast.training.champion is '%s', which cannot learn values: name a learner that learns every feature, as t_linear"
                            .formatted(champion));
        }
    }

    /** The same with another seed. */
    public TrainingSettings withSeed(long seed) {
        return with(seed, champion, challengers);
    }

    /** The same with other learners. */
    public TrainingSettings withLearners(Learner champion, List<Learner> challengers) {
        return with(seed, champion, challengers);
    }

    private TrainingSettings with(long seed, Learner champion, List<Learner> challengers) {
        return new TrainingSettings(
                seed,
                folds,
                champion,
                challengers,
                regularisation,
                elasticNet,
                minUsersPerArm,
                trees,
                network,
                factors,
                collaborative);
    }

    /** The learners of such responses, the champion first. */
    public List<Learner> learners(Metric.Kind kind) {
        return Stream.concat(Stream.of(champion), challengers.stream())
                .filter(learner -> learner.learns(kind))
                .toList();
    }

    private static void require(boolean holds, String key, Number value, String limit) {
        if (!holds) {
            throw new IllegalArgumentException("flagcast.training." + key + " is " + value + ": it must be " + limit);
        }
    }
}
