package io.flagcast.experiments;

import io.flagcast.allocation.Layer;
import io.flagcast.allocation.Segments;
import io.flagcast.experiments.AllocationReader.Allocation;
import io.flagcast.experiments.Experiment.SegmentsFrom;
import io.flagcast.experiments.Experiment.Status;
import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Numbers;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Times;
import io.flagcast.experiments.document.Words;
import io.flagcast.rules.Rule;
import io.flagcast.rules.alerts.Alert;
import io.flagcast.statistics.Metric;
import io.flagcast.tables.ContentHash;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads an experiment file: its own keys here, those of each block in a reader of that block. */
final class ExperimentReader {

    private final Path file;
    private final String contentHash;
    private final Optional<MetricCatalogue> catalogue;

    /**
     * @param contentHash of the file
     * @param catalogue beside it
     */
    ExperimentReader(Path file, String contentHash, Optional<MetricCatalogue> catalogue) {
        this.file = file;
        this.contentHash = contentHash;
        this.catalogue = catalogue;
    }

    /**
     * What the files are compared by, also where the rest of one is broken.
     *
     * @param experiment absent where the file has a problem
     */
    record Outline(
            String file,
            Setting<String> experimentId,
            Setting<String> salt,
            Setting<Status> status,
            Setting<Layer> layer,
            Optional<Experiment> experiment) {}

    /** Of all that the experiment is made of: its file, and what it names of the catalogue. */
    private String hash(List<Metric> shared) {
        return shared.isEmpty() ? contentHash : ContentHash.sha256(contentHash + shared);
    }

    Optional<Outline> outline(Mapping root) {
        // Each reader knows what those before it have read: segments, metrics and policy before the rules, rules before
        // the tests.
        SegmentReader segmentReader = new SegmentReader(
                root.has("segments") ? root.namesIn("segments") : Optional.of(Segments.SINGLE.names()));
        MetricReader metricReader = new MetricReader(root.namesIn("metrics"), catalogue);
        Setting<String> experimentId = root.required("experiment_id", Words::name);
        Setting<String> featureId = root.required("feature_id", Words::name);
        Setting<Status> status = root.or("status", Words.oneOf(Status.class), Status.ACTIVE);
        Setting<Map<String, String>> treatment =
                root.or("treatment", Mapping.ofNames(name -> Words::verbatim), Map.of());
        Setting<String> salt = root.required("salt", Words::name);
        Setting<Layer> layer = root.or("layer", Mapping.of(ExperimentReader::layer), Layer.NONE);
        Setting<Optional<String>> eligibility = root.optional("eligibility", Words::text);
        Setting<Segments> segments = root.or("segments", segmentReader::read, Segments.SINGLE);
        Setting<SegmentsFrom> segmentsFrom = root.or(
                "segments_from",
                value -> Words.oneOf(SegmentsFrom.class)
                        .read(value)
                        .flatMap(
                                from -> from == SegmentsFrom.LOG || root.has("segments")
                                        ? Optional.of(from)
                                        : value.refuse(
                                                "there are no segments: declare segments beside it, as {low: [0, 50], high: [50, 100]}")),
                SegmentsFrom.LOG);
        Setting<Map<String, Metric>> metrics = root.or("metrics", metricReader::all, Map.of());
        Setting<List<String>> dimensions = root.or("dimensions", ColumnsReader::dimensions, List.of());
        Setting<Optional<Duration>> prePeriod = root.optional("pre_period", Times::wholeDays);
        Setting<Optional<NetValue>> value = root.optional("value", Mapping.of(new ValueReader(metricReader)::read));
        Setting<Allocation> allocation =
                root.required("allocation", Mapping.of(new AllocationReader(metricReader, root.has("value"))::read));
        ConditionReader conditionReader = new ConditionReader(segmentReader, metricReader);
        RuleReader ruleReader = new RuleReader(
                conditionReader, new ActionReader(allocation.read().map(Allocation::policy)), metricReader);
        Setting<List<Rule>> rules = root.or("rules", Mapping.listOf(Mapping.of(ruleReader::read)), List.of());
        AlertReader alertReader =
                new AlertReader(Mapping.of(conditionReader::when), segmentReader::watched, ruleReader.lines());
        Setting<List<Alert>> alerts = root.or("alerts", Mapping.listOf(Mapping.of(alertReader::read)), List.of());
        Set<String> ruleIds = ruleReader.lines().keySet();
        RuleTestReader testReader = new RuleTestReader(
                segmentReader,
                metricReader,
                rules.read().isPresent() || !ruleIds.isEmpty() ? Optional.of(ruleIds) : Optional.empty(),
                ruleReader.declared());
        Setting<List<RuleTest>> tests = root.or("tests", Mapping.listOf(Mapping.of(testReader::read)), List.of());
        Optional<Experiment> experiment = root.build(() -> new Experiment(
                experimentId.value(),
                featureId.value(),
                status.value(),
                treatment.value(),
                salt.value(),
                layer.value(),
                eligibility.value(),
                segments.value(),
                segmentsFrom.value(),
                allocation.value().policy(),
                allocation.value().exploration(),
                allocation.value().unscored(),
                allocation.value().stickiness(),
                List.copyOf(metrics.value().values()),
                value.value(),
                dimensions.value(),
                prePeriod.value(),
                rules.value(),
                alerts.value(),
                tests.value(),
                hash(metricReader.shared()),
                file));
        return Optional.of(new Outline(file.toString(), experimentId, salt, status, layer, experiment));
    }

    private static Optional<Layer> layer(Mapping layer) {
        Setting<String> name = layer.required("name", Words::name);
        Setting<Double> from = layer.required("from", Numbers::rate);
        Setting<Double> to = layer.required("to", Numbers::rate);
        return layer.build(() -> new Layer(name.value(), from.value(), to.value()));
    }
}
