package io.flagcast.jobs.checks;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.partitioningBy;
import static java.util.stream.Collectors.summingLong;
import static java.util.stream.Collectors.toList;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.checks.InputChecks.Columns;
import io.flagcast.jobs.run.Run;
import io.flagcast.monitoring.IdStates;
import io.flagcast.monitoring.IdStates.Side;
import io.flagcast.rules.checks.Feed;
import io.flagcast.rules.checks.Finding;
import io.flagcast.rules.checks.SentinelCheck;
import io.flagcast.rules.checks.SentinelCheck.Sentinel;
import io.flagcast.rules.checks.UnmatchedCheck;
import io.flagcast.rules.checks.UnmatchedCheck.Meeting;
import io.flagcast.rules.checks.UnmatchedCheck.Unmet;
import io.flagcast.statistics.ids.RowsPerId;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;

/** Whether the inputs call users alike, and whether an id is a user's at all. */
final class IdChecks implements AutoCloseable {

    private static final String COUNTS = "ids";
    private static final String SPELLED = "spelled_otherwise_";
    private static final String UNMET = "unmet_";
    private static final String ABOVE = "above_";
    private static final int EXAMPLES = 3;
    /** Outcomes of the last day are judged by themselves where so many users have one: a feed that breaks is found at once. */
    private static final long ENOUGH = 50;

    private static final List<Table> INPUTS = List.of(Tables.USERS, Tables.EVENTS, Tables.EXPOSURES, Tables.OUTCOMES);

    private final Run run;
    private final List<Experiment> experiments;
    private final List<Table> inputs;
    private final IdStates ids;

    IdChecks(Run run, List<Experiment> experiments) {
        this.run = run;
        this.experiments = experiments;
        this.inputs =
                INPUTS.stream().filter(run.settings().sources()::containsKey).toList();
        List<Side> sides = new ArrayList<>();
        inputs.forEach(table -> sides.add(Side.whole(table.name())));
        experiments.forEach(experiment -> sides.add(exposures(experiment.experimentId())));
        outcomes(experiments.stream()).forEach(outcome -> {
            sides.add(outcome(outcome, Side.Time.EVER));
            sides.add(outcome(outcome, Side.Time.LAST_DAY));
        });
        this.ids = IdStates.of(
                sides, inputs.stream().map(this::rows).reduce(Dataset::union).orElseThrow());
    }

    private Dataset<Row> rows(Table table) {
        Optional<Columns> columns = Optional.ofNullable(InputChecks.COLUMNS.get(table));
        Column none = lit(null);
        return IdStates.rows(
                table.name(),
                run.inputs().valid(table),
                columns.map(Columns::part).orElse(none),
                columns.map(by -> col(by.time())).orElse(none),
                run.asOf());
    }

    private static Side exposures(String experimentId) {
        return new Side(Tables.EXPOSURES.name(), Optional.of(experimentId), Side.Time.EVER);
    }

    private static Side outcome(String outcome, Side.Time time) {
        return new Side(Tables.OUTCOMES.name(), Optional.of(outcome), time);
    }

    private static List<String> outcomes(Stream<Experiment> experiments) {
        return experiments
                .flatMap(experiment -> experiment.metrics().stream())
                .flatMap(metric -> metric.outcomes().stream())
                .distinct()
                .toList();
    }

    Map<String, Dataset<Row>> aggregates() {
        return Map.of(COUNTS, ids.counts());
    }

    /** Which ids they are, where the first aggregates look as if some were wrong. */
    Map<String, Dataset<Row>> aggregates(HealthStates known) {
        Map<String, Dataset<Row>> aggregates = new HashMap<>();
        for (Side side : judged(known)) {
            Meeting meeting = meeting(side, known);
            if (meeting.isDoubtful()) {
                aggregates.put(key(SPELLED, side), ids.spelledOtherwise(side, meeting.others()));
                aggregates.put(key(UNMET, side), ids.unmet(side, meeting.others(), EXAMPLES));
            }
        }
        for (Side side : whole()) {
            RowsPerId spread = ids.spread(known.of(COUNTS), side);
            if (SentinelCheck.has(spread)) {
                aggregates.put(key(ABOVE, side), ids.above(side, SentinelCheck.limit(spread), EXAMPLES));
            }
        }
        if (!aggregates.isEmpty()) {
            ids.perUser().persist(StorageLevel.MEMORY_AND_DISK());
        }
        return aggregates;
    }

