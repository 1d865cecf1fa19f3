package io.flagcast.serving;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Decision.Reason;
import io.flagcast.allocation.Layer;
import io.flagcast.allocation.Strangers;
import io.flagcast.serving.Layout.Contents.Feature;
import io.flagcast.serving.Prediction.Source;
import io.flagcast.serving.ServedExperiment.Definition;
import io.flagcast.serving.Verdicts.Names;
import io.flagcast.serving.Verdicts.Verdict;
import io.flagcast.serving.lake.Published;
import io.flagcast.serving.lake.PublishedLake;
import io.flagcast.serving.lake.PublishedLake.Batch;
import io.flagcast.serving.lake.RefusedException;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Reads the tables of a publication, and what their rows mean to a snapshot.
 *
 * @param lake the lake
 * @param published what is live
 */
record PublicationReader(PublishedLake lake, Published published) {

    private static final List<String> EXPERIMENT = List.of(
            "experiment_id",
            "feature_id",
            "activity",
            "treatment",
            "salt",
            "holdout_salt",
            "holdout",
            "layer",
            "eligibility",
            "exploration",
            "unscored",
            "parameters_version");
    /** Columns that {@link #verdict} reads. */
    static final List<String> ALLOCATION = List.of(
            "experiment_id",
            "user_id",
            "enabled",
            "score",
            "segment",
            "tier",
            "base_probability",
            "share",
            "propensity",
            "reason",
            "parameters_version",
            "model_id");
    /** Columns that {@link #prediction} reads. */
    static final List<String> SCORE =
            List.of("feature_id", "user_id", "score", "uplift", "no_benefit", "source", "affinity");

    private static final Map<String, Reason> REASONS =
            Layout.REASONS.stream().collect(Collectors.toUnmodifiableMap(Reason::label, Function.identity()));

    /** The experiments, by id. */
    List<Definition> experiments() throws IOException {
        List<Definition> experiments = Collections.synchronizedList(new ArrayList<>());
        read(Tables.EXPERIMENTS, EXPERIMENT, batch -> {
            for (int row = 0; row < batch.rows(); row++) {
                experiments.add(definition(batch, row));
            }
        });
        return experiments.stream()
                .sorted((one, other) -> one.experimentId().compareTo(other.experimentId()))
                .toList();
    }

    private static Definition definition(Batch batch, int row) {
        Map<String, String> treatment = new LinkedHashMap<>();
        batch.entries(row, 3).forEach(entry -> treatment.put(entry[0], entry[1]));
        Batch layer = batch.fields(7);
        return new Definition(
                batch.text(row, 0),
                batch.text(row, 1),
                Activity.valueOf(batch.text(row, 2).toUpperCase(Locale.ROOT)),
                treatment,
                new Strangers.Salts(batch.text(row, 4), batch.text(row, 5)),
                batch.real(row, 6),
                new Layer(layer.text(row, 0), layer.real(row, 1), layer.real(row, 2)),
                !batch.isAbsent(row, 8),
                batch.real(row, 9),
                batch.real(row, 10),
                batch.number(row, 11));
    }

    /**
     * What the scores of a feature reach.
     *
     * @param uplift the largest, above or below zero
     * @param affinity the same; negative where none has one
     */
    private record Largest(double uplift, double affinity) {

        Largest with(Largest other) {
            return new Largest(Math.max(uplift, other.uplift), Math.max(affinity, other.affinity));
        }

        double unit() {
            return affinity < 0 ? PackedPrediction.unit(uplift) : PackedPrediction.fineUnit(Math.max(uplift, affinity));
        }
    }

    /** The features, with the unit that their largest uplift or affinity needs. */
    List<Feature> features() throws IOException {
        ConcurrentSkipListMap<String, Largest> largest = new ConcurrentSkipListMap<>();
        read(Tables.RESPONSIVENESS_SCORES, List.of("feature_id", "uplift", "affinity"), batch -> {
            Map<String, Largest> here = new HashMap<>();
            for (int row = 0; row < batch.rows(); row++) {
                double uplift = batch.isAbsent(row, 1) ? 0 : Math.abs(batch.real(row, 1));
                double affinity = batch.isAbsent(row, 2) ? -1 : Math.abs(batch.real(row, 2));
                here.merge(batch.text(row, 0), new Largest(uplift, affinity), Largest::with);
            }
            here.forEach((feature, most) -> largest.merge(feature, most, Largest::with));
        });
        return largest.entrySet().stream()
                .map(entry -> new Feature(entry.getKey(), entry.getValue().unit()))
                .toList();
    }

    /**
     * Reads a table of the publication, with several threads.
     *
     * @throws RefusedException where it is missing or of another run, has more or fewer rows than were published, or a consumer
     *     refuses a row
     */
    void read(Table table, List<String> columns, Consumer<Batch> batches) throws IOException {
        Published.Slice slice = published.slice(table);
        AtomicLong rows = new AtomicLong();
        try {
            lake.read(table, slice.runId(), columns, batch -> {
                rows.addAndGet(batch.rows());
                batches.accept(batch);
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        if (rows.get() != slice.rows()) {
            throw new RefusedException("%s of run %s has %,d rows, publication %d says %,d"
                    .formatted(table.name(), slice.runId(), rows.get(), published.sequence(), slice.rows()));
        }
    }

    /** The decision of a row of {@code allocations}, but for whether it enables. */
    static Verdict verdict(Batch batch, int row, Names names) {
        return new Verdict(
                batch.isAbsent(row, 3) ? Double.NaN : batch.real(row, 3),
                batch.real(row, 6),
                batch.real(row, 7),
                batch.real(row, 8),
                batch.number(row, 10),
                reason(batch.text(row, 9)),
                batch.isAbsent(row, 4) ? 0 : names.number(batch.text(row, 4)),
                batch.isAbsent(row, 5) ? -1 : batch.integer(row, 5),
                batch.isAbsent(row, 11) ? 0 : names.number(batch.text(row, 11)));
    }

    private static Reason reason(String label) {
        Reason reason = REASONS.get(label);
        if (reason == null) {
            throw RefusedException.unchecked(
                    "allocations has reason '%s': another version of Flagcast wrote it".formatted(label));
        }
        return reason;
    }

    /** A row of {@code responsiveness_scores}, with the unit of its feature. */
    static int prediction(Batch batch, int row, double unit) {
        try {
            Source source = Source.valueOf(batch.text(row, 5).toUpperCase(Locale.ROOT));
            int expected = source.isOfUsage() ? 6 : 3;
            return PackedPrediction.pack(
                    batch.real(row, 2),
                    batch.isAbsent(row, expected) ? Double.NaN : batch.real(row, expected),
                    unit,
                    batch.flag(row, 4),
                    source);
        } catch (IllegalArgumentException e) {
            throw RefusedException.unchecked("responsiveness_scores of user '%s' and feature '%s': %s"
                    .formatted(batch.text(row, 1), batch.text(row, 0), e.getMessage()));
        }
    }
}
