package io.flagcast.jobs.questions;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.decision.UnscoredUsers;
import io.flagcast.jobs.records.FindingTable;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.jobs.run.Rollout;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.rules.checks.Check;
import io.flagcast.rules.checks.Finding;
import io.flagcast.settings.Settings;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What experiment files say that goes badly with what is published: no file alone shows it. */
public final class PublishedWarnings {

    private PublishedWarnings() {}

    /**
     * Compares files with the live publication, and with what its run has found of its data.
     *
     * @return a sentence each
     * @throws Refusal with exit code 66 where nothing is published
     */
    public static List<String> of(Lake lake, Settings settings, List<Experiment> experiments) {
        Publication live = lake.requireLive();
        List<Rollout> rollouts =
                Rollout.of(experiments, ParameterTable.read(lake).before(Instant.MAX), settings.lake(), live.asOf());
        List<String> warnings = new ArrayList<>(UnscoredUsers.shed(lake, Optional.of(live), rollouts));
        FindingTable.read(lake.published(Tables.HEALTH_CHECKS, Optional.of(live))).stream()
                .filter(finding -> finding.check() == Check.WINDOW_EDGE && finding.failed())
                .filter(finding -> isDeclared(finding, experiments))
                .map(finding -> "%s: %s".formatted(finding.experimentId(), finding.reason()))
                .forEach(warnings::add);
        return warnings;
    }

    /** Whether the metric that was measured is still in a file. */
    private static boolean isDeclared(Finding finding, List<Experiment> experiments) {
        return experiments.stream()
                .filter(experiment -> experiment.experimentId().equals(finding.experimentId()))
                .flatMap(experiment -> experiment.metrics().stream())
                .anyMatch(metric -> metric.name().equals(finding.subject()));
    }
}
