package io.flagcast.training;

import io.flagcast.training.encoding.PredictorEncoding;
import io.flagcast.training.usage.FoldIn;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;

/**
 * Why a model says of a user what it says: what each predictor adds to the difference from a user who is average in
 * everything. The parts are Shapley values (L. Shapley 1953; with one baseline: M. Sundararajan, A. Najmi, The many
 * Shapley values for model explanation, 2020, section 3) and add up to the difference; for a linear model they are the
 * coefficient times the distance from the average.
 *
 * @param measure what is explained: uplift, response or affinity
 * @param value of the user
 * @param baseline of the average user
 * @param contributions one per predictor, the largest first
 * @param error largest standard error of a contribution; 0 where all are exact
 */
public record Explanation(
        String measure, double value, double baseline, List<Contribution> contributions, double error) {

    /** All coalitions of so many predictors are tried; of more, random orders. */
    private static final int EXACT = 12;

    private static final int ORDERS = 1000;

    /**
     * What a predictor adds.
     *
     * @param predictor its name
     * @param value what the user has, as text
     * @param effect on the measure
     */
    public record Contribution(String predictor, String value, double effect) {}

    public Explanation {
        contributions = contributions.stream()
                .sorted(Comparator.comparingDouble((Contribution one) -> -Math.abs(one.effect()))
                        .thenComparing(Contribution::predictor))
                .toList();
    }

    /**
     * Explains.
     *
     * @param model the model
     * @param featureId the feature it scores
     * @param inputs the user's values of the model's inputs, in their order
     * @param usage the user's amount by item
     * @return absent where the model says nothing of such a user
     */
    public static Optional<Explanation> of(
            ResponsivenessModel model, String featureId, Row inputs, Map<String, Double> usage) {
        if (model instanceof ResponsivenessModel.Uplift uplift) {
            return Optional.of(shapley("uplift", x -> uplift.predict(x).uplift(), uplift.encoding(), inputs, usage));
        }
        if (model instanceof ResponsivenessModel.Propensity propensity) {
            return Optional.of(
                    shapley("response", x -> propensity.response().predict(x), propensity.encoding(), inputs, usage));
        }
        FoldIn foldIn =
                new FoldIn(model instanceof FamilyModel family ? family.items() : ((CollaborativeModel) model).items());
        return foldIn.knowsAny(usage)
                ? Optional.of(new Explanation(
                        "affinity",
                        foldIn.affinity(foldIn.user(usage), featureId),
                        0,
                        foldIn.contributions(usage, featureId).stream()
                                .map(part ->
                                        new Contribution(part.item(), String.valueOf(part.amount()), part.effect()))
                                .toList(),
                        0))
                : Optional.empty();
    }

    private static Explanation shapley(
            String measure,
            ToDoubleFunction<double[]> predict,
            PredictorEncoding encoding,
            Row inputs,
            Map<String, Double> usage) {
        double[] user = encoding.encode(
                inputs, encoding.foldIn().map(foldIn -> foldIn.user(usage)).orElse(new double[0]));
        double[] average = encoding.average();
        List<String> places = encoding.places();
        List<String> players = new ArrayList<>(new LinkedHashSet<>(places));
        int[] playerOf = places.stream().mapToInt(players::indexOf).toArray();
        ToDoubleFunction<boolean[]> coalition = members -> {
            double[] mixed = new double[user.length];
            for (int i = 0; i < mixed.length; i++) {
                mixed[i] = members[playerOf[i]] ? user[i] : average[i];
            }
            return predict.applyAsDouble(mixed);
        };
        double[] errors = new double[players.size()];
        double[] effects =
                players.size() <= EXACT ? exact(players.size(), coalition) : sampled(players.size(), coalition, errors);
        Map<String, String> values = new LinkedHashMap<>();
        List<String> names = encoding.names();
        for (int i = 0; i < names.size(); i++) {
            values.put(names.get(i), inputs.isNullAt(i) ? "missing" : String.valueOf(inputs.get(i)));
        }
        return new Explanation(
                measure,
                predict.applyAsDouble(user),
                predict.applyAsDouble(average),
                IntStream.range(0, players.size())
                        .mapToObj(i -> new Contribution(
                                players.get(i),
                                values.getOrDefault(players.get(i), usage.size() + " items used"),
                                effects[i]))
                        .toList(),
                Arrays.stream(errors).max().orElse(0));
    }

    /** Every coalition, weighted by the number of orders in which it comes first. */
    private static double[] exact(int players, ToDoubleFunction<boolean[]> coalition) {
        double[] values = IntStream.range(0, 1 << players)
                .mapToDouble(set -> coalition.applyAsDouble(members(set, players)))
                .toArray();
        if (players == 0) {
            return new double[0];
        }
        double[] weights = new double[players];
        weights[0] = 1.0 / players;
        for (int size = 1; size < players; size++) {
            weights[size] = weights[size - 1] * size / (players - size);
        }
        double[] effects = new double[players];
        for (int set = 0; set < values.length; set++) {
            for (int player = 0; player < players; player++) {
                if ((set & 1 << player) == 0) {
                    effects[player] += weights[Integer.bitCount(set)] * (values[set | 1 << player] - values[set]);
                }
            }
        }
        return effects;
    }

    private static boolean[] members(int set, int players) {
        boolean[] members = new boolean[players];
        for (int player = 0; player < players; player++) {
            members[player] = (set & 1 << player) != 0;
        }
        return members;
    }

    /** Random orders, each and its reverse: E. Strumbelj, I. Kononenko, Explaining prediction models, 2014, section 3.1. */
    private static double[] sampled(int players, ToDoubleFunction<boolean[]> coalition, double[] errors) {
        SplittableRandom random = new SplittableRandom(players);
        double[] sums = new double[players];
        double[] squares = new double[players];
        int[] order = IntStream.range(0, players).toArray();
        for (int round = 0; round < ORDERS; round++) {
            for (int i = players - 1; i > 0; i--) {
                int j = random.nextInt(i + 1);
                int kept = order[i];
                order[i] = order[j];
                order[j] = kept;
            }
            double[] forward = inOrder(order, coalition);
            double[] backward = inOrder(
                    IntStream.range(0, players).map(i -> order[players - 1 - i]).toArray(), coalition);
            for (int player = 0; player < players; player++) {
                double mean = (forward[player] + backward[player]) / 2;
                sums[player] += mean;
                squares[player] += mean * mean;
            }
        }
        double[] effects = new double[players];
        for (int player = 0; player < players; player++) {
            effects[player] = sums[player] / ORDERS;
            double variance = Math.max(0, squares[player] / ORDERS - effects[player] * effects[player]);
            errors[player] = Math.sqrt(variance / ORDERS);
        }
        return effects;
    }

    private static double[] inOrder(int[] order, ToDoubleFunction<boolean[]> coalition) {
        boolean[] members = new boolean[order.length];
        double[] added = new double[order.length];
        double before = coalition.applyAsDouble(members);
        for (int player : order) {
            members[player] = true;
            double after = coalition.applyAsDouble(members);
            added[player] = after - before;
            before = after;
        }
        return added;
    }
}
