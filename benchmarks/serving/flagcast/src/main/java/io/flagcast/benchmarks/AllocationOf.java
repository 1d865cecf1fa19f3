package io.flagcast.benchmarks;

import io.flagcast.serving.FlagcastClient;

/** {@link FlagcastClient#allocation}. */
public final class AllocationOf implements Lookup<String> {

    private final FlagcastClient flagcast = Flagcast.start();

    @Override
    public String context(String userId) {
        return userId;
    }

    @Override
    public Object answer(String userId, String experimentId) {
        return flagcast.allocation(userId, experimentId);
    }
}
