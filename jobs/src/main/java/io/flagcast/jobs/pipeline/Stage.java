package io.flagcast.jobs.pipeline;

import io.flagcast.jobs.run.Run;
import io.flagcast.jobs.run.StageResult;
import io.flagcast.jobs.stages.allocate.AllocateUsers;
import io.flagcast.jobs.stages.features.BuildFeatures;
import io.flagcast.jobs.stages.govern.GovernAllocation;
import io.flagcast.jobs.stages.measure.MeasureSegments;
import io.flagcast.jobs.stages.score.ScoreUsers;
import io.flagcast.jobs.stages.train.TrainModels;
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
