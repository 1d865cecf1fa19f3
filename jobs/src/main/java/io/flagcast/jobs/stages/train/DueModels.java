package io.flagcast.jobs.stages.train;

import io.flagcast.jobs.records.ModelRegistry;
import io.flagcast.jobs.records.ModelRegistry.Choice;
import io.flagcast.jobs.records.ModelRegistry.Entry;
import io.flagcast.jobs.run.Run;
import io.flagcast.jobs.stages.train.TrainModels.Intent;
import io.flagcast.lake.inputs.UserList;
import io.flagcast.settings.Settings;
import io.flagcast.tables.Tables;
import io.flagcast.training.CollaborativeModel;
import io.flagcast.training.EarlierVerdicts;
import io.flagcast.training.Objective;
import io.flagcast.training.usage.Family;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Which models a run is to train, and which it keeps.
 *
 * @param registry the models that there are
 * @param withheld users that no model may see
 */
record DueModels(Run run, ModelRegistry registry, Optional<Dataset<Row>> withheld) {

    /**
     * What becomes of the model of a feature or family.
     *
     * @param provenance how a new one is made
     * @param earlier what earlier trainings say of whether users differ
     * @param wrong what is wrong with the champion's file
     * @param isLost whether none of its champions can be read: it is trained anew, of the same examples to the same model
     * @param live the model in use
     * @param isYoung whether the newest one is young enough
     * @param same one that was made of the same already
     */
    record Decision(
            ModelProvenance provenance,
            EarlierVerdicts earlier,
            Optional<String> wrong,
            boolean isLost,
            Optional<Entry> live,
            boolean isYoung,
            Optional<Entry> same) {

        Decision {
            Objects.requireNonNull(provenance, "provenance");
            Objects.requireNonNull(earlier, "earlier");
        }

        boolean isDue() {
            return isLost || (!isYoung && same.isEmpty());
        }

        /** Which model stays, in words. */
        String kept() {
            return (isYoung ? "keeps " : "reuses ") + model();
        }

        private String model() {
            return (isYoung ? live : same).map(Entry::modelId).orElse("none");
        }
    }

    static DueModels of(Run run, ModelRegistry registry) {
        return new DueModels(
                run,
                registry,
                UserList.withheld(
                        run.settings().training().withhold(), run.lake().spark()));
    }

    boolean hasEvents() {
        return run.settings().sources().containsKey(Tables.EVENTS);
    }

    /** What would be done, for each feature and family. */
    List<Intent> intents() {
        List<Intent> intents = new ArrayList<>();
        run.settings().features().keySet().stream().sorted().forEach(featureId -> {
            boolean learns = run.settings().features().get(featureId).objective() != Objective.COLLABORATIVE;
            intents.add(learns ? intent(featureId, ofResponse(featureId)) : intentOfUsage(featureId));
        });
        run.settings().families().values().stream()
                .map(Family::pattern)
                .sorted()
                .forEach(pattern -> intents.add(intentOfUsage(pattern)));
        return intents;
    }

    private Intent intentOfUsage(String declaration) {
        return hasEvents()
                ? intent(declaration, ofUsage(declaration))
                : new Intent(false, declaration + ": no model, it waits for events");
    }

    private static Intent intent(String declaration, Decision decision) {
        return new Intent(
                decision.isDue(),
                declaration
                        + (decision.isDue()
                                ? decision.live()
                                        .map(entry -> ": " + entry.modelId() + " is in use")
                                        .orElse("")
                                : ": " + decision.model()));
    }

    /** Of a feature whose response is learned. */
    Decision ofResponse(String featureId) {
        Settings.Feature feature = run.settings().features().get(featureId);
        boolean uplift = feature.objective() == Objective.UPLIFT;
        ModelProvenance made = ModelProvenance.of(run, featureId, withheld);
        EarlierVerdicts earlier = uplift ? earlier(featureId, made) : EarlierVerdicts.NONE;
        return decision(
                featureId,
                uplift ? made.plus("earlier_verdicts", earlier.text()) : made,
                earlier,
                uplift ? run.settings().training().model().champion().name() : "response_linear",
                false);
    }

    /** Of a feature or family whose affinity is learned from usage. */
    Decision ofUsage(String declaration) {
        return decision(
                declaration,
                ModelProvenance.of(run, declaration, withheld),
                EarlierVerdicts.NONE,
                CollaborativeModel.LEARNER,
                true);
    }

    private Decision decision(
            String declaration,
            ModelProvenance provenance,
            EarlierVerdicts earlier,
            String learner,
            boolean isCollaborative) {
        Choice choice = registry.usable(declaration, run.asOf());
        boolean isYoung = registry.newest(declaration, run.asOf().minusSeconds(1))
                .filter(entry -> entry.learner().equals(CollaborativeModel.LEARNER) == isCollaborative)
                .filter(entry -> isYoung(entry, provenance))
                .filter(provenance::isMadeAs)
                .isPresent();
        return new Decision(
                provenance,
                earlier,
                choice.wrong(),
                choice.wrong().isPresent() && choice.usable().isEmpty(),
                registry.live(declaration, run.asOf()),
                isYoung,
                isYoung ? Optional.empty() : registry.withId(provenance.modelId(learner)));
    }

    /** Of a closed history a model does not age, but with its inputs. */
    private boolean isYoung(Entry entry, ModelProvenance provenance) {
        return run.settings().isClosed()
                ? provenance.isOfInputs(entry)
                : entry.asOf().plus(run.settings().training().retrainEvery()).isAfter(run.asOf());
    }

    /** What earlier trainings say of whether users differ: those that looked less far, so that a repeated one repeats it. */
    private EarlierVerdicts earlier(String featureId, ModelProvenance provenance) {
        Instant before = run.asOf().minusSeconds(1);
        long trainings = registry.trainings(featureId, before).stream()
                .filter(entry -> entry.verdict().isPresent())
                .filter(provenance::isOfFeature)
                .count();
        return EarlierVerdicts.of(
                (int) trainings,
                registry.live(featureId, before).filter(provenance::isOfFeature).map(Entry::metrics));
    }
}
