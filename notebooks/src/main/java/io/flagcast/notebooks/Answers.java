package io.flagcast.notebooks;

import io.flagcast.allocation.OffPolicyEvaluation.Difference;
import io.flagcast.allocation.OffPolicyEvaluation.Estimate;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.questions.DesignRules;
import io.flagcast.jobs.questions.DesignRules.Designed;
import io.flagcast.jobs.questions.DesignRules.Question;
import io.flagcast.jobs.questions.ExplainDecision;
import io.flagcast.jobs.questions.ExplainScore;
import io.flagcast.jobs.questions.LakeStatus;
import io.flagcast.jobs.questions.ParametersInForce;
import io.flagcast.jobs.questions.RuleHistory;
import io.flagcast.jobs.questions.RuleReplay;
import io.flagcast.jobs.questions.WorthOfWhole;
import io.flagcast.jobs.questions.preview.ExpectedOutcomes;
import io.flagcast.jobs.questions.preview.Preview;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.Publication;
import io.flagcast.lake.inputs.Inputs;
import io.flagcast.rules.Assumption;
import io.flagcast.rules.RuleDesign;
import io.flagcast.rules.RuleDesign.Part;
import io.flagcast.settings.Settings;
import io.flagcast.statistics.Interval;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** Answers of the questions that commands ask, as rows. */
final class Answers {

    /** Days within which a rule has to find an effect, as people plan: four weeks. */
    private static final int DESIGNED_DAYS = 28;

    private Answers() {}

    private static Rows said(Rows rows, String title, List<String> notes) {
        return new Rows(rows.data(), rows.style().titled(title).noting(notes));
    }

    static Rows status(Lake face, io.flagcast.lake.Lake lake) {
        LakeStatus status = LakeStatus.of(lake, List.of());
        List<Row> rows = status.failed().stream()
                .map(finding -> RowFactory.create(
                        finding.check().label(), finding.experimentId(), finding.segment(), finding.reason()))
                .toList();
        Publication live = status.live();
        return said(
                face.given("check STRING, experiment STRING, segment STRING, finding STRING", rows),
                "publication %d, as of %s; health checks that fail: %,d of %,d; alerts that fire: %,d"
                        .formatted(
                                live.sequence(),
                                live.asOf(),
                                rows.size(),
                                status.findings().size(),
                                status.firing().size()),
                List.of());
    }

    static Rows decision(Lake face, ExplainDecision explained) {
        Row decision = explained.decision();
        List<String> notes = new ArrayList<>();
        if (decision.getAs("score") != null) {
            notes.add("score %.2f, segment %s"
                    .formatted(decision.<Double>getAs("score"), decision.<String>getAs("segment")));
        }
        notes.add("enabled with probability %s: parameters version %s"
                .formatted(
                        Numbers.percent(decision.getAs("propensity"), 1),
                        decision.<Object>getAs("parameters_version")));
        explained
                .setBy()
                .ifPresent(change -> notes.add("the segment was set by the %s as of %s: %s"
                        .formatted(
                                change.origin().cause().label(),
                                change.effectiveAsOf(),
                                ParametersInForce.why(change))));
        if (!explained.filesAgree()) {
            notes.add("The experiment's file has changed since: the lines are of the file as it is now.");
        }
        return said(
                face.given(
                        "line STRING, applies STRING, because STRING",
                        explained.lines().stream()
                                .map(line -> RowFactory.create(
                                        line.reason().label(), line.applies() ? "yes" : "no", line.because()))
                                .toList()),
                "user %s is %s in %s: %s"
                        .formatted(
                                explained.userId(),
                                decision.<Boolean>getAs("enabled") ? "enabled" : "not enabled",
                                explained.experimentId(),
                                decision.getAs("reason")),
                notes);
    }

    static Rows score(Lake face, ExplainScore explained) {
        Row score = explained.score();
        List<String> notes = new ArrayList<>();
        explained
                .explanation()
                .ifPresent(why -> notes.add("%s %s; of an average user %s; the rows say what moved it"
                        .formatted(why.measure(), Numbers.number(why.value(), 4), Numbers.number(why.baseline(), 4))));
        return said(
                face.given(
                        "predictor STRING, value STRING, moves_it_by DOUBLE",
                        explained.explanation().stream()
                                .flatMap(why -> why.contributions().stream())
                                .map(one -> RowFactory.create(one.predictor(), one.value(), one.effect()))
                                .toList()),
                "user %s, feature %s: score %.2f, %s"
                        .formatted(
                                score.getAs("user_id"),
                                score.getAs("feature_id"),
                                score.<Double>getAs("score"),
                                explained.standing()),
                notes);
    }

    static Rows changes(Lake face, io.flagcast.lake.Lake lake, Experiment experiment) {
        List<Row> rows = ParametersInForce.of(lake, experiment).changes().stream()
                .map(Answers::change)
                .toList();
        return face.given(
                        "version BIGINT, as_of TIMESTAMP, segment STRING, cell STRING, cause STRING, share DOUBLE,"
                                + " probability DOUBLE, why STRING",
                        rows)
                .inPercent("share", "probability");
    }

