package io.flagcast.rules.checks;

import io.flagcast.rules.Texts;
import io.flagcast.rules.checks.Finding.Part;
import io.flagcast.rules.checks.Finding.State;
import io.flagcast.statistics.Effect;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;

/**
 * Whether all users together show an effect of the other sign than the bands do: {@link Check#SIMPSON}. An allocation
 * that prefers some bands mixes them differently in its arms, so that the plain difference of all enabled and all
 * others may point the wrong way (E. H. Simpson, "The Interpretation of Interaction in Contingency Tables", Journal of
 * the Royal Statistical Society B 13 (1951)). Beside it stands the effect within each band, weighted by the band's
 * users. It fails where both are beyond chance and their signs differ: then the plain difference must not be read.
 */
public final class SimpsonCheck {

    private SimpsonCheck() {}

    /**
     * The two arms of a band, over users with a propensity strictly between 0 and 1.
     *
     * @param enabled weighted by 1/p
     * @param control weighted by 1/(1 − p)
     */
    public record Arms(WeightedMoments enabled, WeightedMoments control) {

        public Arms {
            Objects.requireNonNull(enabled, "enabled");
            Objects.requireNonNull(control, "control");
        }

        private Optional<Effect> effect() {
            return Chance.effect(enabled, control);
        }
    }

    /**
     * Compares the plain difference with the effect within bands.
     *
     * @param enabled outcomes of all enabled users
     * @param control outcomes of all others
     * @param bands by segment; those without an effect do not count
     */
    public static Finding of(
            String experimentId, String metricName, Moments enabled, Moments control, Map<String, Arms> bands) {
        Optional<Effect> pooled = pooled(enabled, control);
        Optional<Effect> banded = banded(bands);
        List<Part> parts = new TreeMap<>(bands)
                .entrySet().stream()
                        .filter(band -> band.getValue().effect().isPresent())
                        .map(band ->
                                part(band.getKey(), band.getValue().effect().orElseThrow()))
                        .toList();
        if (pooled.isEmpty() || banded.isEmpty()) {
            return Finding.of(
                            Check.SIMPSON,
                            experimentId,
                            Finding.ALL,
                            metricName,
                            State.UNKNOWN,
                            enabled.n() + control.n(),
                            "the effect on " + metricName + " is not known both of all users together and within bands")
                    .withDetail(parts);
        }
        Interval plain = interval(pooled.get());
        Interval within = interval(banded.get());
        boolean opposite = (plain.lower() > 0 && within.upper() < 0) || (plain.upper() < 0 && within.lower() > 0);
        return Finding.of(
                        Check.SIMPSON,
                        experimentId,
                        Finding.ALL,
                        metricName,
                        State.failedWhere(opposite),
                        pooled.get().n(),
                        "enabled and other users differ by "
                                + Texts.rough(pooled.get().estimate()) + " in " + metricName
                                + ", in " + Texts.rough(plain) + ", and within score bands by "
                                + Texts.rough(banded.get().estimate()) + ", in " + Texts.rough(within)
                                + (opposite ? ": the signs are opposite" : ": no contradiction"))
                .measured(banded.get().estimate(), pooled.get().estimate())
                .within(within)
                .withDetail(parts);
    }

    private static Optional<Effect> pooled(Moments enabled, Moments control) {
        if (enabled.n() < Chance.LEAST_USERS || control.n() < Chance.LEAST_USERS) {
            return Optional.empty();
        }
        long n = enabled.n() + control.n();
        return Optional.of(new Effect(
                        enabled.mean() - control.mean(),
                        Math.hypot(enabled.standardError(), control.standardError()),
                        n,
                        n))
                .filter(effect -> effect.standardError() > 0);
    }

    /** The bands' effects, each weighted by its share of the users: their post-stratified mean. */
    private static Optional<Effect> banded(Map<String, Arms> bands) {
        List<Effect> effects = bands.values().stream()
                .map(Arms::effect)
                .flatMap(Optional::stream)
                .toList();
        long n = effects.stream().mapToLong(Effect::n).sum();
        double estimate = 0;
        double variance = 0;
        double size = 0;
        for (Effect effect : effects) {
            double share = (double) effect.n() / n;
            estimate += share * effect.estimate();
            variance += Math.pow(share * effect.standardError(), 2);
            size += effect.effectiveSampleSize();
        }
        return variance > 0 ? Optional.of(new Effect(estimate, Math.sqrt(variance), size, n)) : Optional.empty();
    }

    private static Interval interval(Effect effect) {
        return Chance.interval(effect.estimate(), effect.standardError(), effect.effectiveSampleSize());
    }

    private static Part part(String band, Effect effect) {
        return new Part(
                band,
                effect.n(),
                OptionalDouble.empty(),
                OptionalDouble.of(effect.estimate()),
                Optional.of(effect.interval(Chance.SHOWN_CONFIDENCE)));
    }
}
