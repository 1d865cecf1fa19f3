package io.flagcast.jobs.questions;

import static org.apache.spark.sql.functions.col;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Allocator;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Bucketing;
import io.flagcast.allocation.Bucketing.Purpose;
import io.flagcast.allocation.Cell;
import io.flagcast.allocation.Decision.Reason;
import io.flagcast.allocation.Layer;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.Policy;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.decision.BanditContext;
import io.flagcast.jobs.decision.DecideUsers;
import io.flagcast.jobs.printing.TextTable;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.jobs.run.Rollout;
import io.flagcast.jobs.settings.ConfiguredExperiments;
import io.flagcast.jobs.settings.Settings;
import io.flagcast.lake.Json;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;

/** Why a user is enabled in an experiment or not, and what is in force for an experiment. */
public final class ExplainDecision {

    private final Lake lake;
    private final Publication live;
    private final Settings settings;
    private final Rollout rollout;
    private final ParameterLog log;

    private ExplainDecision(Lake lake, Publication live, Settings settings, Rollout rollout, ParameterLog log) {
        this.lake = lake;
        this.live = live;
        this.settings = settings;
        this.rollout = rollout;
        this.log = log;
    }

    /**
     * Explains an experiment in the live publication.
     *
     * @throws Refusal where it is not configured
     */
    public static ExplainDecision of(
            Lake lake, Publication live, Settings settings, List<Experiment> experiments, String experimentId) {
        ParameterLog log = ParameterTable.read(lake);
        Experiment experiment = ConfiguredExperiments.named(experiments, "--experiment", experimentId);
        Rollout rollout = Rollout.of(List.of(experiment), log.before(live.asOf()), settings.lake(), live.asOf())
                .get(0);
        return new ExplainDecision(lake, live, settings, rollout, log);
    }

    /**
     * A line of the decision.
     *
     * @param reason its name
     * @param applies whether it decides; later lines are not asked
     * @param because the numbers
     */
    private record Line(Reason reason, boolean applies, String because) {}

