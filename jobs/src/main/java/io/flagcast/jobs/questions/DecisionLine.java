package io.flagcast.jobs.questions;

import io.flagcast.allocation.Allocator;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Bucketing;
import io.flagcast.allocation.Bucketing.Purpose;
import io.flagcast.allocation.Decision.Reason;
import io.flagcast.allocation.Layer;
import io.flagcast.allocation.Policy;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.run.Rollout;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.spark.sql.Row;

/**
 * A line of the decision about a user.
 *
 * @param reason its name
 * @param applies whether it decides; later lines are not asked
 * @param because the numbers
 */
public record DecisionLine(Reason reason, boolean applies, String because) {

    /**
     * Every line of the decision in its order, up to the one that applies.
     *
     * @param decided the user's row of {@link io.flagcast.jobs.decision.DecideUsers}
     * @param worth what the user gains and costs, where the experiment says what both are worth
     */
    static List<DecisionLine> of(
            String userId, Row decided, Rollout rollout, String holdoutSalt, Optional<GainAndCost> worth) {
        Reason decides = Reason.valueOf(decided.<String>getAs("reason").toUpperCase(Locale.ROOT));
        List<DecisionLine> lines = new ArrayList<>();
        for (Reason reason : Reason.values()) {
            boolean applies = reason == decides;
            lines.add(new DecisionLine(
                    reason, applies, because(reason, applies, userId, decided, rollout, holdoutSalt, worth)));
            if (applies) {
                break;
            }
        }
        return lines;
    }

    private static String because(
            Reason reason,
            boolean applies,
            String userId,
            Row decided,
            Rollout rollout,
            String holdoutSalt,
            Optional<GainAndCost> worth) {
        Experiment experiment = rollout.experiment();
        Allocator allocator = rollout.allocator();
        return switch (reason) {
            case INACTIVE ->
                rollout.parameters().activity() == Activity.ACTIVE
                        ? "status " + experiment.status().name().toLowerCase(Locale.ROOT)
                        : "paused by a change of its parameters";
            case HOLDOUT ->
                compared(
                        Bucketing.of(holdoutSalt, Purpose.HOLDOUT).bucket(userId),
                        allocator.holdout(),
                        "the lake's holdout");
            case LAYER -> layer(userId, experiment, allocator.layer());
            case INELIGIBLE ->
                experiment.eligibility().orElse("everybody is eligible")
                        + (worth.filter(known -> known.cost().isEmpty()).isPresent()
                                ? ", of whom it is known what enabling them costs: not of this user"
                                : "");
            case EXPLORATION -> exploration(userId, experiment, allocator) + (applies ? coin(userId, experiment) : "");
            case UNSCORED -> {
                Double score = decided.getAs("score");
                yield score != null
                        ? "score %.2f".formatted(score)
                        : compared(
                                decided.getAs("bucket"),
                                applies ? decided.<Double>getAs("base_probability") : allocator.unscored(),
                                "enabled without a score");
            }
            case NO_BENEFIT ->
                worth.map(GainAndCost::ofBound)
                        .orElse(
                                applies
                                        ? "even the upper bound of the uplift of users like this one is not above zero"
                                        : "users like this one may benefit");
            case POLICY -> {
                double base = decided.<Double>getAs("base_probability");
                double share = decided.<Double>getAs("share");
                String found = experiment.allocation() instanceof Policy.Best
                        ? worth.map(known -> known.ofShown() + "; ").orElse("")
                        : "";
                yield "%sbucket %.4f, enabled below %.4f (base probability %.4f x share %.2f)"
                        .formatted(found, decided.<Double>getAs("bucket"), base * share, base, share);
            }
        };
    }

    private static String layer(String userId, Experiment experiment, Layer layer) {
        return layer.equals(Layer.NONE)
                ? "no layer"
                : "bucket %.4f, %s has [%s, %s) of layer %s"
                        .formatted(
                                Bucketing.of(layer.name(), Purpose.LAYER).bucket(userId),
                                experiment.experimentId(),
                                layer.from(),
                                layer.to(),
                                layer.name());
    }

    private static String exploration(String userId, Experiment experiment, Allocator allocator) {
        return compared(
                Bucketing.of(experiment.salt(), Purpose.EXPLORATION).bucket(userId),
                allocator.exploration(),
                "the slice");
    }

    private static String coin(String userId, Experiment experiment) {
        return ", a fair coin: %.4f, enabled below 0.5"
                .formatted(Bucketing.of(experiment.salt(), Purpose.COIN).bucket(userId));
    }

    private static String compared(double bucket, double limit, String of) {
        return limit == 0 ? of + " is empty" : "bucket %.4f, %s is below %.4f".formatted(bucket, of, limit);
    }
}
