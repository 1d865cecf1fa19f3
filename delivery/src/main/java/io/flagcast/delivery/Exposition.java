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
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How things stand in the text format of Prometheus
 * (https://prometheus.io/docs/instrumenting/exposition_formats), for the textfile collector of its node exporter. Whether the
 * pipeline runs, Prometheus sees by the age of the as-of.
 *
 * @param firing alerts that fire
 * @param publication newest publication
 */
record Exposition(List<AlertChange> firing, Publication publication) {

    Exposition {
        firing = List.copyOf(firing);
    }

    String text() {
        return String.join(
                "",
                family(
                        "flagcast_publication_as_of_timestamp_seconds",
                        "gauge",
                        "Instant up to which the newest publication looked.",
                        List.of(" " + publication.asOf().getEpochSecond())),
                family(
                        "flagcast_publication_timestamp_seconds",
                        "gauge",
                        "When the newest publication was made.",
                        List.of(" " + publication.publishedAt().getEpochSecond())),
                family(
                        "flagcast_publications_total",
                        "counter",
                        "Publications of the lake.",
                        List.of(" " + publication.sequence())),
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
                        firing.stream().flatMap(Exposition::touched).toList()));
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
