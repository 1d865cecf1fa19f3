package io.flagcast.rules.checks;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.rules.Action.Alert.Severity;
import io.flagcast.rules.checks.World.Fault;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * All health checks of simulated experiments, looked at on each of 14 days: how often anything fails where nothing is
 * wrong, and what fails first where something is. Seeds from 0 on: a quarter of what the build says, so 250
 * experiments, or with the profile proof 1,000.
 */
@Tag("simulation")
class HealthyAndFaultyExperimentsTest {

    private static final int SEEDS = Integer.getInteger("flagcast.seeds", 1_000) / 4;

    /** Experiments with each fault. */
    private static final int FAULTY = Math.max(3, SEEDS / 100);

    /**
     * Most that each check may err about a healthy experiment: 0.001 over all looks for each of its findings that share
     * an error (two metrics or three bands, and each of both), and for a single look for drift and volume, which look
     * afresh every day. The others do not err.
     */
    private static final Map<Check, Double> NOMINAL = new EnumMap<>(Map.of(
            Check.VOLUME, 0.001 * World.DAYS,
            Check.SAMPLE_RATIO, 0.001,
            Check.PREDICTOR_DRIFT, 0.001 * World.DAYS,
            Check.SCORE_DRIFT, 0.001 * World.DAYS,
            Check.CALIBRATION, 2 * 0.001,
            Check.UNEXPECTED_OUTCOME, 0.001,
            Check.ENABLE_BIAS, 3 * 0.001,
            Check.OUTCOME_BIAS, 6 * 0.001,
            Check.SIMPSON, 2 * 0.001,
            Check.NOVELTY, 0.001));

    @Test
    void aHealthyExperimentRaisesAnAlertNoMoreOftenThanItsChecksMayErr() {
        Map<Check, Integer> failed = new EnumMap<>(Check.class);
        int alerted = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            World world = new World(Fault.NONE, seed);
            Set<Check> ever = EnumSet.noneOf(Check.class);
            for (int day = 0; day < World.DAYS; day++) {
                ever.addAll(failures(world.nextDay()));
            }
            ever.forEach(check -> failed.merge(check, 1, Integer::sum));
            alerted += ever.stream().anyMatch(check -> check.severity() != Severity.INFO) ? 1 : 0;
        }
        double nominal = NOMINAL.entrySet().stream()
                .filter(check -> check.getKey().severity() != Severity.INFO)
                .mapToDouble(Map.Entry::getValue)
                .sum();
        System.out.printf(
                "%,d healthy experiments, 14 looks each: %d with a critical or warning alert (nominal at most %.1f %%), by check %s%n",
                SEEDS, alerted, 100 * nominal, failed);

        assertThat((double) alerted / SEEDS).isLessThanOrEqualTo(nominal);
        // Three binomial standard errors above the nominal of each.
        failed.forEach((check, experiments) -> {
            double expected = SEEDS * NOMINAL.getOrDefault(check, 0.0);
            assertThat((double) experiments).as(check.label()).isLessThanOrEqualTo(expected + 3 * Math.sqrt(expected));
        });
    }

    @ParameterizedTest
    @EnumSource(value = Fault.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void aFaultIsFoundByItsOwnCheckFirstAndWhatElseFailsMayFollowFromIt(Fault fault) {
        Check own = fault.foundBy.orElseThrow();
        Map<Check, Integer> consequences = new EnumMap<>(Check.class);
        int latest = 0;
        int earlier = 0;
        for (int seed = 0; seed < FAULTY; seed++) {
            World world = new World(fault, seed);
            int found = 0;
            for (int day = 1; day <= World.DAYS; day++) {
                Set<Check> failures = failures(world.nextDay());
                if (failures.remove(own)) {
                    found = found == 0 ? day : found;
                }
                assertThat(failures)
                        .as("beside %s, seed %d, day %d", own, seed, day)
                        .allMatch(own::mayExplain);
                failures.forEach(check -> consequences.merge(check, 1, Integer::sum));
                earlier += found == 0 && !failures.isEmpty() ? 1 : 0;
            }
            assertThat(found)
                    .as("seed %d: day on which %s is found", seed, fault)
                    .isPositive();
            latest = Math.max(latest, found);
        }
        System.out.printf(
                "%s: found by %s in all of %d experiments, by day %d; days on which others failed too: %s, before it on %d%n",
                fault, own.label(), FAULTY, latest, consequences, earlier);
        // A segment has more users than a decile, so that a wrong model shows there first.
        assertThat(earlier == 0 || own == Check.CALIBRATION).isTrue();
    }

    @Test
    void aDropNamesItsSegmentAndABiasItsBandAndGroup() {
        List<Finding> drop = lastDay(Fault.DROP_IN_HIGH);
        List<Finding> bias = lastDay(Fault.ENABLES_B_LESS);

        assertThat(drop)
                .filteredOn(Finding::failed)
                .singleElement()
                .satisfies(finding -> assertThat(finding.segment()).isEqualTo("high"));
        assertThat(bias).filteredOn(Finding::failed).singleElement().satisfies(finding -> {
            assertThat(finding.segment()).isEqualTo("mid");
            assertThat(finding.reason()).contains("for B");
        });
    }

    private static List<Finding> lastDay(Fault fault) {
        World world = new World(fault, 0);
        List<Finding> findings = List.of();
        for (int day = 0; day < World.DAYS; day++) {
            findings = world.nextDay();
        }
        return findings;
    }

    /** In the order of the checks. */
    private static Set<Check> failures(List<Finding> findings) {
        Set<Check> failures = EnumSet.noneOf(Check.class);
        findings.stream().filter(Finding::failed).map(Finding::check).forEach(failures::add);
        return failures;
    }
}
