package io.flagcast.jobs.questions.preview;

import static org.apache.spark.sql.functions.col;

import io.flagcast.allocation.BanditLearner;
import io.flagcast.allocation.OffPolicyEvaluation.PolicyValue;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.questions.PolicyValues;
import io.flagcast.jobs.questions.PolicyValues.Part;
import io.flagcast.jobs.run.Progress;
import io.flagcast.jobs.run.Rollout;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.inputs.Inputs;
import io.flagcast.settings.Settings;
import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;

/**
 * What the outcomes of users who have met an experiment are expected to be under an edited file.
 *
 * @param outcomes of every metric, for all users and each segment
 * @param notes what a person should know of them
 */
public record ExpectedOutcomes(List<Outcome> outcomes, List<String> notes) {

    private static final String PUBLISHED = "p_published";
    private static final String EDITED = "p_edited";

    /**
     * A metric of a segment.
     *
     * @param now its value under the published decisions
     * @param then its value under those of the edited file, and the difference
     */
    public record Outcome(String experimentId, Part part, PolicyValue now, PolicyValue then) {

        private List<String> notes() {
            String of = "%s, %s, %s".formatted(experimentId, part.metric(), part.segment());
            List<String> notes = new ArrayList<>();
            if (then.refusal().isEmpty() && then.effectiveSampleSize() < BanditLearner.LEAST_SAMPLE) {
                notes.add("%s: worth %.0f users only: take its interval for a hint"
                        .formatted(of, then.effectiveSampleSize()));
            }
            now.refusal().ifPresent(why -> notes.add("%s, now: %s".formatted(of, why)));
            then.refusal().ifPresent(why -> notes.add("%s, then: %s".formatted(of, why)));
            return notes;
        }
    }

    public ExpectedOutcomes {
        outcomes = List.copyOf(outcomes);
        notes = List.copyOf(notes);
    }

    /** Asks the log about every experiment that decides otherwise than it is published. */
    public static ExpectedOutcomes of(Preview preview, Lake lake, Inputs inputs, Settings settings, Progress progress) {
        List<Outcome> outcomes = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        for (Rollout rollout : preview.changed()) {
            if (rollout.experiment().metrics().isEmpty() || !settings.sources().containsKey(Tables.EXPOSURES)) {
                notes.add(rollout.experimentId() + ": no metrics or no exposures to expect outcomes from");
                continue;
            }
            progress.say("%s: asking the log what to expect".formatted(rollout.experimentId()));
            List<Outcome> own = new ArrayList<>();
            values(preview.live(), rollout, lake, inputs, settings)
                    .parts()
                    .forEach((part, evaluation) -> own.add(new Outcome(
                            rollout.experimentId(),
                            part,
                            evaluation.values().get(0),
                            evaluation.values().get(1))));
            if (own.isEmpty()) {
                notes.add(rollout.experimentId() + ": nobody has met it with a logged propensity and a closed window");
            }
            own.forEach(outcome -> notes.addAll(outcome.notes()));
            outcomes.addAll(own);
        }
        return new ExpectedOutcomes(outcomes, notes);
    }

    private static PolicyValues.Result values(
            Publication live, Rollout rollout, Lake lake, Inputs inputs, Settings settings) {
        Experiment experiment = rollout.experiment();
        Dataset<Row> profiles = lake.published(Tables.USER_PROFILES, Optional.of(live));
        Dataset<Row> metrics =
                PolicyValues.logged(lake, inputs, settings.arrivals(inputs), experiment, experiment.metrics());
        Dataset<Row> logged = experiment
                .value()
                .map(value -> metrics.unionByName(PolicyValues.net(metrics, profiles, experiment, value)))
                .orElse(metrics)
                .persist(StorageLevel.MEMORY_AND_DISK());
        Dataset<Row> edited = PolicyValues.decided(
                        logged, profiles, rollout, settings.lake().holdoutSalt())
                .select(col("user_id"), col("segment"), col("propensity").as(EDITED));
        Dataset<Row> published = lake.published(Tables.ALLOCATIONS, Optional.of(live))
                .where(col("experiment_id").equalTo(rollout.experimentId()))
                .select(col("user_id"), col("propensity").as(PUBLISHED));
        PolicyValues.Result result =
                PolicyValues.of(logged.join(edited, "user_id").join(published, "user_id"), List.of(PUBLISHED, EDITED));
        logged.unpersist();
        return result;
    }
}
