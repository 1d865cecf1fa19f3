package io.flagcast.tables;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Vectors: NIST, examples of SHA-256 for FIPS 180-4 (one block, two blocks, a million letters a), and no message at all. */
class ContentHashTest {

    private static final String OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @Test
    void aTextHasThePublishedHash() {
        assertThat(ContentHash.sha256("abc")).isEqualTo(OF_ABC);
        assertThat(ContentHash.sha256(""))
                .isEqualTo("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assertThat(ContentHash.sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))
                .isEqualTo("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
        assertThat(ContentHash.sha256("a".repeat(1_000_000)))
                .isEqualTo("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }

    @Test
    void bytesHaveThePublishedHash() {
        assertThat(ContentHash.sha256(new byte[] {'a', 'b', 'c'})).isEqualTo(OF_ABC);
    }

    @Test
    void aTextIsHashedAsUtf8() {
        assertThat(ContentHash.sha256("zwölf")).isEqualTo(ContentHash.sha256("zwölf".getBytes(StandardCharsets.UTF_8)));
        assertThat(ContentHash.sha256("zwölf"))
                .isNotEqualTo(ContentHash.sha256("zwölf".getBytes(StandardCharsets.ISO_8859_1)));
    }

    @Test
    void aShortHashIsTheBeginningOfTheWholeOne() {
        assertThat(ContentHash.sha256("abc", 16)).isEqualTo("ba7816bf8f01cfea");
        assertThat(ContentHash.sha256("abc", 12)).isEqualTo("ba7816bf8f01");
        assertThat(ContentHash.sha256("abc", ContentHash.DIGITS)).isEqualTo(OF_ABC);
    }

    @Test
    void moreDigitsThanThereAreAreRefused() {
        assertThatThrownBy(() -> ContentHash.sha256("abc", 65))
                .hasMessage("a SHA-256 has 1 to 64 digits to give, not 65");
        assertThatThrownBy(() -> ContentHash.sha256("abc", 0))
                .hasMessage("a SHA-256 has 1 to 64 digits to give, not 0");
    }
}
