package io.flagcast.statistics.ids;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.statistics.ids.RowsPerId.Level;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RowsPerIdTest {

    /** Ids with 1, 1, 2, 3, 16 and 17 rows: 16 and 17 are of one class, from 16 to 19.03. */
    @Test
    void idsWithAboutAsManyRowsAreCountedTogether() {
        RowsPerId spread = RowsPerId.of(List.of(1L, 17L, 2L, 1L, 16L, 3L));

        assertThat(spread.ids()).isEqualTo(6);
        assertThat(spread.rows()).isEqualTo(40);
        assertThat(spread.most()).isEqualTo(17);
        assertThat(spread.classes().get(16)).isEqualTo(new Level(2, 33, 17));
        assertThat(spread.mostFrom(2)).isEqualTo(17);
        assertThat(spread.mostFrom(3)).isEqualTo(3);
        assertThat(spread.mostFrom(6)).isEqualTo(1);
        assertThat(spread.mostFrom(7)).isZero();
        assertThat(RowsPerId.EMPTY.most()).isZero();
    }

    @Test
    void partsAddUpToTheWholeAndPlacesAreWithinAFifth() {
        SplittableRandom random = new SplittableRandom(3);
        List<Long> rows = Stream.generate(() -> (long) Math.exp(9 * random.nextDouble()))
                .limit(5_000)
                .toList();
        RowsPerId whole = RowsPerId.of(rows);

        assertThat(RowsPerId.of(rows.subList(0, 1_234)).merge(RowsPerId.of(rows.subList(1_234, 5_000))))
                .isEqualTo(whole);
        List<Long> sorted = new ArrayList<>(rows);
        sorted.sort(Comparator.reverseOrder());
        for (int place = 1; place <= 5_000; place++) {
            assertThat((double) whole.mostFrom(place))
                    .isBetween((double) sorted.get(place - 1), 1.2 * sorted.get(place - 1));
        }
    }

    @Test
    void rowsThatIdsCannotHaveAreRefused() {
        assertThatThrownBy(() -> new Level(2, 9, 4)).hasMessage("9 rows of 2 ids cannot be with 4 of one at most");
        assertThatThrownBy(() -> new Overlap(3, 9, 4))
                .hasMessage("4 ids of both sides, where one has 3 and the other 9");
    }

    /** A part of a large table is wholly in it; two tables that share one id of ten each share a tenth. */
    @Test
    void theOverlapIsThatOfTheSmallerSide() {
        assertThat(new Overlap(10, 1_000_000, 10).coefficient()).isEqualTo(1);
        assertThat(new Overlap(10, 10, 1).coefficient()).isEqualTo(0.1);
        assertThat(new Overlap(0, 10, 0).coefficient()).isZero();
        assertThat(new Overlap(10, 20, 3).unmet()).isEqualTo(7);
    }
}
