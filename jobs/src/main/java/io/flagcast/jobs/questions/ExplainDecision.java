package io.flagcast.jobs.questions;

import static org.apache.spark.sql.functions.col;

import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.decision.BanditContext;
import io.flagcast.jobs.decision.DecideUsers;
import io.flagcast.jobs.printing.TextTable;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.jobs.run.Rollout;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.Settings;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
        for (DecisionLine line :
                DecisionLine.of(userId, decided, rollout, settings.lake().holdoutSalt())) {
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
            object.put("set_because", ParametersInForce.why(change));
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

    /** The newest change that the publication uses of the user's cell, else of the whole segment. */
    private Optional<ParameterChange> change(String segment, String context) {
        return log.of(rollout.experimentId()).stream()
                .filter(change -> change.effectiveAsOf().isBefore(live.asOf())
                        && (change.isOfExperiment() || change.cell().segment().equals(segment))
                        && (change.cell().isWhole() || change.cell().context().equals(context)))
                .max(Comparator.comparingLong(ParameterChange::version)
                        .thenComparing(change -> change.cell().context()));
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
        return ParametersInForce.text(rollout, log, live);
    }
}
