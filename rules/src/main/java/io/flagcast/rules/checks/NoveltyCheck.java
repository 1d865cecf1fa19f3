package io.flagcast.rules.checks;

import io.flagcast.rules.Texts;
import io.flagcast.rules.checks.Finding.Part;
import io.flagcast.rules.checks.Finding.State;
import io.flagcast.statistics.Effect;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Trend;
import io.flagcast.statistics.WeightedMoments;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Whether the effect changes with the days since the first exposure: {@link Check#NOVELTY}. What is new attracts, or is
 * yet to be learned, and the effect of the first days is then not the lasting one: R. Kohavi, D. Tang, Y. Xu,
 * "Trustworthy Online Controlled Experiments" (2020), chapter 3. A straight line through the daily effects, each
 * weighted by its precision, has a slope that is beyond chance.
 */
public final class NoveltyCheck {

    /** Two days always have a slope; fewer than four show no trend. */
    private static final int LEAST_DAYS = 4;

    private NoveltyCheck() {}

    /**
     * The outcomes of one day of a user's time with the experiment, over users with a propensity strictly between 0 and
     * 1.
     *
     * @param day days since the first exposure, at least 0
     * @param enabled weighted by 1/p
     * @param control weighted by 1/(1 − p)
     */
    public record Day(int day, WeightedMoments enabled, WeightedMoments control) {

        /** @throws IllegalArgumentException for a negative day */
        public Day {
            if (day < 0) {
                throw new IllegalArgumentException("Day: " + day + " days since the first exposure, at least 0");
            }
            Objects.requireNonNull(enabled, "enabled");
            Objects.requireNonNull(control, "control");
        }

        private Optional<Effect> effect() {
            return Chance.effect(enabled, control);
        }
    }

    /**
     * The trend of the daily effects.
     *
     * @param days those on which users are worth fewer than 100 do not count
     */
    public static Finding of(String experimentId, String metricName, List<Day> days) {
        List<EffectTrend.At> effects = days.stream()
                .flatMap(day -> day.effect().stream().map(effect -> new EffectTrend.At(day.day(), effect)))
                .toList();
        long rows = EffectTrend.rows(effects);
        List<Part> parts = effects.stream().map(NoveltyCheck::part).toList();
        Optional<EffectTrend> trend = EffectTrend.of(effects);
        if (effects.size() < LEAST_DAYS || trend.isEmpty()) {
            return Finding.of(
                            Check.NOVELTY,
                            experimentId,
                            Finding.ALL,
                            metricName,
                            State.UNKNOWN,
                            rows,
                            "the effect on " + metricName + " is known of " + effects.size()
                                    + " days since the first exposure, a trend takes " + LEAST_DAYS)
                    .withDetail(parts);
        }
        Trend line = trend.get().line();
        Interval slope = trend.get().slope();
        boolean changes = !slope.contains(0);
        double first = effects.stream().mapToDouble(EffectTrend.At::x).min().orElseThrow();
        double last = effects.stream().mapToDouble(EffectTrend.At::x).max().orElseThrow();
        return Finding.of(
                        Check.NOVELTY,
                        experimentId,
                        Finding.ALL,
                        metricName,
                        State.failedWhere(changes),
                        rows,
                        "the effect on " + metricName + (changes ? " changes" : " does not change beyond chance")
                                + " with the days since the first exposure: "
                                + Texts.rough(line.at(first))
                                + " on day " + Texts.number(first) + ", "
                                + Texts.rough(line.at(last)) + " on day " + Texts.number(last) + ", "
                                + Texts.rough(line.slope()) + " a day, in " + Texts.rough(slope))
                .measured(line.slope(), 0)
                .within(slope)
                .withDetail(parts);
    }

    private static Part part(EffectTrend.At day) {
        return new Part(
                Texts.number(day.x()),
                day.effect().n(),
                OptionalDouble.empty(),
                OptionalDouble.of(day.effect().estimate()),
                Optional.of(day.effect().interval(Chance.SHOWN_CONFIDENCE)));
    }
}
