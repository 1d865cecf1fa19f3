package io.flagcast.jobs.pipeline;

import io.flagcast.jobs.run.Run;
import io.flagcast.jobs.run.StageResult;
import io.flagcast.jobs.stages.allocate.AllocateUsers;
import io.flagcast.jobs.stages.features.BuildFeatures;
import io.flagcast.jobs.stages.govern.GovernAllocation;
import io.flagcast.jobs.stages.measure.MeasureSegments;
import io.flagcast.jobs.stages.score.ScoreUsers;
import io.flagcast.jobs.stages.train.TrainModels;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.util.List;
import java.util.Locale;

/** The stages of a run. Each reads what earlier ones wrote for the same run. */
public enum Stage {
    FEATURES("Input tables to profiles and training examples; quarantines bad rows."),
    TRAIN("Training examples and usage to models, where the newest model of a feature is due."),
    SCORE("Profiles and models to a responsiveness score for every user and feature."),
    ALLOCATE("Profiles, scores and parameters to a decision for every user in every experiment."),
    MEASURE("Exposures and outcomes to metrics per segment."),
    GOVERN("Metrics to rule decisions, bandit steps, new allocation parameters and alerts; then publishes the run.");

    /** The stages in the order in which a run takes them. */
    public static final List<Stage> ORDER = List.of(values());

    StageResult run(Run run) {
        return switch (this) {
            case FEATURES -> BuildFeatures.run(run);
            case TRAIN -> TrainModels.run(run);
            case SCORE -> ScoreUsers.run(run);
            case ALLOCATE -> AllocateUsers.run(run);
            case MEASURE -> MeasureSegments.run(run);
            case GOVERN -> GovernAllocation.run(run);
        };
    }

    private final String description;

    Stage(String description) {
        this.description = description;
    }

    /** The tables that it writes: slices of its run, and rows of those that only grow, where it has some. */
    public List<Table> writes() {
        return switch (this) {
            case FEATURES -> List.of(Tables.USER_PROFILES, Tables.TRAINING_EXAMPLES, Tables.QUARANTINE);
            case TRAIN -> List.of(Tables.MODEL_RUNS);
            case SCORE -> List.of(Tables.RESPONSIVENESS_SCORES);
            case ALLOCATE -> List.of(Tables.ENROLMENTS, Tables.ALLOCATIONS, Tables.EXPERIMENTS);
            case MEASURE ->
                List.of(Tables.FIRST_EXPOSURES, Tables.SEGMENT_DAYS, Tables.SEGMENT_METRICS, Tables.HEALTH_CHECKS);
            case GOVERN -> List.of(Tables.RULE_DECISIONS, Tables.RAMPS, Tables.ALLOCATION_PARAMETERS, Tables.ALERTS);
        };
    }

    /** What the stage turns into what. */
    public String description() {
        return description;
    }

    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The stages that must be done before this one. */
    List<Stage> before() {
        return ORDER.subList(0, ORDER.indexOf(this));
    }
}
