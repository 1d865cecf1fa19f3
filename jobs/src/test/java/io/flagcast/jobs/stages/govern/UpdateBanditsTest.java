package io.flagcast.jobs.stages.govern;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.Cell;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.allocation.ParameterChange.Origin;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.ExperimentFiles;
import io.flagcast.jobs.records.MeasuredDay;
import io.flagcast.jobs.stages.govern.UpdateBandits.Result;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Health;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class UpdateBanditsTest {

    private static final Instant AS_OF = Instant.parse("2026-03-10T00:00:00Z");
    private static final Experiment EXPERIMENT = ExperimentFiles.parse("learning.yaml", """
            experiment_id: learning
            feature_id: checkout
            salt: learning-2026
            segments: {high: [0, 100]}
            allocation:
              type: bandit
              bandit: {algorithm: thompson, reward: conversion_rate, min_users: 100, half_life: 4d}
            metrics:
              conversion_rate: {kind: proportion, outcome: purchase, within: 1d}
            """);

    /** Both arms of a day that ended so many days ago, 1,000 users each unless said otherwise, logged at an even chance. */
    private static Stream<MeasuredDay> day(int daysAgo, long users, long enabled, long control) {
        return Stream.of(
                arm(daysAgo, Population.ENABLED, users, enabled), arm(daysAgo, Population.CONTROL, users, control));
    }

    private static MeasuredDay arm(int daysAgo, Population population, long users, long conversions) {
        Instant end = AS_OF.minus(Duration.ofDays(daysAgo));
        return new MeasuredDay(
                "learning",
                new Cell("high", "{}"),
                population,
                "conversion_rate",
                0,
                end.minus(Duration.ofDays(1)),
                0,
                28,
                Moments.EMPTY,
                Optional.empty(),
                new WeightedMoments(
                        users,
                        2 * users,
                        4 * users,
                        2 * conversions,
                        2 * conversions,
                        4 * conversions,
                        4 * conversions),
                Optional.empty(),
                OptionalDouble.empty());
    }

    private static Result update(double inForce, Stream<MeasuredDay> days) {
        return update(inForce, days, Health.SOUND);
    }

    private static Result update(double inForce, Stream<MeasuredDay> days, Health health) {
        Adjustment learned = new Adjustment(
                Map.of(),
                Map.of(Cell.whole("high"), inForce),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                OptionalLong.empty());
        ParameterLog log = new ParameterLog(ParameterLog.EMPTY.changesTo(
                "learning",
                learned,
                AS_OF.minusSeconds(1),
                new Origin(Cause.BANDIT, Optional.empty(), "yesterday", "{}")));
        return UpdateBandits.update(EXPERIMENT, days.toList(), log, health, AS_OF)
                .orElseThrow();
    }

    /** 200 against 100 of 1,000: 0.1 · 0.1 of 0.15 is 6.67 %. */
    @Test
    void aClearWinnerIsBetOn() {
        Result result = update(0.5, day(0, 1_000, 200, 100));

        assertThat(result.summary())
                .isEqualTo(
                        "learning: 1 cells moved, +6.67 % of the reward expected of the moves away from an even chance");
        assertThat(result.changes())
                .extracting(ParameterChange::baseProbability)
                .containsExactly(OptionalDouble.of(0.6));
        assertThat(result.changes().get(0).origin().decision()).contains("\"part_made\":1");
    }

    @Test
    void aRewardThatIsNobodysTeachesNothingAndAnotherMetricsDoesNotMatter() {
        Health ofReward = new Health(List.of(), Map.of("conversion_rate", "none of the 300 users is known"));
        assertThat(update(0.5, day(0, 1_000, 200, 100), ofReward))
                .isEqualTo(new Result(List.of(), "learning: nothing is learned, as none of the 300 users is known"));
        Health ofAnother = new Health(List.of("stale"), Map.of("revenue", "none of the 300 users is known"));
        assertThat(update(0.5, day(0, 1_000, 200, 100), ofAnother).changes()).hasSize(1);
    }

    /**
     * 130 against 110 of 1,000: with 95 % confidence 0.1 · (0.02 − 1.645 · √(0.13 · 0.87 / 1000 + 0.11 · 0.89 / 1000)) =
     * −0.0003893 is lost, 0.324 % of 0.12; with 60 against 50 it is −0.0006766, 1.230 % of 0.055, of which 1 / 1.230 is allowed.
     */
    @Test
    void anUnsureWinnerIsBetOnAsFarAsTheGateLets() {
        assertThat(update(0.5, day(0, 1_000, 130, 110))
                        .changes()
                        .get(0)
                        .origin()
                        .decision())
                .contains(
                        "with 95 % confidence the moves away from an even chance lose at most 0.324 % of the reward, 1.0 %"
                                + " are allowed");
        Result result = update(0.5, day(0, 1_000, 60, 50));
        assertThat(result.summary())
                .isEqualTo(
                        "learning: 1 cells moved, not as far as believed: with 95 % confidence the moves away from an even"
                                + " chance may lose 1.230 % of the reward, 1.0 % are allowed: 81 % of each is made");
        assertThat(result.changes().get(0).baseProbability().orElseThrow()).isBetween(0.581, 0.5815);
    }

    @Test
    void fewUsersSayWhatTheyAreWorth() {
        // After four days, the half-life, 150 users are worth 75.
        assertThat(update(0.5, day(4, 150, 30, 20)).summary())
                .isEqualTo(
                        "learning: nothing to learn from yet: 150 enabled and 150 control users in the segment are worth 75"
                                + " and 75, needs min_users 100 of each");
        assertThat(update(0.9, day(4, 150, 30, 20)).summary())
                .isEqualTo(
                        "learning: 1 cells moved: no cell moves away from an even chance, and towards it no proof is needed");
        assertThat(update(0.5, day(0, 100, 90, 10)).summary())
                .isEqualTo(
                        "learning: update held: the logged users are worth 192 under the moves away from an even chance,"
                                + " needs 200: none is made");
        assertThat(update(0.5, Stream.empty()).summary())
                .isEqualTo("learning: nothing to learn from yet: no user with a score has a closed outcome window");
    }

    /** Two days for the enabled arm and, days later, two against it: all in all it is ahead, of late it is behind. */
    @Test
    void aBetIsTakenBackOnceRecentDaysAreAgainstIt() {
        Stream<MeasuredDay> turned = Stream.of(
                        day(0, 1_000, 100, 120),
                        day(1, 1_000, 100, 120),
                        day(4, 1_000, 150, 90),
                        day(5, 1_000, 150, 90))
                .flatMap(each -> each);
        Result result = update(0.9, turned);
        assertThat(result.changes())
                .singleElement()
                .satisfies(change ->
                        assertThat(change.baseProbability().orElseThrow()).isBetween(0.79, 0.9));
        assertThat(result.summary())
                .isEqualTo(
                        "learning: 1 cells moved: no cell moves away from an even chance, and towards it no proof is needed");

        Stream<MeasuredDay> wavering =
                Stream.of(day(0, 1_000, 104, 103), day(1, 1_000, 104, 100)).flatMap(each -> each);
        Result kept = update(0.9, wavering);
        assertThat(kept.changes()).isEmpty();
        assertThat(kept.summary()).isEqualTo("learning: every cell stays where it is");
    }
}
