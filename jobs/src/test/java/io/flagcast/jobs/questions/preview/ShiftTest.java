package io.flagcast.jobs.questions.preview;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ShiftTest {

    @Test
    void allUsersAreThoseOfTheSegmentsTogether() {
        Shift all = Shift.all(
                "rollout",
                List.of(
                        new Shift("rollout", "high", 100, 50, 70, 25, 5, true, false),
                        new Shift("rollout", "low", 200, 10, 10, 0, 0, false, false)));

        assertThat(all).isEqualTo(new Shift("rollout", "all", 300, 60, 80, 25, 5, true, false));
        assertThat(all.stay()).isEqualTo(270);
    }
}
