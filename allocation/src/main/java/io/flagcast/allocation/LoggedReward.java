package io.flagcast.allocation;

/**
 * One logged choice and what came of it, as a policy under evaluation sees it.
 *
 * @param reward of the action that was taken
 * @param weight importance weight of that action: its probability under the evaluated policy over its logged
 *     probability, at least 0, finite
 * @param predicted what the reward model expects of the action that was taken
 * @param direct what it expects of the evaluated policy: the mean over all actions with the policy's probabilities
 * @param unsupported probability that the evaluated policy takes an action that was never taken here, in [0, 1]
 * @param expectedSquare square of the weight as it was expected before an action was taken: Σ π² / p over the actions with a
 *     logged probability p above 0, π that under the evaluated policy; at least 0, finite
 */
public record LoggedReward(
        double reward, double weight, double predicted, double direct, double unsupported, double expectedSquare) {

    /** @throws IllegalArgumentException if a number is outside its range or not finite */
    public LoggedReward {
        requireFinite("reward", reward);
        requireFinite("predicted reward", predicted);
        requireFinite("direct reward", direct);
        if (!(weight >= 0 && Double.isFinite(weight))) {
            throw new IllegalArgumentException("weight " + weight + " is not finite and at least 0");
        }
        if (!(expectedSquare >= 0 && Double.isFinite(expectedSquare))) {
            throw new IllegalArgumentException(
                    "expected square " + expectedSquare + " of a weight is not finite and at least 0");
        }
        if (!(unsupported >= 0 && unsupported <= 1)) {
            throw new IllegalArgumentException("unsupported probability " + unsupported + " is outside [0, 1]");
        }
    }

    /** A choice of which only the action that was taken is known: the square of its weight stands for the expected one. */
    public LoggedReward(double reward, double weight, double predicted, double direct, double unsupported) {
        this(reward, weight, predicted, direct, unsupported, weight * weight);
    }

    /**
     * A user who met an experiment.
     *
     * @param reward of the arm that the user was in
     * @param arm that arm
     * @param logged probability of being enabled that was logged, in [0, 1]; that of {@code arm} is above 0
     * @param evaluated probability of being enabled under the evaluated policy, in [0, 1]
     * @param ifEnabled what the reward model expects when enabled
     * @param ifNot and when not
     */
    public static LoggedReward of(
            double reward, Arm arm, double logged, double evaluated, double ifEnabled, double ifNot) {
        boolean enabled = arm == Arm.ENABLED;
        double taken = enabled ? logged : 1 - logged;
        if (!(taken > 0)) {
            throw new IllegalArgumentException("a user was %s although the logged propensity is %s"
                    .formatted(enabled ? "enabled" : "not", logged));
        }
        double unsupported = logged == 0 ? evaluated : logged == 1 ? 1 - evaluated : 0;
        return new LoggedReward(
                reward,
                (enabled ? evaluated : 1 - evaluated) / taken,
                enabled ? ifEnabled : ifNot,
                evaluated * ifEnabled + (1 - evaluated) * ifNot,
                unsupported,
                square(evaluated, logged) + square(1 - evaluated, 1 - logged));
    }

    private static double square(double evaluated, double logged) {
        return logged > 0 ? evaluated * evaluated / logged : 0;
    }

    /** What happened to a user. */
    public enum Arm {
        ENABLED,
        CONTROL
    }

    private static void requireFinite(String name, double value) {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException(name + " " + value + " is not finite");
        }
    }
}
