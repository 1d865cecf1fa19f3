package io.flagcast.jobs.demo;

import io.flagcast.jobs.printing.TextTable;
import io.flagcast.jobs.questions.MadeChange;
import io.flagcast.report.Report;
import io.flagcast.rules.RuleDecision;
import io.flagcast.simulation.Worth;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * What the demo has shown, for the person who has watched it.
 *
 * @param decided lines on the last day's decisions
 * @param changes that rules and bandit have made
 * @param worth of every experiment
 * @param days how many were lived
 * @param publications how many were made
 * @param report the file of the page
 */
public record DemoSummary(
        List<String> decided, List<MadeChange> changes, List<Worth> worth, int days, long publications, Path report) {

    public DemoSummary {
        decided = List.copyOf(decided);
        changes = List.copyOf(changes);
        worth = List.copyOf(worth);
        Objects.requireNonNull(report, "report");
    }

    /** Its lines. */
    public List<String> lines() {
        long fired = changes.stream().filter(MadeChange::isByRule).count();
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add("What was decided on the last day, and why");
        lines.addAll(decided);
        lines.add("");
        lines.add("What rules and bandit changed");
        lines.addAll(changed().toString().lines().toList());
        lines.add("");
        lines.add("Conversions per 1,000 exposures over all %d days, with 95 %% intervals (the same users and luck)"
                .formatted(days));
        lines.addAll(compared().toString().lines().toList());
        lines.add("");
        lines.add("How many more Flagcast brought, paired by user");
        lines.addAll(gains().toString().lines().toList());
        lines.add("");
        lines.add("%d publications; rules %s %d time%s."
                .formatted(publications, RuleDecision.Outcome.FIRED.label(), fired, fired == 1 ? "" : "s"));
        lines.add("report: " + report.toAbsolutePath().normalize());
        lines.add(
                "try:    ./flagcast sql \"SELECT reason, count(*) FROM allocations GROUP BY 1\" --conf conf/examples/demo.conf");
        return lines;
    }

    private TextTable changed() {
        TextTable table =
                new TextTable(List.of("as of", "experiment", "segment", "cause", "share", "probability", "why"));
        changes.forEach(change -> table.add(List.of(
                change.effectiveAsOf().atOffset(ZoneOffset.UTC).toLocalDate().toString(),
                change.experimentId(),
                change.cell().toString(),
                change.cause(),
                percent(change.share()),
                change.baseProbability().isPresent()
                        ? percent(change.baseProbability().getAsDouble())
                        : "",
                change.why())));
        return table;
    }

    private TextTable compared() {
        TextTable table = new TextTable(List.of(
                "experiment", "exposures", "enabled", "Flagcast", "uniform A/B", "without its rules", "oracle"));
        worth.forEach(each -> table.add(List.of(
                each.experimentId(),
                "%,d".formatted(each.exposures()),
                percent(each.enabled()),
                Report.text(each.flagcast()),
                Report.text(each.uniform()),
                Report.text(each.withoutRules()),
                Report.text(each.oracle()))));
        return table;
    }

    private TextTable gains() {
        TextTable table = new TextTable(List.of("experiment", "than a uniform A/B", "than without its rules"));
        worth.forEach(each ->
                table.add(List.of(each.experimentId(), Report.text(each.gain()), Report.text(each.gainOfRules()))));
        return table;
    }

    private static String percent(double fraction) {
        return "%.0f %%".formatted(100 * fraction);
    }
}
