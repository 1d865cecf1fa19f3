package io.flagcast.benchmarks;

import io.flagcast.serving.FlagcastClient;

/** {@link FlagcastClient#allocateFeature}. */
public final class AllocateFeature implements Lookup<String> {

    private final FlagcastClient flagcast = Flagcast.start();

    @Override
    public String context(String userId) {
        return userId;
    }

    @Override
    public Object answer(String userId, String experimentId) {
        return flagcast.allocateFeature(userId, experimentId);
    }
}
