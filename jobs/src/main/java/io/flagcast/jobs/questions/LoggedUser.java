package io.flagcast.jobs.questions;

import io.flagcast.allocation.Arms;
import io.flagcast.allocation.BandRewards;
import io.flagcast.allocation.LoggedReward;
import io.flagcast.allocation.LoggedReward.Arm;
import io.flagcast.allocation.RewardModel;
import io.flagcast.allocation.RewardModel.Group;
import io.flagcast.jobs.questions.PolicyValues.Part;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.statistics.WeightedMoments;
import java.io.Serializable;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;

/**
 * A logged user as the estimators see it.
 *
 * @param part what he counts for
 * @param block of the bootstrap
 * @param band of his score
 * @param arm that he was in
 * @param propensity logged probability of being enabled
 * @param reward what he earned
 * @param enabled probability of being enabled by policy
 */
record LoggedUser(Part part, int block, int band, Arm arm, double propensity, double reward, List<Double> enabled)
        implements Serializable {

    /**
     * A user twice: for his segment, and for all.
     *
     * @param row metric, score, segment, block, enabled, propensity, reward and the probabilities of the policies
     */
    static Stream<LoggedUser> of(Row row) {
        OptionalDouble score = row.isNullAt(1) ? OptionalDouble.empty() : OptionalDouble.of(row.getDouble(1));
        List<Double> enabled = List.copyOf(row.<Double>getList(7));
        return Stream.of(SegmentMetrics.ALL, row.getString(2))
                .map(segment -> new LoggedUser(
                        new Part(row.getString(0), segment),
                        row.getInt(3),
                        RewardModel.band(score),
                        row.getBoolean(4) ? Arm.ENABLED : Arm.CONTROL,
                        row.getDouble(5),
                        row.getDouble(6),
                        enabled));
    }

    /** Users whose rewards are modelled together. */
    Group group() {
        return new Group(block % RewardModel.FOLDS, band);
    }

    /** His part of the rewards of his group. */
    BandRewards rewards() {
        boolean isEnabled = arm == Arm.ENABLED;
        WeightedMoments one = WeightedMoments.EMPTY.plus(1 / (isEnabled ? propensity : 1 - propensity), reward);
        return new BandRewards(
                isEnabled ? new Arms(one, WeightedMoments.EMPTY) : new Arms(WeightedMoments.EMPTY, one), enabled);
    }

    /** His reward under a policy that enables him with a probability. */
    LoggedReward under(double probability, RewardModel model) {
        return LoggedReward.of(reward, arm, propensity, probability, model.ifEnabled(group()), model.ifNot(group()));
    }
}
