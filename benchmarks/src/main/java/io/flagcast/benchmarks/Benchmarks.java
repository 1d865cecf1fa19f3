package io.flagcast.benchmarks;

import io.flagcast.benchmarks.Turns.Choice;
import io.flagcast.lake.Session;
import io.flagcast.training.learners.Learner;
import io.flagcast.training.learners.TrainingSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The benchmarks on Spark, a command each. */
@Command(
        name = "benchmarks/run",
        description = "What Flagcast costs, beside the alternatives and beside what cannot be saved, in one process.",
        subcommands = CommandLine.HelpCommand.class)
public final class Benchmarks {

    private static final String USERS = "Users. Default: ${DEFAULT-VALUE}.";
    private static final String FEATURES = "Features. Default: ${DEFAULT-VALUE}.";
    private static final String LEARNERS = "Learners, the first is the champion. Default: ${DEFAULT-VALUE}.";

    private Benchmarks() {}

    /** How often to measure, and what. */
    static final class Repetition {

        @Option(
                names = "--rounds",
                defaultValue = "4",
                paramLabel = "N",
                description = "Rounds: the first is told apart, of the others the median. Default: ${DEFAULT-VALUE}.")
        private int rounds;

        @Option(
                names = "--ways",
                split = ",",
                paramLabel = "WAY",
                description = "Only these of the ways that are compared, by their names in the table.")
        private List<String> ways = List.of();