    private List<Side> whole() {
        return inputs.stream().map(table -> Side.whole(table.name())).toList();
    }

    private String key(String aggregate, Side side) {
        return aggregate + ids.sides().indexOf(side);
    }

    private List<Side> judged(HealthStates known) {
        return Stream.of(
                        whole().stream().filter(side -> side.input().equals(Tables.EVENTS.name())),
                        experiments.stream().map(experiment -> exposures(experiment.experimentId())),
                        outcomes(experiments.stream()).stream().map(outcome -> judged(outcome, known)))
                .flatMap(sides -> sides)
                .toList();
    }

    private Side judged(String outcome, HealthStates known) {
        Side lastDay = outcome(outcome, Side.Time.LAST_DAY);
        return ids.overlap(known.of(COUNTS), lastDay, List.of()).own() < ENOUGH
                ? outcome(outcome, Side.Time.EVER)
                : lastDay;
    }

    /** How a side meets the inputs before its own: users first, then what they did, then what they met, then what came of it. */
    private Meeting meeting(Side side, HealthStates known) {
        List<String> others = inputs.stream()
                .map(Table::name)
                .takeWhile(name -> !name.equals(side.input()))
                .toList();
        return new Meeting(
                side.part().map(part -> subject(side.input(), part)).orElse(side.input()),
                side.time() == Side.Time.LAST_DAY ? "on the last day" : "",
                side.input(),
                others,
                ids.overlap(known.of(COUNTS), side, others));
    }

    private static String subject(String input, String part) {
        return (input.equals(Tables.OUTCOMES.name()) ? Feed.outcome(part) : Feed.exposures(part)).rows();
    }

    private Unmet unmet(Side side, HealthStates states) {
        Map<Boolean, List<String>> examples = states.of(key(UNMET, side)).stream()
                .collect(partitioningBy(row -> row.getAs("is_own"), mapping(row -> row.getAs("id"), toList())));
        long spelled = states.of(key(SPELLED, side)).stream()
                .mapToLong(row -> row.getAs("ids"))
                .sum();
        return new Unmet(spelled, examples.get(true), examples.get(false));
    }

    /** Of the inputs as a whole. */
    List<Finding> findings(HealthStates states) {
        List<Finding> findings = new ArrayList<>();
        for (Side side : whole()) {
            String input = side.input();
            if (input.equals(Tables.EVENTS.name()) && inputs.contains(Tables.USERS)) {
                findings.add(UnmatchedCheck.of("", meeting(side, states), unmet(side, states)));
            }
            if (!input.equals(Tables.USERS.name())) {
                findings.add(SentinelCheck.of(
                        input,
                        ids.spread(states.of(COUNTS), side),
                        states.of(key(ABOVE, side)).stream()
                                .map(row -> new Sentinel(row.getAs("id"), row.getAs("rows")))
                                .toList()));
            }
        }
        InputChecks.shared(experiments).forEach(outcome -> {
            Side side = judged(outcome, states);
            findings.add(UnmatchedCheck.of("", meeting(side, states), unmet(side, states)));
        });
        UnmatchedCheck.unnamed(unnamed(states), named()).ifPresent(findings::add);
        return findings;
    }

    private List<String> named() {
        return run.experiments().stream().map(Experiment::experimentId).toList();
    }

    /** Per experiment that no file has its exposures. */
    private Map<String, Long> unnamed(HealthStates states) {
        return states.of(Tables.EXPOSURES.name()).stream()
                .filter(row -> !named().contains(row.<String>getAs("part")))
                .collect(groupingBy(row -> row.getAs("part"), summingLong(row -> row.getAs("rows"))));
    }

    /** Of the exposures of an experiment, and of the outcomes that its metrics count. */
    List<Finding> findings(Experiment experiment, HealthStates states) {
        String id = experiment.experimentId();
        Side exposures = exposures(id);
        List<Finding> findings = new ArrayList<>();
        findings.add(UnmatchedCheck.exposures(
                id,
                meeting(exposures, states),
                ids.overlap(states.of(COUNTS), exposures, List.of(Tables.OUTCOMES.name())),
                unmet(exposures, states)));
        outcomes(Stream.of(experiment)).forEach(outcome -> {
            Side side = judged(outcome, states);
            findings.add(UnmatchedCheck.of(id, meeting(side, states), unmet(side, states)));
        });
        return findings;
    }

    @Override
    public void close() {
        ids.perUser().unpersist();
    }
}
