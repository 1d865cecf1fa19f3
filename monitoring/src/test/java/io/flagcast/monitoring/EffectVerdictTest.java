package io.flagcast.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.monitoring.EffectVerdict.Answer;
import java.math.BigDecimal;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EffectVerdictTest {

    private static final StructType COLUMNS =
            StructType.fromDDL("experiment_id STRING, segment STRING, cell STRING, population STRING, metric STRING,"
                    + " place INT, better STRING, window STRING, window_start TIMESTAMP, window_end TIMESTAMP, n BIGINT,"
                    + " sum DECIMAL(38,6), sum_squares DECIMAL(38,6), effect DOUBLE, effect_lower DOUBLE,"
                    + " effect_upper DOUBLE, adjusted_effect DOUBLE, adjusted_lower DOUBLE, adjusted_upper DOUBLE");

    private static Row row(String population, String window, String better, Double effect, Double lower, Double upper) {
        return row("all", "", 1, population, window, better, effect, lower, upper);
    }

    private static Row row(
            String segment,
            String cell,
            Integer place,
            String population,
            String window,
            String better,
            Double effect,
            Double lower,
            Double upper) {
        return new GenericRowWithSchema(
                new Object[] {
                    "e",
                    segment,
                    cell,
                    population,
                    "conversion",
                    place,
                    better,
                    window,
                    Timestamp.valueOf("2026-03-05 00:00:00"),
                    Timestamp.valueOf("2026-03-12 00:00:00"),
                    2_000L,
                    BigDecimal.valueOf(100),
                    BigDecimal.valueOf(100),
                    effect,
                    lower,
                    upper,
                    null,
                    null,
                    null
                },
                COLUMNS);
    }

    private static List<Row> arms(String window, String better, Double effect, Double lower, Double upper) {
        return List.of(
                row("enabled", window, better, effect, lower, upper), row("control", window, better, null, null, null));
    }

    private static EffectVerdict of(List<Row> recent, List<Row> total) {
        List<Row> rows = new ArrayList<>(recent);
        rows.addAll(total);
        List<EffectVerdict> verdicts = EffectVerdict.of(rows);
        assertThat(verdicts).hasSize(1);
        return verdicts.get(0);
    }

    @ParameterizedTest
    @CsvSource({
        "higher, 0.001, 0.03, WORKING",
        "higher, -0.03, -0.001, HARMFUL",
        "higher, -0.01, 0.03, NOT_SHOWN",
        "higher, 0, 0.03, NOT_SHOWN",
        "lower, 0.001, 0.03, HARMFUL",
        "lower, -0.03, -0.001, WORKING"
    })
    void anIntervalBesideZeroSaysWhetherItWorks(String better, double lower, double upper, Answer answer) {
        EffectVerdict verdict =
                of(arms("recent", better, (lower + upper) / 2, lower, upper), arms("total", better, 0.01, 0.005, 0.02));
        assertThat(verdict.answer()).isEqualTo(answer);
        assertThat(verdict.nextStep()).isNotBlank();
    }

    /** The experiment that was worth something, and has converted nobody for days. */
    @Test
    void whatIsTrueNowStandsBeforeWhatWas() {
        EffectVerdict verdict =
                of(arms("recent", "higher", -0.05, -0.06, -0.04), arms("total", "higher", 0.0107, 0.0012, 0.0201));
        assertThat(verdict.sentence())
                .isEqualTo(
                        "harmful; conversion in the newest 7 days: -5.00 pp (-6.00 to -4.00) of 4,000 users, 5 Mar to 11 Mar;"
                                + " since the beginning: +1.07 pp (+0.12 to +2.01) of 4,000 users, 5 Mar to 11 Mar");
        assertThat(verdict.nextStep()).startsWith("look at what changed in these days");
    }

    @Test
    void whatCannotBeToldSaysWhy() {
        EffectVerdict alone = of(
                List.of(row("enabled", "recent", "higher", null, null, null)),
                arms("total", "higher", 0.0107, 0.0012, 0.0201));
        assertThat(alone.answer()).isEqualTo(Answer.WORKING);
        assertThat(alone.sentence())
                .startsWith(
                        "working, by all days; conversion in the newest 7 days: nobody to compare with: all 2,000 users"
                                + " were enabled; since the beginning: +1.07");
        EffectVerdict blind = of(arms("recent", "higher", null, null, null), arms("total", "higher", null, null, null));
        assertThat(blind.answer()).isEqualTo(Answer.UNKNOWN);
        assertThat(blind.sentence())
                .as("what is the same of both is said once")
                .isEqualTo(
                        "cannot tell; conversion since the beginning: no propensity between 0 and 1 is logged with the users of"
                                + " an arm: map flagcast.sources.exposures.columns.propensity");
        assertThat(of(List.of(), arms("total", "higher", 0.0, -1.0, 1.0)).sentence())
                .contains("nobody's outcome window has closed");
    }

    @Test
    void onlyTheFirstMetricOfAllUsersSpeaks() {
        List<Row> rows = new ArrayList<>();
        for (String population : List.of("enabled", "control")) {
            rows.add(row("high", "", 1, population, "recent", "higher", -0.05, -0.06, -0.04));
            rows.add(row("all", "country=DE", 1, population, "recent", "higher", -0.05, -0.06, -0.04));
            rows.add(row("all", "", 2, population, "recent", "higher", -0.05, -0.06, -0.04));
            rows.add(row("all", "", null, population, "holdout", "higher", -0.05, -0.06, -0.04));
        }
        assertThat(EffectVerdict.of(rows)).isEmpty();
        rows.addAll(arms("recent", "higher", 0.01, 0.005, 0.02));
        assertThat(EffectVerdict.of(rows)).extracting(EffectVerdict::answer).containsExactly(Answer.WORKING);
    }
}
