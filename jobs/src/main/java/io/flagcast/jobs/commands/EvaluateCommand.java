package io.flagcast.jobs.commands;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.FormatOption;
import io.flagcast.jobs.commands.options.PastConverter;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.questions.evaluation.EvaluateScores;
import io.flagcast.jobs.questions.evaluation.LearnerComparison;
import io.flagcast.jobs.questions.evaluation.QualitySheets;
import io.flagcast.jobs.questions.evaluation.RankingComparison;
import io.flagcast.jobs.questions.evaluation.ScoreQuality;
import io.flagcast.jobs.questions.evaluation.TestUsers;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import io.flagcast.lake.inputs.Inputs;
import io.flagcast.lake.inputs.UserList;
import io.flagcast.settings.Settings;
import io.flagcast.tables.Ids;
import io.flagcast.training.learners.Learner;
import io.flagcast.training.learners.TrainingSettings;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "evaluate",
        mixinStandardHelpOptions = true,
        description =
                "How good the scores are: trains every learner on a part of the users and judges it on the others."
                        + " Reads the sources and writes nothing. Qini and AUUC as in scikit-uplift (qini_auc_score,"
                        + " uplift_auc_score); 0 is random order, 1 perfect.")
final class EvaluateCommand implements Callable<Integer> {

    private final Surroundings surroundings;
    private final Clock clock;

    @Option(
            names = "--withhold",
            paramLabel = "FILE",
            description = "CSV file of the users to judge on, who are not trained on: column user_id; where it has"
                    + " experiment_id, per experiment; where it has seed, once per seed, then the mean. Without it, and"
                    + " without --since: out of fold.")
    private String withhold;

    @Option(
            names = "--since",
            paramLabel = "INSTANT",
            converter = PastConverter.class,
            description = "Train on users who met the feature before, judge on those who met it since.")
    private Instant since;

    @Option(names = "--feature", paramLabel = "ID", description = "Only this feature, or family; may be repeated.")
    private List<String> only = new ArrayList<>();

    @Option(
            names = "--learners",
            split = ",",
            paramLabel = "NAME",
            description = "The champion, then its challengers, instead of the configured ones.")
    private List<String> learners = new ArrayList<>();

    @Option(
            names = "--seeds",
            split = ",",
            paramLabel = "N",
            description = "Seeds of folds and splits, where no file has them. Default: flagcast.training.seed.")
    private List<Long> seeds = new ArrayList<>();

    @Option(
            names = "--as-of",
            paramLabel = "INSTANT",
            converter = PastConverter.class,
            description = "Look at nothing at or after this instant. Default: now.")
    private Instant asOf;

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private ConfigurationOptions configuration;

    private final Progress progress;

    EvaluateCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
        this.clock = surroundings.clock();
        this.progress = surroundings.progress();
    }

    @Override
    public Integer call() {
        Settings settings = configuration.settings();
        List<Experiment> experiments = configuration.experiments(settings);
        SortedSet<String> features = features(settings);
        if (withhold != null && since != null) {
            throw new Refusal(ExitCode.USAGE, "--withhold and --since are two ways to split: choose one");
        }
        TrainingSettings how = how(settings.training().model());
        Instant upTo = asOf == null ? clock.instant() : asOf;
        Printer printer = format.printer();
        try (Session session = surroundings.session()) {
            Lake lake = new Lake(session.spark(), settings.lake().root());
            try (Inputs inputs = new Inputs(lake, settings.sources(), upTo, lake.publications())) {
                new EvaluateScores(settings, experiments, how, features, testUsers(session.spark()), seeds)
                        .answer(inputs, upTo, progress, quality -> print(quality, printer));
            }
        }
        return ExitCode.DONE.code();
    }

    private SortedSet<String> features(Settings settings) {
        SortedSet<String> configured = new TreeSet<>(settings.declarations());
        only.stream().filter(id -> !configured.contains(id)).forEach(id -> {
            throw new Refusal(
                    ExitCode.USAGE,
                    settings.declaration(id)
                            .map(family -> "--feature %s is of family %s, which is judged as one: --feature '%s'"
                                    .formatted(id, family, family))
                            .orElseGet(() -> "--feature %s is not configured: configured are %s"
                                    .formatted(id, Ids.few(configured))));
        });
        return only.isEmpty() ? configured : new TreeSet<>(only);
    }

    private TrainingSettings how(TrainingSettings configured) {
        if (learners.isEmpty()) {
            return configured;
        }
        try {
            List<Learner> named = learners.stream().map(Learner::parse).toList();
            return configured.withLearners(named.get(0), named.subList(1, named.size()));
        } catch (IllegalArgumentException e) {
            throw new Refusal(ExitCode.USAGE, "--learners: " + e.getMessage(), e);
        }
    }

    private TestUsers testUsers(SparkSession spark) {
        if (withhold != null) {
            return new TestUsers.Listed(UserList.read(spark, withhold));
        }
        return since == null ? new TestUsers.OutOfFold() : new TestUsers.Since(since);
    }

    private static void print(ScoreQuality quality, Printer printer) {
        if (!printer.isForPeople()) {
            printer.print(QualitySheets.measured(quality), quality.measured());
        } else if (quality instanceof LearnerComparison comparison) {
            print(comparison, printer);
        } else if (quality instanceof RankingComparison comparison) {
            printer.say(
                    comparison.featureId() + ": a random quarter of each user's items is withheld and has to be found");
            printer.print(QualitySheets.rankings(), comparison.judged());
            printer.say("");
        }
    }

    private static void print(LearnerComparison comparison, Printer printer) {
        printer.say(comparison.featureId());
        comparison.notes().forEach(note -> printer.say("  " + note));
        printer.print(QualitySheets.learners(), comparison.judged());
        printer.say("");
        printer.say("what enabling the highest scores first is worth, beyond enabling as many at random");
        printer.print(QualitySheets.orders(), comparison.judged());
        comparison.lastChosen().ifPresent(chosen -> {
            printer.say("");
            printer.say("calibration of %s, seed %d".formatted(chosen.learner(), chosen.seed()));
            printer.print(QualitySheets.calibration(), chosen.curves().deciles());
        });
        List<LearnerComparison.Mean> means = comparison.means();
        if (!means.isEmpty()) {
            printer.say("");
            printer.print(QualitySheets.means(comparison.simplest()), means);
        }
        printer.say("");
    }
}
