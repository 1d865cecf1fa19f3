package io.flagcast.rules.checks;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.rules.checks.Finding.State;
import io.flagcast.rules.checks.UnmatchedCheck.Meeting;
import io.flagcast.rules.checks.UnmatchedCheck.Unmet;
import io.flagcast.statistics.ids.Overlap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class UnmatchedCheckTest {

    private static final Overlap ENOUGH = new Overlap(4_000, 900, 800);

    private static Meeting outcomes(long own, long other, long both) {
        return new Meeting("outcome buy", "", "outcomes", List.of("users", "exposures"), new Overlap(own, other, both));
    }

    private static Finding check(long own, long other, long both) {
        return UnmatchedCheck.of("e", outcomes(own, other, both), Unmet.NONE);
    }

    private static Finding exposures(long both, Overlap outcomes, long spelledOtherwise) {
        return UnmatchedCheck.exposures(
                "e",
                new Meeting("exposures of e", "", "exposures", List.of("users"), new Overlap(4_000, 9_000, both)),
                outcomes,
                new Unmet(spelledOtherwise, List.of("1.0"), List.of("1")));
    }

    @Test
    void outcomesThatAreNobodysTakeTheEvidenceAndSayWhoseTheyAre() {
        Finding found = UnmatchedCheck.of(
                "e", outcomes(1_200, 4_000, 0), new Unmet(1_200, List.of("1000.0", "1001.0"), List.of("1000", "1001")));

        assertThat(found.failed()).isTrue();
        assertThat(found.takesEvidence()).isTrue();
        assertThat(found.blocksIncreases()).isTrue();
        assertThat(found.subject()).isEqualTo("outcome buy");
        assertThat(found.reason())
                .isEqualTo(
                        "none of the 1,200 users of outcome buy is in users or exposures (4,000 users): '1000.0', '1001.0'"
                                + " here, '1000', '1001' there; 1,200 are there in another spelling. Write ids alike;"
                                + " flagcast.sources.outcomes.columns.user_id can map them");
    }

    /** An experiment with a hundredth of all users, whose outcomes are everybody's; and outcomes of a few of many users. */
    @Test
    void howeverSmallOneSideIsItsUsersAreInTheOther() {
        assertThat(check(1_000_000, 10_000, 9_000).state()).isEqualTo(State.PASSED);
        assertThat(check(50, 1_000_000, 50).state()).isEqualTo(State.PASSED);
        assertThat(check(1_000_000, 10_000, 100).state()).isEqualTo(State.PASSED);
        assertThat(check(1_000_000, 10_000, 99).state()).isEqualTo(State.FAILED);
    }

    @Test
    void fewerThanFiftyIdsOfASideShowNothing() {
        assertThat(check(49, 4_000, 0).state()).isEqualTo(State.UNKNOWN);
        assertThat(check(4_000, 49, 0).state()).isEqualTo(State.UNKNOWN);
        assertThat(check(50, 50, 0).state()).isEqualTo(State.FAILED);
        assertThat(check(0, 4_000, 0).takesEvidence()).isFalse();
    }

    /** Some rows are of a second service that writes 1000.0: half of what happened is no evidence, 95 % of it is. */
    @Test
    void aPartThatIsSpelledOtherwiseFailsAndTakesTheEvidenceFromATenthOn() {
        Finding half =
                UnmatchedCheck.of("e", outcomes(1_200, 4_000, 600), new Unmet(600, List.of("1000.0"), List.of("1001")));
        assertThat(half.failed()).isTrue();
        assertThat(half.takesEvidence()).isTrue();
        assertThat(half.observed()).hasValue(0.5);
        Finding few = UnmatchedCheck.of(
                "e", outcomes(1_200, 4_000, 1_140), new Unmet(60, List.of("1000.0"), List.of("1001")));
        assertThat(few.failed()).isTrue();
        assertThat(few.blocksIncreases()).isTrue();
        assertThat(few.takesEvidence()).isFalse();
        assertThat(half.reason())
                .startsWith("600 of the 1,200 users of outcome buy are in users or exposures")
                .contains("600 are there in another spelling");
        // Visitors who are no users, of whom a few are called like one by chance.
        assertThat(UnmatchedCheck.of("e", outcomes(1_200, 4_000, 600), new Unmet(9, List.of("x"), List.of("X")))
                        .state())
                .isEqualTo(State.PASSED);
        assertThat(UnmatchedCheck.of("e", outcomes(9_000, 4_000, 600), new Unmet(89, List.of("x"), List.of("X")))
                        .state())
                .isEqualTo(State.PASSED);
    }

    @Test
    void itIsAskedHowIdsAreSpelledOnlyWhereSomeAreNotFound() {
        assertThat(outcomes(1_000, 4_000, 991).isDoubtful()).isFalse();
        assertThat(outcomes(1_000, 4_000, 990).isDoubtful()).isTrue();
        assertThat(outcomes(2_000, 4_000, 1_981).isDoubtful()).isFalse();
        assertThat(outcomes(40, 4_000, 0).isDoubtful()).isFalse();
    }

    /** Exposures of 1.0 beside users called 1: of outcomes of 1 they have no evidence, of outcomes of 1.0 all of it. */
    @Test
    void exposedUsersWhomNoInputKnowsMayBeStrangersButNotInAnotherSpelling() {
        assertThat(exposures(3_900, ENOUGH, 0).state()).isEqualTo(State.PASSED);
        assertThat(exposures(0, ENOUGH, 0).state()).isEqualTo(State.PASSED);
        assertThat(exposures(0, new Overlap(4_000, 900, 0), 0)).satisfies(found -> {
            assertThat(found.failed()).isTrue();
            assertThat(found.takesEvidence()).isTrue();
        });
        assertThat(exposures(0, new Overlap(4_000, 900, 0), 4_000).takesEvidence())
                .isTrue();
        assertThat(exposures(0, ENOUGH, 4_000)).satisfies(found -> {
            assertThat(found.failed()).isTrue();
            assertThat(found.takesEvidence()).isFalse();
        });
    }

    @Test
    void aNewExperimentWithoutOutcomesIsNotJudged() {
        assertThat(exposures(0, new Overlap(4_000, 0, 0), 0).state()).isEqualTo(State.UNKNOWN);
        assertThat(exposures(3_900, new Overlap(4_000, 0, 0), 0).state()).isEqualTo(State.PASSED);
    }

    @Test
    void exposuresOfNoFileAreCountedAndFailWhereOneIsMeant() {
        assertThat(UnmatchedCheck.unnamed(Map.of(), List.of("checkout"))).isEmpty();

        Finding ended = UnmatchedCheck.unnamed(
                        new TreeMap<>(Map.of("a", 5L, "b", 7_000L, "c", 5L, "d", 1L)), List.of("checkout_v2"))
                .orElseThrow();
        assertThat(ended.state()).isEqualTo(State.PASSED);
        assertThat(ended.n()).isEqualTo(7_011);
        assertThat(ended.reason())
                .isEqualTo(
                        "7,011 exposures count nowhere, as no experiment file has their experiment_id: 'b' (7,000), 'a'"
                                + " (5), 'c' (5) and 1 more");
        assertThat(UnmatchedCheck.isNotice(ended)).isTrue();

        Finding mistaken = UnmatchedCheck.unnamed(Map.of("Checkout-V2", 40L), List.of("checkout_v2"))
                .orElseThrow();
        assertThat(mistaken.failed()).isTrue();
        assertThat(mistaken.takesEvidence()).isFalse();
        assertThat(mistaken.reason()).endsWith("'Checkout-V2' (40); did 'Checkout-V2' mean 'checkout_v2'?");
    }

    /** A file of all that is known of a user may have a column segment of its own. */
    @Test
    void segmentsThatAnExperimentHasNotAreSaidWhereNoneIsItsOwn() {
        Finding found = UnmatchedCheck.segments(
                        "mail", Map.of("Womens E-Mail", 21_387L, "No E-Mail", 21_306L), List.of("low", "high"))
                .orElseThrow();

        assertThat(found.state()).isEqualTo(State.UNKNOWN);
        assertThat(UnmatchedCheck.isNotice(found)).isTrue();
        assertThat(found.reason())
                .isEqualTo(
                        "exposures of mail are in segments that it has not: 'Womens E-Mail' (21,387), 'No E-Mail' (21,306),"
                                + " and not one in low, high; where the column means something else, say"
                                + " flagcast.sources.exposures.columns.segment = \"null\"");
        assertThat(UnmatchedCheck.segments("mail", Map.of("low", 1L, "before", 9L), List.of("low", "high")))
                .isEmpty();
        assertThat(UnmatchedCheck.segments("mail", Map.of(), List.of("low", "high")))
                .isEmpty();
    }
}
