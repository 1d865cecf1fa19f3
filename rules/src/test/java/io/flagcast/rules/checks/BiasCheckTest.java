package io.flagcast.rules.checks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.rules.checks.Finding.Part;
import io.flagcast.rules.checks.Finding.State;
import io.flagcast.statistics.Moments;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class BiasCheckTest {

    private static Finding enabled(Map<String, Moments> groups) {
        return BiasCheck.enabled("checkout", "mid", "gender", groups);
    }

    @Test
    void aGroupThatIsEnabledFarLessOftenThanFourFifthsIsNamed() {
        Finding finding = enabled(
                Map.of("women", Moments.ofProportion(3_000, 10_000), "men", Moments.ofProportion(6_000, 10_000)));

        assertThat(finding.state()).isEqualTo(State.FAILED);
        assertThat(finding.check()).isEqualTo(Check.ENABLE_BIAS);
        assertThat(finding.segment()).isEqualTo("mid");
        assertThat(finding.subject()).isEqualTo("gender");
        assertThat(finding.reason())
                .contains("in mid is 0.5 times that of the others for women (0.3 of 10,000 users against 0.6)");
        assertThat(finding.detail()).extracting(Part::name).containsExactly("men", "women");
        assertThat(finding.detail().get(1).observed().orElseThrow()).isCloseTo(0.3, within(1e-12));
        assertThat(finding.detail().get(1).expected().orElseThrow()).isCloseTo(0.6, within(1e-12));
        assertThat(finding.threshold()).hasValue(0.8);
        assertThat(finding.reason()).endsWith(", beyond four fifths");
    }

    /** What is compared is the logarithm of the ratio, whose variance is 1/a − 1/n + 1/b − 1/m (Katz and others). */
    @Test
    void theBoundsAreThoseOfTheRatioAtEveryLookAndGroupsShareTheError() {
        Finding finding =
                enabled(Map.of("a", Moments.ofProportion(3_000, 10_000), "b", Moments.ofProportion(6_000, 10_000)));

        double logError = Math.sqrt(1 / 3_000.0 - 1 / 10_000.0 + 1 / 6_000.0 - 1 / 10_000.0);
        double width = ChanceTest.multiplier(0.001 / 4, 20_000) * logError;
        assertThat(finding.interval().orElseThrow().lower()).isCloseTo(0.5 * Math.exp(-width), within(1e-3));
        assertThat(finding.interval().orElseThrow().upper()).isCloseTo(0.5 * Math.exp(width), within(1e-3));
    }

    @Test
    void theOneOfManyThatIsFavouredIsNamedToo() {
        Map<String, Moments> groups = new TreeMap<>(Map.of("favoured", Moments.ofProportion(9_000, 10_000)));
        for (int group = 0; group < 9; group++) {
            groups.put("group " + group, Moments.ofProportion(5_000, 10_000));
        }

        Finding finding = enabled(groups);
        assertThat(finding.state()).isEqualTo(State.FAILED);
        assertThat(finding.reason()).contains("1.8 times that of the others for favoured");
        assertThat(finding.threshold()).hasValue(1.25);
    }

    @Test
    void aRatioAboveFourFifthsPassesHoweverManyUsersAndOfOneBelowWithoutEnoughNothingIsTold() {
        assertThat(enabled(Map.of(
                                "a", Moments.ofProportion(420_000, 1_000_000),
                                "b", Moments.ofProportion(500_000, 1_000_000)))
                        .state())
                .isEqualTo(State.PASSED);
        assertThat(enabled(Map.of("a", Moments.ofProportion(70, 200), "b", Moments.ofProportion(100, 200)))
                        .state())
                .isEqualTo(State.UNKNOWN);
    }

    /** One more, who is enabled, or who earns as those do who earn: (0² + 0² + 10² + 30²) / (10 + 30) = 25. */
    @Test
    void aGroupOfWhomNobodyIsEnabledIsTheGravest() {
        Finding finding = enabled(Map.of("a", Moments.ofProportion(0, 1_000), "b", Moments.ofProportion(500, 1_000)));
        assertThat(finding.state()).isEqualTo(State.FAILED);
        assertThat(finding.observed()).hasValueCloseTo((1 / 1_001.0) / 0.5, within(1e-12));

        Moments none = new Moments(1_000, 0, 0);
        Moments some = Moments.ofSums(1_000, 10_000, 250_000);
        Finding revenue = BiasCheck.outcomes("checkout", "mid", "gender", "revenue", Map.of("a", none, "b", some));
        assertThat(revenue.state()).isEqualTo(State.FAILED);
        assertThat(revenue.observed()).hasValueCloseTo((25 / 1_001.0) / 10, within(1e-12));
    }

    @Test
    void aHundredUsersAreShown() {
        Finding finding = enabled(Map.of("a", Moments.ofProportion(50, 100), "b", Moments.ofProportion(50, 100)));

        assertThat(finding.n()).isEqualTo(200);
        assertThat(finding.state()).isEqualTo(State.UNKNOWN);
        assertThat(finding.reason()).endsWith(": too wide to tell, a half or double is not excluded");
        assertThat(finding.detail()).extracting(Part::name).containsExactly("a", "b");
    }

    /** Were the small group part of the others, the others' mean would be its own. */
    @Test
    void aSmallGroupIsNeitherShownNorToBeToldBySubtraction() {
        Moments small = Moments.ofProportion(1, 99);

        Finding three = enabled(
                Map.of("a", Moments.ofProportion(500, 1_000), "b", Moments.ofProportion(500, 1_000), "secret", small));
        assertThat(three.state()).isEqualTo(State.PASSED);
        assertThat(three.n()).isEqualTo(2_000);
        assertThat(three.detail()).extracting(Part::name).containsExactly("a", "b");
        assertThat(three.detail().get(0).expected()).hasValue(0.5);
        assertThat(three.reason())
                .endsWith("; 1 group below 100 users not shown")
                .doesNotContain("secret");

        Finding two = enabled(Map.of("a", Moments.ofProportion(500, 1_000), "secret", small));
        assertThat(two.state()).isEqualTo(State.UNKNOWN);
        assertThat(two.detail()).isEmpty();
        assertThat(two.reason())
                .isEqualTo(
                        "no two groups of mid whose share of enabled users could be compared; 1 group below 100 users"
                                + " not shown");
    }

    @Test
    void outcomesAreToldByMetricAndAttribute() {
        Finding finding = BiasCheck.outcomes(
                "checkout",
                "mid",
                "gender",
                "conversion",
                Map.of("a", Moments.ofProportion(500, 10_000), "b", Moments.ofProportion(1_000, 10_000)));

        assertThat(finding.check()).isEqualTo(Check.OUTCOME_BIAS);
        assertThat(finding.subject()).isEqualTo("conversion by gender");
        assertThat(finding.state()).isEqualTo(State.FAILED);
    }

    @Test
    void outcomesThatAreNoneHaveNoRatio() {
        Moments none = Moments.ofProportion(0, 1_000);

        assertThat(BiasCheck.outcomes("checkout", "mid", "gender", "conversion", Map.of("a", none, "b", none))
                        .state())
                .isEqualTo(State.UNKNOWN);
    }
}
