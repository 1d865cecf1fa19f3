package io.flagcast.training.learners;

import io.flagcast.training.learners.ResponseModel.Linear;
import io.flagcast.training.learners.ResponseModel.Link;
import io.flagcast.training.learners.ResponseModel.Network;
import io.flagcast.training.learners.ResponseModel.Tree;
import io.flagcast.training.learners.ResponseModel.Trees;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.ml.classification.GBTClassificationModel;
import org.apache.spark.ml.classification.GBTClassifier;
import org.apache.spark.ml.classification.LogisticRegression;
import org.apache.spark.ml.classification.LogisticRegressionModel;
import org.apache.spark.ml.classification.MultilayerPerceptronClassificationModel;
import org.apache.spark.ml.classification.MultilayerPerceptronClassifier;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.regression.DecisionTreeRegressionModel;
import org.apache.spark.ml.regression.GBTRegressionModel;
import org.apache.spark.ml.regression.GBTRegressor;
import org.apache.spark.ml.regression.GeneralizedLinearRegression;
import org.apache.spark.ml.regression.GeneralizedLinearRegressionModel;
import org.apache.spark.ml.tree.ContinuousSplit;
import org.apache.spark.ml.tree.GBTParams;
import org.apache.spark.ml.tree.InternalNode;
import org.apache.spark.ml.tree.Node;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What a response is regressed by. Rows have {@code vector}, {@code label} and {@code weight}; fits are seeded and read
 * nothing else.
 */
public enum Method {
    /** Logistic regression with elastic net for a probability; a generalised linear model (Gaussian) for a value. */
    LINEAR {
        @Override
        public ResponseModel probability(Dataset<Row> rows, TrainingSettings settings) {
            LogisticRegressionModel model = new LogisticRegression()
                    .setFeaturesCol("vector")
                    .setLabelCol("label")
                    .setWeightCol("weight")
                    .setFamily("binomial")
                    .setRegParam(settings.regularisation())
                    .setElasticNetParam(settings.elasticNet())
                    .setStandardization(true)
                    .setMaxIter(100)
                    .setTol(1e-6)
                    .fit(rows);
            return new Linear(model.coefficients().toArray(), model.intercept(), Link.LOGIT);
        }

        @Override
        public ResponseModel value(Dataset<Row> rows, TrainingSettings settings) {
            GeneralizedLinearRegressionModel model = new GeneralizedLinearRegression()
                    .setFeaturesCol("vector")
                    .setLabelCol("label")
                    .setWeightCol("weight")
                    .setFamily("gaussian")
                    // One-hot places add up to 1: without a penalty there would be no single solution.
                    .setRegParam(Math.max(settings.regularisation(), LEAST_PENALTY))
                    .fit(rows);
            return new Linear(model.coefficients().toArray(), model.intercept(), Link.IDENTITY);
        }
    },

    /** Gradient-boosted trees: J. Friedman, Greedy function approximation: a gradient boosting machine, 2001. */
    TREES {
        @Override
        public ResponseModel probability(Dataset<Row> rows, TrainingSettings settings) {
            GBTClassificationModel model =
                    boosted(new GBTClassifier(), settings).fit(rows);
            // MLlib's margin is half the log odds: its classes are -1 and 1.
            return trees(model.trees(), model.treeWeights(), 2, Link.LOGIT);
        }

        @Override
        public ResponseModel value(Dataset<Row> rows, TrainingSettings settings) {
            GBTRegressionModel model = boosted(new GBTRegressor(), settings).fit(rows);
            return trees(model.trees(), model.treeWeights(), 1, Link.IDENTITY);
        }
    },

    /** A multilayer perceptron for a probability; values, which MLlib's cannot learn, are regressed linearly. */
    NETWORK {
        @Override
        public ResponseModel probability(Dataset<Row> rows, TrainingSettings settings) {
            int inputs = ((Vector) rows.select("vector").head().get(0)).size();
            int[] layers = IntStream.concat(
                            IntStream.of(inputs),
                            IntStream.concat(
                                    settings.network().hidden().stream().mapToInt(Integer::intValue), IntStream.of(2)))
                    .toArray();
            MultilayerPerceptronClassificationModel model = new MultilayerPerceptronClassifier()
                    .setFeaturesCol("vector")
                    .setLabelCol("label")
                    .setLayers(layers)
                    .setMaxIter(settings.network().iterations())
                    .setSeed(settings.seed())
                    .fit(rows);
            return new Network(layers, model.weights().toArray());
        }

        @Override
        public ResponseModel value(Dataset<Row> rows, TrainingSettings settings) {
            return LINEAR.value(rows, settings);
        }
    };

    private static final double LEAST_PENALTY = 1e-6;

    /** A model of a response of 0 or 1. */
    public abstract ResponseModel probability(Dataset<Row> rows, TrainingSettings settings);

    /** A model of any number. */
    public abstract ResponseModel value(Dataset<Row> rows, TrainingSettings settings);

    /** MLlib has one estimator for a probability and another for a value, with setters of their own. */
    private static <T extends GBTParams> T boosted(T trees, TrainingSettings settings) {
        TrainingSettings.Trees how = settings.trees();
        trees.set(trees.featuresCol(), "vector");
        trees.set(trees.labelCol(), "label");
        trees.set(trees.weightCol(), "weight");
        trees.set(trees.maxIter(), how.iterations());
        trees.set(trees.maxDepth(), how.depth());
        trees.set(trees.stepSize(), how.stepSize());
        trees.set(trees.minInstancesPerNode(), how.minUsersPerLeaf());
        trees.set(trees.seed(), settings.seed());
        return trees;
    }

    private static Trees trees(DecisionTreeRegressionModel[] models, double[] weights, double scale, Link link) {
        List<Tree> trees = new ArrayList<>();
        for (int i = 0; i < models.length; i++) {
            trees.add(tree(models[i].rootNode(), scale * weights[i]));
        }
        return new Trees(trees, link);
    }

    private static Tree tree(Node root, double weight) {
        List<Node> nodes = new ArrayList<>(List.of(root));
        List<int[]> children = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            if (nodes.get(i) instanceof InternalNode inner) {
                children.add(new int[] {nodes.size(), nodes.size() + 1});
                nodes.add(inner.leftChild());
                nodes.add(inner.rightChild());
            } else {
                children.add(new int[2]);
            }
        }
        int[] place = new int[nodes.size()];
        double[] threshold = new double[nodes.size()];
        double[] value = new double[nodes.size()];
        for (int i = 0; i < nodes.size(); i++) {
            if (nodes.get(i) instanceof InternalNode inner) {
                place[i] = inner.split().featureIndex();
                threshold[i] = ((ContinuousSplit) inner.split()).threshold();
            } else {
                place[i] = -1;
                value[i] = weight * nodes.get(i).prediction();
            }
        }
        return new Tree(
                place,
                threshold,
                children.stream().mapToInt(pair -> pair[0]).toArray(),
                children.stream().mapToInt(pair -> pair[1]).toArray(),
                value);
    }
}
