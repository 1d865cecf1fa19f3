package io.flagcast.tables;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class PseudonymTest {

    /** RFC 4231, test case 1, and what {@code openssl dgst -sha256 -hmac} says. */
    @Test
    void itIsTheHmacOfTheStandard() {
        assertThat(new Pseudonym("\u000b".repeat(20)).of("Hi There"))
                .isEqualTo("hmac-sha256:b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        assertThat(new Pseudonym("k".repeat(64)).of("u-1001"))
                .isEqualTo("hmac-sha256:289303d549a28436fdcc16ece4d91fee8e3d9e4bc98f30a8d3239826a66975d0");
    }

    @Test
    void anIdThatNamesNobodyStaysNobodys() {
        Pseudonym pseudonym = new Pseudonym("a key that is long enough");
        assertThat(pseudonym.of(null)).isNull();
        assertThat(pseudonym.of(" ")).isEqualTo(" ");
    }

    @Test
    void aPseudonymStaysTheSame() {
        Pseudonym pseudonym = new Pseudonym("a key that is long enough");
        String made = pseudonym.of("u-1001");
        assertThat(pseudonym.of(made)).isEqualTo(made);
        assertThat(pseudonym.of(made.substring(1))).isNotEqualTo(made.substring(1));
    }

    @Test
    void aKeyThatCanBeTriedOutIsRefused() {
        assertThatThrownBy(() -> new Pseudonym("0123456789abcde"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("15 characters");
    }
}
