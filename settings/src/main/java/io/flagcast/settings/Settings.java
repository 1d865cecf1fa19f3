package io.flagcast.settings;

import static java.util.stream.Collectors.toMap;

import io.flagcast.delivery.DeliverySettings;
import io.flagcast.delivery.LineageSettings;
import io.flagcast.experiments.Experiment;
import io.flagcast.features.Predictors;
import io.flagcast.features.Profiles;
import io.flagcast.features.ResponseDefinition;
import io.flagcast.features.TrainingExamples;
import io.flagcast.features.Usage;
import io.flagcast.lake.Secrets;
import io.flagcast.lake.inputs.Inputs;
import io.flagcast.lake.inputs.SourceSettings;
import io.flagcast.simulation.SimulationSettings;
import io.flagcast.statistics.Arrivals;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import io.flagcast.training.Objective;
import io.flagcast.training.learners.TrainingSettings;
import io.flagcast.training.usage.Family;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * All configuration, checked.
 *
 * @param lake where the tables are
 * @param experiments folder of experiment files, or one file
 * @param sources per input table; a table that is absent is empty
 * @param predictors attributes by role
 * @param usage aggregates of usage
 * @param features product features that are declared each by itself, by id
 * @param families those that are declared together, by pattern
 * @param training how models are trained, and when
 * @param history whether rows still come
 * @param maxQuarantined share of a table's rows that may be quarantined, in [0, 1]
 * @param staleAfter age of the newest event, exposure or outcome from which data are stale
 * @param publishEvery how often the pipeline publishes: an older publication means that it did not run
 * @param mayBeEmpty inputs, and parts of them as "outcome purchase", that may have had rows and have none
 * @param alerts who is told of alerts
 * @param lineage who is told of runs and their data sets
 * @param simulation the simulated world
 * @param hash SHA-256 of the resolved configuration without its secrets
 */
public record Settings(
        LakeSettings lake,
        String experiments,
        Map<Table, SourceSettings> sources,
        Predictors predictors,
        Usage usage,
        Map<String, Feature> features,
        Map<String, Family> families,
        Training training,
        History history,
        double maxQuarantined,
        Duration staleAfter,
        Duration publishEvery,
        Set<String> mayBeEmpty,
        DeliverySettings alerts,
        LineageSettings lineage,
        SimulationSettings simulation,
        String hash) {

    /** Whether rows still come. */
    public enum History {
        /** Every day brings more; where none come, something is broken. */
        OPEN,
        /** A test that is over, or a file that was exported once: nothing is late, stale or few by the clock. */
        CLOSED
    }

    public Settings {
        Objects.requireNonNull(history, "history");
        sources = Map.copyOf(sources);
        features = Map.copyOf(features);
        families = Map.copyOf(families);
        mayBeEmpty = Set.copyOf(mayBeEmpty);
        Objects.requireNonNull(hash, "hash");
    }

    /**
     * The lake.
     *
     * @param root folder or object prefix of all tables
     * @param holdout fraction of users kept out of every experiment, in [0, 1)
     * @param holdoutSalt salt of that holdout
     * @param keepPublications run slices that are kept, at least 2
     * @param keepFor for how long what was live is kept all the same, for whoever still reads it
     * @param leaseExpiry how long a process on a store may be silent before another takes its place
     */
    public record LakeSettings(
            String root,
            double holdout,
            String holdoutSalt,
            int keepPublications,
            Duration keepFor,
            Duration leaseExpiry) {
        public LakeSettings {
            if (root.isBlank()) {
                throw new IllegalArgumentException("flagcast.lake.root is empty: name a folder or s3a:// prefix");
            }
            if (!(holdout >= 0 && holdout < 1)) {
                throw new IllegalArgumentException(
                        "flagcast.lake.holdout is " + holdout + ": it must be in [0%, 100%)");
            }
            if (keepPublications < 2) {
                throw new IllegalArgumentException("flagcast.lake.keep-publications is " + keepPublications
                        + ": it must be at least 2, the live one and one to return to");
            }
            Objects.requireNonNull(keepFor, "keepFor");
            Objects.requireNonNull(leaseExpiry, "leaseExpiry");
        }
    }

    /**
     * A product feature.
     *
     * @param objective what its score ranks by
     * @param response what counts as a positive response; absent for collaborative
     */
    public record Feature(Objective objective, Optional<ResponseDefinition> response) {
        public Feature {
            Objects.requireNonNull(objective, "objective");
            Objects.requireNonNull(response, "response");
        }
    }

    /**
     * When and on whom models are trained.
     *
     * @param model how
     * @param retrainEvery a younger model is used again
     * @param withhold CSV file of users that no model may see
     */
    public record Training(TrainingSettings model, Duration retrainEvery, Optional<String> withhold) {
        public Training {
            Objects.requireNonNull(model, "model");
            Objects.requireNonNull(withhold, "withhold");
        }
    }

    /** How each source is read, as text that is the same in every process and with every secret. */
    public Map<String, String> mappings() {
        Map<String, String> mappings = new TreeMap<>();
        sources.forEach((table, source) -> mappings.put(
                table.name(),
                List.of(
                                source.format(),
                                source.schema(),
                                Secrets.hidden(source.options()),
                                new TreeMap<>(source.columns()),
                                source.each(),
                                source.where(),
                                source.duplicates(),
                                source.lacking())
                        .toString()));
        return mappings;
    }

    public boolean isClosed() {
        return history == History.CLOSED;
    }

    /** Up to when outcomes are in: of a closed history all are. */
    public Arrivals arrivals(Inputs inputs) {
        Arrivals found = inputs.arrivals();
        return isClosed() ? Arrivals.complete(found.asOf()) : found;
    }

    /** Names of all predictors: attributes, and aggregates of usage where there are events. */
    public List<String> predictorNames() {
        return sources.containsKey(Tables.EVENTS) ? Profiles.names(predictors, usage) : predictors.attributes();
    }

    /** The configured responses. */
    public List<ResponseDefinition> responses() {
        return features.values().stream()
                .flatMap(feature -> feature.response().stream())
                .toList();
    }

    /** Features with an objective, in the order of their names. */
    public List<String> featuresWith(Objective objective) {
        return features.entrySet().stream()
                .filter(entry -> entry.getValue().objective() == objective)
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }

    /** What a feature is declared by: its own id, or the pattern of the family that it belongs to; absent where nothing declares it. */
    public Optional<String> declaration(String featureId) {
        return features.containsKey(featureId)
                ? Optional.of(featureId)
                : Family.of(featureId, families.values())
                        // An id like a pattern would be told from it by nobody.
                        .filter(family -> !families.containsKey(featureId))
                        .map(Family::pattern);
    }

    /** Which features belong to a family, and to nothing that is closer to their ids. */
    public Predicate<String> membersOf(Family family) {
        return featureId ->
                declaration(featureId).filter(family.pattern()::equals).isPresent();
    }

    /** The declarations, each a feature or a family, in the order of their names. */
    public List<String> declarations() {
        return Stream.concat(features.keySet().stream(), families.keySet().stream())
                .sorted()
                .toList();
    }

    /** What models learn from. */
    public TrainingExamples learning(List<Experiment> experiments) {
        return new TrainingExamples(
                responses(),
                experiments.stream().collect(toMap(Experiment::experimentId, Experiment::featureId)),
                predictors,
                usage);
    }
}
