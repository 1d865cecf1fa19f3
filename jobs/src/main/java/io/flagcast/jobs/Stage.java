package io.flagcast.jobs;

import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.util.List;
import java.util.Locale;

/** The stages of a run. Each reads what earlier ones wrote for the same run. */
enum Stage {
    FEATURES,
    TRAIN,
    SCORE,
    ALLOCATE,
    MEASURE,
    GOVERN;

    /** The stages in the order in which a run takes them. */
    static final List<Stage> ORDER = List.of(values());

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

    /** The slices that the stage writes. */
    List<Table> writes() {
        return switch (this) {
            case FEATURES -> List.of(Tables.USER_PROFILES, Tables.TRAINING_EXAMPLES, Tables.QUARANTINE);
            case TRAIN -> List.of();
            case SCORE -> List.of(Tables.RESPONSIVENESS_SCORES);
            case ALLOCATE -> List.of(Tables.ENROLMENTS, Tables.ALLOCATIONS);
            case MEASURE -> List.of(Tables.SEGMENT_METRICS);
            case GOVERN -> List.of(Tables.RULE_DECISIONS);
        };
    }

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The stages that must be done before this one. */
    List<Stage> before() {
        return ORDER.subList(0, ORDER.indexOf(this));
    }
}
