package io.flagcast.training.usage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.fixtures.SharedSpark;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class FamilyTest {

    private static Family of(String pattern) {
        return new Family(pattern, 1, 100, Optional.empty());
    }

    @Test
    void aStarIsAnyCharactersAndEveryOtherCharacterIsItself() {
        assertThat(of("artist_*").matches("artist_9")).isTrue();
        assertThat(of("artist_*").matches("artist_")).isTrue();
        assertThat(of("artist_*").matches("Artist_9")).isFalse();
        assertThat(of("artist_*").matches("an artist_9")).isFalse();
        assertThat(of("*").matches("")).isTrue();
        assertThat(of("*").matches("two\nlines, \\E and *")).isTrue();
        assertThat(of("a.b*[c]").matches("a.b then [c]")).isTrue();
        assertThat(of("a.b*[c]").matches("axb then c")).isFalse();
        assertThat(of("a*a").matches("a")).isFalse();
        assertThat(of("a*a").matches("aba\n")).isFalse();
        assertThat(of("\\E*").matches("\\E$")).isTrue();
    }

    @Test
    void theClosestPatternHasAFeature() {
        List<Family> families = List.of(of("*"), of("artist_*"), of("artist_*_live"), of("*_live"), of("*_liv*"));
        assertThat(Family.of("artist_9", families)).contains(of("artist_*"));
        assertThat(Family.of("artist_9_live", families)).contains(of("artist_*_live"));
        assertThat(Family.of("album_9_live", families)).contains(of("*_live"));
        assertThat(Family.of("album_9", families)).contains(of("*"));
        assertThat(Family.of("album_9", families.subList(1, 5))).isEmpty();
    }

    @Test
    void beginningsTellWhichPatternsMayMeet() {
        assertThat(of("*").mayMeet(of("artist_*"))).isTrue();
        assertThat(of("artist_*").mayMeet(of("art*"))).isTrue();
        assertThat(of("artist_*").mayMeet(of("album_*"))).isFalse();
    }

    @Test
    void aFamilyHasAPatternAndPositiveNumbers() {
        assertThatThrownBy(() -> of("artist_9")).hasMessage("the pattern 'artist_9' has no *");
        assertThatThrownBy(() -> new Family("*", 0, 1, Optional.empty()))
                .hasMessage("min-users is 0: it must be at least 1");
        assertThatThrownBy(() -> new Family("*", 1, 0, Optional.empty()))
                .hasMessage("max-features is 0: it must be at least 1");
        assertThatThrownBy(() -> new Family("*", 1, 1, Optional.of(0))).hasMessage("keep is 0: it must be at least 1");
    }

    /** Spark and this JVM agree on what a pattern matches. */
    @Test
    void onlyUsageThatIsLikeThePatternIsLeft(SparkSession spark) {
        assertThat(of("a.*\\E")
                        .usage(spark.sql(
                                "SELECT map('a.1\\\\E', 1D, 'a.\\n\\\\E', 2D, 'ab\\\\E', 3D, 'a.', 4D) AS usage"))
                        .head()
                        .getJavaMap(0)
                        .values())
                .map(Object::toString)
                .containsExactlyInAnyOrder("1.0", "2.0");
    }
}
