package io.flagcast.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.training.ResponsivenessModel.Propensity;
import io.flagcast.training.encoding.PredictorEncoding;
import io.flagcast.training.encoding.PredictorEncoding.Categorical;
import io.flagcast.training.encoding.PredictorEncoding.Numeric;
import io.flagcast.training.encoding.PredictorEncoding.Scale;
import io.flagcast.training.learners.Estimate;
import io.flagcast.training.learners.Folds;
import io.flagcast.training.learners.ResponseModel;
import io.flagcast.training.learners.ResponseModel.Linear;
import io.flagcast.training.learners.ResponseModel.Link;
import io.flagcast.training.learners.ResponseModel.Network;
import io.flagcast.training.learners.ResponseModel.Tree;
import io.flagcast.training.learners.ResponseModel.Trees;
import io.flagcast.training.usage.ItemFactors;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResponsivenessModelTest {

    private static final ItemFactors ITEMS =
            new ItemFactors(List.of("chat", "maps"), new double[][] {{1, 0.2}, {0.1, 1}}, 5, 0.1);
    private static final PredictorEncoding ENCODING = new PredictorEncoding(
            List.of(new Numeric("visits", Scale.LOG1P, 1.5, 0.5, 0, 3)),
            List.of(new Categorical("country", List.of("DE"), List.of(0.25), 7)),
            ITEMS,
            List.of(
                    new Numeric("usage factor 1", Scale.LINEAR, 0.1, 0.5, -9, 9),
                    new Numeric("usage factor 2", Scale.LINEAR, 0.2, 0.4, -8, 8)));
    private static final double[] USER = {0.3, 0, -1.5, 0.7, 0, 1};

    private static Propensity of(ResponseModel model) {
        return new Propensity(
                ENCODING,
                model,
                new Folds(42, List.of(Estimate.ofResponse(model))),
                Reference.of(new double[] {0.1, 1 / 3.0}),
                Map.of("b", 0.1, "a", 2.0));
    }

    private static final Tree TREE = new Tree(
            new int[] {2, -1, -1}, new double[] {-1.25, 0, 0}, new int[] {1, 0, 0}, new int[] {2, 0, 0}, new double[] {
                0, 1 / 3.0, -2
            });

    @Test
    void everyKindOfModelIsReadAsItWasWritten() {
        for (ResponseModel model : List.of(
                new Linear(new double[] {0.1, 1e-17, -3, 1 / 3.0, 0, 4}, 0.7, Link.LOGIT),
                new Trees(List.of(TREE, TREE), Link.IDENTITY),
                // (6 + 1) · 2 + (2 + 1) · 2 weights.
                new Network(
                        new int[] {6, 2, 2},
                        IntStream.range(0, 20).mapToDouble(Math::sin).toArray()))) {
            String json = of(model).toJson();
            Propensity read = (Propensity) ResponsivenessModel.fromJson(json);
            assertThat(read.toJson()).isEqualTo(json);
            assertThat(read).usingRecursiveComparison().isEqualTo(of(model));
            assertThat(read.response().predict(USER)).isEqualTo(model.predict(USER));
        }
    }

    @Test
    void factorsAndGroupsAreReadAsTheyWereWritten() {
        CollaborativeModel model = new CollaborativeModel(
                ITEMS,
                Map.of("chat", Reference.of(new double[] {0, 0.3})),
                Map.of("chat", new CollaborativeModel.Groups("country", Map.of("DE", 0.5, "FR", 0.2))),
                Map.of("users", 2.0));
        ResponsivenessModel read = ResponsivenessModel.fromJson(model.toJson());
        assertThat(read).usingRecursiveComparison().isEqualTo(model);
        assertThat(read.toJson()).isEqualTo(model.toJson());
    }

    @Test
    void theMetricsOfAModelAreWrittenInTheOrderOfTheirNames() {
        Map<String, Double> metrics = Map.of("d", 4.0, "b", 2.0, "e", 5.0, "a", 1.0, "c", 3.0, "f", 6.0);
        assertThat(new CollaborativeModel(ITEMS, Map.of(), Map.of(), metrics).toJson())
                .endsWith("\"metrics\":{\"a\":1.0,\"b\":2.0,\"c\":3.0,\"d\":4.0,\"e\":5.0,\"f\":6.0}}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"oracle", "java.lang.Runtime", "io.flagcast.training.learners.ResponseModel$Linear", "Linear"})
    void aTypeThatIsNotOfTheListIsRefused(String type) {
        String json = of(new Linear(new double[6], 0, Link.LOGIT)).toJson();
        assertThatThrownBy(() -> ResponsivenessModel.fromJson(
                        json.replace("\"model\":\"linear\"", "\"model\":\"" + type + "\"")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("not a model: Could not resolve type id '" + type + "'");
        assertThatThrownBy(() -> ResponsivenessModel.fromJson(
                        json.replace("\"objective\":\"propensity\"", "\"objective\":\"" + type + "\"")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("not a model: Could not resolve type id '" + type + "'");
    }

    @Test
    void whatIsNoModelIsRefused() {
        String json = of(new Trees(List.of(TREE), Link.LOGIT)).toJson();
        for (String broken : List.of(
                "",
                "{}",
                "[]",
                "{\"objective\":\"propensity\"}",
                json.substring(0, json.length() - 1),
                json.replace("\"objective\":\"propensity\",", ""),
                json.replace("\"objective\":\"propensity\"", "\"objective\":\"propensity\",\"command\":\"rm\""),
                json.replace("\"model\":\"trees\"", "\"model\":\"trees\",\"@class\":\"java.lang.Runtime\""),
                json.replace("\"LOGIT\"", "\"PROBIT\""))) {
            assertThatThrownBy(() -> ResponsivenessModel.fromJson(broken))
                    .as(broken)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("not a model: ");
        }
    }
}
