package io.flagcast.tables;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class IdsTest {

    @ParameterizedTest
    @NullSource
    @ValueSource(
            strings = {"", " ", "\t", "\n", "\u0000", "\u00a0", "\u2003\u3000", "\u200b", "\ufeff", "\ud834\udd73"})
    void whatCannotBeSeenIsBlank(String id) {
        assertThat(Ids.isBlank(id)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-", "null", " 7", "7\u00a0", "\u200bu1", "ä", "\ud83d\ude00", "\ud800"})
    void whatCanBeSeenIsAnIdWhateverStandsAroundIt(String id) {
        assertThat(Ids.isBlank(id)).isFalse();
    }

    @Test
    void theExpressionForEnginesSaysTheSameOfEveryCharacter() {
        Pattern blank = Pattern.compile(Ids.BLANK);
        assertThat(blank.matcher("").find()).isTrue();
        assertThat(IntStream.rangeClosed(Character.MIN_CODE_POINT, Character.MAX_CODE_POINT)
                        .mapToObj(Character::toString)
                        .filter(one -> blank.matcher(one).find() != Ids.isBlank(one)))
                .isEmpty();
    }
}
