package io.flagcast.report;

import io.flagcast.report.page.Format;
import io.flagcast.report.page.ReportData.Group;
import io.flagcast.report.page.ReportData.Section;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;

/** What is known of one experiment, group by group. */
final class ExperimentSection {

    private ExperimentSection() {}

    static Section of(Snapshot snapshot, String experimentId, String sectionId) {
        ExperimentRows experiment = ExperimentRows.of(snapshot, experimentId);
        List<Group> groups = new ArrayList<>();
        groups.add(EffectGroup.of(experiment));
        groups.add(DayGroup.of(experiment));
        groups.add(AllocationGroup.of(experiment));
        BanditGroup.of(experiment).ifPresent(groups::add);
        groups.add(RuleGroup.of(experiment));
        groups.addAll(ModelGroups.of(snapshot, experiment.feature(), experiment.findings()));
        groups.add(DimensionGroup.of(experiment));
        groups.addAll(CheckGroups.of(experiment.findings(), experiment::format));
        return new Section(sectionId, experimentId, lead(experiment), groups);
    }

    private static String lead(ExperimentRows experiment) {
        List<Row> allocations = experiment.allocations();
        long users =
                allocations.stream().mapToLong(row -> row.<Long>getAs("users")).sum();
        double enabled = allocations.stream()
                .mapToDouble(row -> row.<Long>getAs("users") * row.<Double>getAs("enabled"))
                .sum();
        String feature =
                experiment.feature().map(id -> "Rolls out " + id + ". ").orElse("");
        String lacks = experiment.logged().stream()
                .flatMap(logged -> logged.lacks().stream())
                .map(" "::concat)
                .collect(Collectors.joining());
        return users == 0
                ? feature + "Allocates nobody in this publication." + lacks
                : feature
                        + experiment.paused().map(paused -> paused + " ").orElse("")
                        + experiment.ramp().map(ramp -> ramp + " ").orElse("")
                        + "%s of %s users are enabled, %s."
                                .formatted(
                                        Format.COUNT.text(enabled),
                                        Format.COUNT.text(users),
                                        Format.PERCENT.text(enabled / users))
                        + (allocations.stream()
                                        .allMatch(
                                                row -> row.getAs("segment") == null && row.<Long>getAs("unscored") > 0)
                                ? " " + Report.withoutScores(enabled / users) + "."
                                : "")
                        + lacks;
    }
}
