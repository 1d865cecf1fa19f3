package io.flagcast.jobs.settings;

import static io.flagcast.jobs.settings.SettingCase.of;
import static io.flagcast.jobs.settings.SettingCase.typeOf;

import java.util.List;
import java.util.stream.Stream;

/** A case for every key of {@code reference.conf}, those of its commented examples too. */
final class SettingCases {

    private static final String WHOLE = "it must be a whole number";
    private static final String FINITE = "it must be a finite number";
    private static final String RATE = "it must be a rate from 0% to 100%";
    private static final String DURATION = "it must be a duration above 0, as 1d, 12h or 30m";
    private static final String SECONDS = "it must be a number of seconds above 0, as 30s";
    private static final String ONE_VALUE = "it must be one value";
    private static final String LIST = "it must be a list";
    private static final String ADDRESS = "it must be an address, as https://host/path";

    private SettingCases() {}

    static List<SettingCase> all() {
        return Stream.of(lake(), inputs(), features(), training(), models(), quality(), alerts(), simulation())
                .flatMap(List::stream)
                .toList();
    }

    private static List<SettingCase> lake() {
        return List.of(
                of("lake.root", "elsewhere", "lake.root", "\" \"", "is empty: name a folder"),
                of("lake.holdout", "3%", "lake.holdout", "100%", "it must be in [0%, 100%)"),
                of("lake.holdout-salt", "pepper", "lake.holdoutSalt", "[a]", ONE_VALUE),
                of("lake.keep-publications", "2", "lake.keepPublications", "1", "it must be at least 2"),
                of("experiments", "elsewhere", "experiments", "\"\"", "it must be a path"));
    }

    private static List<SettingCase> inputs() {
        return List.of(
                of("sources.users.format", "json", "sources.users.format", "\"\"", "it must not be empty"),
                of(
                        "sources.users.path",
                        "other.csv",
                        "sources.users.path",
                        "\"\"",
                        "a source of format csv needs a path"),
                of(
                        "sources.users.options",
                        "{ header = false }",
                        "sources.users.options",
                        "true",
                        "it must be a group"),
                of("sources.users.schema", "\"age INT\"", "sources.users.schema", "{ age = INT }", ONE_VALUE),
                of("sources.users.columns", "{ age = years }", "sources.users.columns", "{ age = [years] }", ONE_VALUE),
                of("users.predictors", "[age]", "predictors.attributes", "age", LIST),
                of("users.protected", "[age]", "predictors.protectedAttributes", "{ age = 1 }", LIST),
                of("usage.window", "12h", "usage.window", "0d", DURATION),
                of("usage.half-life", "0", "usage.halfLife", "-1d", DURATION));
    }

    private static List<SettingCase> features() {
        String feature = "features.checkout_v2.";
        return List.of(
                of(
                        feature + "objective",
                        "propensity",
                        feature + "objective",
                        "lift",
                        "uplift, propensity, collaborative"),
                of(feature + "outcome", "click", feature + "response.outcome", "\"\"", "it must not be empty"),
                of(feature + "within", "2h", feature + "response.within", "2w", DURATION),
                of(feature + "kind", "mean", feature + "response.kind", "median", "must be one of proportion, mean"));
    }

    private static List<SettingCase> training() {
        String model = "training.model.";
        return List.of(
                of("training.seed", "1", model + "seed", "1.5", WHOLE),
                of("training.folds", "3", model + "folds", "21", "it must be 2 to 20"),
                of("training.champion", "t_trees", model + "champion", "t_line", "learner 't_line' is unknown"),
                of("training.challengers", "[]", model + "challengers", "[s_trees]", "learner 's_trees': "),
                of("training.regularisation", "0", model + "regularisation", "Infinity", FINITE),
                of("training.elastic-net", "0.5", model + "elasticNet", "1.5", "it must be in [0, 1]"),
                of("training.min-users-per-arm", "2", model + "minUsersPerArm", "1", "it must be at least 2"),
                of("training.retrain-every", "30m", "training.retrainEvery", "weekly", DURATION),
                of("training.withhold", "nobody.csv", "training.withhold", "[a.csv]", ONE_VALUE));
    }

