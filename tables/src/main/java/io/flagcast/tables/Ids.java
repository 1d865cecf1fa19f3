package io.flagcast.tables;

import static io.flagcast.tables.Column.required;

/** The ids by which tables meet. */
final class Ids {

    static final Column USER_ID = required("user_id", "STRING", "the user");
    static final Column FEATURE_ID = required("feature_id", "STRING", "the product feature behind a flag");
    static final Column EXPERIMENT_ID = required("experiment_id", "STRING", "the configured rollout");

    private Ids() {}
}
