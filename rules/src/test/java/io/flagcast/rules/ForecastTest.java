package io.flagcast.rules;

import static io.flagcast.rules.Given.CONVERSION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Forecast.Arm;
import io.flagcast.statistics.Moments;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class ForecastTest {

    private static Observation came(int day, int after, long users) {
        return Given.returned(Population.ENABLED, CONVERSION, day, after, Moments.ofProportion(0, users));
    }

    private static Forecast of(double... arrivals) {
        return new Forecast(
                DoubleStream.of(arrivals).boxed().toList(),
                Arm.ofPropensity(0.5),
                Arm.ofPropensity(0.5),
                Map.of(),
                arrivals.length);
    }

    @Test
    void newcomersAreCountedFromEveryDayOnWhichEvidenceCouldHaveBegun() {
        // Day 0: 100 new. Day 1: 60 new, 40 of day 0 again. Day 2: 30 new, 20 after a day, 10 after two.
        List<Observation> days = List.of(
                came(0, 0, 100), came(1, 0, 60), came(1, 1, 40), came(2, 0, 30), came(2, 1, 20), came(2, 2, 10));

        // From day 0, 1 and 2: 100, 100, 60. A day later: 60 from day 0, and 30 + 10 from day 1. Two later: 30.
        assertThat(Forecast.arrivals(days)).containsExactly((100 + 100 + 60) / 3.0, (60 + 40) / 2.0, 30.0);
        assertThat(Forecast.arrivals(List.of())).isEmpty();
    }

    @Test
    void beyondTheKnownDaysNewcomersGoOnToFall() {
        assertThat(of(80, 40, 20, 10).newcomers(3)).isEqualTo(10);
        // From 60 to 15 in two days: half of it every day.
        assertThat(of(80, 40, 20, 10).newcomers(4)).isCloseTo(15 * Math.pow(0.25, 0.75), within(1e-9));
        assertThat(of(50).newcomers(100)).isEqualTo(50);
        assertThat(of(10, 20, 40, 80).newcomers(9)).isEqualTo(60);
    }

    @Test
    void anArmIsWorthWhatItsPropensitiesLeave() {
        // 100 users at 0.5, 100 at 0.1, 50 who are enabled for certain.
        Arm arm = Arm.of(Map.of(0.5, 100L, 0.1, 100L, 1.0, 50L));

        assertThat(arm.users()).isCloseTo((50 + 10 + 50) / 250.0, within(1e-12));
        assertThat(arm.rows()).isCloseTo((50 + 10) / 250.0, within(1e-12));
        // 60 rows: 50 of weight 2, 10 of weight 10. (Σw)² / Σw² = 200² / 1,200.
        assertThat(250 * arm.effective()).isCloseTo(40_000.0 / 1_200, within(1e-9));
    }
}
