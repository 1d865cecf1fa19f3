package io.flagcast.benchmarks;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.pipeline.Pipeline;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.Interruption;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.Settings;
import io.flagcast.settings.SettingsReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;

/** Runs on the Parquet folders {@code users}, {@code events}, {@code exposures} and {@code outcomes} of a folder. */
record WholeRuns(Settings settings, List<Experiment> experiments, Lake lake) {

    /**
     * Configures them.
     *
     * @param folder with those, and with {@code experiments}; the lake comes to lie beside them
     * @param features what stands in {@code flagcast.features}
     * @param overrides {@code key=value} pairs
     */
    static WholeRuns in(
            SparkSession spark, Path folder, Collection<String> predictors, String features, List<String> overrides)
            throws IOException {
        Path file = Files.writeString(
                folder.resolve("flagcast.conf"), """
                flagcast {
                  lake.root = ${flagcast.conf-dir}"/lake"
                  experiments = ${flagcast.conf-dir}"/experiments"
                  sources {
                    users { format = parquet, path = ${flagcast.conf-dir}"/users" }
                    events { format = parquet, path = ${flagcast.conf-dir}"/events" }
                    exposures { format = parquet, path = ${flagcast.conf-dir}"/exposures" }
                    outcomes { format = parquet, path = ${flagcast.conf-dir}"/outcomes" }
                  }
                  users.predictors = [%s]
                  features {
                  %s
                  }
                }
                """.formatted(String.join(", ", predictors), features));
        Settings settings = SettingsReader.read(Optional.of(file), overrides, Map.of());
        return new WholeRuns(
                settings,
                ConfiguredExperiments.read(settings),
                new Lake(spark, settings.lake().root()));
    }

    /** Runs for a day that was not run yet, a minute after it. */
    Publication published(Instant day) {
        return new Pipeline(
                        settings,
                        experiments,
                        lake,
                        Clock.fixed(day.plusSeconds(60), ZoneOffset.UTC),
                        Progress.on(System.out),
                        new Interruption())
                .run(day, Pipeline.Repeat.SKIP)
                .orElseThrow();
    }
}
