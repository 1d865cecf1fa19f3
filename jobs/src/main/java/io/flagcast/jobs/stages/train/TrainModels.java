package io.flagcast.jobs.stages.train;

import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.col;

import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.NetValue;
import io.flagcast.features.ResponseDefinition;
import io.flagcast.features.Usage;
import io.flagcast.jobs.decision.NetColumns;
import io.flagcast.jobs.records.FrozenPopulation;
import io.flagcast.jobs.records.ModelRegistry;
import io.flagcast.jobs.records.ModelRegistry.Cause;
import io.flagcast.jobs.records.ModelRegistry.Entry;
import io.flagcast.jobs.records.ModelRegistry.Status;
import io.flagcast.jobs.records.ModelRegistry.Usable;
import io.flagcast.jobs.run.Run;
import io.flagcast.jobs.run.StageResult;
import io.flagcast.jobs.stages.train.DueModels.Decision;
import io.flagcast.lake.inputs.UserList;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.Settings;
import io.flagcast.tables.Ids;
import io.flagcast.tables.Tables;
import io.flagcast.training.CollaborativeModel;
import io.flagcast.training.CollaborativeTraining;
import io.flagcast.training.FamilyModel;
import io.flagcast.training.FamilyTraining;
import io.flagcast.training.Objective;
import io.flagcast.training.ResponseTraining;
import io.flagcast.training.ResponseTraining.Live;
import io.flagcast.training.ResponseTraining.Result;
import io.flagcast.training.ResponsivenessModel;
import io.flagcast.training.Scoring.Scorer;
import io.flagcast.training.learners.TrainingSettings;
import io.flagcast.training.usage.Family;
import io.flagcast.training.usage.ItemFactors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.storage.StorageLevel;

/** Stage train: training examples and usage to models, where the newest model of a feature is due. */
public final class TrainModels {

    private final Run run;
    private final ModelRegistry registry;
    private final DueModels due;
    private final Dataset<Row> examples;
    private final Dataset<Row> profiles;
    private Map<String, Long> examplesOf = Map.of();
    private final List<Entry> trained = new ArrayList<>();
    private final List<Scorer> made = new ArrayList<>();
    private final List<String> summary = new ArrayList<>();
    private Optional<ItemFactors> factors;

    private TrainModels(Run run) {
        this.run = run;
        this.registry = ModelRegistry.read(run.lake());
        this.due = DueModels.of(run, registry);
        this.examples = UserList.without(
                        run.lake().slice(Tables.TRAINING_EXAMPLES, run.id().toString()), due.withheld())
                .persist(StorageLevel.MEMORY_AND_DISK());
        this.profiles =
                UserList.without(run.lake().slice(Tables.USER_PROFILES, run.id().toString()), due.withheld());
    }

    public static StageResult run(Run run) {
        TrainModels stage = new TrainModels(run);
        try {
            return stage.train();
        } finally {
            stage.examples.unpersist();
        }
    }

    /**
     * What the stage would do with the model of a feature or family.
     *
     * @param isDue whether one is trained
     * @param what the feature or family, and the model that it has
     */
    public record Intent(boolean isDue, String what) {}

    /** An intent for each feature and family. */
    public static List<Intent> plan(Run run) {
        return DueModels.of(run, ModelRegistry.read(run.lake())).intents();
    }

    private StageResult train() {
        examplesOf = examples.groupBy("feature_id").count().collectAsList().stream()
                .collect(Collectors.toMap(row -> row.getString(0), row -> row.getLong(1)));
        List<String> fromUsage = new ArrayList<>(run.settings().featuresWith(Objective.COLLABORATIVE));
        run.settings().features().keySet().stream()
                .filter(featureId -> !fromUsage.contains(featureId))
                .sorted()
                .toList()
                .forEach(featureId -> {
                    if (!fromExperiments(featureId)) {
                        fromUsage.add(featureId);
                    }
                });
        fromUsage(fromUsage);
        run.settings().families().values().stream()
                .sorted(Comparator.comparing(Family::pattern))
                .forEach(this::ofFamily);
        registry.append(withPopulation());
        return new StageResult(
                examplesOf.values().stream().mapToLong(Long::longValue).sum(),
                trained.size(),
                0,
                Map.of(Tables.MODEL_RUNS.name(), Integer.toString(trained.size())),
                Ids.few(summary, "; "));
    }

    /** What was trained, with all users as they are now. */
    private List<Entry> withPopulation() {
        if (made.isEmpty()) {
            return trained;
        }
        Map<String, FrozenPopulation> populations =
                FrozenPopulation.of(profiles, run.settings().predictorNames(), made);
        return trained.stream()
                .map(entry -> Optional.ofNullable(populations.get(entry.modelId()))
                        .map(population -> entry.over(population.toJson()))
                        .orElse(entry))
                .toList();
    }

