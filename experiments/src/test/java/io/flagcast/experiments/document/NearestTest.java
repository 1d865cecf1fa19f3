package io.flagcast.experiments.document;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.fixtures.Generator;
import java.util.List;
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

    @Test
    void errorsAreTheSameInBothDirections() {
        record Names(String a, String b) {}
        Generator<Names> generator = dice -> new Names(dice.text(8), dice.text(8));
        cases(20261123, 200, generator)
                .allSatisfy(names -> assertThat(Nearest.errors(names.a(), names.b()))
                        .isEqualTo(Nearest.errors(names.b(), names.a())));
    }

    @Test
    void nothingIsNearWhereTooMuchIsWrong() {
        assertThat(Nearest.to("owner", List.of("salt", "layer"))).isEmpty();
        assertThat(Nearest.to("lyaer", List.of("salt", "layer"))).contains("layer");
        assertThat(Nearest.to("", List.of("salt"))).isEmpty();
    }
}
