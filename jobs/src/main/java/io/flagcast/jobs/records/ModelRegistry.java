package io.flagcast.jobs.records;

import com.fasterxml.jackson.core.type.TypeReference;
import io.flagcast.jobs.run.Run;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Json;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Refusal;
import io.flagcast.tables.ContentHash;
import io.flagcast.tables.Tables;
import io.flagcast.training.ResponsivenessModel;
import io.flagcast.training.usage.Family;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * Trained models: {@code model_runs} and the files it points to.
 *
 * @param lake where they are
 * @param entries every status that was given, oldest first
 */
public record ModelRegistry(Lake lake, List<Entry> entries) {

    private static final String FEATURES = "features";

    /** What a model is to its feature. */
    public enum Status {
        /** In use, until another is. */
        CHAMPION,
        /** Another learner's model of the same examples. */
        CHALLENGER,
        /** Worse than the one in use when it was trained. */
        REJECTED;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Who gave a status. */
    public enum Cause {
        TRAINING,
        PERSON;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A row of {@code model_runs}.
     *
     * @param modelId hash of all that made it
     * @param featureId the feature, or the pattern of the family that it scores
     * @param learner the learner
     * @param status what it became
     * @param verdict whether users differ; absent where no uplift is learned
     * @param cause who gave the status
     * @param effectiveAsOf runs of this as-of and later use it
     * @param changedAt when the status was given
     * @param asOf instant up to which its examples looked
     * @param runId run that trained it
     * @param examples training examples
     * @param metrics out-of-fold quality by name
     * @param curves JSON, for plots; absent where no uplift is learned
     * @param population JSON, all users as they were at the time; absent before they are counted
     * @param provenance all that made it
     * @param path below the lake's root
     * @param checksum SHA-256 of the file
     */
    public record Entry(
            String modelId,
            String featureId,
            String learner,
            Status status,
            Optional<String> verdict,
            Cause cause,
            Instant effectiveAsOf,
            Instant changedAt,
            Instant asOf,
            String runId,
            long examples,
            Map<String, Double> metrics,
            Optional<String> curves,
            Optional<String> population,
            Map<String, String> provenance,
            String path,
            String checksum) {

        public Entry {
            metrics = Map.copyOf(metrics);
            provenance = Map.copyOf(provenance);
        }

        /** How many features it scores, where it is of a family. */
        public OptionalLong features() {
            return metrics.containsKey(FEATURES)
                    ? OptionalLong.of(Math.round(metrics.get(FEATURES)))
                    : OptionalLong.empty();
        }

        /** Whether it is of this feature, or of a family whose pattern matches it. */
        public boolean isOf(String id) {
            return featureId.equals(id)
                    || (features().isPresent() && new Family(featureId, 1, 1, Optional.empty()).matches(id));
        }

        /** The same model with another status. */
        public Entry given(Status to, Cause by, Instant from, Instant at) {
            return new Entry(
                    modelId,
                    featureId,
                    learner,
                    to,
                    verdict,
                    by,
                    from,
                    at,
                    asOf,
                    runId,
                    examples,
                    metrics,
                    curves,
                    population,
                    provenance,
                    path,
                    checksum);
        }

        /** The same model with all users as they are now. */
        public Entry over(String users) {
            return new Entry(
                    modelId,
                    featureId,
                    learner,
                    status,
                    verdict,
                    cause,
                    effectiveAsOf,
                    changedAt,
                    asOf,
                    runId,
                    examples,
                    metrics,
                    curves,
                    Optional.of(users),
                    provenance,
                    path,
                    checksum);
        }

        private Row row() {
            return RowFactory.create(
                    modelId,
                    featureId,
                    learner,
                    status.label(),
                    verdict.orElse(null),
                    cause.label(),
                    effectiveAsOf,
                    changedAt,
                    asOf,
                    runId,
                    examples,
                    Json.write(new TreeMap<>(metrics)),
                    curves.orElse(null),
                    population.orElse(null),
                    Json.write(new TreeMap<>(provenance)),
                    path,
                    checksum);
        }

        private static Entry of(Row row) {
            return new Entry(
                    row.getAs("model_id"),
                    row.getAs("feature_id"),
                    row.getAs("learner"),
                    Status.valueOf(row.<String>getAs("status").toUpperCase(Locale.ROOT)),
                    Optional.ofNullable(row.getAs("verdict")),
                    Cause.valueOf(row.<String>getAs("cause").toUpperCase(Locale.ROOT)),
                    Lake.instant(row, "effective_as_of"),
                    Lake.instant(row, "changed_at"),
                    Lake.instant(row, "as_of"),
                    row.getAs("run_id"),
                    row.<Long>getAs("examples"),
                    Json.read(row.getAs("metrics"), new TypeReference<>() {}, "model_runs"),
                    Optional.ofNullable(row.getAs("curves")),
                    Optional.ofNullable(row.getAs("population")),
                    Json.read(row.getAs("provenance"), new TypeReference<>() {}, "model_runs"),
                    row.getAs("path"),
                    row.getAs("checksum"));
        }
    }

