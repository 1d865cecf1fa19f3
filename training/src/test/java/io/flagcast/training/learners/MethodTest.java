package io.flagcast.training.learners;

import static io.flagcast.training.Simulated.SETTINGS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.SharedSpark;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.classification.GBTClassifier;
import org.apache.spark.ml.classification.LogisticRegression;
import org.apache.spark.ml.classification.MultilayerPerceptronClassifier;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.ml.regression.GBTRegressor;
import org.apache.spark.ml.regression.GeneralizedLinearRegression;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What we predict is what MLlib predicts, for 500 users with unequal weights. */
@ExtendWith(SharedSpark.class)
class MethodTest {

    private static final StructType ROWS = new StructType()
            .add("vector", SQLDataTypes.VectorType())
            .add("label", "double")
            .add("weight", "double");

    private final Dataset<Row> binary;
    private final Dataset<Row> values;

    MethodTest(SparkSession spark) {
        Random random = new Random(5);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            double a = random.nextGaussian();
            double b = random.nextDouble();
            double c = random.nextInt(2);
            double label = random.nextDouble() < 1 / (1 + Math.exp(a - 2 * b * c)) ? 1 : 0;
            rows.add(RowFactory.create(Vectors.dense(a, b, c), label, 0.5 + random.nextDouble()));
        }
        binary = spark.createDataFrame(rows, ROWS);
        values = binary.withColumn("label", functions.expr("label * 3 + weight"));
    }

    private static void same(ResponseModel ours, Model<?> mllibs, Dataset<Row> rows, String column) {
        for (Row row : mllibs.transform(rows).select("vector", column).collectAsList()) {
            double expected = row.get(1) instanceof Vector probabilities ? probabilities.apply(1) : row.getDouble(1);
            assertThat(ours.predict(((Vector) row.get(0)).toArray())).isCloseTo(expected, within(1e-9));
        }
    }

    @Test
    void aLinearProbabilityIsThatOfMllib() {
        var mllibs = new LogisticRegression()
                .setFeaturesCol("vector")
                .setWeightCol("weight")
                .setRegParam(SETTINGS.regularisation())
                .setElasticNetParam(SETTINGS.elasticNet())
                .setMaxIter(100)
                .setTol(1e-6)
                .fit(binary);
        same(Method.LINEAR.probability(binary, SETTINGS), mllibs, binary, "probability");
    }

    @Test
    void aLinearValueIsThatOfMllib() {
        var mllibs = new GeneralizedLinearRegression()
                .setFeaturesCol("vector")
                .setWeightCol("weight")
                .setRegParam(SETTINGS.regularisation())
                .fit(values);
        same(Method.LINEAR.value(values, SETTINGS), mllibs, values, "prediction");
        // A network cannot learn values.
        same(Method.NETWORK.value(values, SETTINGS), mllibs, values, "prediction");
    }

    @Test
    void aProbabilityOfTreesIsThatOfMllib() {
        var how = SETTINGS.trees();
        var mllibs = new GBTClassifier()
                .setFeaturesCol("vector")
                .setWeightCol("weight")
                .setMaxIter(how.iterations())
                .setMaxDepth(how.depth())
                .setStepSize(how.stepSize())
                .setMinInstancesPerNode(how.minUsersPerLeaf())
                .setSeed(SETTINGS.seed())
                .fit(binary);
        assertThat(mllibs.totalNumNodes()).isGreaterThan(3 * how.iterations());
        same(Method.TREES.probability(binary, SETTINGS), mllibs, binary, "probability");
    }

    @Test
    void aValueOfTreesIsThatOfMllib() {
        var how = SETTINGS.trees();
        var mllibs = new GBTRegressor()
                .setFeaturesCol("vector")
                .setWeightCol("weight")
                .setMaxIter(how.iterations())
                .setMaxDepth(how.depth())
                .setStepSize(how.stepSize())
                .setMinInstancesPerNode(how.minUsersPerLeaf())
                .setSeed(SETTINGS.seed())
                .fit(values);
        same(Method.TREES.value(values, SETTINGS), mllibs, values, "prediction");
    }

    @Test
    void aProbabilityOfANetworkIsThatOfMllib() {
        for (List<Integer> hidden : List.of(List.of(3), List.<Integer>of(), List.of(4, 2))) {
            var settings = new TrainingSettings(
                    SETTINGS.seed(),
                    SETTINGS.folds(),
                    SETTINGS.champion(),
                    List.of(),
                    0,
                    0,
                    50,
                    SETTINGS.trees(),
                    new TrainingSettings.Network(hidden, 20),
                    SETTINGS.factors(),
                    SETTINGS.collaborative());
            int[] layers = new int[hidden.size() + 2];
            layers[0] = 3;
            for (int i = 0; i < hidden.size(); i++) {
                layers[i + 1] = hidden.get(i);
            }
            layers[layers.length - 1] = 2;
            var mllibs = new MultilayerPerceptronClassifier()
                    .setFeaturesCol("vector")
                    .setLayers(layers)
                    .setMaxIter(20)
                    .setSeed(SETTINGS.seed())
                    .fit(binary);
            same(Method.NETWORK.probability(binary, settings), mllibs, binary, "probability");
        }
    }
}