    /** The decision about one user, published or, for a user who is not, as an application makes it. */
    public Map<String, Object> decision(String userId) {
        Optional<Row> published = allocation(userId);
        Dataset<Row> profile = profile(userId);
        Row decided = decide(userId, profile);
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("user_id", userId);
        object.put("experiment_id", rollout.experimentId());
        object.put("published", published.isPresent());
        object.put("publication", live.sequence());
        object.put("as_of", live.asOf().toString());
        object.put("run_id", live.runId());
        Row shown = published.orElse(decided);
        for (String name : List.of(
                "enabled",
                "reason",
                "score",
                "segment",
                "tier",
                "bucket",
                "base_probability",
                "share",
                "propensity",
                "parameters_version",
                "model_id")) {
            object.put(name, shown.getAs(name));
        }
        object.put("files_agree", published.isEmpty() || isSame(published.get(), decided));
        List<Map<String, Object>> lines = new ArrayList<>();
        for (Line line : lines(userId, decided)) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("line", line.reason().label());
            fields.put("applies", line.applies());
            fields.put("because", line.because());
            lines.add(fields);
        }
        object.put("lines", lines);
        String context = profile.select(BanditContext.of(rollout.experiment(), profile.schema()))
                .collectAsList()
                .get(0)
                .getString(0);
        change(shown.getAs("segment"), context).ifPresent(change -> {
            object.put("share_or_probability_set_by", change.origin().cause().label());
            object.put("set_as_of", change.effectiveAsOf().toString());
            object.put("set_because", why(change));
        });
        return object;
    }

    private Optional<Row> allocation(String userId) {
        return lake
                .published(Tables.ALLOCATIONS, Optional.of(live))
                .where(col("user_id").equalTo(userId).and(col("experiment_id").equalTo(rollout.experimentId())))
                .collectAsList()
                .stream()
                .findFirst();
    }

    /** One row, empty but for the id where the user has no profile. */
    private Dataset<Row> profile(String userId) {
        Dataset<Row> own = lake.published(Tables.USER_PROFILES, Optional.of(live))
                .where(col("user_id").equalTo(userId));
        return lake.spark()
                .createDataFrame(List.of(RowFactory.create(userId)), StructType.fromDDL("user_id STRING"))
                .join(own, new String[] {"user_id"}, "left");
    }

    private Row decide(String userId, Dataset<Row> profile) {
        return DecideUsers.decide(
                        profile,
                        lake.published(Tables.RESPONSIVENESS_SCORES, Optional.of(live))
                                .where(col("user_id").equalTo(userId)),
                        lake.published(Tables.ENROLMENTS, Optional.of(live))
                                .where(col("user_id").equalTo(userId)),
                        List.of(rollout),
                        settings.lake().holdoutSalt())
                .collectAsList()
                .get(0);
    }

    private static boolean isSame(Row published, Row decided) {
        return List.of("enabled", "reason", "bucket", "base_probability", "share", "propensity").stream()
                .allMatch(name -> published.getAs(name).equals(decided.getAs(name)));
    }

    /** Every line of the decision in its order, up to the one that applies. */
    private List<Line> lines(String userId, Row decided) {
        Experiment experiment = rollout.experiment();
        Allocator allocator = rollout.allocator();
        Reason decides = Reason.valueOf(decided.<String>getAs("reason").toUpperCase(Locale.ROOT));
        Double score = decided.getAs("score");
        double exploration =
                Bucketing.of(experiment.salt(), Purpose.EXPLORATION).bucket(userId);
        double kept = decided.<Double>getAs("base_probability") * decided.<Double>getAs("share");
        Layer layer = allocator.layer();
        List<Line> lines = new ArrayList<>();
        for (Reason reason : Reason.values()) {
            String because = switch (reason) {
                case INACTIVE ->
                    rollout.parameters().activity() == Activity.ACTIVE
                            ? "status " + experiment.status().name().toLowerCase(Locale.ROOT)
                            : "paused by a change of its parameters";
                case HOLDOUT ->
                    compared(
                            Bucketing.of(settings.lake().holdoutSalt(), Purpose.HOLDOUT)
                                    .bucket(userId),
                            allocator.holdout(),
                            "the lake's holdout");
                case LAYER ->
                    layer.equals(Layer.NONE)
                            ? "no layer"
                            : "bucket %.4f, %s has [%s, %s) of layer %s"
                                    .formatted(
                                            Bucketing.of(layer.name(), Purpose.LAYER)
                                                    .bucket(userId),
                                            experiment.experimentId(),
                                            layer.from(),
                                            layer.to(),
                                            layer.name());
                case INELIGIBLE -> experiment.eligibility().orElse("everybody is eligible");
                case EXPLORATION ->
                    compared(exploration, allocator.exploration(), "the slice")
                            + (decides == Reason.EXPLORATION
                                    ? ", a fair coin: %.4f, enabled below 0.5"
                                            .formatted(Bucketing.of(experiment.salt(), Purpose.COIN)
                                                    .bucket(userId))
                                    : "");
                case UNSCORED ->
                    score != null
                            ? "score %.2f".formatted(score)
                            : compared(decided.getAs("bucket"), allocator.unscored(), "enabled without a score");
                case NO_BENEFIT ->
                    decides == Reason.NO_BENEFIT
                            ? "even the upper bound of the uplift of users like this one is not above zero"
                            : "users like this one may benefit";
                case POLICY ->
                    "bucket %.4f, enabled below %.4f (base probability %.4f x share %.2f)"
                            .formatted(
                                    decided.<Double>getAs("bucket"),
                                    kept,
                                    decided.<Double>getAs("base_probability"),
                                    decided.<Double>getAs("share"));
            };
            lines.add(new Line(reason, reason == decides, because));
            if (reason == decides) {
                break;
            }
        }
        return lines;
    }

    private static String compared(double bucket, double limit, String of) {
        return limit == 0 ? of + " is empty" : "bucket %.4f, %s is below %.4f".formatted(bucket, of, limit);
    }

    /** The newest change that the publication uses of the user's cell, else of the whole segment. */
    private Optional<ParameterChange> change(String segment, String context) {
        return log.of(rollout.experimentId()).stream()
                .filter(change -> change.effectiveAsOf().isBefore(live.asOf())
                        && (change.isOfExperiment() || change.cell().segment().equals(segment))
                        && (change.cell().isWhole() || change.cell().context().equals(context)))
                .max(Comparator.comparingLong(ParameterChange::version)
                        .thenComparing(change -> change.cell().context()));
    }

    private static String why(ParameterChange change) {
        return Json.tree(change.state().orElse(change.origin().decision()), "allocation_parameters.decision")
                .path("reason")
                .asText();
    }

    private static String wholly(ParameterChange change) {
        return Stream.concat(
                        change.activity().map(activity -> activity.name().toLowerCase(Locale.ROOT)).stream(),
                        change
                                .activeTier()
                                .map(tier -> tier.isPresent() ? "tier " + tier.getAsInt() : "tier of the file")
                                .stream())
                .collect(Collectors.joining(", "));
    }

    /** The decision as people read it. */
    public String text(String userId) {
        Map<String, Object> decision = decision(userId);
        StringBuilder text = new StringBuilder();
        text.append("user %s, experiment %s, publication %d of %s%n"
                .formatted(userId, rollout.experimentId(), live.sequence(), live.asOf()));
        if (!(Boolean) decision.get("published")) {
            text.append("  not in the publication: decided as an application does for a user it does not know\n");
        }
        text.append("  answer      %s: %s%n"
                .formatted((Boolean) decision.get("enabled") ? "enabled" : "not enabled", decision.get("reason")));
        if (decision.get("score") != null) {
            text.append("  score       %.2f, segment %s%s%s%n"
                    .formatted(
                            (Double) decision.get("score"),
                            decision.get("segment"),
                            decision.get("tier") == null ? "" : ", tier " + decision.get("tier"),
                            decision.get("model_id") == null ? "" : ", of model " + decision.get("model_id")));
        }
        text.append("  propensity  %.4f, parameters version %s%n"
                .formatted((Double) decision.get("propensity"), decision.get("parameters_version")));
        if (decision.containsKey("set_because")) {
            text.append("  segment     set by the %s as of %s: %s%n"
                    .formatted(
                            decision.get("share_or_probability_set_by"),
                            decision.get("set_as_of"),
                            decision.get("set_because")));
        }
        if (!(Boolean) decision.get("files_agree")) {
            text.append("  The experiment's file has changed since: the lines below are of the file as it is now.\n");
        }
        text.append('\n');
        TextTable lines = new TextTable(List.of("line", "applies", "because"));
        for (Object line : (List<?>) decision.get("lines")) {
            Map<?, ?> fields = (Map<?, ?>) line;
            lines.add(List.of((String) fields.get("line"), (Boolean) fields.get("applies") ? "yes" : "no", (String)
                    fields.get("because")));
        }
        return text.append(lines).toString();
    }

    /** What is in force for every segment and cell, and the changes that made it so. */
    public String parameters() {
        Experiment experiment = rollout.experiment();
        AllocationParameters parameters = log.newest(experiment.experimentId());
        StringBuilder text = new StringBuilder();
        text.append("experiment %s of feature %s: %s, parameters version %d%n"
                .formatted(
                        experiment.experimentId(),
                        experiment.featureId(),
                        experiment.allocation().getClass().getSimpleName(),
                        parameters.version()));
        if (parameters.version() != rollout.parameters().version()) {
            text.append("publication %d of %s uses version %d%n"
                    .formatted(
                            live.sequence(), live.asOf(), rollout.parameters().version()));
        }
        Policy policy = experiment.allocation().inForce(parameters, live.asOf());
        TextTable inForce = new TextTable(List.of("segment or cell", "share", "learned probability"));
        TreeSet<Cell> cells = new TreeSet<>(parameters.learned().keySet());
        experiment.segments().names().forEach(segment -> cells.add(Cell.whole(segment)));
        for (Cell cell : cells) {
            inForce.add(List.of(
                    cell.toString(),
                    "%.0f %%".formatted(100 * parameters.share(cell.segment())),
                    policy instanceof Policy.Bandit bandit
                            ? "%.1f %%".formatted(100 * bandit.baseProbability(0, cell))
                            : ""));
        }
        text.append('\n').append(inForce).append('\n');
        TextTable changes =
                new TextTable(List.of("version", "as of", "segment or cell", "cause", "share", "probability", "why"));
        for (ParameterChange change : log.of(experiment.experimentId())) {
            changes.add(List.of(
                    String.valueOf(change.version()),
                    change.effectiveAsOf().toString(),
                    change.cell().toString(),
                    change.origin().cause().label(),
                    change.isOfExperiment() ? wholly(change) : "%.0f %%".formatted(100 * change.share()),
                    change.baseProbability().isPresent()
                            ? "%.1f %%".formatted(100 * change.baseProbability().getAsDouble())
                            : "",
                    why(change)));
        }
        return text.append(log.of(experiment.experimentId()).isEmpty() ? "nothing has changed yet\n" : changes)
                .toString();
    }
}
