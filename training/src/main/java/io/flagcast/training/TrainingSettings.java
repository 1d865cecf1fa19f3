package io.flagcast.training;

/**
 * How models are trained.
 *
 * @param seed of folds and initial factors
 * @param folds cross-fitting folds by user, 2 to 20
 * @param regularisation L2 penalty of the logistic regressions on standardised predictors, at least 0
 * @param minUsersPerArm users that each arm needs, at least 2
 * @param collaborative settings of the factorisation
 */
public record TrainingSettings(
        long seed, int folds, double regularisation, long minUsersPerArm, Collaborative collaborative) {

    /**
     * Implicit matrix factorisation (Hu, Koren, Volinsky, Collaborative Filtering for Implicit Feedback Datasets, 2008).
     *
     * @param rank number of factors, at least 1
     * @param alpha confidence of one unit of log1p(usage), above 0
     * @param regularisation penalty per observation, above 0
     * @param iterations alternating steps, at least 1
     * @param blocks parts that users and items are split into, at least 1; initial factors depend on them
     */
    public record Collaborative(int rank, double alpha, double regularisation, int iterations, int blocks) {

        public Collaborative {
            require(rank >= 1, "collaborative.rank", rank, "at least 1");
            require(alpha > 0, "collaborative.alpha", alpha, "above 0");
            require(regularisation > 0, "collaborative.regularisation", regularisation, "above 0");
            require(iterations >= 1, "collaborative.iterations", iterations, "at least 1");
            require(blocks >= 1, "collaborative.blocks", blocks, "at least 1");
        }
    }

    public TrainingSettings {
        require(folds >= 2 && folds <= 20, "folds", folds, "2 to 20");
        require(regularisation >= 0, "regularisation", regularisation, "at least 0");
        require(minUsersPerArm >= 2, "min-users-per-arm", minUsersPerArm, "at least 2");
    }

    private static void require(boolean holds, String key, Number value, String limit) {
        if (!holds) {
            throw new IllegalArgumentException("flagcast.training." + key + " is " + value + ": it must be " + limit);
        }
    }
}
