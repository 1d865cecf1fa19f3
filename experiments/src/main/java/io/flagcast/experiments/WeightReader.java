package io.flagcast.experiments;

import io.flagcast.allocation.Curve;
import io.flagcast.allocation.Curve.Piecewise.Point;
import io.flagcast.allocation.Policy;
import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Numbers;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Value;
import io.flagcast.experiments.document.Words;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Reads the curve from score to probability of an allocation by weight. */
final class WeightReader {

    private WeightReader() {}

    private enum CurveName {
        LOGISTIC,
        LINEAR,
        POWER,
        PIECEWISE
    }

    static Optional<Policy> read(Mapping weights) {
        Setting<CurveName> name = weights.required("curve", Words.oneOf(CurveName.class));
        Setting<Double> floor = weights.or("floor", Numbers::rate, 0.0);
        Setting<Double> ceiling = weights.or("ceiling", Numbers::rate, 1.0);
        Optional<Supplier<Curve>> curve = name.read().map(known -> {
            weights.qualify("curve " + Words.label(known));
            return switch (known) {
                case LOGISTIC -> logistic(weights);
                case LINEAR -> Curve.Linear::new;
                case POWER -> power(weights);
                case PIECEWISE -> piecewise(weights);
            };
        });
        if (curve.isEmpty()) {
            weights.acceptEveryKey();
        }
        return weights.build(
                () -> new Policy.WeightedRandom(curve.orElseThrow().get(), floor.value(), ceiling.value()));
    }

    private static Supplier<Curve> logistic(Mapping weights) {
        Setting<Double> midpoint = weights.required("midpoint", Numbers::number);
        Setting<Double> steepness = weights.required("steepness", Numbers::number);
        return () -> new Curve.Logistic(midpoint.value(), steepness.value());
    }

    private static Supplier<Curve> power(Mapping weights) {
        Setting<Double> exponent = weights.required("exponent", Numbers::number);
        return () -> new Curve.Power(exponent.value());
    }

    private static Supplier<Curve> piecewise(Mapping weights) {
        Setting<List<Point>> points = weights.required(
                "points",
                Mapping.listOf(Mapping.pairOf(
                        WeightReader::score,
                        Numbers::rate,
                        Point::new,
                        "a point is a score and its weight; write [score, weight], as in [60, 20%]")));
        return () -> new Curve.Piecewise(points.value());
    }

    private static Optional<Double> score(Value value) {
        return Numbers.number(value)
                .flatMap(score -> score >= 0 && score <= 100
                        ? Optional.of(score)
                        : value.refuse("outside 0 to 100; write a score"));
    }
}
