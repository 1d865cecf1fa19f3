package io.flagcast.jobs.stages.train;

import static org.apache.spark.sql.functions.bit_xor;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.xxhash64;

import io.flagcast.jobs.records.ModelRegistry.Entry;
import io.flagcast.jobs.run.CodeVersion;
import io.flagcast.jobs.run.Run;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.Settings;
import io.flagcast.tables.ContentHash;
import io.flagcast.training.usage.Family;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * All that decides what the models of a feature become, but for their learner; its hash is a model's id.
 *
 * @param facts by name
 */
record ModelProvenance(Map<String, String> facts) {

    /** What a model is made as; a young one that was made otherwise is not kept. */
    private static final List<String> MADE_AS =
            List.of("feature", "experiments", "value", "predictors", "usage", "withheld", "training");

    ModelProvenance {
        facts = Collections.unmodifiableMap(new TreeMap<>(facts));
    }

    /**
     * The provenance of what a run makes.
     *
     * @param declaration a feature, or the pattern of a family
     * @param withheld users that no model may see, by {@code user_id}
     */
    static ModelProvenance of(Run run, String declaration, Optional<Dataset<Row>> withheld) {
        Settings settings = run.settings();
        Map<String, String> facts = new TreeMap<>();
        facts.put("feature", declaration + " " + declared(settings, declaration));
        facts.put("as_of", run.asOf().toString());
        facts.put(
                "experiments",
                run.experiments().stream()
                        .filter(experiment -> experiment.featureId().equals(declaration))
                        .map(experiment -> experiment.experimentId() + " " + experiment.exploration())
                        .sorted()
                        .toList()
                        .toString());
        facts.put(
                "value",
                ConfiguredExperiments.value(run.experiments(), declaration)
                        .map(value -> value.per() + " " + value.cost())
                        .orElse("none"));
        // A hash: options may hold a password.
        facts.put("sources", ContentHash.sha256(settings.mappings().toString()));
        facts.put(
                "withheld",
                withheld.map(users -> users.agg(count(lit(1)), bit_xor(xxhash64(col("user_id"))))
                                .head()
                                .toString())
                        .orElse("nobody"));
        facts.put("inputs", new TreeMap<>(run.inputs().versions()).toString());
        facts.put("predictors", settings.predictorNames().toString());
        facts.put("usage", settings.usage().toString());
        facts.put("training", settings.training().model().toString());
        facts.put("code", CodeVersion.current());
        return new ModelProvenance(facts);
    }

    /** What a declaration says of the models that are made by it: of a family, who is scored by something closer, but not what is published. */
    private static String declared(Settings settings, String declaration) {
        Family family = settings.families().get(declaration);
        return family == null
                ? settings.features().get(declaration).toString()
                : "of %d users, without %s"
                        .formatted(
                                family.minUsers(),
                                Stream.concat(
                                                settings.features().keySet().stream()
                                                        .filter(family::matches),
                                                settings.families().values().stream()
                                                        .filter(other -> !other.equals(family) && other.mayMeet(family))
                                                        .map(Family::pattern))
                                        .sorted()
                                        .toList());
    }

    /** The same with one more fact. */
    ModelProvenance plus(String name, String fact) {
        Map<String, String> all = new TreeMap<>(facts);
        all.put(name, fact);
        return new ModelProvenance(all);
    }

    /** Id of the model that a learner makes. */
    String modelId(String learner) {
        return "m-" + ContentHash.sha256(facts + learner).substring(0, 12);
    }

    /** Whether a model was made as one would be made now, from whichever inputs. */
    boolean isMadeAs(Entry entry) {
        return MADE_AS.stream()
                .allMatch(key -> facts.get(key).equals(entry.provenance().get(key)));
    }

    /** Whether a model was made from the same inputs. */
    boolean isOfInputs(Entry entry) {
        return facts.get("inputs").equals(entry.provenance().get("inputs"));
    }

    /** Whether a model learned the same feature, declared as it is now. */
    boolean isOfFeature(Entry entry) {
        return facts.get("feature").equals(entry.provenance().get("feature"));
    }

    /** What is recorded beside a model. */
    Map<String, String> with(String learner) {
        Map<String, String> all = new TreeMap<>(facts);
        all.put("learner", learner);
        all.put("jvm", CodeVersion.machine());
        return all;
    }
}
