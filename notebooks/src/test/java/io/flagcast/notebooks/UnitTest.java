package io.flagcast.notebooks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Numbers as axes and tables show them. */
class UnitTest {

    @Test
    void differencesHaveASignAndZeroHasNone() {
        assertThat(Unit.POINTS.text(0.021, 1)).isEqualTo("+2.1\u00a0pp");
        assertThat(Unit.POINTS.text(-0.021, 1)).isEqualTo("\u22122.1\u00a0pp");
        assertThat(Unit.POINTS.text(-0.0001, 1)).isEqualTo("0.0\u00a0pp");
        assertThat(Unit.PERCENT.text(0.5, 0)).isEqualTo("50\u00a0%");
        assertThat(Unit.NUMBER.text(-1234.5, 1)).isEqualTo("\u22121,234.5");
    }

    @Test
    void aStepHasAsManyDigitsAsItNeeds() {
        assertThat(Unit.NUMBER.digits(500)).isZero();
        assertThat(Unit.NUMBER.digits(0.5)).isEqualTo(1);
        assertThat(Unit.PERCENT.digits(0.02)).isZero();
        assertThat(Unit.PERCENT.digits(0.002)).isEqualTo(1);
    }
}
