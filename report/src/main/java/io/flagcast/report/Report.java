package io.flagcast.report;

import com.fasterxml.jackson.databind.JsonNode;
import io.flagcast.lake.Json;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.report.Chart.Kind;
import io.flagcast.report.ReportData.Column;
import io.flagcast.report.ReportData.Figure;
import io.flagcast.report.ReportData.Group;
import io.flagcast.report.ReportData.Section;
import io.flagcast.report.ReportData.Table;
import io.flagcast.simulation.Worth;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;

/** One HTML file about a publication. It needs nothing but itself: style, script and data are in it. */
public final class Report {

    private Report() {}

    /**
     * Writes the page, and the folders above it.
     *
     * @param worth of a simulated world's experiments; empty where the truth is unknown
     */
    public static void write(Lake lake, Publication publication, List<Worth> worth, Path file) throws IOException {
        String page = Page.of(data(Snapshot.of(lake, publication), worth));
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.writeString(file, page);
    }

    static ReportData data(Snapshot snapshot, List<Worth> worth) {
        Map<String, String> ids = new LinkedHashMap<>();
        snapshot.experiments().forEach(experimentId -> ids.put(experimentId, "experiment-" + (ids.size() + 1)));
        List<Section> sections = new ArrayList<>();
        if (!worth.isEmpty()) {
            sections.add(worth(worth));
        }
        ids.forEach((experimentId, id) -> sections.add(ExperimentSection.of(snapshot, experimentId, id)));
        sections.addAll(LakeSection.furtherFeatures(snapshot));
        sections.add(snapshot.alerts().section());
        sections.add(LakeSection.of(snapshot));
        return new ReportData(
                "Publication " + snapshot.publication().sequence(),
                Summaries.facts(snapshot),
                Summaries.of(snapshot, ids),
                sections);
    }

    private static Section worth(List<Worth> worth) {
        List<List<?>> rows = new ArrayList<>();
        for (Worth each : worth) {
            row(rows, each, "uniform A/B", each.uniform());
            row(rows, each, "Flagcast", each.flagcast());
            row(rows, each, "oracle", each.oracle());
        }
        List<List<?>> gains = worth.stream()
                .<List<?>>map(
                        each -> List.of(each.experimentId(), each.exposures(), each.enabled(), estimate(each.gain())))
                .toList();
        Figure rates = Figure.drawn(
                "Conversions per 1,000 exposures",
                Chart.of(
                        Kind.INTERVALS,
                        Map.of("group", "experiment", "label", "policy", "value", "conversions", "n", "exposures"),
                        Format.NUMBER,
                        List.of(),
                        "conversions per 1,000 exposures"),
                new Table(
                        "Every policy on the same users and the same luck; 95 % intervals over users",
                        List.of(
                                Column.text("experiment", "experiment"),
                                Column.text("policy", "policy"),
                                Column.count("exposures", "n"),
                                new Column("conversions", "conversions", Format.NUMBER)),
                        rows));
        Figure gain = Figure.drawn(
                "Flagcast minus uniform",
                Chart.of(
                                Kind.INTERVALS,
                                Map.of("label", "experiment", "value", "gain", "n", "exposures"),
                                Format.SIGNED,
                                List.of(),
                                "conversions per 1,000 exposures")
                        .at(0),
                new Table(
                        "Paired by user; 95 % intervals",
                        List.of(
                                Column.text("experiment", "experiment"),
                                Column.count("exposures", "n"),
                                new Column("enabled", "enabled", Format.PERCENT),
                                new Column("gain", "gain", Format.SIGNED)),
                        gains));
        return new Section(
                "worth",
                "What it was worth",
                "The world is simulated, so what would have happened otherwise is known.",
                List.of(new Group(
                        "Against other policies",
                        "Uniform enables as many users at random; the oracle enables exactly those whom it helps.",
                        List.of(rates, gain))));
    }

    private static void row(List<List<?>> rows, Worth worth, String policy, Worth.Estimate estimate) {
        rows.add(List.of(worth.experimentId(), policy, worth.exposures(), estimate(estimate)));
    }

    private static Estimate estimate(Worth.Estimate estimate) {
        return Estimate.of(estimate.value(), estimate.interval());
    }

    /** A rate with its interval. */
    public static String text(Worth.Estimate estimate) {
        return "%.1f (%.1f to %.1f)"
                .formatted(
                        estimate.value(),
                        estimate.interval().lower(),
                        estimate.interval().upper());
    }

    /** Why a row of {@code allocation_parameters} is there, in a sentence. */
    public static String why(Row change) {
        String rule = change.getAs("rule_id");
        String state = change.getAs("state");
        JsonNode json = Json.tree(state == null ? change.getAs("decision") : state, "allocation_parameters.decision");
        return (rule == null ? "" : rule + ": ") + json.path("reason").asText();
    }
}