        private Choice choice() {
            return new Choice(rounds, ways);
        }
    }

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Benchmarks()).execute(arguments));
    }

    private interface Work {
        int on(SparkSession spark) throws IOException;
    }

    /** With the settings that runs have. */
    private static int spark(Work work) throws IOException {
        try (Session session = Session.open(Path.of(System.getProperty("java.io.tmpdir")))) {
            return work.on(session.spark());
        }
    }

    @Command(description = "Scores of every user: beside constants of the same shape, and MLlib's transform and union.")
    int score(
            @Option(names = "--users", paramLabel = "N", defaultValue = "1000000", description = USERS) int users,
            @Option(names = "--features", paramLabel = "N", defaultValue = "10", description = FEATURES) int features,
            @Option(
                            names = "--learner",
                            paramLabel = "LEARNER",
                            defaultValue = "t_linear",
                            description = "t_linear or t_trees (depth 5).")
                    String learner,
            @Mixin Repetition repetition)
            throws IOException {
        return spark(spark -> RowsScale.score(spark, users, features, learner, repetition.choice()));
    }

    @Command(description = "Decisions from scores: beside as many rows with a hash of the user.")
    int allocate(
            @Option(names = "--users", paramLabel = "N", defaultValue = "1000000", description = USERS) int users,
            @Option(names = "--experiments", paramLabel = "N", defaultValue = "10", description = "Experiments.")
                    int experiments,
            @Mixin Repetition repetition)
            throws IOException {
        return spark(spark -> RowsScale.allocate(spark, users, experiments, repetition.choice()));
    }

    @Command(description = "Profiles and training examples from events: beside one group-by, and with skew.")
    int features(
            @Option(
                            names = "--events",
                            paramLabel = "N",
                            defaultValue = "7000000",
                            description = "Events, twenty of each user.")
                    long events,
            @Mixin Repetition repetition)
            throws IOException {
        return spark(spark -> FeaturesScale.run(spark, events, repetition.choice()));
    }

    @Command(description = "Metrics of segments, all and of one more day: beside a query by hand.")
    int measure(
            @Option(
                            names = "--exposures",
                            paramLabel = "N",
                            defaultValue = "10000000",
                            description = "Exposures in a month.")
                    long exposures,
            @Mixin Repetition repetition)
            throws IOException {
        return spark(spark -> MeasureScale.run(spark, exposures, repetition.choice()));
    }

    @Command(description = "Scores from usage of every user and feature: beside MLlib's recommendForAllUsers.")
    int collaborative(
            @Option(names = "--users", paramLabel = "N", defaultValue = "100000", description = USERS) int users,
            @Option(names = "--features", paramLabel = "N", defaultValue = "200", description = FEATURES) int features,
            @Mixin Repetition repetition)
            throws IOException {
        return spark(spark -> CollaborativeScale.run(spark, users, features, repetition.choice()));
    }

    @Command(description = "A whole run, by stage: a day with training, and the day after it.")
    int pipeline(
            @Option(names = "--users", paramLabel = "N", defaultValue = "100000", description = USERS) int users,
            @Option(names = "--features", paramLabel = "N", defaultValue = "10", description = FEATURES) int features,
            @Option(names = "--experiments", paramLabel = "N", defaultValue = "5", description = "Experiments.")
                    int experiments,
            @Option(
                            names = "--set",
                            paramLabel = "KEY=VALUE",
                            description = "A setting, as flagcast.training.challengers=[].")
                    List<String> overrides)
            throws IOException {
        List<String> given = overrides == null ? List.of() : overrides;
        return spark(spark -> PipelineScale.run(spark, users, features, experiments, given));
    }

    @Command(description = "Whole runs with a family of features that are scored from usage.")
    int family(
            @Option(names = "--users", paramLabel = "N", defaultValue = "20000", description = USERS) int users,
            @Option(names = "--features", paramLabel = "N", defaultValue = "5000", description = FEATURES) int features,
            @Option(
                            names = "--declared",
                            paramLabel = "HOW",
                            defaultValue = "family",
                            description = "family, best (200 kept) or each.")
                    String declared)
            throws IOException {
        return spark(spark -> FamilyScale.run(spark, users, features, declared));
    }

    @Command(description = "Training of cross-fitted learners.")
    int train(
            @Option(names = "--users", paramLabel = "N", defaultValue = "200000", description = USERS) int users,
            @Option(names = "--features", paramLabel = "N", defaultValue = "5", description = FEATURES) int features,
            @Option(
                            names = "--learners",
                            paramLabel = "LEARNER",
                            split = ",",
                            defaultValue = "t_linear,dr_linear",
                            description = LEARNERS)
                    List<String> learners)
            throws IOException {
        return spark(spark -> TrainingScale.run(spark, users, features, learners));
    }

    @Command(description = "How often a feature without heterogeneity is said to have some.")
    int none(
            @Option(names = "--users", paramLabel = "N", defaultValue = "5000", description = USERS) int users,
            @Option(names = "--seeds", paramLabel = "N", defaultValue = "100", description = "Independent draws.")
                    int seeds,
            @Option(
                            names = "--learners",
                            paramLabel = "LEARNER",
                            split = ",",
                            defaultValue = "t_linear,dr_linear",
                            description = LEARNERS)
                    List<String> learners)
            throws IOException {
        return spark(spark -> NoHeterogeneity.run(spark, users, seeds, learners));
    }

    @Command(name = "serve-lake", description = "Writes a lake for the benchmarks of serving.")
    int serveLake(
            @Option(names = "--users", paramLabel = "N", defaultValue = "10000000", description = USERS) int users,
            @Option(names = "--experiments", paramLabel = "N", defaultValue = "20", description = "Experiments.")
                    int experiments,
            @Parameters(paramLabel = "FOLDER") String folder)
            throws IOException {
        return spark(spark -> ServeLake.write(spark, new Users(users, experiments), folder));
    }

    @Command(description = "Compares what two checkouts wrote, see benchmarks/same. Ends with 1 on any difference.")
    int same(@Parameters(paramLabel = "FOLDER") Path one, @Parameters(paramLabel = "FOLDER") Path other)
            throws IOException {
        return spark(spark -> Same.compare(spark, one, other) ? 0 : 1);
    }

    /** The defaults of reference.conf but for the learners, the first of which is the champion, and without user factors. */
    static TrainingSettings settings(List<String> learners) {
        return settings(learners, 3);
    }

    /** The same with trees of a depth. */
    static TrainingSettings settings(List<String> learners, int depth) {
        List<Learner> parsed = learners.stream().map(Learner::parse).toList();
        return new TrainingSettings(
                42,
                5,
                parsed.get(0),
                parsed.subList(1, parsed.size()),
                0.001,
                0,
                100,
                new TrainingSettings.Trees(20, depth, 0.1, 50),
                new TrainingSettings.Network(List.of(8), 60),
                new TrainingSettings.Factors(0, 500),
                new TrainingSettings.Collaborative(List.of(8), List.of(10.0), List.of(0.05), 10, 10));
    }
}
