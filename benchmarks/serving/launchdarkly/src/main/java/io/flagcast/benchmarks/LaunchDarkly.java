package io.flagcast.benchmarks;

import com.launchdarkly.sdk.LDContext;
import com.launchdarkly.sdk.server.Components;
import com.launchdarkly.sdk.server.LDClient;
import com.launchdarkly.sdk.server.LDConfig;
import com.launchdarkly.sdk.server.integrations.FileData;
import java.time.Duration;

/** LaunchDarkly's server SDK with flags from a file, half of the users each, without events. */
public final class LaunchDarkly implements Lookup<LDContext> {

    private final LDClient client = new LDClient(
            "no-key",
            new LDConfig.Builder()
                    .dataSource(FileData.dataSource().filePaths(FlagFile.of("{\"flags\": {", """
                                    "%1$s": {"key": "%1$s", "version": 1, "on": true, "salt": "%1$s", "variations": [true, false],
                                     "offVariation": 1, "fallthrough": {"rollout": {"variations": [
                                       {"variation": 0, "weight": 50000}, {"variation": 1, "weight": 50000}]}}}""", "}}")))
                    .events(Components.noEvents())
                    .startWait(Duration.ofSeconds(10))
                    .build());

    @Override
    public LDContext context(String userId) {
        return LDContext.create(userId);
    }

    @Override
    public Object answer(LDContext context, String experimentId) {
        return client.boolVariation(experimentId, context, false);
    }
}
