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
 */
public record LoggedReward(double reward, double weight, double predicted, double direct, double unsupported) {

    /** @throws IllegalArgumentException if a number is outside its range or not finite */
    public LoggedReward {
        requireFinite("reward", reward);
        requireFinite("predicted reward", predicted);
        requireFinite("direct reward", direct);
        if (!(weight >= 0 && Double.isFinite(weight))) {
            throw new IllegalArgumentException("weight " + weight + " is not finite and at least 0");
        }
        if (!(unsupported >= 0 && unsupported <= 1)) {
            throw new IllegalArgumentException("unsupported probability " + unsupported + " is outside [0, 1]");
        }
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
                unsupported);
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
