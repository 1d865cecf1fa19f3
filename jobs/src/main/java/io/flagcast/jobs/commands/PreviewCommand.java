package io.flagcast.jobs.commands;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;

import io.flagcast.allocation.BanditLearner;
import io.flagcast.allocation.OffPolicyEvaluation.Estimate;
import io.flagcast.allocation.OffPolicyEvaluation.PolicyValue;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.InstantConverter;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.decision.BanditContext;
import io.flagcast.jobs.decision.DecideUsers;
import io.flagcast.jobs.printing.TextTable;
import io.flagcast.jobs.questions.PolicyValues;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.jobs.run.Progress;
import io.flagcast.jobs.run.Rollout;
import io.flagcast.jobs.settings.ConfiguredExperiments;
import io.flagcast.jobs.settings.Settings;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Inputs;
import io.flagcast.lake.Json;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Session;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.tables.Tables;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "preview",
        mixinStandardHelpOptions = true,
        description = {
            "What the experiment files, as they are now, would change of the live publication: how many users of each"
                    + " segment would gain the feature, lose it or stay, and what their outcomes are expected to be."
                    + " Writes nothing.",
            "Profiles, scores and parameters are those of the publication, so that what differs comes from the files."
        })
final class PreviewCommand implements Callable<Integer> {

    private static final String PUBLISHED = "p_published";
    private static final String EDITED = "p_edited";

    private final Surroundings surroundings;

    @Parameters(
            paramLabel = "FILE",
            arity = "0..*",
            description = "Edited experiment files outside the configured folder: each stands for the one with its"
                    + " experiment_id. Without any: the configured files.")
    private List<Path> files = new ArrayList<>();