    /** Learns the response to a feature; says whether the feature has a model then. */
    private boolean fromExperiments(String featureId) {
        TrainingSettings how = run.settings().training().model();
        Settings.Feature feature = run.settings().features().get(featureId);
        Decision decision = due.ofResponse(featureId);
        if (isKept(featureId, decision)) {
            return true;
        }
        ModelProvenance provenance = decision.provenance();
        ResponseDefinition response = feature.response().orElseThrow();
        ResponseTraining training = new ResponseTraining(
                run.settings().predictorNames(),
                // They take a factorisation, for which there is no use without examples.
                examplesOf.containsKey(featureId) ? factors() : Optional.empty(),
                ConfiguredExperiments.leastPropensity(run.experiments(), featureId),
                how);
        Dataset<Row> own = examples.where(col("feature_id").equalTo(featureId));
        Result result = feature.objective() == Objective.UPLIFT
                ? training.uplift(
                        own,
                        response.kind(),
                        live(featureId, response, provenance),
                        decision.earlier(),
                        breakEven(featureId, own))
                : training.propensity(own, response.kind());
        if (result instanceof Result.TooLittle nothing) {
            Optional<Entry> live = registry.live(featureId, run.asOf())
                    .filter(entry -> !entry.learner().equals(CollaborativeModel.LEARNER));
            say(featureId, (live.isPresent() ? "no new model: " : "no model yet: ") + nothing.reason());
            live.ifPresent(entry -> summary.add(featureId + " keeps " + entry.modelId()));
            return live.isPresent();
        }
        add(featureId, (Result.Trained) result, provenance);
        return true;
    }

    /** Uplift from which on enabling a user pays; where each has a cost of his own, by their mean. */
    private OptionalDouble breakEven(String featureId, Dataset<Row> own) {
        Optional<NetValue> value = ConfiguredExperiments.value(run.experiments(), featureId);
        if (value.isEmpty() || value.get().breakEven().isPresent()) {
            return value.map(NetValue::breakEven).orElse(OptionalDouble.empty());
        }
        Experiment declaring = run.experiments().stream()
                .filter(experiment -> experiment.featureId().equals(featureId))
                .filter(experiment -> experiment.value().isPresent())
                .findFirst()
                .orElseThrow();
        Row mean = own.agg(avg(NetColumns.cost(declaring, value.get(), own.schema())))
                .head();
        return mean.isNullAt(0)
                ? OptionalDouble.empty()
                : OptionalDouble.of(mean.getDouble(0) / value.get().per());
    }

    /** Whether nothing is to be trained: the newest model is young enough, or one was made of the same already. */
    private boolean isKept(String declaration, Decision decision) {
        decision.wrong().ifPresent(why -> say(declaration, why));
        if (decision.isDue()) {
            return false;
        }
        summary.add(declaration + " " + decision.kept());
        decision.same().ifPresent(entry -> {
            boolean replaced = decision.live()
                    .filter(other -> !other.modelId().equals(entry.modelId()) && other.cause() == Cause.TRAINING)
                    .isPresent();
            if (replaced && entry.status() == Status.CHAMPION) {
                // Another configuration was trained for this as-of meanwhile.
                trained.add(entry.given(Status.CHAMPION, Cause.TRAINING, run.asOf(), run.startedAt()));
            }
        });
        return true;
    }

    private void add(String featureId, Result.Trained result, ModelProvenance provenance) {
        result.notes().forEach(note -> say(featureId, note));
        result.rejection().ifPresent(reason -> say(featureId, "new model rejected, " + reason));
        Entry champion = written(
                featureId,
                result.rejection().isPresent() ? Status.REJECTED : Status.CHAMPION,
                result.champion(),
                provenance);
        trained.add(champion);
        result.challengers().forEach(model -> trained.add(written(featureId, Status.CHALLENGER, model, provenance)));
        summary.add("%s trains %s (%s) on %,d%s"
                .formatted(
                        featureId,
                        champion.modelId(),
                        champion.learner(),
                        champion.examples(),
                        champion.features().isPresent()
                                ? ", %,d features".formatted(champion.features().getAsLong())
                                : ""));
    }

    private Entry written(String featureId, Status status, ResponsivenessModel model, ModelProvenance provenance) {
        String modelId = provenance.modelId(model.learner());
        made.add(new Scorer(featureId, modelId, model));
        return registry.written(run, modelId, featureId, status, model, provenance.with(model.learner()));
    }