    private static List<SettingCase> models() {
        String trees = "training.trees.";
        String network = "training.network.";
        String factors = "training.factors.";
        String usage = "training.collaborative.";
        String model = "training.model.";
        return List.of(
                of(trees + "iterations", "5", model + "trees.iterations", "0", "it must be at least 1"),
                of(trees + "depth", "10", model + "trees.depth", "11", "it must be 1 to 10"),
                of(trees + "step-size", "1", model + "trees.stepSize", "0.1f", FINITE),
                of(trees + "min-users-per-leaf", "1", model + "trees.minUsersPerLeaf", "0", "it must be at least 1"),
                of(network + "hidden", "[4, 2]", model + "network.hidden", "[0]", "it must be sizes of at least 1"),
                of(network + "iterations", "1", model + "network.iterations", "0", "it must be at least 1"),
                of(factors + "rank", "0", model + "factors.rank", "1", "it must be 0 for none, or at least 2"),
                of(factors + "items", "1", model + "factors.items", "0", "it must be at least 1"),
                of(usage + "rank", "4", model + "collaborative.ranks", "[4, x]", "it must be a number or a list"),
                of(
                        usage + "alpha",
                        "[2]",
                        model + "collaborative.alphas",
                        "[Infinity]",
                        "it must be a number or a list"),
                of(
                        usage + "regularisation",
                        "1e-3",
                        model + "collaborative.regularisations",
                        "[0]",
                        "it must be above 0"),
                of(usage + "iterations", "1", model + "collaborative.iterations", "0", "it must be at least 1"),
                of(usage + "blocks", "1", model + "collaborative.blocks", "0", "it must be at least 1"));
    }

    private static List<SettingCase> quality() {
        return List.of(
                of("quality.max-quarantined", "0", "maxQuarantined", "0.05d", RATE),
                of("quality.stale-after", "1h", "staleAfter", "0", DURATION),
                of("quality.publish-every", "1h", "publishEvery", "1h30m", DURATION));
    }

    private static List<SettingCase> alerts() {
        String receivers = "alerts.receivers.";
        return List.of(
                typeOf("log", "type = webhook, url = \"https://other.example\""),
                typeOf("team", "type = log"),
                of(receivers + "team.url", "\"https://other.example\"", receivers + "team.endpoint", "secret", ADDRESS),
                of(receivers + "team.severities", "[info]", receivers + "team.severities", "[]", "it names none"),
                typeOf("oncall", "type = slack, url = \"https://other.example\""),
                of(receivers + "oncall.url", "\"http://am:1\"", receivers + "oncall.address", "\"am:9093\"", ADDRESS),
                of(receivers + "oncall.hold-for", "1d", receivers + "oncall.holdFor", "forever", DURATION),
                typeOf("incidents", "type = alertmanager, url = \"https://other.example\""),
                of(receivers + "incidents.url", "\"http://i:1\"", receivers + "incidents.endpoint", "\"a b\"", ADDRESS),
                typeOf("metrics", "type = log"),
                of(receivers + "metrics.path", "other.prom", receivers + "metrics.path", "a.txt", "*.prom only"),
                of("alerts.timeout", "30s", "alerts.timeout", "5", SECONDS),
                of("alerts.retries", "0", "alerts.retries", "11", "it must be 0 to 10"),
                of("alerts.backoff", "2s", "alerts.backoff", "0s", SECONDS),
                of("alerts.budget", "10s", "alerts.budget", "1m", SECONDS));
    }

    private static List<SettingCase> simulation() {
        return List.of(
                of("simulation.root", "elsewhere", "simulation.root", "\"\"", "is empty: name a folder"),
                of("simulation.seed", "8", "simulation.seed", "lucky", WHOLE),
                of("simulation.users", "1000", "simulation.users", "999", "it must be at least 1000"),
                of("simulation.start", "2026-01-01", "simulation.start", "soon", "it must be a day or instant"),
                of("simulation.days", "1", "simulation.days", "0", "it must be at least 1"),
                of("simulation.daily-visitors", "100%", "simulation.dailyVisitors", "0%", "it must be in (0%, 100%]"),
                of("simulation.drop-on-day", "-1", "simulation.dropOnDay", "never", WHOLE));
    }
}
