package io.flagcast.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.flagcast.lake.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What an experiment file says that only the other settings show to be wrong. */
class ConfiguredExperimentsTest {

    private static final String CONFIGURATION = """
            flagcast {
              lake.root = lake
              experiments = ${flagcast.conf-dir}"/experiments"
              sources {
                users { format = csv, path = users.csv }
                events { format = csv, path = events.csv }
                exposures { format = csv, path = exposures.csv }
                outcomes { format = csv, path = outcomes.csv }
              }
              users.predictors = [age, delivery_cost]
              features {
                promotion { objective = uplift, outcome = purchase, within = 7d }
                visits { objective = propensity, outcome = visit, within = 7d }
                chat { objective = collaborative }
                "artist_*" { objective = collaborative }
              }
            }
            """;

    private static final String EXPERIMENT = """
            experiment_id: spring
            feature_id: %s
            salt: spring-2026
            segments: {low: [0, 50], high: [50, 100]}
            metrics:
              rate: {kind: proportion, outcome: purchase, within: 7d}
              weekly: {kind: proportion, outcome: purchase, within: 1d}
              later: {kind: proportion, outcome: purchase, after: 7d, within: 7d}
              revenue: {kind: mean, outcome: purchase, within: 7d, cap: 500}
            allocation: {percentage_allocation: 10%%}
            %s
            """;

    @TempDir
    private Path folder;

    private void read(String featureId, String further) throws IOException {
        Path conf = Files.writeString(folder.resolve("flagcast.conf"), CONFIGURATION);
        Files.writeString(
                Files.createDirectories(folder.resolve("experiments")).resolve("spring.yaml"),
                EXPERIMENT.formatted(featureId, further));
        assertThat(ConfiguredExperiments.read(SettingsReader.read(Optional.of(conf), List.of(), Map.of())))
                .hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            promotion | value: {metric: rate, per: 10, cost: 0.15}
            promotion | value: {metric: rate, per: 10, cost: delivery_cost}
            promotion | segments_from: scores
            visits    | segments_from: scores
            chat      | segments_from: log
            artist_7  | segments_from: log
            """)
    void itIsTaken(String featureId, String further) throws IOException {
        read(featureId, further);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            promotion | value: {metric: weekly, per: 10}  | value is of metric 'weekly' (proportion of purchase within 1d), but flagcast.features.promotion learns another response (proportion of purchase within 7d)
            promotion | value: {metric: later, per: 10}   | value is of metric 'later' (proportion of purchase within 7d after 7d), but
            promotion | value: {metric: revenue, per: 1}  | value is of metric 'revenue' (mean of purchase within 7d, capped), but
            promotion | value: {metric: rate, per: 10, cost: postage} | cost names 'postage', which is no column of the user profile: add it to flagcast.users.predictors, or name one of
            visits    | value: {metric: rate, per: 10}    | value needs to know what users gain: set flagcast.features.visits.objective = uplift, or remove value
            artist_7  | value: {metric: rate, per: 10}    | value needs to know what users gain: set flagcast.features.artist_7.objective = uplift, or remove value
            chat      | segments_from: scores             | segments_from is scores, but chat is scored from usage, with no outcome of this test: give flagcast.features.chat an objective of uplift or propensity
            artist_7  | segments_from: scores             | segments_from is scores, but artist_7 is scored from usage
            """)
    void itIsRefusedWithTheRemedy(String featureId, String further, String message) {
        assertThatExceptionOfType(Refusal.class)
                .isThrownBy(() -> read(featureId, further))
                .withMessageContaining("spring.yaml")
                .withMessageContaining(message);
    }

    @Test
    void aFeatureThatNothingDeclaresIsNamed() {
        assertThatExceptionOfType(Refusal.class)
                .isThrownBy(() -> read("lights", ""))
                .withMessageContaining(
                        "feature_id 'lights' is not configured: add flagcast.features.lights, or name one of artist_*, chat, promotion, visits");
    }
}
