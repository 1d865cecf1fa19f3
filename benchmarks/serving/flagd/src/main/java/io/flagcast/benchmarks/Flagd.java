package io.flagcast.benchmarks;

import dev.openfeature.contrib.providers.flagd.Config;
import dev.openfeature.contrib.providers.flagd.FlagdOptions;
import dev.openfeature.contrib.providers.flagd.FlagdProvider;
import dev.openfeature.sdk.Client;
import dev.openfeature.sdk.EvaluationContext;
import dev.openfeature.sdk.ImmutableContext;
import dev.openfeature.sdk.OpenFeatureAPI;

/** flagd's OpenFeature provider with flags from a file, half of the users each. */
public final class Flagd implements Lookup<EvaluationContext> {

    private final Client client;

    public Flagd() {
        OpenFeatureAPI api = OpenFeatureAPI.getInstance();
        api.setProviderAndWait(new FlagdProvider(FlagdOptions.builder()
                .resolverType(Config.Resolver.FILE)
                .deadline(60_000)
                .offlineFlagSourcePath(FlagFile.of("{\"flags\": {", """
                                "%1$s": {"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "off",
                                 "targeting": {"fractional": [["on", 50], ["off", 50]]}}""", "}}").toString())
                .build()));
        client = api.getClient();
    }

    @Override
    public EvaluationContext context(String userId) {
        return new ImmutableContext(userId);
    }

    @Override
    public Object answer(EvaluationContext context, String experimentId) {
        return client.getBooleanValue(experimentId, false, context);
    }
}