    @Option(
            names = "--as-of",
            paramLabel = "INSTANT",
            converter = InstantConverter.class,
            description =
                    "Decide as a run of this instant would: with the steps that a ramp has taken and the parameters"
                            + " that are set by then. Default: the publication's own.")
    private Instant asOf;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "TABLE",
            description = "table or json (an object a row).")
    private EvaluateCommand.Format format;

    @Mixin
    private ConfigurationOptions configuration;

    private final Progress progress;
    private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    /** How many users of a segment are given another answer. */
    private record Shift(
            String experimentId,
            String segment,
            long users,
            long enabledBefore,
            long enabledAfter,
            long gain,
            long lose,
            boolean isAnother,
            boolean isReshuffled) {

        static Shift of(Row row) {
            return new Shift(
                    row.getString(0),
                    row.getString(1),
                    row.getLong(2),
                    row.getLong(3),
                    row.getLong(4),
                    row.getLong(5),
                    row.getLong(6),
                    row.getLong(7) > 0,
                    row.getLong(8) > 0);
        }

        static Shift nobody(String experimentId) {
            return new Shift(experimentId, SegmentMetrics.ALL, 0, 0, 0, 0, 0, false, false);
        }

        Shift plus(Shift other) {
            return new Shift(
                    experimentId,
                    SegmentMetrics.ALL,
                    users + other.users,
                    enabledBefore + other.enabledBefore,
                    enabledAfter + other.enabledAfter,
                    gain + other.gain,
                    lose + other.lose,
                    isAnother || other.isAnother,
                    isReshuffled || other.isReshuffled);
        }
    }

    PreviewCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
        this.progress = surroundings.progress();
    }

    @Override
    public Integer call() {
        Settings settings = configuration.settings();
        List<Experiment> experiments = ConfiguredExperiments.read(settings, files);
        try (Session session = surroundings.session()) {
            Lake lake = new Lake(session.spark(), settings.lake().root());
            List<Publication> publications = lake.publications();
            Publication live = lake.requireLive();
            Instant at = asOf == null ? live.asOf() : asOf;
            ParameterLog log = ParameterTable.read(lake);
            List<Rollout> rollouts = Rollout.of(experiments, log.before(at), settings.lake(), at);
            Map<String, List<Shift>> shifts = shifts(lake, live, rollouts, settings);
            if (format == EvaluateCommand.Format.TABLE) {
                out.printf("publication %d of %s, and the files as of %s%n%n", live.sequence(), live.asOf(), at);
            }
            printShifts(shifts, rollouts, log);
            List<Rollout> changed = rollouts.stream()
                    .filter(rollout -> shifts.getOrDefault(rollout.experimentId(), List.of()).stream()
                            .anyMatch(Shift::isAnother))
                    .toList();
            try (Inputs inputs = new Inputs(lake, settings.sources(), at, publications)) {
                printOutcomes(lake, live, inputs, changed, settings, at);
            }
        }
        return ExitCode.DONE.code();
    }

    /** By experiment: all users, then each segment. */
    private static Map<String, List<Shift>> shifts(
            Lake lake, Publication live, List<Rollout> rollouts, Settings settings) {
        Dataset<Row> profiles = lake.published(Tables.USER_PROFILES, Optional.of(live));
        BanditContext.requireFewCells(rollouts.stream().map(Rollout::experiment).toList(), profiles);
        Dataset<Row> after = DecideUsers.decide(
                profiles,
                lake.published(Tables.RESPONSIVENESS_SCORES, Optional.of(live)),
                lake.published(Tables.ENROLMENTS, Optional.of(live)),
                rollouts,
                settings.lake().holdoutSalt());
        String[] key = {"experiment_id", "user_id"};
        Dataset<Row> before = lake.published(Tables.ALLOCATIONS, Optional.of(live))
                .select(
                        col("experiment_id"),
                        col("user_id"),
                        col("enabled").as("was_enabled"),
                        col("segment").as("was_segment"),
                        col("propensity").as("was_propensity"),
                        col("bucket").as("was_bucket"));
        Column was = coalesce(col("was_enabled"), lit(false));
        Column is = coalesce(col("enabled"), lit(false));
        Column another = not(col("propensity").eqNullSafe(col("was_propensity")))
                .or(not(is.equalTo(was)))
                .or(not(col("segment").eqNullSafe(col("was_segment"))));
        Map<String, List<Shift>> shifts = new TreeMap<>();
        after
                .join(before, key, "full")
                .groupBy(
                        col("experiment_id"),
                        coalesce(col("segment"), col("was_segment"), lit(SegmentMetrics.UNSCORED))
                                .as("of"))
                .agg(
                        count(lit(1)),
                        count_if(was),
                        count_if(is),
                        count_if(not(was).and(is)),
                        count_if(was.and(not(is))),
                        count_if(another),
                        count_if(col("bucket").notEqual(col("was_bucket"))))
                .orderBy("experiment_id", "of")
                .collectAsList()
                .stream()
                .map(Shift::of)
                .forEach(shift -> shifts.computeIfAbsent(shift.experimentId(), id -> new ArrayList<>())
                        .add(shift));
        shifts.values()
                .forEach(own ->
                        own.add(0, own.stream().reduce(Shift.nobody(own.get(0).experimentId()), Shift::plus)));
        return shifts;
    }

    private void printShifts(Map<String, List<Shift>> shifts, List<Rollout> rollouts, ParameterLog log) {
        Map<String, Rollout> configured =
                rollouts.stream().collect(Collectors.toMap(Rollout::experimentId, Function.identity()));
        TextTable table =
                new TextTable(List.of("experiment", "segment", "users", "enabled now", "then", "gain", "lose", "stay"));
        shifts.forEach((experimentId, own) -> own.forEach(shift -> {
            long stay = shift.users() - shift.gain() - shift.lose();
            if (format == EvaluateCommand.Format.JSON) {
                Map<String, Object> object = new LinkedHashMap<>();
                object.put("experiment_id", experimentId);
                object.put("segment", shift.segment());
                object.put("users", shift.users());
                object.put("enabled_now", shift.enabledBefore());
                object.put("enabled_then", shift.enabledAfter());
                object.put("gain", shift.gain());
                object.put("lose", shift.lose());
                object.put("stay", stay);
                out.println(Json.write(object));
            }
            table.add(List.of(
                    experimentId,
                    shift.segment(),
                    "%,d".formatted(shift.users()),
                    "%,d".formatted(shift.enabledBefore()),
                    "%,d".formatted(shift.enabledAfter()),
                    "%,d".formatted(shift.gain()),
                    "%,d".formatted(shift.lose()),
                    "%,d".formatted(stay)));
        }));
        if (format == EvaluateCommand.Format.TABLE) {
            out.println(table);
        }
        shifts.forEach((experimentId, own) -> {
            if (!configured.containsKey(experimentId)) {
                progress.notice(experimentId + " has no file any more: nobody would be decided about");
                return;
            }
            Rollout rollout = configured.get(experimentId);
            if (own.get(0).isReshuffled()) {
                progress.notice(
                        "%s has another salt: every user is drawn anew, and a run refuses it without --reshuffle %s"
                                .formatted(experimentId, experimentId));
            } else if (!own.get(0).isAnother()) {
                progress.notice(experimentId + ": nothing changes for anybody");
            }
            if (log.newest(experimentId).version() != rollout.parameters().version()) {
                progress.notice("%s: parameters version %d counts here; a later run uses version %d"
                        .formatted(
                                experimentId,
                                rollout.parameters().version(),
                                log.newest(experimentId).version()));
            }
            if (rollout.experiment().status() != Experiment.Status.ACTIVE) {
                progress.notice("%s is %s: it enables nobody"
                        .formatted(
                                experimentId,
                                rollout.experiment().status().name().toLowerCase(Locale.ROOT)));
            }
        });
    }

    private void printOutcomes(
            Lake lake, Publication live, Inputs inputs, List<Rollout> changed, Settings settings, Instant at) {
        TextTable table = new TextTable(List.of(
                "experiment",
                "metric",
                "segment",
                "now",
                "95 %",
                "then",
                "95 % ",
                "change",
                "95 %  ",
                "effective users"));
        List<String> refusals = new ArrayList<>();
        for (Rollout rollout : changed) {
            if (rollout.experiment().metrics().isEmpty() || !settings.sources().containsKey(Tables.EXPOSURES)) {
                refusals.add(rollout.experimentId() + ": no metrics or no exposures to expect outcomes from");
                continue;
            }
            progress.say("%s: asking the log what to expect".formatted(rollout.experimentId()));
            PolicyValues.Result result = outcomes(lake, live, inputs, rollout, settings, at);
            if (result.parts().isEmpty()) {
                refusals.add(
                        rollout.experimentId() + ": nobody has met it with a logged propensity and a closed window");
            }
            result.parts().forEach((part, evaluation) -> {
                PolicyValue now = evaluation.values().get(0);
                PolicyValue then = evaluation.values().get(1);
                if (format == EvaluateCommand.Format.JSON) {
                    Map<String, Object> object = new LinkedHashMap<>();
                    object.put("experiment_id", rollout.experimentId());
                    object.put("metric", part.metric());
                    object.put("segment", part.segment());
                    put(object, "now", now.doublyRobust());
                    put(object, "then", then.doublyRobust());
                    put(object, "change", then.overFirst());
                    object.put("effective_users", then.effectiveSampleSize());
                    out.println(Json.write(object));
                }
                table.add(List.of(
                        rollout.experimentId(),
                        part.metric(),
                        part.segment(),
                        value(now.doublyRobust(), "%.4f"),
                        interval(now.doublyRobust(), "%.4f"),
                        value(then.doublyRobust(), "%.4f"),
                        interval(then.doublyRobust(), "%.4f"),
                        value(then.overFirst(), "%+.4f"),
                        interval(then.overFirst(), "%+.4f"),
                        "%,.0f".formatted(then.effectiveSampleSize())));
                if (then.refusal().isEmpty() && then.effectiveSampleSize() < BanditLearner.LEAST_SAMPLE) {
                    refusals.add("%s, %s, %s: worth %.0f users only: take its interval for a hint"
                            .formatted(
                                    rollout.experimentId(), part.metric(), part.segment(), then.effectiveSampleSize()));
                }
                now.refusal()
                        .ifPresent(why -> refusals.add("%s, %s, %s, now: %s"
                                .formatted(rollout.experimentId(), part.metric(), part.segment(), why)));
                then.refusal()
                        .ifPresent(why -> refusals.add("%s, %s, %s, then: %s"
                                .formatted(rollout.experimentId(), part.metric(), part.segment(), why)));
            });
        }
        if (format == EvaluateCommand.Format.TABLE && !changed.isEmpty()) {
            out.println("expected outcomes of the users who have met it (doubly robust; see evaluate-policy)");
            out.print(table);
        }
        refusals.forEach(progress::notice);
    }

    private static void put(Map<String, Object> object, String name, Optional<Estimate> estimate) {
        estimate.ifPresent(known -> {
            object.put(name, known.value());
            object.put(name + "_lower", known.interval().lower());
            object.put(name + "_upper", known.interval().upper());
        });
    }

    private static String value(Optional<Estimate> estimate, String number) {
        return estimate.map(known -> number.formatted(known.value())).orElse("-");
    }

    private static String interval(Optional<Estimate> estimate, String number) {
        return estimate.map(known -> (number + " to " + number)
                        .formatted(known.interval().lower(), known.interval().upper()))
                .orElse("-");
    }

    private static PolicyValues.Result outcomes(
            Lake lake, Publication live, Inputs inputs, Rollout rollout, Settings settings, Instant at) {
        Dataset<Row> logged = PolicyValues.logged(
                        lake,
                        inputs,
                        at,
                        rollout.experiment(),
                        rollout.experiment().metrics())
                .persist(StorageLevel.MEMORY_AND_DISK());
        Dataset<Row> edited = PolicyValues.decided(
                        logged,
                        lake.published(Tables.USER_PROFILES, Optional.of(live)),
                        rollout,
                        settings.lake().holdoutSalt())
                .select(col("user_id"), col("segment"), col("propensity").as(EDITED));
        Dataset<Row> published = lake.published(Tables.ALLOCATIONS, Optional.of(live))
                .where(col("experiment_id").equalTo(rollout.experimentId()))
                .select(col("user_id"), col("propensity").as(PUBLISHED));
        PolicyValues.Result result =
                PolicyValues.of(logged.join(edited, "user_id").join(published, "user_id"), List.of(PUBLISHED, EDITED));
        logged.unpersist();
        return result;
    }
}
