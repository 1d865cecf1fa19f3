package io.flagcast.training.learners;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.statistics.Metric;
import io.flagcast.training.learners.Learner.Member;
import io.flagcast.training.learners.ResponseModel.Linear;
import io.flagcast.training.learners.ResponseModel.Link;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LearnerTest {

    @Test
    void theKnownNamesAreAMetalearnerAndAMethodEach() {
        assertThat(Learner.names())
                .isEqualTo(
                        "t_linear, t_trees, t_network, x_linear, x_trees, x_network, dr_linear, dr_trees, dr_network,"
                                + " s_linear, class_linear, class_trees");
        for (String name : Learner.names().split(", ", -1)) {
            assertThat(Learner.parse(name).name()).isEqualTo(name);
            assertThat(Learner.parse(name)).hasToString(name);
        }
    }

    @Test
    void anAverageIsReadFromTheNamesOfItsMembers() {
        Learner average = Learner.parse("t_linear + x_trees");
        assertThat(average.members())
                .containsExactly(new Member(Metalearner.T, Method.LINEAR), new Member(Metalearner.X, Method.TREES));
        assertThat(average.name()).isEqualTo("t_linear+x_trees");
        assertThat(Learner.parse(average.name())).isEqualTo(average);
    }

    @ParameterizedTest
    @ValueSource(strings = {"oracle", "t", "T_LINEAR", "", "t_linear_x"})
    void anUnknownNameIsRefusedWithTheKnownOnes(String name) {
        assertThatThrownBy(() -> Learner.parse(name))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("learner '%s' is unknown: known are %s, and averages as t_linear+x_trees"
                        .formatted(name, Learner.names()));
    }

    @Test
    void anAverageWithAnUnknownMemberIsRefused() {
        assertThatThrownBy(() -> Learner.parse("t_linear+")).hasMessageStartingWith("learner '' is unknown");
        assertThatThrownBy(() -> Learner.parse("t_linear+oracle"))
                .hasMessageStartingWith("learner 'oracle' is unknown");
    }

    @Test
    void pairsThatDoNotExistAreRefusedWithTheReason() {
        for (String name : List.of("s_trees", "s_network")) {
            assertThatThrownBy(() -> Learner.parse(name))
                    .hasMessage("learner '" + name
                            + "': the S-learner needs explicit interactions, so s_linear is the only one");
        }
        assertThatThrownBy(() -> Learner.parse("t_linear+class_network"))
                .hasMessage(
                        "learner 'class_network': the class transformation needs weights, which MLlib's network does"
                                + " not take: write class_linear or class_trees");
    }

    @Test
    void networksAndTheClassTransformationLearnNoValues() {
        for (String name : Learner.names().split(", ", -1)) {
            Learner learner = Learner.parse(name);
            assertThat(learner.learns(Metric.Kind.PROPORTION)).isTrue();
            assertThat(learner.learns(Metric.Kind.MEAN))
                    .isEqualTo(!name.startsWith("class_") && !name.endsWith("_network"));
        }
        assertThat(Learner.parse("t_linear+class_linear").learns(Metric.Kind.MEAN))
                .isFalse();
        assertThat(Learner.parse("t_linear+x_trees").learns(Metric.Kind.MEAN)).isTrue();
    }

    @Test
    void anEstimateOfArmsMixesResponsesByTheShare() {
        // Enabled 3, control 1: uplift 2, response 0.25 · 3 + 0.75 · 1.
        Estimate arms = Estimate.ofArms(
                new Linear(new double[] {1}, 1, Link.IDENTITY), new Linear(new double[] {0}, 1, Link.IDENTITY), 0.25);
        assertThat(arms.predict(new double[] {2})).isEqualTo(new Estimate.Prediction(2, 1.5));
        // The uplift is replaced, the response stays.
        Estimate other =
                arms.withUplift(-1, List.of(new Estimate.Part(new Linear(new double[] {3}, 0, Link.IDENTITY), 0.5, 0)));
        assertThat(other.predict(new double[] {2})).isEqualTo(new Estimate.Prediction(2, 1.5));
        assertThat(other.predict(new double[] {4})).isEqualTo(new Estimate.Prediction(5, 2));
        // At 4 the arms say an uplift of 4 and the response 0.25 · 5 + 0.75.
        assertThat(Estimate.average(List.of(arms, other)).predict(new double[] {4}))
                .isEqualTo(new Estimate.Prediction(4.5, 2));
    }
}
