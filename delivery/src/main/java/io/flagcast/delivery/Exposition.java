package io.flagcast.delivery;

import io.flagcast.lake.Publication;
import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.alerts.Watch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How things stand in the text format of Prometheus
 * (https://prometheus.io/docs/instrumenting/exposition_formats), for the textfile collector of its node exporter. Whether the
 * pipeline runs, Prometheus sees by the age of the as-of.
 *
 * @param firing alerts that fire
 * @param live newest publication; absent before the first
 * @param counts what stages did so far
 */
record Exposition(List<AlertChange> firing, Optional<Publication> live, List<RunCounts> counts) {

    Exposition {
        firing = List.copyOf(firing);
        Objects.requireNonNull(live, "live");
        counts = List.copyOf(counts);
    }

    String text() {
        return String.join(
                "",
                family(
                        "flagcast_publication_as_of_timestamp_seconds",
                        "gauge",
                        "Instant up to which the newest publication looked.",
                        of(publication -> publication.asOf().getEpochSecond())),
                family(
                        "flagcast_publication_timestamp_seconds",
                        "gauge",
                        "When the newest publication was made.",
                        of(publication -> publication.publishedAt().getEpochSecond())),
                family(
                        "flagcast_publications_total",
                        "counter",
                        "Publications of the lake.",
                        of(publication -> publication.sequence())),
                family(
                        "flagcast_alert_firing",
                        "gauge",
                        "1 for every alert that fires and that nobody has acknowledged or silenced.",
                        firing.stream()
                                .map(change -> labels(change.labels().values()) + " 1")
                                .toList()),
                family(
                        "flagcast_alert_touches",
                        "gauge",
                        "1 for every experiment that needs the feed of a firing alert.",
                        firing.stream().flatMap(Exposition::touched).toList()),
                family(
                        "flagcast_live_rows",
                        "gauge",
                        "Rows of every table of the newest publication.",
                        live.stream()
                                .flatMap(publication -> new TreeMap<>(publication.tables()).entrySet().stream())
                                .map(table -> labels(Map.of("table", table.getKey())) + " "
                                        + table.getValue().rows())
                                .toList()),
                family(
                        "flagcast_stage_total",
                        "counter",
                        "How often a stage ended in a state; stage run is an attempt as a whole.",
                        counts.stream().map(of -> labels(of) + " " + of.times()).toList()),
                family(
                        "flagcast_stage_seconds_total",
                        "counter",
                        "Seconds that stages took.",
                        counts.stream()
                                .map(of -> labels(of) + " " + of.seconds())
                                .toList()),
                family(
                        "flagcast_stage_rows_total",
                        "counter",
                        "Rows that stages read, wrote and rejected.",
                        counts.stream().flatMap(Exposition::rows).toList()));
    }

    private List<String> of(ToLongFunction<Publication> value) {
        return live.map(publication -> " " + value.applyAsLong(publication)).stream()
                .toList();
    }

    private static String labels(RunCounts of) {
        return labels(new TreeMap<>(Map.of("stage", of.stage(), "state", of.state())));
    }

    private static Stream<String> rows(RunCounts of) {
        return Stream.of(
                        Map.entry("in", of.rowsIn()),
                        Map.entry("out", of.rowsOut()),
                        Map.entry("quarantined", of.rowsQuarantined()))
                .map(rows ->
                        labels(new TreeMap<>(Map.of("stage", of.stage(), "state", of.state(), "rows", rows.getKey())))
                                + " " + rows.getValue());
    }

    private static Stream<String> touched(AlertChange change) {
        return change.listed(Watch.TOUCHES).stream().map(line -> {
            Map<String, String> labels = new TreeMap<>(change.labels().values());
            labels.put("touched_experiment", line.substring(0, line.lastIndexOf(": ")));
            return labels(labels) + " 1";
        });
    }

    private static String family(String name, String type, String help, List<String> samples) {
        return "# HELP %s %s\n# TYPE %s %s\n".formatted(name, help, name, type)
                + samples.stream().map(sample -> name + sample + "\n").collect(Collectors.joining());
    }

    private static String labels(Map<String, String> values) {
        return values.entrySet().stream()
                .map(label -> "%s=\"%s\"".formatted(label.getKey(), escaped(label.getValue())))
                .collect(Collectors.joining(",", "{", "}"));
    }

    private static String escaped(String value) {
        return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }

    /** Writes the file beside its place and moves it there: a reader sees the old one or the new one, whole. */
    void write(Path path) throws IOException {
        Path folder = path.toAbsolutePath().getParent();
        Files.createDirectories(folder);
        Path written = Files.createTempFile(folder, ".flagcast", ".tmp");
        try {
            Files.write(written, text().getBytes(StandardCharsets.UTF_8));
            written.toFile().setReadable(true, false);
            Files.move(written, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(written);
        }
    }
}
