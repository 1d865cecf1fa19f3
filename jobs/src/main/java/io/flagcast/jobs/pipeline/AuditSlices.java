package io.flagcast.jobs.pipeline;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.run.Run;
import io.flagcast.lake.Audit;
import io.flagcast.lake.Audit.Expected;
import io.flagcast.settings.Settings;
import io.flagcast.tables.Tables;
import io.flagcast.training.usage.Family;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the slices of a run have to hold before rules decide on them. */
final class AuditSlices {

    private AuditSlices() {}

    /**
     * How many rows a run has in each table, after all of them were looked at.
     *
     * @throws io.flagcast.features.InputException where something is wrong with them
     */
    static Map<String, Long> of(Run run) {
        Settings settings = run.settings();
        Set<String> whole = settings.families().values().stream()
                .filter(family -> family.keep().isEmpty())
                .map(Family::pattern)
                .collect(Collectors.toSet());
        List<String> rolledOut =
                run.experiments().stream().map(Experiment::featureId).toList();
        Audit audit = Audit.of(
                run.lake(),
                run.id(),
                Map.of(
                        Tables.RESPONSIVENESS_SCORES,
                        col("family").isNull().or(col("family").isin(whole.toArray())),
                        Tables.ALLOCATIONS,
                        lit(true)));
        audit.require(List.of(
                new Expected(
                        Tables.RESPONSIVENESS_SCORES,
                        Stream.concat(settings.features().keySet().stream(), rolledOut.stream())
                                .collect(Collectors.toSet()),
                        featureId -> settings.declaration(featureId)
                                .filter(whole::contains)
                                .isPresent(),
                        featureId -> settings.declaration(featureId).isPresent()),
                Expected.only(
                        Tables.ALLOCATIONS,
                        run.experiments().stream().map(Experiment::experimentId).toList())));
        return audit.rows();
    }
}
