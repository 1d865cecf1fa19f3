package io.flagcast.rules.checks;

import io.flagcast.rules.Texts;
import io.flagcast.rules.checks.Finding.Part;
import io.flagcast.rules.checks.Finding.State;
import io.flagcast.rules.checks.UnexpectedOutcomeCheck.Residual;
import io.flagcast.statistics.ConfidenceSequence;
import io.flagcast.statistics.Effect;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Whether predicted responses and uplifts are what is observed: {@link Check#CALIBRATION}, two findings per metric.
 *
 * <p>The response fails where deciles with more than half of the users differ from the prediction beyond chance and
 * beyond a tenth of it: one decile that is off is a matter of a segment, most of them are a matter of the model. Beside
 * it stands the expected calibration error, the mean of |observed − predicted| by users: M. P. Naeini, G. F. Cooper, M.
 * Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015.
 *
 * <p>The uplift fails where the slope of the observed effect on the predicted uplift, 1 for a calibrated model and 0
 * for one that tells nobody apart, is shown to lie below ½ or above 2.
 */
public final class CalibrationCheck {

    private static final double MOST = 0.5;
    private static final double LEAST_SLOPE = 0.5;
    private static final double LARGEST_SLOPE = 2;

    private CalibrationCheck() {}

    /**
     * The users of one tenth of the predictions.
     *
     * @param predicted mean predicted probability to respond in the arm the user was in, in [0, 1]
     * @param observed responses (1, or 0) of the same users
     * @param predictedUplift mean predicted uplift of those with a propensity strictly between 0 and 1
     * @param enabled responses of these who were enabled
     * @param control responses of these who were not
     */
    public record Decile(
            double predicted,
            Moments observed,
            double predictedUplift,
            WeightedMoments enabled,
            WeightedMoments control) {

        /** @throws IllegalArgumentException if predicted or observed are no probabilities */
        public Decile {
            Objects.requireNonNull(enabled, "enabled");
            Objects.requireNonNull(control, "control");
            if (!Double.isFinite(predictedUplift)) {
                throw new IllegalArgumentException(
                        "Decile: predicted uplift is " + predictedUplift + ", it must be finite");
            }
            residual(predicted, observed);
        }

        private Residual residual() {
            return residual(predicted, observed);
        }

        private static Residual residual(double predicted, Moments observed) {
            return new Residual(
                    observed.n() == 0
                            ? Moments.EMPTY
                            : new Moments(observed.n(), observed.mean() - predicted, observed.m2()),
                    predicted);
        }

        private Optional<Effect> effect() {
            return Chance.effect(enabled, control);
        }
    }

    /**
     * Compares every decile with its prediction, and the effects with the predicted uplifts.
     *
     * @param metricName the metric that the scores predict
     * @param deciles by rising prediction
     */
    public static List<Finding> of(String experimentId, String metricName, List<Decile> deciles) {
        return List.of(response(experimentId, metricName, deciles), uplift(experimentId, metricName, deciles));
    }

    private static Finding response(String experimentId, String metricName, List<Decile> deciles) {
        List<Residual> residuals = deciles.stream()
                .map(Decile::residual)
                .filter(Residual::isEnough)
                .toList();
        long users = residuals.stream()
                .mapToLong(residual -> residual.difference().n())
                .sum();
        if (users == 0) {
            return Finding.of(
                    Check.CALIBRATION,
                    experimentId,
                    Finding.ALL,
                    metricName,
                    State.UNKNOWN,
                    0,
                    "no decile of the predicted " + metricName + " has " + Chance.LEAST_USERS + " users");
        }
        ConfidenceSequence sequence = Chance.twoSided(residuals.size());
        long off = usersOf(residuals, residual -> residual.isBeyondTolerance(residual.interval(sequence)));
        long fit = usersOf(residuals, residual -> residual.isWithinCoarse(residual.interval(sequence)));
        double error = residuals.stream()
                        .mapToDouble(residual -> residual.difference().n()
                                * Math.abs(residual.difference().mean()))
                        .sum()
                / users;
        double share = (double) off / users;
        // Were the others off, too.
        boolean mayFail = users - fit > MOST * users;
        return Finding.of(
                        Check.CALIBRATION,
                        experimentId,
                        Finding.ALL,
                        metricName,
                        share > MOST ? State.FAILED : mayFail ? State.UNKNOWN : State.PASSED,
                        users,
                        "deciles with " + Texts.roughPercent(share) + " of " + Texts.count(users)
                                + " users have another "
                                + metricName + " than predicted, by more than chance and a tenth; the mean error is "
                                + Texts.rough(100 * error) + " points"
                                + (share <= MOST && mayFail
                                        ? "; of %s users it is not known to half of the predicted"
                                                .formatted(Texts.count(users - fit))
                                        : ""))
                .measured(share, MOST)
                .withDetail(parts(deciles, CalibrationCheck::responsePart));
    }

    private static long usersOf(List<Residual> residuals, Predicate<Residual> which) {
        return residuals.stream()
                .filter(which)
                .mapToLong(residual -> residual.difference().n())
                .sum();
    }

    private static Part responsePart(String name, Decile decile) {
        Moments observed = decile.observed();
        OptionalDouble predicted = OptionalDouble.of(decile.predicted());
        return observed.n() == 0
                ? new Part(name, 0, predicted, OptionalDouble.empty(), Optional.empty())
                : new Part(
                        name,
                        observed.n(),
                        predicted,
                        OptionalDouble.of(observed.mean()),
                        Optional.of(
                                Interval.wilson(Math.round(observed.sum()), observed.n(), Chance.SHOWN_CONFIDENCE)));
    }

    private static Finding uplift(String experimentId, String metricName, List<Decile> deciles) {
        String subject = metricName + " uplift";
        List<EffectTrend.At> effects = deciles.stream()
                .flatMap(decile ->
                        decile.effect().stream().map(effect -> new EffectTrend.At(decile.predictedUplift(), effect)))
                .toList();
        long users = EffectTrend.rows(effects);
        Optional<EffectTrend> trend = EffectTrend.of(effects);
        List<Part> parts = parts(deciles, CalibrationCheck::upliftPart);
        if (trend.isEmpty()) {
            return Finding.of(
                            Check.CALIBRATION,
                            experimentId,
                            Finding.ALL,
                            subject,
                            State.UNKNOWN,
                            users,
                            "the effect on " + metricName + " is known in " + effects.size()
                                    + " deciles, and a slope needs two that differ in the predicted uplift")
                    .withDetail(parts);
        }
        double rise = trend.get().line().slope();
        Interval slope = trend.get().slope();
        boolean failed = slope.upper() < LEAST_SLOPE || slope.lower() > LARGEST_SLOPE;
        return Finding.of(
                        Check.CALIBRATION,
                        experimentId,
                        Finding.ALL,
                        subject,
                        State.failedWhere(failed),
                        users,
                        "a point of predicted uplift in " + metricName + " is "
                                + Texts.rough(rise)
                                + " points of observed effect, in " + Texts.rough(slope)
                                + (failed ? ", not" : ", which may be")
                                + " between ½ and 2")
                .measured(rise, 1)
                .within(slope)
                .withDetail(parts);
    }

    private static Part upliftPart(String name, Decile decile) {
        Optional<Effect> effect = decile.effect();
        return new Part(
                name,
                decile.enabled().n() + decile.control().n(),
                OptionalDouble.of(decile.predictedUplift()),
                effect.map(Effect::estimate).map(OptionalDouble::of).orElse(OptionalDouble.empty()),
                effect.map(known -> known.interval(Chance.SHOWN_CONFIDENCE)));
    }

    /** The deciles by their number, from 1. */
    private static List<Part> parts(List<Decile> deciles, BiFunction<String, Decile, Part> part) {
        return IntStream.range(0, deciles.size())
                .mapToObj(i -> part.apply(String.valueOf(i + 1), deciles.get(i)))
                .toList();
    }
}