    /** Learns affinities from usage, for features that are known from nothing else. */
    private void fromUsage(List<String> featureIds) {
        if (!due.hasEvents()) {
            featureIds.forEach(featureId -> summary.add(featureId + " waits"));
            return;
        }
        Map<String, ModelProvenance> due = new TreeMap<>();
        for (String featureId : featureIds) {
            due(featureId).ifPresent(provenance -> due.put(featureId, provenance));
        }
        if (due.isEmpty()) {
            return;
        }
        Result result = new CollaborativeTraining(run.settings().training().model())
                .train(profiles, List.copyOf(due.keySet()), categories());
        if (result instanceof Result.TooLittle nothing) {
            waits(due.keySet(), nothing.reason());
            return;
        }
        Result.Trained usable = (Result.Trained) result;
        usable.notes().forEach(note -> say(Ids.few(due.keySet()), note));
        CollaborativeModel model = (CollaborativeModel) usable.champion();
        List<String> unused = new ArrayList<>();
        due.forEach((featureId, provenance) -> {
            if (model.references().containsKey(featureId)) {
                add(featureId, Result.Trained.alone(model.of(featureId), List.of()), provenance);
            } else {
                unused.add(featureId);
            }
        });
        waits(unused, "no usage events of it");
    }

    /** Learns the affinities to all features of a family. */
    private void ofFamily(Family family) {
        String pattern = family.pattern();
        if (!due.hasEvents()) {
            summary.add(pattern + " waits");
            return;
        }
        FamilyTraining training =
                new FamilyTraining(family, run.settings().training().model());
        Predicate<String> own = run.settings().membersOf(family);
        Optional<ModelProvenance> due = due(pattern);
        Optional<Usable> used = registry.usable(pattern, run.asOf()).usable();
        if (due.isPresent()) {
            Result result = training.train(profiles, own, categories());
            if (result instanceof Result.Trained usable) {
                add(pattern, usable, due.get());
            } else if (used.isEmpty()) {
                waits(List.of(pattern), ((Result.TooLittle) result).reason());
            } else {
                run.progress().notice("%s: no new model: %s".formatted(pattern, ((Result.TooLittle) result).reason()));
                summary.add(pattern + " keeps " + used.get().entry().modelId());
            }
        } else if (used.isPresent() && used.get().model() instanceof FamilyModel model) {
            long unknown = training.unknown(profiles, own, model);
            if (unknown > 0) {
                say(
                        pattern,
                        "%s at its next training, from %s on"
                                .formatted(
                                        unknown == 1
                                                ? "1 more feature joins it"
                                                : "%,d more features join it".formatted(unknown),
                                        used.get()
                                                .entry()
                                                .asOf()
                                                .plus(run.settings().training().retrainEvery())));
            }
        }
    }

    /** How a model from usage is to be made now; absent where the one of before is kept. */
    private Optional<ModelProvenance> due(String declaration) {
        Decision decision = due.ofUsage(declaration);
        return isKept(declaration, decision) ? Optional.empty() : Optional.of(decision.provenance());
    }

    /** Attributes whose levels may stand for their users. */
    private List<String> categories() {
        return run.settings().predictors().attributes().stream()
                .filter(name -> profiles.schema().apply(name).dataType().equals(DataTypes.StringType))
                .toList();
    }

    private void waits(Collection<String> declarations, String reason) {
        if (!declarations.isEmpty()) {
            say(Ids.few(declarations), "no model yet: " + reason);
            declarations.forEach(declaration -> summary.add(declaration + " waits"));
        }
    }

    private void say(String featureId, String note) {
        run.progress().say("           " + featureId + ": " + note);
    }

    /** Item factors for predictors, fitted once: usage before the exposure of exposed users, up to the as-of of others. */
    private Optional<ItemFactors> factors() {
        if (factors == null) {
            factors = run.settings().sources().containsKey(Tables.EVENTS)
                    ? new CollaborativeTraining(run.settings().training().model())
                            .factors(Usage.beforeAnyExposure(
                                    examples, profiles, run.inputs().exposures()))
                    : Optional.empty();
        }
        return factors;
    }

    /** The model in use, where a new one can be compared with it. */
    private Optional<Live> live(String featureId, ResponseDefinition response, ModelProvenance provenance) {
        Optional<Usable> usable =
                registry.usable(featureId, run.asOf().minusSeconds(1)).usable();
        Optional<Entry> entry = usable.map(Usable::entry);
        if (entry.isEmpty()
                || entry.get().verdict().isEmpty()
                || !provenance.isOfFeature(entry.get())
                || !(usable.get().model() instanceof ResponsivenessModel.Uplift model)
                || model.kind() != response.kind()
                || !Arrays.asList(examples.columns()).containsAll(model.inputs())) {
            return Optional.empty();
        }
        return Optional.of(new Live(model, entry.get().asOf().minus(response.within())));
    }
}
