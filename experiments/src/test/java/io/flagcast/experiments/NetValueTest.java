package io.flagcast.experiments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.allocation.Policy;
import io.flagcast.experiments.NetValue.Cost;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What users earn and cost in an experiment file, and the best tiers, which need to know it. */
class NetValueTest {

    private static final String FILE = """
            experiment_id: promotion
            feature_id: promotion
            salt: promotion-2026
            metrics:
              purchase_rate: {kind: proportion, outcome: purchase, within: 7d}
              returns: {kind: proportion, outcome: return, within: 7d, higher_is_better: false}
            value: %s
            allocation: %s
            """;

    private static final String VALUE = "{metric: purchase_rate, per: 10, cost: 0.15}";
    private static final String BEST = "{type: tiered, tier_thresholds: best}";

    private static Experiment parsed(String value, String allocation) {
        return ExperimentFiles.parse("promotion.yaml", FILE.formatted(value, allocation));
    }

    /** 0.15 of 10 is a change of 1.5 points. */
    @Test
    void aCostIsANumberOrAColumnOfTheProfileAndNothingWhereItIsLeftOut() {
        NetValue constant = parsed(VALUE, BEST).value().orElseThrow();
        assertThat(constant.metric().name()).isEqualTo("purchase_rate");
        assertThat(constant.cost()).isEqualTo(new Cost.Constant(0.15));
        assertThat(constant.breakEven().orElseThrow()).isCloseTo(0.015, within(1e-15));
        assertThat(constant.formula()).isEqualTo("10 x purchase_rate - 0.15 for each user enabled");

        NetValue own = parsed("{metric: purchase_rate, per: 0.5, cost: delivery_cost}", BEST)
                .value()
                .orElseThrow();
        assertThat(own.cost()).isEqualTo(new Cost.Column("delivery_cost"));
        assertThat(own.breakEven()).isEmpty();
        assertThat(own.formula()).isEqualTo("0.5 x purchase_rate - delivery_cost of each user enabled");

        NetValue free = parsed("{metric: purchase_rate, per: 10}", BEST).value().orElseThrow();
        assertThat(free.cost()).isEqualTo(new Cost.Constant(0));
        assertThat(free.formula()).isEqualTo("10 x purchase_rate");
    }

    @Test
    void theBestTiersAreTwoOfWhichTheFirstIsEnabledUnlessTheFileSaysOtherwise() {
        Experiment experiment = parsed(VALUE, BEST);
        assertThat(experiment.allocation()).isEqualTo(new Policy.Best(Policy.Tiered.upTo(1, Policy.Best.THRESHOLDS)));
        assertThat(experiment.unscored()).hasValue(0);
        assertThat(parsed(VALUE, "{type: tiered, tier_thresholds: best, active_tier: 2}")
                        .allocation()
                        .activeTier())
                .hasValue(2);
        assertThat(parsed(VALUE, "{type: tiered, tier_thresholds: best, tier_probabilities: [90%, 5%], unscored: 3%}")
                        .unscored())
                .hasValue(0.03);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{type: tiered, tier_thresholds: best}",
                "{type: tiered, tier_thresholds: best, active_tier: 1}",
                "{type: tiered, tier_thresholds: best, tier_probabilities: [90%, 5%]}",
                "{type: tiered, tier_thresholds: [80, 50, 20], active_tier: 2}",
                "{percentage_allocation: 10%}"
            })
    void theSchemaTakesIt(String allocation) {
        assertThat(SchemaTest.problems(FILE.formatted(VALUE, allocation))).isEmpty();
        assertThat(SchemaTest.problems(FILE.formatted("{metric: purchase_rate, per: 1, cost: own_cost}", allocation)))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "{metric: purchases, per: 10}|metric 'purchases': not declared in metrics (purchase_rate, returns)",
                "{metric: returns, per: 10}|metric 'returns': lower is better; name a metric of which more is worth more",
                "{metric: purchase_rate}|per is missing in value",
                "{metric: purchase_rate, per: 0}|per 0.0 is not above 0",
                "{metric: purchase_rate, per: -2}|per -2.0 is not above 0",
                "{metric: purchase_rate, per: 10, cost: -0.15}|cost '-0.15': below 0",
                "{metric: purchase_rate, per: 10, cost: .nan}|cost '.nan': not a finite number",
                "{metric: purchase_rate, per: 10, cost: 15%}|cost '15%': not a finite number",
                "{metric: purchase_rate, per: 10, costs: 1}|unknown key 'costs'; did you mean 'cost'?"
            })
    void aValueThatCannotBeIsRefusedWithItsReason(String value, String problem) {
        assertThatThrownBy(() -> parsed(value, "{percentage_allocation: 10%}"))
                .isInstanceOf(ExperimentFilesException.class)
                .hasMessageContaining(problem);
    }

    @Test
    void theBestTiersNeedToKnowWhatUsersEarnAndABanditWouldNotKnowWhatTheyCost() {
        assertThatThrownBy(() -> ExperimentFiles.parse(
                        "promotion.yaml", FILE.replace("value: %s\n", "").formatted(BEST)))
                .hasMessageContaining("tier_thresholds 'best': needs to know what users earn and cost");
        assertThatThrownBy(() -> parsed(VALUE, "{type: tiered, tier_thresholds: bets}"))
                .hasMessageContaining("tier_thresholds 'bets': neither a list of scores, as in [80, 50, 20], nor best");
        assertThatThrownBy(() -> parsed(VALUE, "{type: bandit, bandit: {algorithm: thompson, reward: purchase_rate}}"))
                .hasMessageContaining("type 'bandit': learns its reward and not what users cost");
        assertThatThrownBy(() -> parsed(VALUE, "{type: tiered, tier_thresholds: best, active_tier: 3}"))
                .hasMessageContaining("active tier 3 is outside [0, 2]");
    }
}
