package io.flagcast.training.learners;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.training.learners.Estimate.Part;
import io.flagcast.training.learners.ResponseModel.Linear;
import io.flagcast.training.learners.ResponseModel.Link;
import io.flagcast.training.learners.ResponseModel.Trees;
import java.util.List;
import org.junit.jupiter.api.Test;

class EstimateTest {

    private static final Linear THREE = new Linear(new double[] {1, 2, 3}, 0, Link.LOGIT);

    @Test
    void directionsAreTheCoefficientsThatTheUpliftIsMadeOf() {
        Estimate arms = Estimate.ofArms(THREE, THREE, 0.5);
        assertThat(arms.directions()).hasValue(8);
        // The arms speak of the response alone then.
        Estimate own = arms.withUplift(0, List.of(new Part(THREE, 1, 0)));
        assertThat(own.directions()).hasValue(4);
        assertThat(Estimate.average(List.of(arms, own)).directions()).hasValue(12);
    }

    @Test
    void treesHaveNoNumberOfDirections() {
        Trees trees = new Trees(List.of(), Link.IDENTITY);
        assertThat(Estimate.ofArms(THREE, trees, 0.5).directions()).isEmpty();
        assertThat(Estimate.ofArms(trees, trees, 0.5)
                        .withUplift(0, List.of(new Part(THREE, 1, 0)))
                        .directions())
                .hasValue(4);
        assertThat(new Estimate(0.1, List.of()).directions()).isEmpty();
    }
}
