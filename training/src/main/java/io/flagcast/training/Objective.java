package io.flagcast.training;

/** What a responsiveness score ranks users by. */
public enum Objective {
    /** By how much enabling the feature changes the probability of a response. */
    UPLIFT,
    /** By the probability of a response alone. */
    PROPENSITY,
    /** By affinity, from usage alone, where there is no experiment. */
    COLLABORATIVE
}
