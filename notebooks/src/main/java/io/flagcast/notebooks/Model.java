package io.flagcast.notebooks;

import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.util.List;
import java.util.Objects;
import org.apache.spark.sql.Row;

/**
 * The model that scores a feature, or the newest where none does, and what was measured of it in training, out of fold: on users whom it had not learned
 * from.
 *
 * @param lake where it is
 * @param featureId the feature
 * @param modelId the model
 */
public record Model(Lake lake, String featureId, String modelId) {

    /** Ninety-five percent of a normal distribution lie within so many standard errors. */
    private static final String Z = "1.959964";

    private static final String DECILES =
            "from_json(curves, 'STRUCT<deciles: ARRAY<STRUCT<decile: INT, users: BIGINT, predicted: DOUBLE, observed: DOUBLE,"
                    + " error: DOUBLE>>>').deciles";

    public Model {
        Objects.requireNonNull(lake, "lake");
        Objects.requireNonNull(featureId, "featureId");
        Objects.requireNonNull(modelId, "modelId");
    }

    static Model of(Lake lake, String featureId) {
        List<Row> found = lake.sql("""
                        SELECT m.model_id FROM model_runs m
                        LEFT JOIN (SELECT DISTINCT model_id FROM responsiveness_scores) s ON s.model_id = m.model_id
                        WHERE m.feature_id = '%s' AND m.curves IS NOT NULL
                        ORDER BY s.model_id IS NULL, m.as_of DESC, m.changed_at DESC LIMIT 1
                        """.formatted(featureId)).data().collectAsList();
        if (found.isEmpty()) {
            throw new Refusal(
                    ExitCode.NO_INPUT,
                    "no model of feature '%s' that learns an uplift has been trained".formatted(featureId));
        }
        return new Model(lake, featureId, found.get(0).getString(0));
    }

    private Rows ask(String query) {
        return lake.sql(
                query.formatted("(SELECT * FROM model_runs WHERE model_id = '%s' ORDER BY changed_at DESC LIMIT 1)"
                        .formatted(modelId)));
    }

    /**
     * Measures of quality by name, with their 95 % intervals where they have one.
     *
     * @param names as {@code qini}, {@code autoc}, {@code uplift_at_10}; all without any
     */
    public Rows measures(String... names) {
        Rows all = ask("""
                WITH m AS (SELECT explode(from_json(metrics, 'MAP<STRING, DOUBLE>')) AS (name, value) FROM %s)
                SELECT a.name AS measure, a.value, l.value AS lower, u.value AS upper FROM m a
                LEFT JOIN m l ON l.name = a.name || '_lower' LEFT JOIN m u ON u.name = a.name || '_upper'
                WHERE NOT a.name RLIKE '_(lower|upper)$' ORDER BY measure
                """);
        return names.length == 0 ? all : all.where("measure IN ('%s')".formatted(String.join("', '", List.of(names))));
    }

    /** Predicted and observed uplift of every tenth of the users, decile 1 the lowest scores, with 95 % intervals. */
    public Rows calibration() {
        return ask("SELECT decile, users, predicted, observed, observed - " + Z + " * error AS lower, observed + " + Z
                        + " * error AS upper FROM (SELECT inline(" + DECILES
                        + ") FROM %s) WHERE users > 0 ORDER BY decile")
                .inPoints("predicted", "observed", "lower", "upper");
    }

    /**
     * What enabling the highest scores first gains: for every share of the users, responses per 1,000 of all users, with 95 %
     * intervals. The straight line from the first to the last is what the same share gains when it is drawn at random.
     */
    public Rows gain() {
        return cumulative("1000 * taken * mean", "1000 * taken * error").inPercent("share");
    }

    /**
     * The uplift of the users with the highest scores, by how large a share of all they are, with 95 % intervals: the curve
     * below which the rank-weighted measures lie.
     */
    public Rows top() {
        return cumulative("mean", "error").where("share > 0").inPercent("share").inPoints("value", "lower", "upper");
    }

    /** Sums over deciles from the highest down; deciles have separate users, so that their errors are independent. */
    private Rows cumulative(String value, String error) {
        return ask("WITH d AS (SELECT inline(" + DECILES
                + """
                ) FROM %s), c AS (
                  SELECT decile, sum(users) OVER w AS n, sum(users * observed) OVER w AS total,
                    sqrt(sum(users * users * error * error) OVER w) AS spread, sum(users) OVER () AS everybody
                  FROM d WHERE users > 0 WINDOW w AS (ORDER BY decile DESC))
                SELECT share, value, value - Z * err AS lower, value + Z * err AS upper FROM (
                  SELECT taken AS share, VALUE AS value, ERROR AS err
                  FROM (SELECT n / everybody AS taken, total / n AS mean, spread / n AS error FROM c))
                UNION ALL SELECT 0D, 0D, 0D, 0D ORDER BY share
                """.replace("Z *", Z + " *").replace("VALUE", value).replace("ERROR", error));
    }

    @Override
    public String toString() {
        return "model %s of %s".formatted(modelId, featureId);
    }
}
