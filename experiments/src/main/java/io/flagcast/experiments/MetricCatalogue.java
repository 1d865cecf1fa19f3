package io.flagcast.experiments;

import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Value;
import io.flagcast.experiments.document.Words;
import io.flagcast.statistics.Metric;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Metrics that experiments share: the file {@value #FILE} beside theirs, whose keys are names of metrics. Experiments name what
 * they want of it, so that a metric is the same wherever it is measured.
 *
 * @param file where it was read
 * @param names that it declares, broken or not
 * @param metrics by name, in the order of the file, without those that are broken
 */
record MetricCatalogue(Path file, List<String> names, Map<String, Metric> metrics) {

    /** Its name; {@code metrics.yml} and {@code metrics.json} are read as well. */
    static final String FILE = "metrics.yaml";

    private static final List<String> FILES = List.of(FILE, "metrics.yml", "metrics.json");

    /** Whether a file in a folder of experiments is their catalogue. */
    static boolean isCatalogue(Path file) {
        return FILES.contains(file.getFileName().toString().toLowerCase(Locale.ROOT));
    }

    /** Where it may be in a folder. */
    static Stream<Path> places(Path folder) {
        return FILES.stream().map(folder::resolve);
    }

    /** Reads the root of the file, a mapping from names to metrics. */
    static Optional<MetricCatalogue> read(Path file, Value root) {
        MetricReader reader = new MetricReader(Optional.empty(), Optional.empty());
        Mapping.ofNames(name -> Mapping.of(metric -> reader.read(name, metric))).read(root);
        return Optional.of(new MetricCatalogue(file, Mapping.names(root).orElse(List.of()), reader.declared()));
    }

    /** A metric that an experiment names; absent where there is none, and where it is broken, which its own file says. */
    Optional<Metric> metric(String name, Value item) {
        return Words.nameIn(file.toString(), Optional.of(names))
                .read(item)
                .flatMap(known -> Optional.ofNullable(metrics.get(known)));
    }
}
