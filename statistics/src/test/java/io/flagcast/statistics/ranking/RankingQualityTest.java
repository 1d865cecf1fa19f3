package io.flagcast.statistics.ranking;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.Generator;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RankingQualityTest {

    private static final List<String> ITEMS =
            IntStream.rangeClosed(0, 20).mapToObj(String::valueOf).toList();

    @Test
    void theFirstFourGiveTheirMeasuresByHand() {
        // Relevant at ranks 1 and 3, the third only at rank 5: gain 1 + 1/log₂4 = 1.5.
        // Best: three relevant at ranks 1 to 3: 1 + 1/log₂3 + 1/2 = 2.1309298. Precisions 1 and 2/3, over 3.
        RankingQuality quality = RankingQuality.at(4, List.of("a", "x", "b", "y", "c"), Set.of("a", "b", "c"));

        assertThat(quality.ndcg()).isCloseTo(1.5 / 2.1309298, within(1e-7));
        assertThat(quality.averagePrecision()).isCloseTo((1 + 2.0 / 3) / 3, within(1e-12));
        assertThat(quality.precision()).isEqualTo(0.5);
        assertThat(quality.recall()).isCloseTo(2.0 / 3, within(1e-12));
    }

    @Test
    void theBestListReachesOneButForRecallAboveK() {
        assertThat(RankingQuality.at(2, List.of("b", "a", "x"), Set.of("a", "b", "c", "d")))
                .isEqualTo(new RankingQuality(1, 1, 1, 0.5));
    }

    @Test
    void aShortListIsDividedByKAllTheSame() {
        assertThat(RankingQuality.at(10, List.of("a"), Set.of("a"))).isEqualTo(new RankingQuality(1, 1, 0.1, 1));
        assertThat(RankingQuality.at(10, List.of(), Set.of("a"))).isEqualTo(new RankingQuality(0, 0, 0, 0));
    }

    @Test
    void whatComesAfterKDoesNotCount() {
        assertThat(RankingQuality.at(1, List.of("x", "a"), Set.of("a"))).isEqualTo(new RankingQuality(0, 0, 0, 0));
    }

    @Test
    void movingARelevantItemUpNeverLowersAMeasure() {
        record Ranking(List<String> items, Set<String> relevant, int k, int at) {}
        Generator<Ranking> generator = dice -> new Ranking(
                dice.someOf(2, 12, ITEMS),
                Set.copyOf(dice.someOf(1, 6, ITEMS)),
                dice.integer(1, 12),
                dice.integer(1, 11));
        cases(1, 200, generator).allSatisfy(drawn -> {
            List<String> ranked = new ArrayList<>(drawn.items());
            RankingQuality before = RankingQuality.at(drawn.k(), ranked, drawn.relevant());
            int rank = Math.min(drawn.at(), ranked.size() - 1);
            if (drawn.relevant().contains(ranked.get(rank))) {
                ranked.add(rank - 1, ranked.remove(rank));
            }
            RankingQuality after = RankingQuality.at(drawn.k(), ranked, drawn.relevant());

            assertThat(after.ndcg()).isGreaterThan(before.ndcg() - 1e-12);
            assertThat(after.averagePrecision()).isGreaterThan(before.averagePrecision() - 1e-12);
            assertThat(after.precision()).isGreaterThanOrEqualTo(before.precision());
            assertThat(after.recall()).isGreaterThanOrEqualTo(before.recall());
        });
    }

    @Test
    void whatIsNoRankingIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RankingQuality.at(0, List.of("a"), Set.of("a")))
                .withMessageContaining("k is 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RankingQuality.at(1, List.of("a"), Set.of()))
                .withMessageContaining("no item is relevant");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RankingQuality.at(1, List.of("a", "b", "a"), Set.of("a")))
                .withMessageContaining("3 ranked items of which 2 are distinct");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RankingQuality(1.5, 0, 0, 0))
                .withMessageContaining("ndcg is 1.5");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RankingQuality(0, 0, 0, Double.NaN))
                .withMessageContaining("recall is NaN");
    }
}
