package io.flagcast.rules.checks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.tables.Tables;
import java.util.List;
import org.junit.jupiter.api.Test;

class FeedTest {

    private static Finding finding(Check check, String subject) {
        return Finding.of(check, "", Finding.ALL, subject, Finding.State.FAILED, 1, "it failed");
    }

    @Test
    void aFeedIsKnownByWhatAFindingSaysOfOneRowOrOfMany() {
        List<Feed> feeds = List.of(
                Feed.of(Tables.EVENTS),
                Feed.of(Tables.EXPOSURES),
                Feed.exposures("checkout of 2026"),
                Feed.of(Tables.OUTCOMES),
                Feed.outcome("purchase"),
                Feed.outcome("of age"));

        assertThat(feeds)
                .extracting(Feed::row)
                .containsExactly(
                        "event",
                        "exposure",
                        "exposure of checkout of 2026",
                        "outcome",
                        "outcome purchase",
                        "outcome of age");
        assertThat(feeds).allSatisfy(feed -> {
            assertThat(Feed.of(finding(Check.FRESHNESS, feed.row()))).contains(feed);
            assertThat(Feed.of(finding(Check.VOLUME, feed.rows()))).contains(feed);
        });
    }

    @Test
    void whatIsNoFeedIsNone() {
        assertThat(Feed.of(finding(Check.VOLUME, "users"))).isEmpty();
        assertThat(Feed.of(finding(Check.UNMATCHED, "experiments"))).isEmpty();
        assertThat(Feed.of(finding(Check.SIMPSON, "outcome purchase")))
                .as("a metric of this name")
                .isEmpty();
        assertThatThrownBy(() -> Feed.of(Tables.USERS)).hasMessage("Feed: users has no times, so it cannot stop");
    }

    @Test
    void aWholeInputHasItsPartsAndNoOthers() {
        assertThat(Feed.of(Tables.OUTCOMES).has(Feed.outcome("purchase"))).isTrue();
        assertThat(Feed.outcome("purchase").has(Feed.outcome("purchase"))).isTrue();
        assertThat(Feed.outcome("purchase").has(Feed.of(Tables.OUTCOMES))).isFalse();
        assertThat(Feed.of(Tables.EXPOSURES).has(Feed.outcome("purchase"))).isFalse();
    }
}
