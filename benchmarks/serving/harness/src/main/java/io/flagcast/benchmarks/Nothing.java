package io.flagcast.benchmarks;

/** No lookup at all: what choosing a user, two clock readings and the harness take. */
public final class Nothing implements Lookup<String> {

    @Override
    public String context(String userId) {
        return userId;
    }

    @Override
    public Object answer(String context, String experimentId) {
        return context;
    }
}
