package io.flagcast.jobs.questions;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.round;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.decision.DecideUsers;
import io.flagcast.jobs.records.MeasuredDay;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.jobs.run.Rollout;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.rules.Assumption;
import io.flagcast.rules.Rule;
import io.flagcast.rules.RuleDesign;
import io.flagcast.rules.RuleEngine;
import io.flagcast.rules.design.ExpectedUsers;
import io.flagcast.settings.Settings;
import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;

/**
 * When the rules of experiment files could speak, with the users, the means and the propensities that the live publication
 * knows.
 *
 * @param live the publication
 * @param designs one for each rule that is asked for
 */
public record DesignRules(Publication live, List<Designed> designs) {

    /**
     * A rule and what is known of it.
     *
     * @param design absent where something is not known without which there is none
     * @param note what is not known, or what stands in for it; empty where nothing is to be said
     */
    public record Designed(Experiment experiment, Rule rule, Optional<RuleDesign> design, String note) {}

    /**
     * What is asked.
     *
     * @param assumption what is taken for the truth
     * @param days within which an effect has to be detected
     * @param like experiment whose users and means stand for those of the files; absent for their own
     * @param usersPerDay who meet an experiment, in all segments together; absent for what was measured
     * @param baseline mean of every metric without the assumed effect; absent for what was measured
     */
    public record Question(
            Assumption assumption,
            int days,
            Optional<Experiment> like,
            Optional<Double> usersPerDay,
            Optional<Double> baseline) {}

    public DesignRules {
        designs = List.copyOf(designs);
    }

    /**
     * Designs the rules of experiments, as if they were active and their evidence began now.
     *
     * @param asked whose rules; those that declare none are left out
     * @param measured the experiments as they were measured: their segments tell whether a name still means the same band
     * @throws Refusal with exit code 66 where nothing is published
     */
    public static DesignRules of(
            Lake lake, Settings settings, List<Experiment> asked, List<Experiment> measured, Question question) {
        Publication live = lake.requireLive();
        List<Experiment> designed = asked.stream()
                .filter(experiment -> !experiment.rules().isEmpty())
                .toList();
        if (designed.isEmpty()) {
            return new DesignRules(live, List.of());
        }
        Map<String, Map<String, Map<Double, Long>>> propensities = propensities(lake, settings, live, designed);
        List<String> sources = designed.stream()
                .map(experiment -> source(experiment, question))
                .distinct()
                .toList();
        List<MeasuredDay> days = MeasuredDay.read(lake.published(Tables.SEGMENT_DAYS, Optional.of(live))
                .where(col("experiment_id")
                        .isin(sources.toArray())
                        .and(col("cell").equalTo(""))
                        .and(col("since_version").equalTo(0L))));
        List<Designed> designs = new ArrayList<>();
        for (Experiment experiment : designed) {
            String source = source(experiment, question);
            List<MeasuredDay> own = days.stream()
                    .filter(day -> day.experimentId().equals(source))
                    .toList();
            Map<String, Double> caps = new HashMap<>();
            own.forEach(day -> day.cap().ifPresent(cap -> caps.put(day.metric(), cap)));
            RuleEngine engine = experiment.ruleEngine().withCaps(caps);
            ExpectedUsers expected = new ExpectedUsers(
                    MeasuredDay.history(own),
                    experiment.segments(),
                    measured.stream()
                            .filter(each -> each.experimentId().equals(source))
                            .map(Experiment::segments)
                            .findFirst(),
                    propensities.getOrDefault(experiment.experimentId(), Map.of()),
                    live.asOf(),
                    question.usersPerDay(),
                    question.baseline());
            engine.rules().forEach(rule -> designs.add(designed(experiment, engine, rule, expected, question)));
        }
        return new DesignRules(live, designs);
    }

    private static String source(Experiment experiment, Question question) {
        return question.like().map(Experiment::experimentId).orElse(experiment.experimentId());
    }

    private static Designed designed(
            Experiment experiment, RuleEngine engine, Rule rule, ExpectedUsers expected, Question question) {
        Optional<String> unknown = expected.unknown(engine, rule);
        if (unknown.isPresent()) {
            return new Designed(experiment, rule, Optional.empty(), unknown.get());
        }
        RuleDesign design =
                RuleDesign.of(engine, rule, expected.forecast(engine, rule), question.assumption(), question.days());
        return new Designed(
                experiment,
                rule,
                Optional.of(design),
                Stream.concat(expected.standsIn(engine, rule).stream(), design.tooFew().stream())
                        .collect(Collectors.joining("; ")));
    }

    /**
     * By experiment and segment, how many users have which propensity, as the files decide with the newest parameters. Users
     * who are outside the layer or not eligible meet nothing.
     */
    private static Map<String, Map<String, Map<Double, Long>>> propensities(
            Lake lake, Settings settings, Publication live, List<Experiment> experiments) {
        ParameterLog log = ParameterTable.read(lake);
        List<Rollout> rollouts = experiments.stream()
                .map(experiment -> {
                    AllocationParameters parameters = log.newest(experiment.experimentId());
                    return new Rollout(
                            experiment,
                            parameters,
                            experiment
                                    .allocator(settings.lake().holdout(), parameters, live.asOf())
                                    .activated());
                })
                .toList();
        List<Row> counts = DecideUsers.decide(
                        lake.published(Tables.USER_PROFILES, Optional.of(live)),
                        lake.published(Tables.RESPONSIVENESS_SCORES, Optional.of(live)),
                        lake.published(Tables.ENROLMENTS, Optional.of(live))
                                .where(col("experiment_id")
                                        .isin(experiments.stream()
                                                .map(Experiment::experimentId)
                                                .toArray())),
                        rollouts,
                        settings.lake().holdoutSalt())
                .where(not(col("reason").isin("layer", "ineligible")))
                .groupBy(
                        col("experiment_id"),
                        coalesce(col("segment"), lit(ExpectedUsers.UNSCORED)).as("segment"),
                        round(col("propensity"), 4).as("propensity"))
                .count()
                .collectAsList();
        Map<String, Map<String, Map<Double, Long>>> propensities = new HashMap<>();
        counts.forEach(row -> propensities
                .computeIfAbsent(row.getString(0), experiment -> new HashMap<>())
                .computeIfAbsent(row.getString(1), segment -> new HashMap<>())
                .merge(row.getDouble(2), row.getLong(3), Long::sum));
        return propensities;
    }
}
