package io.flagcast.report;

import io.flagcast.report.page.Format;
import io.flagcast.report.page.ReportData.Summary;
import io.flagcast.report.page.ReportData.Topic;
import io.flagcast.tables.Tables;
import java.util.List;
import java.util.Optional;

/** What a reader has to know first: what needs a person, what works, what all of it is worth, what changed, what fired. */
final class Summaries {

    private Summaries() {}

    static Summary of(Snapshot snapshot, SectionIds sections) {
        Topic person = PersonTopic.of(snapshot, sections);
        return new Summary(
                headline(person.items().size()),
                List.of(
                        person,
                        VerdictTopic.of(snapshot, sections),
                        HoldoutGroup.topic(snapshot),
                        ChangeTopic.of(snapshot, sections),
                        FiredTopic.of(snapshot, sections)));
    }

    private static String headline(int needs) {
        return needs == 0
                ? "Nothing needs a person"
                : needs == 1 ? "One thing needs a person" : "%,d things need a person".formatted(needs);
    }

    /** Facts about a publication, for the head of the page. */
    static List<String> facts(Snapshot snapshot) {
        return List.of(
                "as of " + Format.INSTANT.text(snapshot.asOf()) + " UTC",
                "publication " + snapshot.publication().sequence() + ", run "
                        + snapshot.publication().runId(),
                "published " + Format.INSTANT.text(snapshot.publication().publishedAt()) + " UTC",
                rows(snapshot, "users", Tables.USER_PROFILES.name()),
                snapshot.experiments().size() == 1
                        ? "1 experiment"
                        : "%,d experiments".formatted(snapshot.experiments().size()));
    }

    private static String rows(Snapshot snapshot, String of, String table) {
        return Optional.ofNullable(snapshot.publication().tables().get(table))
                .map(slice -> "%,d %s".formatted(slice.rows(), of))
                .orElse("no " + of);
    }
}
