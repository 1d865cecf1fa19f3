package io.flagcast.simulation;

import static org.apache.spark.sql.functions.col;

import io.flagcast.experiments.Experiment;
import io.flagcast.lake.DailyFiles;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Refusal;
import io.flagcast.simulation.World.User;
import io.flagcast.tables.Tables;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Writes the input tables of a simulated world, day by day: exposures as the live allocation serves them, outcomes as the
 * true responses draw them. The truth lies in a table of its own that no job reads.
 */
public final class Simulation {

    private static final Duration DAY = Duration.ofDays(1);
    private static final int HISTORY_DAYS = 28;
    private static final int PILOT = -1;

    /** What each feature's response is called among the outcomes. */
    private static final Map<String, String> OUTCOMES =
            Map.of("checkout_v2", "purchase", "dark_mode", "long_visit", "express_pay", "payment");

    private static final StructType USERS =
            StructType.fromDDL("user_id STRING, age INT, country STRING, plan STRING, gender STRING, tenure_days INT");
    private static final StructType EVENTS =
            StructType.fromDDL("user_id STRING, feature_id STRING, value DOUBLE, occurred_at TIMESTAMP");
    private static final StructType EXPOSURES = StructType.fromDDL(
            "experiment_id STRING, user_id STRING, enabled BOOLEAN, exposed_at TIMESTAMP, propensity DOUBLE,"
                    + " exposure_id STRING, score DOUBLE, segment STRING, reason STRING, parameters_version BIGINT,"
                    + " run_id STRING");
    private static final StructType OUTCOME =
            StructType.fromDDL("user_id STRING, outcome STRING, value DOUBLE, occurred_at TIMESTAMP");
    private static final StructType TRUTH = StructType.fromDDL(
            "day INT, experiment_id STRING, user_id STRING, enabled BOOLEAN, without_rules BOOLEAN, y_if_enabled DOUBLE,"
                    + " y_if_not DOUBLE,"
                    + " p_if_enabled DOUBLE, p_if_not DOUBLE");

    private final DailyFiles files;
    private final SimulationSettings settings;
    private final World world;

    public Simulation(SparkSession spark, SimulationSettings settings) {
        this.settings = Objects.requireNonNull(settings, "settings");
        this.files = new DailyFiles(spark, settings.root());
        this.world = World.of(settings.seed(), settings.users());
    }

    /** The first instant of a day, 0 the first. */
    public Instant day(int day) {
        return settings.start().plus(DAY.multipliedBy(day));
    }

    /**
     * Writes the users, their usage before the first day, and a pilot: on the day before all of them met every experiment,
     * with a fair coin.
     *
     * @param experiments configured experiments, for the feature of each
     * @throws Refusal where one has a feature of which the world knows nothing
     */
    public void create(List<Experiment> experiments) {
        requireTested(experiments);
        List<Row> users = world.users().stream()
                .map(user -> RowFactory.create(
                        user.id(), user.age(), user.country(), user.plan(), user.gender(), user.tenureDays()))
                .toList();
        write("users", -1, users, USERS);
        List<Row> events = new ArrayList<>();
        for (int day = -HISTORY_DAYS; day < 0; day++) {
            for (User user : world.users()) {
                if (visits(user, day)) {
                    use(user, day, events);
                }
            }
        }
        write("events", -1, events, EVENTS);
        Met met = new Met(PILOT);
        for (User user : world.users()) {
            experiments.forEach(experiment -> {
                boolean enabled = world.draws(user, PILOT, experiment.experimentId() + "/coin")
                        .nextBoolean();
                met.add(user, experiment.featureId(), new Served(experiment.experimentId(), enabled));
            });
        }
        met.write();
    }

    private static void requireTested(List<Experiment> experiments) {
        for (Experiment experiment : experiments) {
            if (!World.TESTED.contains(experiment.featureId())) {
                throw new Refusal(
                        ExitCode.CONFIGURATION,
                        "%s: feature_id is '%s', and the simulated world knows only what %s do to users: take one of these, or conf/examples/demo.conf"
                                .formatted(experiment.file(), experiment.featureId(), String.join(", ", World.TESTED)));
            }
        }
    }

    private boolean visits(User user, int day) {
        return world.draws(user, day, "visit").nextDouble() < settings.dailyVisitors();
    }

    /** Number of events from a Poisson distribution: Knuth, The Art of Computer Programming, volume 2, 3.4.1. */
    private static int poisson(SplittableRandom random, double mean) {
        double limit = Math.exp(-Math.min(mean, 500));
        int count = 0;
        for (double product = random.nextDouble(); product > limit; product *= random.nextDouble()) {
            count++;
        }
        return count;
    }

    /**
     * What a simulated day brought.
     *
     * @param exposures users who met an experiment
     * @param outcomes counted actions
     */
    public record Day(long exposures, long outcomes) {}