    private static final Comparator<Entry> BY_CHANGE =
            Comparator.comparing(Entry::changedAt).thenComparing(Entry::modelId);

    public ModelRegistry {
        entries = entries.stream().sorted(BY_CHANGE).toList();
    }

    public static ModelRegistry read(Lake lake) {
        return new ModelRegistry(
                lake,
                lake.history(Tables.MODEL_RUNS).collectAsList().stream()
                        .map(Entry::of)
                        .toList());
    }

    /** The present status of every model. */
    public List<Entry> models() {
        Map<String, Entry> models = new LinkedHashMap<>();
        entries.forEach(entry -> models.put(entry.modelId(), entry));
        return List.copyOf(models.values());
    }

    /** The patterns of families with a model that match a feature. */
    public List<String> families(String featureId) {
        return entries.stream()
                .filter(entry -> entry.features().isPresent() && entry.isOf(featureId))
                .map(Entry::featureId)
                .distinct()
                .toList();
    }

    public Optional<Entry> withId(String modelId) {
        return models().stream()
                .filter(entry -> entry.modelId().equals(modelId))
                .findFirst();
    }

    /** The model in use for a feature in runs of an as-of. */
    public Optional<Entry> live(String featureId, Instant asOf) {
        List<Entry> used = used(featureId, asOf);
        return used.isEmpty() ? Optional.empty() : Optional.of(used.get(used.size() - 1));
    }

    /** The model that a rollback returns to. */
    public Optional<Entry> beforeLive(String featureId, Instant asOf) {
        List<Entry> used = used(featureId, asOf);
        return used.size() < 2 ? Optional.empty() : Optional.of(used.get(used.size() - 2));
    }

    /** Champions in the order in which they took effect; a return to the one before takes the last away. */
    private List<Entry> used(String featureId, Instant asOf) {
        List<Entry> used = new ArrayList<>();
        entries.stream()
                .filter(entry -> entry.featureId().equals(featureId))
                .filter(entry -> entry.status() == Status.CHAMPION)
                .filter(entry -> !entry.effectiveAsOf().isAfter(asOf))
                .sorted(Comparator.comparing(Entry::effectiveAsOf).thenComparing(BY_CHANGE))
                .forEach(entry -> {
                    int last = used.size() - 1;
                    if (last >= 0 && used.get(last).modelId().equals(entry.modelId())) {
                        used.set(last, entry);
                    } else if (last >= 1 && used.get(last - 1).modelId().equals(entry.modelId())) {
                        used.remove(last);
                    } else {
                        used.add(entry);
                    }
                });
        return used;
    }

    /** The newest training of a feature whose examples looked no further than the given instant, whatever became of it. */
    public Optional<Entry> newest(String featureId, Instant upTo) {
        return entries.stream()
                .filter(entry -> entry.featureId().equals(featureId))
                .filter(entry -> entry.cause() == Cause.TRAINING)
                .filter(entry -> !entry.asOf().isAfter(upTo))
                .max(Comparator.comparing(Entry::asOf).thenComparing(BY_CHANGE));
    }

