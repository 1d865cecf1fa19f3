package io.flagcast.jobs.questions.preview;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.ramp.Level;
import io.flagcast.allocation.ramp.Ramp;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.decision.BanditContext;
import io.flagcast.jobs.decision.DecideUsers;
import io.flagcast.jobs.decision.NetColumns;
import io.flagcast.jobs.decision.UnscoredUsers;
import io.flagcast.jobs.questions.WhatPays;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.jobs.run.Rollout;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.settings.Settings;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What experiment files would change of a publication.
 *
 * @param live the publication
 * @param at as-of at which the files decide
 * @param rollouts the experiments of the files with the parameters of that as-of
 * @param log all changes of parameters
 * @param shed experiments that give users without a score less, in a sentence each
 * @param shifts by experiment, of the files or published: all users, then each segment
 * @param worth what of the files a person should know who wants to earn more than it costs, a sentence each
 */
public record Preview(
        Publication live,
        Instant at,
        List<Rollout> rollouts,
        ParameterLog log,
        List<String> shed,
        Map<String, List<Shift>> shifts,
        List<String> worth) {

    /**
     * Decides about the users of the live publication as experiments say.
     *
     * @param asOf as-of at which they decide; absent: the publication's own
     * @throws Refusal with exit code 66 where nothing is published
     */
    public static Preview of(Lake lake, Settings settings, List<Experiment> experiments, Optional<Instant> asOf) {
        Publication live = lake.requireLive();
        Instant at = asOf.orElse(live.asOf());
        ParameterLog log = ParameterTable.read(lake);
        List<Rollout> rollouts = Rollout.of(experiments, log.before(at), settings.lake(), at);
        Dataset<Row> profiles = lake.published(Tables.USER_PROFILES, Optional.of(live));
        BanditContext.requireFewCells(rollouts.stream().map(Rollout::experiment).toList(), profiles);
        Dataset<Row> after = DecideUsers.decide(
                profiles,
                lake.published(Tables.RESPONSIVENESS_SCORES, Optional.of(live)),
                lake.published(Tables.ENROLMENTS, Optional.of(live)),
                rollouts,
                settings.lake().holdoutSalt());
        return new Preview(
                live,
                at,
                rollouts,
                log,
                UnscoredUsers.shed(lake, Optional.of(live), rollouts),
                Shift.between(lake.published(Tables.ALLOCATIONS, Optional.of(live)), after),
                Stream.concat(
                                WhatPays.of(lake, experiments, at).stream().flatMap(one -> one.sentences().stream()),
                                experiments.stream()
                                        .flatMap(experiment -> NetColumns.unknown(experiment, profiles).stream()))
                        .toList());
    }

    /** Experiments of the files that decide otherwise about somebody. */
    public List<Rollout> changed() {
        return rollouts.stream()
                .filter(rollout -> shifts.getOrDefault(rollout.experimentId(), List.of()).stream()
                        .anyMatch(Shift::isAnother))
                .toList();
    }

    /** What a person should know of each experiment. */
    public List<String> notices() {
        Map<String, Rollout> configured =
                rollouts.stream().collect(Collectors.toMap(Rollout::experimentId, Function.identity()));
        List<String> notices = new ArrayList<>(shed);
        shifts.forEach((experimentId, own) -> {
            Rollout rollout = configured.get(experimentId);
            if (rollout == null) {
                notices.add(experimentId + " has no file any more: nobody would be decided about");
            } else {
                notices.addAll(
                        notices(rollout, own.get(0), log.newest(experimentId).version()));
            }
        });
        notices.addAll(worth);
        return notices;
    }

    private static List<String> notices(Rollout rollout, Shift all, long newestVersion) {
        String experimentId = rollout.experimentId();
        List<String> notices = new ArrayList<>();
        if (all.isReshuffled()) {
            notices.add("%s has another salt: every user is drawn anew, and a run refuses it without --reshuffle %s"
                    .formatted(experimentId, experimentId));
        } else if (!all.isAnother()) {
            notices.add(experimentId + ": nothing changes for anybody");
        }
        if (newestVersion != rollout.parameters().version()) {
            notices.add("%s: parameters version %d counts here; a later run uses version %d"
                    .formatted(experimentId, rollout.parameters().version(), newestVersion));
        }
        Experiment.Status status = rollout.experiment().status();
        if (status != Experiment.Status.ACTIVE) {
            notices.add("%s is %s: it enables nobody"
                    .formatted(experimentId, status.name().toLowerCase(Locale.ROOT)));
        }
        if (rollout.parameters().activity() == Activity.INACTIVE) {
            notices.add(experimentId + " is paused by a change of its parameters: it enables nobody");
        }
        rampNotice(rollout).ifPresent(notices::add);
        return notices;
    }

    /** Where a gated ramp stands, as no as-of tells when its next step is taken; or that the file has it no more. */
    private static Optional<String> rampNotice(Rollout rollout) {
        Ramp ramp = rollout.experiment().allocation().ramp();
        Optional<Level> now = rollout.allocator().policy().level();
        if (ramp.isNone()) {
            return rollout.parameters()
                    .rampLevel()
                    .flatMap(reached -> now.filter(level -> level.unit() == reached.unit() && !level.equals(reached))
                            .map(level -> "%s: its ramp had reached %s, and its file has no ramp any more: %s counts"
                                    .formatted(rollout.experimentId(), reached, level)));
        }
        return now.filter(level -> ramp.isGated())
                .map(level -> "%s: its ramp stands at %s, step %d of %d; later steps are taken by runs, not by dates"
                        .formatted(
                                rollout.experimentId(),
                                level,
                                ramp.stepAt(level),
                                ramp.steps().size()));
    }
}
