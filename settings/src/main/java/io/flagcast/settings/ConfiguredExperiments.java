package io.flagcast.settings;

import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.Experiment.SegmentsFrom;
import io.flagcast.experiments.ExperimentFiles;
import io.flagcast.experiments.NetValue;
import io.flagcast.features.ResponseDefinition;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.LocalCopy;
import io.flagcast.lake.Refusal;
import io.flagcast.statistics.Metric;
import io.flagcast.tables.Ids;
import io.flagcast.training.Objective;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The experiment files, read and checked against the other settings. */
public final class ConfiguredExperiments {

    private static final Pattern FILE = Pattern.compile("(?i).+\\.(ya?ml|json)");

    private ConfiguredExperiments() {}

    /**
     * Reads the experiment files and checks them against the configured features, and their eligibility.
     *
     * @throws Refusal with all problems at once
     */
    public static List<Experiment> read(Settings settings) {
        return read(settings, List.of());
    }

    /** The same with edited files in place of those with their experiment_id. */
    public static List<Experiment> read(Settings settings, List<Path> edited) {
        List<Experiment> experiments = ExperimentFiles.read(local(settings.experiments()), edited);
        Stream<String> features = experiments.stream()
                .filter(experiment ->
                        settings.declaration(experiment.featureId()).isEmpty())
                .map(experiment -> undeclared(experiment, settings));
        Stream<String> expressions =
                experiments.stream().flatMap(experiment -> Eligibility.problem(experiment).stream());
        Stream<String> segments = experiments.stream().flatMap(experiment -> segments(experiment, settings).stream());
        Stream<String> values = experiments.stream().flatMap(experiment -> values(experiment, settings));
        List<String> problems = Stream.of(features, expressions, segments, values)
                .flatMap(problem -> problem)
                .toList();
        if (!problems.isEmpty()) {
            throw new Refusal(ExitCode.CONFIGURATION, String.join("\n", problems));
        }
        return experiments;
    }

    /** Files in a store are read as copies. */
    private static Path local(String experiments) {
        return LocalCopy.isInStore(experiments)
                ? LocalCopy.of(experiments, "flagcast.experiments").fetchAll(FILE)
                : Path.of(experiments);
    }

    private static String undeclared(Experiment experiment, Settings settings) {
        String featureId = experiment.featureId();
        return settings.families().containsKey(featureId)
                ? "%s: feature_id '%s' is a family of features: name one of them"
                        .formatted(experiment.file(), featureId)
                : "%s: feature_id '%s' is not configured: add flagcast.features.%s, or name one of %s"
                        .formatted(experiment.file(), featureId, featureId, Ids.few(settings.declarations()));
    }

    /** Segments come from what a model says of users without their own outcomes: it has to learn from outcomes. */
    private static Optional<String> segments(Experiment experiment, Settings settings) {
        boolean learns = Optional.ofNullable(settings.features().get(experiment.featureId()))
                .flatMap(Settings.Feature::response)
                .isPresent();
        return experiment.segmentsFrom() == SegmentsFrom.SCORES
                        && !learns
                        && settings.declaration(experiment.featureId()).isPresent()
                ? Optional.of(
                        "%s: segments_from is scores, but %s is scored from usage, with no outcome of this test: give flagcast.features.%s an objective of uplift or propensity, or remove segments_from"
                                .formatted(experiment.file(), experiment.featureId(), experiment.featureId()))
                : Optional.empty();
    }

    /** What is wrong with what users earn and cost: gains are known of what the model learns, costs of the profile. */
    private static Stream<String> values(Experiment experiment, Settings settings) {
        Optional<String> declaration = settings.declaration(experiment.featureId());
        if (experiment.value().isEmpty() || declaration.isEmpty()) {
            return Stream.empty();
        }
        NetValue value = experiment.value().get();
        List<String> problems = new ArrayList<>();
        String key = "flagcast.features." + experiment.featureId();
        Settings.Feature feature = settings.features().get(experiment.featureId());
        if (feature == null || feature.objective() != Objective.UPLIFT) {
            problems.add("%s: value needs to know what users gain: set %s.objective = uplift, or remove value"
                    .formatted(experiment.file(), key));
        } else if (!feature.response()
                .filter(learned -> isOf(value.metric(), learned))
                .isPresent()) {
            ResponseDefinition learned = feature.response().orElseThrow();
            problems.add(
                    "%s: value is of metric '%s' (%s), but %s learns another response (%s): name a metric of that, or make %s learn this one"
                            .formatted(
                                    experiment.file(),
                                    value.metric().name(),
                                    described(value.metric()),
                                    key,
                                    described(learned.kind(), learned.outcome(), learned.within()),
                                    key));
        }
        if (value.cost() instanceof NetValue.Cost.Column column
                && !settings.predictorNames().contains(column.column())) {
            problems.add(
                    "%s: cost names '%s', which is no column of the user profile: add it to flagcast.users.predictors, or name one of %s"
                            .formatted(experiment.file(), column.column(), settings.predictorNames()));
        }
        return problems.stream();
    }

    private static boolean isOf(Metric metric, ResponseDefinition learned) {
        return metric.kind() == learned.kind()
                && metric.outcome().equals(learned.outcome())
                && metric.after().isZero()
                && metric.cap().isEmpty()
                && metric.within().equals(learned.within());
    }

    private static String described(Metric metric) {
        return described(metric.kind(), metric.outcome(), metric.within())
                + (metric.after().isZero() ? "" : " after " + length(metric.after()))
                + (metric.cap().isEmpty() ? "" : ", capped");
    }

    private static String described(Metric.Kind kind, String outcome, Duration within) {
        return "%s of %s within %s".formatted(kind.name().toLowerCase(Locale.ROOT), outcome, length(within));
    }

    private static String length(Duration within) {
        return within.toMinutes() % 1_440 == 0 ? within.toDays() + "d" : within.toMinutes() + "m";
    }

    /**
     * The experiment that an option names.
     *
     * @throws Refusal where it is not configured
     */
    public static Experiment named(List<Experiment> experiments, String option, String experimentId) {
        return experiments.stream()
                .filter(experiment -> experiment.experimentId().equals(experimentId))
                .findFirst()
                .orElseThrow(() -> new Refusal(
                        ExitCode.USAGE,
                        "%s %s: no such experiment; there are %s"
                                .formatted(
                                        option,
                                        experimentId,
                                        Ids.few(experiments.stream()
                                                .map(Experiment::experimentId)
                                                .toList()))));
    }

    /** What users of a feature earn and cost: one thing, whatever the experiment; absent where experiments say several. */
    public static Optional<NetValue> value(List<Experiment> experiments, String featureId) {
        Map<String, NetValue> said = new TreeMap<>();
        experiments.stream()
                .filter(experiment -> experiment.featureId().equals(featureId))
                .flatMap(experiment -> experiment.value().stream())
                .forEach(value -> said.putIfAbsent(value.per() + " " + value.cost(), value));
        return said.size() == 1 ? said.values().stream().findFirst() : Optional.empty();
    }

    /** Propensities are clipped at a hundredth, or at a quarter of the exploration slice where that is smaller. */
    public static double leastPropensity(List<Experiment> experiments, String featureId) {
        return experiments.stream()
                .filter(experiment -> experiment.featureId().equals(featureId))
                .mapToDouble(experiment -> experiment.exploration() / 4)
                .filter(part -> part > 0)
                .reduce(0.01, Math::min);
    }
}
