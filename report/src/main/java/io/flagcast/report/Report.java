package io.flagcast.report;

import com.fasterxml.jackson.databind.JsonNode;
import io.flagcast.lake.Json;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.report.page.Page;
import io.flagcast.report.page.ReportData;
import io.flagcast.report.page.ReportData.Section;
import io.flagcast.simulation.Worth;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.sql.Row;

/** One HTML file about a publication. It needs nothing but itself: style, script and data are in it. */
public final class Report {

    private static final DateTimeFormatter DAY =
            DateTimeFormatter.ofPattern("d MMMM yyyy", Locale.ENGLISH).withZone(ZoneOffset.UTC);

    private Report() {}

    /**
     * Writes the page, and the folders above it.
     *
     * @param worth of a simulated world's experiments; empty where the truth is unknown
     */
    public static void write(Lake lake, Publication publication, List<Worth> worth, Path file) {
        String page = Page.of(data(SnapshotReader.read(lake, publication), worth));
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.writeString(file, page);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written", e);
        }
    }

    static ReportData data(Snapshot snapshot, List<Worth> worth) {
        Map<String, String> ids = new LinkedHashMap<>();
        snapshot.experiments().forEach(experimentId -> ids.put(experimentId, "experiment-" + (ids.size() + 1)));
        List<Section> sections = new ArrayList<>();
        sections.add(WorthSection.of(snapshot, worth));
        ids.forEach((experimentId, id) -> sections.add(ExperimentSection.of(snapshot, experimentId, id)));
        sections.addAll(LakeSection.furtherFeatures(snapshot));
        sections.add(snapshot.alerts().section());
        sections.add(LakeSection.of(snapshot));
        return new ReportData(
                "Features on " + DAY.format(snapshot.asOf()),
                Summaries.facts(snapshot),
                Summaries.of(snapshot, new SectionIds(ids)),
                sections);
    }

    /** A rate with its interval. */
    public static String text(Worth.Estimate estimate) {
        return "%.1f (%.1f to %.1f)"
                .formatted(
                        estimate.value(),
                        estimate.interval().lower(),
                        estimate.interval().upper());
    }

    /**
     * What users get where no score tells them apart, and what to set, in a sentence.
     *
     * @param enabled share of them that is enabled, in [0, 1]
     */
    public static String withoutScores(double enabled) {
        return ("None of its users has a score: they are enabled at random, %.1f %% of them, as unscored says. Where the feature is to help all"
                        + " alike, set unscored, or allocation: {percentage_allocation: ...}, to the share that shall have it")
                .formatted(100 * enabled);
    }

    /** Why a row of {@code allocation_parameters} is there, in a sentence. */
    public static String why(Row change) {
        String rule = change.getAs("rule_id");
        String state = change.getAs("state");
        JsonNode json = Json.tree(state == null ? change.getAs("decision") : state, "allocation_parameters.decision");
        return (rule == null ? "" : rule + ": ") + json.path("reason").asText();
    }
}
