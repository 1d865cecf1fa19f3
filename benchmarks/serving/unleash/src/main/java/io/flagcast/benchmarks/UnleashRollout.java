package io.flagcast.benchmarks;

import io.getunleash.DefaultUnleash;
import io.getunleash.Unleash;
import io.getunleash.UnleashContext;
import io.getunleash.util.UnleashConfig;
import java.util.Optional;

/** Unleash's client with flags from a text at its start, half of the users each, without a server and without metrics. */
public final class UnleashRollout implements Lookup<UnleashContext> {

    private final Unleash client = new DefaultUnleash(UnleashConfig.builder()
            .appName("benchmark")
            .instanceId("benchmark")
            .unleashAPI("http://127.0.0.1:1/api/")
            .apiKey("none")
            .backupFile(FlagFile.of("", "", "") + ".backup")
            .toggleBootstrapProvider(() -> Optional.of(FlagFile.text("{\"version\": 2, \"features\": [", """
                    {"name": "%1$s", "type": "release", "enabled": true, "project": "default", "strategies": [
                      {"name": "flexibleRollout", "constraints": [], "parameters": {"rollout": "50", "stickiness": "userId",
                       "groupId": "%1$s"}}]}""", "]}")))
            .disablePolling()
            .disableMetrics()
            .build());

    @Override
    public UnleashContext context(String userId) {
        return UnleashContext.builder().userId(userId).build();
    }

    @Override
    public Object answer(UnleashContext context, String experimentId) {
        return client.isEnabled(experimentId, context);
    }
}