    private static Row change(ParameterChange change) {
        return RowFactory.create(
                change.version(),
                java.sql.Timestamp.from(change.effectiveAsOf()),
                change.cell().segment(),
                change.cell().context(),
                change.origin().cause().label(),
                change.share(),
                change.baseProbability().isPresent()
                        ? (Double) change.baseProbability().getAsDouble()
                        : null,
                ParametersInForce.why(change));
    }

    static Rows decisions(Lake face, io.flagcast.lake.Lake lake, String experimentId) {
        RuleHistory history = RuleHistory.of(
                lake, new RuleHistory.Wanted(Optional.of(experimentId), Optional.empty(), Optional.empty()));
        List<Row> rows = history.decisions().stream()
                .map(row -> RowFactory.create(
                        row.getAs("as_of"),
                        row.getAs("rule_id"),
                        row.getAs("outcome"),
                        row.getAs("observed"),
                        row.getAs("bound"),
                        row.getAs("threshold"),
                        row.getAs("n"),
                        history.change(row)))
                .toList();
        return face.given(
                "as_of TIMESTAMP, rule STRING, outcome STRING, observed DOUBLE, bound DOUBLE, threshold DOUBLE, n BIGINT,"
                        + " change STRING",
                rows);
    }

    static Rows replay(Lake face, io.flagcast.lake.Lake lake, Experiment experiment) {
        RuleReplay replay = RuleReplay.of(lake, experiment, Optional.empty(), Optional.empty());
        List<Row> rows = replay.notable().stream()
                .map(decision -> RowFactory.create(
                        java.sql.Timestamp.from(decision.asOf()),
                        decision.rule().ruleId(),
                        decision.outcome().label(),
                        decision.effect(),
                        decision.reason()))
                .toList();
        List<String> notes = new ArrayList<>();
        experiment
                .rules()
                .forEach(rule -> notes.add(rule.ruleId() + ": "
                        + replay.outcomes(rule).entrySet().stream()
                                .map(entry -> "%s %d".formatted(entry.getKey().label(), entry.getValue()))
                                .collect(Collectors.joining(", "))));
        notes.add("shares at the end: "
                + String.join(
                        ", ",
                        experiment.segments().names().stream()
                                .map(segment -> segment + " "
                                        + Numbers.percent(replay.end().share(segment), 0))
                                .toList()));
        return said(
                face.given("as_of TIMESTAMP, rule STRING, outcome STRING, change STRING, why STRING", rows),
                experiment.experimentId() + ": what its rules would have done",
                notes);
    }

    static Rows design(
            Lake face, io.flagcast.lake.Lake lake, Settings settings, Experiment asked, List<Experiment> measured) {
        DesignRules answer = DesignRules.of(
                lake,
                settings,
                List.of(asked),
                measured,
                new Question(Assumption.USUAL, DESIGNED_DAYS, Optional.empty(), Optional.empty(), Optional.empty()));
        List<Row> rows = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        for (Designed designed : answer.designs()) {
            Optional<RuleDesign> design = designed.design();
            rows.add(RowFactory.create(
                    designed.rule().ruleId(),
                    designed.rule().segment(),
                    designed.rule().when().describe(),
                    means(design, part -> Optional.of(part.truth())),
                    design.map(RuleDesign::usersPerDay).orElse(null),
                    boxed(design.map(RuleDesign::medianDays)),
                    boxed(design.map(RuleDesign::powerDays)),
                    means(design, part -> part.detectable().stream().boxed().findFirst()),
                    design.map(RuleDesign::fixedHorizonUsers)
                            .flatMap(users -> users.stream().boxed().findFirst())
                            .orElse(null)));
            if (!designed.note().isEmpty()) {
                notes.add(designed.rule().ruleId() + ": " + designed.note());
            }
        }
        notes.add(
                "days: until half of all such experiments have spoken, days_80: until four fifths have; none beyond %d days"
                        .formatted(RuleDesign.MOST_DAYS));
        notes.add("finds: what the truth has to be so that four fifths speak within %d days".formatted(DESIGNED_DAYS));
        notes.add("one_look: users for a test that looks once, at a time fixed beforehand");
        return said(
                face.given(
                        "rule STRING, segment STRING, speaks_when STRING, truth STRING, users_a_day DOUBLE, days INT,"
                                + " days_80 INT, finds STRING, one_look BIGINT",
                        rows),
                asked.experimentId() + ": when its rules can speak, if evidence began today",
                notes);
    }

    private static Integer boxed(Optional<OptionalInt> days) {
        return days.flatMap(known -> known.stream().boxed().findFirst()).orElse(null);
    }

