package io.flagcast.jobs.questions;

import static org.apache.spark.sql.functions.col;

import io.flagcast.features.Usage;
import io.flagcast.jobs.records.ModelRegistry;
import io.flagcast.jobs.records.ModelRegistry.Entry;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Refusal;
import io.flagcast.tables.Tables;
import io.flagcast.training.Explanation;
import io.flagcast.training.ResponsivenessModel;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * Why a user has a score in the live publication.
 *
 * @param score the row of {@code responsiveness_scores}
 * @param model the model that it is of; absent where there is none
 * @param explanation what moved it; absent where nothing tells the user apart
 */
public record ExplainScore(Row score, Optional<Entry> model, Optional<Explanation> explanation) {

    /**
     * Explains a score.
     *
     * @throws Refusal with exit code 66 where nothing is published or the user has no score for the feature
     */
    public static ExplainScore of(Lake lake, String userId, String featureId) {
        Publication live = lake.requireLive();
        Row score = lake
                .published(Tables.RESPONSIVENESS_SCORES, Optional.of(live))
                .where(col("user_id").equalTo(userId).and(col("feature_id").equalTo(featureId)))
                .collectAsList()
                .stream()
                .findFirst()
                .orElseThrow(() -> none(ModelRegistry.read(lake), userId, featureId));
        Row profile = lake
                .published(Tables.USER_PROFILES, Optional.of(live))
                .where(col("user_id").equalTo(userId))
                .collectAsList()
                .stream()
                .findFirst()
                .orElseThrow();
        ModelRegistry registry = ModelRegistry.read(lake);
        Optional<Entry> model = Optional.ofNullable(score.<String>getAs("model_id"))
                .or(() -> registry.live(declaration(score), live.asOf()).map(Entry::modelId))
                .flatMap(registry::withId);
        return new ExplainScore(
                score,
                model,
                model.filter(known -> !score.getAs("source").equals("prior"))
                        .flatMap(known -> explain(registry.load(known), featureId, profile)));
    }

    private static Refusal none(ModelRegistry registry, String userId, String featureId) {
        return new Refusal(
                ExitCode.NO_INPUT,
                "user '%s' has no score for feature '%s' in the live publication: %s"
                        .formatted(
                                userId,
                                featureId,
                                registry.families(featureId).isEmpty()
                                        ? "correct --user or --feature"
                                        : "its family %s scores features of enough users, and where it says keep only the best of each user"
                                                .formatted(registry.families(featureId)
                                                        .get(0))));
    }

    /** What the feature of a score is declared by: its own id, or a pattern. */
    private static String declaration(Row score) {
        String family = score.getAs("family");
        return family == null ? score.getAs("feature_id") : family;
    }

    private static Optional<Explanation> explain(ResponsivenessModel model, String featureId, Row profile) {
        Object[] inputs = model.inputs().stream().map(profile::getAs).toArray();
        return Explanation.of(
                model, featureId, RowFactory.create(inputs), profile.getJavaMap(profile.fieldIndex(Usage.AMOUNTS)));
    }

    /** What the score says of the user. */
    public String standing() {
        double percent = score.getAs("score");
        return switch (score.<String>getAs("source")) {
            case "model" -> "responds more than %.0f %% of the users the model was made from".formatted(percent);
            case "collaborative" -> "closer to it by usage than %.0f %% of the users with usage".formatted(percent);
            case "group" ->
                "nothing is known of this user; what is expected of the group is above %.0f %% of the users"
                        .formatted(percent);
            default -> "nothing tells this user apart: treated as unscored";
        };
    }
}
