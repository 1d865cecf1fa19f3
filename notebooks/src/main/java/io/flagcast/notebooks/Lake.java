package io.flagcast.notebooks;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.questions.ExplainDecision;
import io.flagcast.jobs.questions.ExplainScore;
import io.flagcast.jobs.questions.MistakenQuery;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.LakeFunctions;
import io.flagcast.lake.LakeViews;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.Settings;
import io.flagcast.settings.SettingsReader;
import io.flagcast.tables.Table;
import io.flagcast.tables.Table.Kind;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * A lake, as an analyst asks it in a notebook: tables by name, and the questions that the commands answer. Nothing here
 * changes the lake.
 *
 * <p>With a configuration it knows the experiment files and the sources, too; with the folder of a lake it knows the tables
 * alone.
 */
public final class Lake {

    /** The variable that names what {@link #open()} opens. */
    private static final String VARIABLE = "FLAGCAST_LAKE";

    private static final String DEMO = "conf/examples/demo.conf";

    /**
     * Spark compiles by Janino, which logs every class that it looks for where the level allows it; a notebook's kernel
     * answers such a look-up by failing. Held here, since a logger that nobody holds forgets its level.
     */
    private static final Logger JANINO = Logger.getLogger("org.codehaus.janino");

    private final io.flagcast.lake.Lake lake;
    private final Optional<Configured> configured;
    private final Style style;

    /** What a configuration says. */
    private record Configured(Settings settings, List<Experiment> experiments) {}

    private Lake(io.flagcast.lake.Lake lake, Optional<Configured> configured) {
        this.lake = lake;
        this.configured = configured;
        this.style = Style.of(configured.stream()
                .flatMap(known -> known.experiments().stream())
                .flatMap(experiment -> experiment.segments().names().stream())
                .distinct()
                .toList());
    }

    /** Opens what the environment variable FLAGCAST_LAKE names, or else the lake of the demo. */
    public static Lake open() {
        return open(Optional.ofNullable(System.getenv(VARIABLE))
                .filter(path -> !path.isBlank())
                .orElse(DEMO));
    }

    /**
     * Opens a lake.
     *
     * @param path a configuration, whose name ends with {@code .conf}, or the folder of a lake; from the checkout's folder
     * @throws Refusal where there is no lake, or nothing is published in it
     */
    public static Lake open(String path) {
        Objects.requireNonNull(path, "path");
        JANINO.setLevel(Level.OFF);
        // Numbers read the same wherever the machine stands.
        Locale.setDefault(Locale.ROOT);
        Map<String, String> environment = System.getenv();
        boolean isConfiguration = path.endsWith(".conf");
        Optional<Path> file = isConfiguration ? Optional.of(Path.of(path)) : Optional.empty();
        List<String> overrides = isConfiguration ? List.of() : List.of("flagcast.lake.root=\"" + path + "\"");
        String root = SettingsReader.readLake(file, overrides, environment).root();
        io.flagcast.lake.Lake tables = new io.flagcast.lake.Lake(
                Session.open(Path.of(System.getProperty("java.io.tmpdir"))).spark(), root);
        if (!tables.exists(Tables.PUBLICATIONS)) {
            throw new Refusal(
                    ExitCode.NO_INPUT,
                    "%s: there is no lake; ./flagcast demo makes one, or open another".formatted(root));
        }
        tables.requireLive();
        return new Lake(
                tables,
                file.map(known -> SettingsReader.read(Optional.of(known), overrides, environment))
                        .map(settings -> new Configured(settings, ConfiguredExperiments.read(settings))));
    }

    /** Every table: what one of its rows is, and how many are live. */
    public Rows tables() {
        Map<String, Publication.LiveSlice> live = lake.requireLive().tables();
        List<Row> rows = Tables.ALL.stream()
                .filter(table -> table.kind() != Kind.INPUT)
                .map(table -> RowFactory.create(
                        table.name(),
                        table.doc(),
                        table.kind() == Kind.APPEND
                                ? (Long) lake.history(table).count()
                                : Optional.ofNullable(live.get(table.name()))
                                        .map(Publication.LiveSlice::rows)
                                        .orElse(0L)))
                .toList();
        return given("table STRING, a_row_is STRING, rows BIGINT", rows);
    }

    /** The columns of a table and what they mean. */
    public Rows columns(String table) {
        List<Row> rows = named(table).columns().stream()
                .map(column -> RowFactory.create(column.name(), column.type(), column.doc()))
                .toList();
        return given("column STRING, type STRING, means STRING", rows);
    }

    /** The rows of a table in the live publication, without the run that wrote them. */
    public Rows live(String table) {
        return new Rows(
                lake.published(named(table), Optional.of(lake.requireLive())).drop("run_id", "as_of"), style);
    }

    /** The rows of a table of all runs, published or not. */
    public Rows history(String table) {
        return new Rows(lake.history(named(table)), style);
    }

    /** Spark SQL over the live tables by their names, and over all runs as {@code history.<table>}; with the functions of {@link LakeFunctions}. */
    public Rows sql(String query) {
        LakeViews.register(lake, query);
        LakeFunctions.register(lake, query);
        try {
            MistakenQuery.requireReading(lake.spark(), query);
            return new Rows(lake.spark().sql(query), style);
        } catch (Exception | StackOverflowError e) {
            // Spark declares no checked exceptions in Java, yet throws them.
            throw MistakenQuery.of(e, query)
                    .orElseThrow(() -> e instanceof RuntimeException known ? known : new IllegalStateException(e));
        }
    }

