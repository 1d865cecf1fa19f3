package io.flagcast.report;

import io.flagcast.report.page.Chart;
import io.flagcast.report.page.Chart.Kind;
import io.flagcast.report.page.Estimate;
import io.flagcast.report.page.Format;
import io.flagcast.report.page.ReportData.Column;
import io.flagcast.report.page.ReportData.Figure;
import io.flagcast.report.page.ReportData.Group;
import io.flagcast.report.page.ReportData.Section;
import io.flagcast.report.page.ReportData.Table;
import io.flagcast.simulation.Worth;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What everything together is worth: by the holdout, and in a world of known truth against other policies. */
final class WorthSection {

    private WorthSection() {}

    static Section of(Snapshot snapshot, List<Worth> simulated) {
        List<Group> groups = new ArrayList<>(List.of(HoldoutGroup.of(snapshot)));
        if (!simulated.isEmpty()) {
            groups.add(againstOthers(simulated));
        }
        return new Section(
                "worth", "What it is worth", "All experiments together, for the users who met them.", groups);
    }

    private static Group againstOthers(List<Worth> worth) {
        List<List<?>> rows = new ArrayList<>();
        for (Worth each : worth) {
            row(rows, each, "uniform A/B", each.uniform());
            row(rows, each, "Flagcast without rules", each.withoutRules());
            row(rows, each, "Flagcast", each.flagcast());
            row(rows, each, "oracle", each.oracle());
        }
        List<List<?>> gains = new ArrayList<>();
        for (Worth each : worth) {
            gain(gains, each, "uniform A/B", each.gain());
            gain(gains, each, "the same without rules", each.gainOfRules());
        }
        Figure rates = Figure.drawn(
                "Conversions per 1,000 exposures",
                Chart.of(
                        Kind.INTERVALS,
                        Map.of("group", "experiment", "label", "policy", "value", "conversions", "n", "exposures"),
                        Format.NUMBER,
                        List.of(),
                        "conversions per 1,000 exposures"),
                new Table(
                        "Every policy on the same users and the same luck; 95 % intervals over users",
                        List.of(
                                Column.text("experiment", "experiment"),
                                Column.text("policy", "policy"),
                                Column.count("exposures", "n"),
                                new Column("conversions", "conversions", Format.NUMBER)),
                        rows));
        Figure gain = Figure.drawn(
                "Flagcast minus others",
                Chart.of(
                                Kind.INTERVALS,
                                Map.of("group", "experiment", "label", "against", "value", "gain", "n", "exposures"),
                                Format.SIGNED,
                                List.of(),
                                "conversions per 1,000 exposures")
                        .at(0),
                new Table(
                        "Paired by user; 95 % intervals",
                        List.of(
                                Column.text("experiment", "experiment"),
                                Column.text("against", "against"),
                                Column.count("exposures", "n"),
                                new Column("enabled", "enabled", Format.PERCENT),
                                new Column("gain", "gain", Format.SIGNED)),
                        gains));
        return new Group(
                "Against other policies",
                "The world is simulated, so what would have happened otherwise is known. Uniform enables as many users at"
                        + " random; without rules shares stay whole; the oracle enables exactly those whom it helps.",
                List.of(rates, gain));
    }

    private static void gain(List<List<?>> rows, Worth worth, String against, Worth.Estimate gain) {
        rows.add(List.of(worth.experimentId(), against, worth.exposures(), worth.enabled(), estimate(gain)));
    }

    private static void row(List<List<?>> rows, Worth worth, String policy, Worth.Estimate estimate) {
        rows.add(List.of(worth.experimentId(), policy, worth.exposures(), estimate(estimate)));
    }

    private static Estimate estimate(Worth.Estimate estimate) {
        return Estimate.of(estimate.value(), estimate.interval());
    }
}
