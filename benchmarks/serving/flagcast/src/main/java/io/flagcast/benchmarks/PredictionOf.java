package io.flagcast.benchmarks;

import io.flagcast.serving.FlagcastClient;

/** {@link FlagcastClient#predictResponsiveness}; the experiment has no say in it. */
public final class PredictionOf implements Lookup<String> {

    private final FlagcastClient flagcast = Flagcast.start();

    @Override
    public String context(String userId) {
        return userId;
    }

    @Override
    public Object answer(String userId, String experimentId) {
        return flagcast.predictResponsiveness(userId, Users.FEATURE);
    }
}