    /**
     * Simulates a day under the live publication. The same day under the same publication is the same again.
     *
     * @param experiments configured experiments, for the feature of each
     * @return nothing where nothing is published yet
     */
    public Optional<Day> live(int day, Lake lake, List<Experiment> experiments) {
        Optional<Publication> publication = lake.live();
        if (publication.isEmpty()) {
            return Optional.empty();
        }
        requireTested(experiments);
        Map<String, String> features = new HashMap<>();
        experiments.forEach(experiment -> features.put(experiment.experimentId(), experiment.featureId()));
        Map<String, User> visitors = new HashMap<>();
        List<Row> events = new ArrayList<>();
        for (User user : world.users()) {
            if (visits(user, day)) {
                visitors.put(user.id(), user);
                use(user, day, events);
            }
        }
        Met met = new Met(day);
        Dataset<Row> served = lake.published(Tables.ALLOCATIONS, publication)
                .where(col("propensity").gt(0).and(col("propensity").lt(1)));
        for (Row row : served.orderBy("experiment_id", "user_id").collectAsList()) {
            User user = visitors.get(row.<String>getAs("user_id"));
            if (user != null) {
                met.add(user, features.get(row.<String>getAs("experiment_id")), Served.of(row));
            }
        }
        write("events", day, events, EVENTS);
        met.write();
        return Optional.of(new Day(met.exposures.size(), met.outcomes.size()));
    }

    private void use(User user, int day, List<Row> events) {
        SplittableRandom random = world.draws(user, day, "usage");
        for (String area : World.AREAS) {
            // A visitor does on the day of the visit what the average day is made of.
            int times = poisson(random, World.usageRate(user, area) / settings.dailyVisitors());
            if (times > 0) {
                Instant when = day(day).plusSeconds(random.nextLong(DAY.toSeconds()));
                events.add(RowFactory.create(user.id(), area, (double) times, when));
            }
        }
    }

    /**
     * A decision as an application gets it: {@code allocations} without what only explains it.
     *
     * @param withoutRules what it would have been had no rule changed the share of the segment
     */
    private record Served(
            String experimentId,
            boolean enabled,
            boolean withoutRules,
            double propensity,
            Double score,
            String segment,
            String reason,
            Long parametersVersion,
            String runId) {

        /** The fair coin of a pilot, before there is anything to serve from. */
        Served(String experimentId, boolean enabled) {
            this(experimentId, enabled, enabled, 0.5, null, null, null, null, null);
        }

        static Served of(Row allocation) {
            return new Served(
                    allocation.getAs("experiment_id"),
                    allocation.<Boolean>getAs("enabled"),
                    allocation.getAs("reason").equals("policy")
                            ? allocation.<Double>getAs("bucket") < allocation.<Double>getAs("base_probability")
                            : allocation.<Boolean>getAs("enabled"),
                    allocation.<Double>getAs("propensity"),
                    allocation.getAs("score"),
                    allocation.getAs("segment"),
                    allocation.getAs("reason"),
                    allocation.getAs("parameters_version"),
                    allocation.getAs("run_id"));
        }
    }

    /** Who met which experiment on one day, and what followed. */
    private final class Met {
        private final int day;
        private final List<Row> exposures = new ArrayList<>();
        private final List<Row> outcomes = new ArrayList<>();
        private final List<Row> truth = new ArrayList<>();

        private Met(int day) {
            this.day = day;
        }

        void add(User user, String featureId, Served served) {
            SplittableRandom random = world.draws(user, day, served.experimentId());
            // Everybody has a time of day, so that the outcome windows of two visits never overlap.
            long habit = world.draws(user, 0, "habit").nextLong(DAY.toSeconds());
            Instant when = day(day).plusSeconds(habit);
            boolean broken = settings.isBroken(day);
            double ifNot = World.responseIfNot(user, featureId);
            double ifEnabled =
                    broken ? World.responseIfEnabledBroken(user, featureId) : World.responseIfEnabled(user, featureId);
            // One draw decides both potential outcomes, so that policies are compared on the same luck.
            double luck = random.nextDouble();
            exposures.add(RowFactory.create(
                    served.experimentId(),
                    user.id(),
                    served.enabled(),
                    when,
                    served.propensity(),
                    served.experimentId() + "/" + user.id() + "/" + day,
                    served.score(),
                    served.segment(),
                    served.reason(),
                    served.parametersVersion(),
                    served.runId()));
            if (luck < (served.enabled() ? ifEnabled : ifNot)) {
                Instant responded = when.plusSeconds(
                        60 + random.nextLong(Duration.ofHours(20).toSeconds()));
                double value = Math.round(100 * Math.exp(3 + 0.5 * random.nextDouble())) / 100.0;
                outcomes.add(RowFactory.create(user.id(), OUTCOMES.get(featureId), value, responded));
            }
            truth.add(RowFactory.create(
                    day,
                    served.experimentId(),
                    user.id(),
                    served.enabled(),
                    served.withoutRules(),
                    luck < ifEnabled ? 1.0 : 0.0,
                    luck < ifNot ? 1.0 : 0.0,
                    ifEnabled,
                    ifNot));
        }

        void write() {
            Simulation.this.write("exposures", day, exposures, EXPOSURES);
            Simulation.this.write("outcomes", day, outcomes, OUTCOME);
            Simulation.this.write("truth", day, truth, TRUTH);
        }
    }

    private void write(String table, int day, List<Row> rows, StructType schema) {
        files.write(table, day(day).atOffset(ZoneOffset.UTC).toLocalDate(), rows, schema);
    }

    /** The truth of the days that were lived under an allocation, without the pilot. */
    public Dataset<Row> truth() {
        return files.read("truth").where(col("day").gt(PILOT));
    }
}
