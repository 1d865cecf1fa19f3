package io.flagcast.lake;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Layer;
import io.flagcast.allocation.Strangers;
import io.flagcast.allocation.Strangers.Eligibility;
import io.flagcast.allocation.Strangers.Salts;
import io.flagcast.tables.Ids;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;

/**
 * What the serving client answers, as functions of SQL: {@value #PREDICT}(user_id, feature_id) is the responsiveness score, 0
 * to 100, or NULL where there is none; {@value #ALLOCATE}(user_id, experiment_id) is whether the user has the feature. A user
 * whom the run has not met is decided as one without a score; a user that is NULL or blank and an experiment that is not
 * published are off. {@value #RANK}(user_id, n) are the n features, best first, that the user is likeliest to use, by affinity; NULL
 * where none has one.
 *
 * <p>Each is a temporary function of the session that looks its answer up in the live publication: of many users by one join.
 * They stand wherever Spark allows a correlated subquery, thus not in ORDER BY and not in the condition of a join: select
 * them there by a name first.
 */
public final class LakeFunctions {

    /** The score of a user for a feature. */
    public static final String PREDICT = "predict_responsiveness";
    /** Whether a user has the feature of an experiment. */
    public static final String ALLOCATE = "allocate_feature";
    /** The features that a user is likeliest to use. */
    public static final String RANK = "rank_features";
    /** Of all. */
    public static final List<String> NAMES = List.of(PREDICT, ALLOCATE, RANK);

    private static final String STRANGER = "flagcast_enables_stranger";

    private LakeFunctions() {}

    /**
     * Makes the functions known to the session of a lake. They answer from the publication that is live now; call it again
     * for a newer one.
     *
     * @throws Refusal with exit code 66 where nothing is published
     */
    public static void register(Lake lake) {
        Publication live = lake.requireLive();
        Map<String, Strangers> strangers = strangers(lake, live);
        UDF2<String, String, Boolean> enables =
                (user, experiment) -> !Ids.isBlank(user) && enables(strangers, user, experiment);
        lake.spark().udf().register(STRANGER, enables, DataTypes.BooleanType);
        String score = lookup(lake, live, Tables.RESPONSIVENESS_SCORES, "score", PREDICT, "feature_id");
        lake.spark().sql(function(PREDICT, "feature_id", "DOUBLE", score));
        String enabled = lookup(lake, live, Tables.ALLOCATIONS, "enabled", ALLOCATE, "experiment_id");
        String otherwise = STRANGER + "(" + ALLOCATE + ".user_id, " + ALLOCATE + ".experiment_id)";
        lake.spark()
                .sql(function(ALLOCATE, "experiment_id", "BOOLEAN", "coalesce(" + enabled + ", " + otherwise + ")"));
        lake.spark()
                .sql("CREATE OR REPLACE TEMPORARY FUNCTION " + RANK
                        + "(user_id STRING, n INT) RETURNS ARRAY<STRUCT<feature_id: STRING, affinity: DOUBLE>> RETURN "
                        + ranked(lake, live));
    }

    /** Makes them known where a query names one. */
    public static void register(Lake lake, String query) {
        String text = query.toLowerCase(Locale.ROOT);
        if (NAMES.stream().anyMatch(text::contains)) {
            register(lake);
        }
    }

    private static boolean enables(Map<String, Strangers> strangers, String user, String experiment) {
        Strangers of = strangers.get(experiment);
        return of != null && of.decide(user).enabled();
    }

    private static String function(String name, String of, String type, String body) {
        return "CREATE OR REPLACE TEMPORARY FUNCTION " + name + "(user_id STRING, " + of + " STRING) RETURNS " + type
                + " RETURN " + body;
    }

    /**
     * A row at most, as the audit of every run finds keys unique: any_value is there for Spark to believe it. Nothing for nobody,
     * whatever an old publication has.
     */
    private static String lookup(Lake lake, Publication live, Table table, String value, String function, String key) {
        return LakeViews.liveRows(lake, table, Optional.of(live))
                .map(rows -> "if(" + function + ".user_id RLIKE r'" + Ids.BLANK + "', NULL, (SELECT any_value(t."
                        + value
                        + ") FROM (" + rows + ") t WHERE t.user_id = " + function + ".user_id AND t." + key + " = "
                        + function + "." + key + "))")
                .orElse("NULL");
    }

    /** Ties, which are rare, by the feature's name. */
    private static String ranked(Lake lake, Publication live) {
        String best =
                "transform(array_sort(collect_list(named_struct('less', -t.affinity, 'feature_id', t.feature_id))),"
                        + " f -> named_struct('feature_id', f.feature_id, 'affinity', -f.less))";
        return LakeViews.liveRows(lake, Tables.RESPONSIVENESS_SCORES, Optional.of(live))
                .map(rows -> "slice(nullif((SELECT " + best + " FROM (" + rows
                        + ") t WHERE t.affinity IS NOT NULL AND t.user_id = " + RANK + ".user_id), array()), 1, " + RANK
                        + ".n)")
                .orElse("NULL");
    }

    private static Map<String, Strangers> strangers(Lake lake, Publication live) {
        Map<String, Strangers> strangers = new HashMap<>();
        lake.published(Tables.EXPERIMENTS, Optional.of(live))
                .collectAsList()
                .forEach(row -> strangers.put(row.getAs("experiment_id"), strangers(row)));
        return strangers;
    }

    private static Strangers strangers(Row row) {
        Row layer = row.getAs("layer");
        return new Strangers(
                Activity.valueOf(row.<String>getAs("activity").toUpperCase(Locale.ROOT)),
                new Salts(row.getAs("salt"), row.getAs("holdout_salt")),
                row.getAs("holdout"),
                new Layer(layer.getAs("name"), layer.getAs("from"), layer.getAs("to")),
                row.getAs("eligibility") == null ? Eligibility.UNDECLARED : Eligibility.DECLARED,
                row.getAs("exploration"),
                row.getAs("unscored"));
    }
}
