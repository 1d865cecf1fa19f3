package io.flagcast.jobs.questions;

import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.NetValue;
import io.flagcast.jobs.records.ModelRegistry;
import io.flagcast.jobs.records.ModelRegistry.Usable;
import io.flagcast.lake.Lake;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.ranking.ShownUplift.Best;
import io.flagcast.statistics.ranking.ShownUplift.Gain;
import io.flagcast.training.ResponsivenessModel.Uplift;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Whom it pays to enable in an experiment that says what users earn and cost, and what that is worth: as the model in use has
 * shown it on users whom it had not seen.
 *
 * @param experiment the experiment
 * @param value what users earn and cost
 * @param modelId the model; absent where none has learned yet what users gain
 * @param heterogeneous whether the model tells users apart
 * @param best what is best, in the unit of the metric; absent without a model, and where each user has a cost of his own
 */
public record WhatPays(
        Experiment experiment, NetValue value, Optional<String> modelId, boolean heterogeneous, Optional<Best> best) {

    private static final double CONFIDENCE = 0.95;

    /** Of those experiments that say what users earn and cost, by the models that a run of this as-of uses. */
    public static List<WhatPays> of(Lake lake, List<Experiment> experiments, Instant asOf) {
        List<Experiment> asked = experiments.stream()
                .filter(experiment -> experiment.value().isPresent())
                .toList();
        if (asked.isEmpty()) {
            return List.of();
        }
        ModelRegistry registry = ModelRegistry.read(lake);
        return asked.stream()
                .map(experiment -> of(
                        experiment,
                        registry.usable(experiment.featureId(), asOf)
                                .usable()
                                .filter(usable -> usable.model() instanceof Uplift)))
                .toList();
    }

    private static WhatPays of(Experiment experiment, Optional<Usable> usable) {
        NetValue value = experiment.value().orElseThrow();
        Optional<Uplift> model = usable.map(known -> (Uplift) known.model());
        return new WhatPays(
                experiment,
                value,
                usable.map(known -> known.entry().modelId()),
                model.filter(Uplift::heterogeneous).isPresent(),
                value.breakEven().isPresent()
                        ? model.map(Uplift::shown)
                                .map(shown -> shown.best(value.breakEven().getAsDouble()))
                        : Optional.empty());
    }

    /** A sentence each. */
    public List<String> sentences() {
        List<String> sentences = new ArrayList<>();
        String of = "%s, net value (%s): ".formatted(experiment.experimentId(), value.formula());
        if (modelId.isEmpty()) {
            sentences.add(of + "no model has learned yet what users gain");
        } else if (best.isEmpty()) {
            sentences.add(of
                    + "each user is held against his own cost, by what users with such a score have gained (model %s); what that is worth, evaluate-policy says"
                            .formatted(modelId.get()));
        } else {
            sentences.add(of
                    + (heterogeneous ? bestOf(best.get()) : undivided(best.get()))
                    + " (out of fold, model %s)".formatted(modelId.get()));
        }
        return sentences;
    }

    private String bestOf(Best found) {
        String everybody = "everybody is worth " + money(found.everybody()) + " a user";
        return switch (found.choice()) {
            case BY_SCORE ->
                "it pays to enable from score %.1f on, %.1f %% of the users: worth %s a user over nobody and %s over everybody; %s"
                        .formatted(
                                found.from().orElseThrow(),
                                100 * found.share(),
                                money(found.overNobody()),
                                money(found.overEverybody()),
                                everybody);
            case EVERYBODY ->
                "it pays to enable everybody, no choice of scores is shown to be worth more: the best is worth %s a user over everybody; %s"
                        .formatted(money(found.overEverybody()), everybody);
            case NOBODY ->
                "it is not shown to pay to enable anybody: the best choice of scores is worth %s a user over nobody; %s"
                        .formatted(money(found.overNobody()), everybody);
        };
    }

    /** Where users are not told apart, none has a score. */
    private String undivided(Best found) {
        boolean pays = found.everybody().lower(CONFIDENCE) > 0;
        return "users are not shown to differ, so that nobody has a score; everybody is worth %s a user, which is %sshown to pay"
                .formatted(money(found.everybody()), pays ? "" : "not ");
    }

    private String money(Gain gain) {
        Gain worth = gain.times(value.per());
        Interval interval = worth.interval(CONFIDENCE);
        return "%+.4f (%+.4f to %+.4f)".formatted(worth.perUser(), interval.lower(), interval.upper());
    }
}
