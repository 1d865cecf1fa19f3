package io.flagcast.report;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;

import io.flagcast.monitoring.HoldoutWorth;
import io.flagcast.report.page.Chart;
import io.flagcast.report.page.Chart.Kind;
import io.flagcast.report.page.Estimate;
import io.flagcast.report.page.Format;
import io.flagcast.report.page.ReportData.Column;
import io.flagcast.report.page.ReportData.Figure;
import io.flagcast.report.page.ReportData.Group;
import io.flagcast.report.page.ReportData.Item;
import io.flagcast.report.page.ReportData.Table;
import io.flagcast.report.page.ReportData.Tone;
import io.flagcast.report.page.ReportData.Topic;
import io.flagcast.statistics.Moments;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Everybody else against the users who are held out of every experiment, and what that costs. */
final class HoldoutGroup {

    private static final String TOPIC = "Is it worth it";
    private static final String SHARES = "Shares of users";
    private static final String TITLE = "Everybody else against the holdout";

    private HoldoutGroup() {}

    /** The figure for the first screen: of all experiments together where they count something alike, else of each. */
    static Topic topic(Snapshot snapshot) {
        if (snapshot.holdout() == 0) {
            return new Topic(
                    TOPIC,
                    List.of(),
                    "Not known: nobody is held out. Set flagcast.lake.holdout = 2%, and here stands what all experiments together"
                            + " bring.");
        }
        List<HoldoutWorth> together = snapshot.worth().stream()
                .filter(worth -> worth.experimentId().equals(HoldoutWorth.ALL_EXPERIMENTS))
                .toList();
        return new Topic(
                TOPIC,
                (together.isEmpty() ? snapshot.worth() : together)
                        .stream().map(worth -> item(worth, snapshot.holdout())).toList(),
                "%s of the users are held out; no outcome window of one of them has closed yet."
                        .formatted(Format.PERCENT.text(snapshot.holdout())));
    }

    private static Item item(HoldoutWorth worth, double holdout) {
        Optional<String> mismatch = worth.mismatch(holdout);
        Format difference = format(worth).ofDifference();
        String effect = worth.effect()
                .estimate()
                .map(value -> difference.text(new Estimate(value, worth.effect().bounds())))
                .orElse("too few users yet");
        return new Item(
                mismatch.isPresent() ? Tone.URGENT : Tone.NOTABLE,
                worth.named(),
                "%s: %s per user, everybody else against the holdout (%s against %s users)%s"
                        .formatted(
                                worth.metricName(),
                                effect,
                                Format.COUNT.text(worth.effect().everybodyElse().n()),
                                Format.COUNT.text(worth.effect().heldOut().n()),
                                mismatch.isPresent() ? "; not to be believed: " + mismatch.get() : ""),
                Optional.of("worth"));
    }

    static Group of(Snapshot snapshot) {
        if (snapshot.holdout() == 0) {
            return Group.absent(
                    TITLE,
                    "Nobody is held out, so what all experiments together are worth is not known. To know it, set"
                            + " flagcast.lake.holdout = 2%: from the next run on these users meet every experiment without"
                            + " its feature, and go without what it is worth to them. flagcast worth says how many that"
                            + " are a day, and how large a worth they would show.");
        }
        if (snapshot.worth().isEmpty()) {
            return Group.absent(
                    TITLE,
                    ("%s of the users are held out; no outcome window of one of them has closed yet. They count where their"
                                    + " exposures are logged as everybody else's are, with the reason holdout.")
                            .formatted(Format.PERCENT.text(snapshot.holdout())));
        }
        List<Figure> figures = new ArrayList<>();
        // Shares are of one unit, amounts are not.
        Map<String, List<HoldoutWorth>> byUnit = snapshot.worth().stream()
                .collect(groupingBy(
                        worth -> format(worth) == Format.PERCENT ? SHARES : worth.metricName(),
                        LinkedHashMap::new,
                        toList()));
        byUnit.forEach((title, worth) -> figures.add(figure(title, format(worth.get(0)), worth)));
        String mismatches = snapshot.worth().stream()
                .flatMap(worth -> worth.mismatch(snapshot.holdout()).stream())
                .map(" "::concat)
                .collect(Collectors.joining());
        return new Group(
                TITLE,
                "%s of the users are held out of every experiment. Per user who met one, whether enabled or not, since the"
                                .formatted(Format.PERCENT.text(snapshot.holdout()))
                        + " holdout began. The bounds hold with 95 %, however often anybody looks. The holdout costs what"
                        + " its users of a day go without." + mismatches,
                figures);
    }

    /** Values that are 0 or 1 all have the variance of a proportion. */
    private static Format format(HoldoutWorth worth) {
        return isProportion(worth.effect().everybodyElse())
                        && isProportion(worth.effect().heldOut())
                ? Format.PERCENT
                : Format.NUMBER;
    }

    private static boolean isProportion(Moments moments) {
        double expected = moments.n() * moments.mean() * (1 - moments.mean());
        return Math.abs(moments.m2() - expected) <= 1e-9 * Math.max(1, expected);
    }

    private static Figure figure(String title, Format format, List<HoldoutWorth> worth) {
        List<List<?>> rows = worth.stream().<List<?>>map(HoldoutGroup::row).toList();
        Chart chart = Chart.of(
                        Kind.INTERVALS,
                        Map.of("group", "experiment", "label", "metric", "value", "worth", "n", "n_held_out"),
                        format.ofDifference(),
                        List.of(),
                        "everybody else − held out")
                .at(0);
        return Figure.drawn(
                title,
                chart,
                new Table(
                        "Users whose outcome window has closed; always-valid 95 % bounds",
                        List.of(
                                Column.text("experiment", "experiment"),
                                Column.text("metric", "metric"),
                                new Column("worth", "worth", format.ofDifference()),
                                new Column("costs", "the holdout costs a day", Format.SIGNED),
                                Column.count("n_held_out", "n held out"),
                                new Column("held_out", "held out", format),
                                Column.count("n_everybody_else", "n everybody else"),
                                new Column("everybody_else", "everybody else", format)),
                        rows));
    }

    private static List<?> row(HoldoutWorth worth) {
        Moments heldOut = worth.effect().heldOut();
        Moments others = worth.effect().everybodyElse();
        return List.of(
                worth.named(),
                worth.metricName(),
                worth.effect()
                        .estimate()
                        .map(value -> new Estimate(value, worth.effect().bounds())),
                worth.forgonePerDay().map(value -> new Estimate(value, worth.forgoneBounds())),
                heldOut.n(),
                heldOut.mean(),
                others.n(),
                others.mean());
    }
}
