package io.flagcast.training.learners;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.io.Serializable;
import java.util.List;

/**
 * A trained function of the encoded predictors. Its values are response probabilities, expected values or effects, by
 * what it was fitted to. The names below are all that a model file can contain: no file names a class.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "model")
@JsonSubTypes({
    @JsonSubTypes.Type(value = ResponseModel.Linear.class, name = "linear"),
    @JsonSubTypes.Type(value = ResponseModel.Trees.class, name = "trees"),
    @JsonSubTypes.Type(value = ResponseModel.Network.class, name = "network")
})
public sealed interface ResponseModel extends Serializable
        permits ResponseModel.Linear, ResponseModel.Trees, ResponseModel.Network {

    /**
     * The prediction for a vector.
     *
     * @param x one number per place of the encoding
     */
    double predict(double[] x);

    /** From a sum to a prediction. */
    enum Link {
        IDENTITY,
        LOGIT;

        double inverse(double sum) {
            return this == IDENTITY ? sum : 1 / (1 + StrictMath.exp(-sum));
        }
    }

    /**
     * A generalised linear model.
     *
     * @param coefficients one per place of the encoding, on its scale
     * @param intercept sum at zero
     * @param link from the sum to the prediction
     */
    @SuppressWarnings("ArrayRecordComponent") // Models are told apart by id, never by equals.
    record Linear(double[] coefficients, double intercept, Link link) implements ResponseModel {

        @Override
        public double predict(double[] x) {
            double sum = intercept;
            for (int i = 0; i < coefficients.length; i++) {
                sum += coefficients[i] * x[i];
            }
            return link.inverse(sum);
        }
    }

    /**
     * A weighted sum of regression trees.
     *
     * @param trees the trees
     * @param link from the sum to the prediction
     */
    record Trees(List<Tree> trees, Link link) implements ResponseModel {

        public Trees {
            trees = List.copyOf(trees);
        }

        @Override
        public double predict(double[] x) {
            double sum = 0;
            for (Tree tree : trees) {
                sum += tree.predict(x);
            }
            return link.inverse(sum);
        }
    }

    /**
     * A binary tree as arrays, one element per node, the root first.
     *
     * @param place which place of the vector a node compares; -1 in a leaf
     * @param threshold at most this goes left
     * @param left node on the left; 0 in a leaf
     * @param right node on the right; 0 in a leaf
     * @param value what a leaf adds to the sum; 0 in other nodes
     */
    @SuppressWarnings("ArrayRecordComponent") // Models are told apart by id, never by equals.
    record Tree(int[] place, double[] threshold, int[] left, int[] right, double[] value) implements Serializable {

        double predict(double[] x) {
            int node = 0;
            while (place[node] >= 0) {
                node = x[place[node]] <= threshold[node] ? left[node] : right[node];
            }
            return value[node];
        }
    }

    /**
     * A multilayer perceptron with logistic hidden layers and two softmax outputs, of which the prediction is the second.
     *
     * @param layers sizes, from the vector's to 2
     * @param weights per layer its matrix by columns, then its biases: the order of MLlib
     */
    @SuppressWarnings("ArrayRecordComponent") // Models are told apart by id, never by equals.
    record Network(int[] layers, double[] weights) implements ResponseModel {

        @Override
        public double predict(double[] x) {
            double[] values = x;
            int offset = 0;
            for (int layer = 1; layer < layers.length; layer++) {
                double[] sums = affine(values, layers[layer], offset);
                offset += (layers[layer - 1] + 1) * layers[layer];
                if (layer == layers.length - 1) {
                    return Link.LOGIT.inverse(sums[1] - sums[0]);
                }
                for (int i = 0; i < sums.length; i++) {
                    sums[i] = Link.LOGIT.inverse(sums[i]);
                }
                values = sums;
            }
            throw new IllegalStateException("a network has an output layer");
        }

        private double[] affine(double[] values, int size, int offset) {
            double[] sums = new double[size];
            for (int out = 0; out < size; out++) {
                sums[out] = weights[offset + values.length * size + out];
                for (int in = 0; in < values.length; in++) {
                    sums[out] += weights[offset + in * size + out] * values[in];
                }
            }
            return sums;
        }
    }
}