    private static String means(Optional<RuleDesign> design, Function<Part, Optional<Double>> mean) {
        return design.stream()
                .flatMap(known -> known.parts().stream())
                .flatMap(part -> mean.apply(part).map(part::text).stream())
                .collect(Collectors.joining(", "));
    }

    static Rows preview(Lake face, io.flagcast.lake.Lake lake, Settings settings, Experiment experiment) {
        Preview preview = Preview.of(lake, settings, List.of(experiment), Optional.empty());
        List<Row> rows = preview.shifts().getOrDefault(experiment.experimentId(), List.of()).stream()
                .map(shift -> RowFactory.create(
                        shift.segment(),
                        shift.users(),
                        shift.enabledBefore(),
                        shift.enabledAfter(),
                        shift.gain(),
                        shift.lose(),
                        shift.stay()))
                .toList();
        return said(
                face.given(
                                "segment STRING, users BIGINT, enabled_now BIGINT, enabled_then BIGINT, gain BIGINT,"
                                        + " lose BIGINT, stay BIGINT",
                                rows)
                        .orderBy("segment"),
                "%s: users of publication %d under the edited file"
                        .formatted(experiment.experimentId(), preview.live().sequence()),
                preview.notices().stream()
                        .filter(notice -> notice.startsWith(experiment.experimentId()) && !notice.contains("no file"))
                        .toList());
    }

    static Rows expected(Lake face, io.flagcast.lake.Lake lake, Settings settings, Experiment experiment) {
        Preview preview = Preview.of(lake, settings, List.of(experiment), Optional.empty());
        Progress silent = Progress.on(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
        try (Inputs inputs = new Inputs(lake, settings.sources(), preview.at(), lake.publications())) {
            ExpectedOutcomes expected = ExpectedOutcomes.of(preview, lake, inputs, settings, silent);
            List<Row> rows = new ArrayList<>();
            for (ExpectedOutcomes.Outcome outcome : expected.outcomes()) {
                Optional<Estimate> change = outcome.then().overFirst().map(Difference::estimate);
                rows.add(RowFactory.create(
                        outcome.part().metric(),
                        outcome.part().segment(),
                        value(outcome.now().doublyRobust(), Estimate::value),
                        value(outcome.then().doublyRobust(), Estimate::value),
                        value(change, Estimate::value),
                        value(change, known -> known.interval().lower()),
                        value(change, known -> known.interval().upper()),
                        Math.round(outcome.then().effectiveSampleSize())));
            }
            return said(
                    face.given(
                            "metric STRING, segment STRING, now DOUBLE, then DOUBLE, change DOUBLE, lower DOUBLE,"
                                    + " upper DOUBLE, effective_users BIGINT",
                            rows),
                    experiment.experimentId() + ": outcomes to expect of those who have met it",
                    expected.notes());
        }
    }

    static Rows worth(Lake face, io.flagcast.lake.Lake lake, List<Experiment> experiments) {
        WorthOfWhole worth = WorthOfWhole.of(lake, experiments, Optional.empty(), Optional.empty());
        return worth.holdout() == 0 ? plan(face, worth) : measured(face, worth);
    }

    private static Rows measured(Lake face, WorthOfWhole worth) {
        List<Row> rows = worth.worth().stream()
                .map(one -> RowFactory.create(
                        one.experiment(),
                        one.metric(),
                        one.heldOut(),
                        one.ofHeldOut(),
                        one.everybodyElse(),
                        one.ofEverybodyElse(),
                        one.difference().orElse(null),
                        value(one.bounds(), Interval::lower),
                        value(one.bounds(), Interval::upper)))
                .toList();
        return said(
                face.given(
                        "experiment STRING, metric STRING, held_out BIGINT, mean_of_held_out DOUBLE,"
                                + " everybody_else BIGINT, mean_of_everybody_else DOUBLE, worth DOUBLE, lower DOUBLE,"
                                + " upper DOUBLE",
                        rows),
                "%s of the users are held out of every experiment".formatted(Numbers.percent(worth.holdout(), 1)),
                worth.warnings());
    }

    private static Rows plan(Lake face, WorthOfWhole worth) {
        List<Row> rows = worth.plans().stream()
                .map(one -> RowFactory.create(
                        one.experiment(),
                        one.metric(),
                        one.now(),
                        one.usersPerDay(),
                        one.heldOutPerDay(),
                        one.tellsApart().orElse(null)))
                .toList();
        return said(
                face.given(
                        "experiment STRING, metric STRING, now DOUBLE, users_a_day DOUBLE, held_out_a_day DOUBLE,"
                                + " tells_apart DOUBLE",
                        rows),
                "nobody is held out: what a holdout of %s would show after %d days"
                        .formatted(Numbers.percent(WorthOfWhole.PROPOSED, 0), WorthOfWhole.PLANNED_DAYS),
                List.of("tells apart: the least difference that it would tell from none"));
    }

    private static <T> Double value(Optional<T> of, Function<T, Double> part) {
        return of.map(part).orElse(null);
    }
}
