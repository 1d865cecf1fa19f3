package io.flagcast.jobs.questions;

import io.flagcast.allocation.Arms;
import io.flagcast.allocation.BandRewards;
import io.flagcast.allocation.LoggedReward;
import io.flagcast.allocation.OffPolicyEvaluation;
import io.flagcast.allocation.OffPolicySums;
import io.flagcast.allocation.RewardModel;
import io.flagcast.allocation.RewardModel.Group;
import io.flagcast.jobs.questions.PolicyValues.Part;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

/**
 * The values of policies from logged users, in two passes: rewards by block and band of the score make the reward models,
 * then the sums of the estimators by block, which alone come to the driver.
 */
final class EstimateValues {

    private static final int RESAMPLES = 1_000;
    private static final long SEED = 42;

    private EstimateValues() {}

    private record Block(Part part, int block) implements Serializable {}

    private record Band(Block block, int band) implements Serializable {}

    /**
     * The evaluation of every part.
     *
     * @param users is passed over twice
     * @param policies how many probabilities a user has
     */
    static Map<Part, OffPolicyEvaluation> of(JavaRDD<LoggedUser> users, int policies) {
        Map<Part, Map<Integer, Map<Group, BandRewards>>> rewards = new TreeMap<>();
        users.mapToPair(user ->
                        new Tuple2<>(new Band(new Block(user.part(), user.block()), user.band()), user.rewards()))
                .reduceByKey(BandRewards::merge)
                .collect()
                .forEach(pair -> {
                    Block block = pair._1().block();
                    Group group = new Group(
                            block.block() % RewardModel.FOLDS, pair._1().band());
                    rewards.computeIfAbsent(block.part(), part -> new TreeMap<>())
                            .computeIfAbsent(block.block(), number -> new HashMap<>())
                            .put(group, pair._2());
                });
        HashMap<Part, RewardModel> models = new HashMap<>();
        rewards.forEach((part, blocks) -> models.put(part, model(blocks)));

        JavaSparkContext context = JavaSparkContext.fromSparkContext(users.context());
        Broadcast<HashMap<Part, RewardModel>> known = context.broadcast(models);
        Map<Part, Map<Integer, List<OffPolicySums>>> sums = new TreeMap<>();
        users.mapToPair(user -> new Tuple2<>(new Block(user.part(), user.block()), user))
                .aggregateByKey(
                        (List<OffPolicySums>) new ArrayList<>(Collections.nCopies(policies, OffPolicySums.EMPTY)),
                        (all, user) -> plus(all, user, known.value().get(user.part())),
                        EstimateValues::merge)
                .collect()
                .forEach(pair -> sums.computeIfAbsent(pair._1().part(), part -> new TreeMap<>())
                        .put(pair._1().block(), pair._2()));
        known.destroy();

        Map<Part, OffPolicyEvaluation> evaluations = new TreeMap<>();
        sums.forEach((part, blocks) -> {
            List<Map<Group, BandRewards>> direct = List.copyOf(rewards.get(part).values());
            evaluations.put(
                    part, OffPolicyEvaluation.of(List.copyOf(blocks.values()), refitted(direct), RESAMPLES, SEED));
        });
        return evaluations;
    }

    private static RewardModel model(Map<Integer, Map<Group, BandRewards>> blocks) {
        Map<Group, Arms> all = new HashMap<>();
        blocks.values().forEach(block -> block.forEach((group, band) -> all.merge(group, band.arms(), Arms::merge)));
        return RewardModel.of(all);
    }

    private static Function<int[], double[]> refitted(List<Map<Group, BandRewards>> blocks) {
        return chosen -> {
            Map<Group, BandRewards> drawn = new HashMap<>();
            for (int block : chosen) {
                blocks.get(block).forEach((group, band) -> drawn.merge(group, band, BandRewards::merge));
            }
            return RewardModel.direct(drawn);
        };
    }

    private static List<OffPolicySums> plus(List<OffPolicySums> all, LoggedUser user, RewardModel model) {
        LoggedReward first = user.under(user.enabled().get(0), model);
        for (int policy = 0; policy < all.size(); policy++) {
            all.set(policy, all.get(policy).plus(user.under(user.enabled().get(policy), model), first));
        }
        return all;
    }

    private static List<OffPolicySums> merge(List<OffPolicySums> one, List<OffPolicySums> other) {
        for (int policy = 0; policy < one.size(); policy++) {
            one.set(policy, one.get(policy).merge(other.get(policy)));
        }
        return one;
    }
}