    private static Table named(String name) {
        return Tables.ALL.stream()
                .filter(table -> table.kind() != Kind.INPUT && table.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new Refusal(
                        ExitCode.USAGE,
                        "there is no table '%s'; there are %s"
                                .formatted(
                                        name,
                                        String.join(
                                                ", ",
                                                Tables.ALL.stream()
                                                        .filter(table -> table.kind() != Kind.INPUT)
                                                        .map(Table::name)
                                                        .toList()))));
    }

    /** How positively a user responds to a feature, from 0 to 100; empty where the user has no score. */
    public OptionalDouble predictResponsiveness(String userId, String featureId) {
        Row answer = answer(LakeFunctions.PREDICT, userId, featureId);
        return answer.isNullAt(0) ? OptionalDouble.empty() : OptionalDouble.of(answer.getDouble(0));
    }

    /** Whether a user has the feature of an experiment: what an application is told, also of a user whom no run has met. */
    public boolean allocateFeature(String userId, String experimentId) {
        return answer(LakeFunctions.ALLOCATE, userId, experimentId).getBoolean(0);
    }

    private Row answer(String function, String userId, String of) {
        LakeFunctions.register(lake);
        return given("user_id STRING, asked_of STRING", List.of(RowFactory.create(userId, of)))
                .data()
                .selectExpr(function + "(user_id, asked_of)")
                .first();
    }

    /** How the lake stands: the live publication, and the health checks of it that fail. */
    public Rows status() {
        return Answers.status(this, lake);
    }

    /** Why a user is enabled in an experiment or not, line by line. */
    public Rows why(String userId, String experimentId) {
        return Answers.decision(
                this, ExplainDecision.of(lake, configured().settings(), experiment(experimentId), userId));
    }

    /** Why a user has the score that he has for a feature. */
    public Rows whyScore(String userId, String featureId) {
        return Answers.score(this, ExplainScore.of(lake, userId, featureId));
    }

    /** The model that scores a feature, and how good it is. */
    public Model model(String featureId) {
        return Model.of(this, featureId);
    }

    /** What rules, bandit and people have changed of an experiment, oldest first. */
    public Rows changes(String experimentId) {
        return Answers.changes(this, lake, experiment(experimentId));
    }

    /** What every rule of an experiment decided at every published evaluation, oldest first. */
    public Rows decisions(String experimentId) {
        return Answers.decisions(this, lake, experimentId);
    }

    /**
     * A copy of an experiment's file in which one text stands for another, to ask what it would do. The file itself stays.
     *
     * @throws Refusal where the text does not stand in the file exactly once
     */
    public Path edit(String experimentId, String text, String instead) {
        Path file = experiment(experimentId).file();
        try {
            String whole = Files.readString(file, StandardCharsets.UTF_8);
            int at = whole.indexOf(text);
            if (at < 0 || whole.indexOf(text, at + 1) >= 0) {
                throw new Refusal(
                        ExitCode.USAGE, "'%s' does not stand in %s exactly once".formatted(text, file.getFileName()));
            }
            Path copy = Files.createTempDirectory("flagcast-edited").resolve(file.getFileName());
            return Files.writeString(
                    copy,
                    whole.substring(0, at) + instead + whole.substring(at + text.length()),
                    StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("%s cannot be copied".formatted(file), e);
        }
    }

    /** In how many days, and with how many users, each rule of an experiment could speak. */
    public Rows design(String experimentId) {
        return design(experiment(experimentId));
    }

    /** The same of an edited file, before it goes live. */
    public Rows design(Path edited) {
        return design(edited(edited));
    }

    private Rows design(Experiment asked) {
        return Answers.design(
                this, lake, configured().settings(), asked, configured().experiments());
    }

    /** What the rules of an edited file would have done with the days that were measured. */
    public Rows replay(Path edited) {
        return Answers.replay(this, lake, edited(edited));
    }

    /** Whom an edited file would give another answer, by segment. */
    public Rows preview(Path edited) {
        return Answers.preview(this, lake, configured().settings(), edited(edited));
    }

    /** What outcomes an edited file is expected to lead to, for those who have met the experiment. */
    public Rows expected(Path edited) {
        return Answers.expected(this, lake, configured().settings(), edited(edited));
    }

    /** What all experiments together are worth, or where nobody is held out, what a holdout would cost and show. */
    public Rows worth() {
        return Answers.worth(this, lake, configured().experiments());
    }

    private Configured configured() {
        return configured.orElseThrow(() -> new Refusal(
                ExitCode.USAGE,
                "this needs the experiment files: open the configuration, as Lake.open(\"conf/ours.conf\")"));
    }

    private Experiment experiment(String experimentId) {
        return ConfiguredExperiments.named(configured().experiments(), "experiment", experimentId);
    }

    /** The experiment of an edited file, checked with all others. */
    private Experiment edited(Path file) {
        return ConfiguredExperiments.read(configured().settings(), List.of(file)).stream()
                .filter(experiment -> experiment.file().equals(file))
                .findFirst()
                .orElseThrow(() -> new Refusal(ExitCode.USAGE, file + " is no experiment's file"));
    }

    /** Rows that an answer consists of. */
    Rows given(String schema, List<Row> rows) {
        return new Rows(
                lake.spark()
                        .createDataFrame(rows, org.apache.spark.sql.types.StructType.fromDDL(schema))
                        .coalesce(1),
                style);
    }

    @Override
    public String toString() {
        Publication live = lake.requireLive();
        return "publication %d, as of %s, of %s"
                .formatted(live.sequence(), live.asOf(), lake.files().root());
    }
}
