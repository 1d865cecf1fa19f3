package io.flagcast.settings;

import static io.flagcast.settings.SettingCase.fixed;
import static io.flagcast.settings.SettingCase.setting;
import static io.flagcast.settings.SettingCase.typeOf;

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
                setting("lake.root", "elsewhere", "lake.root", "\" \"", "is empty: name a folder"),
                setting("lake.holdout", "3%", "lake.holdout", "100%", "it must be in [0%, 100%)"),
                setting("lake.holdout-salt", "pepper", "lake.holdoutSalt", "[a]", ONE_VALUE),
                setting("lake.keep-publications", "2", "lake.keepPublications", "1", "it must be at least 2"),
                setting("lake.keep-for", "2h", "lake.keepFor", "later", "it must be a duration"),
                setting("lake.lease-expiry", "10s", "lake.leaseExpiry", "1m", "it must be a number of seconds"),
                setting("experiments", "elsewhere", "experiments", "\"\"", "it must be a path"));
    }

    private static List<SettingCase> inputs() {
        return List.of(
                setting("sources.users.format", "json", "sources.users.format", "\"\"", "it must not be empty"),
                setting(
                        "sources.users.path",
                        "other.csv",
                        "sources.users.path",
                        "\"\"",
                        "a source of format csv needs a path"),
                setting(
                        "sources.users.options",
                        "{ sep = \",\" }",
                        "sources.users.options",
                        "true",
                        "it must be a group"),
                setting("sources.users.schema", "\"age INT\"", "sources.users.schema", "{ age = INT }", ONE_VALUE),
                setting(
                        "sources.users.columns",
                        "{ age = years }",
                        "sources.users.columns",
                        "{ age = [years] }",
                        ONE_VALUE),
                setting("sources.users.each", "\"array(1)\"", "sources.users.each", "\"\"", "it must not be empty"),
                setting(
                        "sources.users.where",
                        "\"age > 30\"",
                        "sources.users.where",
                        "\"rand() < 0.5\"",
                        "it calls rand: an answer must be the same on every machine and day"),
                setting(
                        "sources.users.duplicates",
                        "each",
                        "sources.users.duplicates",
                        "twice",
                        "it must be one of once, each"),
                setting(
                        "sources.users.lacking",
                        "absent",
                        "sources.users.lacking",
                        "ignore",
                        "it must be one of quarantine, refuse, absent"),
                setting(
                        "users.pseudonym-key",
                        "${PSEUDONYM_KEY}",
                        "sources.users.pseudonymKey",
                        "${SHORT_KEY}",
                        "it has 5 characters and can be tried out"),
                setting("users.predictors", "[age]", "predictors.attributes", "age", LIST),
                setting("users.protected", "[age]", "predictors.protectedAttributes", "{ age = 1 }", LIST),
                setting("usage.window", "12h", "usage.window", "0d", DURATION),
                setting("usage.half-life", "0", "usage.halfLife", "-1d", DURATION));
    }

    private static List<SettingCase> features() {
        String feature = "features.checkout_v2.";
        String family = "features.\"artist_*\".";
        String families = "families.artist_*.";
        return List.of(
                fixed(family + "objective", "uplift", "is a pattern, as it has a *: say objective = collaborative"),
                setting(family + "min-users", "1", families + "minUsers", "0", "it must be at least 1"),
                setting(family + "max-features", "500", families + "maxFeatures", "many", WHOLE),
                setting(family + "keep", "50", families + "keep", "-1", "it must be at least 1"),
                setting(
                        feature + "objective",
                        "propensity",
                        feature + "objective",
                        "lift",
                        "uplift, propensity, collaborative"),
                setting(feature + "outcome", "click", feature + "response.outcome", "\"\"", "it must not be empty"),
                setting(feature + "within", "2h", feature + "response.within", "2w", DURATION),
                setting(
                        feature + "kind",
                        "mean",
                        feature + "response.kind",
                        "median",
                        "must be one of proportion, mean"));
    }

    private static List<SettingCase> training() {
        String model = "training.model.";
        return List.of(
                setting("training.seed", "1", model + "seed", "1.5", WHOLE),
                setting("training.folds", "3", model + "folds", "21", "it must be 2 to 20"),
                setting("training.champion", "t_trees", model + "champion", "t_line", "learner 't_line' is unknown"),
                setting("training.challengers", "[]", model + "challengers", "[s_trees]", "learner 's_trees': "),
                setting("training.regularisation", "0", model + "regularisation", "Infinity", FINITE),
                setting("training.elastic-net", "0.5", model + "elasticNet", "1.5", "it must be in [0, 1]"),
                setting("training.min-users-per-arm", "2", model + "minUsersPerArm", "1", "it must be at least 2"),
                setting("training.retrain-every", "30m", "training.retrainEvery", "weekly", DURATION),
                setting("training.withhold", "nobody.csv", "training.withhold", "[a.csv]", ONE_VALUE));
    }

    private static List<SettingCase> models() {
        String trees = "training.trees.";
        String network = "training.network.";
        String factors = "training.factors.";
        String usage = "training.collaborative.";
        String model = "training.model.";
        return List.of(
                setting(trees + "iterations", "5", model + "trees.iterations", "0", "it must be at least 1"),
                setting(trees + "depth", "10", model + "trees.depth", "11", "it must be 1 to 10"),
                setting(trees + "step-size", "1", model + "trees.stepSize", "0.1f", FINITE),
                setting(
                        trees + "min-users-per-leaf",
                        "1",
                        model + "trees.minUsersPerLeaf",
                        "0",
                        "it must be at least 1"),
                setting(
                        network + "hidden",
                        "[4, 2]",
                        model + "network.hidden",
                        "[0]",
                        "it must be sizes of at least 1"),
                setting(network + "iterations", "1", model + "network.iterations", "0", "it must be at least 1"),
                setting(factors + "rank", "0", model + "factors.rank", "1", "it must be 0 for none, or at least 2"),
                setting(factors + "items", "1", model + "factors.items", "0", "it must be at least 1"),
                setting(usage + "rank", "4", model + "collaborative.ranks", "[4, x]", "it must be a number or a list"),
                setting(
                        usage + "alpha",
                        "[2]",
                        model + "collaborative.alphas",
                        "[Infinity]",
                        "it must be a number or a list"),
                setting(
                        usage + "regularisation",
                        "1e-3",
                        model + "collaborative.regularisations",
                        "[0]",
                        "it must be above 0"),
                setting(usage + "iterations", "1", model + "collaborative.iterations", "0", "it must be at least 1"),
                setting(usage + "blocks", "1", model + "collaborative.blocks", "0", "it must be at least 1"));
    }

    private static List<SettingCase> quality() {
        return List.of(
                setting("quality.history", "closed", "history", "shut", "it must be one of open, closed"),
                setting("quality.max-quarantined", "0", "maxQuarantined", "0.05d", RATE),
                setting("quality.stale-after", "1h", "staleAfter", "0", DURATION),
                setting("quality.publish-every", "1h", "publishEvery", "1h30m", DURATION),
                setting(
                        "quality.may-be-empty",
                        "[outcomes, \"outcome buy\"]",
                        "mayBeEmpty",
                        "[outcoms]",
                        "is 'outcoms': it must be users, events, exposures, outcomes, or a part"));
    }

    private static List<SettingCase> alerts() {
        String receivers = "alerts.receivers.";
        return List.of(
                typeOf("log", "type = webhook, url = \"https://other.example\""),
                typeOf("team", "type = log"),
                setting(
                        receivers + "team.url",
                        "\"https://other.example\"",
                        receivers + "team.endpoint",
                        "secret",
                        ADDRESS),
                setting(receivers + "team.severities", "[info]", receivers + "team.severities", "[]", "it names none"),
                typeOf("oncall", "type = slack, url = \"https://other.example\""),
                setting(
                        receivers + "oncall.url",
                        "\"http://am:1\"",
                        receivers + "oncall.address",
                        "\"am:9093\"",
                        ADDRESS),
                setting(receivers + "oncall.hold-for", "1d", receivers + "oncall.holdFor", "forever", DURATION),
                typeOf("incidents", "type = alertmanager, url = \"https://other.example\""),
                setting(
                        receivers + "incidents.url",
                        "\"http://i:1\"",
                        receivers + "incidents.endpoint",
                        "\"a b\"",
                        ADDRESS),
                typeOf("metrics", "type = log"),
                setting(receivers + "metrics.path", "other.prom", receivers + "metrics.path", "a.txt", "*.prom only"),
                setting("alerts.timeout", "30s", "alerts.timeout", "5", SECONDS),
                setting("alerts.retries", "0", "alerts.retries", "11", "it must be 0 to 10"),
                setting("alerts.backoff", "2s", "alerts.backoff", "0s", SECONDS),
                setting("alerts.budget", "10s", "alerts.budget", "1m", SECONDS),
                setting("lineage.file", "/var/log/lineage.jsonl", "lineage.file", "[a]", "it must be one value"),
                setting(
                        "lineage.url",
                        "\"http://marquez:5000\"",
                        "lineage.url",
                        "\"ftp://marquez\"",
                        "it must be an address as http://marquez:5000"),
                setting(
                        "lineage.api-key",
                        "${PSEUDONYM_KEY}",
                        "lineage.apiKey",
                        "hunter2",
                        "name an environment variable"),
                setting("lineage.namespace", "shop", "lineage.namespace", "\"\"", "it must not be empty"));
    }

    private static List<SettingCase> simulation() {
        return List.of(
                setting("simulation.root", "elsewhere", "simulation.root", "\"\"", "is empty: name a folder"),
                setting("simulation.seed", "8", "simulation.seed", "lucky", WHOLE),
                setting("simulation.users", "1000", "simulation.users", "999", "it must be at least 1000"),
                setting("simulation.start", "2026-01-01", "simulation.start", "soon", "it must be a day or instant"),
                setting("simulation.days", "1", "simulation.days", "0", "it must be at least 1"),
                setting(
                        "simulation.daily-visitors",
                        "100%",
                        "simulation.dailyVisitors",
                        "0%",
                        "it must be in (0%, 100%]"),
                setting("simulation.drop-on-day", "-1", "simulation.dropOnDay", "never", WHOLE),
                setting(
                        "simulation.repair-on-day",
                        "9",
                        "simulation.repairOnDay",
                        "2",
                        "it must be after drop-on-day 2, or -1 for never"));
    }
}
