package io.flagcast.benchmarks;

/**
 * One way to ask what a user gets. It is made by its constructor, with flags or experiments as {@link Users#experiment} names them.
 *
 * @param <C> what a client wants to know of a user
 */
public interface Lookup<C> {

    /** What the client is given for a user. A service may keep it for all flags of one request. */
    C context(String userId);

    /** The answer; a Boolean where it is one. */
    Object answer(C context, String experimentId);
}
