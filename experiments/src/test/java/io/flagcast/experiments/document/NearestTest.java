package io.flagcast.experiments.document;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearestTest {

    @ParameterizedTest
    @CsvSource({
        "salt, salt, 0",
        "slat, salt, 1",
        "Salt, salt, 0",
        "sal, salt, 1",
        "saltt, salt, 1",
        "kitten, sitting, 3"
    })
    void aSwapOfNeighboursIsOneError(String written, String name, int errors) {
        assertThat(Nearest.errors(written, name)).isEqualTo(errors);
    }

    @Property(tries = 200, seed = "20261123")
    void errorsAreTheSameInBothDirections(
            @ForAll @AlphaChars @StringLength(max = 8) String a, @ForAll @AlphaChars @StringLength(max = 8) String b) {
        assertThat(Nearest.errors(a, b)).isEqualTo(Nearest.errors(b, a));
    }

    @Test
    void nothingIsNearWhereTooMuchIsWrong() {
        assertThat(Nearest.to("owner", List.of("salt", "layer"))).isEmpty();
        assertThat(Nearest.to("lyaer", List.of("salt", "layer"))).contains("layer");
        assertThat(Nearest.to("", List.of("salt"))).isEmpty();
    }
}
