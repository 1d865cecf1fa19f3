package io.flagcast.benchmarks;

import com.optimizely.ab.Optimizely;
import com.optimizely.ab.OptimizelyUserContext;
import com.optimizely.ab.optimizelydecision.OptimizelyDecideOption;
import java.util.List;

/** Optimizely's Feature Experimentation with flags from a datafile, half of the users each, without events. */
public final class OptimizelyRollout implements Lookup<OptimizelyUserContext> {

    private static final List<OptimizelyDecideOption> WITHOUT_EVENTS =
            List.of(OptimizelyDecideOption.DISABLE_DECISION_EVENT);

    private final Optimizely client = Optimizely.builder()
            .withDatafile(
                    """
            {"version": "4", "projectId": "1", "accountId": "1", "revision": "1", "anonymizeIP": true, "botFiltering": false,
             "sdkKey": "none", "environmentKey": "none", "groups": [], "audiences": [], "typedAudiences": [], "attributes": [],
             "events": [], "variables": [], "experiments": [], "integrations": [],""" + FlagFile.text("\"featureFlags\": [", """
                                    {"id": "f%2$d", "key": "%1$s", "rolloutId": "r%2$d", "experimentIds": [], "variables": []}""", "],") + FlagFile.text("\"rollouts\": [", """
                                    {"id": "r%2$d", "experiments": [{"id": "e%2$d", "key": "e%2$d", "status": "Running",
                                     "layerId": "r%2$d", "audienceIds": [], "forcedVariations": {}, "variations": [
                                       {"id": "on%2$d", "key": "on", "featureEnabled": true, "variables": []},
                                       {"id": "off%2$d", "key": "off", "featureEnabled": false, "variables": []}],
                                     "trafficAllocation": [{"entityId": "on%2$d", "endOfRange": 5000},
                                       {"entityId": "off%2$d", "endOfRange": 10000}]}]}""", "]}"))
            .withEventProcessor(event -> {})
            .build();

    @Override
    public OptimizelyUserContext context(String userId) {
        return client.createUserContext(userId);
    }

    @Override
    public Object answer(OptimizelyUserContext context, String experimentId) {
        return context.decide(experimentId, WITHOUT_EVENTS).getEnabled();
    }
}
