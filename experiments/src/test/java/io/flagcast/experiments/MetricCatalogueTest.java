package io.flagcast.experiments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Denominator;
import io.flagcast.statistics.Metric.Denominator.Counted;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ratios and later windows, and metrics that experiments name in a list. */
class MetricCatalogueTest {

    private static final String CATALOGUE = """
            click_rate: {kind: ratio, outcome: click, per: page_view, within: 1d}
            per_minute: {kind: ratio, outcome: ad, per: {sum: minutes}, within: 7d}
            retention_7: {kind: proportion, outcome: visit, after: 6d, within: 1d}
            """;

    @TempDir
    private Path folder;

    private Path write(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private static String experiment(String id, String metrics) {
        return """
                experiment_id: %s
                feature_id: f
                salt: %s
                allocation: {percentage_allocation: 10%%}
                metrics: %s
                """.formatted(id, id, metrics);
    }

    private String problems() {
        return catchThrowableOfType(ExperimentFilesException.class, () -> ExperimentFiles.read(folder))
                .getMessage();
    }

    @Test
    void anExperimentHasTheMetricsThatItNamesInItsOrder() throws IOException {
        write("metrics.yaml", CATALOGUE);
        write("one.yaml", experiment("one", "[retention_7, click_rate]"));
        write("two.yaml", experiment("two", "[per_minute, own: {kind: mean, outcome: buy, within: 1d}]"));

        List<Experiment> read = ExperimentFiles.read(folder);

        assertThat(read).extracting(Experiment::experimentId).containsExactly("one", "two");
        assertThat(read.get(0).metrics()).extracting(Metric::name).containsExactly("retention_7", "click_rate");
        Metric retention = read.get(0).metrics().get(0);
        assertThat(retention.after()).isEqualTo(Duration.ofDays(6));
        assertThat(retention.closesAfter()).isEqualTo(Duration.ofDays(7));
        assertThat(read.get(0).metrics().get(1).per()).contains(new Denominator("page_view", Counted.ROWS));
        assertThat(read.get(1).metrics()).extracting(Metric::name).containsExactly("per_minute", "own");
        assertThat(read.get(1).metrics().get(0).per()).contains(new Denominator("minutes", Counted.VALUES));
    }

    /** Editors find the schema of metrics beside that of experiments. */
    @Test
    void theSchemaOfTheCatalogueIsThatOfMetricsOfAnExperiment() throws IOException {
        Map<String, String> schemas = new HashMap<>();
        for (String name : List.of("metrics.schema.json", "experiment.schema.json")) {
            schemas.put("file:/schema/" + name, Files.readString(Path.of("..", "conf", "schema", name)));
        }
        Schema schema = SchemaRegistry.withDefaultDialect(
                        SpecificationVersion.DRAFT_2020_12, registry -> registry.schemas(schemas))
                .getSchema(SchemaLocation.of("file:/schema/metrics.schema.json"));

        assertThat(schema.validate(CATALOGUE, InputFormat.YAML)).isEmpty();
        assertThat(schema.validate(CATALOGUE.replace("kind: ratio, outcome: click", "kind: ratio"), InputFormat.YAML))
                .isNotEmpty();
    }

    @Test
    void whatAnExperimentNamesIsPartOfItsHashAndTheRestIsNot() throws IOException {
        Path catalogue = write("metrics.yaml", CATALOGUE);
        write("one.yaml", experiment("one", "[click_rate]"));
        String hash = ExperimentFiles.read(folder).get(0).contentHash();

        Files.writeString(catalogue, CATALOGUE.replace("after: 6d", "after: 5d"));
        assertThat(ExperimentFiles.read(folder).get(0).contentHash()).isEqualTo(hash);
        Files.writeString(catalogue, CATALOGUE.replace("per: page_view, within: 1d", "per: page_view, within: 2d"));
        assertThat(ExperimentFiles.read(folder).get(0).contentHash()).isNotEqualTo(hash);
    }

    @Test
    void anEditedFileElsewhereNamesTheCatalogueOfTheFolderWhereItHasNoneBesideIt(@TempDir Path elsewhere)
            throws IOException {
        write("metrics.yaml", CATALOGUE);
        write("one.yaml", experiment("one", "[click_rate]"));
        Path edited = Files.writeString(elsewhere.resolve("one.yaml"), experiment("one", "[retention_7]"));

        assertThat(ExperimentFiles.read(folder, List.of(edited)).get(0).metrics())
                .extracting(Metric::name)
                .containsExactly("retention_7");

        Files.writeString(elsewhere.resolve("metrics.yml"), "retention_7: {kind: mean, outcome: visit, within: 7d}");
        assertThat(ExperimentFiles.read(folder, List.of(edited))
                        .get(0)
                        .metrics()
                        .get(0)
                        .kind())
                .isEqualTo(Metric.Kind.MEAN);
    }

    @Test
    void aNameThatIsNotThereIsSaidWithTheNearestOfTheCatalogue() throws IOException {
        Path catalogue = write("metrics.yaml", CATALOGUE);
        write("one.yaml", experiment("one", "[click_rat]"));

        assertThat(problems())
                .contains("one.yaml:5: metrics 'click_rat': not declared in " + catalogue)
                .contains("did you mean 'click_rate'?");
    }

    @Test
    void withoutACatalogueANameHasNoMeaning() throws IOException {
        write("one.yaml", experiment("one", "[click_rate]"));

        assertThat(problems()).contains("there is no metrics.yaml beside this file");
    }

    @Test
    void aBrokenCatalogueIsSaidOnceHoweverManyNameIt() throws IOException {
        write("metrics.yaml", CATALOGUE.replace("kind: ratio, outcome: click", "kind: ration, outcome: click"));
        write("one.yaml", experiment("one", "[click_rate]"));
        write("two.yaml", experiment("two", "[click_rate, retention_7]"));

        assertThat(problems()).containsOnlyOnce("kind 'ration'").contains("metrics.yaml:1");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "[m, m]                                            | 'm' stands there twice",
                "{r: {kind: ratio, outcome: o, within: 1d}}        | a ratio needs one; name the outcome whose rows it divides by",
                "{r: {kind: mean, outcome: o, per: p, within: 1d}} | only a ratio has a denominator",
                "{r: {kind: ratio, outcome: o, per: {count: p}, within: 1d}} | unknown key 'count'",
                "{r: {kind: ratio, outcome: o, per: p, within: 1d, cap: 5}}  | a ratio has none",
                "{r: {kind: mean, outcome: o, after: soon, within: 1d}}      | after 'soon': not a duration"
            })
    void whatIsNoMetricIsSaid(String metrics, String problem) throws IOException {
        write("metrics.yaml", "m: {kind: mean, outcome: o, within: 1d}");
        write("one.yaml", experiment("one", metrics));

        assertThat(problems()).contains(problem);
        assertThat(SchemaTest.problems(experiment("one", metrics)).isEmpty()).isEqualTo(metrics.startsWith("["));
    }
}