    /**
     * Trainings of a feature whose examples looked no further than the given instant, oldest first: what each made its
     * champion, whatever became of it.
     */
    public List<Entry> trainings(String featureId, Instant upTo) {
        Map<String, Entry> first = new LinkedHashMap<>();
        entries.stream()
                .filter(entry -> entry.featureId().equals(featureId))
                .filter(entry -> entry.cause() == Cause.TRAINING && entry.status() != Status.CHALLENGER)
                .filter(entry -> !entry.asOf().isAfter(upTo))
                .forEach(entry -> first.putIfAbsent(entry.modelId(), entry));
        return first.values().stream().sorted(Comparator.comparing(Entry::asOf)).toList();
    }

    /**
     * What a feature is scored with.
     *
     * @param entry the model
     * @param model its file
     */
    public record Usable(Entry entry, ResponsivenessModel model) {}

    /**
     * What a feature is scored with, and why that is not the model in use.
     *
     * @param usable the newest champion that can be read; absent where there is none
     * @param wrong what is wrong with the model in use; absent where it can be read
     */
    public record Choice(Optional<Usable> usable, Optional<String> wrong) {

        /** Whether it can be said that something is wrong, or right: there has been a champion. */
        public boolean isOfChampion() {
            return usable.isPresent() || wrong.isPresent();
        }
    }

    /** The model in use for a feature in runs of an as-of; where its file is lost or changed, the champion before it. */
    public Choice usable(String featureId, Instant asOf) {
        List<Entry> used = used(featureId, asOf);
        Optional<String> wrong = Optional.empty();
        for (int i = used.size() - 1; i >= 0; i--) {
            try {
                return new Choice(Optional.of(new Usable(used.get(i), load(used.get(i)))), wrong);
            } catch (Refusal e) {
                wrong = wrong.or(() -> Optional.of(e.getMessage()));
            }
        }
        return new Choice(Optional.empty(), wrong);
    }

    /**
     * Loads a model.
     *
     * @throws Refusal with exit code 65 where the file is not the one that was written, or not there
     */
    public ResponsivenessModel load(Entry entry) {
        String json = lake.files()
                .read(entry.path())
                .orElseThrow(() -> new Refusal(
                        ExitCode.DATA_REFUSED,
                        "model %s: %s is not there, or not as it was written: restore it, or flagcast models promote another"
                                .formatted(entry.modelId(), entry.path())));
        if (!ContentHash.sha256(json).equals(entry.checksum())) {
            throw new Refusal(
                    ExitCode.DATA_REFUSED,
                    "model %s: the checksum of %s is %s, model_runs says %s: the file was changed; restore it, or flagcast models promote another"
                            .formatted(entry.modelId(), entry.path(), ContentHash.sha256(json), entry.checksum()));
        }
        try {
            return ResponsivenessModel.fromJson(json);
        } catch (IllegalArgumentException e) {
            throw new Refusal(
                    ExitCode.DATA_REFUSED,
                    "model %s: %s is of another version of Flagcast, %s: a run trains the feature anew, or flagcast models promote another"
                            .formatted(entry.modelId(), entry.path(), e.getMessage()));
        }
    }

    /** A model that a run trained; its file is written, its row is not yet. */
    public Entry written(
            Run run,
            String modelId,
            String featureId,
            Status status,
            ResponsivenessModel model,
            Map<String, String> provenance) {
        // What is no letter, as the star of a pattern, may be more than a name to a file system.
        String path = "models/" + featureId.replaceAll("[^A-Za-z0-9_]", "+") + "/" + modelId + ".json";
        String json = model.toJson();
        lake.files().write(path, json);
        boolean uplift = model instanceof ResponsivenessModel.Uplift;
        return new Entry(
                modelId,
                featureId,
                model.learner(),
                status,
                uplift ? Optional.of(((ResponsivenessModel.Uplift) model).verdict()) : Optional.empty(),
                Cause.TRAINING,
                run.asOf(),
                run.startedAt(),
                run.asOf(),
                run.id().toString(),
                Math.round(
                        model.metrics().getOrDefault("examples", model.metrics().getOrDefault("users", 0.0))),
                model.metrics(),
                uplift ? Optional.of(Json.write(((ResponsivenessModel.Uplift) model).curves())) : Optional.empty(),
                Optional.empty(),
                provenance,
                path,
                ContentHash.sha256(json));
    }

    /** Adds statuses in one commit. */
    public void append(List<Entry> given) {
        lake.append(Tables.MODEL_RUNS, given.stream().map(Entry::row).toList());
    }
}
