package io.flagcast.jobs.changes;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.allocation.ParameterChange.Origin;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.ramp.Level;
import io.flagcast.jobs.printing.TextTable;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Json;
import io.flagcast.lake.Lake;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a person changes of the parameters of an experiment. It holds from the first run after the live publication on: a
 * restatement of that one is what it was.
 *
 * @param lake where
 * @param log all changes so far
 * @param experimentId of which experiment
 */
public record PersonChange(Lake lake, ParameterLog log, String experimentId) {

    public static PersonChange of(Lake lake, String experimentId) {
        return new PersonChange(lake, ParameterTable.read(lake), experimentId);
    }

    /** Who made it, where it was a person alone. */
    public static Origin person(String decisionId, String reason, Instant now) {
        return new Origin(Cause.PERSON, Optional.empty(), decisionId, json(reason, now));
    }

    /** What is written beside a change that a person has made. */
    public static String json(String reason, Instant now) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("reason", reason);
        fields.put("changed_at", now.toString());
        return Json.write(fields);
    }

    /**
     * Shows the change and makes it, where the lake is written to.
     *
     * @param nothing what to say where it would change nothing
     * @throws Refusal with exit code 66 without a publication, 75 where another process changed the experiment meanwhile
     */
    public ExitCode make(Adjustment adjustment, Origin origin, Progress progress, String nothing) {
        Instant effective = lake.requireLive().asOf();
        List<ParameterChange> changes = log.changesTo(experimentId, adjustment, effective, origin);
        if (changes.isEmpty()) {
            progress.say(nothing);
            return ExitCode.DONE;
        }
        progress.say(table(changes).toString().stripTrailing());
        if (lake.isDry()) {
            return ExitCode.DONE;
        }
        ParameterTable.append(lake, experimentId, changes, origin.decisionId());
        progress.say("%s has parameters version %d: runs with an as-of after %s use it"
                .formatted(experimentId, changes.get(0).version(), effective));
        if (changes.stream().anyMatch(change -> change.ramp().isPresent())) {
            progress.say(
                    "its ramp goes on from there once the gate of that step is shown anew; to keep it there, take the later steps out of its file");
        }
        return ExitCode.DONE;
    }

    private TextTable table(List<ParameterChange> changes) {
        TextTable table = new TextTable(List.of("segment or cell", "before", "after"));
        var before = log.newest(experimentId);
        for (ParameterChange change : changes) {
            String name = change.cell().toString();
            if (change.isOfExperiment()) {
                change.activity()
                        .ifPresent(activity -> table.add(
                                List.of("experiment", before.activity().told(), activity.told())));
                change.activeTier()
                        .ifPresent(tier -> table.add(List.of(
                                "active tier",
                                before.activeTier().isPresent()
                                        ? "" + before.activeTier().getAsInt()
                                        : "the file's",
                                tier.isPresent() ? "" + tier.getAsInt() : "the file's")));
                change.ramp().ifPresent(level -> table.add(List.of("ramp", ramp(before.rampLevel()), ramp(level))));
                continue;
            }
            if (change.share() != before.share(change.cell().segment())) {
                table.add(List.of(
                        name,
                        percent(before.share(change.cell().segment())) + " share",
                        percent(change.share()) + " share"));
            }
            change.baseProbability()
                    .ifPresent(probability -> table.add(List.of(
                            name,
                            Optional.ofNullable(before.learned().get(change.cell()))
                                    .map(PersonChange::percent)
                                    .orElse("nothing learned"),
                            percent(probability))));
        }
        return table;
    }

    private static String ramp(Optional<Level> level) {
        return level.map(Level::toString).orElse("not begun");
    }

    private static String percent(double fraction) {
        return "%.1f %%".formatted(100 * fraction);
    }
}
